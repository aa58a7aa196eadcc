"""Turns the answer of a document into the answer of its row: status, headers, the shown member."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from mailconfig.domain.pages import PAGE_DEFAULT
from mailconfig.http.problems import Problem, not_found, of_answer, of_payload, pointer
from mailconfig.http.rest.misfits import misfits
from mailconfig.http.rest.operations import Operation

_PAGING: Final = frozenset({"first", "after", "last", "before"})


def respond(
    operation: Operation,
    request: Request,
    variables: Mapping[str, Any],
    answer: Mapping[str, Any],
    write: Callable[[object], bytes],
) -> Response:
    """Return the response to an answer of GraphQL; raises Problem for every failure."""
    if answer.get("errors"):
        raise _request_problem(operation, variables, answer["errors"])
    payload = answer["data"][operation.root]
    if isinstance(payload, dict) and payload.get("errors"):
        raise of_payload(payload["errors"], conditional="if-match" in request.headers)
    row = operation.row
    if row.shown is None:
        return Response(status_code=row.status, headers={"Cache-Control": "no-store"})
    shown = _member(answer["data"], row.shown)
    if shown is None:
        raise not_found()
    shown.pop("errors", None)  # an empty list, by now
    headers = {"Cache-Control": "no-store", "Content-Type": "application/json"}
    response = Response(write(shown), row.status, headers)
    _describe(response.headers, operation, request, shown)
    return _tagged(response, request) if row.public else response


def _request_problem(
    operation: Operation, variables: Mapping[str, Any], errors: list[Mapping[str, Any]]
) -> Problem:
    """Return the problem of a request that was refused, with the fields that do not fit."""
    problem = of_answer(errors)
    in_query = operation.row.body_at is None
    if problem.code == "BAD_REQUEST" and not problem.errors:
        problem.errors = [
            {
                "type": "BAD_REQUEST",
                "message": message,
                "path": [str(part) for part in path],
                "pointer": pointer(path),
            }
            for path, message in misfits(operation, variables)
        ]
        if problem.errors:
            problem.detail = "The input is not valid."
    if in_query:
        problem.errors = [_of_parameter(error) for error in problem.errors]
    return problem


def _of_parameter(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error that names a query parameter, where there is no body to point into."""
    members = {name: value for name, value in error.items() if name != "pointer"}
    return members | {"parameter": ".".join(error["path"])}


def _member(data: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    found: Any = data
    for name in path.split(".") if path else ():
        found = found and found[name]
    return found


def _describe(
    headers: MutableHeaders, operation: Operation, request: Request, shown: Mapping[str, Any]
) -> None:
    """Add the headers that follow from what is shown."""
    revision = shown.get("revision")
    if revision is not None:
        headers["ETag"] = f'"{revision}"'
    if operation.row.status == 201:  # noqa: PLR2004 - RFC 9110, section 15.3.2
        headers["Location"] = f"{operation.row.path}{shown['id']}/"
    page = shown.get("pageInfo")
    if page is not None:
        links = _links(operation, request, page)
        if links:
            headers["Link"] = ", ".join(links)


def _links(operation: Operation, request: Request, page: Mapping[str, Any]) -> list[str]:
    """Return the links to the neighbouring pages (RFC 8288)."""
    given = request.query_params
    kept = [pair for pair in given.multi_items() if pair[0] not in _PAGING]
    size = given.get("first") or given.get("last") or str(PAGE_DEFAULT)
    links = []
    if page["hasNextPage"]:
        query = urlencode([*kept, ("first", size), ("after", page["endCursor"])])
        links.append(f'<{operation.row.path}?{query}>; rel="next"')
    if page["hasPreviousPage"]:
        query = urlencode([*kept, ("last", size), ("before", page["startCursor"])])
        links.append(f'<{operation.row.path}?{query}>; rel="prev"')
    return links


def _tagged(response: Response, request: Request) -> Response:
    """Give an answer that is the same for everybody the tag of its bytes, and honour it."""
    tag = f'"{sha256(response.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    asked = [item.strip().removeprefix("W/") for item in _if_none_match(request).split(",")]
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _if_none_match(request: Request) -> str:
    return ",".join(request.headers.getlist("if-none-match"))
