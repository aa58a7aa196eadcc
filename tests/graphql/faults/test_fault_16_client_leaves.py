"""Fault 16: a resolver of the stock view runs on after its client has left."""

import asyncio
import json

import pytest
from starlette.types import ASGIApp, Message

from kit.stock import Slow, ours, stock

SECONDS = 10.0
"""Deadline of a test, long for busy machines."""


class Leaver:
    """A client that sends a request and leaves when it is told to."""

    def __init__(self, document: str, method: str = "POST") -> None:
        self.leave = asyncio.Event()
        self.sent: list[Message] = []
        body = json.dumps({"query": document}).encode()
        self._messages = iter([{"type": "http.request", "body": body, "more_body": False}])
        self._query = f"query={document}".replace(" ", "+").encode() if method == "GET" else b""
        self._method = method

    async def run(self, view: ASGIApp) -> None:
        """Send the request."""
        scope = {
            "type": "http",
            "method": self._method,
            "path": "/graphql",
            "query_string": self._query,
            "headers": [(b"content-type", b"application/json")],
        }
        await view(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        for message in self._messages:
            return message
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


async def outcome(view: ASGIApp, slow: Slow, leaver: Leaver) -> list[str]:
    """Let the client leave while the resolver waits, then let the resolver go on."""
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        request = group.create_task(leaver.run(view))
        await slow.began.wait()
        leaver.leave.set()
        await asyncio.wait([request], timeout=0.3)
        slow.go_on.set()
    return slow.outcomes


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_query_ends_with_its_client(method: str) -> None:
    """Stock works for nobody; ours cancels the resolver and answers nothing."""
    slow = Slow()
    assert await outcome(stock(slow), slow, Leaver("query { slow }", method)) == ["ended"]
    slow, leaver = Slow(), Leaver("query { slow }", method)
    assert await outcome(ours(slow), slow, leaver) == ["cancelled"]
    assert leaver.sent == []


async def test_a_mutation_runs_to_its_end() -> None:
    """A write that stops half-way is worse than one that nobody waits for."""
    slow = Slow()
    assert await outcome(ours(slow), slow, Leaver("mutation { slow }")) == ["ended"]


async def test_a_client_that_stays_is_answered() -> None:
    """Watching for its leaving changes nothing for who waits."""
    slow, leaver = Slow(), Leaver("{ slow }")
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(leaver.run(ours(slow)))
        await slow.began.wait()
        await asyncio.sleep(0.2)
        slow.go_on.set()
    assert slow.outcomes == ["ended"]
    assert leaver.sent[1]["body"] == b'{"data":{"slow":"done"}}'


async def test_cancellation_from_outside_passes() -> None:
    """A server that stops is no client that leaves."""
    slow = Slow()
    request = asyncio.create_task(Leaver("{ slow }").run(ours(slow)))
    await slow.began.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert slow.outcomes == ["cancelled"]
