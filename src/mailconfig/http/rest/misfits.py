"""Where an input is not of its type: paths and what is expected there, never what was given.

GraphQL refuses such an input with a sentence about the whole variable. Forms need the field, so
the same types are walked once more after such a refusal; they, not this module, decide on it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_leaf_type,
    is_required_input_field,
)

from mailconfig.http.rest.operations import Operation, takes_one

Path = tuple[str | int, ...]
Misfit = tuple[Path, str]
"""A path, and a sentence about what is expected there."""


def misfits(operation: Operation, variables: Mapping[str, Any]) -> list[Misfit]:
    """Return what does not fit among the variables; paths are those within the request's body."""
    found = [
        misfit
        for name, kind in operation.variables.items()
        for misfit in _misfits(kind, variables.get(name), (name,))
    ]
    body = tuple((operation.row.body_at or "").split("."))
    spread = (operation.row.spread,)
    return [
        (path[len(start) :], message)
        for path, message in found
        for start in [next((s for s in (body, spread) if path[: len(s)] == s), ())]
    ]


def _misfits(kind: GraphQLInputType, value: object, path: Path) -> Iterator[Misfit]:
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield path, "A value is needed here."
            return
        kind = kind.of_type
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from _misfits(kind.of_type, item, (*path, index))
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _of_object(kind, value, path)
    elif is_leaf_type(kind):
        try:
            cast("Any", kind).coerce_input_value(value)
        except (GraphQLError, ValueError, TypeError):
            yield path, f"A value of type {kind.name} is expected here."


def _of_object(kind: GraphQLInputObjectType, value: object, path: Path) -> Iterator[Misfit]:
    if not isinstance(value, dict):
        yield path, f"An object of type {kind.name} is expected here."
        return
    if any(name not in kind.fields for name in value):
        # Not its name: a client's mistake may have put a password there.
        yield path, f"A member here is none of {kind.name}."
    for name, field in kind.fields.items():
        if name in value or is_required_input_field(field):
            yield from _misfits(field.type, value.get(name), (*path, name))
    if takes_one(kind) and (len(value) != 1 or None in value.values()):
        yield path, "Exactly one member is expected here."
