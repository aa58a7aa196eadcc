"""GraphQL over HTTP, server-sent events and graphql-transport-ws at one path.

Changes Strawberry's view where it falls short; what it does well stays its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import orjson
from cross_web import AsyncHTTPRequestAdapter, FormData, HTTPException, StarletteRequestAdapter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.http.streaming import HTTPStreamTransport, SSETransport
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from mailconfig.graphql.context import CSRF_HEADER, Context, Sessions
from mailconfig.graphql.schema import MaskingSchema
from mailconfig.graphql.sockets import SocketHandler
from mailconfig.services.registry import Services

_INIT_WAIT: Final = timedelta(seconds=10)
"""How long a socket may stay silent before connection_init."""
_MAX_FIELDS: Final = 4
"""The specification has two fields, operations and map; a form may carry a little beside them."""
_PAST_A_LIMIT: Final = ("Too many ", "Part exceeded ", "Field exceeded ")
"""Where the words of Starlette's form parser begin that speak of our limits."""
_PREFLIGHTED: Final = ("Apollo-Require-Preflight", "GraphQL-Require-Preflight", CSRF_HEADER)
"""A form of another site can send multipart with our cookie, but none of these headers."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page with the content security policy that it needs."""

    html: str
    policy: str


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Limits of multipart requests, those of the npm package graphql-upload."""

    max_files: int
    max_field_bytes: int


def _bounded(limits: FormLimits) -> type[StarletteRequestAdapter]:
    """Return the class of requests whose forms are read within limits."""

    class BoundedForms(StarletteRequestAdapter):
        async def get_form_data(self) -> FormData:
            try:
                parts = await self._request.form(
                    max_files=limits.max_files,
                    max_fields=_MAX_FIELDS,
                    max_part_size=limits.max_field_bytes,
                )
            except StarletteHTTPException as error:
                if error.detail.startswith(_PAST_A_LIMIT):
                    raise HTTPException(413, error.detail) from error
                raise HTTPException(400, "The multipart request is not of its form.") from error
            files = {name: part for name, part in parts.items() if isinstance(part, UploadFile)}
            form = {name: part for name, part in parts.items() if isinstance(part, str)}
            return FormData(files=files, form=form)

    return BoundedForms


class EventStream(SSETransport):
    """graphql-sse in distinct connections mode, readable by clients that split on LF LF."""

    def accepts(self, accept: str) -> bool:
        """Stream only to clients that want a stream first; urql lists it last on every request."""
        return accept.split(",", 1)[0].split(";", 1)[0].strip().lower() == "text/event-stream"

    def encode_event(self, event: str, data: str | None = None) -> str:
        """Encode one event, with LF as its line end."""
        return f"event: {event}\ndata: {data or ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        """Encode one comment, with LF as its line end."""
        return f": {comment}\n\n"


class View(GraphQL[Context, None]):
    """The endpoint."""

    graphql_transport_ws_handler_class = SocketHandler
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = {
        GRAPHQL_SSE_PROTOCOL: EventStream
    }

    def __init__(
        self,
        schema: MaskingSchema,
        services: Services,
        sessions: Sessions,
        explorer: Page | None,
        form_limits: FormLimits,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if explorer else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=_INIT_WAIT,
            multipart_uploads_enabled=True,
        )
        self._services = services
        self._sessions = sessions
        self._explorer = explorer
        self.request_adapter_class = _bounded(form_limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket; failures of HTTP are answered in JSON."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self.run(request)
        except HTTPException as error:
            response = _refused(error.status_code, error.reason)
        except ClientDisconnect:
            return  # nobody is left to answer, and people who leave are no error
        finally:
            await request.close()  # the temporary files of an upload
        await response(scope, receive, send)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Return the surroundings of one operation."""
        return Context(self._services, self._sessions, request, response)

    async def parse_multipart(self, request: AsyncHTTPRequestAdapter) -> dict[str, str]:
        """Read operations and files (GraphQL multipart request specification)."""
        if not any(name.lower() in _lowered(request.headers) for name in _PREFLIGHTED):
            raise HTTPException(403, f"Send one of these headers: {', '.join(_PREFLIGHTED)}.")
        try:
            return await super().parse_multipart(request)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise HTTPException(400, "The multipart request is not of its form.") from error

    async def parse_http_body(
        self, request: AsyncHTTPRequestAdapter
    ) -> GraphQLRequestData | list[GraphQLRequestData]:
        """Read the request, whatever came; raises HTTPException for what is none."""
        try:
            return await super().parse_http_body(request)
        except (AttributeError, TypeError) as error:
            raise HTTPException(
                400, "The request is not of the form of GraphQL over HTTP."
            ) from error

    def decode_json(self, data: str | bytes) -> object:
        """Decode JSON; raises json.JSONDecodeError, which the caller answers with 400."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """Encode as text, since bytes would become binary frames on sockets."""
        return orjson.dumps(data).decode()

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002 - the base's
        """Return the query page."""
        page = self._explorer or Page("", "default-src 'none'")
        return HTMLResponse(page.html, headers={"Content-Security-Policy": page.policy})


def _lowered(headers: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in headers}


def _refused(status: int, reason: str) -> Response:
    error = {"message": reason, "extensions": {"code": "BAD_REQUEST"}}
    # RFC 9110, section 15.5.6: what is refused for its method is told the others.
    headers = {"Allow": "GET, POST"} if status == HTTPStatus.METHOD_NOT_ALLOWED else None
    return JSONResponse({"errors": [error]}, status, headers)
