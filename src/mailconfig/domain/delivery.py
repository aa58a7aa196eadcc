"""Handing one message to an outgoing server: what goes in, what comes back, and who does it.

The transport tells what servers said; `domain.sending` makes of it what happens to the message.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from mailconfig.domain.diagnostics.values import Observation
from mailconfig.domain.probes import ProbeTarget


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message for one transaction of SMTP (RFC 5321, section 3.3)."""

    sender: str
    """MAIL FROM, an addr-spec."""
    recipients: tuple[str, ...]
    """RCPT TO; those that wait, at least one."""
    content: bytes = field(repr=False)
    """What follows DATA, before dot-stuffing, with CR LF."""
    needs_utf8: bool = False
    """Whether a header or an address needs SMTPUTF8 (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What one attempt needs."""

    account_id: UUID
    """The configuration; connections are kept for it, and for no other."""
    revision: int
    """Of the configuration: connections of older ones are not used."""
    target: ProbeTarget
    """The outgoing server with its secret."""
    envelope: Envelope
    trust_anchors: tuple[str, ...] = ()
    """PEM certificates of the configuration that are trusted beside the system's."""


@dataclass(frozen=True, slots=True)
class RecipientReply:
    """What the server said to one RCPT."""

    address: str
    accepted: bool
    reply: str
    """Cleaned, at most 300 characters."""
    reply_code: int
    enhanced_code: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one attempt ended.

    taken: `observation` is None. In doubt: `doubtful`. Otherwise the server has nothing of it.
    """

    replies: tuple[RecipientReply, ...] = ()
    """To the recipients that were named, in their order; empty where it did not come that far."""
    observation: Observation | None = None
    """What ended it; with phase RCPT where no recipient was accepted: the first one's refusal."""
    doubtful: bool = False
    """The content went out and was not answered."""
    reply: str = ""
    """The server's answer to the message, or its last words; cleaned."""
    session_refused: bool = False
    """It failed before MAIL: a matter of the account or the host, not of this message."""


Commit = Callable[[], Awaitable[bool]]
"""Writes down that the content goes out from now on; False: somebody else has the message."""


class Transport(Protocol):
    """Sends by SMTP over kept connections."""

    async def send(self, sending: Sending, commit: Commit) -> Delivery:
        """Make one attempt; never raises for what servers do.

        `commit` is awaited once, after 354 and before the first byte of the content; where it
        answers False nothing is sent. Bounded by the settings of the transport. Cancellation
        before the commit leaves the server without the message.
        """
        ...

    async def close(self) -> None:
        """Close all kept connections, at once."""
        ...
