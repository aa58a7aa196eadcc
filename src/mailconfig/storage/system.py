"""Work over all workspaces: keys, retention, grants to renew. For loops and commands only."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ColumnElement, delete, func, or_, select

from mailconfig.domain.mailboxes import GrantStatus
from mailconfig.storage.postboxes import PostboxUpkeep
from mailconfig.storage.resealing import SealedRows
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.sending import MessageUpkeep
from mailconfig.storage.tables import (
    configs,
    connection_tests,
    files,
    idempotency_keys,
    invitations,
    oauth_authorizations,
    oauth_grants,
    password_resets,
    secrets,
    sessions,
)
from mailconfig.storage.transaction import Transaction
from mailconfig.storage.unsubscribing import UnsubscribeLinks


class SystemRepository:
    """Rotates secrets and removes what has had its time."""

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._transaction = transaction
        self.sealed = SealedRows(transaction, keyring)
        self.messages = MessageUpkeep(transaction)
        self.unsubscribe_links = UnsubscribeLinks(transaction)
        self.postboxes = PostboxUpkeep(transaction)

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
