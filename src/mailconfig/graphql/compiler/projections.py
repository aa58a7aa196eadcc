"""Projections: one function for the plain fields of an object, and the rest for graphql-core."""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLSchema
from graphql.execution.collect_fields import GroupedFieldSet
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from mailconfig.graphql.compiler import leaves
from mailconfig.graphql.compiler.classes import fitting
from mailconfig.graphql.compiler.plain import (
    Collect,
    Field,
    Leaf,
    Nothing,
    Reader,
    Record,
    Rows,
    Value,
)
from mailconfig.graphql.compiler.positions import MOST_LAYOUTS, ByPosition
from mailconfig.graphql.compiler.source import Source
from mailconfig.graphql.layouts import Listed


class Shape(NamedTuple):
    """How the selected fields of an object are executed."""

    project: Callable[[Any], dict[str, Any] | None]
    """From an object to the answer of its plain fields, with a None in place of each other; None
    where the general way must be taken."""
    rest: GroupedFieldSet
    """The others."""
    size: int
    """Fields of the function, those of nested objects included, and of the functions by position
    that it may come to hold."""


def shape_of(
    schema: GraphQLSchema, collect: Collect, parent: GraphQLObjectType, fields: GroupedFieldSet
) -> Shape | None:
    """Return the shape of a selection, None when nothing of it is plain."""
    reader = Reader(schema, collect)
    read = {key: reader.field(parent, key, details) for key, details in fields.items()}
    if not any(read.values()):
        return None
    source = Source()
    answered = _answer(source, "source", parent, read)
    source.add(f"return {answered}")
    rest = {key: fields[key] for key, field in read.items() if field is None}
    return Shape(source.function(), rest, reader.size + MOST_LAYOUTS * reader.listed)


def _answer(
    source: Source, variable: str, parent: GraphQLObjectType, fields: dict[str, Field | None]
) -> str:
    """Write what completes the fields of the object in a variable; return the dict's display."""
    parts = []
    for key, field in fields.items():
        parts.append(f"{key!r}: {_field(source, variable, parent, field)}")
    return "{" + ", ".join(parts) + "}"


def _field(source: Source, variable: str, parent: GraphQLObjectType, field: Field | None) -> str:
    if field is None:
        return "None"
    if field.value is None:
        return repr(parent.name)
    held = source.variable()
    source.add(f"{held} = {variable}.{field.attribute}")
    complete(source, held, field.value)
    return held


def complete(source: Source, variable: str, value: Value) -> None:
    """Write what completes the value in a variable, in place."""
    if value.nullable:
        with source.block(f"if {variable} is not None:"):
            _kind(source, variable, value.kind)
    else:
        _kind(source, variable, value.kind)  # none of the checks lets None pass


def _kind(source: Source, variable: str, kind: Leaf | Rows | Nothing | Record) -> None:
    match kind:
        case Leaf(kind=leaf):
            leaves.write(source, leaf, variable)
        case Rows(item=item):
            _rows(source, variable, item)
        case Nothing():
            source.leave_if(f"{variable}.__class__ is not list or {variable}")
            source.add(f"{variable} = []")
        case Record():
            _record(source, variable, kind)


def _rows(source: Source, variable: str, item: Value) -> None:
    if not isinstance(item.kind, Record):
        _items(source, variable, item)
        return
    by_position = source.constant(ByPosition(item.kind, complete))
    with source.block(f"if {variable}.__class__ is {source.constant(Listed)}:"):
        source.add(f"{variable} = {by_position}({variable})")
        source.leave_if(f"{variable} is None")
    with source.block("else:"):
        _items(source, variable, item)


def _items(source: Source, variable: str, item: Value) -> None:
    made, row = source.variable(), source.variable()
    source.leave_if(f"{variable}.__class__ is not list and {variable}.__class__ is not tuple")
    source.add(f"{made} = []")
    with source.block(f"for {row} in {variable}:"):
        complete(source, row, item)
        source.add(f"{made}.append({row})")
    source.add(f"{variable} = {made}")


def _record(source: Source, variable: str, record: Record) -> None:
    # An object of a type without interfaces may be of any class; one of a type with interfaces
    # must be an instance of the type's own.
    bound = record.origin if record.kind.is_type_of is not None else object
    fits = source.constant(fitting(bound))
    origin = source.constant(record.origin)
    source.leave_if(f"{variable}.__class__ is not {origin} and not {fits}({variable}.__class__)")
    if record.kind.is_type_of is not None:
        # Only types of interfaces ask what an object was cast to (`strawberry.cast`).
        source.leave_if(f"getattr({variable}, {TYPE_CAST_ATTRIBUTE!r}, None) is not None")
    fields: dict[str, Field | None] = {field.key: field for field in record.fields}
    answered = _answer(source, variable, record.kind, fields)
    source.add(f"{variable} = {answered}")
