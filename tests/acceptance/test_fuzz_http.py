"""Malformed requests of every kind: never a 5xx, a traceback in the log, or an echo of a secret.

FUZZ_REQUESTS says how many are sent (2,000), FUZZ_SEED which ones (2026).
"""

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise

import pytest
from starlette.types import ASGIApp, Message

from kit.api import MEMBER, Api, serving
from kit.fuzzing import KINDS, Malformed, malformed
from kit.fuzzwords import MARKER
from kit.leaks import Place, leaks
from kit.stock import leaking_files, stock
from mailconfig.settings import Settings

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", "2026"))
SECONDS = 20.0
"""What one request may take on a busy machine."""


@pytest.fixture
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture
async def unmetered(app_settings: Settings) -> AsyncIterator[Api]:
    """The application for callers with points for all requests."""
    settings = app_settings.model_copy(
        update={"points_per_minute": 10**9, "login_attempts_per_minute": 10**6}
    )
    async with serving(settings) as api:
        yield api


async def answer(app: ASGIApp, sent: Malformed) -> tuple[int | None, Mapping[bytes, bytes], bytes]:
    """Send a request as a server would hand it on; return status, headers and body."""
    size = max(1, -(-len(sent.body) // sent.pieces))
    cuts = [*range(0, len(sent.body), size), len(sent.body)]
    pieces = [sent.body[start:end] for start, end in pairwise(cuts)] or [b""]
    last = len(pieces) - 1
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": number < last}
        for number, piece in enumerate(pieces)
    ]
    if sent.hangs_up:
        messages[-1:] = [{"type": "http.disconnect"}]
    coming = iter(messages)
    got: list[Message] = []

    async def receive() -> Message:
        for message in coming:
            return message
        if sent.hangs_up:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        got.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": sent.method,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": sent.query_string,
        "headers": sent.headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    async with asyncio.timeout(SECONDS):
        await app(scope, receive, send)
    if not got:
        return None, {}, b""
    start, *rest = got
    body = b"".join(message.get("body", b"") for message in rest)
    return start["status"], dict(start["headers"]), body


def check(sent: Malformed, status: int | None, headers: Mapping[bytes, bytes], body: bytes) -> None:
    """Check one answer."""
    about = f"request {sent.number} of seed {SEED}, {sent.kind}"
    if status is None:
        assert sent.hangs_up, f"{about}: no answer"
        return
    assert status < 500, f"{about}: {status} {body[:300]!r}"
    assert (
        leaks({"marker": MARKER}, [Place(about, body), Place(about, repr(headers).encode())]) == []
    )
    media = headers[b"content-type"].partition(b";")[0]
    if media == b"text/event-stream":
        assert body.endswith(b"event: complete\ndata: \n\n"), about
        return
    assert media in {b"application/json", b"application/graphql-response+json"}, about
    members = json.loads(body)
    assert members.keys() <= {"data", "errors", "extensions"}, about
    if status >= 400:
        assert all(error["extensions"]["code"] for error in members["errors"]), about


async def test_nothing_breaks_it(unmetered: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Each answer is one of GraphQL or of HTTP, and afterwards the application is well."""
    caplog.set_level(logging.DEBUG)
    token = (await unmetered.token(MEMBER)).encode()
    seen: Counter[tuple[str, int | None]] = Counter()
    for number in range(REQUESTS):
        sent = malformed(SEED, number)
        if number % 2 and not any(name == b"authorization" for name, _ in sent.headers):
            sent.headers.append((b"authorization", b"Bearer " + token))
        status, headers, body = await answer(unmetered.app, sent)
        check(sent, status, headers, body)
        seen[sent.kind, status] += 1
        about = f"request {sent.number} of seed {SEED}, {sent.kind}"
        for record in caplog.records:
            assert record.exc_info is None, f"{about}: {record.getMessage()} {record.exc_info}"
            assert record.levelno < logging.ERROR, f"{about}: {record.getMessage()}"
            assert MARKER not in repr(record.__dict__), f"{about}: {record.name}"
        caplog.clear()
    assert {kind for kind, _ in seen} == set(KINDS)
    viewer = await unmetered.data(MEMBER, "{ viewer { email } }")
    assert viewer == {"viewer": {"email": "member@example.org"}}


async def test_the_stock_view_breaks(caplog: pytest.LogCaptureFixture) -> None:
    """The control: the same requests do break what they are made for."""
    # It logs documents as they came, with characters that no report can hold.
    caplog.set_level(logging.CRITICAL, "strawberry.execution")
    broken: set[str] = set()
    view = stock()
    with leaking_files():
        for number in range(300):
            sent = malformed(SEED, number)
            try:
                await answer(view, sent)
            except Exception:  # noqa: BLE001 - whatever it breaks with
                broken.add(sent.kind)
    assert broken >= {"bytes", "nesting", "forms"}


def test_requests_are_made_again_by_their_number() -> None:
    """What a run finds can be sent again, alone."""
    assert [malformed(SEED, number) for number in range(50)] == [
        malformed(SEED, number) for number in range(50)
    ]
    assert malformed(SEED, 1) != malformed(SEED + 1, 1)
