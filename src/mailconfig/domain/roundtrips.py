"""Round trips: a message of the account to itself, found again and removed. Values and Protocol."""

from dataclasses import dataclass
from typing import Protocol

from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.probes import ProbeTarget, Report

__all__ = ["MessageFolder", "RoundTrip", "RoundTripRequest", "RoundTripper"]


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


class RoundTripper(Protocol):
    """Sends the message, finds it by its Message-ID and removes it."""

    async def travel(self, request: RoundTripRequest, report: Report) -> RoundTrip:
        """Make one round trip; never raises for what servers do.

        Reports StepKind.SUBMIT_MESSAGE (SMTP), then FIND_MESSAGE (IMAP): RUNNING, then PASSED,
        WARNING (spam) or FAILED; SKIPPED where the step before failed. Signs in once per protocol,
        to the mailbox first: where that fails, SUBMIT_MESSAGE is SKIPPED, FIND_MESSAGE FAILED and
        nothing is sent. Once more only to clean up where the mailbox's connection broke.
        Ends within `deadline_seconds` plus ten; cancellation closes all sockets at once.
        """
        ...
