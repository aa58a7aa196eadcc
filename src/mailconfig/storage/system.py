"""Work over all workspaces: keys, retention, grants to renew. For loops and commands only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, delete, func, or_, select, update

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.domain.mailboxes import GrantStatus
from mailconfig.storage.contents import context_of
from mailconfig.storage.postboxes import PostboxUpkeep
from mailconfig.storage.sealing import Keyring, SealContext
from mailconfig.storage.sending import MessageUpkeep
from mailconfig.storage.tables import (
    configs,
    connection_tests,
    files,
    idempotency_keys,
    invitations,
    message_contents,
    oauth_authorizations,
    oauth_grants,
    password_resets,
    secrets,
    sessions,
)
from mailconfig.storage.transaction import AnyRow, Transaction
from mailconfig.storage.unsubscribing import UnsubscribeLinks

_SEALED: Final = (secrets, message_contents)
"""Tables that hold what the keyring sealed, each with `id`, `key_id` and `ciphertext`."""


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
        self.messages = MessageUpkeep(transaction)
        self.unsubscribe_links = UnsubscribeLinks(transaction)
        self.postboxes = PostboxUpkeep(transaction)

    async def rotate(self, batch_size: int, after: UUID | None = None) -> RotationProgress:
        """Seal one batch of secrets anew that are not under the newest key.

        The state of a rotation is in the rows: begin anywhere, stop anywhere, run it twice. A
        secret that somebody else changed or deleted meanwhile is left to them. `after` is the
        `last_id` of the batch before, so that unreadable secrets are not met again.
        """
        await self._keyring.refresh()
        rows = await self._batch(batch_size, after)
        done, unreadable = 0, []
        for row, table in rows:
            try:
                done += await self._rotate_one(row, table)
            except SecretUnreadable:
                unreadable.append(row.id)
        left = await self.secrets_of_other_keys(self._keyring.newest_id)
        last_id = rows[-1][0].id if len(rows) == batch_size else None
        return RotationProgress(done, left, tuple(unreadable), last_id)

    async def _batch(self, batch_size: int, after: UUID | None) -> list[tuple[AnyRow, Table]]:
        """Return rows of both tables by their ids, each with its table."""
        found = []
        for table in _SEALED:
            statement = select(table).where(table.c.key_id != self._keyring.newest_id)
            if after is not None:
                statement = statement.where(table.c.id > after)
            rows = await self._transaction.all(statement.order_by(table.c.id).limit(batch_size))
            found += [(row, table) for row in rows]
        return sorted(found, key=lambda each: int(each[0].id))[:batch_size]

    async def _rotate_one(self, row: AnyRow, table: Table) -> int:
        """Seal one secret anew, unless its ciphertext is not what we read any more."""
        if table is secrets:
            context = SealContext(row.workspace_id, row.id, row.purpose, row.kind)
        else:
            context = context_of(row)
        await self._keyring.refresh(needed=row.key_id)
        sealed = self._keyring.seal(self._keyring.open(row.ciphertext, context), context)
        unchanged = and_(table.c.id == row.id, table.c.ciphertext == row.ciphertext)
        values = {"ciphertext": sealed.ciphertext, "key_id": sealed.key_id}
        return await self._transaction.changed(update(table).where(unchanged).values(values))

    async def secrets_of_other_keys(self, key_id: str) -> int:
        """Count the secrets, and parts of contents of messages, that are not under a key."""
        return sum([await self._of_other_keys(table, key_id) for table in _SEALED])

    async def _of_other_keys(self, table: Table, key_id: str) -> int:
        other = or_(table.c.key_id < key_id, table.c.key_id > key_id)  # two index ranges
        counted = select(func.count()).select_from(table).where(other)
        return int(await self._transaction.scalar(counted))

    async def has_secrets(self) -> bool:
        """Tell whether the database holds ciphertext."""
        for table in _SEALED:
            if await self._transaction.first(select(table.c.id).limit(1)) is not None:
                return True
        return False

    async def workspace_of_config(self, config_id: UUID) -> UUID | None:
        """Return the workspace of a configuration; None where there is no such configuration."""
        found = select(configs.c.workspace_id).where(configs.c.id == config_id)
        row = await self._transaction.first(found)
        return None if row is None else row.workspace_id

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

    async def idle_grants(
        self, used_before: datetime, failed_before: datetime, limit: int
    ) -> list[tuple[UUID, UUID]]:
        """Return workspace and id of active grants whose refresh token has not been used lately.

        Leased ones are left out, and those whose last refresh failed since `failed_before`. The
        ones that were tried longest ago come first, so that those that fail keep none waiting.
        """
        grants = oauth_grants.c
        used = func.coalesce(grants.refreshed_at, grants.created_at)
        tried = func.coalesce(grants.failed_at, grants.refreshed_at, grants.created_at)
        rows = await self._transaction.all(
            select(grants.workspace_id, grants.id)
            .where(
                grants.status == GrantStatus.ACTIVE.value,
                grants.refresh_secret_id.is_not(None),
                used < used_before,
                or_(grants.failed_at.is_(None), grants.failed_at < failed_before),
                or_(grants.lease_until.is_(None), grants.lease_until < self._transaction.now),
            )
            .order_by(tried, grants.id)
            .limit(limit)
        )
        return [(row.workspace_id, row.id) for row in rows]

    async def expire_draft_tests(self, before: datetime) -> int:
        """Forget tests of drafts from before a moment; return how many."""
        draft = connection_tests.c.config_id.is_(None)
        return await self._delete_before(connection_tests.c.created_at, before, draft)

    async def _delete_before(
        self, column: Column[datetime], before: datetime, *also: ColumnElement[bool]
    ) -> int:
        return await self._transaction.changed(delete(column.table).where(column < before, *also))
