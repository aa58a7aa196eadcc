"""The queue on PostgreSQL: in the caller's transaction, told at once, back when a lease ends.

The database's clock counts here, so time passes by moving what the queue has written down.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, delete, text

from kit.database import KEY_TEXT
from kit.outgoing import Office, opened
from kit.records import make_message, make_tenant
from kit.silence import Silence
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault, NotFound
from mailconfig.domain.messages import Message, MessageEvent
from mailconfig.domain.outbox import Job, job_of
from mailconfig.storage import migration, outbox_postgresql
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.inspecting import inspect_database
from mailconfig.storage.messages import Change
from mailconfig.storage.outbox_postgresql import PostgresQueue
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.settings import database_url
from mailconfig.storage.tables import configs

pytestmark = pytest.mark.parametrize("engine", ["postgresql"])

ROOT = Path(__file__).parents[2]
TAKEOVER_SECONDS = 10.0
"""Issue 6: jobs of a worker that was killed are taken over within this."""
JOBS = "SELECT count(*) FROM mailconfig_queue.pgqueuer"
NOTES = "SELECT count(*) FROM mailconfig_queue.pgqueuer_log"
NEVER = 60.0
"""Longer than any test waits: who returns earlier was told."""
HOLDER = """
import asyncio, sys
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.outbox_postgresql import PostgresQueue
from mailconfig.storage.sealing import Keyring

async def main():
    settings = StorageSettings(sys.argv[1])
    queue = PostgresQueue(Database.open(settings, Keyring.of_text(sys.argv[2])), settings)
    print(*[job.message_id for job in await queue.claim("killed", 10, 2)], flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
"""A worker that claims once, for two seconds, and waits to be killed."""


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with an account."""
    async with opened(storage_settings, keyring, utc_now()) as made:
        yield made


@pytest.fixture
async def queue(office: Office, storage_settings: StorageSettings) -> AsyncIterator[PostgresQueue]:
    """The queue of one process, which does not look by itself."""
    made = PostgresQueue(office.database, storage_settings, poll_seconds=NEVER)
    yield made
    await made.close()


async def put(office: Office, queue: PostgresQueue, job: Job, seconds: float = 0) -> None:
    """Put a job in that is due in some seconds."""
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.enqueue(work, job, office.clock.now + timedelta(seconds=seconds))


async def enqueued(office: Office, queue: PostgresQueue, seconds: float = 0) -> Message:
    """Take a message in that is due in some seconds."""
    message = await office.taken_in()
    await put(office, queue, job_of(message), seconds)
    return message


async def carried_out(office: Office, statement: str, **values: object) -> list[Any]:
    """Carry out a statement of a test."""
    async with office.database.queueing() as transaction:
        result = await transaction.run(text(statement).bindparams(**values))
        return list(result) if result.returns_rows else []


async def passed(office: Office, seconds: float) -> None:
    """Let time pass, in the queue."""
    await carried_out(
        office,
        "UPDATE mailconfig_queue.pgqueuer SET heartbeat = heartbeat - CAST(:time AS interval),"
        " execute_after = execute_after - CAST(:time AS interval)",
        time=timedelta(seconds=seconds),
    )


async def kept(office: Office, counted: str = JOBS) -> int:
    """Count the rows of one of pgqueuer's tables."""
    rows = await carried_out(office, counted)
    return int(rows[0][0])


def told(event: asyncio.Event, _connection: object) -> None:
    """Set an event when a connection has ended."""
    event.set()


async def test_jobs_come_oldest_first_when_they_are_due(
    office: Office, queue: PostgresQueue
) -> None:
    """At most as many as are asked for, none before its time, each to one owner."""
    third = await enqueued(office, queue, -1)
    first = await enqueued(office, queue, -3)
    second = await enqueued(office, queue, -2)
    later = await enqueued(office, queue, 1000)
    assert await queue.claim("a", 0, 30) == []
    assert await queue.claim("a", 2, 30) == [job_of(first), job_of(second)]
    assert await queue.claim("b", 10, 30) == [job_of(third)]
    assert await queue.claim("b", 10, 2000) == []
    await passed(office, 1000)
    assert await queue.claim("b", 10, 2000) == [job_of(later)]


async def test_a_job_goes_back_with_the_message(office: Office, queue: PostgresQueue) -> None:
    """Where the transaction fails there is neither."""
    new = make_message(office.tenant, office.config_id)

    async def put_and_fail() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await work.messages.add(new)
            await queue.enqueue(work, job_of(new.message), office.clock.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await put_and_fail()
    assert await kept(office) == 0
    with pytest.raises(NotFound):
        await office.read(new.message.id)


@pytest.mark.parametrize("claimed", [False, True], ids=["waiting", "claimed"])
async def test_a_job_is_taken_out_with_the_transaction(
    office: Office, queue: PostgresQueue, claimed: bool
) -> None:
    """Cancelled as the transaction's first statement: undone with it, and gone after its commit."""
    message = await enqueued(office, queue)
    if claimed:
        assert await queue.claim("a", 10, 30) == [job_of(message)]

    async def cancel_and_fail() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await queue.cancel(work, [message.id])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await cancel_and_fail()
    assert await kept(office) == 1
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.cancel(work, [message.id, uuid4()])
    assert await kept(office) == 0


async def test_a_message_has_one_job(office: Office, queue: PostgresQueue) -> None:
    """Putting it in again replaces its time, and frees it from whoever had it."""
    message = await enqueued(office, queue)
    assert await queue.claim("a", 10, 30) == [job_of(message)]
    await put(office, queue, job_of(message), 1000)
    assert await kept(office) == 1
    assert await queue.heartbeat("a", [message.id], 2000) == frozenset()
    assert await queue.claim("b", 10, 2000) == []
    await passed(office, 1000)
    assert await queue.claim("b", 10, 2000) == [job_of(message)]


async def test_a_message_that_has_a_job_keeps_it(office: Office, queue: PostgresQueue) -> None:
    """Ensured, it gets one where it has none, and otherwise time and owner stay."""
    message, other = await enqueued(office, queue), await office.taken_in()
    assert await queue.claim("a", 10, 30) == [job_of(message)]
    async with office.database.work(office.tenant.workspace_id) as work:
        for each in (message, other, other):
            await queue.ensure(work, job_of(each), office.clock.now)
    assert await queue.heartbeat("a", [message.id], 30) == {message.id}
    assert await queue.claim("b", 10, 30) == [job_of(other)]


async def test_batches_share_nothing(office: Office, queue: PostgresQueue) -> None:
    """Four workers that claim at once get each job once."""
    jobs = {job_of(await enqueued(office, queue)) for _ in range(20)}
    claims = await asyncio.gather(*(queue.claim(owner, 5, 30) for owner in "abcd"))
    assert [len(claim) for claim in claims] == [5, 5, 5, 5]
    assert {job for claim in claims for job in claim} == jobs


async def test_heartbeats_keep_only_what_is_ones_own(office: Office, queue: PostgresQueue) -> None:
    """Prolonged it stays; once it is over its owner loses it to whoever comes, and only then."""
    mine, lapsed = await enqueued(office, queue, -2), await enqueued(office, queue, -1)
    both = [mine.id, lapsed.id]
    assert len(await queue.claim("a", 10, 30)) == 2
    await passed(office, 20)
    assert await queue.heartbeat("a", [mine.id], 30) == {mine.id}
    await passed(office, 20)
    assert await queue.claim("b", 10, 30) == [job_of(lapsed)]
    assert await queue.heartbeat("a", both, 30) == {mine.id}
    await passed(office, 3600)
    assert await queue.heartbeat("a", both, 30) == {mine.id}
    assert await queue.claim("c", 10, 30) == [job_of(lapsed)]
    before = await carried_out(office, "SELECT id, heartbeat FROM mailconfig_queue.pgqueuer")
    assert await queue.heartbeat("b", both, 30) == frozenset()
    assert await queue.heartbeat("a", [], 30) == frozenset()
    assert before == await carried_out(
        office, "SELECT id, heartbeat FROM mailconfig_queue.pgqueuer"
    )


async def test_waiting_workers_are_told_by_others(
    office: Office, queue: PostgresQueue, storage_settings: StorageSettings
) -> None:
    """A commit of another process wakes whoever waits, also after the connection was lost."""
    other = PostgresQueue(office.database, storage_settings)
    await queue.wait(NEVER)  # connects, and looks once
    for _ in range(2):
        async with asyncio.timeout(TAKEOVER_SECONDS):
            waiting = asyncio.create_task(queue.wait(NEVER))
            await asyncio.sleep(0)
            message = await enqueued(office, other)
            await waiting
        assert await queue.claim("a", 10, 30) == [job_of(message)]
        lost = asyncio.Event()
        assert queue._ear is not None
        queue._ear.add_termination_listener(partial(told, lost))
        await carried_out(
            office,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        async with asyncio.timeout(TAKEOVER_SECONDS):
            await lost.wait()
            await queue.wait(NEVER)  # connects anew
    await other.close()


async def test_a_connection_that_nobody_ended_is_missed(
    office: Office, storage_settings: StorageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall forgets it and tells nobody: it is asked now and then, and replaced."""
    monkeypatch.setattr(outbox_postgresql, "_ASK_SECONDS", 0)
    async with Silence.before(storage_settings) as (silence, behind):
        queue = PostgresQueue(office.database, behind)
        for _ in range(2):
            await queue.wait(NEVER)
        heard = queue._ear
        assert heard is not None
        silence.falls()
        await queue.wait(NEVER)  # asks, and hears nothing within a second
        assert queue._ear is None
        silence.ends()
        await queue.wait(NEVER)
        assert queue._ear not in {None, heard}
        await queue.close()


async def test_it_can_be_used_again_after_it_was_closed(
    office: Office, queue: PostgresQueue
) -> None:
    """A worker that ends closes it, and one that begins in the same process opens it anew."""
    for _ in range(2):
        await queue.wait(NEVER)
        ear = queue._ear
        assert ear is not None
        await queue.close()
        assert (queue._ear, ear.is_closed()) == (None, True)
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname ="
    async with asyncio.timeout(TAKEOVER_SECONDS):
        while await kept(office, f"{listening} current_database()"):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.05)


async def test_waiting_ends_by_itself(office: Office, storage_settings: StorageSettings) -> None:
    """Nobody tells of times that come and leases that end, nor while there is no database."""
    queue = PostgresQueue(office.database, storage_settings)
    url = database_url(storage_settings).set(port=1)
    lost = StorageSettings(url.render_as_string(hide_password=False))
    cut_off = PostgresQueue(office.database, lost)
    async with asyncio.timeout(TAKEOVER_SECONDS):
        for _ in range(2):
            await queue.wait(NEVER)
            await cut_off.wait(NEVER)
    await queue.close()
    await cut_off.close()


async def test_jobs_of_a_killed_worker_are_taken_over(
    office: Office, queue: PostgresQueue, storage_settings: StorageSettings
) -> None:
    """Within ten seconds after kill -9, and not before its lease is over."""
    message = await enqueued(office, queue)
    arguments = (sys.executable, "-c", HOLDER, storage_settings.url, KEY_TEXT)
    worker = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert await worker.stdout.readline() == f"{message.id}\n".encode()
    worker.kill()
    await worker.wait()
    assert await queue.claim("heir", 10, 3600) == []
    heir = PostgresQueue(office.database, storage_settings)  # looks once a second
    async with asyncio.timeout(TAKEOVER_SECONDS):
        while not (jobs := await heir.claim("heir", 10, 2)):
            await heir.wait(NEVER)
    await heir.close()
    assert jobs == [job_of(message)]


async def test_jobs_stay_in_their_workspace(office: Office, queue: PostgresQueue) -> None:
    """Nobody puts in or takes out what belongs to another workspace."""
    message = await enqueued(office, queue)
    stranger = await make_tenant(office.database, "other")
    with pytest.raises(Fault):
        await put(office, queue, replace(job_of(message), workspace_id=stranger.workspace_id))
    async with office.database.work(stranger.workspace_id) as work:
        await queue.cancel(work, [message.id])
    assert await queue.claim("a", 10, 30) == [job_of(message)]


async def test_jobs_go_with_their_messages(office: Office, queue: PostgresQueue) -> None:
    """Where an account is removed with its messages, nothing of them stays in the queue."""
    message = await enqueued(office, queue)
    await enqueued(office, queue)
    await queue.claim("a", 1, 30)
    async with office.database.queueing() as transaction:
        await transaction.run(delete(configs).where(configs.c.id == message.config_id))
    assert await kept(office) == 0


async def test_the_log_is_emptied(office: Office, queue: PostgresQueue) -> None:
    """What pgqueuer notes of each step goes; jobs stay."""
    await enqueued(office, queue)
    assert await kept(office, NOTES) == 1
    await queue.tidy()
    assert (await kept(office, NOTES), await kept(office)) == (0, 1)


async def test_messages_that_wait_get_jobs_again(
    office: Office, queue: PostgresQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that have not ended, each one, at its time; whatever was in the queue is gone."""
    monkeypatch.setattr(outbox_postgresql, "_BATCH", 2)
    start = office.clock.now
    due = [await office.taken_in(due_at=start - timedelta(seconds=place)) for place in range(5)]
    later = await office.taken_in(due_at=start + timedelta(seconds=1000))
    over = await enqueued(office, queue)
    await put(office, queue, job_of(due[0]), -50)
    await queue.claim("a", 1, 30)
    async with office.database.work(office.tenant.workspace_id) as work:
        assert await work.messages.apply(over.id, Change(MessageEvent.CANCEL))
    async with office.database.queueing() as transaction:
        await outbox_postgresql.refill(transaction)
    assert await kept(office) == 6
    assert await queue.claim("b", 10, 30) == [job_of(message) for message in reversed(due)]
    await passed(office, 1000)
    assert await queue.claim("b", 10, 2000) == [job_of(later)]


async def test_a_role_that_reads_and_writes_rows_is_enough(
    office: Office, storage_settings: StorageSettings
) -> None:
    """By the rights that docs/operations.md names, and not by less."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rights = [line.strip() for line in page.splitlines() if line.startswith("    GRANT ")]
    assert len(rights) == 3
    name = f"server_{uuid4().hex}"
    url = database_url(storage_settings).set(username=name, password="quiet")
    settings = StorageSettings(url.render_as_string(hide_password=False), pool_size=4)
    public = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
    await carried_out(office, f"CREATE ROLE {name} LOGIN PASSWORD 'quiet'")
    await carried_out(office, f"GRANT {public} TO {name}")
    assert len((await inspect_database(settings)).unqueued) == 3
    for right in rights:
        await carried_out(office, right.replace("mailconfig_server", name))
    assert (await inspect_database(settings)).unqueued == frozenset()
    message = await office.taken_in()
    database = Database.open(settings, Keyring.of_text(KEY_TEXT))
    queue = PostgresQueue(database, settings)
    async with database.work(message.workspace_id) as work:
        await queue.enqueue(work, job_of(message), office.clock.now)
    await queue.wait(0)
    assert await queue.claim("a", 10, 30) == [job_of(message)]
    assert await queue.heartbeat("a", [message.id], 30) == {message.id}
    async with database.work(message.workspace_id) as work:
        await queue.cancel(work, [message.id])
    await queue.tidy()
    await queue.close()
    await database.close()
    await carried_out(office, f"DROP OWNED BY {name}")
    await carried_out(office, f"DROP ROLE {name}")


async def test_variables_of_the_process_rename_nothing(
    office: Office, storage_settings: StorageSettings
) -> None:
    """Settings of pgqueuer would take names from the environment; ours are all given."""
    script = (
        "from mailconfig.storage.outbox_postgresql import NAMES\n"
        "print(*NAMES.model_dump(mode='json').values())"
    )
    names = (
        "CHANNEL FUNCTION STATISTICS_TABLE QUEUE_STATUS_TYPE QUEUE_TABLE QUEUE_TABLE_LOG TRIGGER"
        " SCHEDULES_TABLE DURABILITY PREFIX SCHEMA"
    )
    loud = dict.fromkeys(names.split(), "volatile") | {"WIDEN_ID": "false"}
    given = loud | {f"PGQUEUER_{name}": value for name, value in loud.items()}

    async def said(environment: dict[str, str]) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env=environment, stdout=subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out

    assert await said(given) == await said({}) != b""


async def test_the_migration_brings_the_tables_and_takes_them_away(empty_url: str) -> None:
    """All of pgqueuer's is in a schema of its own, which goes with the migration."""
    settings = StorageSettings(empty_url)
    await migration.migrate(settings)

    def names(connection: Connection) -> list[str]:
        found = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'mailconfig_queue' ORDER BY 1"
        )
        return [str(name) for name in found.scalars()]

    def down(connection: Connection) -> list[str]:
        config = migration._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
        return names(connection)

    async def within(work: Callable[[Connection], list[str]]) -> list[str]:
        return await asyncio.to_thread(migration._on_connection, database_url(settings), work)

    tables = ["pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"]
    assert await within(names) == tables
    assert await within(down) == []
    await migration.migrate(settings)
    assert await within(names) == tables
