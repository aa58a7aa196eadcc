"""What a round trip may take of time and memory; every number says why it has this size."""

from dataclasses import dataclass, field, replace

from mailconfig.mail.limits import ProbeSettings


@dataclass(frozen=True, slots=True)
class RoundTripSettings:
    """What a round trip may take. Times are seconds, sizes are bytes."""

    probe: ProbeSettings = field(default_factory=ProbeSettings)
    """How long each step may take, and our names; the sizes below are taken instead of its own."""
    concurrent_trips: int = 20
    """At once in this process; each holds two connections and is seldom asked for."""
    connection_bytes: int = 4 * 1024 * 1024
    """For all that one server sends: mailboxes of 10,000 folders list themselves in 1 MiB."""
    literal_bytes: int = 64 * 1024
    """Longest IMAP literal: two kinds of header fields, together below 10 KiB as a rule."""
    response_lines: int = 20_000
    """Lines in answer to one command: a folder each in LIST."""
    data_seconds: float = 60.0
    """For the reply to the message: scanners take seconds; RFC 5321 4.5.3.2.6 would allow 600."""
    first_pause_seconds: float = 0.5
    """Between two looks, growing; most messages are there after one or two seconds."""
    longest_pause_seconds: float = 2.0
    """Servers limit commands a minute; nobody sees a difference of two seconds."""
    all_mail_seconds: float = 8.0
    """How long a message that is in All Mail may take to show up in the inbox or in spam."""
    overrun_seconds: float = 2.0
    """For the look that is under way at the deadline; cut off, the connection would be lost."""
    cleanup_seconds: float = 10.0
    """For deleting, also after the deadline."""
    copy_seconds: float = 1.0
    """For the copy that some servers put into Sent on their own, a moment after the delivery."""
    results_max: int = 10
    """Authentication-Results fields that are kept; long chains of forwarders have five."""
    result_characters: int = 1000
    """Of one field; the longest known has about 700."""

    def for_dialogues(self) -> ProbeSettings:
        """Return the limits of the dialogues."""
        return replace(
            self.probe,
            connection_bytes=self.connection_bytes,
            literal_bytes=self.literal_bytes,
            response_lines=self.response_lines,
        )
