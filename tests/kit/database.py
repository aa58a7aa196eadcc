"""Databases for tests: every test that asks for `database` runs on SQLite and on PostgreSQL.

The tables are migrated once a run and copied for each test. Needs `kit.plugin` for PostgreSQL.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kit.postgres import PostgresServer
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.migration import migrate
from mailconfig.storage.sealing import Keyring

KEY_TEXT = "first:mTlUDB5vlc+3LLwJQrU9Oxx8kNYOrxa1QOmUupCIe4g="
"""A key for tests only."""
TEMPLATE = "mailconfig_migrated"


def migrate_now(url: str) -> None:
    """Migrate a database, also from within a running event loop's thread."""
    asyncio.run(migrate(StorageSettings(url)))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "template.db"
    migrate_now(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Name of the engine that a test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh database without tables."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def database_url(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh migrated database."""
    if engine == "sqlite":
        path = tmp_path / "mailconfig.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    server.ensure_template(TEMPLATE, migrate_now)
    with server.database(TEMPLATE) as url:
        yield url


@pytest.fixture
def storage_settings(database_url: str) -> StorageSettings:
    """Settings of a fresh migrated database."""
    return StorageSettings(database_url, pool_size=4)


@pytest.fixture
def keyring() -> Keyring:
    """A keyring with one key."""
    return Keyring.of_text(KEY_TEXT)


@pytest.fixture
async def database(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Database]:
    """A fresh migrated database."""
    opened = Database.open(storage_settings, keyring)
    yield opened
    await opened.close()
