"""The OpenAPI 3.1 document of the REST interface, made of its table and the GraphQL schema.

Parameters, bodies and answers are what the rows' documents take and select, described in the
schema's own words. A fragment of a document is a schema of its own. There is no list of fields
here: what GraphQL does not know, this document cannot say.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import orjson
from graphql import GraphQLSchema, get_named_type, is_input_object_type
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailconfig.http.openapi_schemas import Schemas
from mailconfig.http.problems import MEDIA_TYPE, PREFIX, title_of
from mailconfig.http.rest.operations import Operation, members, operation
from mailconfig.http.rest.table import ROWS, Row

_VERSION: Final = "3.1.0"
_HEADERS: Final = {
    "If-Match": "Entity tag of the revision that was read; 412 when there is another one.",
    "Idempotency-Key": "The same key within 24 hours answers with the first result.",
}
_ALWAYS: Final = frozenset({429, 500, 503})
_WITH_BODY: Final = frozenset({400, 408, 413, 415, 422})
_WRITING: Final = frozenset({401, 403, 404, 409, 413, 422})
"""What the payload of a mutation may say."""


def openapi_document(
    schema: GraphQLSchema, cookie: str, rows: Sequence[Row] = ROWS
) -> dict[str, Any]:
    """Return the document as JSON has it; `cookie` is the name of the session's cookie."""
    schemas = Schemas(schema)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        found = operation(row, schema)
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(found, schemas)
    return {
        "openapi": _VERSION,
        "info": {
            "title": "mailconfig",
            "version": version("mailconfig"),
            "description": "REST for front ends that do not speak GraphQL; every operation is a "
            "document of the GraphQL API.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": "Session of a browser; writing needs X-CSRF-Token as well.",
                },
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def openapi_route(schema: GraphQLSchema, cookie: str) -> Route:
    """Return the route of the document, which is made when it is first asked for."""

    @cache
    def written() -> tuple[bytes, str]:
        content = orjson.dumps(openapi_document(schema, cookie))
        return content, f'"{sha256(content).hexdigest()[:32]}"'

    async def serve(request: Request) -> Response:
        content, tag = written()
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type="application/json")

    return Route(f"{PREFIX}openapi.json", serve, methods=["GET"])


def statuses(found: Operation) -> list[int]:
    """Return the statuses of refusals that a row may answer with."""
    row = found.row
    given = set(_ALWAYS)
    if row.signed_in:
        given |= {401}
    if row.id_at is not None:
        given |= {404}
    if found.parameters:
        given |= {400, 422}
    if row.body_at is not None:
        given |= _WITH_BODY
    if found.node.operation.value == "mutation":
        given |= _WRITING
    if "If-Match" in row.headers:
        given |= {412}
    return sorted(given)


def _operation(found: Operation, schemas: Schemas) -> dict[str, Any]:
    row = found.row
    name = found.node.name.value if found.node.name else row.path
    described: dict[str, Any] = {
        "operationId": name[0].lower() + name[1:],
        "summary": row.summary,
        "description": schemas.description_of(found),
        "tags": [row.path.split("/")[2]],
        "security": [{"cookie": []}, {"bearer": []}] if row.signed_in else [],
        "parameters": [*_parameters(found, schemas)],
        "responses": {str(row.status): _success(found, schemas)}
        | {str(status): _problem(status, schemas) for status in statuses(found)},
    }
    if row.public:
        described["responses"]["304"] = {"description": HTTPStatus(304).phrase}
    if row.body_at is not None:
        described["requestBody"] = _body(found, schemas)
    return described


def _parameters(found: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    row = found.row
    given = []
    if row.id_at is not None:
        text = {"type": "string"}
        given.append({"name": "id", "in": "path", "required": True, "schema": text})
    for name, (place, kind) in found.parameters.items():
        for path, inner in _leaves((name,), kind):
            given.append(
                {
                    "name": ".".join(path),
                    "in": "query",
                    "description": schemas.description_at(found, (*place, *path[1:])),
                    "schema": schemas.parameter(inner),
                }
            )
    for header, about in _HEADERS.items():
        if header in row.headers:
            text = {"type": "string"}
            given.append({"name": header, "in": "header", "description": about, "schema": text})
    return given


def _leaves(path: tuple[str, ...], kind: Any) -> list[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - graphql-core's types
    """Return the places of texts within a parameter, which is an object where it has members."""
    if not is_input_object_type(get_named_type(kind)):
        return [(path, kind)]
    found = members(kind)
    return [leaf for name, inner in found.items() for leaf in _leaves((*path, name), inner)]


def _body(found: Operation, schemas: Schemas) -> dict[str, Any]:
    row = found.row
    start = f"{row.body_at}."
    given = [row.id_at, *row.defaults] if row.id_at else [*row.defaults]
    ours = frozenset(place.removeprefix(start) for place in given if place.startswith(start))
    path_id = {"id"} & ours
    content = {"application/json": {"schema": schemas.input(found.body, omit=path_id)}}
    if row.files:
        content["multipart/form-data"] = schemas.form(found.body, omit=path_id)
    return {"required": not row.body_optional, "content": content}


def _success(found: Operation, schemas: Schemas) -> dict[str, Any]:
    row = found.row
    described: dict[str, Any] = {"description": HTTPStatus(row.status).phrase}
    if row.shown is None:
        return described
    shown = schemas.answer(found)
    described["content"] = {"application/json": {"schema": shown}}
    headers = _headers(row, schemas.names(shown))
    if headers:
        described["headers"] = headers
    return described


def _headers(row: Row, names: frozenset[str]) -> dict[str, Any]:
    found = {}
    if row.public or "revision" in names:
        found["ETag"] = "The revision, for If-Match." if "revision" in names else "For caches."
    if row.status == HTTPStatus.CREATED:
        found["Location"] = "Path of what was made."
    if "pageInfo" in names:
        found["Link"] = "The neighbouring pages (RFC 8288): next, prev."
    text = {"type": "string"}
    return {name: {"description": about, "schema": text} for name, about in found.items()}


def _problem(status: int, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": title_of(status),
        "content": {MEDIA_TYPE: {"schema": schemas.problem()}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        about = "Seconds until another attempt has a chance."
        described["headers"] = {
            "Retry-After": {"description": about, "schema": {"type": "integer"}}
        }
    return described
