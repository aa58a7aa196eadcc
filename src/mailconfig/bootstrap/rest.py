"""Joins REST to GraphQL: the functions that serve /graphql, behind the door that REST knows."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from mailconfig.graphql.answers import written
from mailconfig.graphql.budgets import PointsGoneError
from mailconfig.graphql.context import Context, Sessions
from mailconfig.graphql.leaving import is_query, while_wanted
from mailconfig.graphql.multipart import FormLimits, check_preflight, parts_of
from mailconfig.graphql.refusals import Problem as Kind
from mailconfig.graphql.refusals import Profile, Refused
from mailconfig.graphql.requests import Body, body_of, parsed_json
from mailconfig.graphql.schema import MaskingSchema
from mailconfig.http.rest import Problem
from mailconfig.services.registry import Services

_MAX_FIELDS = 60
"""Fields of a form: an input with all that it may hold has some thirty."""


class GraphQLEdge:
    """Implements `http.rest.Edge`."""

    def __init__(
        self, schema: MaskingSchema, services: Services, sessions: Sessions, forms: FormLimits
    ) -> None:
        self._schema = schema
        self._services = services
        self._sessions = sessions
        self._forms = forms

    @property
    def schema(self) -> GraphQLSchema:
        """The schema, for types and descriptions."""
        return self._schema.graphql_schema

    async def read(self, request: Request, *, forms: bool) -> object | FormData:
        """Return the JSON of a body, or its form where forms are fine; raises Problem."""
        try:
            return await self._read(request, forms=forms)
        except Refused as refused:
            status = refused.problem.status(Profile.AUDIT)
            raise Problem(
                status, refused.message, code=refused.code, headers=refused.headers
            ) from refused

    async def _read(self, request: Request, *, forms: bool) -> object | FormData:
        content_type = request.headers.get("content-type")
        kind = body_of(content_type, request.headers.get("content-encoding"))
        if kind is Body.JSON:
            return parsed_json(await request.body(), "The body")
        if not forms:
            raise Refused(
                Kind.MEDIA_TYPE,
                "Send application/json in UTF-8.",
                headers={"Accept-Post": "application/json"},
            )
        if "authorization" not in request.headers:
            # A form of another site comes with our cookie, but without headers of its own.
            check_preflight(request.headers)
        return await parts_of(
            content_type or "", request.stream(), self._forms, max_fields=_MAX_FIELDS
        )

    async def run(
        self, request: Request, response: Response, text: str, variables: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Run a document and return its answer: `data`, `errors`."""
        context = Context(self._services, self._sessions, request, response)
        running = self._schema.execute(text, variables, context)
        try:
            result = await while_wanted(running, request.receive, lambda: is_query(text, None))
        except PointsGoneError as gone:
            return {"errors": [{"message": gone.reason, "extensions": gone.extensions}]}
        return {
            "data": result.data,
            "errors": [error.formatted for error in result.errors or ()],
        }

    def write(self, shown: object) -> bytes:
        """Write a part of an answer in JSON, as GraphQL writes answers."""
        return written(shown)
