"""A network that fails: a TCP proxy that drops all connections and refuses new ones for a while.

    async with CuttingProxy("127.0.0.2", port) as network:
        ... connect to 127.0.0.1, network.port ...
        await network.cut(0.2)
        await network.cut_after_the_end(0.2)

What is inside of TLS is not seen: a chunk that is longer than any command has to be a message. Who
is cancelled in the midst of a cut leaves a network that works, but for lines gone mute.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from kit.servers import LOOPBACK

MESSAGE_BYTES = 1200
"""Longer than any command, shorter than any message of those who use this."""
SWALLOW_SECONDS = 0.05
"""What a server may take to have a message, once it has all of it."""


@dataclass(eq=False)
class _Line:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    mute: bool = False
    """Whether nothing of what the server says comes through."""

    def drop(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


@dataclass
class CuttingProxy:
    """One way to a server."""

    host: str
    server_port: int
    port: int = 0
    cuts: int = 0
    at_risk: int = 0
    """Connections that were open when the network was cut, all cuts together."""
    swallowed: int = 0
    """Messages of which the answer was kept from the client."""
    _lines: set[_Line] = field(default_factory=set)
    _down: bool = False
    _greedy: bool = False
    _full: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._listener = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drop everything."""
        self._listener.close()
        self._drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self, seconds: float) -> None:
        """Drop all connections, and refuse others for some seconds."""
        self.cuts += 1
        self._drop()
        self._down = True
        try:
            await asyncio.sleep(seconds)
        finally:
            self._down = False

    async def cut_after_the_end(self, seconds: float, patience: float = 2) -> None:
        """The same, once a message has gone through of which the answer does not come back."""
        self._full.clear()
        self._greedy = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._full.wait()
                await asyncio.sleep(SWALLOW_SECONDS)
        finally:
            self._greedy = False
        await self.cut(seconds)

    def _drop(self) -> None:
        self.at_risk += len(self._lines)
        for line in self._lines:
            line.drop()
        self._lines.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._down:
            writer.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection(self.host, self.server_port)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(writer, server)
        self._lines.add(line)
        with suppress(OSError):
            await asyncio.gather(self._forth(line, reader), self._back(line, answers))
        line.drop()
        self._lines.discard(line)

    async def _forth(self, line: _Line, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            if self._greedy and len(data) > MESSAGE_BYTES:
                line.mute = True
                self.swallowed += 1
                self._full.set()
            line.server.write(data)
            await line.server.drain()
        line.drop()

    async def _back(self, line: _Line, answers: asyncio.StreamReader) -> None:
        while data := await answers.read(65536):
            if not line.mute:
                line.client.write(data)
                await line.client.drain()
        line.drop()
