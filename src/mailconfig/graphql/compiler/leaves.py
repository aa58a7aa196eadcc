"""Leaves: what is checked of a scalar's or enum's value before it may go into the answer as it is.

`write` adds the lines that turn the raw value in a variable into what graphql-core would have
answered, or leave. Values of other Python types than the usual one are left to graphql-core, which
may still convert them. Null is the caller's matter.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)

from mailconfig.graphql.compiler.source import Source

_INT: Final = "{0}.__class__ is not int or not -2147483648 <= {0} <= 2147483647"
"""Condition under which a value is no Int of GraphQL, which has 32 bits."""
_CHECKS: Final[dict[GraphQLLeafType, str]] = {
    GraphQLString: "{0}.__class__ is not str",
    GraphQLID: "{0}.__class__ is not str",
    GraphQLInt: _INT,
    # NaN and the infinities differ from themselves by more than nothing.
    GraphQLFloat: "{0}.__class__ is not float or {0} - {0} != 0.0",
    GraphQLBoolean: "{0} is not True and {0} is not False",
}
"""When values of the specified scalars are not what they are answered as."""
_TAKEN: Final = frozenset(
    {str, int, float, bool, bytes, dict, list, tuple, datetime, date, time, UUID, Decimal}
)
"""Classes that custom scalars are given here: values that cannot be exceptions or awaitables."""
_ANSWERED: Final = frozenset({str, int, float, bool, dict, list})
"""Classes that a custom scalar may answer with: those of JSON but null."""


def write(source: Source, leaf: GraphQLLeafType, variable: str) -> None:
    """Add the lines that complete the value in a variable, which is not None."""
    check = _CHECKS.get(leaf)
    if check is not None:
        source.leave_if(check.format(variable))
    elif isinstance(leaf, GraphQLEnumType):
        # A missing key raises, which leaves.
        source.add(f"{variable} = {source.constant(_names(leaf))}[id({variable})]")
    elif leaf.coerce_output_value is str:
        source.leave_if(f"{variable}.__class__ is not str")
    elif leaf.coerce_output_value == datetime.isoformat:
        _write_datetime(source, variable)
    else:
        _write_custom(source, leaf.coerce_output_value, variable)


def _write_datetime(source: Source, variable: str) -> None:
    """Leave moments in UTC to orjson, which writes what isoformat does in a tenth of the time."""
    source.leave_if(f"{variable}.__class__ is not {source.constant(datetime)}")
    with source.block(f"if {variable}.tzinfo is not {source.constant(UTC)}:"):
        source.add(f"{variable} = {variable}.isoformat()")


def _write_custom(source: Source, coerce: Callable[[Any], Any], variable: str) -> None:
    source.leave_if(f"{variable}.__class__ not in {source.constant(_TAKEN)}")
    source.add(f"{variable} = {source.constant(coerce)}({variable})")
    source.leave_if(f"{variable}.__class__ not in {source.constant(_ANSWERED)}")


def names_of_words(enum: GraphQLEnumType, members: Mapping[str, Enum]) -> dict[str, str]:
    """Return names by words of members; a word whose member is not in the schema has none."""
    names = _names(enum)
    return {word: names[id(member)] for word, member in members.items() if id(member) in names}


@lru_cache(maxsize=256)
def _names(enum: GraphQLEnumType) -> dict[int, str]:
    """Return names by the identities of the members.

    Members live as long as their class and so does what this table is for; looking them up by hash
    would take several times as long, since Python's enums hash their names anew.
    """
    members = [value.value for value in enum.values.values()]
    classes = {type(member) for member in members if isinstance(member, Enum)}
    wrapped = getattr(enum, "wrapped_cls", None)
    if isinstance(wrapped, type) and issubclass(wrapped, Enum):
        classes.add(wrapped)
    found: dict[int, str] = {}
    for member in (member for cls in classes for member in cls):
        try:
            found[id(member)] = enum.coerce_output_value(member)
        except Exception:  # noqa: BLE001, S112 - not in the schema: it leaves  # nosec B112
            continue
    return found
