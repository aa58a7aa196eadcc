"""What every request passes: its id, the size and pace of its parts, the headers of its answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailconfig.domain.request import id_of_request, request_id
from mailconfig.http.problems import PREFIX, Problem

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(),"
        " gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(),"
        " publickey-credentials-get=(), serial=(), usb=()"
    ),
}
"""Set where the route has not set its own."""
HSTS: Final = "Strict-Transport-Security"
"""RFC 6797; for https alone, since a promise by http is not believed (section 8.1)."""
_LENGTH_DIGITS: Final = 20
"""Digits of a Content-Length that are looked at: no limit has as many."""


def security_headers(hsts_seconds: int = 0) -> Mapping[str, str]:
    """Return the headers of every answer; with a time, browsers insist on https so long."""
    if not hsts_seconds:
        return SECURITY_HEADERS
    return SECURITY_HEADERS | {HSTS: f"max-age={hsts_seconds}; includeSubDomains"}


class RequestIds:
    """Gives each request an id, in the context, the answer and so in every log line."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = SECURITY_HEADERS) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the id set and the headers added."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        chosen = id_of_request(Headers(scope=scope).get("x-request-id", ""))
        token = request_id.set(chosen)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = chosen
                for name, value in self._headers.items():
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
    plain_seconds: float = 20
    """How long all of a plain body may take; 256 KiB come over any telephone in that time."""
    multipart_seconds: float = 300
    """How long all of a form may take; 50 MiB come over 1.5 Mbit/s in that time."""
    head_bytes: int = 32 * 1024
    """All headers together; half of what the server takes, so that we can still answer."""
    url_bytes: int = 16 * 1024
    """Path and query string; whoever has longer queries sends them by POST."""


class BodyTooLarge(Exception):
    """More came than is allowed."""


class BodyTooSlow(Exception):
    """Not all came in the time that is allowed."""


class BoundedBodies:
    """Refuses bodies over the limit with 413: by Content-Length at once, by counting else.

    Bodies that take too long get 408, long URLs 414 and large headers 431.
    """

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with a counting receive."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._head_refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        headers = Headers(scope=scope)
        multipart = headers.get("content-type", "").lower().startswith("multipart/")
        limit = self._limits.multipart if multipart else self._limits.plain
        if _declared(headers) > limit:
            await _too_large(scope, limit)(scope, receive, send)
            return
        seconds = self._limits.multipart_seconds if multipart else self._limits.plain_seconds
        await self._counted(scope, receive, send, limit, seconds)

    def _head_refused(self, scope: Scope) -> Response | None:
        """Return the answer to a head that is too large, None for others."""
        if len(scope["path"]) + len(scope["query_string"]) > self._limits.url_bytes:
            most = f"A URL has at most {self._limits.url_bytes} bytes; send long queries by POST."
            return _refusal(scope, HTTPStatus.REQUEST_URI_TOO_LONG, most)
        head_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if head_bytes > self._limits.head_bytes:
            most = f"All headers together have at most {self._limits.head_bytes} bytes."
            return _refusal(scope, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, most)
        return None

    async def _counted(
        self, scope: Scope, receive: Receive, send: Send, limit: int, seconds: float
    ) -> None:
        left = limit
        started = complete = False
        deadline = asyncio.get_running_loop().time() + seconds

        async def receiving() -> Message:
            nonlocal left, complete
            if complete:  # what comes now is the client's leaving, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise BodyTooSlow from error
            left -= len(message.get("body", b""))
            if left < 0:
                raise BodyTooLarge
            complete = not message.get("more_body", False)
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
            await _too_large(scope, limit)(scope, receive, send)
        except BodyTooSlow:
            if started:
                raise
            await _too_slow(scope, seconds)(scope, receive, send)


def _declared(headers: Headers) -> int:
    """Return the length that a body is said to have, 0 where none is."""
    length = headers.get("content-length", "0")
    return int(length[:_LENGTH_DIGITS]) if length.isascii() and length.isdecimal() else 0


def _too_large(scope: Scope, limit: int) -> Response:
    most = f"A body of this kind has at most {limit} bytes."
    return _refusal(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, most)


def _too_slow(scope: Scope, seconds: float) -> Response:
    most = f"A body of this kind has at most {seconds:g} seconds to come."
    response = _refusal(scope, HTTPStatus.REQUEST_TIMEOUT, most)
    response.headers["Connection"] = "close"  # RFC 9110, section 15.5.9
    return response


def _refusal(scope: Scope, status: HTTPStatus, message: str) -> Response:
    if scope["path"].startswith(PREFIX):
        return Problem(status, message, code="LIMIT_EXCEEDED").response()
    error = {"message": message, "extensions": {"code": "LIMIT_EXCEEDED"}}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return JSONResponse({"errors": [error]}, status, headers)
