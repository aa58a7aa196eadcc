"""SQLite's driver with one way to its thread and back for each statement.

aiosqlite gives every step of a statement to the thread of its connection: make a cursor, execute,
fetch, close. The way there and back takes longer than most statements do, so here all steps are one
of them. Rows beyond the first come as they are asked for.

Must not: begin or end transactions; that is `storage.engines`.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final, Self

import aiosqlite

_FIRST_ROWS: Final = 100
"""Rows that come with a statement; for those after them each fetch is a way of its own."""
STATEMENTS_KEPT: Final = 300
"""Statements that a connection keeps prepared."""

Parameters = Iterable[Any]


def connect(path: str) -> "Connection":
    """Return a connection that opens when it is awaited."""

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False, cached_statements=STATEMENTS_KEPT)

    return Connection(opened, _FIRST_ROWS)


class Connection(aiosqlite.Connection):
    """A connection whose thread does not keep the process from ending."""

    def __init__(self, opened: Callable[[], sqlite3.Connection], chunk: int) -> None:
        super().__init__(opened, chunk)
        self._thread.daemon = True

    # Not aiosqlite's, which is made in the thread.
    def cursor(self) -> "Cursor":  # type: ignore[override]
        """Return a cursor; nothing is asked of the thread yet."""
        return Cursor(self)

    async def carried_out(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `work` returns
        """Call something in the thread, after all that was given to it before."""
        return await self._execute(work)  # type: ignore[no-untyped-call]

    def bare_cursor(self) -> sqlite3.Cursor:
        """Return a cursor of the library itself, for use in the thread."""
        return self._conn.cursor()


class Cursor:
    """The part of a cursor of aiosqlite that SQLAlchemy uses, for one statement at a time."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: sqlite3.Cursor | None = None
        """Of a statement that has more rows."""
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Be ready."""
        return self

    async def execute(self, statement: str, parameters: Parameters = ()) -> Self:
        """Carry out a statement and fetch its first rows."""
        await self._connection.carried_out(lambda: self._execute(statement, parameters))
        return self

    async def executemany(self, statement: str, parameters: Iterable[Parameters]) -> Self:
        """Carry out a statement that returns no rows once for each row of values."""
        await self._connection.carried_out(lambda: self._execute_many(statement, parameters))
        return self

    async def fetchone(self) -> Any | None:  # noqa: ANN401 - a row, of any types
        """Return the next row, None after the last one."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows, no more than so many; none after the last one."""
        wanted = self.arraysize if size is None else size
        cursor = self._open
        if cursor is not None and len(self._rows) < wanted:
            missing = wanted - len(self._rows)
            self._rows += await self._connection.carried_out(lambda: cursor.fetchmany(missing))
        rows, self._rows = self._rows[:wanted], self._rows[wanted:]
        return rows

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        if self._open is not None:
            await self._connection.carried_out(self._fetch_rest)
        rows, self._rows = self._rows, []
        return rows

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Yield all rows that are left."""
        while rows := await self.fetchmany(_FIRST_ROWS):
            for row in rows:
                yield row

    async def close(self) -> None:
        """Forget what is left."""
        self._rows = []
        if self._open is not None:
            cursor, self._open = self._open, None
            await self._connection.carried_out(cursor.close)

    # -- in the thread

    def _execute(self, statement: str, parameters: Parameters) -> None:
        self._forget()
        cursor = self._connection.bare_cursor()
        try:
            cursor.execute(statement, tuple(parameters))
            if cursor.description is not None:
                self._rows = cursor.fetchmany(_FIRST_ROWS)
            self._note(cursor)
        except BaseException:
            cursor.close()
            raise
        if len(self._rows) < _FIRST_ROWS:
            cursor.close()
        else:
            self._open = cursor

    def _execute_many(self, statement: str, parameters: Iterable[Parameters]) -> None:
        self._forget()
        cursor = self._connection.bare_cursor()
        try:
            cursor.executemany(statement, [tuple(row) for row in parameters])
            self._note(cursor)
        finally:
            cursor.close()

    def _fetch_rest(self) -> None:
        if self._open is not None:
            self._rows += self._open.fetchall()
            self._note(self._open)  # what was changed is counted at the end
            self._open.close()
            self._open = None

    def _forget(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open, self._rows = None, []

    def _note(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
