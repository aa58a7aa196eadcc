"""Fault 5: with a parser cache the stock library loses syntax errors of streams and sockets."""

import json

import httpx
import pytest

from kit.stocksockets import any_socket, stock_sockets
from kit.ticking import Ticking, ticking

BROKEN = "{ hello"
EVENTS = {"Accept": "text/event-stream"}


async def over_a_stream(address: str) -> str:
    """Return what a stream answers."""
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
        answer = await client.post("/graphql", json={"query": BROKEN}, headers=EVENTS)
        return answer.text


async def over_a_socket(served: Ticking) -> dict[str, object]:
    """Return what a socket of ours answers."""
    async with served.socket() as socket:
        await socket.subscribe("1", BROKEN, {})
        return await socket.receive()


async def test_a_stream_tells_a_syntax_error() -> None:
    """Stock breaks the stream off in the middle; ours has the error and the end."""
    async with stock_sockets(cached=True) as address:
        with pytest.raises(httpx.RemoteProtocolError):
            await over_a_stream(address)
    async with ticking() as served:
        for _ in range(2):  # once read, and once known
            first, last, rest = (await over_a_stream(served.address)).split("\n\n")
            told = json.loads(first.removeprefix("event: next\ndata: "))
            assert [error["extensions"]["code"] for error in told["errors"]] == ["BAD_REQUEST"]
            assert (last, rest) == ("event: complete\ndata: ", "")


async def test_a_socket_tells_a_syntax_error() -> None:
    """Stock ends the operation as if it had gone well; ours has an `error`."""
    async with stock_sockets(cached=True) as address, any_socket(address) as socket:
        await socket.start()
        await socket.subscribe("1", BROKEN, {})
        assert await socket.receive() == {"id": "1", "type": "complete"}
    async with ticking() as served:
        for _ in range(2):
            message = await over_a_socket(served)
            assert (message["id"], message["type"]) == ("1", "error")
