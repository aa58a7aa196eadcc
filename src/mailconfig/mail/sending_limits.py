"""What sending may take of time and connections; every number says why it has this size."""

from dataclasses import dataclass, field, replace

from mailconfig.mail.limits import ProbeSettings


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """The transport's part of the settings. Times are seconds, sizes are bytes."""

    probe: ProbeSettings = field(default_factory=ProbeSettings)
    """Our names and the sizes of replies; the times below are taken instead of its own."""
    connect_seconds: float = 10.0
    """Each of: look-up with TCP connection, TLS handshake. Nobody watches, so twice a test's."""
    greeting_seconds: float = 30.0
    """For the first line; servers that make clients wait on purpose take up to 30."""
    sign_in_seconds: float = 30.0
    """For each of EHLO, STARTTLS and AUTH."""
    command_seconds: float = 60.0
    """For the reply to MAIL, each RCPT and DATA; RFC 5321, section 4.5.3.2 allows 120 to 300, and
    no server is known that takes more than a minute and then accepts."""
    block_seconds: float = 180.0
    """For the content to get going (RFC 5321, section 4.5.3.2.5), beside what its size takes."""
    slowest_bytes_per_second: float = 16 * 1024
    """Content is given so much time more; slower ways do not carry attachments."""
    answer_seconds: float = 600.0
    """For the reply after the last dot: RFC 5321, section 4.5.3.2.6, since giving up early makes
    messages of which nobody knows whether they arrived."""
    reset_seconds: float = 5.0
    """For RSET after a refusal; a server that takes longer loses the connection."""
    connections_per_account: int = 2
    """At once for one account; providers that limit them allow three or more."""
    connections: int = 200
    """At once in this process, kept ones included; each takes about 0.4 MiB, mostly asyncio's."""
    age_seconds: float = 600.0
    """Oldest connection that is used again; some providers hang up after ten minutes."""
    idle_seconds: float = 30.0
    """Longest rest between two messages; the shortest limit of a known provider is a minute."""
    messages_per_connection: int = 100
    """Then a new one: servers that count allow a hundred or more."""

    def for_dialogues(self) -> ProbeSettings:
        """Return the limits of the way up to the sign-in."""
        return replace(
            self.probe,
            connect_seconds=self.connect_seconds,
            greeting_seconds=self.greeting_seconds,
            command_seconds=self.sign_in_seconds,
        )

    def content_seconds(self, size_bytes: int) -> float:
        """Return how long content of this size may take to go out; the reply has its own time."""
        return self.block_seconds + size_bytes / self.slowest_bytes_per_second
