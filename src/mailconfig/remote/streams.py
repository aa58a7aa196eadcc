"""Connections for the HTTP library: checked by egress, with a budget, hung up at once.

The library would look names up and connect by itself; here it gets sockets to checked addresses.
Threat: the peer is a stranger and may send without end, interim answers (RFC 9110, section 15.2)
that nobody counts, too. So every byte read is taken from a budget. Deadlines belong to the caller.
"""

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import httpcore
from httpcore import SOCKET_OPTION

from mailconfig.domain.fetching import (
    FetchRefused,
    FetchTimeout,
    FetchTooLarge,
    FetchUnreachable,
    FetchUntrusted,
)
from mailconfig.domain.resolution import ResolutionError
from mailconfig.egress import Connection, ConnectTimeout, Egress, EgressError, EgressRefused

_READ_BYTES: Final = 16 * 1024
"""For one read; a TLS record holds as much."""


class EgressBackend(httpcore.AsyncNetworkBackend):
    """Makes the one connection of a request."""

    def __init__(self, egress: Egress, *, connect_seconds: float, total_bytes: int) -> None:
        self._egress = egress
        self._connect_seconds = connect_seconds
        self._total_bytes = total_bytes
        self.hung_up = False
        """Whether the peer has hung up, which the library would call a broken answer."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
        local_address: str | None = None,  # noqa: ARG002 - as above
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up once, check every address and connect one of those.

        Raises FetchRefused, FetchUnreachable or FetchTimeout.
        """
        try:
            route = await self._egress.resolve(host, port)
            connection = await self._egress.connect(route, self._connect_seconds)
        except EgressRefused as error:
            raise FetchRefused("The target is not allowed.") from error
        except ConnectTimeout as error:
            raise FetchTimeout("No answer while connecting.") from error
        except (ResolutionError, EgressError) as error:
            raise FetchUnreachable(f"No connection: {type(error).__name__}.") from error
        return await self._stream(connection)

    async def _stream(self, connection: Connection) -> "BudgetStream":
        try:
            reader, writer = await asyncio.open_connection(
                sock=connection.socket, limit=_READ_BYTES
            )
        except BaseException:
            connection.socket.close()
            raise
        return BudgetStream(self, reader, writer, self._total_bytes)


class BudgetStream(httpcore.AsyncNetworkStream):
    """A connection that fails beyond its budget; closing it waits for nobody."""

    def __init__(
        self,
        backend: EgressBackend,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        total_bytes: int,
    ) -> None:
        self._backend = backend
        self._reader = reader
        self._writer = writer
        self._left_bytes = total_bytes

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
    ) -> bytes:
        """Return what has come, nothing at the end. Raises FetchTooLarge, or as a cut does."""
        try:
            data = await self._reader.read(max_bytes)
        except ssl.SSLError as error:  # alerts of TLS 1.3 can come this late
            raise FetchUntrusted(f"TLS failed: {error.reason}.") from error
        except OSError as error:
            raise FetchUnreachable("The connection was cut.") from error
        self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        """Take what was read from the budget. Raises FetchTooLarge beyond it."""
        self._backend.hung_up = not data
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise FetchTooLarge("The answer is too long.")

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
    ) -> None:
        """Write; a connection that is gone shows itself at the next read."""
        self._writer.write(buffer)
        with suppress(ConnectionError):
            await self._writer.drain()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
    ) -> httpcore.AsyncNetworkStream:
        """Upgrade; the context verifies chain and name.

        Raises FetchUntrusted, FetchUnreachable for a cut.
        """
        try:
            await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except ssl.SSLError as error:
            await self.aclose()
            raise FetchUntrusted(f"TLS failed: {error.reason}.") from error
        except (OSError, EOFError) as error:
            await self.aclose()
            raise FetchUnreachable("The connection was cut in the handshake.") from error
        except BaseException:  # cancelled: the library does not close what is half made
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> object:
        """Tell the library the TLS object, by which it sees the protocol that was agreed on."""
        return self._writer.get_extra_info(info)

    async def aclose(self) -> None:
        """Hang up at once: nothing is flushed, nobody is waited for."""
        self._writer.transport.abort()
