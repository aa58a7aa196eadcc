"""Converters of arguments: the same as Strawberry's, for all arguments of the schema and others."""

from enum import Enum
from functools import partial
from random import Random
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLInputObjectType, get_named_type
from graphql.utilities import coerce_input_value
from strawberry import Some, relay
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from kit.inputvalues import Values
from kit.twins import core_schema
from mailconfig.graphql.compiler.arguments import Arguments, Foreign, Inputs
from mailconfig.graphql.schema import build_schema


@strawberry.enum
class Colour(Enum):
    """An enum."""

    RED = "red"
    BLUE = "blue"


@strawberry.input
class Inner:
    """An input within another."""

    snake_case: int = 3
    renamed: str | None = strawberry.field(default=None, name="otherName")
    colours: list[Colour | None] | None = None


@strawberry.input
class Outer:
    """An input with members of all kinds."""

    grid: list[list[Inner]] = strawberry.field(default_factory=list)
    nothing: str | None = strawberry.UNSET
    perhaps: strawberry.Maybe[Inner]
    perhaps_null: strawberry.Maybe[Inner | None]
    perhaps_many: strawberry.Maybe[list[Inner]]
    tags: list[str] = strawberry.field(default_factory=lambda: ["a"])


@strawberry.type
class Query:
    """Fields with arguments of all kinds."""

    @strawberry.field
    def wide(
        self,
        outer_value: Outer,
        colours: list[Colour],
        named: Annotated[str | None, strawberry.argument(name="other")] = None,
        perhaps: strawberry.Maybe[Inner | None] = None,
    ) -> str:
        """Take what our schema does not have."""
        return f"{outer_value} {colours} {named} {perhaps}"

    @strawberry.field
    def foreign(self, id: relay.GlobalID) -> str:
        """Take what has no converter."""
        return str(id)


def _fields(schema: strawberry.Schema) -> dict[str, tuple[Any, StrawberryField]]:
    """Return all fields with arguments, by type and name."""
    return {
        f"{kind.name}.{name}": (field, field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF])
        for kind in core_schema(schema).type_map.values()
        for name, field in getattr(kind, "fields", {}).items()
        if not isinstance(kind, GraphQLInputObjectType)
        and getattr(field, "args", None)
        and GraphQLCoreConverter.DEFINITION_BACKREF in field.extensions
    }


def _converter(schema: strawberry.Schema, definition: StrawberryField) -> Arguments:
    inputs = Inputs(schema.config, schema.schema_converter.scalar_registry)
    return inputs.arguments(definition.arguments)


def _by_strawberry(
    schema: strawberry.Schema, definition: StrawberryField, given: dict[str, Any]
) -> dict[str, Any]:
    scalars = schema.schema_converter.scalar_registry
    return convert_arguments(given, definition.arguments, scalars, schema.config)


def _outcome(convert: Arguments, given: dict[str, Any]) -> dict[str, Any] | str:
    """Return what is made, or the message of what is raised."""
    try:
        return convert(given)
    except StrawberryInputCoercionError as error:
        return str(error)


def _given(values: Values, field: Any) -> dict[str, Any]:  # noqa: ANN401 - of graphql-core
    """Return arguments as graphql-core hands them over, some absent."""
    return {
        name: coerce_input_value(values.of(argument.type), argument.type)
        for name, argument in field.args.items()
        if values.random.random() < 0.8
    }


@pytest.mark.parametrize("schema", [build_schema(), strawberry.Schema(Query)], ids=["ours", "wide"])
def test_the_same_as_strawberry(schema: strawberry.Schema) -> None:
    """Every argument, absent, null or given, becomes the very value that Strawberry makes."""
    taken = 0
    for name, (field, definition) in _fields(schema).items():
        if name == "Query.foreign":
            continue
        convert, values = _converter(schema, definition), Values(Random(name))  # noqa: S311 - the same each time
        for _ in range(60):
            given = _given(values, field)
            found = _outcome(convert, given)
            expected = _outcome(partial(_by_strawberry, schema, definition), given)
            assert repr(found) == repr(expected)
            assert found == expected
            taken += isinstance(found, dict)
    assert taken > 30


def test_forms_are_among_them() -> None:
    """The largest inputs of the schema have converters, not only its plain arguments."""
    names = {
        get_named_type(argument.type).name
        for field, definition in _fields(build_schema()).values()
        for argument in field.args.values()
        if callable(_converter(build_schema(), definition))
    }
    assert {"SubmitInput", "UpdateInput", "EmailConfigFilter"} <= names


def test_null_where_maybe_has_none() -> None:
    """Null for `Maybe[T]` raises what Strawberry raises."""
    schema = strawberry.Schema(Query)
    _, definition = _fields(schema)["Query.wide"]
    with pytest.raises(StrawberryInputCoercionError, match=r"Expected value of type 'Inner'"):
        _converter(schema, definition)({"outerValue": {"perhaps": None}})


def test_null_where_maybe_has_one() -> None:
    """Null for `Maybe[T | None]` is a given null, which is not the same as absent."""
    schema = strawberry.Schema(Query)
    _, definition = _fields(schema)["Query.wide"]
    made = _converter(schema, definition)({"outerValue": {"perhapsNull": None}})["outer_value"]
    assert made.perhaps_null == Some(None)
    assert made.perhaps is None
    assert made.nothing is strawberry.UNSET


def test_lists_are_copies() -> None:
    """A resolver may change its list: the default that all requests share stays as it is."""
    schema = strawberry.Schema(Query)
    _, definition = _fields(schema)["Query.wide"]
    shared = {"outerValue": {"tags": ["a"]}, "colours": [Colour.RED]}
    made = _converter(schema, definition)(shared)
    made["outer_value"].tags.append("b")
    made["colours"].clear()
    assert shared == {"outerValue": {"tags": ["a"]}, "colours": [Colour.RED]}


def test_types_that_are_none_of_ours() -> None:
    """A global id of Strawberry's Relay has no converter, and the field keeps Strawberry's way."""
    schema = strawberry.Schema(Query)
    _, definition = _fields(schema)["Query.foreign"]
    with pytest.raises(Foreign):
        _converter(schema, definition)


def test_inputs_that_build_themselves() -> None:
    """An input with a `from_input` of its own has no converter."""

    @strawberry.input
    class Own:
        """An input."""

        text: str

    Own.__strawberry_definition__.from_input = lambda *_: None  # type: ignore[attr-defined]
    with pytest.raises(Foreign):
        Inputs(
            strawberry.schema.config.StrawberryConfig(), {str: strawberry.scalar(name="S")}
        )._converter(Own)
