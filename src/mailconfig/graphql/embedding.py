"""Embed tokens: made by a back end, used by its front end for one user and one mailbox."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.services.embedding import EmbedWish


@input_type
class EmbedPurposeInput:
    """What the token is for; both empty: to connect one of the user's own mailboxes."""

    address: str | None = None
    """The only mailbox that may be connected."""
    config_id: strawberry.ID | None = None
    """The only configuration that may be repaired; instead of an address."""


@input_type
class CreateEmbedTokenInput:
    """Whom the token is for, what for, and how long."""

    subject: str
    """Your own stable id of the user; the same one is the same user."""
    email: str | None = None
    """Address of the user, to show; nobody signs in by it."""
    purpose: EmbedPurposeInput
    """What the user may do by it."""
    expires_in_seconds: int | None = None
    """Life of the token; null for the longest that the operator allows."""


@object_type
class CreateEmbedTokenPayload:
    """What createEmbedToken answers."""

    token: str | None = None
    """For the Authorization header of the front end: Bearer TOKEN. It is shown this once."""
    expires_at: datetime | None = None
    """When it ends; earlier with the key or session that made it."""
    user_id: strawberry.ID | None = None
    """Global id of the user, who owns what they connect."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why there is none."""


@strawberry.type
class EmbeddingMutation:
    """Writes of embed tokens."""

    @mutation(Guard.ADMIN, CreateEmbedTokenPayload, Scope.EMBED_CREATE)
    async def create_embed_token(
        self,
        info: Info,
        input: Annotated[CreateEmbedTokenInput, strawberry.argument(description="The token.")],
    ) -> CreateEmbedTokenPayload | None:
        """Make a token by which one user connects or repairs one mailbox, and does nothing else."""
        context = info.context
        purpose, path = input.purpose, ("purpose", "configId")
        wish = EmbedWish(
            subject=input.subject,
            email=input.email,
            address=purpose.address,
            config_id=ids.key_of("EmailConfig", purpose.config_id, path)
            if purpose.config_id is not None
            else None,
            expires_in_seconds=input.expires_in_seconds,
        )
        made = await context.services.bearers.embedding.create(await context.caller(), wish)
        return CreateEmbedTokenPayload(
            token=made.text.reveal(),
            expires_at=made.expires_at,
            user_id=ids.encode("User", made.user_id),
        )
