"""Lists of rows by position: what is spared, when they are left, and what stays in memory."""

import gc
import weakref
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import strawberry
from graphql import parse

from kit.fuzzschema import Calls, Colour, Failure, Later
from kit.twins import FreshExecutor, core_schema, outcomes, run
from mailconfig.graphql.compiler.positions import MOST_LAYOUTS
from mailconfig.graphql.layouts import (
    Column,
    Constant,
    Layout,
    Listed,
    Looked,
    Made,
    Origin,
    Part,
    Row,
    Within,
    Word,
)
from mailconfig.graphql.scalars import CONFIG

Info = strawberry.Info[Calls, None]
WORDS = {member.value: member for member in Colour}


@strawberry.type
class Other:
    """What rows are about."""

    label: str


@strawberry.type
class Side:
    """An object in the same row."""

    colour: Colour
    other: Other | None


@strawberry.type
class Item:
    """What a row shows."""

    text: str
    loud: str | None
    real: float
    colour: Colour | None
    fixed: Colour
    other: Other | None
    side: Side | None
    side_always: Side

    @strawberry.field
    def resolved(self) -> int:
        """Resolve a leaf."""
        return 1


@strawberry.type
class Edge:
    """An object with a row in its row."""

    cursor: str
    node: Item


@strawberry.type
class Page:
    """Lists."""

    items: list[Item]
    edges: list[Edge] | None
    texts: list[str] | None


class Watched(Layout[Any]):
    """Counts the objects that it makes."""

    objects = 0

    def made(self, row: Row, known: Mapping[Any, object]) -> Any:  # noqa: ANN401 - the base's
        """Count one."""
        self.objects += 1
        return super().made(row, known)


def _side() -> Layout[Side]:
    return Layout(Side, {"colour": Word(1, WORDS), "other": Looked(2)})


def _origins(**changes: Origin) -> dict[str, Origin]:
    return {
        "text": Column(0),
        "loud": Made(0, str.upper),
        "real": Column(3),
        "colour": Word(1, WORDS),
        "fixed": Constant(Colour.BLUE),
        "other": Looked(2),
        "side": Part(1, _side()),
        "side_always": Part(0, _side()),
        **changes,
    }


ROW = ("a", "red", "o", 1.5)
KNOWN = {"o": Other(label="known")}
QUERY = "{ page { items { %s } } }"
ALL = """text loud real colour fixed other { label } t: __typename
    side { colour other { label __typename } } sideAlways { colour }"""
ANSWER = {
    "text": "a",
    "loud": "A",
    "real": 1.5,
    "colour": "RED",
    "fixed": "BLUE",
    "other": {"label": "known"},
    "t": "Item",
    "side": {"colour": "RED", "other": {"label": "known", "__typename": "Other"}},
    "sideAlways": {"colour": "RED"},
}
PAGES: dict[str, Any] = {}
"""What the resolver below answers with; each test sets its own."""


def _answer_with(rows: list[Any], layout: Layout[Any], known: Mapping[Any, object] = KNOWN) -> None:
    edges = Layout(Edge, {"cursor": Column(0), "node": Within(1, layout)})
    PAGES["items"] = lambda: Listed(layout, rows, known)
    PAGES["edges"] = lambda: Listed(edges, [("c", row) for row in rows], known)


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def page(self, info: Info) -> Page | None:
        """Resolve what is held."""
        info.context.calls.append("page")
        made: Any = Page
        shown: Page = made(items=PAGES["items"](), edges=PAGES["edges"](), texts=None)
        return shown


SCHEMA = core_schema(strawberry.Schema(Query, config=CONFIG, execution_context_class=FreshExecutor))


async def _alike(fields: str) -> tuple[Any, list[tuple[object, ...]]]:
    """Return data and errors, which all executors must agree on."""

    def context() -> tuple[Calls, list[str]]:
        calls = Calls(1)
        return calls, calls.calls

    generic, *compiled = await outcomes(SCHEMA, parse(QUERY % fields), {}, context)
    assert compiled == [generic] * 2
    assert generic.calls == ("page",)
    return orjson.loads(generic.body), list(generic.errors)


async def test_all_origins() -> None:
    """Values come from where the layout says, and no object is made of any row."""
    layout = Watched(Item, _origins())
    _answer_with([ROW, list(ROW)], layout)
    data, errors = await _alike(ALL)
    assert errors == []
    assert data == {"page": {"items": [ANSWER] * 2}}
    document = parse(QUERY % ALL)
    made = []
    for _ in range(3):
        layout.objects = 0
        result = await run(SCHEMA, document, {}, Calls(1), FreshExecutor)
        assert result.data == data
        made.append(layout.objects)
    assert made == [2, 0, 0]


async def test_rows_in_rows() -> None:
    """Edges are taken by position with the rows that they hold."""
    layout = Watched(Item, _origins())
    _answer_with([ROW], layout)
    document = parse("{ page { edges { cursor node { text side { colour } } } } }")
    for _ in range(2):
        layout.objects = 0
        result = await run(SCHEMA, document, {}, Calls(1), FreshExecutor)
    node = {"text": "a", "side": {"colour": "RED"}}
    assert result.data == {"page": {"edges": [{"cursor": "c", "node": node}]}}
    assert layout.objects == 0


async def test_resolvers_get_objects() -> None:
    """Where a field has a resolver, the rows are objects."""
    layout = Watched(Item, _origins())
    _answer_with([ROW], layout)
    data, errors = await _alike("text resolved")
    assert (data, errors) == ({"page": {"items": [{"text": "a", "resolved": 1}]}}, [])
    assert layout.objects == 3  # once for each executor's request


WRONG: list[tuple[str, tuple[Any, ...], tuple[object, ...]]] = [
    ("text", (None, "red", "o", 1.5), ("page", "items", 1, "text")),
    ("text", (5j, "red", "o", 1.5), ("page", "items", 1, "text")),
    ("text", (5, "red", "o", 1.5), ()),
    ("text", (Failure("held"), "red", "o", 1.5), ("page", "items", 1, "text")),
    ("text", (Later("later"), "red", "o", 1.5), ()),
    ("real", ("a", "red", "o", float("nan")), ("page", "items", 1, "real")),
    ("real", ("a", "red", "o", "1.5"), ()),
    ("colour", ("a", "pink", "o", 1.5), ("page", "items", 1, "colour")),
    ("colour", ("a", Colour.GREEN, "o", 1.5), ()),
    ("colour", ("a", ["red"], "o", 1.5), ("page", "items", 1, "colour")),
    ("side { colour }", ("a", 5, "o", 1.5), ("page", "items", 1, "side", "colour")),
    ("sideAlways { colour }", (None, "red", "o", 1.5), ("page", "items", 1, "sideAlways")),
    ("sideAlways { colour }", ("a", None, "o", 1.5), ("page", "items", 1, "sideAlways", "colour")),
    ("other { label }", ("a", "red", "none", 1.5), ()),
    ("other { label }", ("a", "red", "broken", 1.5), ("page", "items", 1, "other")),
    ("other { label }", ("a", "red", "empty", 1.5), ("page", "items", 1, "other", "label")),
]


@pytest.mark.parametrize(("fields", "row", "path"), WRONG, ids=map(str, range(len(WRONG))))
async def test_values_that_nobody_expects(
    fields: str, row: tuple[Any, ...], path: tuple[object, ...]
) -> None:
    """A value that is not as promised is completed by graphql-core, with its error and path."""
    known = KNOWN | {"broken": Failure("known"), "empty": Other(label=None)}  # type: ignore[arg-type, dict-item]
    _answer_with([ROW, row], Layout(Item, _origins(loud=Constant(None))), known)
    _, errors = await _alike(fields)
    assert [error[1] for error in errors] == ([path] if path else [])


async def test_what_a_layout_does_not_have() -> None:
    """An attribute without origin is missed by graphql-core, at its path."""
    origins = _origins()
    del origins["colour"]
    _answer_with([ROW], Layout(Item, origins))
    data, errors = await _alike("text colour")
    assert data == {"page": {"items": [{"text": "a", "colour": None}]}}
    assert [error[1] for error in errors] == [("page", "items", 0, "colour")]


async def test_a_constant_that_does_not_fit() -> None:
    """A constant of another type is an error of each row, as in an object."""
    _answer_with([ROW], Layout(Item, _origins(fixed=Constant("pink"))))
    _, errors = await _alike("fixed")
    assert [error[1] for error in errors] == [("page", "items", 0, "fixed")]


async def test_layouts_of_one_place() -> None:
    """A few layouts in one place of a document have functions; those of others make objects."""
    document = parse(QUERY % "text")
    layouts = [Watched(Item, _origins()) for _ in range(MOST_LAYOUTS + 1)]
    for layout in (layouts[0], *layouts, *layouts):
        layout.objects = 0
        _answer_with([ROW], layout)
        result = await run(SCHEMA, document, {}, Calls(1), FreshExecutor)
        assert result.data == {"page": {"items": [{"text": "a"}]}}
    assert [layout.objects for layout in layouts] == [0] * MOST_LAYOUTS + [1]


async def test_nothing_of_an_instance_stays() -> None:
    """Functions hold neither rows nor what those are looked up in."""

    class Provider(Other):
        """Something to refer to weakly."""

    known = {"o": Provider(label="mine")}
    dead = weakref.ref(known["o"])
    _answer_with([ROW], Layout(Item, _origins()), known)
    document = parse(QUERY % "other { label }")
    for _ in range(3):
        result = await run(SCHEMA, document, {}, Calls(1), FreshExecutor)
    assert result.data == {"page": {"items": [{"other": {"label": "mine"}}]}}
    _answer_with([ROW], Layout(Item, _origins()), {"o": Other(label="theirs")})
    del known, result
    gc.collect()
    assert dead() is None
    result = await run(SCHEMA, document, {}, Calls(1), FreshExecutor)
    assert result.data == {"page": {"items": [{"other": {"label": "theirs"}}]}}
