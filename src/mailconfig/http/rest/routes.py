"""The routes of the table: each path is a resource that knows its methods.

A request is read (`inputs`), its document is run (`edge`), the answer is shown (`answers`); every
refusal on the way is a problem (`problems`). Nothing here knows what a configuration is.
"""

import logging
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mailconfig.http.middleware import BodyTooLarge, BodyTooSlow
from mailconfig.http.problems import PREFIX, Problem, not_found
from mailconfig.http.rest.answers import respond
from mailconfig.http.rest.edge import Edge
from mailconfig.http.rest.inputs import variables_of
from mailconfig.http.rest.operations import Operation, operation
from mailconfig.http.rest.table import ROWS, Row

_log = logging.getLogger(__name__)

_BODY: Final = frozenset({"content-length", "content-type"})
"""Headers that belong to a body, which resolvers do not write."""


class Resource:
    """One path, with the operations of its methods; an ASGI application."""

    def __init__(self, operations: Mapping[str, Operation], edge: Edge) -> None:
        self._operations = operations
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; refusals are problems."""
        request = Request(scope, receive)
        request.state.draft = Response()
        try:
            response = await self._response(request)
            for name, value in request.state.draft.headers.items():
                if name not in _BODY:
                    response.headers.append(name, value)
            await response(scope, receive, send)
        except ClientDisconnect:
            return  # nobody is left to answer
        finally:
            form = getattr(request.state, "form", None)
            if form is not None:
                await form.close()  # the temporary files of an upload

    async def _response(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Problem as problem:
            return problem.response()
        except (BodyTooLarge, BodyTooSlow, ClientDisconnect):
            raise  # the middleware answers, or nobody can
        except Exception:  # noqa: BLE001 - the top of a request: it is logged, and masked
            _log.exception("a REST request failed")
            return Problem(500, "Something went wrong on our side.", code="INTERNAL").response()

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._operations.get(method)
        if found is None:
            raise self._method_problem()
        variables = await variables_of(found, self._edge, request)
        answer = await self._edge.run(request, request.state.draft, found.row.document, variables)
        return respond(found, request, variables, answer, self._edge.write)

    def _method_problem(self) -> Problem:
        """Return the problem of a method that is not for this path (RFC 9110, 15.5.6)."""
        methods = sorted(self._operations)
        if "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        allowed = ", ".join(methods)
        return Problem(
            405, f"Send one of: {allowed}.", code="BAD_REQUEST", headers={"Allow": allowed}
        )


class Nothing:
    """Answers for paths under /api that there are not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 with a problem."""
        await not_found().response()(scope, receive, send)


def rest_routes(edge: Edge, rows: tuple[Row, ...] = ROWS) -> list[BaseRoute]:
    """Return the routes; each path is served with its final slash and without."""
    paths: dict[str, dict[str, Operation]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method] = operation(row, edge.schema)
    routes: list[BaseRoute] = []
    for path, operations in paths.items():
        resource = Resource(operations, edge)
        routes += [Route(path, resource), Route(path.removesuffix("/"), resource)]
    return [*routes, Route(f"{PREFIX}{{rest:path}}", Nothing())]
