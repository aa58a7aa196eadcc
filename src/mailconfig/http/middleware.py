"""What every request passes: its id, the size of its body, the headers of its answer."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailconfig.domain.request import request_id

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""Ids of callers that are taken over; anything else could forge lines of the log."""
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Set where the route has not set its own."""


class RequestIds:
    """Gives each request an id, in the context, the answer and so in every log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the id set and the headers added."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        chosen = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(chosen)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = chosen
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            request_id.reset(token)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Largest bodies by what they hold, in bytes."""

    plain: int
    """JSON and everything else."""
    multipart: int
    """Forms with files, all parts together."""


class BodyTooLarge(Exception):
    """More came than is allowed."""


class BoundedBodies:
    """Refuses bodies over the limit with 413: by Content-Length at once, by counting else."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with a counting receive."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        multipart = headers.get("content-type", "").lower().startswith("multipart/")
        limit = self._limits.multipart if multipart else self._limits.plain
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        left = limit
        started = False

        async def receiving() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise BodyTooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except BodyTooLarge:
            if started:
                raise
            await _too_large(limit)(scope, receive, send)


def _too_large(limit: int) -> JSONResponse:
    message = f"A body of this kind has at most {limit} bytes."
    error = {"message": message, "extensions": {"code": "LIMIT_EXCEEDED"}}
    return JSONResponse({"errors": [error]}, status_code=413)
