"""Bringing a database to the newest schema, and telling which one it has.

Two processes never migrate at once: on SQLite a lock file beside the database keeps the second
waiting, on PostgreSQL an advisory lock. All steps are one transaction: they happen or they do not.
Alembic blocks, so it runs in a thread; it is imported when there is something to do, which a server
that starts again has not.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import URL, Connection, create_engine, event, func, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from mailconfig.storage.faults import translated
from mailconfig.storage.revisions import head_revision, revision_of
from mailconfig.storage.settings import StorageSettings, database_url

if TYPE_CHECKING:
    from alembic.config import Config

ResultT = TypeVar("ResultT")

_ADVISORY_LOCK: Final = 0x6D61696C636F6E66
"""Any number that nobody else takes; this one spells mailconf."""


async def migrate(settings: StorageSettings) -> None:
    """Bring the database to the newest schema; creates a SQLite file where there is none."""
    await asyncio.to_thread(_guarded, settings, _upgrade)


async def current_revision(settings: StorageSettings) -> str | None:
    """Return the migration that the database is at, None before the first one."""
    return await asyncio.to_thread(_on_connection, database_url(settings), revision_of)


def _config() -> "Config":
    """Point Alembic at the migrations inside the installed package; there is no ini file."""
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(files("mailconfig.storage") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    if revision_of(connection) == head_revision():
        return
    from alembic import command  # noqa: PLC0415 - see above

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"the migration broke {len(broken)} references")


def _guarded(settings: StorageSettings, work: Callable[[Connection], None]) -> None:
    """Work on the database while no other process of this machine migrates it."""
    url = database_url(settings)
    if url.get_backend_name() == "postgresql":
        _on_connection(url, work)
        return
    path = Path(str(url.database))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path.with_name(f"{path.name}.migrate.lock")):
        path.touch(mode=0o600)
        _on_connection(url, work)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for a lock file; the system frees it when its process ends, however it ends."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _on_connection(url: URL, work: Callable[[Connection], ResultT]) -> ResultT:
    """Do work in one transaction, in a thread without an event loop."""
    with translated():
        if url.get_backend_name() == "postgresql":
            return asyncio.run(_on_async_connection(url, work))
        engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        with engine.begin() as connection:
            return work(connection)


async def _on_async_connection(url: URL, work: Callable[[Connection], ResultT]) -> ResultT:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """Set up a connection for schema changes: foreign keys stay off, since tables are rebuilt."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
