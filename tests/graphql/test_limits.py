"""Limits of documents: each is kept, none costs more than the document is long."""

from dataclasses import fields, replace

import pytest
from graphql import get_introspection_query

from kit.costs import SCHEMA
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.plans import Plans
from mailconfig.graphql.schema import build_schema

FRAGMENTS = "fragment A on Viewer { email ...B } fragment B on Viewer { role }"


def points(query: str, **variables: object) -> int:
    """Return what an operation costs with these variables."""
    plan = Plans(SCHEMA).read(query)
    assert plan.errors == ()
    operation = plan.operation(None)
    assert operation is not None
    return operation.points(variables)


def refusals(query: str, limits: DocumentLimits | None = None) -> list[str]:
    """Return what is said against a document."""
    return [error.message for error in Plans(SCHEMA, limits).read(query).errors]


KEPT = {
    # limit: (its value, a document that just keeps it, one that just does not, the refusal)
    "characters": (
        20,
        "{ viewer { email } }",
        "{ viewer { email  } }",
        "The document is longer than 20 letters.",
    ),
    "tokens": (
        9,
        "{ viewer { email role } }",
        "{ viewer { email role self { email } } }",
        "Syntax Error: Document contains more than 9 tokens. Parsing aborted.",
    ),
    "operations": (
        2,
        "query A { viewer { email } } query B { viewer { email } }",
        "query A { viewer { email } } query B { viewer { email } } query C { viewer { email } }",
        "The document has more than 2 operations.",
    ),
    "fragments": (
        1,
        "{ viewer { ...A } } fragment A on Viewer { email }",
        f"{{ viewer {{ ...A }} }} {FRAGMENTS}",
        "The document has more than 1 fragments.",
    ),
    "depth": (
        3,
        "{ viewer { self { ... on Viewer { ...A } } } } fragment A on Viewer { email }",
        "{ viewer { self { ...A } } } fragment A on Viewer { self { email } }",
        "The operation is nested more than 3 fields deep.",
    ),
    "root_fields": (
        2,
        "{ ...Q viewer { email } } fragment Q on Query { status }",
        (
            "{ ...Q viewer { email } } fragment Q on Query { status ...R } "
            "fragment R on Query { node(id: 1) { id } }"
        ),
        "The operation has more than 2 root fields.",
    ),
    "aliases": (
        2,
        "{ viewer { a: email ...A } } fragment A on Viewer { b: email }",
        "{ viewer { a: email ...A self { ...A } } } fragment A on Viewer { b: email }",
        "The operation has more than 2 aliases.",
    ),
    "fields": (
        5,
        f"{{ viewer {{ ...A self {{ email }} }} }} {FRAGMENTS}",
        f"{{ viewer {{ ...A self {{ ...A }} }} }} {FRAGMENTS}",
        "The operation has more than 5 fields.",
    ),
    "directives": (
        3,
        (
            "query @x { viewer { email @skip(if: true) ...A @include(if: true) } } "
            "fragment A on Viewer { role }"
        ),
        (
            "query @x { viewer { email @skip(if: true) ...A @include(if: true) } } "
            "fragment A on Viewer { ... @include(if: true) { role } }"
        ),
        "The operation has more than 3 directives.",
    ),
    "points": (
        101,
        "{ configs(first: 100) { nodes { id } } }",
        "{ configs(first: 100) { nodes { id } pageInfo { hasNextPage } } }",
        "The operation costs more than 101 points.",
    ),
}


@pytest.mark.parametrize("limit", KEPT)
def test_each_limit_is_kept_to_the_last_one(limit: str) -> None:
    """As many as allowed pass this limit; one more is refused with a sentence that names it."""
    value, within, beyond, said = KEPT[limit]
    chosen = replace(DocumentLimits(), **{limit: value})
    assert [text for text in refusals(within, chosen) if text == said] == []
    assert refusals(beyond, chosen) == [said]


def test_every_limit_has_a_case() -> None:
    """A limit that nobody tries may not work; `list_rows` is no limit but an assumption."""
    assert {field.name for field in fields(DocumentLimits)} == KEPT.keys() | {"list_rows"}


PRICES = [
    # An object is a point, what it holds of numbers and words is free.
    ("{ viewer { email role } }", {}, 1),
    ("{ status }", {}, 1),  # the least that an operation costs
    ("{ viewer { self { email } } }", {}, 2),
    # A page: itself, its rows, what each row holds.
    ("{ configs(first: 50) { nodes { id provider { name } } } }", {}, 1 + 50 * 2),
    ("{ configs(last: 7) { nodes { id } } }", {}, 1 + 7),
    ("{ configs { nodes { id } } }", {}, 1 + 20),
    ("{ configs(first: null) { nodes { id } } }", {}, 1 + 20),
    ("{ configs(first: 3) { edges { node { id } } } }", {}, 1 + 3 * 2),
    # What stands beside the rows counts once; counting all rows is work of its own.
    ("{ configs(first: 9) { pageInfo { hasNextPage } totalCount } }", {}, 1 + 1 + 10),
    # Rows by fragments count like rows that stand there.
    (
        "{ configs(first: 9) { ...C } } fragment C on ConfigConnection { nodes { id } }",
        {},
        1 + 9,
    ),
    # Pages in pages.
    (
        "{ configs(first: 10) { nodes { tests(first: 5) { nodes { id } } } } }",
        {},
        1 + 10 * (1 + 1 + 5),
    ),
    # Lists without a size are taken for five rows; lists of words are free.
    ("{ configs(first: 2) { nodes { files { id } tags } } }", {}, 1 + 2 * (1 + 5)),
    # As many rows as ids.
    ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3),
    ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}, 2),
    # Sizes by variables: given, by default, absent, null.
    ("query ($n: Int) { configs(first: $n) { nodes { id } } }", {"n": 30}, 1 + 30),
    ("query ($n: Int = 30) { configs(first: $n) { nodes { id } } }", {}, 1 + 30),
    ("query ($n: Int = 30) { configs(first: $n) { nodes { id } } }", {"n": 2}, 1 + 2),
    ("query ($n: Int) { configs(first: $n) { nodes { id } } }", {}, 1 + 20),
    ("query ($n: Int = 30) { configs(first: $n) { nodes { id } } }", {"n": None}, 1 + 20),
    (
        "query ($n: Int $m: Int) { configs(first: $n, last: $m) { nodes { id } } }",
        {"n": None, "m": 4},
        1 + 4,
    ),
    (
        "query ($n: Int) { configs(first: $n) { nodes { tests(last: $n) { nodes { id } } } } }",
        {"n": 3},
        1 + 3 * (2 + 3),
    ),
    # Whatever the field will refuse costs what it could cost, not more and not less than nothing.
    ("query ($n: Int) { configs(first: $n) { nodes { id } } }", {"n": 10**9}, 1 + 100),
    ("query ($n: Int) { configs(first: $n) { nodes { id } } }", {"n": -5}, 1),
    ("query ($n: Int) { configs(first: $n) { nodes { id } } }", {"n": "many"}, 1 + 20),
    ("{ configs(first: 2147483647) { nodes { id } } }", {}, 1 + 100),
    # Writing costs more than reading.
    ("mutation { save { config { id } } drop { errors { message } } }", {}, 2 * 10 + 2 + 1 + 5),
    ("subscription { progress { id } }", {}, 1),
]


@pytest.mark.parametrize(("query", "variables", "expected"), PRICES)
def test_prices(query: str, variables: dict[str, object], expected: int) -> None:
    """The price is the number of objects that the answer may hold, and extras for work."""
    assert points(query, **variables) == expected


def test_fragments_in_fragments_with_variables_have_an_upper_bound() -> None:
    """Each level could double the products to keep apart; beyond sixteen pages count as full."""
    levels = 12
    names = " ".join(f"$a{n}: Int $b{n}: Int" for n in range(levels))
    body = "".join(
        f"fragment F{n} on Config {{ tests(first: $a{n}) {{ nodes {{ config {{ ...F{n + 1} }} }} }}"
        f" t: tests(first: $b{n}) {{ nodes {{ config {{ ...F{n + 1} }} }} }} }} "
        for n in range(levels)
    )
    query = f"query ({names}) {{ configs {{ nodes {{ ...F0 }} }} }} {body}"
    query += f"fragment F{levels} on Config {{ id }}"
    generous = DocumentLimits(tokens=10**6, depth=100, aliases=10**6, fields=10**6, points=10**12)
    (operation,) = Plans(SCHEMA, generous).read(query).operations.values()
    assert len(operation.price.terms) <= 16
    assert operation.points({}) == 10**9


def test_common_introspection_keeps_the_limits() -> None:
    """Explorers and code generators read the schema with what graphql-core and GraphiQL send."""
    plans = Plans(build_schema().graphql_schema)
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    assert plans.read(query).errors == ()


CIRCULAR = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"


def test_circular_introspection_is_refused() -> None:
    """Types of fields of types grow with each step; three steps of lists are the most."""
    assert refusals(CIRCULAR) == ["Maximum introspection depth exceeded"]


DOUBLING = {
    # levels of fragments, each spreading the next twice
    "short": 20,
    "long": 99,
}


@pytest.mark.parametrize("levels", DOUBLING.values(), ids=DOUBLING.keys())
def test_fragments_in_fragments_are_counted_without_being_walked(levels: int) -> None:
    """Two to the power of the levels fields are counted by walking each fragment once."""
    body = "".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    query = f"{{ viewer {{ ...F0 }} }} {body} fragment F{levels} on Viewer {{ email }}"
    generous = DocumentLimits(depth=levels)
    assert refusals(query, generous) == ["The operation has more than 1000 fields."]


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { ...F } } fragment F on Viewer { ...F }",
        "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { self { ...A } }",
        "{ viewer { ...A } } fragment A on Viewer { ...B ...B } fragment B on Viewer { ...A ...A }",
    ],
)
def test_circles_are_named_by_validation(query: str) -> None:
    """Measuring ends, and the client is told what is wrong."""
    assert any("Cannot spread fragment" in text for text in refusals(query))


def test_nesting_beyond_pythons_stack_is_refused() -> None:
    """Inline fragments are no fields, yet 190 of them in one another are not walked."""
    query = "{ viewer { " + "... { " * 190 + "email" + " }" * 190 + " } }"
    assert refusals(query) == ["The operation is nested more than 16 fields deep."]
    chained = "".join(
        f"fragment F{n} on Viewer {{ {'... { ' * 8} ...F{n + 1} {'} ' * 8} }} " for n in range(60)
    )
    query = f"{{ viewer {{ ...F0 }} }} {chained} fragment F60 on Viewer {{ email }}"
    assert refusals(query) == ["The operation is nested more than 16 fields deep."]
