"""A scripted HTTPS server on loopback: good, broken and hostile answers by host and path.

    async with WebServer(CertificateKit(tmp_path)) as web:
        web.page("autoconfig.example.test", "/mail/config-v1.1.xml", "<clientConfig/>")
        web.endless("example.test", "/endless")
        ... web.fetcher(), web.requests, await web.quiet()

It is also the resolver of its names, and its sockets lead every port of loopback to it, so that
the product asks as it does on the internet: by name, on port 443. A host gets its certificate when
it is first mentioned; names that no line mentions do not exist.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, Self

from kit.certs import CertificateKit, CertificatePaths, ssl_server_context
from mailconfig.domain.resolution import IPAddress, NameNotFound
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.remote.fetcher import HttpsFetcher

_QUIET_SECONDS: Final = 5.0
"""In which the client must have hung up."""
_DRIP_SECONDS: Final = 0.02
"""Between the bytes of a slow answer."""

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Answers one request; the connection is closed afterwards."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    host: str
    """The Host header."""
    target: str
    """Path and query."""
    headers: dict[str, str]
    """Names in lower case."""


class WebServer:
    """The server; a context manager that listens inside of it."""

    def __init__(self, certificates: CertificateKit) -> None:
        self.requests: list[Request] = []
        self.names: list[str] = []
        """Names that were looked up."""
        self.asked = asyncio.Event()
        """Set when the first request has come in."""
        self.port = 0
        self._certificates = certificates
        self._answers: dict[tuple[str, str], Answer] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._addresses: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def page(
        self,
        host: str,
        path: str,
        body: str | bytes,
        *,
        status: int = 200,
        content_type: str = "text/xml",
        headers: tuple[str, ...] = (),
    ) -> None:
        """Answer with a document; `headers` are whole lines."""
        data = body.encode() if isinstance(body, str) else body
        lines = [
            f"HTTP/1.1 {status} Said",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(data)}",
            *headers,
        ]
        self.raw(host, path, _head(*lines) + data)

    def redirect(self, host: str, path: str, location: str, status: int = 302) -> None:
        """Answer with another place."""
        self.page(host, path, "", status=status, headers=(f"Location: {location}",))

    def raw(self, host: str, path: str, data: bytes) -> None:
        """Answer with exactly these bytes, then hang up."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(data)
            await writer.drain()

        self.answer(host, path, answer)

    def endless(self, host: str, path: str, *, head: bytes | None = None, again: bytes) -> None:
        """Answer with a head and the same bytes again until the client hangs up."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(_head("HTTP/1.1 200 OK") if head is None else head)
            while True:
                writer.write(again)
                await writer.drain()

        self.answer(host, path, answer)

    def dripping(self, host: str, path: str, head: bytes, again: bytes) -> None:
        """Answer so slowly that only a deadline ends it."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            while True:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(_DRIP_SECONDS)

        self.answer(host, path, answer)

    def silent(self, host: str, path: str) -> None:
        """Take the request and say nothing until the client hangs up."""

        async def answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        self.answer(host, path, answer)

    def answer(self, host: str, path: str, answer: Answer) -> None:
        """Answer in any other way."""
        if host not in self._contexts:
            self.certificate(host, self._certificates.issue(host))
        self._answers[host, path] = answer

    def certificate(self, host: str, paths: CertificatePaths) -> None:
        """Show this certificate for a host."""
        self._contexts[host] = ssl_server_context(paths)
        self._addresses.setdefault(host, "127.0.0.1")

    def point(self, host: str, address: str) -> None:
        """Let a name lead elsewhere."""
        self._addresses[host] = address

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Look a name up as the product's resolver does."""
        self.names.append(host)
        if host not in self._addresses:
            raise NameNotFound(host)
        return (ip_address(self._addresses[host]),)

    def fetcher(self) -> HttpsFetcher:
        """Return the product's fetcher; loopback and port 443 are allowed, nothing else special."""
        policy = EgressPolicy(
            allow_networks=(ip_network("127.0.0.0/8"),),
            allow_ports=frozenset({443}),
            refusal_seconds=0,
        )
        anchors = TlsSettings(ca_file=self._certificates.ca_pem, system_trust=False)
        return HttpsFetcher(
            Egress(policy, self, open_socket=self._open_socket), TlsContexts(anchors).verified
        )

    def _open_socket(self, family: socket.AddressFamily) -> socket.socket:
        return _Led(family, self.port)

    async def quiet(self) -> None:
        """Wait until every client has hung up; fails when one does not."""
        async with asyncio.timeout(_QUIET_SECONDS):
            while self._tasks:
                await asyncio.wait(self._tasks)

    async def __aenter__(self) -> Self:
        context = ssl_server_context(self._certificates.issue("nobody.example.test"))
        context.sni_callback = self._choose
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name in self._contexts:
            connection.context = self._contexts[name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                request = _parsed(await reader.readuntil(b"\r\n\r\n"))
                self.requests.append(request)
                self.asked.set()
                path = request.target.partition("?")[0]
                await self._answers.get((request.host, path), _nothing)(reader, writer)
        finally:
            writer.close()


class _Led(socket.socket):
    """A socket that connects to the server, whatever port is asked for."""

    def __init__(self, family: socket.AddressFamily, port: int) -> None:
        super().__init__(family)
        self._port = port

    def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]  # TCP only
        """Connect to the address on the server's port."""
        super().connect((address[0], self._port))


def _head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return Request(headers.get("host", ""), first.split(" ")[1], headers)


async def _nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_head("HTTP/1.1 404 Not Found", "Content-Type: text/html", "Content-Length: 0"))
    await writer.drain()
