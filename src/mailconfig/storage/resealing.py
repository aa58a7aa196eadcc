"""What the keyring sealed, in all workspaces: read and sealed anew, then written in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Table, bindparam, func, or_, select, update

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.storage.contents import context_of
from mailconfig.storage.sealing import Keyring, SealContext, Sealed
from mailconfig.storage.tables import message_contents, secrets
from mailconfig.storage.transaction import AnyRow, Transaction

_SEALED: Final = (secrets, message_contents)
"""Tables that hold what the keyring sealed, each with `id`, `key_id` and `ciphertext`."""


@dataclass(frozen=True, slots=True)
class SealedAnew:
    """One secret, or part of the content of a message, under the newest key."""

    table: Table
    id: UUID
    read: bytes
    """The ciphertext that was found."""
    sealed: Sealed
    """What takes its place."""


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """Rows that were not under the newest key."""

    anew: tuple[SealedAnew, ...]
    unreadable: tuple[UUID, ...]
    """Those that no key opens."""
    last_id: UUID | None
    """Where the next batch begins; None when there is no next one."""


class SealedRows:
    """Both tables of sealed rows."""

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._transaction = transaction
        self._keyring = keyring

    async def read(self, batch_size: int, after: UUID | None = None) -> SealedBatch:
        """Read rows that are not under the newest key and seal them anew, without writing them.

        `after` is the `last_id` of the batch before, so that unreadable ones are not met again.
        """
        await self._keyring.refresh()
        rows = await self._batch(batch_size, after)
        anew, unreadable = [], []
        for table, row in rows:
            try:
                anew.append(await self._anew(table, row))
            except SecretUnreadable:
                unreadable.append(row.id)
        last_id = rows[-1][1].id if len(rows) == batch_size else None
        return SealedBatch(tuple(anew), tuple(unreadable), last_id)

    async def replace(self, rows: Sequence[SealedAnew]) -> int:
        """Put new ciphertexts into the place of those that were read.

        A row that somebody else changed or deleted meanwhile is left to them. Returns how many of
        the rows are under the key of their new ciphertext now.
        """
        done = 0
        for table in _SEALED:
            group = [row for row in rows if row.table is table]
            if not group:
                continue
            changed = (
                update(table)
                .where(table.c.id == bindparam("row"), table.c.ciphertext == bindparam("read"))
                .values(ciphertext=bindparam("anew"), key_id=bindparam("key"))
            )
            values = [
                {"row": row.id, "read": row.read}
                | {"anew": row.sealed.ciphertext, "key": row.sealed.key_id}
                for row in group
            ]
            await self._transaction.run_many(changed, values)
            mine = table.c.id.in_([row.id for row in group])
            under = table.c.key_id.in_({row.sealed.key_id for row in group})
            done += await self._transaction.scalar(
                select(func.count()).select_from(table).where(mine, under)
            )
        return done

    async def left(self) -> int:
        """Count the rows that are not under the newest key."""
        await self._keyring.refresh()
        return await self.under_other_keys(self._keyring.newest_id)

    async def under_other_keys(self, key_id: str) -> int:
        """Count the rows that are not under a key."""
        return sum([await self._under_others(table, key_id) for table in _SEALED])

    async def exist(self) -> bool:
        """Tell whether the database holds ciphertext."""
        for table in _SEALED:
            if await self._transaction.first(select(table.c.id).limit(1)) is not None:
                return True
        return False

    async def _under_others(self, table: Table, key_id: str) -> int:
        other = or_(table.c.key_id < key_id, table.c.key_id > key_id)  # two index ranges
        counted = select(func.count()).select_from(table).where(other)
        return int(await self._transaction.scalar(counted))

    async def _batch(self, batch_size: int, after: UUID | None) -> list[tuple[Table, AnyRow]]:
        """Return rows of both tables by their ids, each with its table."""
        found = []
        for table in _SEALED:
            statement = select(table).where(table.c.key_id != self._keyring.newest_id)
            if after is not None:
                statement = statement.where(table.c.id > after)
            rows = await self._transaction.all(statement.order_by(table.c.id).limit(batch_size))
            found += [(table, row) for row in rows]
        return sorted(found, key=lambda each: int(each[1].id))[:batch_size]

    async def _anew(self, table: Table, row: AnyRow) -> SealedAnew:
        """Seal one row anew; raises SecretUnreadable where no key opens it."""
        if table is secrets:
            context = SealContext(row.workspace_id, row.id, row.purpose, row.kind)
        else:
            context = context_of(row)
        await self._keyring.refresh(needed=row.key_id)
        sealed = self._keyring.seal(self._keyring.open(row.ciphertext, context), context)
        return SealedAnew(table, row.id, row.ciphertext, sealed)
