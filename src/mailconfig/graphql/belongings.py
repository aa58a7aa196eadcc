"""What belongs to configurations: files, who their messages are from, what becomes of sent mail.

Must not: know the configurations (`graphql.objects`), which show these.
"""

from datetime import datetime

import strawberry

from mailconfig.domain import files, senders
from mailconfig.domain.files import FileKind
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.nodes import Node
from mailconfig.graphql.scalars import EmailAddress


@object_type
class File(Node):
    """A stored file."""

    row: strawberry.Private[files.StoredFile]
    kind: FileKind
    """What the file is for."""
    filename: str
    """Name to show and to save it under."""
    content_type: str
    """Media type as sniffed, not as declared."""
    size: int
    """Bytes of the content."""
    sha256: str
    """SHA-256 of the content in lower-case hex."""
    created_at: datetime
    """When it was uploaded."""

    @strawberry.field
    def url(self, info: Info) -> str:
        """Signed link that expires soon; relative to this service, downloads as attachment."""
        return info.context.services.files.url(self.row)


def file(row: files.StoredFile) -> File:
    """Show a stored file."""
    return File(
        id=ids.encode("File", row.id),
        row=row,
        kind=row.kind,
        filename=row.filename,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        created_at=row.created_at,
    )


@object_type
class SendingOptions:
    """What is done about the mail of an account once it was sent."""

    save_to_sent: bool | None
    """Whether it is put into the Sent folder; null: where the provider does not do so by itself."""
    read_bounces: bool
    """Whether INBOX is looked into for bounces and complaints: recipients become BOUNCED by them,
    and addresses that do not exist go on the suppression list."""


@object_type
class SenderIdentity:
    """Who messages of a configuration may be from, and what stands below them."""

    row: strawberry.Private[senders.SenderIdentity]
    id: strawberry.ID
    """Global id."""
    address: EmailAddress
    """Address in From and in MAIL FROM: that of the configuration, or an alias."""
    name: str | None
    """Display name; null: that of the configuration."""
    reply_to: EmailAddress | None
    """Where answers go; null: to the address itself."""
    signature_text: str | None
    """Signature for plain text; null: made from the HTML."""
    signature_html: str | None
    """Signature for HTML, which shows the image by `cid:signature`; null: made from the text."""
    is_default: bool
    """Whether messages that name no identity have this one."""
    created_at: datetime
    """When it was added."""
    updated_at: datetime
    """When it last changed."""

    @strawberry.field
    async def signature_image(self, info: Info) -> File | None:
        """The image; null also when the file was deleted."""
        if self.row.signature_image_id is None:
            return None
        found = await info.context.loaders.files.load(self.row.config_id)
        return next((file(one) for one in found if one.id == self.row.signature_image_id), None)


def sender_identity(row: senders.SenderIdentity) -> SenderIdentity:
    """Show a sender identity."""
    return SenderIdentity(
        row=row,
        id=ids.encode("SenderIdentity", row.id),
        address=EmailAddress(row.address),
        name=row.name,
        reply_to=None if row.reply_to is None else EmailAddress(row.reply_to),
        signature_text=row.signature_text,
        signature_html=row.signature_html,
        is_default=row.is_default,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
