"""Transactions: all or nothing, one writer at a time, errors in our words."""

import asyncio
import threading
import traceback
from dataclasses import replace

import pytest
from sqlalchemy import text

from kit.records import Tenant, imap, make_config, make_tenant, password
from mailconfig.domain.configs import ConfigFilter, EmailConfig, Visibility
from mailconfig.domain.errors import Duplicate, Fault
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.faults import ValueRefused
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.settings import database_url

ALL = Visibility(everything=True)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def count(database: Database, tenant: Tenant) -> int:
    """Count the configurations."""
    async with database.reading(tenant.workspace_id) as work:
        return await work.configs.count(ConfigFilter(), ALL)


async def insert(database: Database, tenant: Tenant, config: EmailConfig) -> None:
    """Store a configuration."""
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, None)


async def test_an_error_takes_everything_back(database: Database, tenant: Tenant) -> None:
    """The body's error passes as it is, and nothing of the transaction stays."""

    async def write() -> None:
        async with database.work(tenant.workspace_id) as work:
            await work.secrets.add("incoming", password("p"))
            await work.configs.insert(make_config(tenant), None)
            raise OSError("mine")

    with pytest.raises(OSError, match="mine"):
        await write()
    assert await count(database, tenant) == 0
    async with database.system() as system:
        assert await system.sealed.exist() is False


async def test_cancellation_takes_everything_back(database: Database, tenant: Tenant) -> None:
    """A task that is cancelled in a transaction leaves nothing, and the next writer goes on."""
    inside = asyncio.Event()

    async def write() -> None:
        async with database.work(tenant.workspace_id) as work:
            await work.configs.insert(make_config(tenant), None)
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(20):
        task = asyncio.create_task(write())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await count(database, tenant) == 0
        async with database.work(tenant.workspace_id) as work:
            await work.configs.insert(make_config(tenant), None)
    assert await count(database, tenant) == 1


async def test_cancelled_statements_leave_the_database_usable(
    database: Database, tenant: Tenant
) -> None:
    """Writers cancelled at any moment leave whole transactions and free connections."""

    async def write(number: int) -> None:
        async with database.work(tenant.workspace_id) as work:
            for part in range(3):
                address = f"{number}-{part}@example.com"
                await work.configs.insert(make_config(tenant, email_address=address), None)

    async with asyncio.timeout(60):
        for number in range(30):
            task = asyncio.create_task(write(number))
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await count(database, tenant) % 3 == 0
        before = await count(database, tenant)
        await write(1000)
    assert await count(database, tenant) == before + 3


async def test_readers_do_not_wait_for_a_writer(database: Database, tenant: Tenant) -> None:
    """While a writer is at work readers see the last committed state."""
    async with asyncio.timeout(20), database.work(tenant.workspace_id) as work:
        await work.configs.insert(make_config(tenant), None)
        assert await count(database, tenant) == 0
    assert await count(database, tenant) == 1


async def test_a_reader_sees_one_state(database: Database, tenant: Tenant) -> None:
    """What others commit meanwhile does not show between two statements of a reader."""
    async with database.reading(tenant.workspace_id) as reader:
        assert await reader.configs.count(ConfigFilter(), ALL) == 0
        async with database.work(tenant.workspace_id) as work:
            await work.configs.insert(make_config(tenant), None)
        assert await reader.configs.count(ConfigFilter(), ALL) == 0
    assert await count(database, tenant) == 1


async def test_writers_of_two_processes_take_turns(
    database: Database, storage_settings: StorageSettings, keyring: Keyring, tenant: Tenant
) -> None:
    """Two databases on the same store, as two processes have, lose no write."""
    other = Database.open(storage_settings, keyring)

    async def write(through: Database, number: int) -> None:
        config = make_config(tenant, email_address=f"{number}@example.com")
        async with through.work(tenant.workspace_id) as work:
            await work.configs.count(ConfigFilter(), ALL)
            await work.configs.insert(config, None)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(write((database, other)[number % 2], number) for number in range(40))
        )
    assert await count(database, tenant) == 40
    await other.close()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_transaction_inside_another_fails_soon(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """SQLite has one writer: who asks for a second inside the first gets an error, no deadlock."""
    settings = StorageSettings(storage_settings.url, wait_seconds=0.1)
    database = Database.open(settings, keyring)
    tenant = await make_tenant(database, "acme")
    with pytest.raises(Fault, match="busy"):
        async with database.work(tenant.workspace_id), database.work(tenant.workspace_id):
            pass
    await database.close()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_sqlite_is_set_up(database: Database) -> None:
    """Every connection has WAL, foreign keys, a busy timeout and overwrites what it deletes."""
    expected = {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10000,
        "synchronous": 1,
        "secure_delete": 1,
    }
    for engine, read_only in ((database._engines.writing, 0), (database._engines.reading, 1)):
        async with database._transaction(engine) as transaction:
            for pragma, value in (expected | {"query_only": read_only}).items():
                assert await transaction.scalar(text(f"PRAGMA {pragma}")) == value


async def test_an_unreachable_database_is_a_fault(keyring: Keyring) -> None:
    """Neither the address nor the password gets into the message."""
    for url in (
        "postgresql://user:hunter2@127.0.0.1:1/name",
        "sqlite:////nowhere/at/all/mailconfig.db",
    ):
        database = Database.open(StorageSettings(url), keyring)
        with pytest.raises(Fault) as fault:
            await database.ping()
        assert "hunter2" not in fault.value.message
        assert "nowhere" not in fault.value.message
        await database.close()
    for thread in threading.enumerate():  # the driver's threads end a moment after the failure
        if thread is not threading.current_thread() and "connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 5)


async def test_errors_show_no_values(database: Database, tenant: Tenant) -> None:
    """The cause that goes to the log names the statement, never the values in it."""
    config = make_config(tenant, email_address="private@example.com", metadata="private-metadata")
    await insert(database, tenant, config)
    again = replace(config, id=new_id())
    half = replace(again, email_address="private@example.org", incoming=imap(port=0))
    spoiled = replace(half, incoming=None, name="private \0\ud800")
    for refused, kind in ((again, Duplicate), (half, Fault), (spoiled, ValueRefused)):
        with pytest.raises(kind) as error:
            await insert(database, tenant, refused)
        shown = "".join(traceback.format_exception(error.value))
        assert "private" not in shown
        assert "INSERT INTO configs" in shown or refused is spoiled


@pytest.mark.parametrize(
    ("engine", "text"),
    [("sqlite", "a\ud800"), ("postgresql", "a\ud800"), ("postgresql", "a\0b")],
)
async def test_odd_text_is_no_fault(database: Database, text: str) -> None:
    """Text that the database cannot hold is refused as input, also where it is only compared."""
    with pytest.raises(ValueRefused) as refusal:
        async with database.reading_identity() as identity:
            await identity.user_by_email(text)
    assert refusal.value.code == "INVALID_INPUT"


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////data/mailconfig.db", "sqlite+aiosqlite"),
        ("postgresql://u:p@host/name", "postgresql+asyncpg"),
        ("postgres://u:p@host/name", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p@host/name", "postgresql+asyncpg"),
    ],
)
def test_urls_get_our_driver(url: str, driver: str) -> None:
    """The usual spellings of both databases are taken."""
    assert database_url(StorageSettings(url)).drivername == driver


@pytest.mark.parametrize(
    "url", ["mysql://u:p@host/name", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg://h/n"]
)
def test_other_databases_are_refused(url: str) -> None:
    """What we cannot serve is refused at start."""
    with pytest.raises(ValueError, match=r"not supported|needs a file"):
        database_url(StorageSettings(url))


def test_settings_do_not_show_the_password() -> None:
    """The repr of the settings may be logged."""
    assert "hunter2" not in repr(StorageSettings("postgresql://u:hunter2@host/name"))
