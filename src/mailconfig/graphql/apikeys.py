"""API keys: made and revoked by people, listed without what they are."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import apikeys as domain
from mailconfig.domain.identity import Role, Scope
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.pages import (
    After,
    Before,
    Cursors,
    First,
    Last,
    PageInfo,
    page_info,
    page_request,
)
from mailconfig.graphql.selecting import selected
from mailconfig.services.apikeys import KeyWish


@object_type
class ApiKey:
    """A key by which a machine acts for a member. What it is was shown once, when it was made."""

    id: strawberry.ID
    """Global id."""
    prefix: str
    """Its first characters, by which its owner knows it again."""
    name: str
    """What it is for."""
    owner_id: strawberry.ID
    """Global id of the member whom it acts for; it ends with the membership."""
    role: Role
    """At most this role, and at most the member's own."""
    scopes: list[Scope]
    """What it may do of what the role allows."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None
    """When it ends by itself; null for never."""
    last_used_at: datetime | None
    """When it was last used, to some minutes; null for never."""
    revoked_at: datetime | None
    """When it was revoked; null while it was not."""


@object_type
class ApiKeyEdge:
    """A key and its place."""

    cursor: str
    """Place in the list."""
    node: ApiKey
    """The key."""


@object_type
class ApiKeyConnection:
    """A page of keys, newest first."""

    edges: list[ApiKeyEdge]
    """Rows with their cursors."""
    nodes: list[ApiKey]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


@input_type
class CreateApiKeyInput:
    """What a new key is to be."""

    name: str
    """What it is for, at most 100 characters."""
    role: Role
    """At most your own."""
    scopes: list[Scope]
    """What it may do, at least one."""
    expires_at: datetime | None = None
    """When it ends by itself; null for never, where the operator allows that."""


@input_type
class RevokeApiKeyInput:
    """A key to end."""

    id: strawberry.ID
    """Which key."""


@object_type
class CreateApiKeyPayload:
    """What createApiKey answers."""

    api_key: ApiKey | None = None
    """The new key; null when there are errors."""
    key: str | None = None
    """The key itself, for the Authorization header: Bearer KEY. It is shown this once."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why there is none."""


@object_type
class RevokeApiKeyPayload:
    """What revokeApiKey answers."""

    api_key: ApiKey | None = None
    """The key, which has ended."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it has not."""


def api_key(found: domain.ApiKey) -> ApiKey:
    """Show a key."""
    return ApiKey(
        id=ids.encode("ApiKey", found.id),
        prefix=found.prefix,
        name=found.name,
        owner_id=ids.encode("User", found.user_id),
        role=found.role,
        scopes=[scope for scope in Scope if scope in found.scopes],
        created_at=found.created_at,
        expires_at=found.expires_at,
        last_used_at=found.last_used_at,
        revoked_at=found.revoked_at,
    )


@object_type
class ApiKeyQuery:
    """Reads of API keys."""

    @strawberry.field
    async def api_keys(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ApiKeyConnection | None:
        """API keys, newest first: all of the workspace for administrators, else one's own."""
        context = info.context
        principal = await context.caller()
        signer, listing = context.services.cursors, f"keys {principal.workspace_id}"
        request = page_request(signer, listing, first, after, last, before)
        page = await context.services.bearers.keys.page(principal, request)
        made = selected(info, Cursors.of).made(signer, listing, page.keys)
        cursors = made or [""] * len(page.rows)
        nodes = [api_key(found) for found in page.rows]
        return ApiKeyConnection(
            edges=[
                ApiKeyEdge(cursor=cursor, node=node)
                for cursor, node in zip(cursors, nodes, strict=True)
            ],
            nodes=nodes,
            page_info=page_info(made, has_next=page.has_next, has_previous=page.has_previous),
        )


@strawberry.type
class ApiKeyMutation:
    """Writes of API keys, by people."""

    @mutation(Guard.ADMIN, CreateApiKeyPayload)
    async def create_api_key(
        self,
        info: Info,
        input: Annotated[CreateApiKeyInput, strawberry.argument(description="The key.")],
    ) -> CreateApiKeyPayload | None:
        """Make a key that acts for you. It is shown once: keep it where secrets are kept."""
        context = info.context
        wish = KeyWish(input.name, input.role, tuple(input.scopes), input.expires_at)
        made, text = await context.services.bearers.keys.create(await context.caller(), wish)
        return CreateApiKeyPayload(api_key=api_key(made), key=text.reveal())

    @mutation(Guard.VIEWER, RevokeApiKeyPayload)
    async def revoke_api_key(
        self,
        info: Info,
        input: Annotated[RevokeApiKeyInput, strawberry.argument(description="Which key.")],
    ) -> RevokeApiKeyPayload | None:
        """End a key at once: your own, or any of the workspace as an administrator."""
        context = info.context
        key = ids.key_of("ApiKey", input.id)
        ended = await context.services.bearers.keys.revoke(await context.caller(), key)
        return RevokeApiKeyPayload(api_key=api_key(ended))
