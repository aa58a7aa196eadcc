"""A TCP proxy that plays distance: delays each direction and counts round trips.

    async with DelayProxy(port, one_way_seconds=0.02) as proxy:
        ... connect to 127.0.0.1, proxy.port ...
        proxy.round_trips

A round trip is a wait of the client: the TCP handshake, then every stretch of server bytes that
ends a stretch of silence of the server. Counted where the client stands, so that two packets which
leave together count once; this needs a delay well above the time that the client computes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from kit.servers import FAR, LOOPBACK


@dataclass(slots=True)
class _Count:
    """Round trips of all connections through one proxy."""

    value: int = 0
    waiting: bool = field(default=False)
    """Whether the client has sent something, or has connected, since the server last spoke."""

    def connected(self) -> None:
        """The TCP handshake costs a round trip; then the client may wait for a greeting."""
        self.value += 1
        self.waiting = True

    def sent(self) -> None:
        """The client has sent something."""
        self.waiting = True

    def received(self) -> None:
        """Bytes of the server have reached the client."""
        self.value += self.waiting
        self.waiting = False


class _Late:
    """Writes to a transport what it is given, in order, some time later."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._pending: deque[bytes | None] = deque()
        self.on_delivery: Callable[[], None] | None = None

    def give(self, data: bytes | None) -> None:
        """Write `data` after the delay; None closes."""
        self._pending.append(data)
        asyncio.get_running_loop().call_later(self._seconds, self._deliver)

    def _deliver(self) -> None:
        data = self._pending.popleft()
        if data is None:
            self._transport.close()
        elif not self._transport.is_closing():
            if self.on_delivery is not None:
                self.on_delivery()
            self._transport.write(data)


class _Server(asyncio.Protocol):
    """The proxy's connection to the real server."""

    def __init__(self, to_client: _Late) -> None:
        self._to_client = to_client

    def data_received(self, data: bytes) -> None:
        self._to_client.give(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._to_client.give(None)


class _Client(asyncio.Protocol):
    """The proxy's connection to the client: opens the other one when a far server would."""

    def __init__(self, proxy: "DelayProxy") -> None:
        self._proxy = proxy
        self._early: list[bytes | None] = []
        self._to_server: _Late | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._proxy.count.connected()
        self._task = asyncio.get_running_loop().create_task(self._open(transport))
        self._proxy.keep(self._task, transport)

    def data_received(self, data: bytes) -> None:
        self._proxy.count.sent()
        self._give(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._give(None)

    def _give(self, data: bytes | None) -> None:
        if self._to_server is None:
            self._early.append(data)
        else:
            self._to_server.give(data)

    async def _open(self, client: asyncio.Transport) -> None:
        """SYN and SYN-ACK take a round trip, then the first bytes or the ACK take half of one."""
        delay = self._proxy.one_way_seconds
        await asyncio.sleep(3 * delay)
        to_client = _Late(client, delay)
        to_client.on_delivery = self._proxy.count.received
        server, _ = await asyncio.get_running_loop().create_connection(
            lambda: _Server(to_client), FAR, self._proxy.target_port
        )
        self._proxy.keep(None, server)
        for data in self._early:
            if data is None:
                server.close()
            else:
                server.write(data)
        self._to_server = _Late(server, delay)


class DelayProxy:
    """Listens on a free port of 127.0.0.1 and 127.0.0.2 while the context lasts."""

    def __init__(self, target_port: int, *, one_way_seconds: float) -> None:
        self.target_port = target_port
        self.one_way_seconds = one_way_seconds
        self.count = _Count()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._transports: list[asyncio.BaseTransport] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def round_trips(self) -> int:
        """Round trips so far, of all connections."""
        return self.count.value

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        # the port of the first address is nearly always free on the second: no process of the
        # tests listens on it alone
        first = await loop.create_server(lambda: _Client(self), LOOPBACK, 0)
        self.port = first.sockets[0].getsockname()[1]
        first.close()
        self._server = await loop.create_server(lambda: _Client(self), (LOOPBACK, FAR), self.port)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self._transports:
            transport.close()

    def keep(self, task: asyncio.Task[None] | None, transport: asyncio.BaseTransport) -> None:
        """Own what a connection has opened, to close it at the end."""
        self._transports.append(transport)
        if task is not None:
            self._tasks.append(task)
