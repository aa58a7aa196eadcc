"""A wire to a server on loopback, without egress and prober, for tests of one dialogue."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailconfig.mail.wire import Wire


@asynccontextmanager
async def open_wire(
    port: int, *, line_bytes: int = 8192, total_bytes: int = 64 * 1024
) -> AsyncIterator[Wire]:
    """Connect to 127.0.0.1 and hang up in the end."""
    sock = socket.socket()
    sock.setblocking(False)  # noqa: FBT003 - the socket's own signature
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    wire = await Wire.over(sock, line_bytes=line_bytes, total_bytes=total_bytes)
    try:
        async with asyncio.timeout(5):
            yield wire
    finally:
        wire.abort()
