"""uvicorn's connections, with an end for clients that never read, or never end a request's head.

asyncio keeps what a client does not take, and a transport that is closed waits for it to be taken:
a client that never reads would hold its connection, and what is written to it, for good. Here a
connection whose buffer does not shrink for a while is cut, whatever the application does, and what
uvicorn writes of its own accord is bounded: while a client does not read its pongs, it is not read.
Compression is off (`serving`): 256 bytes of it could hold a message of the largest size.
The parser of heads (httptools) keeps what comes without a limit and a deadline of its own; both are
here. What a whole head may hold, and bodies, are the application's matter (`http.middleware`).

Must not know what is sent. Uses asyncio's own callbacks, so that it fits any of uvicorn's
protocols, and two of uvicorn's to count frames.
"""

import asyncio
from asyncio.transports import BaseTransport
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
"""What a client hears whose head has no end (RFC 6585, section 5)."""
_CLOSE_SECONDS: Final = 2.0
"""What a client gets to answer a close frame; uvicorn's own 10 let garbage hold connections."""
_HELD_BYTES: Final = 64 * 1024
"""What is held back within one step: more than nearly all answers have, and what asyncio lets
build up by default. Whoever writes more is to learn that a client does not read, which only the
transport below can tell, and only about what it was given."""


class Cutting(asyncio.Protocol):
    """Cuts a connection whose unsent bytes do not become fewer."""

    stall_seconds: float
    """How long they may stay as many."""
    _peer: asyncio.Transport
    _unsent = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Take note of every unsent byte: with a lower mark of 0, writing pauses at the first."""
        self._peer = cast("asyncio.Transport", transport)
        self._peer.set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._forget()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to watch."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """All is sent."""
        self._forget()
        super().resume_writing()

    def _watch(self) -> None:
        self._unsent = self._peer.get_write_buffer_size()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.stall_seconds, self._look)

    def _look(self) -> None:
        if 0 < self._unsent <= self._peer.get_write_buffer_size():
            self._peer.abort()
        else:
            self._watch()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Joining:
    """A transport that sends at once what is written in one step of the event loop.

    uvicorn writes head and body of an answer one after the other: that would be two system calls
    here, two packets on the way, and two wakings of the client. What is held is sent before the
    loop does anything else, or once it is too much to hold.
    """

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever transports have
        """Be the transport for all else."""
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        """Send with what else is written in this step."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_BYTES:
            self._send()

    def close(self) -> None:
        """Send what is held, and close."""
        self._send()
        self._inner.close()

    def _send(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held:
            self._inner.write(b"".join(held))


class HttpConnection(Cutting, HttpToolsProtocol):
    """A connection of HTTP/1.1."""

    head_bytes: int
    """Largest head of a request, from its first byte to the empty line."""
    head_seconds: float
    """How long a client may take for one; also for the first byte of a new connection."""
    _head: int | None = 0
    """Bytes that are known to be of the head that is being received; None between heads."""
    _heads = 0
    """Heads that have begun."""
    _between = True
    """Whether the next byte begins a head: nothing came yet, or a request has ended."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", Joining(self._peer, self.loop))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, and end the connection where a head becomes too large.

        Where a head begins behind something else, the parser does not tell; that one piece, which
        asyncio bounds (256 KiB), is not counted. A head that ends with what came is whole.
        """
        owner = self._heads + self._between
        super().data_received(data)
        if self._head is not None and not self._peer.is_closing():
            if self._heads == owner:  # all that came is of this head
                self._head += len(data)
            if self._deadline is None:  # most heads come in one piece, and need none
                self._await_head()
            if self._head > self.head_bytes:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Count the head that begins."""
        super().on_message_begin()
        self._head = 0
        self._heads += 1
        self._between = False

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_came()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is a head."""
        self._between = True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on as it is: frames go out one by one."""
        self.transport = self._peer
        super().handle_websocket_upgrade()

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._peer.close)

    def _head_came(self) -> None:
        self._head = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class SocketConnection(Cutting, WebSocketsSansIOProtocol):
    """A WebSocket connection."""

    frames_per_second: int
    """Pings and fragments, which the application never sees; also the fragments of a message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the base's
        super().__init__(*args, **kwargs)
        self.close_timeout = _CLOSE_SECONDS
        self._second = 0
        self._count = 0

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again, unless a message waits for the application."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def handle_ping(self) -> None:
        """Answer a ping, unless there are too many."""
        if self._allowed():
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment, unless there are too many: empty ones would never fill a message."""
        if len(self.frames) > self.frames_per_second:
            self.transport.abort()
        elif self._allowed():
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; one that is no text ends the connection, without a line in the log."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self.frames = []
            self.conn.send_close(1007)  # RFC 6455, section 7.4.1
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def _allowed(self) -> bool:
        second = int(self.loop.time())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > self.frames_per_second:
            self.transport.abort()
        return self._count <= self.frames_per_second


def http_connection(
    stall_seconds: float, head_bytes: int, head_seconds: float
) -> type[HttpConnection]:
    """Return the class of HTTP connections with these bounds."""
    bounds = {
        "stall_seconds": stall_seconds,
        "head_bytes": head_bytes,
        "head_seconds": head_seconds,
    }
    return type("BoundedHttpConnection", (HttpConnection,), bounds)


def socket_connection(stall_seconds: float, frames_per_second: int) -> type[SocketConnection]:
    """Return the class of WebSocket connections with these bounds."""
    stall, frames = stall_seconds, frames_per_second

    class BoundedConnection(SocketConnection):
        stall_seconds = stall
        frames_per_second = frames

    return BoundedConnection
