"""One open transaction: runs statements and translates the engine's errors, in one place.

SQLite works in a thread that cannot be interrupted. A statement there is waited for even when its
task is cancelled, and the cancellation passed on after it; the busy timeout bounds that. Otherwise
the connection would be given up with its statement still running.

Must not: be shared by concurrent tasks; a connection does one thing at a time.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Insert, Row, Table, Update, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailconfig.storage.faults import translated

AnyRow = Row[Any]
Upsert = postgresql.Insert | sqlite.Insert


ResultT = TypeVar("ResultT")


async def unbroken(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Carry work out to its end, then pass on a cancellation that came meanwhile."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # the first one is on its way already
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the cancellation counts more
        raise


async def uninterrupted(engine: AsyncEngine, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Carry work out as the engine needs it; raises the errors of `storage.faults`."""
    with translated():
        return await (unbroken(work) if engine.dialect.name == "sqlite" else work)


class Transaction:
    """Statements on one connection; `now` is the moment at which the transaction began."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.after_commit: list[Callable[[], None]] = []
        """What is called once the transaction is committed; must neither wait nor raise."""

    async def run(self, statement: Executable) -> CursorResult[Any]:
        """Carry out a statement; raises the errors of `storage.faults`."""
        return await uninterrupted(self._connection.engine, self._connection.execute(statement))

    async def insert(self, table: Table, row: Mapping[str, object]) -> None:
        """Add a row.

        Its values go beside the statement, not into it: SQLAlchemy then finds what it compiled
        before by the table alone, and makes no object of each value; that is half of an INSERT.
        """
        work = self._connection.execute(insert(table), dict(row))
        await uninterrupted(self._connection.engine, work)

    async def run_many(
        self, statement: Insert | Upsert | Update, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Carry out a statement once for each row of values."""
        if rows:
            work = self._connection.execute(statement, [dict(row) for row in rows])
            await uninterrupted(self._connection.engine, work)

    async def changed(self, statement: Executable) -> int:
        """Carry out a statement and return how many rows it touched."""
        return (await self.run(statement)).rowcount

    async def first(self, statement: Executable) -> AnyRow | None:
        """Return the first row, None if there is none."""
        return (await self.run(statement)).first()

    async def all(self, statement: Executable) -> Sequence[AnyRow]:
        """Return all rows."""
        return (await self.run(statement)).all()

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - a column of any type
        """Return the first column of the first row, None if there is no row."""
        return (await self.run(statement)).scalar()

    def upsert(self, table: Table) -> Upsert:
        """Begin an INSERT that can have an ON CONFLICT clause."""
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)
