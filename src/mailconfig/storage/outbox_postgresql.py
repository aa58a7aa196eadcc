"""The queue on PostgreSQL: pgqueuer's tables and statements, without its worker loop (ADR 0032).

Jobs are put in and taken out on the caller's connection, so that they stand and fall with what else
the transaction does. A claim writes owner and heartbeat; the lease is over when the heartbeat is
older than whoever claims next allows, so that all workers have to be set to the same lease.
Moments are the database's: a due time is handed over as the time that is left until then, and the
clocks of several machines do not matter.

pgqueuer prolongs any job for anybody. Here only what is still the owner's is handed to it, under a
lock on those rows. A lease that is over and that nobody has taken is prolonged as well: a worker
that was held up has lost only what somebody else has by now.

Must not: decide what becomes of a message; read the environment, as pgqueuer's settings would; be
imported where the database is SQLite.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Self
from uuid import UUID, uuid5

import anyio
import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence import qb
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job as Row
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import Driver, NotifyCallback, TaskManagerPort
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy import MappingResult, TextClause, bindparam, select, text
from sqlalchemy.types import NullType

from mailconfig.domain.errors import Fault
from mailconfig.domain.outbox import Job
from mailconfig.storage.database import Database, Work
from mailconfig.storage.reads.postgres import PostgresLines, translated_postgres
from mailconfig.storage.settings import StorageSettings, database_url
from mailconfig.storage.tables import messages
from mailconfig.storage.transaction import Transaction

SCHEMA: Final = "mailconfig_queue"
"""Where pgqueuer's objects are: apart from our tables, which Alembic compares with our models."""
NAMES: Final = DBSettings(
    # All that has a name is given: what is not would be taken from variables like CHANNEL.
    prefix="",
    db_schema=SCHEMA,
    channel=Channel(SCHEMA),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.balanced,  # jobs survive a crash, the log of what was done need not
    widen_id=True,
)
_ANY_NUMBER: Final = EntrypointExecutionParameter(concurrency_limit=0)
"""How many may be claimed at once is for `services.sending` to say."""
_OWNERS: Final = UUID("0bd0a0ef-5d0c-4a3c-8b5e-6f5f6d1c7a52")
"""Namespace of the names of workers; pgqueuer wants them as UUIDs."""
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Priorities count seconds from here, and fit into 32 bits for 68 years."""
_POLL_SECONDS: Final = 1.0
"""Longest time that nobody looks: nobody is told that a later time has come or a lease has ended,
and one indexed look a second costs nothing."""
_ASK_SECONDS: Final = 60.0
"""How often the connection that listens is asked whether it lasts: a firewall that has forgotten an
idle one tells neither side, and many forget them after some minutes."""
_BATCH: Final = 500
"""Jobs that are put in by one statement."""
_INSERTED: Final = '"insert"'
"""What pgqueuer's notes to its channel have where jobs were put in."""
_JOBS: Final = NAMES.qualified.queue_table
_LOG: Final = NAMES.qualified.queue_table_log
_KEYED: Final = text(
    f"SELECT * FROM {_JOBS} WHERE dedupe_key = ANY(:keys)"  # noqa: S608 - ours  # nosec B608
    " AND status IN ('queued', 'picked') ORDER BY id FOR UPDATE"
)
_OWNED: Final = text(
    f"SELECT * FROM {_JOBS} WHERE queue_manager_id = :owner"  # noqa: S608 - ours  # nosec B608
    " AND status = 'picked'"
    " AND substring(payload FROM 1 FOR 16) = ANY(:messages) ORDER BY id FOR UPDATE"
)
_DUE: Final = text(
    f"(SELECT entrypoint FROM {_JOBS}"  # noqa: S608 - ours  # nosec B608
    " WHERE status = 'queued' AND execute_after < NOW() AND entrypoint <> ALL(:closed)"
    " ORDER BY priority DESC, id LIMIT :most)"
    f" UNION (SELECT entrypoint FROM {_JOBS}"
    " WHERE status = 'picked' AND heartbeat < NOW() - :lease AND entrypoint <> ALL(:closed)"
    " LIMIT :most)"
)
"""The accounts of the jobs that come next. pgqueuer looks for each kind of job by itself, so it is
given these only."""
_EMPTY_QUEUE: Final = text(f"DELETE FROM {_JOBS}")  # noqa: S608 - ours  # nosec B608
_EMPTY_LOG: Final = text(f"DELETE FROM {_LOG}")  # noqa: S608 - ours  # nosec B608
_NUMBERED: Final = re.compile(r"\$(\d+)")


def install() -> str:
    """Return the statements that lay pgqueuer's tables as the pinned version wants them."""
    return qb.QueryBuilderEnvironment(NAMES).build_install_query(create_schema=True)


async def refill(transaction: Transaction) -> None:
    """Put a job in for each message that has not ended, in the place of all jobs there are."""
    queries = _queries(transaction, qb.QueryQueueBuilder(NAMES))
    await transaction.run(_EMPTY_QUEUE)
    async for found in _open_jobs(transaction):
        due = [due_at for _, due_at in found]
        await queries.enqueue(
            [str(_entrypoint(job)) for job, _ in found],
            [_payload(job) for job, _ in found],
            [_priority(due_at) for due_at in due],
            [due_at - transaction.now for due_at in due],
            [_key(job.workspace_id, job.message_id) for job, _ in found],
        )


async def _open_jobs(transaction: Transaction) -> AsyncIterator[list[tuple[Job, datetime]]]:
    """Yield jobs of messages that have not ended, some at a time, with their times."""
    columns = messages.c
    statement = (
        select(columns.id, columns.workspace_id, columns.config_id, columns.due_at)
        .where(columns.ended_at.is_(None))
        .order_by(columns.id)
        .limit(_BATCH)
    )
    rows = await transaction.all(statement)
    while rows:
        # asyncpg has a class of its own for ids.
        jobs = [Job(*(UUID(bytes=id.bytes) for id in row[:3])) for row in rows]
        yield list(zip(jobs, [row.due_at for row in rows], strict=True))
        rows = await transaction.all(statement.where(columns.id > rows[-1].id))


class PostgresQueue:
    """Implements `domain.outbox.Queue`; one for each process, with one connection that listens."""

    def __init__(
        self, database: Database, settings: StorageSettings, poll_seconds: float = _POLL_SECONDS
    ) -> None:
        """Connect nothing yet; `poll_seconds` bounds each wait."""
        self._database = database
        self._poll_seconds = poll_seconds
        self._statements = qb.QueryQueueBuilder(NAMES)
        self._woken = anyio.Event()
        self._lines = PostgresLines(database_url(settings), 1, settings.wait_seconds)
        self._connecting = anyio.Lock()
        self._ear: asyncpg.Connection[Any] | None = None
        self._ask_at = 0.0
        self._held = AsyncExitStack()

    async def enqueue(self, work: Work, job: Job, due_at: datetime) -> None:
        """Let a message be due at a time; raises Fault for a message of another workspace."""
        if not await self._put(work, job, due_at):
            await self.cancel(work, [job.message_id])
            if not await self._put(work, job, due_at):
                raise Fault("Two transactions put the same job in.")

    async def ensure(self, work: Work, job: Job, due_at: datetime) -> None:
        """Let a message without a job be due at a time; raises Fault as `enqueue` does."""
        await self._put(work, job, due_at)

    async def cancel(self, work: Work, message_ids: Sequence[UUID]) -> None:
        """Forget the jobs of messages, claimed ones too."""
        transaction = _transaction(work)
        keys = [_key(work.workspace_id, id) for id in message_ids]
        rows = (await transaction.run(_KEYED.bindparams(keys=keys))).mappings()
        found = _rows(rows)
        if found:
            await self._queries(transaction).log_jobs([(row, "deleted", None) for row in found])

    async def claim(
        self, owner: str, most: int, lease_seconds: float, without: Collection[UUID] = ()
    ) -> list[Job]:
        """Take up to `most` jobs that are due, oldest first, by the second."""
        if most < 1:
            return []
        lease = timedelta(seconds=lease_seconds)
        closed = [id.hex for id in without]
        due = _DUE.bindparams(most=most, lease=lease, closed=closed)
        async with self._database.queueing() as transaction:
            accounts = {QueueEntrypoint(row.entrypoint) for row in await transaction.run(due)}
            if not accounts:
                return []
            rows = await self._queries(transaction).dequeue(
                most, dict.fromkeys(sorted(accounts), _ANY_NUMBER), _name(owner), None, lease
            )
        return [_job(row) for row in rows]

    async def heartbeat(
        self,
        owner: str,
        message_ids: Iterable[UUID],
        lease_seconds: float,  # noqa: ARG002 - who claims says how long a heartbeat counts
    ) -> frozenset[UUID]:
        """Prolong what is still the owner's, also where the lease is over and nobody took it."""
        ids = [id.bytes for id in message_ids]
        if not ids:
            return frozenset()
        owned = _OWNED.bindparams(owner=_name(owner), messages=ids)
        async with self._database.queueing() as transaction:
            rows = _rows((await transaction.run(owned)).mappings())
            await self._queries(transaction).update_heartbeat([JobId(row.id) for row in rows])
        return frozenset(_job(row).message_id for row in rows)

    async def wait(self, seconds: float) -> None:
        """Return when anybody put a job in, at the latest after `seconds` or one."""
        woken = self._woken
        with anyio.move_on_after(min(seconds, self._poll_seconds)):
            # What was put in before this connection listened was not heard of.
            if not await self._listens_anew():
                await woken.wait()
        if woken.is_set() and woken is self._woken:
            self._woken = anyio.Event()

    async def tidy(self) -> None:
        """Empty pgqueuer's own log, which nothing reads; to be called now and then."""
        async with self._database.queueing() as transaction:
            await transaction.run(_EMPTY_LOG)

    async def close(self) -> None:
        """Close the connection that listens."""
        self._ear = None
        await self._lines.close()
        await self._held.aclose()

    async def _put(self, work: Work, job: Job, due_at: datetime) -> bool:
        """Put a job in; False where the message has one. Raises Fault for another workspace's."""
        if job.workspace_id != work.workspace_id:
            raise Fault("A job belongs to the workspace of its message.")
        transaction = _transaction(work)
        ids = await self._queries(transaction).enqueue(
            _entrypoint(job),
            _payload(job),
            priority=_priority(due_at),
            execute_after=due_at - transaction.now,
            dedupe_key=_key(job.workspace_id, job.message_id),
            on_conflict="skip",
        )
        return ids[0] is not None

    def _queries(self, transaction: Transaction) -> Queries:
        return _queries(transaction, self._statements)

    async def _listens_anew(self) -> bool:
        """Listen, unless that is so; False too where the database cannot be reached now."""
        async with self._connecting:
            with suppress(Fault), translated_postgres("LISTEN"):  # the next claim says so
                if await self._listens():
                    return False
                await self._held.aclose()
                ear = await self._held.enter_async_context(self._lines.connection(fresh=True))
                await AsyncpgDriver(ear).add_listener(NAMES.channel, self._heard)
                self._listening(ear)
                return True
            return False

    async def _listens(self) -> bool:
        """Tell whether the connection lasts; it is asked now and then."""
        ear = self._ear
        if ear is None or ear.is_closed():
            return False
        if asyncio.get_running_loop().time() < self._ask_at:
            return True
        self._ear = None  # where no answer comes before the wait is over, it stays so
        await ear.execute("SELECT 1")
        self._listening(ear)
        return True

    def _listening(self, ear: "asyncpg.Connection[Any]") -> None:
        self._ear, self._ask_at = ear, asyncio.get_running_loop().time() + _ASK_SECONDS

    def _heard(self, payload: str | bytes | bytearray) -> None:
        """Wake who waits; pgqueuer tells of what is taken out as well."""
        if _INSERTED in str(payload):
            self._woken.set()


class _Statements(Driver):
    """Carries pgqueuer's statements out in a transaction of ours, which translates the errors.

    On SQLAlchemy's raw connection they would not be in it before its own first statement began it.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        result = await self._transaction.run(_bound(query, args))
        return [dict(row) for row in result.mappings()]

    async def execute(self, query: str, *args: object) -> str:
        """Return nothing of PostgreSQL's tag: nobody reads it."""
        await self._transaction.run(_bound(query, args))
        return ""

    # What follows is for pgqueuer's worker loop, which is not used.

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise NotImplementedError

    async def notify(self, channel: str, payload: str) -> None:
        raise NotImplementedError

    @property
    def shutdown(self) -> asyncio.Event:
        raise NotImplementedError

    @property
    def tm(self) -> TaskManagerPort:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


@cache
def _named(query: str) -> TextClause:
    """Name the numbered arguments of a statement; there are a handful of statements.

    In brackets: a name that a cast follows is none to SQLAlchemy.
    """
    return text(_NUMBERED.sub(r"(:p\1)", query))


def _bound(query: str, args: Sequence[object]) -> TextClause:
    """Bind arguments without a type of SQLAlchemy's, which it would add casts for."""
    given = [bindparam(f"p{place}", value, NullType()) for place, value in enumerate(args, 1)]
    return _named(query).bindparams(*given)


def _queries(transaction: Transaction, statements: qb.QueryQueueBuilder) -> Queries:
    return Queries(
        _Statements(transaction),
        qbe=qb.QueryBuilderEnvironment(NAMES),
        qbq=statements,
        qbs=qb.QuerySchedulerBuilder(NAMES),
    )


def _transaction(work: Work) -> Transaction:
    return work.jobs._transaction  # noqa: SLF001 - jobs are put in beside the repositories


def _rows(found: MappingResult | Iterable[Mapping[str, object]]) -> list[Row]:
    return [Row.model_validate(dict(row)) for row in found]


def _key(workspace_id: UUID, message_id: UUID) -> str:
    """Name a message's only job; whoever names it has to know the workspace."""
    return f"{workspace_id}/{message_id}"


def _priority(due_at: datetime) -> int:
    """Let pgqueuer, which takes the highest priority first, take what was due first."""
    return -int((due_at - _EPOCH).total_seconds())


def _name(owner: str) -> QueueManagerId:
    return QueueManagerId(uuid5(_OWNERS, owner))


def _entrypoint(job: Job) -> QueueEntrypoint:
    """Let each account be a kind of job, so that some can be left out of a claim."""
    return QueueEntrypoint(job.config_id.hex)


def _payload(job: Job) -> bytes:
    return job.message_id.bytes + job.workspace_id.bytes + job.config_id.bytes


def _job(row: Row) -> Job:
    ids = row.payload or b""
    return Job(UUID(bytes=ids[:16]), UUID(bytes=ids[16:32]), UUID(bytes=ids[32:]))
