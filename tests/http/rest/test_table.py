"""The table: its documents fit the schema, and there is no way to data beside them."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from mailconfig.graphql.plans import Plans
from mailconfig.graphql.schema import build_schema
from mailconfig.http.problems import BY_TYPE
from mailconfig.http.rest import rest_routes
from mailconfig.http.rest.table import ROWS, Row

FOLDER = Path(__file__).parents[3] / "src" / "mailconfig" / "http" / "rest"


class Recorder:
    """An edge that answers as it is told and records what it is asked."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self.answer = answer
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.schema: GraphQLSchema = build_schema().graphql_schema

    async def read(self, request: Request, *, forms: bool) -> object | FormData:
        """Return the body."""
        del forms
        return await request.json()

    async def run(
        self, request: Request, response: Response, text: str, variables: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Record and answer."""
        del request, response
        self.ran.append((text, variables))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def write(self, shown: object) -> bytes:
        """Write anything."""
        return repr(shown).encode()


def client(edge: Recorder) -> httpx.AsyncClient:
    """Return a client of the routes alone."""
    transport = httpx.ASGITransport(Starlette(routes=rest_routes(edge)))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_each_document_fits_the_schema(row: Row) -> None:
    """And the limits that all documents are under."""
    plans = Plans(build_schema().graphql_schema)
    assert plans.read(row.document).errors == ()


def test_every_error_of_the_schema_has_a_status() -> None:
    """A new type of error cannot be forgotten here."""
    schema = build_schema().graphql_schema
    interface: Any = schema.type_map["UserError"]
    assert {kind.name for kind in schema.get_implementations(interface).objects} == set(BY_TYPE)


def test_the_table_has_the_paths_of_the_plan() -> None:
    """Those that the front end calls, each with its methods."""
    assert [(row.method, row.path) for row in ROWS] == [
        ("GET", "/api/email-config/"),
        ("POST", "/api/email-config/"),
        ("POST", "/api/email-config/validate/"),
        ("POST", "/api/email-config/test-connection/"),
        ("GET", "/api/email-config/{id}/"),
        ("PUT", "/api/email-config/{id}/"),
        ("DELETE", "/api/email-config/{id}/"),
        ("GET", "/api/providers/"),
        ("GET", "/api/providers/{id}/"),
        ("GET", "/api/auth/csrf/"),
        ("POST", "/api/auth/login/"),
        ("POST", "/api/auth/logout/"),
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_row_asks_its_document_and_nothing_else(row: Row) -> None:
    """An edge that fails is all that there is: no row answers without it."""
    refused = {"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}
    edge = Recorder(refused)
    body = {"json": {}} if row.body_at and not row.body_optional else {}
    answer = await client(edge).request(row.method, row.path.replace("{id}", "x"), **body)
    assert (answer.status_code, answer.json()["detail"]) == (403, "no")
    ((text, variables),) = edge.ran
    assert text == row.document
    if row.id_at is not None:
        found: Any = variables
        for name in row.id_at.split("."):
            found = found[name]
        assert found == "x"


def test_rest_imports_nothing_that_holds_data() -> None:
    """Neither services nor GraphQL's resolvers: the edge is handed in, and is all it has."""
    names = {
        node.module or ""
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    ours = {name for name in names if name.startswith("mailconfig.")}
    rooms = ("mailconfig.http.", "mailconfig.domain.pages", "mailconfig.domain.request")
    assert [name for name in ours if not name.startswith(rooms)] == []


async def test_a_bug_is_a_masked_problem(caplog: pytest.LogCaptureFixture) -> None:
    """The log has it, the client a request id and nothing else."""
    answer = await client(Recorder(ValueError("a-secret"))).get("/api/providers/")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "a-secret" not in answer.text
    assert "a REST request failed" in caplog.text


@pytest.mark.parametrize(
    ("code", "status", "headers"),
    [
        ("INTERNAL", 500, {}),
        ("TIMEOUT", 503, {"retry-after": "5"}),
        ("RATE_LIMITED", 429, {"retry-after": "7"}),
        ("UNAUTHENTICATED", 401, {"www-authenticate": "Bearer"}),
        ("LIMIT_EXCEEDED", 422, {}),
    ],
)
async def test_errors_outside_of_payloads(code: str, status: int, headers: dict[str, str]) -> None:
    """By their code, with the headers that go with the status."""
    error = {"message": "no", "extensions": {"code": code, "retryAfterSeconds": 7}}
    if code != "RATE_LIMITED":
        del error["extensions"]["retryAfterSeconds"]  # type: ignore[attr-defined]
    answer = await client(Recorder({"errors": [error]})).get("/api/providers/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {name: answer.headers.get(name) for name in headers} == headers
