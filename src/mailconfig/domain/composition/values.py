"""What a message is made of, as somebody wants it, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from mailconfig.domain.messages import Recipient

Fresh = Callable[[], str]
"""Gives a new token for a boundary or an identifier: letters and digits, 128 bits of chance."""


class Priority(StrEnum):
    """How urgent the sender calls a message."""

    HIGH = "HIGH"
    """Marked as important."""
    NORMAL = "NORMAL"
    """Not marked."""
    LOW = "LOW"
    """Marked as unimportant."""


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """An address with the name to show (a mailbox of RFC 5322, section 3.4), as typed."""

    address: str
    """An addr-spec; the domain may be in U-labels."""
    name: str | None = None
    """Display name; None or blank: none."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the message."""

    name: str
    """File name, without a path."""
    media_type: str
    """As in application/pdf; text types may name a charset."""
    content: bytes = field(repr=False)
    content_id: str | None = None
    """Without angle brackets; the HTML text shows the file by cid: and this."""


@dataclass(frozen=True, slots=True)
class ExtraHeader:
    """A header of the sender's own choice."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ListUnsubscribe:
    """How recipients leave the list (RFC 2369, RFC 8058); at least one of address and link."""

    mailto: str | None = None
    """An address, alone or as a mailto link with its query."""
    url: str | None = None
    """An http or https link in ASCII."""
    one_click: bool = False
    """Whether a POST to `url` is enough; needs https."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands below each message of a sender."""

    text: str | None = None
    """For plain text; None: made from `html`."""
    html: str | None = None
    """A fragment; None: made from `text`."""
    image: Attachment | None = None
    """Shown where `html` names its content id, else below the signature."""


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message as somebody wants it; nothing is checked."""

    sender: NamedAddress
    """From; its address is also that of MAIL FROM."""
    to: tuple[NamedAddress, ...] = ()
    cc: tuple[NamedAddress, ...] = ()
    bcc: tuple[NamedAddress, ...] = ()
    """Recipients whom no header names."""
    reply_to: tuple[NamedAddress, ...] = ()
    subject: str = ""
    text: str | None = None
    """Plain text; None or blank: made from `html`."""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[ExtraHeader, ...] = ()
    priority: Priority = Priority.NORMAL
    list_unsubscribe: ListUnsubscribe | None = None
    in_reply_to: str | None = None
    """Message-ID that is answered, with its angle brackets."""
    references: tuple[str, ...] = ()
    """Message-IDs of the thread, the oldest first; empty: `in_reply_to`."""
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class CompositionLimits:
    """What the operator allows one message to be."""

    recipients_max: int = 100
    """To, Cc and Bcc together; the least that every server takes (RFC 5321, 4.5.3.1.8)."""
    size_max_bytes: int = 25 * 1024 * 1024
    """After encoding; the large providers take 25 MB to 35 MB."""
    body_max_bytes: int = 2 * 1024 * 1024
    """Of each text in UTF-8; the longest newsletters have a tenth of it."""
    attachments_max: int = 50
    """Files, inline images among them."""
    subject_max_chars: int = 500
    """Mail programs show about 80."""
    name_max_chars: int = 200
    """Of a display name, as in `validation.ValidationPolicy`."""
    file_name_max_chars: int = 200
    """File systems end at 255 bytes."""
    headers_max: int = 30
    """Headers of the sender's own choice."""
    header_value_max_chars: int = 900
    """A value of one word cannot be folded, and a line ends at 998 (RFC 5322, 2.1.1)."""
    references_max: int = 100
    """Message-IDs of one thread."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message, written."""

    content: bytes = field(repr=False)
    """Exactly the bytes that follow DATA, before dot-stuffing, with CR LF at the end."""
    message_id: str
    """With its angle brackets."""
    sender: str
    """MAIL FROM, an addr-spec with its domain in A-labels."""
    recipients: tuple[Recipient, ...]
    """Each address once: as To, else as Cc, else as Bcc."""
    headers: tuple[tuple[str, str], ...]
    """Names and values as a reader sees them, in their order; without those of parts."""
    needs_utf8: bool
    """Whether an address is not ASCII, so that the server must offer SMTPUTF8 (RFC 6531)."""

    @property
    def size_bytes(self) -> int:
        """Length of the content, as SIZE tells it (RFC 1870)."""
        return len(self.content)
