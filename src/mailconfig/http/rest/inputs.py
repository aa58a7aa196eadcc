"""Reads the variables of a row's document: from its path, its query string, headers and body.

Texts of query strings and forms become what the schema says they are: numbers, booleans, JSON for
objects. A text that is not of its type stays a text, and the document's own checking refuses it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
)
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from mailconfig.http.problems import Problem
from mailconfig.http.rest.edge import Edge
from mailconfig.http.rest.operations import Operation, members

_INT: Final = re.compile(r"-?[0-9]{1,10}")
_TAG: Final = re.compile(r'"([0-9]{1,9})"')
"""An entity tag of ours: the revision. Weak ones never match (RFC 9110, section 13.1.1)."""
_NO_REVISION: Final = 0
"""Revisions begin at 1, so that this one never matches."""
_BOOLEANS: Final = {"true": True, "false": False}
_TEXTUAL: Final = frozenset({"String", "ID"})
_STRUCTURED: Final = frozenset({"JSONObject"})


async def variables_of(operation: Operation, edge: Edge, request: Request) -> dict[str, Any]:
    """Return the variables of a request; raises Problem for what cannot be read."""
    row = operation.row
    variables: dict[str, Any] = {}
    if row.body_at is not None:
        put(variables, row.body_at, await _body(operation, edge, request))
    for name, text in request.query_params.multi_items():
        _take_parameter(operation, variables, name, text)
    for header, place in row.headers.items():
        given = request.headers.get(header)
        if given is not None:
            _take_header(variables, header, place, given.strip())
    if row.id_at is not None:
        put(variables, row.id_at, request.path_params["id"])
    for place, value in row.defaults.items():
        put(variables, place, value, only_missing=True)
    return variables


def put(
    variables: dict[str, Any], place: str, value: object, *, only_missing: bool = False
) -> None:
    """Put a value at a dotted place, making the objects on the way."""
    *keys, last = place.split(".")
    for key in keys:
        variables = variables.setdefault(key, {})
    if not (only_missing and last in variables):
        variables[last] = value


async def _body(operation: Operation, edge: Edge, request: Request) -> dict[str, Any]:
    row = operation.row
    if row.body_optional and "content-type" not in request.headers:
        return {}
    given = await edge.read(request, forms=row.files)
    if isinstance(given, FormData):
        request.state.form = given  # whoever answers closes its files
        return _form(operation.body, given, file_kinds(edge.schema))
    if not isinstance(given, dict):
        raise Problem(422, "The body must be a JSON object.", code="BAD_REQUEST")
    return given


def file_kinds(schema: GraphQLSchema) -> Mapping[str, str]:
    """Return the kinds of files by the names of their parts: signatureImage, and so on."""
    kind = schema.type_map["FileKind"]
    assert isinstance(kind, GraphQLEnumType)  # noqa: S101 - for mypy  # nosec B101
    words = {name: name.lower().split("_") for name in kind.values}
    return {
        first + "".join(word.title() for word in rest): name
        for name, (first, *rest) in words.items()
    }


def _form(kind: GraphQLInputType, form: FormData, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the input that a form is; file parts bear the names of their kinds."""
    found: dict[str, Any] = {}
    files = []
    for raw, part in form.multi_items():
        name = _as_utf_8(raw)
        if isinstance(part, UploadFile):
            if name not in kinds:
                raise _unknown("A file of the form has no known kind.")
            part.filename = _as_utf_8(part.filename or "")
            files.append({"upload": {"file": part, "kind": kinds[name]}})
        else:
            path = tuple(name.split("."))
            inner = _member(kind, path)
            if inner is None:
                raise _unknown("The form has an unknown field.")
            _set(found, path, typed(inner, _as_utf_8(part)), "part", name)
    if files:
        given = found.get("files")
        found["files"] = [*given, *files] if isinstance(given, list) else files
    return found


def _take_parameter(operation: Operation, variables: dict[str, Any], name: str, text: str) -> None:
    first, *rest = name.split(".")
    known = operation.parameters.get(first)
    kind = _member(known[1], tuple(rest)) if known else None
    if known is None or kind is None:
        raise _unknown("There is no such query parameter.")
    path = (*known[0], *rest)
    if isinstance(get_nullable_type(kind), GraphQLList):
        *keys, last = path
        for key in keys:
            variables = variables.setdefault(key, {})
        variables.setdefault(last, []).append(typed(_item(kind), text))
    else:
        _set(variables, path, typed(kind, text), "parameter", name)


def _take_header(variables: dict[str, Any], header: str, place: str, text: str) -> None:
    if header != "If-Match":
        put(variables, place, text.strip('"'))
    elif text != "*":
        tag = _TAG.fullmatch(text)
        put(variables, place, int(tag[1]) if tag else _NO_REVISION)


def typed(kind: GraphQLInputType, text: str) -> object:
    """Return the value that a text stands for; the text itself where it stands for none."""
    named = get_named_type(kind)
    if named.name in _TEXTUAL and not isinstance(get_nullable_type(kind), GraphQLList):
        return text
    if not text:
        return None
    if is_input_object_type(named) or named.name in _STRUCTURED:
        try:
            value: object = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        return value
    if named.name == "Int" and _INT.fullmatch(text):
        return int(text)
    return _BOOLEANS.get(text, text) if named.name == "Boolean" else text


def _item(kind: GraphQLInputType) -> GraphQLInputType:
    """Return the type of a list's items."""
    inner: GraphQLInputType = cast("GraphQLList[Any]", get_nullable_type(kind)).of_type
    return inner


def _member(kind: GraphQLInputType, path: tuple[str, ...]) -> GraphQLInputType | None:
    """Return the type at a path of names, None where there is none."""
    found: GraphQLInputType | None = kind
    for name in path:
        found = None if found is None else members(found).get(name)
    return found


def _set(
    target: dict[str, Any], path: tuple[str, ...], value: object, what: str, name: str
) -> None:
    *keys, last = path
    for key in keys:
        inner = target.setdefault(key, {})
        if not isinstance(inner, dict):
            raise _twice(what, name)
        target = inner
    if last in target:
        raise _twice(what, name)
    target[last] = value


def _unknown(detail: str) -> Problem:
    """Return the problem of an unknown name; it is not repeated: it may be a value by mistake."""
    errors = [{"type": "BAD_REQUEST", "message": detail}]
    return Problem(400, detail, code="BAD_REQUEST", errors=errors)


def _twice(what: str, name: str) -> Problem:
    """Return the problem of a known name that comes twice."""
    detail = "A value is given twice."
    errors = [{"type": "BAD_REQUEST", "message": detail, what: name}]
    return Problem(400, detail, code="BAD_REQUEST", errors=errors)


def _as_utf_8(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        raise Problem(400, "The form is not in UTF-8.", code="BAD_REQUEST") from error
