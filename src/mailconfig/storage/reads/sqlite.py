"""Reading from SQLite by the standard library, in threads that do nothing else.

A statement there takes less time than handing it from the event loop to a thread and back, so that
is done once for each statement: no transaction around it, no cursor protocol across threads. Each
thread has a connection of its own that cannot write. A statement whose task was cancelled runs to
its end in its thread, which hurts nobody.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine import Dialect

from mailconfig.domain.errors import Fault
from mailconfig.storage.faults import DatabaseError, ValueRefused
from mailconfig.storage.reads.statements import Prepared, Row
from mailconfig.storage.sqlitedriver import STATEMENTS_KEPT


class SqliteLines:
    """Reading threads, started as they are needed; implements `Lines`."""

    def __init__(self, path: str, threads: int, wait_seconds: float) -> None:
        self.dialect: Dialect = sqlite_dialect()
        self._path = path
        self._wait_seconds = wait_seconds
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def fetch(self, prepared: Prepared, values: Mapping[str, object]) -> Sequence[Row]:
        """Return all rows."""
        arguments = [_stored(value) for value in prepared.arguments(values)]
        with translated_sqlite(prepared.text):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._threads, self._fetched, prepared.text, arguments
            )

    async def close(self) -> None:
        """Wait for what runs, then close all connections."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _fetched(self, text: str, arguments: list[object]) -> list[Row]:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connected()
        return connection.execute(text, arguments).fetchall()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._wait_seconds,
            isolation_level=None,
            check_same_thread=False,  # closed from another thread, once this one has ended
            cached_statements=STATEMENTS_KEPT,
        )
        self._opened.append(connection)
        connection.execute("PRAGMA query_only=ON")
        return connection


def _stored(value: object) -> object:
    """Return a value as the tables keep it: UUIDs in hex, moments as text in UTC."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        utc = value.astimezone(UTC).replace(tzinfo=None)
        return utc.isoformat(" ", "microseconds")
    return value


@contextmanager
def translated_sqlite(statement: str) -> Iterator[None]:
    """Raise our errors in place of sqlite3's."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        said = f"{type(error).__name__} {name} in: {statement}"
        raise Fault("The database does not work.") from DatabaseError(said)
    except (UnicodeError, OverflowError):  # these quote the value
        raise ValueRefused from None
