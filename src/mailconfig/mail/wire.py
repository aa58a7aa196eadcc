"""One connection to a mail server: lines in, bytes out, the upgrade to TLS, and hanging up.

Threat: the peer is a stranger. It may send without end, slip bytes in before TLS, or say more than
it was asked. So every connection has a budget, a line has a form and a limit, and `unread` tells
whether something waits that no command has asked for. Deadlines belong to the caller: every wait
here is one that `asyncio.timeout` can end at once. Must not know SMTP or IMAP.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Final, Self, cast

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.mail import tls
from mailconfig.mail.failures import DialogueFailed, violation

_READ_BYTES: Final = 16 * 1024
"""For one read; a TLS record holds as much."""
_QUICK_ACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
"""Linux only. Servers that write a reply in two segments wait for our delayed ACK: 40 ms."""


class Wire:
    """A connected socket, owned from here on; `abort` must be called in the end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        line_bytes: int,
        total_bytes: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._line_bytes = line_bytes
        self._left_bytes = total_bytes
        self._buffer = bytearray()
        self.tls_active = False

    @classmethod
    async def over(cls, sock: socket.socket, *, line_bytes: int, total_bytes: int) -> Self:
        """Take over a connected, non-blocking socket; on any failure it is closed."""
        try:
            reader, writer = await asyncio.open_connection(sock=sock, limit=_READ_BYTES)
        except BaseException:
            sock.close()
            raise
        return cls(reader, writer, line_bytes=line_bytes, total_bytes=total_bytes)

    def post(self, data: bytes) -> None:
        """Write what nobody waits for: it goes out now or, where the way is blocked, never."""
        self._writer.write(data)

    async def send(self, data: bytes) -> None:
        """Write; a connection that is gone shows itself at the next read, with its last words."""
        self._writer.write(data)
        with suppress(ConnectionError):
            await self._writer.drain()

    async def first_byte(self) -> int:
        """Wait for the first byte and return it without taking it."""
        while not self._buffer:
            await self._fill()
        return self._buffer[0]

    async def raw_line(self) -> bytes:
        """Return the next line with its end, whatever that is.

        Raises DialogueFailed: CLOSED, TIMEOUT (by the network), TOO_LARGE, TLS_ALERT.
        """
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > self._line_bytes:
                raise DialogueFailed(Failure.TOO_LARGE, "The server sent a line without end.")
            await self._fill()
        if end >= self._line_bytes:
            raise DialogueFailed(Failure.TOO_LARGE, "The server sent a line that is too long.")
        return self._take(end + 1)

    async def line(self) -> bytes:
        """Return the next line without its end, which must be CR LF (RFC 5321 2.3.8, RFC 9051 2.2).

        Raises DialogueFailed as `raw_line` does, and VIOLATION.
        """
        return strict_line(await self.raw_line())

    async def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes; the caller has checked the number."""
        while len(self._buffer) < count:
            await self._fill()
        return self._take(count)

    async def unread(self) -> bool:
        """Tell whether bytes wait now that nobody has asked for; never waits for more."""
        if not self._buffer:
            await asyncio.sleep(0)  # one turn of the loop takes what the kernel already has
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await self._fill()
        return bool(self._buffer)

    async def upgrade(self, context: ssl.SSLContext, server_name: str) -> tls.TlsSession:
        """Start TLS. The caller has made sure that nothing is unread: it would survive inside.

        Raises DialogueFailed with what `tls.classify` made of the error.
        """
        try:
            await self._writer.start_tls(context, server_hostname=server_name)
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            raise _handshake_failure(error) from _without_frames(error)
        session = self._writer.get_extra_info("ssl_object")
        if session is None:  # the connection was lost in the very moment of success
            raise DialogueFailed(Failure.CLOSED)
        self.tls_active = True
        return tls.describe_session(session)

    async def inspect(self, server_name: str, timeout_seconds: float) -> tls.TlsSession | None:
        """Look at the server's TLS without verifying it; nothing can be sent afterwards."""
        transport = cast("asyncio.Transport", self._writer.transport)
        return await tls.inspect(transport, server_name, timeout_seconds)

    def hand_over(self, protocol: asyncio.Protocol) -> None:
        """Let another protocol read from here on; `post` and `abort` go on working.

        The caller has made sure that nothing is unread: it would be lost.
        """
        transport = cast("asyncio.Transport", self._writer.transport)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def abort(self) -> None:
        """Hang up at once: nothing is flushed, nobody is waited for."""
        self._writer.transport.abort()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _fill(self) -> None:
        self._acknowledge_at_once()
        try:
            data = await self._reader.read(_READ_BYTES)
        except ssl.SSLError as error:
            raise _record_failure(error) from _without_frames(error)
        except TimeoutError as error:  # ETIMEDOUT; our own deadlines arrive as CancelledError
            raise DialogueFailed(Failure.TIMEOUT) from _without_frames(error)
        except OSError as error:
            raise DialogueFailed(Failure.CLOSED) from _without_frames(error)
        if not data:
            raise DialogueFailed(Failure.CLOSED)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise DialogueFailed(Failure.TOO_LARGE, "The server sent too much.")
        self._buffer += data

    def _acknowledge_at_once(self) -> None:
        # The kernel forgets the wish after a while: it is set before every read.
        if _QUICK_ACK is not None:
            with suppress(OSError):
                self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)


def strict_line(raw: bytes) -> bytes:
    """Return a line without CR LF. Raises DialogueFailed VIOLATION for another end, or a NUL."""
    if not raw.endswith(b"\r\n"):
        raise violation("The server ended a line without CR.")
    line = raw[:-2]
    if b"\r" in line or b"\0" in line:
        raise violation("The server sent a control character inside of a line.")
    return line


def _handshake_failure(error: Exception) -> DialogueFailed:
    known = tls.classify(error)
    return DialogueFailed(
        known.failure,
        known.text,
        tls_verify_code=known.verify_code,
        inspectable=known.failure in tls.INSPECTABLE,
    )


def _record_failure(error: ssl.SSLError) -> DialogueFailed:
    """Return the failure of a connection inside of TLS; alerts of TLS 1.3 can come this late."""
    known = tls.classify(error)
    return DialogueFailed(known.failure, known.text)


def _without_frames(error: Exception) -> Exception:
    """Return an error of the streams without its traceback.

    The streams keep the error, its frames keep the streams, and with them 256 KiB of buffer for
    each TLS connection until the garbage collector happens to look.
    """
    return error.with_traceback(None)
