"""The simulator as a whole: its ports, its certificates, its conversations.

    simulator = Simulator.bind(SERVICES, port=14300)   # before there is an event loop
    async with simulator.running():                    # all listeners and conversations live here
        ...                                            # simulator.demo tells the rest about them

Listens on 127.0.0.1 and, where there is one, ::1; nowhere else. Does not log what clients send.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from typing import Final, Self

from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import ID_PREFIX, Demo, DemoAccount, DemoProvider
from mailconfig.domain.providers import ProviderServer
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.simulator.certificates import Authority
from mailconfig.simulator.imap import ImapSession
from mailconfig.simulator.mailbox import Mailboxes
from mailconfig.simulator.services import PASSWORD, Credential, Manner, Server, Service
from mailconfig.simulator.smtp import SmtpSession
from mailconfig.simulator.wire import HungUp, Wire

_log = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 200
"""At once: twice what the tests of one process make by default."""
_CONNECTION_SECONDS: Final = 120.0
"""Longest conversation; a test and a round trip together take less."""
_READ_BYTES: Final = 16 * 1024
_PORT_MAX: Final = 65535
_SESSIONS: Final[dict[MailProtocol, type[ImapSession] | type[SmtpSession]]] = {
    MailProtocol.IMAP: ImapSession,
    MailProtocol.SMTP: SmtpSession,
}


@dataclass(frozen=True, slots=True)
class _Place:
    """One server with the sockets that it has."""

    service: Service
    server: Server
    sockets: tuple[socket.socket, ...]
    """The IPv4 one first."""
    context: ssl.SSLContext

    @property
    def port(self) -> int:
        port: int = self.sockets[0].getsockname()[1]
        return port


class Simulator:
    """All servers of some services; `bind` makes one, `close` frees its ports."""

    def __init__(self, places: Sequence[_Place], authority: Authority) -> None:
        self._places = tuple(places)
        self._mailboxes = Mailboxes(utc_now)
        self._open = 0
        self.demo: Final = _demo(self._places, authority.pem)
        """What the rest of the process has to know."""

    @classmethod
    def bind(cls, services: Iterable[Service], port: int = 0) -> Self:
        """Take consecutive ports from `port` on; free ones where one cannot be had.

        Raises OSError where there is no loopback interface.
        """
        chosen = tuple(services)
        authority = Authority(datetime.now(UTC))
        if 0 < port <= _PORT_MAX + 1 - 2 * len(chosen):
            with suppress(OSError):  # taken
                return cls(_places(chosen, authority, port), authority)
        return cls(_places(chosen, authority, 0), authority)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends; then all connections are cut and all ports are free."""
        ready = asyncio.Event()
        # A task of its own: what ends the block leaves as it is, not wrapped into a group.
        serving = asyncio.create_task(self._serve(ready), name="simulator")
        try:
            await ready.wait()
            if serving.done():
                await serving
            yield
        finally:
            serving.cancel()
            try:
                await asyncio.wait([serving])
            finally:
                self.close()

    async def _serve(self, ready: asyncio.Event) -> None:
        """Listen until cancelled; all conversations are tasks of one group."""
        listeners: list[asyncio.Server] = []
        try:
            async with asyncio.TaskGroup() as group:
                for place in self._places:
                    if place.server.manner is not Manner.ABSENT:
                        accept = partial(self._accept, group, place)
                        listeners += [await _listen(accept, each) for each in place.sockets]
                ready.set()
                await asyncio.Event().wait()
        finally:
            ready.set()
            for listener in listeners:
                listener.close()

    def close(self) -> None:
        """Free all ports."""
        for place in self._places:
            for each in place.sockets:
                each.close()

    def _accept(
        self,
        group: asyncio.TaskGroup,
        place: _Place,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Begin a conversation; called for each connection."""
        if self._open >= CONNECTIONS_MAX:
            writer.close()
            return
        self._open += 1
        group.create_task(self._converse(place, Wire(reader, writer)))

    async def _converse(self, place: _Place, wire: Wire) -> None:
        try:
            async with asyncio.timeout(_CONNECTION_SECONDS):
                await self._talk(place, wire)
        except (HungUp, TimeoutError):
            pass  # how every conversation ends
        except Exception:  # noqa: BLE001 - the task's top: one fault must not end the others
            _log.exception("a simulated server failed")
        finally:
            self._open -= 1
            wire.close()

    async def _talk(self, place: _Place, wire: Wire) -> None:
        server = place.server
        if server.security is TransportSecurity.TLS:
            await wire.start_tls(place.context)
        if server.manner is Manner.SILENT:
            await wire.silence()
        session = _SESSIONS[server.protocol]
        await session(wire, place.service, server, self._mailboxes, place.context).run()


async def _listen(
    accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None], listener: socket.socket
) -> asyncio.Server:
    return await asyncio.start_server(accept, sock=listener, limit=_READ_BYTES)


def _places(services: Sequence[Service], authority: Authority, port: int) -> list[_Place]:
    with ExitStack() as unless_done:
        places: list[_Place] = []
        for service in services:
            for server in service.servers:
                wanted = port + len(places) if port else 0
                sockets = _sockets(wanted, listens=server.manner is not Manner.ABSENT)
                for each in sockets:
                    unless_done.enter_context(each)
                context = authority.context(server.credential, _names(service, server))
                places.append(_Place(service, server, sockets, context))
        unless_done.pop_all()
        return places


def _names(service: Service, server: Server) -> tuple[str, ...]:
    if server.credential is Credential.OTHER_NAME:
        return service.alternative_hosts
    return server.host, *service.alternative_hosts


def _sockets(port: int, *, listens: bool) -> tuple[socket.socket, ...]:
    """Take a port of 127.0.0.1, and the same of ::1 if that can be had."""
    first = _socket(socket.AF_INET, "127.0.0.1", port, listens=listens)
    try:
        number = first.getsockname()[1]
        return first, _socket(socket.AF_INET6, "::1", number, listens=listens)
    except OSError:  # no IPv6 on this machine, or somebody else's port
        return (first,)


def _socket(
    family: socket.AddressFamily, address: str, port: int, *, listens: bool
) -> socket.socket:
    if listens:
        return socket.create_server((address, port), family=family)
    reserved = socket.socket(family)  # bound and not listening: connections are refused
    try:
        reserved.bind((address, port))
    except BaseException:
        reserved.close()
        raise
    return reserved


def _demo(places: Sequence[_Place], trust_anchor: str) -> Demo:
    endpoints = frozenset(
        (ip_address(each.getsockname()[0]), place.port)
        for place in places
        for each in place.sockets
    )
    providers = tuple(
        _provider(incoming, outgoing)
        for incoming, outgoing in zip(places[::2], places[1::2], strict=True)
    )
    return Demo(endpoints, trust_anchor, providers, PASSWORD)


def _provider(incoming: _Place, outgoing: _Place) -> DemoProvider:
    service = incoming.service
    return DemoProvider(
        id=f"{ID_PREFIX}{service.id}",
        name=f"Demo: {service.name}",
        domain=service.domain,
        incoming=_listed(incoming),
        outgoing=_listed(outgoing),
        accounts=tuple(
            DemoAccount(service.address(each), each.happens, each.code, each.protocol, each.step)
            for each in service.accounts
        ),
        like=service.like,
        alternative_hosts=service.alternative_hosts,
    )


def _listed(place: _Place) -> ProviderServer:
    server = place.server
    return ProviderServer(
        server.protocol, server.host, place.port, server.listed or server.security
    )
