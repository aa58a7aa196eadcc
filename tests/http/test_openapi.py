"""The OpenAPI document: valid, complete, and what the schema says."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from kit.api import MEMBER, Api
from kit.rest import Rest, open_rest
from mailconfig.graphql.schema import build_schema
from mailconfig.http.openapi import openapi_document
from mailconfig.http.rest.table import ROWS

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""


@pytest.fixture
async def rest(api: Api) -> Rest:
    """A client with the document as it is served."""
    return await open_rest(api)


async def test_it_is_valid(rest: Rest) -> None:
    """To a validator of others, with every reference."""
    validate(rest.document)  # type: ignore[arg-type]
    assert rest.document["openapi"] == "3.1.0"


async def test_it_has_the_rows_of_the_table(rest: Rest) -> None:
    """Each once, with its success, and an id of its own."""
    found = {(method, path): operation for method, path, operation in rest.operations()}
    assert list(found) == [(row.method, row.path) for row in ROWS]
    for row in ROWS:
        assert str(row.status) in found[row.method, row.path]["responses"]
    assert len({operation["operationId"] for operation in found.values()}) == len(ROWS)


async def test_it_says_who_must_be_signed_in(rest: Rest) -> None:
    """Whoever calls without a session meets 401 exactly where the document says so."""
    for method, path, operation in rest.operations():
        body: dict[str, Any] = {"json": {}} if "requestBody" in operation else {}
        answer = await rest.api.client.request(method, path.replace("{id}", "x"), **body)
        about_session = answer.status_code == 401 and path != "/api/auth/login/"
        wrong_body = answer.status_code == 422
        assert wrong_body or about_session == bool(operation["security"]), path


async def test_it_knows_the_schemas_words(rest: Rest) -> None:
    """Names, types and descriptions of fields are those of GraphQL; nothing is left out."""
    schema = build_schema().graphql_schema
    kind: Any = schema.type_map["EmailConfig"]
    shown = rest.document["components"]["schemas"]["EmailConfig"]["properties"]
    for name, member in shown.items():
        assert member["description"] == kind.fields[name].description
    given: Any = schema.type_map["SubmitInput"]
    taken = rest.document["components"]["schemas"]["SubmitInput"]
    assert list(taken["properties"]) == list(given.fields)
    assert taken["required"] == ["name", "emailAddress"]
    secret = rest.document["components"]["schemas"]["SecretInput"]
    assert (secret["minProperties"], secret["maxProperties"]) == (1, 1)
    assert "id" not in rest.document["components"]["schemas"]["UpdateInput"]["properties"]


async def test_it_shows_no_place_for_a_secret(rest: Rest) -> None:
    """Only inputs have passwords and tokens, and the session its own access token."""
    schemas = rest.document["components"]["schemas"]
    holders = [
        name
        for name, schema in schemas.items()
        if {"password", "secret", "accessToken"} & set(schema.get("properties", ()))
    ]
    assert holders == ["DraftServerInput", "LoginInput", "SecretInput", "ServerSettingsInput"]


async def test_it_is_served_with_a_tag(api: Api) -> None:
    """To anybody; caches may ask whether it changed."""
    answer = await api.client.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(
        json.dumps(openapi_document(build_schema().graphql_schema, "mailconfig_session"))
    )
    headers = {"If-None-Match": answer.headers["etag"]}
    again = await api.client.get("/api/openapi.json", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


async def test_the_client_of_these_tests_sees_differences(rest: Rest) -> None:
    """A member more, a member less, another type: each fails the comparison."""
    answer = await rest.send(MEMBER, "GET", "/api/providers/gmail/")
    good = answer.json()
    del good["name"]
    for wrong in (good, answer.json() | {"more": 1}, answer.json() | {"kind": "UNHEARD_OF"}):
        answer._content = json.dumps(wrong).encode()
        with pytest.raises(AssertionError):
            rest.check(answer)
