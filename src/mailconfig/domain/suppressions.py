"""Addresses that a workspace never sends to, and why.

Must not: know how bounces, complaints and unsubscribes are read.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class SuppressionReason(StrEnum):
    """Why an address is on the list."""

    BOUNCE = "BOUNCE"
    """A message to it came back for good (RFC 3464)."""
    COMPLAINT = "COMPLAINT"
    """Its owner called a message spam (RFC 5965)."""
    UNSUBSCRIBE = "UNSUBSCRIBE"
    """Its owner unsubscribed (RFC 8058)."""
    MANUAL = "MANUAL"
    """Somebody of the workspace put it there."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address of the list."""

    id: UUID
    address: str
    """In lower case: nobody wants to be written to in another case."""
    reason: SuppressionReason
    """The first one; what comes later changes nothing."""
    source_message_id: UUID | None
    """The message that led to it; it may be gone."""
    created_at: datetime
