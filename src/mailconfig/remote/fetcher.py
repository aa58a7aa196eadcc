"""Fetches small documents from strangers over HTTPS, through egress.

Implements `domain.fetching.Fetcher` on httpcore: HTTP/1.1, one connection for each request, the
address checked and the name verified by TLS, no cookies, no proxies of the environment.

Threat: whoever controls a domain controls what is asked and what is answered: redirects into the
operator's network, answers without end, compressed bombs, endless headers. So each hop is https
through egress, each byte counts, the whole has one deadline, and encoded bodies are not read.
Must not know what the documents mean, and must not send who asks.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlencode, urljoin

import httpcore

from mailconfig.domain.fetching import (
    FetchBroken,
    Fetched,
    FetchFailed,
    FetchRefused,
    FetchTimeout,
    FetchTooLarge,
    FetchUnreachable,
)
from mailconfig.egress import Egress
from mailconfig.remote.streams import EgressBackend
from mailconfig.remote.urls import Target, UrlRefused, parse_target

Contexts = Callable[[], Awaitable[ssl.SSLContext]]
"""Gives the verifying TLS context; one that is shared with nobody, for it is told to agree on
HTTP/1.1 (RFC 7301).
"""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Answers whose Location is to be asked instead (RFC 9110, section 15.4)."""
_HEAD_MAX_BYTES: Final = 16 * 1024
"""Head of an answer. Browsers and servers allow 8 to 16 KiB."""

_HEAD_TOO_LARGE: Final = 431
"""How h11 says that a line or head is longer than it reads (RFC 6585, section 5)."""


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """How documents are asked for."""

    user_agent: str = "mailconfig"
    """Who asks, without version and without the instance's name."""
    connect_seconds: float = 3.0
    """For connecting to one of the addresses; the fetch's deadline may be nearer."""


class HttpsFetcher:
    """Fetches documents; holds nothing between requests."""

    def __init__(
        self, egress: Egress, contexts: Contexts, settings: FetcherSettings | None = None
    ) -> None:
        self._egress = egress
        self._contexts = contexts
        self._settings = settings or FetcherSettings()

    async def get(self, url: str, *, seconds: float, max_bytes: int, redirects: int = 3) -> Fetched:
        """Return the answer of a GET, whatever its status, after at most that many redirects.

        A redirect is followed to https on an allowed port only, each hop through egress. Raises
        leaves of FetchFailed; never later than `seconds`; cancellation closes the connection.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._followed(url, max_bytes, redirects)
        except TimeoutError as error:
            raise FetchTimeout("No complete answer in time.") from error

    async def post(
        self, url: str, form: Mapping[str, str], *, seconds: float, max_bytes: int
    ) -> Fetched:
        """Return the answer to a form, whatever its status; a redirect is not followed.

        Raises as `get`. What the form holds is in no error and no log.
        """
        body = urlencode(form).encode("ascii")
        try:
            async with asyncio.timeout(seconds):
                return await self._answer(_target(url), max_bytes, body)
        except TimeoutError as error:
            raise FetchTimeout("No complete answer in time.") from error

    async def _followed(self, url: str, max_bytes: int, redirects: int) -> Fetched:
        target = _target(url)
        for _ in range(redirects + 1):
            answer = await self._answer(target, max_bytes)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            target = _target(_joined(target.url, location))
        raise FetchRefused("Too many redirects.")

    async def _answer(self, target: Target, max_bytes: int, form: bytes | None = None) -> Fetched:
        """Ask one server once, with a form where there is one."""
        # Chunks of one byte cost five more on the way; beyond double the size is no document.
        backend = EgressBackend(
            self._egress,
            connect_seconds=self._settings.connect_seconds,
            total_bytes=_HEAD_MAX_BYTES + 2 * max_bytes,
        )
        request = httpcore.Request(
            "GET" if form is None else "POST",
            _library_url(target),
            headers=self._headers(target) + _form_headers(form),
            content=form,
            extensions={},
        )
        connection = httpcore.AsyncHTTPConnection(
            request.url.origin, ssl_context=await self._contexts(), network_backend=backend
        )
        try:
            return await _read(target, await connection.handle_async_request(request), max_bytes)
        except (httpcore.RemoteProtocolError, httpcore.LocalProtocolError) as error:
            raise _failure(error, hung_up=backend.hung_up) from error
        finally:
            await connection.aclose()

    def _headers(self, target: Target) -> list[tuple[bytes, bytes]]:
        return [
            (b"Host", target.authority.encode("ascii")),
            (b"User-Agent", self._settings.user_agent.encode("ascii")),
            (b"Accept", b"*/*"),
            (b"Accept-Encoding", b"identity"),
            (b"Connection", b"close"),
        ]


def _form_headers(form: bytes | None) -> list[tuple[bytes, bytes]]:
    if form is None:
        return []
    return [
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Content-Length", str(len(form)).encode("ascii")),
    ]


def _failure(error: Exception, *, hung_up: bool) -> FetchFailed:
    """Tell what the library calls a broken protocol: an endless head, a cut, or nonsense."""
    if getattr(error.__cause__, "error_status_hint", None) == _HEAD_TOO_LARGE:
        return FetchTooLarge("The head of the answer is too long.")
    if hung_up:
        return FetchUnreachable("The connection was cut.")
    return FetchBroken("The answer is not HTTP.")


def _target(url: str) -> Target:
    try:
        return parse_target(url)
    except UrlRefused as error:
        raise FetchRefused(f"No https URL that may be fetched: {error}.") from error


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)  # a reference may be relative (RFC 9110, section 10.2.2)
    except ValueError as error:
        raise FetchRefused("The redirect is no URL.") from error


def _library_url(target: Target) -> httpcore.URL:
    return httpcore.URL(
        scheme=b"https",
        host=target.host.encode("ascii"),
        port=target.port,
        target=target.path.encode("ascii"),
    )


async def _read(target: Target, response: httpcore.Response, max_bytes: int) -> Fetched:
    """Read the answer to its end; of a redirect only the head. Raises leaves of FetchFailed."""
    headers = _by_name(response.headers)
    redirected = response.status in _REDIRECTS and "location" in headers
    body = b"" if redirected else await _body(response, headers, max_bytes)
    return Fetched(
        url=target.url,
        status=response.status,
        content_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
        body=body,
        headers=headers,
        max_age_seconds=_max_age_seconds(headers),
    )


async def _body(response: httpcore.Response, headers: Mapping[str, str], max_bytes: int) -> bytes:
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise FetchBroken("The answer is encoded, although that was not asked for.")
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise FetchTooLarge("The answer is too long.")
    return bytes(body)


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers with names in lower case, repeated ones joined (RFC 9110, section 5.3)."""
    if sum(len(name) + len(value) for name, value in headers) > _HEAD_MAX_BYTES:
        raise FetchTooLarge("The head of the answer is too long.")
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _max_age_seconds(headers: Mapping[str, str]) -> int | None:
    """Tell how long a shared cache may keep the answer (RFC 9111, sections 4.2.1 and 5.2.2)."""
    directives = _directives(headers.get("cache-control", ""))
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return 0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return max(0, _number(directives[name]) - _number(headers.get("age", "")))
    return _until_expiry(headers)


def _directives(text: str) -> dict[str, str]:
    pairs = (each.strip().lower().partition("=") for each in text.split(","))
    return {name: value.strip('"') for name, _, value in pairs}


def _number(text: str) -> int:
    """Read a number of seconds; nonsense is 0, and 10 digits are more than anybody keeps."""
    plain = text.isascii() and text.isdigit() and len(text) <= 10  # noqa: PLR2004 - see above
    return int(text) if plain else 0


def _until_expiry(headers: Mapping[str, str]) -> int | None:
    if "expires" not in headers or "date" not in headers:
        return None
    expires, date = _date(headers["expires"]), _date(headers["date"])
    if expires is None or date is None:
        return 0  # RFC 9111, section 5.3: an invalid date is one in the past
    return max(0, int((expires - date).total_seconds()))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter: years and hours of twenty digits
        return None
    return found if found.tzinfo is not None else None
