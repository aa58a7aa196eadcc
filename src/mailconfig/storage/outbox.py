"""The embedded queue: one table, and one statement that claims.

A job is due when its time has come and nobody's lease on it lasts. Claiming writes owner and lease
and does not take the job out, so that the jobs of a worker that died are due again by themselves.
Whoever has carried a job out takes it out, or gives it its next time, in the transaction that
changes the message.

SQLite lets one writer in at a time. On PostgreSQL claims pass by what others are claiming (SKIP
LOCKED). Moments are those of the process: the clocks of several machines may differ by far less
than a lease.

Must not: decide what becomes of a message.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio
from sqlalchemy import Select, Update, insert, null, or_, select, update

from mailconfig.domain.outbox import Job
from mailconfig.storage.database import Database, Work
from mailconfig.storage.tables import messages, outbox_jobs
from mailconfig.storage.transaction import Transaction

_JOBS: Final = outbox_jobs.c
_POLL_SECONDS: Final = 1.0
"""Longest time that nobody looks: jobs of other processes, later times and ended leases are not
told to anybody, and one indexed look a second costs nothing."""


class TableQueue:
    """Implements `domain.outbox.Queue` on the database; one for each process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._woken = anyio.Event()

    async def enqueue(self, work: Work, job: Job, due_at: datetime) -> None:
        """Let a message be due at a time; wakes this process's workers after the commit."""
        await work.jobs.put(job, due_at, self._wake)

    async def ensure(self, work: Work, job: Job, due_at: datetime) -> None:
        """Let a message without a job be due at a time."""
        await work.jobs.put(job, due_at, self._wake, replace=False)

    async def cancel(self, work: Work, message_ids: Sequence[UUID]) -> None:
        """Forget the jobs of messages, claimed ones too."""
        await work.jobs.remove(message_ids)

    async def claim(
        self, owner: str, most: int, lease_seconds: float, without: Collection[UUID] = ()
    ) -> list[Job]:
        """Take up to `most` jobs that are due, oldest first."""
        async with self._transaction() as transaction:
            now = transaction.now
            until = now + timedelta(seconds=lease_seconds)
            rows = await transaction.all(_claim(_due(most, now, without), owner, until))
        # RETURNING has no order of its own.
        rows = sorted(rows, key=lambda row: (row.due_at, row.message_id))
        return [Job(row.message_id, row.workspace_id, row.config_id) for row in rows]

    async def heartbeat(
        self, owner: str, message_ids: Iterable[UUID], lease_seconds: float
    ) -> frozenset[UUID]:
        """Prolong what is still the owner's, also where the lease is over and nobody took it."""
        ids = tuple(message_ids)
        if not ids:
            return frozenset()
        async with self._transaction() as transaction:
            until = transaction.now + timedelta(seconds=lease_seconds)
            rows = await transaction.all(
                update(outbox_jobs)
                .where(_JOBS.message_id.in_(ids), _JOBS.owner == owner)
                .values(lease_until=until)
                .returning(_JOBS.message_id)
            )
        return frozenset(row.message_id for row in rows)

    async def wait(self, seconds: float) -> None:
        """Return when this process put a due job in, at the latest after `seconds` or one."""
        woken = self._woken
        with anyio.move_on_after(min(seconds, _POLL_SECONDS)):
            await woken.wait()
        if woken.is_set() and woken is self._woken:
            self._woken = anyio.Event()

    async def tidy(self) -> None:
        """Have nothing to remove: jobs that are done are gone."""

    async def close(self) -> None:
        """Have nothing to let go of: waiting holds nothing open."""

    def _wake(self) -> None:
        self._woken.set()

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.queueing()


async def refill(transaction: Transaction) -> None:
    """Put a job in for each message that has not ended; the table has to be empty."""
    columns = messages.c
    nobody = (null().label("owner"), null().label("lease_until"))
    waiting = select(
        columns.id, columns.workspace_id, columns.config_id, columns.due_at, *nobody
    ).where(columns.ended_at.is_(None))
    names = ["message_id", "workspace_id", "config_id", "due_at", "owner", "lease_until"]
    await transaction.run(insert(outbox_jobs).from_select(names, waiting))


def _due(most: int, now: datetime, without: Collection[UUID]) -> Select[tuple[UUID]]:
    found = select(_JOBS.message_id).where(
        _JOBS.due_at <= now, or_(_JOBS.lease_until.is_(None), _JOBS.lease_until <= now)
    )
    if without:
        found = found.where(_JOBS.config_id.not_in(without))
    return found.order_by(_JOBS.due_at).limit(most).with_for_update(skip_locked=True)


def _claim(found: Select[tuple[UUID]], owner: str, until: datetime) -> Update:
    """Return the statement that claims.

    The jobs are chosen in a WITH, which PostgreSQL carries out once because of FOR UPDATE; as a
    plain subquery it could be carried out again and claim more.
    """
    due = found.cte("due")
    return (
        update(outbox_jobs)
        .where(_JOBS.message_id.in_(select(due.c.message_id)))
        .values(owner=owner, lease_until=until)
        .returning(outbox_jobs)
    )
