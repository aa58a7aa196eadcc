"""OAuth clients of one workspace; their secrets are sealed with all others."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select

from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import ClientSource, OAuthClient
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.storage.secrets import SecretRepository
from mailconfig.storage.tables import oauth_clients
from mailconfig.storage.transaction import AnyRow, Transaction

PURPOSE: Final = "oauth_client"
"""What a client's secret is sealed for."""


class OAuthClientRepository:
    """Reads and changes clients; others' simply do not exist."""

    def __init__(
        self, transaction: Transaction, workspace_id: UUID, secrets: SecretRepository
    ) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._secrets = secrets

    async def put(self, provider_id: str, client_id: str, secret: Secret | None) -> UUID:
        """Set the client of a provider, in place of the one before; return the row's id."""
        old = await self._row(provider_id)
        secret_id = None
        if secret is not None:
            wanted = NewSecret(SecretKind.CLIENT_SECRET, secret)
            secret_id = await self._secrets.add(PURPOSE, wanted)
        now = self._transaction.now
        fresh = {"client_id": client_id, "secret_id": secret_id, "updated_at": now}
        fixed = {
            "id": old.id if old else new_id(),
            "workspace_id": self._workspace_id,
            "provider_id": provider_id,
            "created_at": now,
        }
        statement = self._transaction.upsert(oauth_clients).values(fixed | fresh)
        place = [oauth_clients.c.workspace_id, oauth_clients.c.provider_id]
        stored = await self._transaction.scalar(
            statement.on_conflict_do_update(index_elements=place, set_=fresh).returning(
                oauth_clients.c.id
            )
        )
        if old is not None and old.secret_id is not None:
            await self._secrets.delete_unused([old.secret_id])
        return UUID(str(stored))

    async def all(self) -> tuple[OAuthClient, ...]:
        """Return all clients by provider, without their secrets."""
        rows = await self._transaction.all(
            select(oauth_clients).where(self._mine()).order_by(oauth_clients.c.provider_id)
        )
        return tuple(_client(row, None) for row in rows)

    async def find(
        self, provider_ids: Collection[str], client_id: str | None = None
    ) -> tuple[OAuthClient, ...]:
        """Return the clients of some providers with their secrets, of one client id if given."""
        named = and_(self._mine(), oauth_clients.c.provider_id.in_(tuple(provider_ids)))
        if client_id is not None:
            named = and_(named, oauth_clients.c.client_id == client_id)
        rows = await self._transaction.all(
            select(oauth_clients).where(named).order_by(oauth_clients.c.provider_id)
        )
        return tuple([_client(row, await self._secret(row)) for row in rows])

    async def delete(self, provider_id: str) -> UUID | None:
        """Remove the client of a provider with its secret; return the row's id, None for none."""
        row = await self._row(provider_id)
        if row is None:
            return None
        found = oauth_clients.c.id == row.id
        await self._transaction.run(delete(oauth_clients).where(self._mine(), found))
        if row.secret_id is not None:
            await self._secrets.delete_unused([row.secret_id])
        return UUID(str(row.id))

    async def _row(self, provider_id: str) -> AnyRow | None:
        of_provider = oauth_clients.c.provider_id == provider_id
        return await self._transaction.first(select(oauth_clients).where(self._mine(), of_provider))

    async def _secret(self, row: AnyRow) -> Secret | None:
        if row.secret_id is None:
            return None
        return (await self._secrets.open(row.secret_id, PURPOSE)).value

    def _mine(self) -> ColumnElement[bool]:
        return oauth_clients.c.workspace_id == self._workspace_id


def _client(row: AnyRow, secret: Secret | None) -> OAuthClient:
    return OAuthClient(
        provider_id=row.provider_id,
        client_id=row.client_id,
        secret=secret,
        source=ClientSource.WORKSPACE,
        updated_at=row.updated_at,
    )
