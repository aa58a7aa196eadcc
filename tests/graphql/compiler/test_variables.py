"""Coerced variables: the same as graphql-core's, and none where anything may be wrong."""

import gc
import tracemalloc
import weakref
from random import Random
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, build_schema, parse
from graphql.execution.values import VariableValues, get_variable_values

from kit.coercions import wrong_inputs
from kit.inputvalues import Values
from kit.pretend import pretend_context
from kit.twins import core_schema
from mailconfig.graphql import schema as ours
from mailconfig.graphql.compiler.variables import Variables
from mailconfig.graphql.executor import CompilingExecutor

SCHEMA = build_schema(
    """
    enum Colour { RED BLUE }
    input Inner { id: ID! = "i", many: [Int!]! = [1, 2], colour: Colour = RED, rate: Float }
    input One @oneOf { text: String, inner: Inner }
    input Outer { inner: Inner!, inners: [[Inner]], one: One, ones: [One!], flag: Boolean! = true }
    input Tree { left: Tree }
    input Ring { next: [Link!] }
    input Link { ring: Ring, inner: Inner }
    input Chain { link: Link }
    type Query { a(outer: Outer, tree: Tree, chain: Chain): Int }
    """
)
TYPES = ["Outer!", "Outer", "[Outer!]", "One", "[Int]", "Colour!", "ID", "[[Boolean]!]", "Float"]


def _operation(text: str) -> OperationDefinitionNode:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def _both(
    schema: GraphQLSchema, text: str, given: dict[str, Any]
) -> tuple[VariableValues | None, list[GraphQLError] | VariableValues]:
    """Return the outcomes of both ways."""
    definitions = _operation(text).variable_definitions or ()
    found = Variables.of(schema, definitions).coerced(given)
    return found, get_variable_values(schema, definitions, given)


def _agree(schema: GraphQLSchema, text: str, given: dict[str, Any]) -> bool:
    """Hold both ways to the same; tell whether ours gave the values."""
    found, expected = _both(schema, text, given)
    if found is None:
        return False
    assert not isinstance(expected, list), expected
    assert repr(found.coerced) == repr(expected.coerced)
    assert {name: source.value for name, source in found.sources.items()} == {
        name: source.value for name, source in expected.sources.items()
    }
    assert [str(source.signature.type) for source in found.sources.values()] == [
        str(source.signature.type) for source in expected.sources.values()
    ]
    return True


@pytest.mark.parametrize("kind", TYPES)
def test_values_of_all_kinds(kind: str) -> None:
    """Whatever is given, right or wrong: the values of graphql-core, or none."""
    text = f"query($a: {kind}) {{ a }}"
    (definition,) = _operation(text).variable_definitions or ()
    (known,) = Variables.of(SCHEMA, (definition,)).known
    outcomes = []
    for number in range(400):
        values = Values(Random(f"{kind} {number}"), wrong=number % 2 == 1)  # noqa: S311 - the same each time
        outcomes.append(_agree(SCHEMA, text, {"a": values.of(known.signature.type)}))
    assert sum(outcomes) > 100  # most of what fits


def test_inputs_of_our_schema() -> None:
    """Inputs of all mutations, uploads among them: what fits is coerced, the rest is left."""
    schema = core_schema(ours.build_schema())
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        if "input" not in field.args:
            continue
        text = f"mutation($input: {field.args['input'].type}) {{ {name}(input: $input) }}"
        outcomes = []
        for number in range(80):
            values = Values(Random(f"{name} {number}"), wrong=number % 2 == 1)  # noqa: S311 - the same each time
            given = {"input": values.of(field.args["input"].type)}
            outcomes.append(_agree(schema, text, given))
        assert sum(outcomes) > 10, name


def test_inputs_that_are_wrong_in_one_place() -> None:
    """An input that graphql-core refuses is refused, wherever the fault is."""
    schema, refused = core_schema(ours.build_schema()), 0
    for wrong in wrong_inputs(build_schema(ours.sdl()), "a secret"):
        found, expected = _both(schema, wrong.query, {"input": wrong.value})
        if isinstance(expected, list):
            assert found is None, wrong.place
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("head", "given", "coerced"),
    [
        ("$a: Int = 3", {}, {"a": 3}),
        ("$a: Int = 3", {"a": None}, {"a": None}),
        ("$a: Int! = 3", {}, {"a": 3}),
        ("$a: Int", {}, {}),
        (
            "$a: Int, $b: Inner = {id: 4}",
            {"c": 1},
            {"b": {"id": "4", "many": [1, 2], "colour": "RED"}},
        ),
        ("$a: [Int!]! = [1]", {"a": []}, {"a": []}),
    ],
)
def test_defaults(head: str, given: dict[str, Any], coerced: dict[str, Any]) -> None:
    """Absent variables have their default or no value; those of no name are left out."""
    found, expected = _both(SCHEMA, f"query({head}) {{ a }}", given)
    assert found is not None
    assert isinstance(expected, VariableValues)
    assert found.coerced == expected.coerced == coerced


@pytest.mark.parametrize(
    ("head", "given"),
    [
        ("$a: Int!", {}),
        ("$a: Int!", {"a": None}),
        ("$a: Int", {"a": "3"}),
        ("$a: Int", {"a": True}),
        ("$a: Boolean", {"a": 1}),
        ("$a: Colour", {"a": "GREEN"}),
        ("$a: Colour", {"a": ["RED"]}),
        ("$a: One", {"a": {"text": None}}),
        ("$a: One", {"a": {"text": "t", "inner": {}}}),
        ("$a: Inner", {"a": {"id": None}}),
        ("$a: Inner", {"a": {"strange": 1}}),
        ("$a: [Int!]", {"a": [1, None]}),
    ],
)
def test_what_is_wrong_is_left_to_graphql_core(head: str, given: dict[str, Any]) -> None:
    """Nothing is told here: graphql-core words the errors."""
    found, expected = _both(SCHEMA, f"query({head}) {{ a }}", given)
    assert found is None
    assert isinstance(expected, list)


@pytest.mark.parametrize(
    "kind", ["Tree", "Ring", "Link", "Chain", "[Ring]", "[" * 25 + "Int" + "]" * 25]
)
def test_types_without_a_function(kind: str) -> None:
    """An input that has itself, by others too, or has such a one, and lists in very many lists, are
    coerced by graphql-core, each time; what lies in a circle but is none has its function.
    """
    for _ in range(2):
        found, expected = _both(SCHEMA, f"query($a: {kind}) {{ a }}", {"a": None})
        assert found is None
        assert isinstance(expected, VariableValues)
    assert _agree(SCHEMA, "query($a: Inner) { a }", {"a": {}})


def test_types_are_read_once() -> None:
    """Variables of all documents share what a type takes: each adds little, however large it is."""
    schema = build_schema(ours.sdl())
    text = "query({}) {{ viewer {{ id }} }}".format(
        ", ".join(
            f"${name}: {name}" for name in ("SubmitInput", "EmailConfigStatus", "DateTimeFilter")
        )
    )
    first, second = [
        Variables.of(schema, _operation(text).variable_definitions or ()).known for _ in range(2)
    ]
    assert len(first) == 3
    for one, other in zip(first, second, strict=True):
        assert one.wish.coerce is other.wish.coerce
    document = "query({}) {{ viewer {{ id }} }}".format(
        ", ".join(f"$a{at}: SubmitInput!" for at in range(1000))
    )
    definitions = _operation(document).variable_definitions or ()
    gc.collect()
    tracemalloc.start()
    try:
        known = Variables.of(schema, definitions).known
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(known) == 1000
    assert held_bytes < 1_000_000


def test_types_leave_with_their_schema() -> None:
    """A schema that is gone leaves nothing behind."""
    schema = build_schema("input A { b: Int = 1 } type Query { a(a: A): Int }")
    assert _agree(schema, "query($a: A) { a }", {"a": {}})
    gone = weakref.ref(schema)
    del schema
    gc.collect()
    assert gone() is None


async def test_a_request_leaves_memory_at_once() -> None:
    """An operation's executor, and so its variables, need no round of the collector."""
    schema = ours.build_schema()
    query = "query($first: Int!) { configs(first: $first) { nodes { id lastTest { id } } } }"
    gc.collect()
    gc.disable()
    try:
        others = _executors()
        for _ in range(3):
            ran = await schema.execute(query, {"first": 2}, context_value=pretend_context(2))
            assert ran.errors is None
            assert len(_executors()) == len(others)
    finally:
        gc.enable()


def _executors() -> list[CompilingExecutor]:
    return [item for item in gc.get_objects() if isinstance(item, CompilingExecutor)]
