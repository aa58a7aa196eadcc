"""Sender identities of configurations: add, change, remove; they are read with their configuration.

Must not: ask a mail server whether it lets the account send by an address.
"""

from typing import Annotated

import strawberry

from mailconfig.domain.identity import Scope
from mailconfig.domain.senders import SenderChange, SenderForm
from mailconfig.domain.submission import MISSING, Missing
from mailconfig.graphql import ids
from mailconfig.graphql.belongings import SenderIdentity, sender_identity
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.objects import EmailConfig, email_config
from mailconfig.graphql.scalars import EmailAddress


@input_type
class AddSenderIdentityInput:
    """A new sender identity."""

    config_id: strawberry.ID
    """The configuration that sends by it."""
    address: EmailAddress
    """The address of the configuration or an alias; whether it may be used, its server decides."""
    name: str | None = None
    """Display name; that of the configuration when it is left out."""
    reply_to: EmailAddress | None = None
    """Where answers go; to the address itself when it is left out."""
    signature_text: str | None = None
    """Signature for plain text, at most 16 KiB; made from the HTML when it is left out."""
    signature_html: str | None = None
    """Signature for HTML, at most 16 KiB; made from the plain text when it is left out. It shows
    the image by `cid:signature`."""
    signature_image_id: strawberry.ID | None = None
    """The image: a file of the same configuration, of kind SIGNATURE_IMAGE."""
    is_default: bool = False
    """Whether messages that name no identity have this one, instead of the former default."""


@input_type
class UpdateSenderIdentityInput:
    """A change: absent fields stay, null clears."""

    id: strawberry.ID
    """Sender identity to change."""
    address: strawberry.Maybe[EmailAddress]
    """New address."""
    name: strawberry.Maybe[str | None]
    """New display name."""
    reply_to: strawberry.Maybe[EmailAddress | None]
    """Where answers go now."""
    signature_text: strawberry.Maybe[str | None]
    """New signature for plain text."""
    signature_html: strawberry.Maybe[str | None]
    """New signature for HTML."""
    signature_image_id: strawberry.Maybe[strawberry.ID | None]
    """New image; null shows none, and leaves the file where it is."""
    is_default: strawberry.Maybe[bool]
    """Whether it is the default; true takes the place of the former one."""


@input_type
class DeleteSenderIdentityInput:
    """A removal."""

    id: strawberry.ID
    """Sender identity to remove."""


@object_type
class AddSenderIdentityPayload:
    """What addSenderIdentity answers."""

    sender_identity: SenderIdentity | None = None
    """The stored identity; null when there are errors."""
    config: EmailConfig | None = None
    """Its configuration, with all identities."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was stored."""


@object_type
class UpdateSenderIdentityPayload:
    """What updateSenderIdentity answers."""

    sender_identity: SenderIdentity | None = None
    """The identity as it is now; null when there are errors."""
    config: EmailConfig | None = None
    """Its configuration, with all identities."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@object_type
class DeleteSenderIdentityPayload:
    """What deleteSenderIdentity answers."""

    deleted_id: strawberry.ID | None = None
    """For the client's cache eviction."""
    sender_identity: SenderIdentity | None = None
    """The last state, so that caches that work by type name see the type."""
    config: EmailConfig | None = None
    """Its configuration, with the identities that are left."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was removed."""


def _form(given: AddSenderIdentityInput) -> SenderForm:
    return SenderForm(
        address=given.address,
        name=given.name,
        reply_to=given.reply_to,
        signature_text=given.signature_text,
        signature_html=given.signature_html,
        signature_image_id=None
        if given.signature_image_id is None
        else ids.key_of("File", given.signature_image_id, ("signatureImageId",)),
        is_default=given.is_default,
    )


def _change(given: UpdateSenderIdentityInput) -> SenderChange:
    image = MISSING if given.signature_image_id is None else given.signature_image_id.value
    return SenderChange(
        id=ids.key_of("SenderIdentity", given.id),
        address=MISSING if given.address is None else given.address.value,
        name=MISSING if given.name is None else given.name.value,
        reply_to=MISSING if given.reply_to is None else given.reply_to.value,
        signature_text=MISSING if given.signature_text is None else given.signature_text.value,
        signature_html=MISSING if given.signature_html is None else given.signature_html.value,
        signature_image_id=image
        if image is None or isinstance(image, Missing)
        else ids.key_of("File", image, ("signatureImageId",)),
        is_default=MISSING if given.is_default is None else given.is_default.value,
    )


@strawberry.type
class SenderMutation:
    """Writes of sender identities."""

    @mutation(Guard.MEMBER, AddSenderIdentityPayload, Scope.CONFIGS_WRITE)
    async def add_sender_identity(
        self,
        info: Info,
        input: Annotated[AddSenderIdentityInput, strawberry.argument(description="The identity.")],
    ) -> AddSenderIdentityPayload | None:
        """Store an address, a name and a signature that messages of a configuration may have."""
        principal = await info.context.caller()
        services = info.context.services
        key = ids.key_of("EmailConfig", input.config_id, ("configId",))
        config, stored = await services.senders.add(principal, key, _form(input))
        return AddSenderIdentityPayload(
            sender_identity=sender_identity(stored),
            config=email_config(config, services.catalogue),
        )

    @mutation(Guard.MEMBER, UpdateSenderIdentityPayload, Scope.CONFIGS_WRITE)
    async def update_sender_identity(
        self,
        info: Info,
        input: Annotated[UpdateSenderIdentityInput, strawberry.argument(description="The change.")],
    ) -> UpdateSenderIdentityPayload | None:
        """Change a sender identity; messages that were taken in stay as they are."""
        principal = await info.context.caller()
        services = info.context.services
        config, stored = await services.senders.update(principal, _change(input))
        return UpdateSenderIdentityPayload(
            sender_identity=sender_identity(stored),
            config=email_config(config, services.catalogue),
        )

    @mutation(Guard.MEMBER, DeleteSenderIdentityPayload, Scope.CONFIGS_WRITE)
    async def delete_sender_identity(
        self,
        info: Info,
        input: Annotated[DeleteSenderIdentityInput, strawberry.argument(description="Which one.")],
    ) -> DeleteSenderIdentityPayload | None:
        """Remove a sender identity; messages that were taken in stay as they are."""
        principal = await info.context.caller()
        services = info.context.services
        key = ids.key_of("SenderIdentity", input.id)
        config, last = await services.senders.remove(principal, key)
        return DeleteSenderIdentityPayload(
            deleted_id=input.id,
            sender_identity=sender_identity(last),
            config=email_config(config, services.catalogue),
        )
