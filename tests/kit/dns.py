"""A scripted DNS server on loopback, UDP and TCP on one port, in the test's own event loop.

    async with DnsServer() as dns:
        dns.answer("mail.example.test", "127.0.0.1", "::1")
        dns.record("example.test", "MX", "10 mail.example.test.")
        dns.silent("slow.example.test")
        ... dns.endpoint, dns.queries

Names that no line mentions do not exist (NXDOMAIN). Must not be used as an example of a server:
it answers as a recursive resolver would, from a table.
"""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

_CHAIN_MAX = 8
"""Aliases that are followed; then the chain is sent as it is, loop or not."""
_TCP_MAX_BYTES = 65535
"""Longest message by TCP; by UDP the client says how much it takes."""
_PORT_TRIES = 20
"""Free TCP ports that are tried for being free for UDP as well."""

Records = dict[str, tuple[str, ...]]
"""Texts of the records by type, such as {"A": ("192.0.2.1",)}."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question as it came in."""

    name: str
    """Lower case, without the last dot."""
    rdtype: str
    transport: str
    """"udp" or "tcp"."""


@dataclass(slots=True)
class _Entry:
    """What the server says about one name."""

    turns: list[Records] = field(default_factory=list)
    """Records at the first, second ... question of a type; the last for ever."""
    ttl: int = 60
    alias: str | None = None
    failures: dict[str, dns.rcode.Rcode] = field(default_factory=dict)
    """Answer by type instead of records; "ANY" is all types."""
    silent: set[str] = field(default_factory=set)
    """Types that are never answered; "ANY" is all types."""
    delay_seconds: float = 0.0
    truncated: bool = False
    """Whether UDP answers are cut, so that the question comes again by TCP."""
    forged: tuple[str, ...] = ()
    """Texts of the records of a forged answer, with another id, that comes first by UDP."""
    vouched: bool = False
    """Whether answers have the AD bit (RFC 4035, section 3.2.3)."""
    asked: Counter[str] = field(default_factory=Counter)

    def records(self, rdtype: str) -> tuple[str, ...]:
        """Take the next turn of a type."""
        turn = min(self.asked[rdtype], len(self.turns) - 1)
        self.asked[rdtype] += 1
        return self.turns[turn].get(rdtype, ()) if self.turns else ()


class DnsServer:
    """The server; a context manager that listens inside of it."""

    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.first_query = asyncio.Event()
        """Set when the first question has come in."""
        self.endpoint: tuple[str, int] = ("127.0.0.1", 0)
        self._zone: dict[str, _Entry] = {}
        self._zones: dict[dns.name.Name, dns.rrset.RRset] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()

    def answer(self, name: str, *addresses: str, ttl: int = 60) -> None:
        """Give a name its A and AAAA records."""
        self.changing(name, addresses, ttl=ttl)

    def changing(self, name: str, *answers: Iterable[str], ttl: int = 0) -> None:
        """Give a name other addresses at each question of a type; the last ones for ever."""
        entry = self._entry(name)
        entry.turns = [_by_family(addresses) for addresses in answers]
        entry.ttl = ttl

    def record(self, name: str, rdtype: str, *texts: str, ttl: int = 60) -> None:
        """Add records of any type in their text form; names in them end with a dot."""
        entry = self._entry(name)
        entry.turns = [{**turn, rdtype: texts} for turn in entry.turns or [{}]]
        entry.ttl = ttl

    def cname(self, name: str, target: str) -> None:
        """Make a name an alias."""
        self._entry(name).alias = target

    def cname_loop(self, name: str, other: str) -> None:
        """Make two names aliases of each other."""
        self.cname(name, other)
        self.cname(other, name)

    def without_address(self, name: str) -> None:
        """Make a name exist without A and AAAA records."""
        self.record(name, "TXT", '"exists"')

    def nxdomain(self, name: str) -> None:
        """Deny a name; for names that were given something before."""
        self._zone.pop(name, None)

    def servfail(self, name: str, rdtype: str = "ANY") -> None:
        """Fail for a name, or for one type of it."""
        self._entry(name).failures[rdtype] = dns.rcode.SERVFAIL

    def silent(self, name: str, rdtype: str = "ANY") -> None:
        """Never answer for a name, or for one type of it."""
        self._entry(name).silent.add(rdtype)

    def slow(self, name: str, seconds: float) -> None:
        """Answer late."""
        self._entry(name).delay_seconds = seconds

    def truncated(self, name: str) -> None:
        """Cut UDP answers."""
        self._entry(name).truncated = True

    def forged(self, name: str, *texts: str) -> None:
        """Send an answer with these records and another id before the right one."""
        self._entry(name).forged = texts

    def vouched(self, name: str) -> None:
        """Say that answers about a name were checked by DNSSEC."""
        self._entry(name).vouched = True

    def soa(self, zone: str, minimum: int, ttl: int = 3600) -> None:
        """Say how long the absence of anything in a zone holds (RFC 2308)."""
        text = f"ns.{zone}. admin.{zone}. 1 7200 900 1209600 {minimum}"
        owner = dns.name.from_text(zone)
        self._zones[owner] = dns.rrset.from_text(owner, ttl, "IN", "SOA", text)

    def asked(self, name: str, rdtype: str) -> int:
        """Count the questions for a name and type."""
        return sum((each.name, each.rdtype) == (name, rdtype) for each in self.queries)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        tcp, udp = _sockets_on_one_port()
        self.endpoint = ("127.0.0.1", tcp.getsockname()[1])
        server = await asyncio.start_server(self._on_stream, sock=tcp)
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._stack.callback(transport.close)
        self._stack.callback(server.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def _entry(self, name: str) -> _Entry:
        return self._zone.setdefault(name, _Entry())

    def on_datagram(self, data: bytes, transport: asyncio.DatagramTransport, peer: object) -> None:
        """Answer in a task of its own, so that a slow answer does not keep others."""

        async def answer() -> None:
            reply = await self._reply(data, "udp")
            if reply is not None and not transport.is_closing():
                for each in (*self._forgeries(data), reply):
                    transport.sendto(each, peer)

        task = asyncio.create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _on_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    reply = await self._reply(await reader.readexactly(length), "tcp")
                    if reply is not None:
                        writer.write(struct.pack("!H", len(reply)) + reply)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _reply(self, data: bytes, transport: str) -> bytes | None:
        try:
            message = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        question = message.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        rdtype = dns.rdatatype.to_text(question.rdtype)
        self.queries.append(Query(name, rdtype, transport))
        self.first_query.set()
        entry = self._zone.get(name)
        if entry is not None:
            await asyncio.sleep(entry.delay_seconds)
            if entry.silent & {rdtype, "ANY"}:
                return None
        response = self._answered(message, name, rdtype)
        if entry is not None and entry.truncated and transport == "udp":
            response.answer.clear()
            response.flags |= dns.flags.TC
        return response.to_wire(max_size=_TCP_MAX_BYTES if transport == "tcp" else 0)

    def _forgeries(self, data: bytes) -> list[bytes]:
        message = dns.message.from_wire(data)
        question = message.question[0]
        entry = self._zone.get(question.name.to_text(omit_final_dot=True).lower())
        if entry is None or not entry.forged:
            return []
        response = dns.message.make_response(message, recursion_available=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        response.answer.append(
            dns.rrset.from_text(question.name, entry.ttl, "IN", kind, *entry.forged)
        )
        response.id ^= 1
        return [response.to_wire()]

    def _deny_for(self, response: dns.message.Message, name: str) -> None:
        """Add the SOA of the zone that a name is in, where one is known."""
        asked = dns.name.from_text(name)
        response.authority += [
            rrset for owner, rrset in self._zones.items() if asked.is_subdomain(owner)
        ]

    def _answered(
        self, message: dns.message.Message, name: str, rdtype: str
    ) -> dns.message.Message:
        response = dns.message.make_response(message, recursion_available=True)
        for _ in range(_CHAIN_MAX):
            entry = self._zone.get(name)
            if entry is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                self._deny_for(response, name)
                break
            if entry.vouched:
                response.flags |= dns.flags.AD
            failure = entry.failures.get(rdtype, entry.failures.get("ANY"))
            if failure is not None:
                response.set_rcode(failure)
                break
            texts = (f"{entry.alias}.",) if entry.alias else entry.records(rdtype)
            kind = "CNAME" if entry.alias else rdtype
            if texts:
                owner = dns.name.from_text(name)
                response.answer.append(dns.rrset.from_text(owner, entry.ttl, "IN", kind, *texts))
            if not texts:
                self._deny_for(response, name)
            if entry.alias is None or rdtype == "CNAME":
                break
            name = entry.alias
        return response


class _Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams to the server."""

    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Pass a question on."""
        self._server.on_datagram(data, self._transport, addr)


def _by_family(addresses: Iterable[str]) -> Records:
    found: dict[str, list[str]] = {}
    for address in addresses:
        is_v4 = isinstance(ip_address(address), IPv4Address)
        found.setdefault("A" if is_v4 else "AAAA", []).append(address)
    return {rdtype: tuple(texts) for rdtype, texts in found.items()}


def _sockets_on_one_port() -> tuple[socket.socket, socket.socket]:
    for _ in range(_PORT_TRIES):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return tcp, udp
    raise RuntimeError("no port is free for both TCP and UDP")
