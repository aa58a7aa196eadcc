"""Fault 15: stock sockets break at malformed messages, end at syntax errors, drop extensions."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from strawberry.asgi import GraphQL
from websockets.exceptions import ConnectionClosed

from kit.live import Socket
from kit.stocksockets import NOTED, any_socket, stock_sockets
from kit.ticking import ticking
from mailconfig.graphql.presence import LiveLimits

Server = Callable[[], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def our_sockets() -> AsyncIterator[str]:
    """Serve our view; yield host and port."""
    async with ticking() as served:
        yield served.address


async def end(server: Server, message: str) -> tuple[int, str]:
    """Return code and reason of a socket's end after a message."""
    async with server() as address, any_socket(address) as socket:
        await socket.start()
        await socket.connection.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize(
    "message",
    [
        "null",
        "7",
        "[]",
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": [], "payload": {"query": "{ hello }"}}',
        '{"type": "' + "x" * 200 + '"}',
    ],
    ids=lambda message: message[:40],
)
async def test_malformed_messages_are_4400(message: str, caplog: pytest.LogCaptureFixture) -> None:
    """Stock writes a traceback and leaves without a code; ours closes with 4400."""
    async with stock_sockets() as address, any_socket(address) as socket:
        await socket.start()
        await socket.connection.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
        assert closed.value.rcvd is None or closed.value.rcvd.code != 4400
    assert "Traceback" in caplog.text
    caplog.clear()
    assert (await end(our_sockets, message))[0] == 4400
    assert "Traceback" not in caplog.text


async def test_a_syntax_error_ends_its_operation_alone() -> None:
    """Stock closes the socket, and with it all other operations."""
    broken = '{"type": "subscribe", "id": "1", "payload": {"query": "{"}}'
    assert (await end(stock_sockets, broken))[0] == 4400
    async with our_sockets() as address, any_socket(address) as socket:
        await socket.start()
        await socket.connection.send(broken)
        assert (await socket.receive())["type"] == "error"
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def _with_extensions(socket: Socket) -> None:
    payload = {"query": "{ hello }", "extensions": {"a": 1}}
    await socket.start()
    await socket.send({"type": "subscribe", "id": "1", "payload": payload})
    assert (await socket.receive())["payload"]["data"] == {"hello": "world"}


async def test_extensions_are_kept() -> None:
    """Stock forgets payload.extensions."""
    async with stock_sockets() as address, any_socket(address) as socket:
        await _with_extensions(socket)
    assert NOTED[-1] is None
    async with ticking() as served, any_socket(served.address) as socket:
        await _with_extensions(socket)
        assert served.counts.extensions == {"a": 1}


def test_silence_is_short() -> None:
    """Stock waits a minute for connection_init, ours ten seconds, by setting."""
    assert GraphQL.connection_init_wait_timeout.total_seconds() == 60
    assert LiveLimits().init_seconds == 10
