"""Engines: how connections to each kind of database are set up.

SQLite gets two: one connection that writes, which queues writers fairly inside the process, and a
pool of readers that cannot write. WAL lets them run beside each other; processes queue by
BEGIN IMMEDIATE and the busy timeout. PostgreSQL gets one pool.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from mailconfig.storage.settings import StorageSettings, database_url

_READING: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""One snapshot for all statements of a reader; on PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Where to write and where to read."""

    writing: AsyncEngine
    reading: AsyncEngine

    async def dispose(self) -> None:
        """Close all connections; the writer last, which then empties SQLite's WAL."""
        await self.reading.dispose()
        await self.writing.dispose()


def open_engines(settings: StorageSettings) -> Engines:
    """Build the engines; nothing is connected yet."""
    if database_url(settings).get_backend_name() == "postgresql":
        engine = _engine(settings, pool_size=settings.pool_size)
        return Engines(engine, engine.execution_options(**_READING))
    writing = _engine(settings, pool_size=1)
    reading = _engine(settings, pool_size=settings.pool_size)
    prepare_sqlite(writing.sync_engine, settings, "BEGIN IMMEDIATE")
    prepare_sqlite(reading.sync_engine, settings, "BEGIN", "PRAGMA query_only=ON")
    return Engines(writing, reading)


def _engine(settings: StorageSettings, pool_size: int) -> AsyncEngine:
    """Build one engine with a pool of fixed size."""
    return create_async_engine(
        database_url(settings),
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
