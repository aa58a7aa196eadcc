"""Statements compiled once: the text for the driver, the order of its parameters, how to read rows.

Parameters that differ from request to request have names (`named`); all other values are part of
what was compiled. Whoever keeps a `Prepared` must make sure that those follow from the key that it
is kept under.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import BindParameter, Boolean, Select, Uuid, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from mailconfig.storage.tables.row import Moment

Row = Sequence[Any]
"""A row, by position."""
Decoder = Callable[[Any], Any]
"""Makes a value of ours of what the driver gave, which is not None."""
Decoders = Mapping[int, Decoder]
"""How columns are read, by position; the others are what they are."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement for one kind of database."""

    text: str
    """As the driver takes it."""
    names: tuple[str, ...]
    """Its parameters, in their order."""
    fixed: Mapping[str, object]
    """Values of parameters that are part of the statement."""
    decoders: Decoders
    """How its rows are read."""

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Return the parameters in their order."""
        fixed = self.fixed
        return [values[name] if name in values else fixed[name] for name in self.names]


class Lines(Protocol):
    """Connections for single statements that read."""

    dialect: Dialect
    """What statements are compiled for."""

    async def fetch(self, prepared: Prepared, values: Mapping[str, object]) -> Sequence[Row]:
        """Return all rows, as the driver gave them; raises the errors of `storage.faults`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Single(Protocol):
    """Connections for single statements that write, each a transaction of its own."""

    dialect: Dialect
    """What statements are compiled for."""

    async def run(self, prepared: Prepared, values: Mapping[str, object]) -> None:
        """Carry a statement out, once; raises the errors of `storage.faults`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


def named(name: str, value: object, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """Return a parameter whose value comes with each request."""
    return bindparam(name, value, type_=kind)


def prepared(
    statement: Select[Any],
    dialect: Dialect,
    values: Mapping[str, object],
) -> Prepared:
    """Compile a statement; `values` are those of its named parameters."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("this statement has no text")
    names = tuple(compiled.positiontup or ())
    fixed = {name: compiled.params[name] for name in names if name not in values}
    return Prepared(str(compiled), names, fixed, _decoders(statement, dialect))


def _decoders(statement: Select[Any], dialect: Dialect) -> dict[int, Decoder]:
    """Return how columns are read; asyncpg's values are ours already."""
    if dialect.name != "sqlite":
        return {}
    read = ((at, _of_sqlite(column.type)) for at, column in enumerate(statement.selected_columns))
    return {at: decoder for at, decoder in read if decoder is not None}


def _of_sqlite(kind: TypeEngine[Any]) -> Decoder | None:
    """Return how a column is read that SQLite keeps as text or number."""
    if isinstance(kind, Moment):
        return _moment
    if isinstance(kind, Uuid):
        return UUID
    return bool if isinstance(kind, Boolean) else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "Z")  # its zone is datetime.UTC itself


def decoded(rows: Sequence[Row], decoders: Decoders) -> Sequence[Row]:
    """Return rows of our values."""
    if not decoders:
        return rows
    read = [list(row) for row in rows]
    for at, decode in decoders.items():
        for row in read:
            value = row[at]
            if value is not None:
                row[at] = decode(value)
    return read


class Kept:
    """Statements by the shape of the question that they answer, as many as there is room for."""

    def __init__(self, most: int = 500) -> None:
        self._most: Final = most
        self._statements: dict[object, Prepared] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._statements)

    def get(self, shape: object, make: partial[Prepared]) -> Prepared:
        """Return the statement of a shape, made when it is new; the oldest leaves for it."""
        found = self._statements.get(shape)
        if found is None:
            found = self._statements[shape] = make()
            if len(self._statements) > self._most:
                del self._statements[next(iter(self._statements))]
        return found
