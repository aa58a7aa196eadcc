"""Fault 14: a view whose JSON is bytes makes the stock library send binary frames."""

from kit.stocksockets import OrjsonView, any_socket, stock_sockets
from kit.ticking import ticking


async def test_sockets_send_text() -> None:
    """Clients of graphql-transport-ws parse text frames and fail at a Blob."""
    async with stock_sockets(view=OrjsonView) as address, any_socket(address) as socket:
        await socket.send({"type": "connection_init"})
        assert isinstance(await socket.connection.recv(), bytes)
    async with ticking() as served, any_socket(served.address) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.connection.recv() == '{"type":"connection_ack"}'
