"""Work over all workspaces: rotation of keys and retention. For loops and commands only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, and_, delete, func, or_, select, update

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.storage.sealing import Keyring, SealContext
from mailconfig.storage.tables import (
    connection_tests,
    files,
    idempotency_keys,
    invitations,
    oauth_authorizations,
    password_resets,
    secrets,
    sessions,
)
from mailconfig.storage.transaction import AnyRow, Transaction


@dataclass(frozen=True, slots=True)
class RotationProgress:
    """How one batch of a rotation went."""

    done: int
    """Secrets of this batch that are under the newest key now."""
    left: int
    """Secrets under other keys when the batch was over, unreadable ones included."""
    unreadable: tuple[UUID, ...]
    """Secrets of this batch that no key opens; they were left as they are."""
    last_id: UUID | None
    """Where the next batch begins; None when there is no next one."""


class SystemRepository:
    """Rotates secrets and removes what has had its time."""

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._transaction = transaction
        self._keyring = keyring

    async def rotate(self, batch_size: int, after: UUID | None = None) -> RotationProgress:
        """Seal one batch of secrets anew that are not under the newest key.

        The state of a rotation is in the rows: begin anywhere, stop anywhere, run it twice. A
        secret that somebody else changed or deleted meanwhile is left to them. `after` is the
        `last_id` of the batch before, so that unreadable secrets are not met again.
        """
        await self._keyring.refresh()
        rows = await self._transaction.all(self._batch(batch_size, after))
        done, unreadable = 0, []
        for row in rows:
            try:
                done += await self._rotate_one(row)
            except SecretUnreadable:
                unreadable.append(row.id)
        left = await self.secrets_of_other_keys(self._keyring.newest_id)
        last_id = rows[-1].id if len(rows) == batch_size else None
        return RotationProgress(done, left, tuple(unreadable), last_id)

    def _batch(self, batch_size: int, after: UUID | None) -> Select[Any]:
        other = secrets.c.key_id != self._keyring.newest_id
        statement = select(secrets).where(other).order_by(secrets.c.id).limit(batch_size)
        return statement if after is None else statement.where(secrets.c.id > after)

    async def _rotate_one(self, row: AnyRow) -> int:
        """Seal one secret anew, unless its ciphertext is not what we read any more."""
        context = SealContext(row.workspace_id, row.id, row.purpose, row.kind)
        await self._keyring.refresh(needed=row.key_id)
        sealed = self._keyring.seal(self._keyring.open(row.ciphertext, context), context)
        unchanged = and_(secrets.c.id == row.id, secrets.c.ciphertext == row.ciphertext)
        values = {"ciphertext": sealed.ciphertext, "key_id": sealed.key_id}
        return await self._transaction.changed(update(secrets).where(unchanged).values(values))

    async def secrets_of_other_keys(self, key_id: str) -> int:
        """Count the secrets that are not under a key."""
        other = or_(secrets.c.key_id < key_id, secrets.c.key_id > key_id)  # two index ranges
        return int(
            await self._transaction.scalar(select(func.count()).select_from(secrets).where(other))
        )

    async def has_secrets(self) -> bool:
        """Tell whether the database holds ciphertext."""
        return await self._transaction.first(select(secrets.c.id).limit(1)) is not None

    async def expired_files(self, before: datetime, limit: int) -> list[tuple[UUID, UUID, str]]:
        """Return workspace, file and blob of files from before a moment that nothing refers to."""
        rows = await self._transaction.all(
            select(files.c.workspace_id, files.c.id, files.c.blob)
            .where(files.c.config_id.is_(None), files.c.created_at < before)
            .order_by(files.c.created_at)
            .limit(limit)
        )
        return [(row.workspace_id, row.id, row.blob) for row in rows]

    async def delete_files(self, ids: Collection[UUID]) -> tuple[str, ...]:
        """Remove files and their data keys, unless they were attached meanwhile.

        Returns the blobs to delete when the transaction is over: only these.
        """
        removed = await self._transaction.all(
            delete(files)
            .where(files.c.id.in_(tuple(ids)), files.c.config_id.is_(None))
            .returning(files.c.blob, files.c.secret_id)
        )
        keys = [row.secret_id for row in removed]
        await self._transaction.run(delete(secrets).where(secrets.c.id.in_(keys)))
        return tuple(row.blob for row in removed)

    async def expire_idempotency(self, before: datetime) -> int:
        """Forget keys from before a moment; return how many."""
        return await self._delete_before(idempotency_keys.c.created_at, before)

    async def expire_sessions(self, before: datetime) -> int:
        """Forget sessions that ended before a moment; return how many."""
        return await self._delete_before(sessions.c.expires_at, before)

    async def expire_authorizations(self, before: datetime) -> int:
        """Forget flows with providers that ended before a moment; return how many."""
        return await self._delete_before(oauth_authorizations.c.expires_at, before)

    async def expire_resets(self, before: datetime) -> int:
        """Forget tokens that set passwords and ended before a moment; return how many."""
        return await self._delete_before(password_resets.c.expires_at, before)

    async def expire_invitations(self, before: datetime) -> int:
        """Forget invitations that ended before a moment, with their addresses; return how many."""
        return await self._delete_before(invitations.c.expires_at, before)

    async def expire_draft_tests(self, before: datetime) -> int:
        """Forget tests of drafts from before a moment; return how many."""
        draft = connection_tests.c.config_id.is_(None)
        return await self._delete_before(connection_tests.c.created_at, before, draft)

    async def _delete_before(
        self, column: Column[datetime], before: datetime, *also: ColumnElement[bool]
    ) -> int:
        return await self._transaction.changed(delete(column.table).where(column < before, *also))
