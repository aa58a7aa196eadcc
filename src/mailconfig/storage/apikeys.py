"""API keys of one workspace, as digests. Keys are added and revoked, never changed or removed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from mailconfig.domain.apikeys import ApiKey, read_scopes, written
from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Role
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.tables import api_keys, workspaces
from mailconfig.storage.transaction import AnyRow, Transaction

KEY_COLUMNS: Final = tuple(column for column in api_keys.c if column.name != "token_sha256")
"""All but the digest, which is looked for and never read."""
_NEWEST_FIRST: Final = Order(api_keys.c.created_at, api_keys.c.id, OrderDirection.DESC)


def read_key(row: AnyRow) -> ApiKey:
    """Map a row to its value."""
    return ApiKey(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        name=row.name,
        prefix=row.prefix,
        role=Role(row.role),
        scopes=read_scopes(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


class ApiKeyRepository:
    """Reads and writes keys."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def insert(self, key: ApiKey, token_sha256: str) -> None:
        """Store a key of a member of this workspace."""
        row = {
            "id": key.id,
            "workspace_id": self._workspace_id,
            "user_id": key.user_id,
            "name": key.name,
            "prefix": key.prefix,
            "token_sha256": token_sha256,
            "role": key.role.value,
            "scopes": written(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "last_used_at": key.last_used_at,
            "revoked_at": key.revoked_at,
        }
        await self._transaction.run(insert(api_keys).values(row))

    async def get(self, id: UUID) -> ApiKey:
        """Return a key; raises NotFound."""
        row = await self._transaction.first(select(*KEY_COLUMNS).where(self._one(id)))
        if row is None:
            raise NotFound
        return read_key(row)

    async def count_live(self, now: datetime) -> int:
        """Count the keys that may be used; who counts to insert has the workspace to themselves."""
        mine = workspaces.c.id == self._workspace_id
        await self._transaction.run(select(workspaces.c.id).where(mine).with_for_update())
        live = and_(
            api_keys.c.workspace_id == self._workspace_id,
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
        )
        found = await self._transaction.scalar(
            select(func.count()).select_from(api_keys).where(live)
        )
        return int(found)

    async def page(self, request: PageRequest, user_id: UUID | None) -> Page[ApiKey]:
        """Return keys, newest first, of one member or of all; raises CursorRefused."""
        rows = select(*KEY_COLUMNS).where(api_keys.c.workspace_id == self._workspace_id)
        if user_id is not None:
            rows = rows.where(api_keys.c.user_id == user_id)
        return await Listing(rows, _NEWEST_FIRST, read_key).page(self._transaction, request)

    async def revoke(self, id: UUID, at: datetime) -> bool:
        """End a key and tell whether it was open; the first revocation counts."""
        open_one = and_(self._one(id), api_keys.c.revoked_at.is_(None))
        statement = update(api_keys).where(open_one).values(revoked_at=at)
        return await self._transaction.changed(statement) == 1

    async def touch(self, id: UUID, at: datetime, before: datetime) -> None:
        """Note a use, unless a later one than `before` is known."""
        stale = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= before)
        await self._transaction.run(
            update(api_keys).where(self._one(id), stale).values(last_used_at=at)
        )

    def _one(self, id: UUID) -> ColumnElement[bool]:
        return and_(api_keys.c.workspace_id == self._workspace_id, api_keys.c.id == id)
