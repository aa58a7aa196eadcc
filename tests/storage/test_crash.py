"""kill -9 at random moments: during rotation and during submit nothing is left half done."""

import asyncio
import os
import random
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kit.records import Tenant, make_tenant, password
from mailconfig.domain.configs import ConfigFilter, ConfigOrderField, Visibility
from mailconfig.domain.pages import OrderDirection, PageRequest
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import KeyFile, add_key, generate_key
from mailconfig.storage.rotation import rotate
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import (
    audit_events,
    config_versions,
    configs,
    idempotency_keys,
    secrets,
)

SECRETS = 2000
KILLS = 4
TESTS = Path(__file__).parents[1]


async def run_and_kill(chance: random.Random, lines: int, *arguments: str) -> list[str]:
    """Start kit.crash, kill it some milliseconds after it printed `lines` lines, return them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kit.crash",
        *arguments,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    printed = [await process.stdout.readline() for _ in range(lines)]
    await asyncio.sleep(chance.random() * 0.02)
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL, "it ended by itself"
    whole = b"".join(printed) + rest
    return whole.decode().rpartition("\n")[0].split()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key file with one key."""
    path = tmp_path / "keys"
    add_key(path, generate_key(datetime.now(UTC)))
    return path


async def test_a_killed_rotation_can_be_taken_up_again(
    storage_settings: StorageSettings, key_file: Path
) -> None:
    """2,000 secrets, a rotation killed four times: all open after each, and the next one ends."""
    database = Database.open(storage_settings, Keyring(KeyFile(key_file)))
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        ids = [await work.secrets.add("incoming", password(str(n))) for n in range(SECRETS)]
    add_key(key_file, generate_key(datetime.now(UTC)))
    await database.close()
    database = Database.open(storage_settings, Keyring(KeyFile(key_file)))
    arguments = (storage_settings.url, str(key_file), str(tenant.workspace_id), "-")
    chance = random.Random()  # noqa: S311 - moments, not secrets
    newest = KeyFile(key_file).read()[0].id
    left = SECRETS
    for _ in range(KILLS):
        printed = await run_and_kill(chance, chance.randrange(1, 12), "rotate", *arguments)
        async with database.system() as system:
            now_left = await system.sealed.under_other_keys(newest)
        assert 0 < now_left <= int(printed[-1]) < left
        left = now_left
        async with database.reading(tenant.workspace_id) as work:
            for number, id in enumerate(ids):
                secret = await work.secrets.open(id, "incoming")
                assert secret.value.reveal() == str(number)
    progress = [each async for each in rotate(database)]
    assert sum(each.done for each in progress) == left
    assert progress[-1].left == 0
    await database.close()


async def test_a_killed_submit_leaves_all_or_nothing(
    storage_settings: StorageSettings, key_file: Path
) -> None:
    """Each configuration has its version, both secrets, key and event, or none of it exists."""
    database = Database.open(storage_settings, Keyring(KeyFile(key_file)))
    tenant = await make_tenant(database, "acme")
    arguments = (storage_settings.url, str(key_file), str(tenant.workspace_id))
    chance = random.Random()  # noqa: S311 - moments, not secrets
    reported: set[str] = set()
    for _ in range(KILLS):
        lines = chance.randrange(1, 20)
        reported |= set(
            await run_and_kill(chance, lines, "submit", *arguments, str(tenant.user_id))
        )
    stored = await check_whole(database, tenant)
    assert reported <= stored
    assert len(stored) <= len(reported) + KILLS  # committed, but killed before it could say so
    await database.close()


async def check_whole(database: Database, tenant: Tenant) -> set[str]:
    """Assert that every part of every configuration is there and nothing else; return the ids."""
    async with database._transaction(database._engines.reading) as transaction:
        counts = {
            table.name: await transaction.scalar(select(func.count()).select_from(table))
            for table in (configs, config_versions, idempotency_keys, audit_events, secrets)
        }
    whole = counts["configs"]
    assert counts == {
        "configs": whole,
        "config_versions": whole,
        "idempotency_keys": whole,
        "audit_events": whole,
        "secrets": 2 * whole,
    }
    found: set[str] = set()
    request = PageRequest(limit=100)
    everything = Visibility(everything=True)
    async with database.reading(tenant.workspace_id) as work:
        while True:
            page = await work.configs.page(
                ConfigFilter(),
                everything,
                ConfigOrderField.CREATED_AT,
                OrderDirection.ASC,
                request,
            )
            for config in page.rows:
                assert config.incoming is not None
                assert config.outgoing is not None
                assert config.incoming.secret_id is not None
                assert config.outgoing.secret_id is not None
                incoming = await work.secrets.open(config.incoming.secret_id, "incoming")
                outgoing = await work.secrets.open(config.outgoing.secret_id, "outgoing")
                assert (incoming, outgoing) == (password("in"), password("out"))
                assert (await work.configs.version(config.id, 1)).config_id == config.id
                found.add(str(config.id))
            if not page.has_next:
                return found
            request = PageRequest(limit=100, after=page.keys[-1])
