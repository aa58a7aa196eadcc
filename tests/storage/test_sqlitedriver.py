"""SQLite's driver: what SQLAlchemy asks of a cursor, and how often the thread is asked for it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from mailconfig.storage import sqlitedriver
from mailconfig.storage.engines import open_engines
from mailconfig.storage.settings import StorageSettings
from mailconfig.storage.sqlitedriver import Connection

MANY = 250
"""More rows than come with a statement, by more than two fetches."""


class Counting(Connection):
    """Counts the ways to the thread and back."""

    ways = 0

    async def carried_out(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `work` returns
        """Count, and do it."""
        self.ways += 1
        return await super().carried_out(work)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Counting]:
    """A database with a table of many rows."""
    path = tmp_path / "a.db"
    made = await Counting(lambda: sqlite3.connect(path, isolation_level=None), 10)
    await made.cursor().execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT UNIQUE)")
    rows = [(n, str(n)) for n in range(MANY)]
    await made.cursor().executemany("INSERT INTO numbers VALUES (?, ?)", rows)
    made.ways = 0
    yield made
    await made.close()


async def test_few_rows_are_one_way(connection: Counting) -> None:
    """Executing, fetching and closing are one."""
    cursor = await connection.cursor().__aenter__()
    await cursor.execute("SELECT n, word FROM numbers WHERE n < ?", (3,))
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["n", "word"]
    assert await cursor.fetchall() == [(0, "0"), (1, "1"), (2, "2")]
    assert await cursor.fetchall() == []
    await cursor.close()
    assert connection.ways == 1


async def test_many_rows_are_two_ways(connection: Counting) -> None:
    """The rest comes at once, without the first ones again."""
    cursor = connection.cursor()
    await cursor.execute("SELECT n FROM numbers ORDER BY n")
    assert [n for (n,) in await cursor.fetchall()] == list(range(MANY))
    assert connection.ways == 2


@pytest.mark.parametrize("size", [1, 7, 99, 100, 101, 249, 250, 251])
async def test_rows_by_portions(connection: Counting, size: int) -> None:
    """Whatever the portion is, all rows come in their order, and then none."""
    cursor = connection.cursor()
    await cursor.execute("SELECT n FROM numbers ORDER BY n")
    found: list[int] = []
    while rows := await cursor.fetchmany(size):
        assert len(rows) == min(size, MANY - len(found))
        found += [n for (n,) in rows]
    assert found == list(range(MANY))
    assert await cursor.fetchone() is None


async def test_rows_one_by_one(connection: Counting) -> None:
    """A loop and single rows go on where the other one ended."""
    cursor = connection.cursor()
    await cursor.execute("SELECT n FROM numbers ORDER BY n")
    assert await cursor.fetchone() == (0,)
    assert [n async for (n,) in cursor] == list(range(1, MANY))


async def test_what_was_changed_is_counted(connection: Counting) -> None:
    """Also where so many rows are returned that they come in two portions."""
    cursor = connection.cursor()
    await cursor.execute("UPDATE numbers SET word = word || '!' WHERE n < 5")
    assert (cursor.rowcount, cursor.description) == (5, None)
    await cursor.execute("UPDATE numbers SET word = word || '?' RETURNING n")
    assert len(await cursor.fetchall()) == MANY
    assert cursor.rowcount == MANY
    await cursor.executemany("DELETE FROM numbers WHERE n = ?", [(1,), (2,)])
    assert (cursor.rowcount, cursor.description) == (2, None)
    await cursor.execute("INSERT INTO numbers VALUES (7000, 'x')")
    assert (cursor.rowcount, cursor.lastrowid) == (1, 7000)


async def test_an_error_leaves_nothing_open(connection: Counting) -> None:
    """The table can be dropped after a statement that failed and one that was not read."""
    cursor = connection.cursor()
    await cursor.execute("SELECT n FROM numbers")
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.execute("INSERT INTO numbers VALUES (?, ?)", (1, "one"))
    assert await cursor.fetchall() == []
    await cursor.execute("SELECT n FROM numbers")
    await cursor.close()
    assert await cursor.fetchall() == []
    await connection.cursor().execute("DROP TABLE numbers")


async def test_both_engines_open_it(tmp_path: Path) -> None:
    """What transactions of the product run on."""
    engines = open_engines(StorageSettings(f"sqlite:///{tmp_path / 'a.db'}"))
    for engine in (engines.writing, engines.reading):
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            assert isinstance(raw.driver_connection, Connection)
    await engines.dispose()


async def test_sqlalchemy_works_with_it(tmp_path: Path) -> None:
    """Results come at once and as a stream."""
    path = str(tmp_path / "a.db")
    engine: AsyncEngine = create_async_engine(
        "sqlite+aiosqlite:///", async_creator=lambda: sqlitedriver.connect(path)
    )
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
        rows = [{"n": n} for n in range(MANY)]
        await connection.execute(text("INSERT INTO numbers VALUES (:n)"), rows)
    async with engine.connect() as connection:
        result = await connection.execute(text("SELECT n FROM numbers ORDER BY n"))
        assert list(result.scalars()) == list(range(MANY))
        stream = await connection.stream(text("SELECT n FROM numbers ORDER BY n"))
        sizes = [len(rows) async for rows in stream.partitions(120)]
        assert sizes == [120, 120, 10]
        unread = await connection.stream(text("SELECT n FROM numbers ORDER BY n"))
        await unread.close()
    await engine.dispose()
