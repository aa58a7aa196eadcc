"""All rows of a database as JSON lines, from one snapshot, and back again.

One way for both engines: a backup of SQLite can be restored to PostgreSQL and the other way round,
it needs no program of a certain version, and it reads beside servers that write. Rows are as the
tables have them: secrets stay sealed. For commands only.

The queue is not in it: each engine has its own, and what it says follows from the messages. After a
restore each message that has not ended has a job again.

Must not: open a secret, or change a row while writing it down.
"""

import base64
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Column, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault
from mailconfig.storage.engines import open_engines
from mailconfig.storage.faults import translated
from mailconfig.storage.outbox import refill
from mailconfig.storage.settings import StorageSettings
from mailconfig.storage.tables import (
    audit_events,
    files,
    message_contents,
    metadata,
    outbox_jobs,
    secrets,
)
from mailconfig.storage.tables.row import Moment
from mailconfig.storage.transaction import Transaction

_BATCH: Final = 500
"""Rows at once: some 100 KiB of most tables, at most 40 MiB of parts of large messages."""
_KEPT: Final = tuple(table for table in metadata.sorted_tables if table is not outbox_jobs)
TABLES: Final = tuple(table.name for table in _KEPT)
"""Names of all tables but the queue's; whatever refers to another one comes after it."""

Lines = Callable[[str], Iterable[bytes]]
"""Returns the lines of a table."""


class Snapshot:
    """One moment of a database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lines(self, name: str) -> AsyncIterator[tuple[int, bytes]]:
        """Yield the rows of a table: how many, and as many lines."""
        table = metadata.tables[name]
        order = [column.asc() for column in table.primary_key]
        result = await self._connection.stream(select(table).order_by(*order))
        async for rows in result.mappings().partitions(_BATCH):
            yield len(rows), b"".join(_line(dict(row)) for row in rows)

    async def blobs(self) -> list[str]:
        """Return the names of the blobs that rows refer to."""
        result = await self._connection.execute(select(files.c.blob).order_by(files.c.id))
        return [str(name) for name in result.scalars()]

    async def sealed(self) -> dict[str, int]:
        """Count what is sealed by the id of the key that it is under."""
        found: dict[str, int] = {}
        for table in (secrets, message_contents):
            counted = select(table.c.key_id, func.count()).group_by(table.c.key_id)
            for id, count in await self._connection.execute(counted):
                found[str(id)] = found.get(str(id), 0) + int(count)
        return found


@asynccontextmanager
async def snapshot(settings: StorageSettings) -> AsyncIterator[Snapshot]:
    """Read one moment of a database while servers go on writing; raises Fault."""
    engines = open_engines(settings)
    try:
        with translated():
            async with engines.reading.connect() as connection:
                yield Snapshot(connection)
    finally:
        await engines.dispose()


async def is_empty(settings: StorageSettings) -> bool:
    """Tell whether no table has a row; raises Fault."""
    async with snapshot(settings) as rows:
        for name in TABLES:
            async for _ in rows.lines(name):
                return False
    return True


async def replace_rows(
    settings: StorageSettings, lines: Lines, lost_blobs: frozenset[str] = frozenset()
) -> dict[str, int]:
    """Put these rows in the place of all rows, or change nothing; return how many of each table.

    Files whose blobs are lost are left out. Raises Fault, also for lines that are no rows.
    """
    engines = open_engines(settings)
    counts: dict[str, int] = {}
    try:
        with translated():
            async with engines.writing.begin() as connection:
                for table in reversed(metadata.sorted_tables):
                    if table is not audit_events:  # they go with their workspaces, and only so
                        await connection.execute(delete(table))
                for table in _KEPT:
                    rows = _rows(table, lines(table.name), lost_blobs)
                    counts[table.name] = await _insert(connection, table, rows)
                await _refill(connection)
    finally:
        await engines.dispose()
    return counts


async def _refill(connection: AsyncConnection) -> None:
    """Let the messages that wait be due again."""
    transaction = Transaction(connection, utc_now())
    if connection.dialect.name == "sqlite":
        await refill(transaction)
        return
    from mailconfig.storage import outbox_postgresql  # noqa: PLC0415 - SQLite has no use for it

    await outbox_postgresql.refill(transaction)


async def _insert(connection: AsyncConnection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    for batch in _batches(rows):
        await connection.execute(insert(table), batch)
        count += len(batch)
    return count


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(
    table: Table, lines: Iterable[bytes], lost_blobs: frozenset[str]
) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            plain = orjson.loads(line)
            row = {column.name: _value(column, plain[column.name]) for column in table.columns}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise Fault(f"The backup holds a line that is no row of {table.name}.") from error
        if table is not files or row["blob"] not in lost_blobs:
            yield row


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, default=_encoded, option=orjson.OPT_APPEND_NEWLINE)


def _encoded(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID):  # asyncpg has a class of its own
        return str(value)
    raise TypeError(type(value).__name__)


def _value(column: Column[Any], plain: Any) -> Any:  # noqa: ANN401 - a column of any type
    """Return what a column holds for what a line says."""
    if plain is None:
        return None
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(plain)
    kind = column.type.python_type
    if kind is bytes:
        return base64.b64decode(plain, validate=True)
    if kind is UUID:
        return UUID(plain)
    return plain
