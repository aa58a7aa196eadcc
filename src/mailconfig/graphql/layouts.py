"""Layouts: where a row holds what the attributes of a shown type are, and lists of rows shown so.

The way of a row from the database to the answer:

1. A resolver reads what the client selected, asks the service for these facts and gets plain
   tuples: `(key, "Work", "ann@example.net", "WORKING", ...)`.
2. It answers with `Listed(layout, rows, known)`. The layout says of each attribute where it comes
   from: `{"id": Made(0, encode), "name": Column(1), "status": Word(3, words), ...}`.
3. Whoever treats that as a list gets objects, made then and there: graphql-core does, for fields
   with resolvers and for whatever else is not plain.
4. `graphql.compiler` does not. It takes the tuples and the layout, and writes a function that puts
   each value from its position into the answer; no object is made.

Both ways give the same: an attribute is what its origin says, however it is read. Origins read a
row, change nothing and never raise: rows are as wide as their layout, and what is looked up can be
hashed. (An object has all of its attributes made, an answer those that were selected; so the two
would differ about one that cannot be made.)

Layouts hold no data of a service instance, since functions made of them live with their document:
what belongs to an instance is handed over with the rows, as `known`.

Must not know the compiler, and works without it; must not know what is shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar, overload

Row = Sequence[Any]
"""Values by position."""
Known = Mapping[Any, object]
"""Objects by what rows say of them, such as providers by their ids."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Column:
    """The value at a position."""

    position: int

    def value(self, row: Row, _known: Known) -> object:
        """Return the attribute of a row."""
        return row[self.position]


@dataclass(frozen=True, slots=True)
class Word:
    """The member of an enum whose word is at a position; None and other values stay."""

    position: int
    members: Mapping[str, Enum]
    """Members by their words."""

    def value(self, row: Row, _known: Known) -> object:
        """Return the attribute of a row."""
        return self.member(row[self.position])

    def member(self, word: object) -> object:
        """Return the member of a word; what has none is left for the schema to refuse."""
        return self.members.get(word, word) if isinstance(word, str) else word


@dataclass(frozen=True, slots=True)
class Made:
    """What a function makes of the value at a position, None included."""

    position: int
    make: Callable[[Any], object]
    """Depends on nothing else, changes nothing, raises nothing."""

    def value(self, row: Row, _known: Known) -> object:
        """Return the attribute of a row."""
        return self.make(row[self.position])


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known under the value at a position; None where nothing is."""

    position: int

    def value(self, row: Row, known: Known) -> object:
        """Return the attribute of a row."""
        return known.get(row[self.position])


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for all rows."""

    held: object

    def value(self, _row: Row, _known: Known) -> object:
        """Return the attribute of a row."""
        return self.held


@dataclass(frozen=True, slots=True)
class Part:
    """An object whose values lie in the same row; None where the value at a position is."""

    position: int
    layout: "Layout[Any]"

    def value(self, row: Row, known: Known) -> object:
        """Return the attribute of a row."""
        return None if row[self.position] is None else self.layout.made(row, known)


@dataclass(frozen=True, slots=True)
class Within:
    """An object whose values lie in a row of their own, which is the value at a position."""

    position: int
    layout: "Layout[Any]"

    def value(self, row: Row, known: Known) -> object:
        """Return the attribute of a row."""
        inner = row[self.position]
        return None if inner is None else self.layout.made(inner, known)


Origin = Column | Word | Made | Looked | Constant | Part | Within
"""Where an attribute comes from."""


class Layout(Generic[_T]):
    """How objects of a type come out of rows; made once for each kind of row."""

    def __init__(self, kind: type[_T], origins: Mapping[str, Origin]) -> None:
        """Take a class whose objects have a `__dict__`, and the origins of its attributes."""
        self.kind: Final = kind
        self.origins: Final = origins
        columns = {n: o.position for n, o in origins.items() if isinstance(o, Column)}
        self._columns = tuple(columns.items())
        others = {n: o.value for n, o in origins.items() if not isinstance(o, Column)}
        self._others = tuple(others.items())

    def made(self, row: Row, known: Known) -> _T:
        """Return the object of a row; attributes that were not selected are not missed."""
        held = {name: row[position] for name, position in self._columns}
        for name, value in self._others:
            held[name] = value(row, known)
        made = object.__new__(self.kind)
        made.__dict__ = held
        return made


class Listed(Sequence[_T]):
    """A list of the objects of some rows, which are made when somebody looks at one of them."""

    __slots__ = ("_objects", "known", "layout", "rows")

    def __init__(self, layout: Layout[_T], rows: Sequence[Row], known: Known) -> None:
        self.layout: Final = layout
        self.rows: Final = rows
        self.known: Final = known
        self._objects: list[_T] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[_T]:
        """Iterate over the objects."""
        return iter(self._made())

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_T]: ...
    def __getitem__(self, index: int | slice) -> _T | Sequence[_T]:
        """Return an object, or several."""
        return self._made()[index]

    def _made(self) -> list[_T]:
        if self._objects is None:
            made, known = self.layout.made, self.known
            self._objects = [made(row, known) for row in self.rows]
        return self._objects
