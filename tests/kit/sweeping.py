"""pytest plugin: no secret that a test gives to the API comes back, in an answer or in a log.

Each test has a sweep of its own. `watched(app)` tells it what requests gave and what was answered,
over HTTP and over sockets; a handler tells it what was logged. At the end of the test all of that
is searched for the secrets given before it, in every form that `leaks` knows. `watched_process`
does the same for a server in a process of its own, by what its clients in this process say and
hear, and by its output.

What is shorter than 6 characters is found everywhere by chance and not searched for; the summary
counts it. Longer ones must be distinctive: a test whose secret is an ordinary word of an answer
fails as if it had leaked, and takes another. Reports name places and kinds, never a secret.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.given import COOKIE, CSRF, INIT, TOKEN, Given, of_headers, of_http, of_message
from kit.leaks import Place, forms

SHORTEST: Final = 6
"""Characters of a secret that is searched for."""
_CORE_CHARS: Final = 12
"""Letters and digits in a row that are searched for alone, as of a secret that was cut."""
_KEPT_BYTES: Final = 2**20
"""How much is kept before it is searched, so that tests of memory do not see it grow."""
_CLIENTS: Final = ("websockets.client", "httpx", "httpcore", "asyncio")
"""Loggers of a test's own clients; what they say is not the server's."""
_PLAIN: Final = vars(logging.makeLogRecord({})).keys() | {"message"}
"""What every log record has, which is in its text."""
_ISSUED: Final = {
    TOKEN: re.compile(rb'"accessToken":\s*"[^"]*"|"(key|token)":\s*"mc[ke]_[^"]*"'),
    INIT: re.compile(rb'"accessToken":\s*"[^"]*"'),
    CSRF: re.compile(rb'"csrfToken":\s*"[^"]*"'),
    COOKIE: re.compile(rb"^set-cookie: .*", re.DOTALL),
}
"""Where the product hands out what clients give back to it."""
TOO_SHORT: Final = "secrets too short to sweep"


@dataclass
class Sweep:
    """Secrets, and the places that must not have them."""

    found: dict[str, None] = field(default_factory=dict)
    """Leaks so far, in their order."""
    short: set[str] = field(default_factory=set)
    """Secrets that are too short."""
    _given: dict[Given, int] = field(default_factory=dict)
    _pending: list[Place] = field(default_factory=list)
    _first: int = 0
    _bytes: int = 0

    @property
    def now(self) -> int:
        """How many places there were."""
        return self._first + len(self._pending)

    def give(self, secrets: Iterable[Given], since: int | None = None) -> None:
        """Note secrets; places from then on must not have them."""
        for given in secrets:
            if len(given.value) >= SHORTEST:
                self._given.setdefault(given, self.now if since is None else since)
            elif given.value:
                self.short.add(given.value)

    def place(self, name: str, content: bytes) -> None:
        """Note what was answered or logged."""
        self._pending.append(Place(name, content))
        self._bytes += len(content)
        if self._bytes > _KEPT_BYTES:
            self._search()

    def leaks(self) -> list[str]:
        """Return which kinds of secrets are where, in which form."""
        self._search()
        return list(self.found)

    def _search(self) -> None:
        whole = b"\n".join(place.content for place in self._pending)
        starts = [0, *accumulate(len(place.content) + 1 for place in self._pending)]
        for given, since in self._given.items():
            first = max(0, since - self._first)
            for needle, form in _needles(given.value).items():
                if whole.find(needle, starts[first]) >= 0:
                    self._name(given.kind, form, needle, self._pending[first:])
        self._first = self.now
        self._pending, self._bytes = [], 0

    def _name(self, kind: str, form: str, needle: bytes, places: list[Place]) -> None:
        issued = _ISSUED.get(kind)
        for place in places:
            if needle in place.content:
                content = issued.sub(b"", place.content) if issued else place.content
                if needle in content:
                    self.found[f"{kind} in {place.name}: {form}"] = None


@lru_cache(256)
def _needles(secret: str) -> dict[bytes, str]:
    """Return the forms of a secret, and of its longest run of letters and digits if that is long.

    The first part of a JWT is the same in all (RFC 7519), its last one is the secret.
    """
    run = max(re.findall(r"[A-Za-z0-9_-]+", secret.rpartition(".")[2]) or [""], key=len)
    found = {needle: form for form, needle in reversed(forms(secret).items())}
    if len(run) >= _CORE_CHARS:
        for form, needle in forms(run).items():
            found.setdefault(needle, f"part, {form}")
    return found


# -- the application in this process ---------------------------------------------------------

_current: Sweep | None = None


class _Recorder:
    """ASGI middleware that tells the sweep of the running test what comes and goes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sweep = _current
        if sweep is None or scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        sweep.give(of_headers(scope["headers"]))
        if scope["type"] == "websocket":
            await self._app(scope, _heard(sweep, receive), _said(sweep, send))
            return
        exchange = _Exchange(sweep, scope)
        try:
            await self._app(scope, exchange.hearing(receive), exchange.saying(send))
        finally:
            exchange.end()


def watched(app: Starlette) -> Starlette:
    """Return the application, from now on watched by the sweep of each test."""
    app.add_middleware(_Recorder)
    return app


def _heard(sweep: Sweep, receive: Receive) -> Receive:
    async def hear() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            text = message.get("text") or (message.get("bytes") or b"").decode(errors="replace")
            sweep.give(of_message(text))
        return message

    return hear


def _said(sweep: Sweep, send: Send) -> Send:
    async def say(message: Message) -> None:
        sweep.place("a socket's message", _raw(message))
        await send(message)

    return say


def _raw(message: Message) -> bytes:
    """Return the texts and bytes of a message, raw."""
    values = [value for name, value in message.items() if name != "type"]
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    return b"\n".join(value if isinstance(value, bytes) else repr(value).encode() for value in raw)


class _Exchange:
    """A request and its answer."""

    def __init__(self, sweep: Sweep, scope: Scope) -> None:
        self._sweep, self._scope = sweep, scope
        self._since = sweep.now
        self._given: list[bytes] = []
        self._answered: list[bytes] = []
        self._about = f"{scope['method'][:10]} {scope['path'][:30]}"

    def hearing(self, receive: Receive) -> Receive:
        async def hear() -> Message:
            message = await receive()
            if message.get("body"):
                self._given.append(message["body"])
            return message

        return hear

    def saying(self, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._read()
                for name, value in message["headers"]:
                    header = f"header of the answer to {self._about}"
                    self._sweep.place(header, name.lower() + b": " + value)
            elif body := message.get("body"):
                self._answered.append(bytes(body))
            await send(message)

        return say

    def _read(self) -> None:
        """Note what the request gave."""
        query_string = self._scope["query_string"]
        body = b"".join(self._given)
        self._sweep.give(of_http(self._scope["headers"], query_string, body), self._since)

    def end(self) -> None:
        """Note what was answered."""
        if not self._answered:
            self._read()  # it has no start, either
        self._sweep.place(f"answer to {self._about}", b"".join(self._answered))


class _LogHandler(logging.Handler):
    """Tells a sweep what is logged, before any formatter masks it."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self._sweep = sweep
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(_CLIENTS):
            extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
            # Formatting leaves the traceback's text in a record; other handlers get it as it was.
            text = f"{self._formatter.format(copy(record))} {extra}"
            self._sweep.place(f"log of {record.name}", text.encode(errors="backslashreplace"))


@pytest.fixture(autouse=True)
def swept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaked a secret; autouse, so that it ends after all that tests start."""
    global _current  # noqa: PLW0603 - a process runs one test at a time
    sweep = _current = Sweep()
    handler = _LogHandler(sweep)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        _current = None
    if sweep.short:
        request.node.user_properties.append((TOO_SHORT, len(sweep.short)))
    if found := sweep.leaks():
        pytest.fail("Secrets came back:\n" + "\n".join(found), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much could not be searched for."""
    counts = {
        report.nodeid: value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == TOO_SHORT
    }
    if counts:
        total = sum(map(int, counts.values()))
        terminalreporter.write_line(f"NOT SWEPT: {total} short secrets in {len(counts)} tests")
