"""The short way of an operation: JSON in, JSON out, past what only other requests need.

Nearly all requests are small posts of JSON, or queries by GET. For those, routing, middleware, and
a request and a response of the framework take longer than the operation itself. This middleware
stands before all others and answers such a request by `View.answer`, which runs what the general
way would come to.
Whatever is not plainly such a request - another path, method, content type or coding, a body that
does not come with its head, more than the limits allow, streams, pages - goes the general way
untouched, and is judged and refused there: this module refuses nothing, and its limits only say
what it leaves alone.

Taking it out of the list of middleware changes nothing but speed.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailconfig.domain.request import id_of_request, request_id
from mailconfig.graphql.view import View

_JSON: Final = frozenset({b"application/json", b"application/json; charset=utf-8"})
_READING: Final = frozenset({"GET", "HEAD"})
_KEEPING: Final = b"cache-control"
_LENGTH_DIGITS: Final = 9
"""Digits of a Content-Length that are read; no limit has as many."""


@dataclass(slots=True)
class Endpoint:
    """Where the view is, once the server has started."""

    view: View | None = None
    """The endpoint of /graphql."""


@dataclass(frozen=True, slots=True)
class PostedLimits:
    """What is answered here; all else goes the general way."""

    body_bytes: int
    """Longest body."""
    head_bytes: int
    """All headers together."""
    url_bytes: int
    """Path and query string together."""


class _Head(NamedTuple):
    """What is read of a request's headers."""

    headers: dict[bytes, bytes]
    """All of them, each of which came once."""
    request_id: str
    """The caller's id of the request, or a fresh one."""
    length: int
    """Bytes of the body."""


class _Headers(Headers):
    """Headers that each came once, found by their names instead of by a walk."""

    def __init__(self, scope: Scope, known: dict[bytes, bytes]) -> None:
        super().__init__(raw=scope["headers"])
        self._known = known

    def __getitem__(self, key: str) -> str:
        return self._known[key.lower().encode("latin-1")].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - the base's
        """Return a header, `default` where there is none."""
        value = self._known.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")


class _Request(Request):
    """A request with such headers."""

    def __init__(self, scope: Scope, receive: Receive, known: dict[bytes, bytes]) -> None:
        super().__init__(scope, receive)
        self._found = _Headers(scope, known)

    @property
    def headers(self) -> Headers:
        """What the request's head says."""
        return self._found


class Posted:
    """ASGI middleware that answers plain operations itself."""

    def __init__(
        self,
        app: ASGIApp,
        endpoint: Endpoint,
        limits: PostedLimits,
        headers: Mapping[str, str],
        path: str = "/graphql",
    ) -> None:
        """Answer requests to `path`, add `headers` to each answer, and leave all else to `app`."""
        self._app = app
        self._endpoint = endpoint
        self._limits = limits
        self._path = path
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        self._beside = [header for header in self._headers if header[0] != _KEEPING]
        """Those of answers that say themselves how they may be kept."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        view = self._endpoint.view
        head = self._head(scope) if view is not None and view.is_direct else None
        if view is None or head is None:
            await self._app(scope, receive, send)
            return
        taken: list[Message] = []
        body = _body(receive, head.length, taken)
        if body is None:
            await self._app(scope, _again(taken, receive), send)
            return
        token = request_id.set(head.request_id)
        try:
            request = _Request(scope, receive, head.headers)
            response = await view.answer(request, request.headers.get("accept"), body)
            await self._write(response, head, send)
        except ClientDisconnect:
            return  # nobody is left to answer, and people who leave are no error
        finally:
            request_id.reset(token)

    def _head(self, scope: Scope) -> _Head | None:
        """Return what is in the headers of a request that is answered here, None for others."""
        if scope["type"] != "http" or scope["path"] != self._path:
            return None
        given, query = scope["headers"], scope["query_string"]
        headers: dict[bytes, bytes] = dict(given)
        if len(headers) != len(given):
            return None
        if scope["method"] == "POST":
            plain = _is_plain_post(headers) and not query
        else:
            plain = bool(query) and scope["method"] in _READING and _is_plain_query(headers)
        if not plain or len(self._path) + len(query) > self._limits.url_bytes:
            return None
        length = self._length(headers)
        if length is None:
            return None
        given_id = headers.get(b"x-request-id")
        chosen = id_of_request("" if given_id is None else given_id.decode("latin-1"))
        return _Head(headers, chosen, length)

    def _length(self, headers: Mapping[bytes, bytes]) -> int | None:
        """Return the bytes of the body, None where these or those of the head are too many."""
        if sum(map(len, headers)) + sum(map(len, headers.values())) > self._limits.head_bytes:
            return None
        given = headers.get(b"content-length")
        if given is None:
            return 0
        if not given.isdigit() or len(given) > _LENGTH_DIGITS:
            return None
        length = int(given)
        return length if length <= self._limits.body_bytes else None

    async def _write(self, response: Response, head: _Head, send: Send) -> None:
        """Send an answer as the middleware of the general way would have completed it."""
        says = any(name == _KEEPING for name, _ in response.raw_headers)
        headers = [
            *response.raw_headers,
            *(self._beside if says else self._headers),
            (b"x-request-id", head.request_id.encode("latin-1")),
        ]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        await send({"type": "http.response.body", "body": response.body})
        if response.background is not None:
            await response.background()


def _is_plain_post(headers: Mapping[bytes, bytes]) -> bool:
    return (
        headers.get(b"content-type") in _JSON
        and b"content-length" in headers  # others come in pieces
        and b"content-encoding" not in headers
        and b"event-stream" not in headers.get(b"accept", b"").lower()
    )


def _is_plain_query(headers: Mapping[bytes, bytes]) -> bool:
    accept = headers.get(b"accept", b"").lower()
    return (
        b"event-stream" not in accept
        and b"text/html" not in accept
        and b"transfer-encoding" not in headers
    )


def _body(receive: Receive, length: int, taken: list[Message]) -> bytes | None:
    """Return the body; None where it is not all there, or the client has left.

    What came is added to `taken`.
    """
    body = b""
    while len(body) < length:
        message = _at_once(receive)
        if message is None:
            return None
        taken.append(message)
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
    return body if len(body) == length else None


def _at_once(receive: Receive) -> Message | None:
    """Return the next message, None where it would have to be waited for.

    Runs the coroutine for one step, which ends it where the message is there; a deadline would take
    longer than all else here.
    """
    receiving = receive()
    iterator = receiving.__await__()
    try:
        next(iterator)
    except StopIteration as done:
        message: Message = done.value
        return message
    iterator.close()
    return None


def _again(taken: list[Message], receive: Receive) -> Receive:
    """Return a `receive` that begins with messages that were taken already."""
    waiting = deque(taken)

    async def receiving() -> Message:
        return waiting.popleft() if waiting else await receive()

    return receiving
