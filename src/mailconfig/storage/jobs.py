"""Jobs of the embedded queue within the transaction of a workspace; see `storage.outbox`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete

from mailconfig.domain.outbox import Job
from mailconfig.storage.tables import outbox_jobs
from mailconfig.storage.transaction import Transaction


class JobRepository:
    """Puts jobs in and takes them out."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def put(
        self, job: Job, due_at: datetime, committed: Callable[[], None], *, replace: bool = True
    ) -> None:
        """Store the job of a message of this workspace in the place of the one it has.

        Without `replace` the one that it has stays. `committed` is called after the commit, where
        the job is due by then. Raises Fault for a message of another workspace.
        """
        row = {
            "message_id": job.message_id,
            "workspace_id": self._workspace_id,
            "config_id": job.config_id,
            "due_at": due_at,
            "owner": None,
            "lease_until": None,
        }
        statement = self._transaction.upsert(outbox_jobs).values(row)
        changing = {name: row[name] for name in ("due_at", "owner", "lease_until")}
        mine = outbox_jobs.c.workspace_id == self._workspace_id
        if replace:
            statement = statement.on_conflict_do_update(
                index_elements=["message_id"], set_=changing, where=mine
            )
        else:
            statement = statement.on_conflict_do_nothing(index_elements=["message_id"])
        await self._transaction.run(statement)
        if due_at <= self._transaction.now:
            self._transaction.after_commit.append(committed)

    async def remove(self, message_ids: Sequence[UUID]) -> int:
        """Take the jobs of messages out, claimed ones too; return how many there were."""
        columns = outbox_jobs.c
        mine = and_(columns.workspace_id == self._workspace_id, columns.message_id.in_(message_ids))
        return await self._transaction.changed(delete(outbox_jobs).where(mine))
