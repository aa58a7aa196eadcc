"""Fault 12, its HTTP half: the stock view reads bodies of any size, for as long as they take."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from starlette.types import ASGIApp, Message

from kit.stock import ours, served, stock
from mailconfig.http.middleware import BodyLimits, BoundedBodies

JSON = {"Content-Type": "application/json"}
BIG = b'{"query": "{ hello }", "padding": "' + b"x" * 300_000 + b'"}'


async def pieces() -> AsyncIterator[bytes]:
    """Yield the body without saying how long it is."""
    for start in range(0, len(BIG), 50_000):
        yield BIG[start : start + 50_000]


def bounded(**limits: float) -> ASGIApp:
    """Return our view as the application wraps it."""
    given = {"plain": 256 * 1024, "multipart": 256 * 1024} | limits
    return BoundedBodies(ours(), BodyLimits(**given))  # type: ignore[arg-type] # numbers


async def test_large_bodies_are_refused() -> None:
    """Stock reads and answers them; ours says 413, by Content-Length and by counting."""
    async with served(stock()) as client:
        answer = await client.post("/graphql", content=BIG, headers=JSON)
        assert answer.json() == {"data": {"hello": "hello you"}}
    async with served(bounded()) as client:
        declared = await client.post("/graphql", content=BIG, headers=JSON)
        counted = await client.post("/graphql", content=pieces(), headers=JSON)
        assert (declared.status_code, counted.status_code) == (413, 413)


async def _status(view: ASGIApp, seconds: float) -> int | None:
    """Send half a body and no more; return the status, None where nothing came in that time."""
    statuses: list[int] = []
    half = iter([{"type": "http.request", "body": b'{"query"', "more_body": True}])

    async def receive() -> Message:
        for message in half:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    request = httpx.Request("POST", "http://test/graphql", headers=JSON)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    try:
        async with asyncio.timeout(seconds):
            await view(scope, receive, send)
    except TimeoutError:
        return None
    return statuses[0]


async def test_slow_bodies_are_refused() -> None:
    """Stock waits for ever; ours says 408 after its time."""
    assert await _status(stock(), 0.3) is None
    assert await _status(bounded(plain_seconds=0.1), 10) == 408
