"""Mass assignment: no input takes a member that it does not name, in GraphQL and in REST.

Every way to every input type of the schema is gone once for each name that an attacker wants most
(ownerId, workspaceId, role, status, revision, ...), those that a careless language knows
(`__proto__`), and in turn the other names that the schema shows anywhere. The same request without
that member is understood, so that it alone is refused.
"""

from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema

from kit.api import MEMBER, OWNER, Api, form, serving
from kit.attacks import graphql
from kit.attacks_inputs import Way, output_members, ways
from kit.rowdump import all_rows
from mailconfig.graphql.schema import build_schema
from mailconfig.http.rest.table import ROWS, Row
from mailconfig.settings import Settings

CARELESS = frozenset(
    {"__proto__", "constructor", "prototype", "$where", "_id", "owner_id", "isAdmin"}
)
"""Members that mean something to a language, a database or a framework."""
DEAREST = ("ownerId", "workspaceId", "role", "status", "revision", "id", "createdAt", "userId")
"""Members that an attacker wants most."""
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
NOT_HERE = "not to include an unknown field"


@pytest.fixture
def engine() -> str:
    """What is refused is not stored."""
    return "sqlite"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema as it is served."""
    return build_schema().graphql_schema


@pytest.fixture
async def served(app_settings: Settings) -> AsyncIterator[Api]:
    """The application, without budgets that thousands of requests would spend."""
    changed = {"points_per_minute": 100_000_000}
    async with serving(app_settings.model_copy(update=changed)) as api:
        yield api


def inputs(schema: GraphQLSchema) -> list[Way]:
    """Return the shortest way to each place of each input type."""
    return list(ways(schema))


def tries(schema: GraphQLSchema) -> list[tuple[Way, str]]:
    """Return ways and names: the dearest and careless ones on all, each other one on two."""
    found = [
        (way, name)
        for way in inputs(schema)
        for name in sorted(CARELESS.union(DEAREST))
        if name not in members(way)
    ]
    turning = deque(inputs(schema))
    for name in sorted(output_members(schema)):
        turning.rotate(2)
        found += [(way, name) for way in turning if name not in members(way)][:2]
    return found


def members(way: Way) -> frozenset[str]:
    """Return the members of the input at the end of a way."""
    assert isinstance(way.kind, GraphQLInputObjectType)
    return frozenset(way.kind.fields)


def test_every_input_type_is_tried(schema: GraphQLSchema) -> None:
    """A new type comes into the test below by itself."""
    kinds = {
        kind.name for kind in schema.type_map.values() if isinstance(kind, GraphQLInputObjectType)
    }
    assert {way.kind.name for way in inputs(schema)} == kinds  # type: ignore[union-attr]
    assert set(DEAREST) <= output_members(schema)


async def test_no_input_takes_a_member_that_it_does_not_name(
    served: Api, schema: GraphQLSchema
) -> None:
    """Each is refused before anything is run, and nothing is written."""
    before = await all_rows(served.settings.effective_database_url)
    authorization = f"Bearer {await served.token(OWNER)}"
    for way, name in tries(schema):
        given = way.variables({name: "OWNER"})
        answer = await graphql(served, way.document, given, Authorization=authorization)
        errors = answer.json()["errors"]  # two where a file is missing, too
        assert any(NOT_HERE in error["message"] for error in errors), (way.label, name)
        assert answer.json().get("data") is None, (way.label, name)
    assert await all_rows(served.settings.effective_database_url) == before


async def test_the_same_inputs_without_it_are_understood(
    served: Api, schema: GraphQLSchema
) -> None:
    """So that the refusals above are of the member alone."""
    for way in inputs(schema):
        answer = await graphql(served, way.document, way.variables())
        assert NOT_HERE not in answer.text, way.label


async def test_literals_are_checked_as_variables_are(served: Api) -> None:
    """A member in the text of a document."""
    authorization = f"Bearer {await served.token(OWNER)}"
    for name in (*DEAREST[:5], "ownerID"):
        members = f'token: "x", newPassword: "y", {name}: "z"'
        query = f"mutation {{ resetPassword(input: {{{members}}}) {{ ok }} }}"
        answer = await graphql(served, query, Authorization=authorization)
        assert NOT_HERE in answer.json()["errors"][0]["message"]


def rest_names(row: Row) -> list[str]:
    """Return the members that a row's body and query must refuse."""
    known = {"id"} if row.id_at else set()  # the path's counts: test_the_id_of_the_path_counts
    if row.spread:
        known |= {"status"}  # a filter
    return sorted((set(DEAREST) | CARELESS) - known)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_rest_bodies_and_queries_take_no_more(served: Api, row: Row) -> None:
    """As JSON, as a form and in the query string: refused as an input, and nothing changes."""
    config_id = await served.stored(MEMBER)
    before = await all_rows(served.settings.effective_database_url)
    headers = {"Authorization": f"Bearer {await served.token(MEMBER)}"}
    path = row.path.format(id=config_id)
    whole = form(emailAddress="new@example.net") if row.status == 201 else {}
    for name in rest_names(row):
        body = {"json": whole} if row.body_at else {}
        requests: list[dict[str, Any]] = [{"params": {name: "OWNER"}, **body}]
        if row.body_at:
            requests.append({"json": {**whole, name: "OWNER"}})
        if row.files:
            requests.append({"files": {name: (None, b"OWNER")}, "headers": PREFLIGHT})
        for request in requests:
            given = headers | request.pop("headers", {})
            answer = await served.client.request(row.method, path, headers=given, **request)
            assert answer.status_code in {400, 422}, (name, request, answer.text)
    assert await all_rows(served.settings.effective_database_url) == before
