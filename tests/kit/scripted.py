"""Scripted mail servers: a test reads as the dialogue, and every byte received is kept.

    async with scripted('''
        S: 220 mail.example.test ESMTP
        C: EHLO [127.0.0.1]
        S: 250-mail.example.test
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go on
        TLS
        C: QUIT
    ''', tls=context) as server:
        ...
    server.check()

`S:` lines that follow each other leave in one segment. `C:` lines are compared exactly, a trailing
`*` stands for any rest. `TLS` does the handshake as a server, `CLOSE` hangs up, `RESET` hangs up by
RST, `HOLD` keeps silent; at the end of a script the server is silent until the client hangs up.
Steps can also be functions of a Peer. `check` fails on the first line that differed and on lines
that never came. Must not be used as a mail server: it says what it says.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from textwrap import dedent

_READ_BYTES = 64 * 1024


class _HungUp(Exception):
    """The client or the script ended the conversation."""


@dataclass(repr=False)
class Peer:
    """The server's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tls: ssl.SSLContext | None
    clear: bytearray = field(default_factory=bytearray)
    """What came outside of TLS."""
    inside: bytearray = field(default_factory=bytearray)
    """What came inside of TLS."""
    is_tls: bool = False
    _unread: bytearray = field(default_factory=bytearray)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are, as fast as the client reads."""
        self.writer.write(data)
        await self.writer.drain()

    async def read(self) -> bytes:
        """Return what came, at least one byte, and keep a copy."""
        data = await self.reader.read(_READ_BYTES)
        if not data:
            raise _HungUp
        (self.inside if self.is_tls else self.clear).extend(data)
        return data

    async def line(self) -> str:
        """Return the next line without its end."""
        while (end := self._unread.find(b"\n")) < 0:
            self._unread += await self.read()
        line = bytes(self._unread[:end]).removesuffix(b"\r")
        del self._unread[: end + 1]
        return line.decode("utf-8", "backslashreplace")

    async def start_tls(self) -> None:
        """Do the handshake as a server."""
        assert self.tls is not None, "this script needs a TLS context"
        await self.writer.start_tls(self.tls)
        self.is_tls = True

    async def hold(self) -> None:
        """Say nothing, until the client hangs up."""
        while True:
            await self.read()

    def close(self) -> None:
        """Hang up, and forget the streams: their TLS buffers are large."""
        self.writer.transport.abort()
        del self.reader, self.writer

    def reset(self) -> None:
        """Hang up by RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Step = Callable[[Peer], Awaitable[None]]
Script = str | Step | Sequence[str | Step]


class ScriptedServer:
    """Plays a script to every client that connects."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None) -> None:
        self._parts = (script,) if isinstance(script, str) or callable(script) else tuple(script)
        self._tls = tls
        self._open: set[asyncio.Task[None]] = set()
        self._problems: list[str] = []
        self.peers: list[Peer] = []
        """One for each connection, in order."""
        self.port = 0

    @property
    def clear(self) -> bytes:
        """All that came outside of TLS, of all connections."""
        return b"".join(bytes(peer.clear) for peer in self.peers)

    @property
    def inside(self) -> bytes:
        """All that came inside of TLS, of all connections."""
        return b"".join(bytes(peer.inside) for peer in self.peers)

    @property
    def lines(self) -> list[str]:
        """Lines of the last connection, clear text first."""
        peer = self.peers[-1]
        return bytes(peer.clear + peer.inside).decode("utf-8", "backslashreplace").splitlines()

    def check(self) -> None:
        """Fail if a client's line differed from the script or did not come."""
        assert self.peers, "nobody connected"
        assert not self._problems, "\n".join(self._problems)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to play; called for each connection."""
        peer = Peer(reader, writer, self._tls)
        self.peers.append(peer)
        task = asyncio.get_running_loop().create_task(self._play(peer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def stop(self) -> None:
        """End all conversations."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def finished(self) -> None:
        """Wait until all clients have hung up and all scripts have been played."""
        while self._open:
            await asyncio.wait(self._open)

    async def _play(self, peer: Peer) -> None:
        try:
            for part in self._parts:
                if callable(part):
                    await part(peer)
                else:
                    await self._play_text(peer, part)
            await peer.hold()
        except (_HungUp, OSError) as error:  # ssl.SSLError is an OSError: refused by the client
            error.__traceback__ = None  # its frames hold the streams, which hold the error
        finally:
            peer.close()

    async def _play_text(self, peer: Peer, text: str) -> None:
        steps = [line for line in dedent(text).strip().splitlines() if line.strip()]
        said = b""
        for position, step in enumerate(steps):
            if step.startswith("S:"):
                said += step[2:].removeprefix(" ").encode() + b"\r\n"
                continue
            if said:
                await peer.send(said)
                said = b""
            try:
                await self._step(peer, step)
            except _HungUp:
                missing = [line for line in steps[position:] if line.startswith("C:")]
                if missing:
                    self._problems.append(f"the client hung up before {missing[0]!r}")
                raise
        if said:
            await peer.send(said)

    async def _step(self, peer: Peer, step: str) -> None:
        match step.split(":", 1)[0]:
            case "C":
                self._compare(step[2:].removeprefix(" "), await peer.line())
            case "TLS":
                await peer.start_tls()
            case "HOLD":
                await peer.hold()
            case "CLOSE":
                raise _HungUp
            case "RESET":
                peer.reset()
                raise _HungUp
            case _:
                raise AssertionError(f"no step: {step!r}")

    def _compare(self, expected: str, line: str) -> None:
        same = line.startswith(expected[:-1]) if expected.endswith("*") else line == expected
        if not same:
            self._problems.append(f"expected {expected!r}, got {line!r}")
            raise _HungUp


@asynccontextmanager
async def scripted(
    script: Script, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """Listen on a free port of 127.0.0.1 and play `script` to whoever connects."""
    server = ScriptedServer(script, tls)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, limit=_READ_BYTES)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await listener.wait_closed()
