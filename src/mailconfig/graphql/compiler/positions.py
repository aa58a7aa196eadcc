"""Lists of rows by position: functions from tuples straight to the answer, for each layout one.

Which fields of a list are answered is known when its document is compiled; where their values lie
in a row is known when the first list comes, by its layout (`graphql.layouts`). So a compiled list
holds a `ByPosition`, which writes its function then:

    for row in source.rows:
        a = row[1]
        if a.__class__ is not str: return None
        ...
        made.append({"name": a, "port": b})

Values are checked as attributes of objects are. Where one is not as expected, or an attribute has
no place in the layout, the list is left to graphql-core, which takes it as a list of objects.

The functions live as long as what was compiled of the document. They hold layouts, never rows or
what those are looked up in.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from graphql import GraphQLEnumType

from mailconfig.graphql.compiler import leaves
from mailconfig.graphql.compiler.classes import is_inert
from mailconfig.graphql.compiler.plain import Field, Leaf, Record, Value
from mailconfig.graphql.compiler.source import Function, Source
from mailconfig.graphql.layouts import (
    Column,
    Constant,
    Layout,
    Listed,
    Looked,
    Made,
    Part,
    Within,
    Word,
)

MOST_LAYOUTS: Final = 2
"""Functions of one place of a selection. Each list of a document has one layout, as a rule; those
of further ones are answered as lists of objects."""

Complete = Callable[[Source, str, Value], None]
"""Writes what completes the value in a variable, in place."""


class ByPosition:
    """Answers one list of one compiled selection, whatever its layout is."""

    def __init__(self, record: Record, complete: Complete) -> None:
        self._record = record
        self._complete = complete
        self._functions: dict[Layout[Any], Function | None] = {}

    def __call__(self, listed: Listed[Any]) -> list[dict[str, Any]] | None:
        """Return the answer, None where the list must be completed in the general way."""
        function = self._functions.get(listed.layout) or self._new(listed.layout)
        made: list[dict[str, Any]] | None = function(listed) if function is not None else None
        return made

    def _new(self, layout: Layout[Any]) -> Function | None:
        if layout in self._functions or len(self._functions) >= MOST_LAYOUTS:
            return None
        fits = _fits(self._record, layout)
        made = _function(self._record, layout, self._complete) if fits else None
        self._functions[layout] = made
        return made


def _fits(record: Record, layout: Layout[Any]) -> bool:
    """Tell whether a layout has all that is selected, and shows objects of the type."""
    typed = record.kind.is_type_of is None or issubclass(layout.kind, record.origin)
    return typed and is_inert(layout.kind) and all(_has(layout, field) for field in record.fields)


def _has(layout: Layout[Any], field: Field) -> bool:
    if field.attribute is None or field.value is None:
        return True  # __typename
    origin, kind = layout.origins.get(field.attribute), field.value.kind
    if isinstance(origin, Part | Within):
        return isinstance(kind, Record) and _fits(kind, origin.layout)
    return origin is not None


def _function(record: Record, layout: Layout[Any], complete: Complete) -> Function:
    source = Source()
    source.add("known = source.known")
    source.add("made = []")
    writer = _Writer(source, complete)
    with source.block("for row in source.rows:"):
        source.add(f"made.append({writer.answer('row', record, layout)})")
    source.add("return made")
    return source.function()


class _Writer:
    """Writes what makes answers of rows in variables."""

    def __init__(self, source: Source, complete: Complete) -> None:
        self._source = source
        self._complete = complete

    def answer(self, row: str, record: Record, layout: Layout[Any]) -> str:
        """Write what completes the fields of a record; return the dict's display."""
        answered = {field.key: self._field(row, record, layout, field) for field in record.fields}
        parts = [f"{key!r}: {variable}" for key, variable in answered.items()]
        return "{" + ", ".join(parts) + "}"

    def _field(self, row: str, record: Record, layout: Layout[Any], field: Field) -> str:
        if field.attribute is None or field.value is None:
            return repr(record.kind.name)
        source, held = self._source, self._source.variable()
        match layout.origins[field.attribute]:
            case Column(position):
                source.add(f"{held} = {row}[{position}]")
                self._complete(source, held, field.value)
            case Made(position, make):
                source.add(f"{held} = {source.constant(make)}({row}[{position}])")
                self._complete(source, held, field.value)
            case Word() as word:
                self._word(row, held, word, field.value)
            case Looked(position):
                self._looked(f"{row}[{position}]", held, field.value)
            case Constant(value):
                self._constant(value, held, field.value)
            case Part(position, inner):
                source.add(f"{held} = {row}[{position}]")
                self._inner(row, held, field.value, inner)
            case Within(position, inner):
                source.add(f"{held} = {row}[{position}]")
                self._inner(held, held, field.value, inner)
        return held

    def _word(self, row: str, held: str, word: Word, value: Value) -> None:
        """Look up the name of a word's member at once, where an enum is shown."""
        source, kind = self._source, value.kind
        if not isinstance(kind, Leaf) or not isinstance(kind.kind, GraphQLEnumType):
            source.add(f"{held} = {source.constant(word.member)}({row}[{word.position}])")
            self._complete(source, held, value)
            return
        names = source.constant(leaves.names_of_words(kind.kind, word.members))
        source.add(f"{held} = {row}[{word.position}]")
        # A word without name raises, which leaves.
        found = f"{held} = {names}[{held}]"
        source.add(f"if {held} is not None: {found}" if value.nullable else found)

    def _looked(self, key: str, held: str, value: Value) -> None:
        """Complete an object once for all rows that have it."""
        source, key_held, seen = self._source, self._source.variable(), self._source.variable()
        source.begin(f"{seen} = {{}}")
        source.add(f"{key_held} = {key}")
        source.add(f"{held} = {seen}.get({key_held})")
        with source.block(f"if {held} is None:"):
            source.add(f"{held} = known.get({key_held})")
            self._complete(source, held, value)
            source.add(f"{seen}[{key_held}] = {held}")

    def _constant(self, given: object, held: str, value: Value) -> None:
        """Complete a leaf now, once for all; where that does not go, a row that comes leaves."""
        once = Source()
        self._complete(once, "source", value)
        once.add("return [source]")
        made = once.function()(given)
        source = self._source
        if isinstance(value.kind, Leaf) and made is not None:
            source.begin(f"{held} = {source.constant(made[0])}")
        else:
            source.add(f"{held} = {source.constant(given)}")
            self._complete(source, held, value)

    def _inner(self, row: str, held: str, value: Value, layout: Layout[Any]) -> None:
        """Complete an object whose presence is told by the value in `held`."""
        source, record = self._source, cast("Record", value.kind)  # `_fits` has seen to it
        if not value.nullable:
            source.leave_if(f"{held} is None")
        with source.block(f"if {held} is not None:"):
            source.add(f"{held} = {self.answer(row, record, layout)}")
