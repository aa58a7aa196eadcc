"""What somebody asks to be sent, and how that may be refused.

Must not: know how a message is written (`domain.composition`) or sent (`domain.sending`).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailconfig.domain.composition import (
    Composed,
    CompositionLimits,
    ExtraHeader,
    ListUnsubscribe,
    NamedAddress,
    Priority,
    Signature,
)
from mailconfig.domain.errors import Refusal
from mailconfig.domain.files import Upload
from mailconfig.domain.issues import ValidationIssue
from mailconfig.domain.messages import MessageState
from mailconfig.domain.phrases import N_
from mailconfig.domain.unsubscribing import ManagedUnsubscribe, NewLink


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file that comes with the request."""

    upload: Upload
    filename: str | None = None
    """Instead of the uploaded name."""
    content_id: str | None = None
    """Without angle brackets; the HTML text shows the file by cid: and this."""


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file that was uploaded earlier."""

    file_id: UUID
    filename: str | None = None
    """Instead of its own name."""
    content_id: str | None = None
    """As in `NewAttachment`."""


AttachmentRequest = NewAttachment | StoredAttachment


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A message as somebody asks for it; nothing is checked."""

    config_id: UUID
    """The account to send by."""
    sender_identity_id: UUID | None = None
    """One of the account's identities; None: its default one, else the account itself."""
    to: tuple[NamedAddress, ...] = ()
    cc: tuple[NamedAddress, ...] = ()
    bcc: tuple[NamedAddress, ...] = ()
    """Recipients whom no header names."""
    reply_to: tuple[NamedAddress, ...] = ()
    """Empty: that of the identity."""
    sender_name: str | None = None
    """Name in From; None: that of the identity, else the display name of the account."""
    subject: str = ""
    text: str | None = None
    """Plain text; None or blank: made from `html`."""
    html: str | None = None
    signature: Signature | None = None
    """None: that of the identity; an empty one: none."""
    attachments: tuple[AttachmentRequest, ...] = ()
    headers: tuple[ExtraHeader, ...] = ()
    priority: Priority = Priority.NORMAL
    list_unsubscribe: ListUnsubscribe | ManagedUnsubscribe | None = None
    in_reply_to: str | None = None
    """Message-ID that is answered, with its angle brackets."""
    references: tuple[str, ...] = ()
    """Message-IDs of the thread, the oldest first."""
    send_at: datetime | None = None
    """When it is sent; None or a time that is over: at once."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """What the operator allows, and how long a message is tried."""

    limits: CompositionLimits
    expiry_seconds: int = 4 * 24 * 3600
    """How long after its time a message is given up (RFC 5321, section 4.5.4.1: 4 to 5 days)."""
    ahead_seconds: int = 365 * 24 * 3600
    """How far ahead a message may be scheduled."""
    per_minute: int = 600
    """Messages that a user may have taken in, or look at before, in a minute."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would be sent, and what there is to say about it."""

    composed: Composed
    issues: tuple[ValidationIssue, ...]
    """Warnings and hints, by path."""
    link: NewLink | None = None
    """By which the recipient can unsubscribe once the message is stored, where it was asked for."""


class MessageStateConflict(Refusal):
    """The message is in a state in which this cannot happen; `state` tells which."""

    code = "MESSAGE_STATE_CONFLICT"

    def __init__(self, state: MessageState, message: str | None = None) -> None:
        sentence = message or N_("In the state that the message is in, this cannot be done.")
        super().__init__(sentence, ("id",))
        self.state = state


class RecipientsSuppressed(Refusal):
    """All recipients are on the suppression list: nobody is left to send to."""

    code = "RECIPIENTS_SUPPRESSED"

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__(N_("All recipients are on the suppression list."), ("to",))
        self.addresses = addresses
