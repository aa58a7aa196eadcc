"""Where a message that an account sent to itself arrived: the values of a round trip."""

from dataclasses import dataclass
from enum import StrEnum

from mailconfig.domain.diagnostics import DiagnosticCode, Observation


class MessageFolder(StrEnum):
    """Which kind of folder the message came to."""

    INBOX = "INBOX"
    """The inbox."""
    JUNK = "JUNK"
    """The folder for spam (RFC 6154: Junk)."""
    ALL = "ALL"
    """All mail, such as Gmail's (RFC 6154: All); it never reached the inbox."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How a round trip ended."""

    code: DiagnosticCode
    """OK, ROUNDTRIP_SPAM, ROUNDTRIP_LOST, or why the message could not be sent or looked for."""
    message_id: str
    """Of the message, with its angle brackets (RFC 5322, section 3.6.4)."""
    folder: MessageFolder | None = None
    """None when it was not found."""
    folder_name: str | None = None
    """The folder's name, decoded (RFC 3501, section 5.1.3), cleaned."""
    seconds: float | None = None
    """From the acceptance by the outgoing server until it was seen."""
    authentication_results: tuple[str, ...] = ()
    """Authentication-Results fields (RFC 8601) as received, unfolded, cleaned and cut."""
    removed: bool = False
    """Whether no copy that was found is left."""
    observation: Observation | None = None
    """What failed, if something did."""
    server_reply: str | None = None
    """The server's own words about the failure, cleaned and cut."""
