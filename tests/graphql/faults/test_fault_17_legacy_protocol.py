"""Fault 17: the stock view speaks the legacy protocol graphql-ws."""

import pytest
from websockets.exceptions import ConnectionClosed

from kit.stocksockets import any_socket, stock_sockets
from kit.ticking import ticking

LEGACY = ("graphql-ws",)


async def test_the_legacy_protocol_is_off() -> None:
    """It has no pong and is unmaintained; ours closes with 4406, whoever offers only that."""
    async with stock_sockets() as address, any_socket(address, LEGACY) as socket:
        await socket.send({"type": "connection_init"})
        assert (await socket.receive())["type"] == "connection_ack"
    async with ticking() as served, any_socket(served.address, LEGACY) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4406


async def test_of_several_protocols_ours_is_chosen() -> None:
    """Clients may offer both."""
    async with (
        ticking() as served,
        any_socket(served.address, (*LEGACY, "graphql-transport-ws")) as socket,
    ):
        assert socket.connection.subprotocol == "graphql-transport-ws"
