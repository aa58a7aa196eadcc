"""Rotation of keys: progress, races with writers, and what no key opens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from kit.records import Tenant, make_tenant, password
from mailconfig.domain.errors import SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import Key, KeyFile, add_key, generate_key
from mailconfig.storage.rotation import RotationProgress, rotate
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import secrets

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key file with one key."""
    path = tmp_path / "keys"
    add_key(path, generate_key(NOW))
    return path


@pytest.fixture
async def database(storage_settings: StorageSettings, key_file: Path) -> AsyncIterator[Database]:
    """A database under the key file: a server that was started before the new key was made."""
    opened = Database.open(storage_settings, Keyring(KeyFile(key_file)))
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def add(database: Database, tenant: Tenant, count: int) -> list[UUID]:
    """Store secrets: secret n is "n"."""
    async with database.work(tenant.workspace_id) as work:
        return [await work.secrets.add("incoming", password(str(n))) for n in range(count)]


async def contents(database: Database, tenant: Tenant, ids: list[UUID]) -> list[str]:
    """Open secrets."""
    async with database.reading(tenant.workspace_id) as work:
        opened = [await work.secrets.open(id, "incoming") for id in ids]
    return [secret.value.reveal() for secret in opened]


def new_key(key_file: Path) -> Key:
    """Put a new key on top, as `mailconfig keys generate` does."""
    key = generate_key(NOW)
    add_key(key_file, key)
    return key


def lose_key(key_file: Path) -> None:
    """Put a new key into the place of the old one."""
    key_file.unlink()
    new_key(key_file)


def rotating(settings: StorageSettings, key_file: Path) -> Database:
    """Open what the command `mailconfig keys rotate` opens."""
    return Database.open(settings, Keyring(KeyFile(key_file)))


async def test_rotation_reports_its_progress(
    storage_settings: StorageSettings, database: Database, tenant: Tenant, key_file: Path
) -> None:
    """Batches count down to nothing left; the running server opens everything; again is empty."""
    ids = await add(database, tenant, 10)
    key = new_key(key_file)
    command = rotating(storage_settings, key_file)
    progress = [each async for each in rotate(command, 4)]
    assert [(each.done, each.left, each.unreadable) for each in progress] == [
        (4, 6, ()),
        (4, 2, ()),
        (2, 0, ()),
    ]
    assert await contents(database, tenant, ids) == [str(n) for n in range(10)]
    async with command.system() as system:
        assert await system.sealed.under_other_keys(key.id) == 0
        assert await system.sealed.exist() is True
    assert [each async for each in rotate(command, 4)] == [RotationProgress(0, 0, ())]
    await command.close()


async def test_unreadable_secrets_do_not_stop_a_rotation(
    storage_settings: StorageSettings, database: Database, tenant: Tenant, key_file: Path
) -> None:
    """Secrets of a lost key are named and left as they are; all others are rotated."""
    lost = await add(database, tenant, 3)
    lose_key(key_file)
    late = rotating(storage_settings, key_file)
    found = await add(late, tenant, 3)
    new_key(key_file)
    command = rotating(storage_settings, key_file)
    progress = [each async for each in rotate(command, 2)]
    assert sum(each.done for each in progress) == 3
    assert [id for each in progress for id in each.unreadable] == lost
    assert progress[-1].left == 3
    assert await contents(command, tenant, found) == ["0", "1", "2"]
    with pytest.raises(SecretUnreadable):
        await contents(command, tenant, lost)
    assert await contents(database, tenant, lost) == ["0", "1", "2"]  # still has the old key
    await late.close()
    await command.close()


async def test_rotators_and_writers_do_no_harm_to_each_other(
    storage_settings: StorageSettings, database: Database, tenant: Tenant, key_file: Path
) -> None:
    """Two rotations, a writer and a deleter at once: every secret that is left opens."""
    ids = await add(database, tenant, 60)
    new_key(key_file)
    commands = [rotating(storage_settings, key_file) for _ in range(2)]
    added: list[UUID] = []

    async def run(command: Database) -> None:
        async for _ in rotate(command, 7):
            pass

    async def write() -> None:
        for _ in range(10):
            added.extend(await add(database, tenant, 1))

    async def delete() -> None:
        for id in ids[::6]:
            async with database.work(tenant.workspace_id) as work:
                await work.secrets.delete([id])

    async with asyncio.timeout(60):
        await asyncio.gather(*map(run, commands), write(), delete())
    left = [(n, id) for n, id in enumerate(ids) if n % 6]
    expected = [str(n) for n, _ in left]
    assert await contents(database, tenant, [id for _, id in left]) == expected
    assert await contents(database, tenant, added) == ["0"] * 10
    progress = [each async for each in rotate(commands[0])]  # the writer may have used the old key
    assert progress[-1].left == 0
    for command in commands:
        await command.close()


async def test_a_row_that_changed_meanwhile_is_left_alone(
    storage_settings: StorageSettings, database: Database, tenant: Tenant, key_file: Path
) -> None:
    """Of two rotations that read the same row the first one writes it; deleted ones stay so."""
    kept, gone = await add(database, tenant, 2)
    key = new_key(key_file)
    command = rotating(storage_settings, key_file)
    async with command.reading_system() as system:
        first, second = await system.sealed.read(10), await system.sealed.read(10)
    async with database.work(tenant.workspace_id) as work:
        await work.secrets.delete([gone])
    assert {row.id for row in second.anew} == {kept, gone}
    async with command.system() as system:
        assert await system.sealed.replace(first.anew) == 1
        assert await system.sealed.replace(second.anew) == 1  # under the key, if not by this
        row = await system._transaction.first(select(secrets))
    assert row is not None
    sealed = {each.id: each.sealed for each in first.anew}[kept]
    assert (row.id, row.ciphertext, row.key_id) == (kept, sealed.ciphertext, key.id)
    assert await contents(database, tenant, [kept]) == ["0"]
    await command.close()


async def test_nobody_waits_while_a_rotation_reads_and_seals(
    storage_settings: StorageSettings, database: Database, tenant: Tenant, key_file: Path
) -> None:
    """On SQLite one writer at a time: between reading a batch and writing it others come in."""
    ids = await add(database, tenant, 5)
    new_key(key_file)
    command = rotating(storage_settings, key_file)
    async with command.reading_system() as system:
        batch = await system.sealed.read(10)
        async with asyncio.timeout(storage_settings.wait_seconds / 2):
            await add(database, tenant, 1)
    async with command.system() as system:
        assert await system.sealed.replace(batch.anew) == len(ids)
    await command.close()


async def test_an_empty_database_has_no_secrets(database: Database) -> None:
    """Then a missing key file may be created."""
    async with database.system() as system:
        assert await system.sealed.exist() is False
        assert await system.delete_files([new_id()]) == ()
