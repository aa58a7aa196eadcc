"""Sender identities of a configuration: who a message is from, and what stands below it.

An address is the configuration's own or an alias. Must not: judge whether a server lets an account
send by it; that one refuses it when it is used, and the refusal is diagnosed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from mailconfig.domain.composition import (
    CompositionLimits,
    MessageDraft,
    NamedAddress,
    Signature,
    check,
)
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.issues import Severity, ValidationIssue
from mailconfig.domain.mailing import SendRequest
from mailconfig.domain.submission import MISSING, Missing, chosen

SIGNATURE_CONTENT_ID: Final = "signature"
"""By which the HTML of a signature shows its image: cid:signature."""
SIGNATURE_MAX_BYTES: Final = 16 * 1024
"""Of each text in UTF-8: Gmail takes 10,000 characters, Outlook 8 KB; lists hold many of them."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SenderForm:
    """A sender identity as somebody wants it; nothing is checked."""

    address: str
    """Address in From and in MAIL FROM."""
    name: str | None = None
    """Display name; None or blank: that of the configuration."""
    reply_to: str | None = None
    """Where answers go; None: to `address`."""
    signature_text: str | None = None
    """For plain text; None or empty: made from the HTML."""
    signature_html: str | None = None
    """A fragment; None or empty: made from the text."""
    signature_image_id: UUID | None = None
    """A file of the configuration, of kind SIGNATURE_IMAGE."""
    is_default: bool = False
    """Whether messages that name no identity have this one."""


@dataclass(frozen=True, slots=True)
class SenderChange:
    """A change of a sender identity: MISSING leaves a field, None clears it."""

    id: UUID
    address: str | Missing = MISSING
    name: str | Missing | None = MISSING
    reply_to: str | Missing | None = MISSING
    signature_text: str | Missing | None = MISSING
    signature_html: str | Missing | None = MISSING
    signature_image_id: UUID | Missing | None = MISSING
    is_default: bool | Missing = MISSING


@dataclass(frozen=True, slots=True)
class SenderIdentity:
    """A stored sender identity; the fields of `SenderForm`, checked."""

    id: UUID
    config_id: UUID
    address: str
    """The domain in A-labels."""
    name: str | None
    reply_to: str | None
    signature_text: str | None
    signature_html: str | None
    signature_image_id: UUID | None
    """None also when the file was deleted."""
    is_default: bool
    """True of at most one of a configuration."""
    created_at: datetime
    updated_at: datetime

    @property
    def signature(self) -> Signature | None:
        """The signature without its image; None where there is neither text nor image."""
        if not (self.signature_text or self.signature_html or self.signature_image_id):
            return None
        return Signature(self.signature_text, self.signature_html)


def merged(identity: SenderIdentity, change: SenderChange) -> SenderForm:
    """Return what an identity is to be after a change."""
    return SenderForm(
        address=chosen(change.address, identity.address),
        name=chosen(change.name, identity.name),
        reply_to=chosen(change.reply_to, identity.reply_to),
        signature_text=chosen(change.signature_text, identity.signature_text),
        signature_html=chosen(change.signature_html, identity.signature_html),
        signature_image_id=chosen(change.signature_image_id, identity.signature_image_id),
        is_default=chosen(change.is_default, identity.is_default),
    )


_LIMITS: Final = CompositionLimits(body_max_bytes=SIGNATURE_MAX_BYTES)
_FIELDS: Final[dict[Path, Path]] = {
    ("sender", "address"): ("address",),
    ("sender", "name"): ("name",),
    ("replyTo", "0", "address"): ("replyTo",),
    ("signature", "text"): ("signatureText",),
    ("signature", "html"): ("signatureHtml",),
}
"""Paths of a message, and the fields of an identity that they are."""


def sender_errors(form: SenderForm) -> tuple[ValidationIssue, ...]:
    """Return what messages would be refused for, with the paths of the identity's own input."""
    draft = MessageDraft(
        sender=NamedAddress(form.address, form.name),
        reply_to=() if form.reply_to is None else (NamedAddress(form.reply_to),),
        signature=Signature(form.signature_text, form.signature_html),
    )
    return tuple(
        replace(issue, path=_FIELDS[issue.path])
        for issue in check(draft, _LIMITS)
        if issue.severity is Severity.ERROR and issue.path in _FIELDS
    )


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a message has of its sender."""

    sender: NamedAddress
    """From; its address is also that of MAIL FROM."""
    reply_to: tuple[NamedAddress, ...]
    signature: Signature | None
    """Without its image, which `image_id` names."""
    image_id: UUID | None = None
    lent: tuple[Path, ...] = ()
    """Begins of the paths in a draft that an identity has filled, and not the request."""


def letterhead(
    request: SendRequest, config: EmailConfig, identity: SenderIdentity | None
) -> Letterhead:
    """Return what a message has of its request, else of the identity, else of the account.

    A signature in the request wins, even an empty one.
    """
    if identity is None:
        sender = NamedAddress(config.email_address, request.sender_name or config.display_name)
        return Letterhead(sender, request.reply_to, request.signature)
    lent: list[Path] = [("sender", "address")]
    reply_to, signature, image_id = request.reply_to, request.signature, None
    if not request.sender_name:
        lent.append(("sender", "name"))
    if not reply_to and identity.reply_to is not None:
        reply_to = (NamedAddress(identity.reply_to),)
        lent.append(("replyTo",))
    if signature is None:
        signature, image_id = identity.signature, identity.signature_image_id
        lent.append(("signature",))
    name = request.sender_name or identity.name or config.display_name
    sender = NamedAddress(identity.address, name)
    return Letterhead(sender, reply_to, signature, image_id, tuple(lent))
