"""Links by which recipients unsubscribe: stored with their message, found by whoever has one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select

from mailconfig.domain.unsubscribing import UnsubscribeLink
from mailconfig.storage.tables import unsubscribe_links
from mailconfig.storage.transaction import Transaction


class UnsubscribeLinkRepository:
    """Adds links of one workspace."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def insert(self, token_sha256: str, address: str, message_id: UUID) -> None:
        """Store the link of a message."""
        row = {
            "token_sha256": token_sha256,
            "workspace_id": self._workspace_id,
            "address": address,
            "message_id": message_id,
            "created_at": self._transaction.now,
        }
        await self._transaction.run(insert(unsubscribe_links).values(row))


class UnsubscribeLinks:
    """Links of all workspaces: whoever comes with one says no workspace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, token_sha256: str) -> UnsubscribeLink | None:
        """Return what a link stands for; None for one that is unknown or too old."""
        row = await self._transaction.first(
            select(unsubscribe_links).where(unsubscribe_links.c.token_sha256 == token_sha256)
        )
        if row is None:
            return None
        return UnsubscribeLink(row.workspace_id, row.address, row.message_id)

    async def expire(self, before: datetime) -> int:
        """Forget links that were made before a moment; return how many."""
        old = unsubscribe_links.c.created_at < before
        return await self._transaction.changed(delete(unsubscribe_links).where(old))
