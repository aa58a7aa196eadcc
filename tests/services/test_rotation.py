"""Rotation of the encryption key by schedule."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.records import make_tenant, password
from mailconfig.domain.clock import utc_now
from mailconfig.services.rotation import KeyRotation
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import GivenKeys, Key, KeyFile, add_key, generate_key
from mailconfig.storage.sealing import Keyring

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = Key("20260101-aaaaaaaa", generate_key(NOW).material)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with one old key."""
    found = tmp_path / "keys" / "encryption.keys"
    add_key(found, OLD)
    return found


def rotation(database: Database, path: Path, days: int) -> KeyRotation:
    """Return the loop, which waits until a keyring looks at its file again."""
    return KeyRotation(database, KeyFile(path), path, days, lambda: NOW, notice_seconds=1.1)


async def test_an_old_key_is_replaced_and_secrets_follow(
    storage_settings: StorageSettings, path: Path
) -> None:
    """Once for all processes: the second one finds the key new, and nothing left to do."""
    database = Database.open(storage_settings, Keyring(KeyFile(path)), utc_now)
    other = Database.open(storage_settings, Keyring(KeyFile(path)), utc_now)
    tenant = await make_tenant(database, "acme")
    ids = []
    for number in range(5):
        async with database.work(tenant.workspace_id) as work:
            ids.append(await work.secrets.add("incoming", password(f"geheim {number}")))
    assert await rotation(database, path, 90).once() == 5
    assert await rotation(other, path, 90).once() == 0
    newest, older = KeyFile(path).read()
    assert (newest.id[:9], older) == ("20261123-", OLD)
    async with other.work(tenant.workspace_id) as work:
        opened = [(await work.secrets.open(id, "incoming")).value.reveal() for id in ids]
    assert opened == [f"geheim {number}" for number in range(5)]
    async with database.system() as system:
        assert await system.sealed.under_other_keys(newest.id) == 0
    await database.close()
    await other.close()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_young_key_stays(storage_settings: StorageSettings, path: Path) -> None:
    """A day before it is due nothing happens."""
    database = Database.open(storage_settings, Keyring(KeyFile(path)), utc_now)
    age = (NOW - datetime(2026, 1, 1, tzinfo=UTC)).days
    assert await rotation(database, path, age + 1).once() == 0
    assert KeyFile(path).read() == (OLD,)
    await rotation(database, path, age).once()
    assert len(KeyFile(path).read()) == 2
    await database.close()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_keys_of_the_environment_are_only_spoken_of(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator changes them; a warning names the key's id, never the key."""
    keys = GivenKeys(OLD.line())
    loop = KeyRotation(database, keys, None, 90, lambda: NOW)
    with caplog.at_level(logging.WARNING):
        assert await loop.once() == 0
    (record,) = caplog.records
    assert record.__dict__["key_id"] == OLD.id
    assert OLD.line() not in caplog.text


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_without_a_schedule_the_loop_ends(database: Database, path: Path) -> None:
    """Nothing is looked at, nothing is changed."""
    await rotation(database, path, 0).run()
    assert KeyFile(path).read() == (OLD,)
