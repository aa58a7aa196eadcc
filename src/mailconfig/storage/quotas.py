"""Quotas of one workspace: what its row says, and what is used.

What happens within a day is counted in the trail, which nobody can change: tests that were pruned
count as well.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.workspaces import Limits, Quota
from mailconfig.storage.tables import audit_events, configs, files, workspaces
from mailconfig.storage.transaction import Transaction

_COLUMNS: Final = {
    Quota.CONFIGS: workspaces.c.max_configs,
    Quota.FILE_BYTES: workspaces.c.max_file_bytes,
    Quota.TESTS_PER_DAY: workspaces.c.max_tests_per_day,
    Quota.MESSAGES_PER_DAY: workspaces.c.max_messages_per_day,
}
_ACTIONS: Final = {Quota.TESTS_PER_DAY: "test.start", Quota.MESSAGES_PER_DAY: "message.send"}
"""Events of the trail that count."""
_DAY: Final = timedelta(days=1)


class QuotaRepository:
    """Reads and sets quotas, and counts."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def limits(self) -> Limits:
        """Return what the workspace's row says: 0 for no limit, None for the operator's default.

        Raises NotFound for a workspace that is gone.
        """
        row = await self._transaction.first(
            select(*_COLUMNS.values()).where(workspaces.c.id == self._workspace_id)
        )
        if row is None:
            raise NotFound
        return dict(zip(_COLUMNS, row, strict=True))

    async def set(self, limits: Limits) -> None:
        """Change the quotas that are named; None returns to the operator's default."""
        values = {_COLUMNS[quota].name: limit for quota, limit in limits.items()}
        if values:
            mine = workspaces.c.id == self._workspace_id
            await self._transaction.run(update(workspaces).where(mine).values(values))

    async def used(self, quota: Quota) -> int:
        """Return how much of a quota is used."""
        match quota:
            case Quota.CONFIGS:
                statement = select(func.count()).select_from(configs)
                statement = statement.where(configs.c.workspace_id == self._workspace_id)
            case Quota.FILE_BYTES:
                statement = select(func.coalesce(func.sum(files.c.size), 0))
                statement = statement.where(files.c.workspace_id == self._workspace_id)
            case _:
                statement = select(func.count()).select_from(audit_events)
                statement = statement.where(
                    audit_events.c.workspace_id == self._workspace_id,
                    audit_events.c.created_at > self._transaction.now - _DAY,
                    audit_events.c.action == _ACTIONS[quota],
                )
        return int(await self._transaction.scalar(statement))
