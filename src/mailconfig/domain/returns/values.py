"""Reports about messages that were sent, as they were read; nothing in them is proven.

Must not: know which messages are ours.
"""

from dataclasses import dataclass
from enum import StrEnum


class ReportAction(StrEnum):
    """What was done for a recipient (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    """The message could not be delivered, and nobody goes on trying."""
    DELAYED = "delayed"
    """Not delivered so far; the reporting server goes on trying."""
    DELIVERED = "delivered"
    """Delivered; such reports come only where somebody asked for them."""
    RELAYED = "relayed"
    """Passed on to a system that sends no reports."""
    EXPANDED = "expanded"
    """Delivered to a list, which passed it on."""


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What a delivery report says of one recipient."""

    addresses: tuple[str, ...]
    """Original-Recipient, then Final-Recipient, in lower case, as far as they are addresses."""
    action: ReportAction
    status: str | None
    """Enhanced code (RFC 3463), the more telling one of Status and Diagnostic-Code."""
    reply: str | None
    """Diagnostic-Code without its type, cleaned, at most 300 characters."""
    reply_code: int | None
    """Reply code at the begin of that."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery status notification (RFC 3464), or a plain text that stands for one."""

    message_ids: tuple[str, ...]
    """Of the message that it is about, with angle brackets, the likeliest first."""
    recipients: tuple[RecipientReport, ...]


@dataclass(frozen=True, slots=True)
class ComplaintReport:
    """A feedback report (RFC 5965)."""

    message_ids: tuple[str, ...]
    """As in `DeliveryReport`."""
    feedback_type: str
    """In lower case: abuse, fraud, virus, not-spam, other, ..."""
    addresses: tuple[str, ...]
    """Original-Rcpt-To, in lower case; empty where the reporter leaves them out."""


Report = DeliveryReport | ComplaintReport
