"""Who may ask from where: hosts that are ours, origins that may write, origins that may read.

Threats: a page of another site writes with the cookie of a signed-in browser, or signs the browser
in as somebody else (login CSRF); it reads an answer; a forged Host gets into a link or a cache.

- A request that writes and does not prove by `Authorization` that its sender knows a token must be
  from a page of ours or of a listed origin, or from no browser: by Origin, else Sec-Fetch-Site,
  else Referer. Whoever sends none of them is no browser (Fetch standard, section 3.1), and still
  needs the CSRF token of its session. That holds for every content type and path, and for signing
  in.
- Only listed origins are told that they may read (CORS). There is no `*`.
- Where hosts are named, others get 421 (RFC 9110, section 15.5.20), but for the health of the
  process, which load balancers ask by address.

Stands before all other middleware, so that the short ways (`graphql.posted`) are behind it, too.
Must not: look into bodies, or know users.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from mailconfig.domain.origins import hostname, is_of_host, origin_of
from mailconfig.http.health import PATHS as HEALTH
from mailconfig.http.middleware import SECURITY_HEADERS, RequestIds
from mailconfig.http.problems import PREFIX, Problem

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1); a mutation by GET is refused elsewhere."""
_OWN_SITES: Final = frozenset({b"same-origin", b"none"})
"""Sec-Fetch-Site of our own pages, and of people who typed the address."""
_SINGLE: Final = frozenset({b"host", b"origin", b"referer", b"sec-fetch-site", b"authorization"})
"""Headers that decide here; twice, another reader might take the other one."""
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS: Final = (
    "Accept, Accept-Language, Apollo-Require-Preflight, Authorization, Content-Type,"
    " GraphQL-Require-Preflight, Idempotency-Key, If-Match, If-None-Match, X-CSRF-Token,"
    " X-Request-Id"
)
"""What clients of GraphQL and REST send beside what browsers always may."""
_ANSWER_HEADERS: Final = (
    "Content-Disposition, Content-Language, ETag, Location, Retry-After, X-Request-Id"
)
"""What scripts may read beside the headers that they always may."""
_PREFLIGHT_SECONDS: Final = "600"
"""How long a browser need not ask again: an origin that is taken from the list is out by then."""
_SPELLINGS_KEPT: Final = 256
"""Hosts and origins that stay judged; strangers who send others only push each other out."""


@dataclass(frozen=True, slots=True)
class OriginRules:
    """Whose pages are ours, and who else may ask."""

    own: str | None = None
    """Origin of our public address; beside it the host that was asked is ours."""
    listed: frozenset[str] = frozenset()
    """Other origins that may send cookies and read answers."""
    hosts: frozenset[str] = frozenset()
    """Names that we answer to, without ports; none: to any."""

    @property
    def https_only(self) -> bool:
        """Whether our own pages are https pages only."""
        return self.own is not None and self.own.startswith("https://")


class Origins:
    """ASGI middleware that refuses other hosts and other pages, and answers CORS."""

    def __init__(
        self, app: ASGIApp, rules: OriginRules, headers: Mapping[str, str] = SECURITY_HEADERS
    ) -> None:
        """Judge before `app` does; `headers` complete what is answered here."""
        self._app = app
        self._rules = rules
        self._headers = headers
        self._named = rules.listed | ({rules.own} if rules.own else frozenset())
        self._is_known_host = lru_cache(_SPELLINGS_KEPT)(self._known_host)
        self._is_own_page = lru_cache(_SPELLINGS_KEPT)(self._own_page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refused = self._refusal(scope, headers)
        if refused is not None:
            await self._refuse(refused, scope, receive, send)
        elif not self._rules.listed or scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._shared(headers.get(b"origin"), scope, receive, send, headers)

    # ---- who is refused ------------------------------------------------------------------------

    def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Response | None:
        if len(headers) != len(scope["headers"]) and _is_ambiguous(scope):
            return _refused(
                scope, HTTPStatus.BAD_REQUEST, "A header is given twice.", "BAD_REQUEST"
            )
        host = headers.get(b"host", b"")
        # Browsers always name the host; HTTP/1.0 need not, and nothing is built from it.
        foreign = host and self._rules.hosts and not self._is_known_host(host)
        if foreign and scope["path"] not in HEALTH:
            return _refused(
                scope, HTTPStatus.MISDIRECTED_REQUEST, "This host is not served here.", "FORBIDDEN"
            )
        if scope["type"] == "http" and self._is_foreign(scope["method"], host, headers):
            return _refused(
                scope, HTTPStatus.FORBIDDEN, "A page of another origin cannot write.", "FORBIDDEN"
            )
        return None

    def _is_foreign(self, method: str, host: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether a request that writes comes from a page that is not ours."""
        if method in _READING or b"authorization" in headers:
            return False
        origin = headers.get(b"origin")
        if origin is not None:
            return not self._is_own_page(origin, host)
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site not in _OWN_SITES
        referer = headers.get(b"referer")
        return referer is not None and not self._own_page(referer, host)

    def _known_host(self, host: bytes) -> bool:
        return hostname(host.decode("latin-1")) in self._rules.hosts

    def _own_page(self, url: bytes, host: bytes) -> bool:
        """Tell whether a page is ours, or of a listed origin."""
        origin = origin_of(url.decode("latin-1"))
        if origin is None:
            return False
        if origin in self._named:
            return True
        if self._rules.https_only and not origin.startswith("https://"):
            return False  # somebody on the way to the browser could have written that page
        return is_of_host(origin, host.decode("latin-1"))

    async def _refuse(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await RequestIds(response, self._headers)(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        if "websocket.http.response" in scope.get("extensions", {}):
            await socket.send_denial_response(response)
        else:
            await socket.close()  # before the handshake: the server answers 403

    # ---- who may read --------------------------------------------------------------------------

    async def _shared(
        self,
        origin: bytes | None,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[bytes, bytes],
    ) -> None:
        """Answer with what browsers need to let a listed origin read; caches are told always."""
        listed = None if origin is None else origin_of(origin.decode("latin-1"))
        listed = listed if listed in self._rules.listed else None
        if listed and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await RequestIds(_preflight(listed), self._headers)(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if listed is not None:
                    answer["Access-Control-Allow-Origin"] = listed
                    answer["Access-Control-Allow-Credentials"] = "true"
                    answer["Access-Control-Expose-Headers"] = _ANSWER_HEADERS
            await send(message)

        await self._app(scope, receive, sending)


def _preflight(origin: str) -> Response:
    """Return the answer to a browser that asks before it sends (Fetch standard, section 3.2)."""
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _REQUEST_HEADERS,
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
            "Vary": "Origin",
        },
    )


def _is_ambiguous(scope: Scope) -> bool:
    names = [name for name, _ in scope["headers"] if name in _SINGLE]
    return len(names) != len(set(names))


def _refused(scope: Scope, status: HTTPStatus, message: str, code: str) -> Response:
    if scope["path"].startswith(PREFIX):
        return Problem(status, message, code=code).response()
    error = {"message": message, "extensions": {"code": code}}
    return JSONResponse({"errors": [error]}, status, {"Cache-Control": "no-store"})
