"""Erasing a workspace, a user, and the bytes that a database keeps of what was deleted.

A workspace goes in small transactions, most of it, and in a last one that nobody can write beside,
with the people who are in no other. What is in the tables is read from their metadata: a table that
is added later is erased as well. Blobs have to go before the rows that name them. The trail goes as
the last one: the database lets it go with the row of its workspace only, so that an erasure that
was interrupted has left it whole.

Must not: decide who may have something erased.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Table, and_, delete, exists, select, tuple_

from mailconfig.domain.errors import NotFound
from mailconfig.storage.tables import (
    audit_events,
    configs,
    files,
    memberships,
    metadata,
    users,
    workspaces,
)
from mailconfig.storage.transaction import Transaction

OWNED: Final[tuple[Table, ...]] = tuple(
    table for table in reversed(metadata.sorted_tables) if "workspace_id" in table.c
)
"""Tables of rows that belong to a workspace, those that refer to others first."""
_LATER: Final = frozenset({files.name, memberships.name, audit_events.name})
"""Files need their blobs gone; memberships tell in the end who else goes; the trail is kept."""


class ErasureRepository:
    """Erases the workspace of this transaction."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def blobs(self, limit: int) -> Sequence[tuple[UUID, str]]:
        """Return some files and the names of their blobs."""
        rows = await self._transaction.all(
            select(files.c.id, files.c.blob)
            .where(files.c.workspace_id == self._workspace_id)
            .order_by(files.c.id)
            .limit(limit)
        )
        return [(row.id, row.blob) for row in rows]

    async def drop_files(self, ids: Sequence[UUID]) -> None:
        """Remove files whose blobs are gone."""
        mine = and_(files.c.workspace_id == self._workspace_id, files.c.id.in_(ids))
        await self._transaction.run(delete(files).where(mine))

    async def drain(self, table: Table, limit: int) -> int:
        """Remove some rows of a table of `OWNED`; return how many."""
        if table.name in _LATER:
            return 0
        key = tuple_(*table.primary_key.columns)
        mine = select(*table.primary_key.columns).where(table.c.workspace_id == self._workspace_id)
        return await self._transaction.changed(delete(table).where(key.in_(mine.limit(limit))))

    async def finish(self) -> bool:
        """Remove all that is left; False, and nothing is, while there are files.

        Raises NotFound for a workspace that is gone.
        """
        mine = workspaces.c.id == self._workspace_id
        # FOR UPDATE: no row that refers to the workspace can be added from here on.
        locked = select(workspaces.c.id).where(mine).with_for_update()
        if await self._transaction.first(locked) is None:
            raise NotFound
        if await self.blobs(1):
            return False
        people = await self._only_here()
        for table in OWNED:
            if table is not audit_events:
                of_it = delete(table).where(table.c.workspace_id == self._workspace_id)
                await self._transaction.run(of_it)
        # Events go by their foreign key, once this row is gone; before, the database keeps them.
        await self._transaction.run(delete(workspaces).where(mine))
        await self._transaction.run(delete(users).where(users.c.id.in_(people)))
        return True

    async def _only_here(self) -> Sequence[UUID]:
        """Return the members who are in no other workspace, and nothing elsewhere is theirs."""
        here = select(memberships.c.user_id).where(memberships.c.workspace_id == self._workspace_id)
        # Locked first, so that nobody becomes a member elsewhere while they are looked at.
        await self._transaction.run(
            select(users.c.id).where(users.c.id.in_(here)).order_by(users.c.id).with_for_update()
        )
        elsewhere = [
            exists().where(column == users.c.id, column.table.c.workspace_id != self._workspace_id)
            for column in (memberships.c.user_id, configs.c.owner_id, files.c.owner_id)
        ]
        rows = await self._transaction.all(
            select(users.c.id).where(users.c.id.in_(here), *(~there for there in elsewhere))
        )
        return [row.id for row in rows]
