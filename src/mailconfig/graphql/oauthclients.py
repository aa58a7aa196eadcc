"""OAuth clients of the workspace: what administrators registered with providers."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import mailboxes as domain
from mailconfig.domain.identity import Scope
from mailconfig.domain.mailboxes import ClientSource
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.providers import Provider, shown_providers


@object_type
class OAuthClient:
    """A client that was registered with a provider. Its secret is never shown."""

    provider: Provider | None
    """Provider that it is registered with; it serves all with the same token endpoint."""
    client_id: str
    """What the provider calls the client."""
    source: ClientSource
    """Who registered it."""
    updated_at: datetime | None
    """When it was last set; null for the operator's."""


@object_type
class OAuthClients:
    """All clients that serve the workspace, and what their registration needs."""

    redirect_uris: list[str]
    """Addresses to register with every client as they are, the usual one first."""
    nodes: list[OAuthClient]
    """Clients by the ids of their providers."""


@input_type
class SetOAuthClientInput:
    """A client as the provider shows it."""

    provider_id: strawberry.ID
    """Provider that it is registered with."""
    client_id: str
    """What the provider calls it."""
    client_secret: str | None = None
    """Its secret, write-only; unset for a public client."""


@object_type
class SetOAuthClientPayload:
    """What setOAuthClient answers."""

    client: OAuthClient | None = None
    """The client; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was set."""


@input_type
class DeleteOAuthClientInput:
    """A client to remove."""

    provider_id: strawberry.ID
    """Provider that it is registered with."""


@object_type
class DeleteOAuthClientPayload:
    """What deleteOAuthClient answers."""

    ok: bool = False
    """Whether it is gone."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is not."""


def _shown(info: Info, client: domain.OAuthClient) -> OAuthClient:
    providers = shown_providers(info.context.services.catalogue)
    return OAuthClient(
        provider=providers.get(client.provider_id),
        client_id=client.client_id,
        source=client.source,
        updated_at=client.updated_at,
    )


@object_type
class OAuthClientQuery:
    """Reads of OAuth clients."""

    @strawberry.field
    async def oauth_clients(self, info: Info) -> OAuthClients | None:
        """Clients that serve the workspace; for administrators."""
        services = info.context.services
        principal = await info.context.caller(Scope.WORKSPACE_MANAGE)
        found = await services.oauth_clients.all(principal)
        return OAuthClients(
            redirect_uris=list(services.oauth_clients.redirect_uris),
            nodes=[_shown(info, client) for client in found],
        )


@strawberry.type
class OAuthClientMutation:
    """Writes of OAuth clients."""

    @mutation(Guard.ADMIN, SetOAuthClientPayload, Scope.WORKSPACE_MANAGE)
    async def set_o_auth_client(
        self,
        info: Info,
        input: Annotated[SetOAuthClientInput, strawberry.argument(description="The client.")],
    ) -> SetOAuthClientPayload | None:
        """Set the workspace's client of a provider; it wins over the operator's."""
        principal = await info.context.caller()
        secret = Secret(input.client_secret) if input.client_secret is not None else None
        client = await info.context.services.oauth_clients.put(
            principal, ids.provider_key(input.provider_id), input.client_id, secret
        )
        return SetOAuthClientPayload(client=_shown(info, client))

    @mutation(Guard.ADMIN, DeleteOAuthClientPayload, Scope.WORKSPACE_MANAGE)
    async def delete_o_auth_client(
        self,
        info: Info,
        input: Annotated[DeleteOAuthClientInput, strawberry.argument(description="The client.")],
    ) -> DeleteOAuthClientPayload | None:
        """Remove the workspace's client of a provider; what was granted to it ends to work."""
        principal = await info.context.caller()
        provider_id = ids.provider_key(input.provider_id)
        await info.context.services.oauth_clients.delete(principal, provider_id)
        return DeleteOAuthClientPayload(ok=True)
