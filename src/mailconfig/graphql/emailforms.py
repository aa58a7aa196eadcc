"""Inputs of messages, and the requests that they are."""

from datetime import datetime

import strawberry

from mailconfig.domain import composition
from mailconfig.domain import messages as domain
from mailconfig.domain.composition import ExtraHeader, NamedAddress, Priority
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailing import (
    AttachmentRequest,
    NewAttachment,
    SendRequest,
    StoredAttachment,
)
from mailconfig.domain.messages import MessageState
from mailconfig.domain.phrases import N_
from mailconfig.domain.unsubscribing import ManagedUnsubscribe
from mailconfig.graphql import ids
from mailconfig.graphql.configs import DateTimeFilter
from mailconfig.graphql.describing import input_type, one_of_type
from mailconfig.graphql.pages import check_length
from mailconfig.graphql.scalars import EmailAddress, Upload


@input_type
class MailboxInput:
    """An address with the name to show."""

    address: EmailAddress
    """The address."""
    name: str | None = None
    """Display name."""


@one_of_type
class AttachmentSourceInput:
    """A file: uploaded now or earlier."""

    upload: strawberry.Maybe[Upload]
    """The file, in the same multipart request."""
    file_id: strawberry.Maybe[strawberry.ID]
    """A file from uploadFile; keys need the scope configs:read for it."""


@input_type
class AttachmentInput:
    """A file that goes with the message."""

    source: AttachmentSourceInput
    """Where its content is."""
    filename: str | None = None
    """Instead of its own name."""
    content_id: str | None = None
    """For an image within the HTML text, which shows it by cid: and this."""


@input_type
class MessageHeaderInput:
    """A header of the sender's own choice."""

    name: str
    """Name; those that mail itself needs are refused."""
    value: str
    """Value, one line."""


@input_type
class ListUnsubscribeInput:
    """How recipients leave the list (RFC 2369, RFC 8058); an address, a link, both or managed."""

    managed: bool = False
    """Whether this service makes the link and puts who uses it on the suppression list."""

    mailto: str | None = None
    """An address or mailto link."""
    url: str | None = None
    """A web link."""
    one_click: bool = False
    """Whether a POST to the link is enough; needs https."""


@input_type
class SignatureInput:
    """What stands below the message."""

    text: str | None = None
    """For the plain text; made from the HTML when it is left out."""
    html: str | None = None
    """For the HTML text; made from the plain text when it is left out."""


@input_type
class EmailDraftInput:
    """A message."""

    config_id: strawberry.ID
    """The configuration to send by."""
    sender_identity_id: strawberry.ID | None = None
    """A sender identity of the configuration; its default one when it is left out, and without one
    the address and display name of the configuration."""
    to: list[MailboxInput] = strawberry.field(default_factory=list)
    """Recipients."""
    cc: list[MailboxInput] = strawberry.field(default_factory=list)
    """Recipients of a copy."""
    bcc: list[MailboxInput] = strawberry.field(default_factory=list)
    """Recipients of a copy whom the others do not see."""
    reply_to: list[MailboxInput] = strawberry.field(default_factory=list)
    """Where answers go; as the sender identity says when it is left out, else to the sender."""
    sender_name: str | None = None
    """Name of the sender; that of the sender identity when it is left out, else the display name
    of the configuration."""
    subject: str = ""
    """Subject, one line."""
    text: str | None = None
    """Plain text; made from the HTML when it is left out."""
    html: str | None = None
    """HTML text."""
    signature: SignatureInput | None = None
    """What stands below the text; the signature of the sender identity when it is left out. An
    empty object: none."""
    attachments: list[AttachmentInput] = strawberry.field(default_factory=list)
    """Files, inline images among them."""
    headers: list[MessageHeaderInput] = strawberry.field(default_factory=list)
    """Headers of your own choice, such as X-Campaign."""
    priority: Priority = Priority.NORMAL
    """How urgent it is marked."""
    list_unsubscribe: ListUnsubscribeInput | None = None
    """How recipients leave the list."""
    in_reply_to: str | None = None
    """Message-ID that is answered, with its angle brackets."""
    references: list[str] = strawberry.field(default_factory=list)
    """Message-IDs of the thread, the oldest first."""
    send_at: datetime | None = None
    """When to send it; at once when it is left out or over."""


@input_type
class SendEmailInput(EmailDraftInput):
    """A message to send."""

    idempotency_key: strawberry.ID | None = None
    """A name of your choice for this request: sent again with it, it gives the first message."""


@input_type
class PreviewEmailInput(EmailDraftInput):
    """A message to look at."""


@input_type
class MessageFilter:
    """Conditions; all that are given must hold."""

    config_id: list[strawberry.ID] | None = None
    """Sent by one of these configurations."""
    state: list[MessageState] | None = None
    """In one of these states."""
    created_at: DateTimeFilter | None = None
    """Taken in in this span of time."""


def send_request(given: EmailDraftInput) -> SendRequest:
    """Return the request that an input is; raises InvalidInput, and NotFound for no ids."""
    signature = given.signature
    identity = given.sender_identity_id
    return SendRequest(
        config_id=ids.key_of("EmailConfig", given.config_id, ("configId",)),
        sender_identity_id=None
        if identity is None
        else ids.key_of("SenderIdentity", identity, ("senderIdentityId",)),
        to=_boxes(given.to),
        cc=_boxes(given.cc),
        bcc=_boxes(given.bcc),
        reply_to=_boxes(given.reply_to),
        sender_name=given.sender_name,
        subject=given.subject,
        text=given.text,
        html=given.html,
        signature=composition.Signature(signature.text, signature.html) if signature else None,
        attachments=tuple(
            _attachment(attached, str(number)) for number, attached in enumerate(given.attachments)
        ),
        headers=tuple(ExtraHeader(header.name, header.value) for header in given.headers),
        priority=given.priority,
        list_unsubscribe=_unsubscribe(given.list_unsubscribe),
        in_reply_to=given.in_reply_to,
        references=tuple(given.references),
        send_at=given.send_at,
    )


def message_filter(given: MessageFilter | None) -> domain.MessageFilter:
    """Return the conditions of an input; raises InvalidInput and NotFound."""
    if given is None:
        return domain.MessageFilter()
    check_length(given.config_id, "filter", "configId")
    check_length(given.state, "filter", "state")
    span = given.created_at or DateTimeFilter()
    keys = tuple(
        ids.key_of("EmailConfig", item, ("filter", "configId")) for item in given.config_id or ()
    )
    return domain.MessageFilter(
        config_ids=keys,
        states=tuple(given.state or ()),
        created_from=span.gte,
        created_before=span.lt,
    )


def _unsubscribe(
    given: ListUnsubscribeInput | None,
) -> composition.ListUnsubscribe | ManagedUnsubscribe | None:
    if given is None:
        return None
    if not given.managed:
        return composition.ListUnsubscribe(given.mailto, given.url, given.one_click)
    if given.mailto is not None or given.url is not None:
        message = N_("A managed link stands alone: leave address and link out.")
        raise InvalidInput.of(ValidationCode.NOT_ALLOWED, message, "listUnsubscribe", "managed")
    return ManagedUnsubscribe()


def _boxes(given: list[MailboxInput]) -> tuple[NamedAddress, ...]:
    return tuple(NamedAddress(box.address, box.name) for box in given)


def _attachment(given: AttachmentInput, place: str) -> AttachmentRequest:
    source = given.source
    if source.upload is not None:
        return NewAttachment(source.upload.value, given.filename, given.content_id)
    path = ("attachments", place, "source", "fileId")
    text = source.file_id.value if source.file_id is not None else ""
    return StoredAttachment(ids.key_of("File", text, path), given.filename, given.content_id)
