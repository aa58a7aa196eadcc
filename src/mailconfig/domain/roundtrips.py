"""Round trips: a message of the account to itself, found again and removed. Values and Protocol."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailconfig.domain.diagnostics import DiagnosticCode, Observation
from mailconfig.domain.probes import ProbeTarget, Report


class MessageFolder(StrEnum):
    """Which kind of folder the message came to."""

    INBOX = "INBOX"
    """The inbox."""
    JUNK = "JUNK"
    """The folder for spam (RFC 6154: Junk)."""
    ALL = "ALL"
    """All mail, such as Gmail's (RFC 6154: All); it never reached the inbox."""


@dataclass(frozen=True, slots=True)
class RoundTripRequest:
    """What one round trip needs; both targets have just passed a connection test."""

    incoming: ProbeTarget
    outgoing: ProbeTarget
    address: str
    """The account's own address: sender and only recipient."""
    deadline_seconds: float
    """For sending and finding; the clean-up has a bound of its own."""
    trust_anchors: tuple[str, ...] = ()
    """PEM certificates that are trusted beside the system's, for this test only."""


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


class RoundTripper(Protocol):
    """Sends the message, finds it by its Message-ID and removes it."""

    async def travel(self, request: RoundTripRequest, report: Report) -> RoundTrip:
        """Make one round trip; never raises for what servers do.

        Reports StepKind.SUBMIT_MESSAGE (SMTP), then FIND_MESSAGE (IMAP): RUNNING, then PASSED,
        WARNING (spam) or FAILED; SKIPPED where the step before failed. Signs in once per protocol.
        Ends within `deadline_seconds` plus ten; cancellation closes all sockets at once.
        """
        ...
