"""graphql-sse in distinct connections mode: one operation, answered as server-sent events.

    event: next ... event: next ... event: complete

A stream is for clients that prefer one (`media`), and readable for those that split events
on LF LF. It holds a place while it runs, beats when it has nothing to say, ends with an
UNAUTHENTICATED error when its caller's session ends, and lets its operation go when its client
leaves or does not read. A mutation that has begun runs to its end, whoever leaves.

Threat: a page of another origin opens a stream with the cookie of a signed-in browser, by GET and
without preflight. What it starts would dial out in that person's name, so it is refused (403).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, Final, cast

import orjson
from graphql import GraphQLError
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.http.streaming import SSETransport
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from mailconfig.domain.errors import Forbidden, MailconfigError, Refusal, Unauthenticated
from mailconfig.domain.identity import Channel, Principal
from mailconfig.domain.phrases import N_
from mailconfig.graphql.context import Context
from mailconfig.graphql.doors import no_place
from mailconfig.graphql.masking import masked
from mailconfig.graphql.presence import Full, LiveLimits, Places, session_end

_EVENTS: Final = "text/event-stream"
_ANOTHER_PAGE: Final = N_("A page of another origin cannot open a stream by cookie.")
_CUT_SECONDS: Final = 5
"""What the server gets to cut the connection of a client that does not read."""


class EventStream(SSETransport):
    """How a result becomes an event; `media.negotiated` says who gets events at all."""

    def encode_event(self, event: str, data: str | None = None) -> str:
        """Encode one event, with LF as its line end."""
        return f"event: {event}\ndata: {data or ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        """Encode one comment, with LF as its line end."""
        return f": {comment}\n\n"


def event_stream(limits: LiveLimits) -> type[EventStream]:
    """Return the class of transports that beat at the interval of these limits, for the view."""

    class BeatingStream(EventStream):
        def __init__(self) -> None:
            super().__init__(heartbeat_interval=limits.ping_seconds)

    return BeatingStream


async def open_stream(
    events: Callable[[], AsyncIterator[str]],
    context: Context,
    headers: Mapping[str, str],
    places: Places,
) -> Response:
    """Return the answer that streams, or 401 or 403 to who may not have one."""
    try:
        principal = await context.another().caller_or_none()
    except Unauthenticated as refusal:
        return _refused(401, refusal, context)
    if (
        principal is not None
        and principal.channel is Channel.COOKIE
        and not from_own_page(context.request, places.limits)
    ):
        return _refused(403, Forbidden(_ANOTHER_PAGE), context)
    return LiveStream(events, context, principal, headers, places)


def _refused(status: int, refusal: Refusal, context: Context) -> Response:
    error = masked(GraphQLError("refused", original_error=refusal), context.say)
    # RFC 9110, section 15.5.2: a 401 says how to authenticate.
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse({"errors": [error.formatted]}, status, headers)


def from_own_page(request: HTTPConnection, limits: LiveLimits) -> bool:
    """Tell whether a request is from a page of ours, of a listed origin, or from no page at all."""
    named = request.headers.get("origin")
    if named is not None and normalize_origin(named) in limits.listed_origins:
        return True
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return False
    if named is None:
        return True
    origin = limits.origin
    ours = origin is not None and normalize_origin(named) == normalize_origin(origin)
    return ours or is_same_origin(named, request.headers.get("host"))


class LiveStream(Response):
    """The answer of one stream, from its headers to its end."""

    media_type = _EVENTS

    def __init__(
        self,
        events: Callable[[], AsyncIterator[str]],
        context: Context,
        principal: Principal | None,
        headers: Mapping[str, str],
        places: Places,
    ) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._events = events
        self._context = context
        self._principal = principal
        self._places = places
        self._limits = places.limits
        self._left = asyncio.Event()
        self._last = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream while holding a place; without one answer 429 or 503."""
        client = self._context.sessions.client(self._context.request)
        try:
            with self._places.hold(client):
                await self._serve(receive, send)
        except Full as full:
            await no_place(full)(scope, receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        async with asyncio.TaskGroup() as tasks:
            pump = tasks.create_task(self._pump(send))
            duties = [
                tasks.create_task(self._leave(receive, pump)),
                tasks.create_task(self._watch(pump)),
            ]
            await asyncio.wait({pump})
            for duty in duties:
                duty.cancel()
        await self._finish(send)

    async def _pump(self, send: Send) -> None:
        """Send the events; what fails is logged, masked and sent as the last one."""
        try:
            async with aclosing(cast("Any", self._events())) as events:
                async for event in events:
                    await self._send(send, event)
        except TimeoutError:
            await self._cut()
        except Exception as error:  # noqa: BLE001 - the task's top: logged by `masked`, and told
            self._last = self._told(error)

    async def _send(self, send: Send, event: str) -> None:
        if not self._left.is_set():
            async with asyncio.timeout(self._limits.send_seconds):
                await send(
                    {"type": "http.response.body", "body": event.encode(), "more_body": True}
                )

    async def _cut(self) -> None:
        """Wait for the server to cut the connection of a client that does not read."""
        try:
            async with asyncio.timeout(_CUT_SECONDS):
                await self._left.wait()
        except TimeoutError:
            self._left.set()

    async def _leave(self, receive: Receive, pump: "asyncio.Task[None]") -> None:
        """Stop the operation when the client leaves, unless it writes."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._left.set()
        if not self._context.writing:
            pump.cancel()

    async def _watch(self, pump: "asyncio.Task[None]") -> None:
        """Stop the operation when the session of its caller ends, unless it writes."""
        if self._principal is None:
            return
        try:
            reason: MailconfigError = await session_end(
                self._context, self._principal, self._limits.recheck_seconds
            )
        except MailconfigError as fault:
            reason = fault
        if not self._context.writing and not pump.done():
            self._last = self._told(reason)
            pump.cancel()

    def _told(self, error: Exception) -> str:
        """Return the last events of a stream that failed."""
        shown = masked(GraphQLError("failed", original_error=error), self._context.say)
        data = orjson.dumps({"errors": [shown.formatted]}).decode()
        encode = EventStream().encode_event
        return encode("next", data) + encode("complete")

    async def _finish(self, send: Send) -> None:
        if not self._left.is_set():
            await self._send(send, self._last)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
