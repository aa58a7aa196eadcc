"""Reading from PostgreSQL on bare connections of asyncpg, without transactions and resets.

A single statement is a transaction of its own there, so BEGIN and COMMIT would only add round
trips; asyncpg's own pool resets each connection that comes back, which is one more. Neither is
needed: these connections carry out nothing but statements that read, and PostgreSQL is told to
refuse anything else on them. A connection whose statement failed or was cancelled is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresConnectionError
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Dialect

from mailconfig.domain.errors import Fault
from mailconfig.storage.faults import DatabaseError, ValueRefused, meaning
from mailconfig.storage.reads.statements import Prepared, Row

_READ_ONLY: Final = {"default_transaction_read_only": "on"}
_STATEMENTS: Final = 300
"""Statements that a connection keeps prepared; a few dozen shapes of questions are usual."""
_GONE: Final = (PostgresConnectionError, InterfaceError, OSError)
"""What a connection fails with that the server closed while it was idle."""
_OURS: Final = (ValueError, TimeoutError)
"""What looks like that, and is a value that cannot be sent, or no free connection in time."""
_NOT_ASYNCPG: Final = ("prepared_statement_cache_size", "prepared_statement_name_func")
"""Options of URLs that are SQLAlchemy's own."""


class PostgresLines:
    """A pool of bare connections, opened as they are needed; implements `Lines` and `Single`."""

    def __init__(self, url: URL, size: int, wait_seconds: float, *, writing: bool = False) -> None:
        """Open nothing yet; PostgreSQL refuses to write on these unless they are for that."""
        dialect: Any = PGDialect_asyncpg  # SQLAlchemy has no types for it
        self.dialect: Dialect = dialect()
        given: dict[str, Any] = self.dialect.create_connect_args(url)[1]
        self._options = {name: given[name] for name in given if name not in _NOT_ASYNCPG}
        self._settings = {} if writing else _READ_ONLY
        self._wait_seconds = wait_seconds
        self._places = asyncio.Semaphore(size)
        self._idle: list[asyncpg.Connection[Any]] = []
        self._closed = False

    async def fetch(self, prepared: Prepared, values: Mapping[str, object]) -> Sequence[Row]:
        """Return all rows; a connection that was closed meanwhile is replaced by a new one."""
        arguments = prepared.arguments(values)
        with translated_postgres(prepared.text):
            try:
                return await self._carried_out(prepared.text, arguments, fresh=False)
            except _GONE as error:
                if isinstance(error, _OURS):
                    raise
                # Asking twice does no harm.
                return await self._carried_out(prepared.text, arguments, fresh=True)

    async def run(self, prepared: Prepared, values: Mapping[str, object]) -> None:
        """Carry a statement out, once: whether one was, a lost connection does not tell."""
        arguments = prepared.arguments(values)
        with translated_postgres(prepared.text):
            await self._carried_out(prepared.text, arguments, fresh=False)

    async def _carried_out(
        self, statement: str, arguments: Sequence[object], *, fresh: bool
    ) -> Sequence[Row]:
        # As `connection` lends one, without the generator: that is a fortieth of a submit.
        connection = await self._taken(fresh=fresh)
        try:
            rows: Sequence[Row] = await connection.fetch(statement, *arguments)
        except BaseException:
            self._put_back(connection, broken=True)
            raise
        self._put_back(connection)
        return rows

    @asynccontextmanager
    async def connection(self, *, fresh: bool) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Lend a connection; one whose use fails in any way is closed."""
        connection = await self._taken(fresh=fresh)
        try:
            yield connection
        except BaseException:
            self._put_back(connection, broken=True)
            raise
        self._put_back(connection)

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            with suppress(*_GONE, TimeoutError):
                await connection.close(timeout=self._wait_seconds)

    async def _taken(self, *, fresh: bool) -> "asyncpg.Connection[Any]":
        await self._place()
        try:
            return await self._opened(fresh=fresh)
        except BaseException:
            self._places.release()
            raise

    def _put_back(self, connection: "asyncpg.Connection[Any]", *, broken: bool = False) -> None:
        self._places.release()
        if broken or self._closed:
            connection.terminate()
        else:
            self._idle.append(connection)

    async def _place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        async with asyncio.timeout(self._wait_seconds):
            await self._places.acquire()

    async def _opened(self, *, fresh: bool) -> "asyncpg.Connection[Any]":
        while self._idle:
            connection = self._idle.pop()
            if not fresh and not connection.is_closed():
                return connection
            connection.terminate()
        return await asyncpg.connect(
            **self._options,
            server_settings=self._settings,
            statement_cache_size=_STATEMENTS,
            timeout=self._wait_seconds,
        )


@contextmanager
def translated_postgres(statement: str) -> Iterator[None]:
    """Raise our errors in place of asyncpg's, whose texts quote values."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = str(error.sqlstate or "")
        constraint = getattr(error, "constraint_name", None)
        said = f"{type(error).__name__} {state} {constraint or ''} in: {statement}"
        raise meaning(state, constraint) from DatabaseError(said)
    except (ValueError, OverflowError):  # what cannot be sent at all; the text quotes it
        raise ValueRefused from None
    except (InterfaceError, OSError) as error:  # TimeoutError is an OSError
        raise Fault("The database is busy or cannot be reached.") from error
