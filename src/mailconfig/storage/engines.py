"""Engines: how connections to each kind of database are set up.

SQLite gets two: one connection that writes, which queues writers fairly inside the process, and a
pool of readers that cannot write. WAL lets them run beside each other; processes queue by
BEGIN IMMEDIATE and the busy timeout. PostgreSQL gets one pool.

Beside them stand the connections of the read side (`storage.reads`), for single statements. On
PostgreSQL they are a part of the connections that the operator allows.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from mailconfig.storage import sqlitedriver
from mailconfig.storage.reads.sqlite import SqliteLines
from mailconfig.storage.reads.statements import Lines, Single
from mailconfig.storage.settings import StorageSettings, database_url

_READING: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""One snapshot for all statements of a reader; on PostgreSQL."""


_READERS_MAX: Final = 4
"""Connections of the read side: a statement takes a fraction of what one core does about it, so
that a few keep a process busy. On SQLite each is a thread."""

_WRITERS_MAX: Final = 5
"""Connections for single statements that write, which wait for the disk. With fewer, requests
wait for one another, which costs a tenth of a submit; with more, PostgreSQL waits for its locks."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Where to write and where to read."""

    writing: AsyncEngine
    """Transactions that write."""
    reading: AsyncEngine
    """Transactions that read."""
    lines: Lines
    """Single statements that read."""
    single: Single | None = None
    """Single statements that write; None where transactions are as fast."""

    async def dispose(self) -> None:
        """Close all connections; the writer last, which then empties SQLite's WAL."""
        await self.lines.close()
        if self.single is not None:
            await self.single.close()
        await self.reading.dispose()
        await self.writing.dispose()


def open_engines(settings: StorageSettings) -> Engines:
    """Build the engines; nothing is connected yet."""
    url = database_url(settings)
    if url.get_backend_name() == "postgresql":
        return _postgres(settings)
    opened = partial(sqlitedriver.connect, url.database or "")
    writing = _engine(settings, pool_size=1, async_creator=opened)
    reading = _engine(settings, pool_size=settings.pool_size, async_creator=opened)
    prepare_sqlite(writing.sync_engine, settings, "BEGIN IMMEDIATE")
    prepare_sqlite(reading.sync_engine, settings, "BEGIN", "PRAGMA query_only=ON")
    threads = min(_READERS_MAX, settings.pool_size)
    return Engines(
        writing, reading, SqliteLines(url.database or "", threads, settings.wait_seconds)
    )


def _postgres(settings: StorageSettings) -> Engines:
    """Divide the connections: single statements that read, those that write, and transactions."""
    # asyncpg is not imported where nobody uses it: that is 10 MiB.
    from mailconfig.storage.reads.postgres import PostgresLines  # noqa: PLC0415 - as said

    url, wait_seconds = database_url(settings), settings.wait_seconds
    third = max(1, settings.pool_size // 3)
    readers, writers = min(_READERS_MAX, third), min(_WRITERS_MAX, third)
    engine = _engine(settings, pool_size=max(1, settings.pool_size - readers - writers))
    return Engines(
        engine,
        engine.execution_options(**_READING),
        PostgresLines(url, readers, wait_seconds),
        PostgresLines(url, writers, wait_seconds, writing=True),
    )


def _engine(settings: StorageSettings, pool_size: int, **more: Any) -> AsyncEngine:  # noqa: ANN401 - SQLAlchemy's
    """Build one engine with a pool of fixed size, by `more` options of SQLAlchemy's."""
    return create_async_engine(
        database_url(settings),
        **more,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=settings.wait_seconds,
        pool_pre_ping=False,
        hide_parameters=True,  # parameters hold personal data and ciphertext; errors are logged
    )


def prepare_sqlite(
    engine: Engine, settings: StorageSettings, begin: str, *more_pragmas: str
) -> None:
    """Set up each connection of a SQLite engine, and how its transactions begin.

    The driver's own transaction control is switched off: it would begin too late and deferred.
    """
    pragmas = (
        f"PRAGMA busy_timeout={int(settings.wait_seconds * 1000)}",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",
        "PRAGMA foreign_keys=ON",
        "PRAGMA secure_delete=ON",  # deleted secrets are overwritten, not just unlinked
        *more_pragmas,
    )

    def connected(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - driver's
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
