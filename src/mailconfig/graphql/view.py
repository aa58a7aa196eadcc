"""The endpoint: GraphQL over HTTP, server-sent events and graphql-transport-ws at one path.

A request passes through plain functions that know no framework: `media.negotiated` says how to
answer, `requests` and `multipart` read what is asked, `leaving.while_wanted` runs it, `answers`
writes status, headers and bytes. This class strings them together by overriding what Strawberry's
view lets subclasses override; sockets and streams keep its flow.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.types import HTTPMethod
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult, SubscriptionExecutionResult
from strawberry.types.graphql import OperationType

from mailconfig.graphql.answers import answered, refusal, without_vain_data, written
from mailconfig.graphql.budgets import PointsGoneError
from mailconfig.graphql.context import Context, Sessions
from mailconfig.graphql.documents import text_for
from mailconfig.graphql.leaving import is_mutation, is_query, while_wanted
from mailconfig.graphql.media import Media, negotiated, wants_page
from mailconfig.graphql.multipart import FormLimits, check_preflight, parts_of, read_form
from mailconfig.graphql.presence import LiveLimits, Places
from mailconfig.graphql.refusals import Problem, Profile, Refused
from mailconfig.graphql.requests import (
    Body,
    Documents,
    GivenDocuments,
    GraphQLRequest,
    body_of,
    read_json,
    read_url,
)
from mailconfig.graphql.schema import MaskingSchema
from mailconfig.graphql.sockets import socket_handler
from mailconfig.graphql.streams import EventStream, event_stream, open_stream
from mailconfig.services.registry import Services

__all__ = ["Draft", "EventStream", "FormLimits", "Page", "View"]

_READING: Final = frozenset({"GET", "HEAD"})
"""Methods that bring the request in the URL, and may only read."""
_ALLOWED: Final = "GET, HEAD, POST"


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page with the content security policy that it needs."""

    html: str
    policy: str


class Draft(Response):
    """What resolvers may add headers to; its media type is agreed."""

    def __init__(self, media: Media) -> None:
        """Begin an answer without a body and without headers, those of an empty body included."""
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = []
        self.media = media


class HttpRequest(StarletteRequestAdapter):
    """A request as Strawberry's view sees it; HEAD is GET without the answer's body (RFC 9110)."""

    def __init__(self, request: Request) -> None:
        """Show a request of Starlette."""
        super().__init__(request)
        self.request = request

    @property
    def method(self) -> HTTPMethod:
        """The method, as far as Strawberry tells them apart."""
        return "GET" if self.request.method in _READING else "POST"


class View(GraphQL[Context, None]):
    """The endpoint."""

    request_adapter_class = HttpRequest

    def __init__(
        self,
        schema: MaskingSchema,
        services: Services,
        sessions: Sessions,
        explorer: Page | None,
        form_limits: FormLimits,
        *,
        profile: Profile = Profile.AUDIT,
        documents: Documents | None = None,
        places: Places | None = None,
    ) -> None:
        """Serve a schema; without `documents` each request brings its own.

        `places` bounds what stays connected: sockets and streams.
        """
        self._places = Places(LiveLimits()) if places is None else places
        limits = self._places.limits
        super().__init__(
            schema,
            graphql_ide="graphiql" if explorer else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            multipart_uploads_enabled=True,
            allowed_origins=[*limits.listed_origins, *([limits.origin] if limits.origin else ())],
        )
        self.stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: event_stream(limits)}
        self._services = services
        self._sessions = sessions
        self._explorer = explorer
        self._form_limits = form_limits
        self._profile = profile
        self._documents: Documents = documents or GivenDocuments()
        self._admissions = schema.admissions
        self._answers = schema.shared
        self.is_direct = schema.is_direct
        """Whether operations run without Strawberry's hooks; see `schema`."""
        self.graphql_transport_ws_handler_class = socket_handler(limits, self._documents)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket; failures of HTTP are answered in JSON."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._response(request)
            await response(scope, receive, send)
        except ClientDisconnect:
            return  # nobody is left to answer, and people who leave are no error
        finally:
            form = getattr(request.state, "form", None)
            if form is not None:
                await form.close()  # the temporary files of an upload

    async def _response(self, request: Request) -> Response:
        """Return the answer, whatever was asked."""
        request.state.media = None
        try:
            return await self._answer(request)
        except (HTTPException, Refused) as error:
            return self._refusal(error, request.state.media)

    def _refusal(self, error: HTTPException | Refused, media: Media | None) -> Response:
        if isinstance(error, PointsGoneError):
            shown = {"message": error.reason, "extensions": error.extensions}
            answer = {"errors": [shown], "extensions": {"cost": dict(error.cost)}}
            return answered(answer, media or Media.JSON, self._profile)
        refused = error if isinstance(error, Refused) else Refused(Problem.SHAPE, error.reason)
        return refusal(refused, media, self._profile)

    async def answer(self, request: Request, accept: str | None, body: bytes) -> Response:
        """Answer a query by GET, or a query or mutation that was posted as JSON.

        Like `__call__`, without what only other requests need; see `graphql.posted`. The body has
        been read. Raises ClientDisconnect.
        """
        media = None
        try:
            media = negotiated(accept, self._profile)
            if request.method in _READING:
                asked = read_url(request.scope["query_string"])
            else:
                asked = read_json(body)
            return await self._answered(request, media, asked)
        except (HTTPException, Refused) as error:
            return self._refusal(error, media)

    async def _answer(self, request: Request) -> Response:
        """Return the answer to a request; raises what it is refused for."""
        if request.method not in _READING and request.method != "POST":
            # RFC 9110, section 15.5.6: what is refused for its method is told the others.
            headers = {"Allow": _ALLOWED}
            raise Refused(Problem.METHOD, f"Send one of: {_ALLOWED}.", headers=headers)
        if self._is_page(request):
            if self._explorer is None:
                raise Refused(Problem.PAGE, "There is no page here.")
            return await self.render_graphql_ide(request)
        request.state.media = media = negotiated(_accepted(request), self._profile)
        if self.is_direct and media is not Media.EVENTS:
            return await self._answered(request, media, await self._asked(request))
        return await self.run(request)

    async def _answered(self, request: Request, media: Media, asked: GraphQLRequest) -> Response:
        """Answer a query or mutation by the functions that `run` would come to, and only those."""
        draft = Draft(media)
        context = Context(self._services, self._sessions, request, draft)
        context.takes_bytes = True
        text, name = await text_for(self._documents, asked, context), asked.operation_name
        tags = request.headers.get("if-none-match") if request.method in _READING else None
        met = self._admissions.met(text, name)
        if met is not None and tags is not None:  # a 304 costs what the answer does
            had = self._answers.had(met, asked.variables, context.language, tags)
            if (
                had is not None
                and not (await self._admissions.admit(text, asked.variables, name, context)).errors
            ):
                return had.known()
        data = GraphQLRequestData(text, asked.variables, name, asked.extensions)
        running = self.execute_single(request, HttpRequest(request), draft, context, None, data)
        if met is not None and met.writes:
            result = await running  # to its end, so that nobody need watch the client
        else:
            result = await while_wanted(running, request.receive, lambda: is_query(text, name))
        shared = context.shared if request.method in _READING else None
        if shared is not None and shared.is_known(tags):
            return shared.known()
        response = self.create_response(_members(result), draft)
        return response if shared is None else shared.tagged(response)

    def _is_page(self, request: Request) -> bool:
        return (
            request.method in _READING
            and "query" not in request.query_params
            and "documentId" not in request.query_params
            and wants_page(_accepted(request))
        )

    def is_request_allowed(self, request: BaseRequestProtocol) -> bool:  # noqa: ARG002 - the base's
        """Allow what came this far."""
        return True

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:  # noqa: ARG002 - the base's
        """Say that pages have been served before."""
        return False

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Return the surroundings of one operation."""
        context = Context(self._services, self._sessions, request, response)
        request.state.context = context
        return context

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,  # noqa: ARG002 - the base's
        headers: Mapping[str, str],
    ) -> Response:
        """Answer with events, or with why there are none."""
        return await open_stream(stream, request.state.context, headers, self._places)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Return what resolvers may add headers to."""
        return Draft(request.state.media)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """Read the request, whatever came; raises Refused for what is none."""
        http = cast("HttpRequest", request).request
        asked = await self._asked(http)
        return GraphQLRequestData(
            query=await text_for(self._documents, asked, http.state.context),
            variables=asked.variables,
            operation_name=asked.operation_name,
            extensions=asked.extensions,
            protocol="sse" if http.state.media is Media.EVENTS else "http",
        )

    async def _asked(self, request: Request) -> GraphQLRequest:
        if request.method in _READING:
            return read_url(request.scope["query_string"])
        content_type = request.headers.get("content-type")
        if body_of(content_type, request.headers.get("content-encoding")) is Body.JSON:
            return read_json(await request.body())
        check_preflight(request.headers)
        form = await parts_of(content_type or "", request.stream(), self._form_limits)
        request.state.form = form
        return read_form(form, self._form_limits)

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> ExecutionResult | list[ExecutionResult] | SubscriptionExecutionResult:
        """Run the operation: to its end, or for queries until the client leaves."""
        data = cast("GraphQLRequestData", request_data)  # batches were refused
        document, name = data.query or "", data.operation_name
        running = super().execute_operation(
            request, request_adapter, data, context, root_value, sub_response
        )
        if data.protocol == "sse":
            if request.method in _READING and is_mutation(document, name):
                running.close()
                raise _writing_by_reading()
            return await running
        return await while_wanted(running, request.receive, lambda: is_query(document, name))

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,  # noqa: ARG002 - the base's
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Run a query or mutation; raises Refused where it may not come in this way."""
        try:
            return await self.schema.execute(
                request_data.query,
                root_value=root_value,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                allowed_operation_types=OperationType.from_http(request_adapter.method),
                operation_extensions=request_data.extensions,
            )
        except CannotGetOperationTypeError:
            extensions = {"code": Problem.SHAPE.code}
            error = GraphQLError("The document has no such operation.", extensions=extensions)
            return ExecutionResult(data=None, errors=[error])
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.MUTATION and request.method in _READING:
                raise _writing_by_reading() from error
            message = "A subscription needs a WebSocket, or text/event-stream accepted."
            raise Refused(Problem.SHAPE, message) from error

    async def process_result(
        self,
        request: Request,  # noqa: ARG002 - the base's
        result: ExecutionResult,
    ) -> GraphQLHTTPResponse:
        """Return the members of an answer; a request error has no `data`."""
        return _members(result)

    def create_response(
        self,
        response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse],
        sub_response: Response,
    ) -> Response:
        """Write the answer, with what resolvers added."""
        answer = cast("GraphQLHTTPResponse", response_data)  # batches were refused
        response = answered(answer, cast("Draft", sub_response).media, self._profile)
        for name, value in sub_response.headers.items() if sub_response.raw_headers else ():
            if name == "vary":
                response.headers.add_vary_header(value)
            else:
                response.headers.append(name, value)
        response.background = sub_response.background
        return response

    def decode_json(self, data: str | bytes) -> object:
        """Decode a message of a socket; raises json.JSONDecodeError, which closes it."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """Encode as text, since bytes would become binary frames on sockets."""
        return written(data).decode()

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002 - the base's
        """Return the query page."""
        page = self._explorer or Page("", "default-src 'none'")
        # Asked for each time: it names the files of the build that is there now. Others get JSON.
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        headers["Content-Security-Policy"] = page.policy
        return HTMLResponse(page.html, headers=headers)


def _members(result: ExecutionResult) -> GraphQLHTTPResponse:
    """Return the members of an answer."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return without_vain_data(answer)  # type: ignore[return-value] # one dictionary, two names


def _accepted(request: Request) -> str | None:
    """Return the Accept header; several are one with commas (RFC 9110, section 5.3)."""
    given = request.headers.getlist("accept")
    return ", ".join(given) if given else None


def _writing_by_reading() -> Refused:
    # RFC 9110, section 10.2.1: the methods of this URL, and its query component is part of it.
    message = "A mutation needs POST."
    return Refused(Problem.METHOD, message, headers={"Allow": "POST"})
