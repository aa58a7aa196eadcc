"""The simulator on free ports, and a client that speaks to it line by line.

    async with simulated() as world:
        client = await world.imap("ann@well.localhost")
        assert await client.line() == "* OK IMAP server ready"
        assert await client.ask("a NOOP") == ["a OK NOOP completed"]

An answer ends with a tagged line, a continuation, or the last line of an SMTP reply.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailconfig.domain.demo import Demo, DemoProvider
from mailconfig.domain.providers import ProviderServer
from mailconfig.domain.servers import TransportSecurity
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.server import Simulator

_PATIENCE_SECONDS = 20
"""Bounds what a broken server could hold up; no test waits for it otherwise."""
_LAST = re.compile(r"\d{3} |\d{3}$|[a-z] (OK|NO|BAD)|\+|\* BAD|\* BYE Too")


@dataclass(eq=False)
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    context: ssl.SSLContext
    host: str

    async def line(self) -> str:
        """Return the next line without its end."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return (await self.reader.readline()).decode().removesuffix("\r\n")

    async def send(self, line: str) -> None:
        """Send a line."""
        await self.send_bytes(f"{line}\r\n".encode())

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, line: str) -> list[str]:
        """Send a line and return the lines of its answer."""
        await self.send(line)
        answer = [await self.line()]
        while not _LAST.match(answer[-1]):
            assert not self.reader.at_eof(), answer
            answer.append(await self.line())
        return answer

    async def start_tls(self) -> None:
        """Do the handshake, verifying chain and name."""
        await self.writer.start_tls(self.context, server_hostname=self.host)

    async def ended(self) -> bool:
        """Tell whether the server has hung up, whatever it still says before."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            try:
                while await self.reader.read(4096):
                    pass
            except ConnectionError:
                pass
        return True


@dataclass
class Simulated:
    """A running simulator."""

    demo: Demo
    clients: list[Client] = field(default_factory=list)

    def provider(self, address: str) -> DemoProvider:
        """Return the row of an address."""
        domain = address.partition("@")[2]
        return next(row for row in self.demo.providers if row.domain == domain)

    async def imap(self, address: str) -> Client:
        """Connect to the IMAP server of an address; its greeting is unread."""
        return await self.connect(self.provider(address).incoming)

    async def smtp(self, address: str, *, secure: bool = True) -> Client:
        """Connect to the SMTP server of an address and read the greeting; TLS unless told so."""
        server = self.provider(address).outgoing
        client = await self.connect(server)
        await client.line()
        if secure and server.security is TransportSecurity.STARTTLS:
            assert await client.ask("STARTTLS") == ["220 2.0.0 Ready to start TLS"]
            await client.start_tls()
        return client

    async def connect(self, server: ProviderServer) -> Client:
        """Connect to a server; with TLS at once where that is its mode."""
        context = ssl.create_default_context(cadata=self.demo.trust_anchor)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        client = Client(reader, writer, context, server.host_template)
        self.clients.append(client)
        if server.security is TransportSecurity.TLS:
            await client.start_tls()
        return client

    async def deliver(self, address: str, *lines: str) -> None:
        """Send a message of an account to itself."""
        client = await self.smtp(address)
        message = base64.b64encode(f"\0{address}\0{self.demo.password}".encode()).decode()
        for command in (
            f"AUTH PLAIN {message}",
            f"MAIL FROM:<{address}>",
            f"RCPT TO:<{address}>",
            "DATA",
            "\r\n".join([*lines, "."]),
        ):
            assert (await client.ask(command))[-1][0] in "23"

    def close(self) -> None:
        """Hang up everywhere."""
        for client in self.clients:
            client.writer.transport.abort()


@asynccontextmanager
async def simulated() -> AsyncIterator[Simulated]:
    """Run a simulator until the block ends."""
    simulator = Simulator.bind(SERVICES)
    async with simulator.running():
        world = Simulated(simulator.demo)
        try:
            yield world
        finally:
            world.close()
