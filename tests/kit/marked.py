"""A workspace of which every text and byte column holds a mark that is nowhere else.

    world = Marked.make(rows=40)
    await world.insert(url)
    ... assert world.found(folder) == set(world.marks) ...

Values are made of the tables' metadata: a column that is added is marked without a change here, or
fails loudly because no value fits.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    insert,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import AutoString

from mailconfig.domain.ids import new_id
from mailconfig.storage.settings import StorageSettings, database_url
from mailconfig.storage.tables import metadata
from mailconfig.storage.tables.row import Moment

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
_BLOB: Final = ("files", "blob")
"""Its name is made of ids, which are marks as well."""
_FITTING: Final[Mapping[str, object]] = {
    # A message that a worker has: of the states the one in which the most columns are filled.
    "messages.state": "SENDING",
    "messages.held_for": None,
    "messages.ended_at": None,
    "message_contents.part": 0,
}
"""Values that rules over several columns ask for."""


@dataclass
class Marked:
    """Rows of all tables, of one workspace and its members."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    marks: dict[bytes, str] = field(default_factory=dict)
    """What is searched for, with the column that has it."""
    word: str = field(default_factory=lambda: secrets.token_hex(6))

    @classmethod
    def make(cls, rows: int) -> "Marked":
        """Return a world with so many rows of each table, but for the one workspace."""
        made = cls()
        for table in metadata.sorted_tables:
            count = 1 if table.name == "workspaces" else rows
            made.rows[table.name] = [made._row(table, at) for at in range(count)]
        return made

    @property
    def workspace_id(self) -> UUID:
        """Id of the workspace."""
        found: UUID = self.rows["workspaces"][0]["id"]
        return found

    @property
    def blobs(self) -> Mapping[str, bytes]:
        """Name of each blob, and content that is a mark."""
        found = {}
        for row in self.rows["files"]:
            content = self._mark(f"content of {row['blob']}")
            found[row["blob"]] = content.encode()
        return found

    async def insert(self, url: str) -> None:
        """Store all rows."""
        engine = create_async_engine(database_url(StorageSettings(url)), poolclass=NullPool)
        async with engine.begin() as connection:
            for table in metadata.sorted_tables:
                await connection.execute(insert(table), self.rows[table.name])
        await engine.dispose()

    def found(self, *places: Path) -> set[str]:
        """Return the columns whose marks are in files of these folders."""
        columns = set()
        for content in _contents(places):
            if self.word.encode() in content or self.workspace_id.bytes in content:
                columns |= {column for mark, column in self.marks.items() if mark in content}
        return columns

    def _mark(self, what: str) -> str:
        mark = f"mark{self.word}{secrets.token_hex(8)}"
        self.marks[mark.encode()] = what
        return mark

    def _row(self, table: Table, at: int) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for column in table.columns:
            row[column.name] = self._value(table, column, at)
        if table.name == "files":
            row["blob"] = f"{row['workspace_id'].hex}/{row['id'].hex}"
        if table.name == "workspaces":
            self.marks[row["id"].bytes] = "workspaces.id"
            self.marks[row["id"].hex.encode()] = "workspaces.id"
        return row

    def _value(  # noqa: PLR0911 - one for each kind of column
        self, table: Table, column: Column[Any], at: int
    ) -> object:
        target = _target(table, column)
        if target is not None:
            of_table = self.rows[target.table.name]
            return of_table[min(at, len(of_table) - 1)][target.name]
        name = f"{table.name}.{column.name}"
        if name in _FITTING:
            return _FITTING[name]
        words = _words(table, column)
        if words is not None:
            return words
        match column.type:
            case Uuid():
                return new_id()
            case Moment():
                return NOON
            case Boolean():
                return False
            case BigInteger() | Integer():
                return at + 1
            case LargeBinary():
                return self._mark(name).encode() + secrets.token_bytes(3000)
            case String() | AutoString():
                return None if (table.name, column.name) == _BLOB else self._mark(name)
        raise TypeError(f"no value for {name}: {column.type!r}")


def marked_columns() -> set[str]:
    """Return the columns that hold texts or bytes which people or machines chose."""
    return {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | AutoString | LargeBinary)
        and _target(table, column) is None
        and _words(table, column) is None
        and (table.name, column.name) != _BLOB
    }


def _target(table: Table, column: Column[Any]) -> Column[Any] | None:
    """Return the column that a column refers to, the workspace's own where there are more."""
    found = [key.column for key in column.foreign_keys]
    own = [one for one in found if one.table.name == "workspaces"]
    return (own or found or [None])[0]


def _words(table: Table, column: Column[Any]) -> str | None:
    """Return a word of the closed set that a column is constrained to."""
    for rule in table.constraints:
        text = str(rule.sqltext) if isinstance(rule, CheckConstraint) else ""
        if text.startswith(f"{column.name} IN ("):
            return text.partition("'")[2].partition("'")[0]
    return None


def _contents(places: Iterable[Path]) -> Iterable[bytes]:
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                yield path.read_bytes()
