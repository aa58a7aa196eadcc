"""Migrations: they make what the models say, on both engines, once, and wholly."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from kit.records import make_tenant
from mailconfig.domain.diagnostics import SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.errors import Fault
from mailconfig.domain.servers import TransportSecurity
from mailconfig.storage import migration
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.migration import current_revision, migrate
from mailconfig.storage.outbox_postgresql import install
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.settings import database_url
from mailconfig.storage.tables import metadata

ResultT = TypeVar("ResultT")


async def within(url: str, work: Callable[[Connection], ResultT]) -> ResultT:
    """Do work on a connection."""
    settings = StorageSettings(url)
    return await asyncio.to_thread(migration._on_connection, database_url(settings), work)


def constraints(connection: Connection) -> set[tuple[str, str, str]]:
    """Return table, name and text of each check, which Alembic does not compare."""
    inspector = inspect(connection)
    return {
        (table, str(check["name"]), "".join(check["sqltext"].split()))
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }


def collations(connection: Connection) -> dict[str, str | None]:
    """Return how the sort keys are ordered."""
    inspector = inspect(connection)
    return {
        f"{table}.{column['name']}": getattr(column["type"], "collation", None)
        for table in ("configs", "users")
        for column in inspector.get_columns(table)
        if column["name"].endswith("_key")
    }


async def test_models_and_migrations_agree(empty_url: str) -> None:
    """After all migrations Alembic finds no difference, and every check is there as declared."""
    await migrate(StorageSettings(empty_url))

    def difference(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await within(empty_url, difference) == []
    migrated = await within(empty_url, constraints)
    assert len(migrated) >= 20
    orders = await within(empty_url, collations)
    assert len(orders) == 3

    def rebuilt(connection: Connection) -> tuple[set[tuple[str, str, str]], dict[str, str | None]]:
        existing = MetaData()
        existing.reflect(connection)
        existing.drop_all(connection)
        metadata.create_all(connection)
        return constraints(connection), collations(connection)

    assert await within(empty_url, rebuilt) == (migrated, orders)


async def test_revision_before_and_after(empty_url: str, keyring: Keyring) -> None:
    """An empty database is at no revision, a migrated one at the newest; again changes nothing."""
    settings = StorageSettings(empty_url)
    database = Database.open(settings, keyring)
    assert await current_revision(settings) is None
    with pytest.raises(Fault):
        await database.ping()
    await migrate(settings)
    await migrate(settings)
    assert await current_revision(settings) == head_revision() == "0009"
    assert await database.revision() == "0009"
    await database.ping()
    await database.close()


async def test_migrations_can_be_taken_back(empty_url: str) -> None:
    """Downgrading removes every table, and migrating brings them back."""
    await migrate(StorageSettings(empty_url))

    def down(connection: Connection) -> list[str]:
        config = migration._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    assert await within(empty_url, down) == ["alembic_version"]
    await migrate(StorageSettings(empty_url))


def test_the_tables_are_those_of_the_pinned_version() -> None:
    """Another version of pgqueuer that lays other tables needs a migration."""
    statements = "\n".join(install().splitlines()[1:])
    digest = hashlib.sha256(statements.encode()).hexdigest()
    assert digest == "15287f5b2d12050854b363d55665fd1b2ebe17dc4f1ef6aa9a928e4dcf1f81ac"


async def test_tests_of_before_are_read_as_they_were(empty_url: str, keyring: Keyring) -> None:
    """A test that was stored before there were findings keeps its fix and has none of them."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    workspace, user, test = uuid4(), uuid4(), uuid4()
    row = {
        "id": test,
        "workspace_id": workspace,
        "config_id": None,
        "config_revision": None,
        "started_by": user,
        "status": "FAILED",
        "created_at": now,
        "deadline_at": now,
        "finished_at": now,
        "code": "TLS_MODE_MISMATCH_PLAIN_ON_TLS",
        "code_protocol": "IMAP",
        "provider_id": None,
        "server_reply": None,
        "fix_id": uuid4(),
        "fix": '{"title":"Use TLS.","incoming":{"host":null,"port":null,"security":"TLS",'
        '"username":null}}',
        "process": "old",
        "lease_until": now,
        "cancel_requested": False,
    }

    def fill(connection: Connection) -> None:
        config = migration._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = MetaData()
        tables.reflect(connection)
        named = {"id": workspace, "slug": "old", "name": "Old", "created_at": now}
        person = {"id": user, "email": "a@b.c", "email_key": "a@b.c", "password_hash": ""}
        connection.execute(tables.tables["workspaces"].insert(), _plain(connection, named))
        connection.execute(
            tables.tables["users"].insert(), _plain(connection, person | {"created_at": now})
        )
        connection.execute(tables.tables["connection_tests"].insert(), _plain(connection, row))
        connection.commit()

    await within(empty_url, fill)
    await migrate(StorageSettings(empty_url))
    database = Database.open(StorageSettings(empty_url), keyring)
    async with database.reading(workspace) as work:
        found = await work.probes.get(test)
    await database.close()
    assert found.fix == SettingsFix("Use TLS.", ServerPatch(security=TransportSecurity.TLS))
    assert (found.retryable, found.fixable_by) == (None, None)
    assert (found.ports, found.round_trip) == ((), None)


def _plain(connection: Connection, row: dict[str, object]) -> dict[str, object]:
    """Return a row as the engine keeps it: SQLite has ids as hexadecimal digits."""
    if connection.dialect.name != "sqlite":
        return row
    return {name: value.hex if isinstance(value, UUID) else value for name, value in row.items()}


async def test_processes_take_turns(empty_url: str, keyring: Keyring) -> None:
    """Four processes that migrate an empty database at once all succeed."""
    script = (
        "import asyncio, sys; from mailconfig.storage.migration import migrate;"
        "from mailconfig.storage.settings import StorageSettings;"
        "asyncio.run(migrate(StorageSettings(sys.argv[1])))"
    )
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, empty_url, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in started:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    database = Database.open(StorageSettings(empty_url), keyring)
    await make_tenant(database, "acme")
    await database.close()


async def test_a_failed_migration_leaves_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps are one transaction: an error at the end takes the first table back too."""

    def fail(connection: Connection) -> None:
        migration._upgrade(connection)
        connection.execute(text("SELECT * FROM workspaces"))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await asyncio.to_thread(migration._guarded, StorageSettings(empty_url), fail)

    def tables(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    assert await within(empty_url, tables) == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_file_is_ours_alone(empty_url: str, tmp_path: Path) -> None:
    """A new SQLite file can be read by its owner only."""
    await migrate(StorageSettings(empty_url))
    assert (tmp_path / "empty.db").stat().st_mode & 0o777 == 0o600


def test_numbers_of_files_are_the_chain_of_revisions() -> None:
    """What is read off the names is what Alembic finds in the files: one line without branches."""
    chain = ScriptDirectory.from_config(migration._config())
    assert chain.get_heads() == [head_revision()]
    revisions = [script.revision for script in chain.walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]
    assert all(
        Path(script.path).name.startswith(script.revision) for script in chain.walk_revisions()
    )


def test_a_start_without_a_migration_needs_no_alembic(empty_url: str) -> None:
    """A server that starts again has nothing to migrate, and does without 8 MiB of it."""
    source = (
        "import asyncio, sys\n"
        "from mailconfig.storage.migration import migrate, current_revision\n"
        "from mailconfig.storage.settings import StorageSettings\n"
        "settings = StorageSettings(sys.argv[1])\n"
        "asyncio.run(migrate(settings))\n"
        "print('alembic' in sys.modules, asyncio.run(current_revision(settings)))\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", source, empty_url], check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert told == [["True", head_revision()], ["False", head_revision()]]
