"""The server's end of one connection: bounded lines in, lines out, TLS in between.

Threat: whoever can connect to loopback. Lines, literals, silence and the whole connection have
limits; clear text that waits when TLS begins ends the connection (RFC 3207, section 6). What a
client sends is never logged: it holds passwords.
"""

import asyncio
import ssl
from typing import Final

LINE_MAX_BYTES: Final = 16 * 1024
"""An access token of 8 KiB in base64 fits."""
IDLE_SECONDS: Final = 60.0
"""Longest silence of a client; a test's longest step takes 10 s."""
_READ_BYTES: Final = 16 * 1024
_DRIP_SECONDS: Final = 1.0
"""Between two bytes of a tarpit."""


class HungUp(Exception):
    """The conversation is over: the client left, broke a limit, or is told no more."""


class Wire:
    """Wraps the streams of a connection, which their owner closes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._unread = bytearray()
        self.is_tls = False
        self.drips = False
        """Whether to send a byte per second from now on."""

    async def line(self) -> str:
        """Return the next line without its end. Raises HungUp."""
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > LINE_MAX_BYTES:
                raise HungUp
            await self._fill()
        return self._take(end + 1).rstrip(b"\r\n").decode("utf-8", "surrogateescape")

    async def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes, a number that the caller has checked. Raises HungUp."""
        while len(self._unread) < count:
            await self._fill()
        return self._take(count)

    async def send(self, *lines: str) -> None:
        """Send lines. Raises HungUp."""
        await self.send_bytes(
            "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        )

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, at this wire's pace. Raises HungUp."""
        size = 1 if self.drips else len(data)
        for start in range(0, len(data), size or 1):
            self._writer.write(data[start : start + size])
            await self._drained()
            if self.drips:
                await asyncio.sleep(_DRIP_SECONDS)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake as a server. Raises HungUp."""
        if self._unread:
            raise HungUp
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._writer.start_tls(context)
        except (OSError, EOFError) as error:  # ssl.SSLError and TimeoutError are OSErrors
            raise HungUp from error.with_traceback(None)
        self.is_tls = True

    async def silence(self) -> None:
        """Say nothing until the client leaves. Raises HungUp."""
        while True:
            self._unread.clear()
            await self._fill()

    def close(self) -> None:
        """Hang up; what was sent still goes out."""
        self._writer.close()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken

    async def _fill(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                data = await self._reader.read(_READ_BYTES)
        except OSError as error:
            raise HungUp from error.with_traceback(None)
        if not data:
            raise HungUp
        self._unread += data

    async def _drained(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._writer.drain()
        except OSError as error:
            raise HungUp from error.with_traceback(None)
