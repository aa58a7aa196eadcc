"""What a visit to a sender's mailbox may take; every number says why it has this size."""

from dataclasses import dataclass, field, replace

from mailconfig.domain.returns import REPORT_MAX_BYTES
from mailconfig.mail.limits import ProbeSettings


@dataclass(frozen=True, slots=True)
class PostboxSettings:
    """The postbox's part of the settings. Times are seconds, sizes are bytes."""

    probe: ProbeSettings = field(default_factory=ProbeSettings)
    """Our names and the bounds of the way up to the sign-in."""
    sign_in_seconds: float = 30.0
    """For each step of that; nobody watches, so three times a test's."""
    command_seconds: float = 60.0
    """For the answer to a command: searching a large folder without an index takes long."""
    slowest_bytes_per_second: float = 16 * 1024
    """A copy is given so much time more to go up."""
    line_bytes: int = 64 * 1024
    """Longest line; known servers stay below 8 KiB but for the answer to a search."""
    list_bytes: int = 4 * 1024 * 1024
    """For the names of all folders: 10,000 of them take 1 MiB."""
    answer_bytes: int = 256 * 1024
    """For what is said to any other command."""
    mails: int = 50
    """Mails in one reading; the next one goes on after them."""
    reading_bytes: int = 4 * 1024 * 1024
    """For the mails of one reading; a report has 10 KiB, with its returned message some more."""
    mail_bytes: int = REPORT_MAX_BYTES
    """Of one mail: the rest of it is not fetched."""

    def for_dialogues(self) -> ProbeSettings:
        """Return the limits of the way up to the sign-in."""
        return replace(
            self.probe,
            connect_seconds=self.sign_in_seconds,
            greeting_seconds=self.sign_in_seconds,
            command_seconds=self.sign_in_seconds,
        )
