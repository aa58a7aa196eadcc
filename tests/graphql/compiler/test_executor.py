"""The compiling executor: what it spares, when it gives up, and that nothing happens twice."""

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLObjectType, parse
from graphql.pyutils import Path
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from kit.fuzzschema import Calls, Colour, Failure, Later, Leaf, Named, Plain, SubLeaf, Text
from kit.pretend import pretend_context
from kit.twins import FreshExecutor, core_schema, outcomes, run, seen
from mailconfig.graphql.compiler.variants import Compiled, Documents
from mailconfig.graphql.executor import CompilingExecutor
from mailconfig.graphql.scalars import CONFIG
from mailconfig.graphql.schema import SchemaSettings, build_schema

Info = strawberry.Info[Calls, None]
ROWS = "{ configs(first: 3) { nodes { id name incoming { host port } createdAt %s } } }"


class Counting(FreshExecutor):
    """Counts the fields that are executed one by one."""

    documents = Documents()
    executed: list[str] = []  # noqa: RUF012 - emptied by each test

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: object,
        field_details_list: Any,  # noqa: ANN401 - the base's
        path: Path,
        position_context: Any,  # noqa: ANN401 - the base's
    ) -> Any:  # noqa: ANN401 - the base's
        """Note the field."""
        self.executed.append(f"{parent_type.name}.{field_details_list[0].node.name.value}")
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )


async def _executed(query: str, variables: dict[str, Any] | None = None) -> list[list[str]]:
    """Return which fields three requests for a document execute one by one."""
    schema, document = core_schema(build_schema()), parse(query)
    found = []
    for _ in range(3):
        Counting.executed.clear()
        result = await run(schema, document, variables or {}, pretend_context(3), Counting)
        assert result.errors is None
        found.append(list(Counting.executed))
    return found


async def test_a_page_of_plain_rows() -> None:
    """The first request executes each field of each row, later ones the root field alone."""
    first, second, third = await _executed(ROWS % "")
    assert len(first) == 1 + 1 + 3 * 4 + 2 * 2  # the first row has no incoming server
    assert second == third == ["Query.configs"]


async def test_rows_with_a_field_from_a_loader() -> None:
    """Of rows with a resolver only that field is executed; its plain fields come projected."""
    _, second, _ = await _executed(ROWS % "lastTest { id status }")
    rows = ["EmailConfig.lastTest"] * 3
    assert second == ["Query.configs", "EmailConfigConnection.nodes", *rows]


async def test_switches_have_variants_of_their_own() -> None:
    """@skip and @include by variables select what their values say, compiled or not."""
    query = "query($a: Boolean!) { configs(first: 1) { nodes { id name @include(if: $a) } } }"
    schema, document = core_schema(build_schema()), parse(query)
    for _ in range(3):
        for given, names in [(True, ["id", "name"]), (False, ["id"])]:
            result = await run(schema, document, {"a": given}, pretend_context(3), FreshExecutor)
            assert result.data is not None
            assert list(result.data["configs"]["nodes"][0]) == names


async def test_more_variants_than_are_kept() -> None:
    """Variants past the sixteenth are executed field by field, with the right answer."""
    switches = [f"s{number}" for number in range(5)]
    head = ", ".join(f"${name}: Boolean!" for name in switches)
    body = " ".join(f"{name}: name @skip(if: ${name})" for name in switches)
    document = parse(f"query({head}) {{ configs(first: 1) {{ nodes {{ id {body} }} }} }}")
    schema = core_schema(build_schema())
    for _ in range(2):
        for bits in range(32):
            given = {name: bool(bits >> place & 1) for place, name in enumerate(switches)}
            result = await run(schema, document, given, pretend_context(1), FreshExecutor)
            assert result.data is not None
            keys = set(result.data["configs"]["nodes"][0])
            assert keys == {"id"} | {name for name, skipped in given.items() if not skipped}


async def test_middleware_sees_every_field() -> None:
    """A schema extension with `resolve` is called for each field, as without compiling."""
    seen_fields: list[str] = []

    class Watching(SchemaExtension):
        def resolve(self, _next: Callable[..., Any], root: Any, info: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the base's
            seen_fields.append(info.field_name)
            return _next(root, info, **kwargs)

    schema = _schema(Query, extensions=[Watching])
    for _ in range(3):
        seen_fields.clear()
        result = await schema.execute("{ plain { text whole } }", context_value=Calls(1))
        assert result.data == {"plain": {"text": "t", "whole": 1}}
        assert seen_fields == ["plain", "text", "whole"]


def test_what_was_compiled_leaves_with_its_document() -> None:
    """A syntax tree that nobody holds any more takes along what was made of it."""
    documents, schema = Documents(), core_schema(build_schema())
    document = parse("{ __typename }")
    assert documents.compiled(schema, document) is None
    assert documents.compiled(schema, document) is not None
    assert len(documents) == 1
    del document
    gc.collect()
    assert len(documents) == 0


def test_the_least_recently_used_is_forgotten() -> None:
    """When all compiled documents grow too large, the oldest loses what was made of it."""
    documents, schema = Documents(most_fields=250), core_schema(build_schema())
    trees = [parse("{ __typename }") for _ in range(3)]
    for tree in trees:
        documents.compiled(schema, tree)
    first, second = (documents.compiled(schema, tree) for tree in trees[:2])
    assert documents.compiled(schema, trees[0]) is first
    documents.compiled(schema, trees[2])
    assert documents.compiled(schema, trees[0]) is first
    assert documents.compiled(schema, trees[1]) is not second


def test_a_tree_that_dies_at_any_moment() -> None:
    """A document that the collector takes while others are looked through disturbs nobody."""
    documents, schema = Documents(), core_schema(build_schema())
    trees = [parse("{ __typename }") for _ in range(4)]
    for number in range(len(trees)):
        documents.compiled(schema, trees[number])

    class Dying(Compiled):
        @property
        def size(self) -> int:
            trees.pop()
            gc.collect()
            return 1

    first = id(trees[0])
    entry = documents._kept[first]
    documents._kept[first] = entry._replace(compiled=Dying(schema, ()))
    assert documents.compiled(schema, trees[1]) is not None
    assert len(documents) == len(trees) == 3


def test_the_setting_switches_it_off() -> None:
    """Without `compile_queries` the schema has Strawberry's own executor."""
    on, off = build_schema(), build_schema(SchemaSettings(compile_queries=False))
    assert on.execution_context_class is CompilingExecutor
    assert off.execution_context_class is StrawberryGraphQLCoreExecutionContext


def _plain(**changes: object) -> Plain:
    values: dict[str, Any] = {
        "text": "t",
        "whole": 1,
        "real": 1.5,
        "flag": True,
        "key": "k",
        "colour": Colour.RED,
        "moment": datetime(2026, 3, 1, tzinfo=UTC),
        "address": "a@example.net",
        "data": "{}",
        "texts": ["a"],
        "grid": [[1]],
    }
    values |= {name: None for name in Plain.__annotations__ if name.endswith("_or_null")}
    return Plain(**(values | changes))


HELD: dict[str, Callable[[], object]] = {"plain": _plain}
"""What the resolver below answers with; each test sets its own."""


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def plain(self, info: Info) -> Plain | None:
        """Resolve what is held."""
        info.context.calls.append("plain")
        return HELD["plain"]()  # type: ignore[return-value]

    @strawberry.field
    def leaves(self, info: Info) -> "list[Holder | None]":
        """Resolve two objects around what is held."""
        info.context.calls.append("leaves")
        return [Holder(leaf=HELD["plain"](), number=n) for n in range(2)]  # type: ignore[arg-type]

    @strawberry.field
    async def later(self, info: Info) -> Plain:
        """Resolve what is held, later."""
        info.context.calls.append("later")
        return HELD["plain"]()  # type: ignore[return-value]

    @strawberry.field
    def paid(self, info: Info) -> "Payload | None":
        """Resolve what a mutation answers, with what is held as its troubles."""
        info.context.calls.append("paid")
        return Payload(made=_plain(), troubles=HELD["plain"]())  # type: ignore[arg-type]


@strawberry.type
class Payload:
    """What a mutation answers."""

    made: Plain
    troubles: list[Named]


@strawberry.type
class Holder:
    """An object with another in it."""

    leaf: Leaf
    number: int


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    def fine(self, info: Info) -> Plain | None:
        """Change something."""
        info.context.calls.append("fine")
        return _plain()

    @strawberry.mutation
    def bad(self, info: Info) -> Plain:
        """Change something and answer with null where none may be."""
        info.context.calls.append("bad")
        return _plain(text=None)


def _schema(query: type, **options: Any) -> strawberry.Schema:  # noqa: ANN401 - Strawberry's
    return strawberry.Schema(
        query,
        mutation=Mutation,
        types=[Leaf],
        config=CONFIG,
        execution_context_class=FreshExecutor,
        **options,
    )


async def _alike(query: str) -> tuple[list[tuple[object, ...]], Any, list[str]]:
    """Return errors, data and calls of an operation, which all executors must agree on."""

    def context() -> tuple[Calls, list[str]]:
        calls = Calls(1)
        return calls, calls.calls

    generic, *compiled = await outcomes(core_schema(_schema(Query)), parse(query), {}, context)
    assert compiled == [generic] * 2
    return list(generic.errors), orjson.loads(generic.body), list(generic.calls)


VALUES: list[tuple[str, object]] = [
    ("text", None),
    ("text", 1),
    ("text", b"x"),
    ("text", Text("sub")),
    ("text", Failure("held")),
    ("text", Later("later")),
    ("text", Later(Failure("awaited"))),
    ("textOrNull", None),
    ("textOrNull", Failure("held")),
    ("whole", True),
    ("whole", 1.0),
    ("whole", "7"),
    ("whole", 2**31),
    ("whole", -(2**31) - 1),
    ("wholeOrNull", "x"),
    ("real", 1),
    ("real", float("nan")),
    ("real", float("-inf")),
    ("flag", 1),
    ("flag", "true"),
    ("key", 7),
    ("key", None),
    ("colour", "red"),
    ("colour", "no colour"),
    ("colour", Enum("Other", ["RED"]).RED),  # type: ignore[attr-defined]
    ("colour", []),
    ("moment", datetime(1, 1, 1, tzinfo=UTC)),
    ("moment", datetime(999, 12, 31, 23, 59, 59, 1, tzinfo=UTC)),
    ("moment", datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=5, seconds=7)))),
    ("moment", datetime(2026, 3, 1)),  # noqa: DTZ001 - naive on purpose
    ("moment", "2026"),
    ("address", Failure("held")),
    ("address", 5),
    ("data", "null"),
    ("data", "no JSON"),
    ("data", {}),
    ("data", Later("{}")),
    ("texts", ("a", "b")),
    ("texts", {"a": 1}),
    ("texts", "text"),
    ("texts", (text for text in "ab")),
    ("texts", [None]),
    ("texts", [Later("a"), "b"]),
    ("textsOrNull", [None, Failure("listed")]),
    ("grid", [[1, None], [Failure("deep")]]),
    ("grid", [None]),
]
"""Values where others are expected: all of them leave the fast path."""


@pytest.mark.parametrize(("name", "value"), VALUES)
async def test_values_that_nobody_expects(name: str, value: object) -> None:
    """Whatever an attribute holds is completed as graphql-core does, its resolver called once."""
    attribute = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    HELD["plain"] = lambda: _plain(**{attribute: value})
    if name == "texts" and not isinstance(value, str | list | tuple | dict):
        HELD["plain"] = lambda: _plain(texts=(text for text in "ab"))
    _, _, calls = await _alike(f"{{ plain {{ __typename {name} flagOrNull }} }}")
    assert calls == ["plain"]


async def test_an_exception_where_only_the_type_name_is_asked_for() -> None:
    """An exception in an object's place is an error even if no field of it is read."""
    HELD["plain"] = lambda: Failure("in place of a leaf")
    errors, data, _ = await _alike("{ leaves { number leaf { __typename } } }")
    assert data == {"leaves": [None, None]}
    assert [error[:2] for error in errors] == [
        ("in place of a leaf", ("leaves", 0, "leaf")),
        ("in place of a leaf", ("leaves", 1, "leaf")),
    ]


@pytest.mark.parametrize(
    "held",
    [
        None,
        Later(None),
        object(),
        Leaf,
        strawberry.cast(Plain, Leaf(name="n", nick=None, plain=_plain(), plain_or_null=None)),
    ],
    ids=["null", "awaitable", "stranger", "class", "cast"],
)
async def test_objects_that_are_not_of_the_type(held: object) -> None:
    """What is no object of a type with an interface fails as in graphql-core, at its path."""
    HELD["plain"] = lambda: held
    errors, data, _ = await _alike("{ leaves { number leaf { __typename } } }")
    assert data == {"leaves": [None, None]}
    assert [error[1] for error in errors] == [("leaves", 0, "leaf"), ("leaves", 1, "leaf")]


async def test_objects_of_a_subclass() -> None:
    """An object of a Python subclass is an object of the type."""
    HELD["plain"] = lambda: SubLeaf(name="n", nick=None, plain=_plain(), plain_or_null=None)
    errors, data, _ = await _alike("{ leaves { leaf { __typename name plain { text } } } }")
    assert errors == []
    leaf = {"__typename": "Leaf", "name": "n", "plain": {"text": "t"}}
    assert data == {"leaves": [{"leaf": leaf}] * 2}


@pytest.mark.parametrize("field", ["later", "plain", "leaves"])
@pytest.mark.parametrize("held", [None, Failure("held"), _plain(), _plain(text=None)])
async def test_a_single_root_field(field: str, held: object) -> None:
    """An operation of one field answers and fails as any other, at once or later."""
    HELD["plain"] = lambda: held
    inner = "leaf { __typename name }" if field == "leaves" else "text"
    _, _, calls = await _alike(f"{{ it: {field} {{ {inner} }} }}")
    assert calls == [field]


TROUBLES: dict[str, object] = {
    "none": [],
    "an item": [Leaf(name="n", nick=None, plain=_plain(), plain_or_null=None)],
    "a null": [None],
    "a tuple": (),
    "null": None,
    "a failure": Failure("held"),
    "to await": Later([]),
}
"""Lists of an interface, and what is none."""


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_list_of_an_interface(name: str) -> None:
    """Empty or not, it is completed as graphql-core does, beside plain fields."""
    HELD["plain"] = lambda: TROUBLES[name]
    _, data, calls = await _alike("{ paid { made { text } troubles { __typename name } } }")
    assert calls == ["paid"]
    assert (data["paid"] is not None) == (name in {"none", "an item", "a tuple", "to await"})


async def test_an_empty_list_of_an_interface_costs_nothing() -> None:
    """A payload without errors is projected as a whole, the others are executed by field."""
    schema, document = core_schema(_schema(Query)), parse("{ paid { troubles { name } } }")
    for name, executed in [("none", []), ("an item", ["Payload.troubles"])]:
        HELD["plain"] = lambda name=name: TROUBLES[name]
        for _ in range(3):
            Counting.executed.clear()
            await run(schema, document, {}, Calls(1), Counting)
        assert [field for field in Counting.executed if field != "Query.paid"] == executed


async def test_mutations_after_a_failure() -> None:
    """A failure where null may not be ends the operation: later mutations do not run."""
    query = "mutation { a: fine { text } b: bad { text } c: fine { text } }"
    errors, data, calls = await _alike(query)
    assert calls == ["fine", "bad"]
    assert data is None
    assert [error[1] for error in errors] == [("b", "text")]


async def test_moments_are_written_alike() -> None:
    """Moments in UTC stay datetimes for orjson, and its text is that of `isoformat`."""
    moment = datetime(2026, 3, 1, 2, 3, 4, 50, tzinfo=UTC)
    HELD["plain"] = lambda: _plain(moment=moment)
    schema, document = core_schema(_schema(Query)), parse("{ plain { moment } }")
    for _ in range(2):
        result = await run(schema, document, {}, Calls(1), FreshExecutor)
    assert result.data == {"plain": {"moment": moment}}
    assert seen(result, []).body == b'{"plain":{"moment":"2026-03-01T02:03:04.000050+00:00"}}'
