"""The port matrix: every state of a port, both families, bounded, behind egress."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address, ip_network
from typing import ClassVar

import pytest

from mailconfig.domain.reachability import MATRIX_PORTS, IpVersion, PortState
from mailconfig.domain.resolution import IPAddress, NameNotFound
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail import ports as module
from mailconfig.mail.ports import EgressPortScout

HOST = "mail.example.test"
V4, V6 = IpVersion.IPV4, IpVersion.IPV6


class Names:
    """Knows one name with the given addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = tuple(map(ip_address, addresses))

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return them."""
        if not self._addresses:
            raise NameNotFound(host)
        return self._addresses


def scout(*addresses: str, ports: frozenset[int], **egress: object) -> EgressPortScout:
    """A scout whose egress allows loopback and these ports."""
    policy = EgressPolicy(
        allow_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        allow_ports=ports,
        refusal_seconds=0,
    )
    return EgressPortScout(Egress(policy, Names(*addresses), **egress))  # type: ignore[arg-type]


@contextmanager
def listening(count: int) -> Iterator[list[int]]:
    """Ports of 127.0.0.1 that take connections."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        yield [server.getsockname()[1] for server in servers]


@pytest.fixture
def two_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int, int, int]]:
    """The matrix is two open ports, a closed one and one that is not allowed."""
    with listening(2) as (first, second), socket.create_server(("127.0.0.1", 0)) as spare:
        closed = spare.getsockname()[1]
        spare.close()
        matrix = (first, second, closed, 25)
        monkeypatch.setattr(module, "MATRIX_PORTS", matrix)
        yield matrix


async def test_every_cell_is_told(two_open: tuple[int, int, int, int]) -> None:
    """Open, refused and not allowed, with IPv6 told apart; what was not dialled has no time."""
    first, second, closed, forbidden = two_open
    found = await scout("127.0.0.1", ports=frozenset({first, second, closed})).scout(HOST, 3)
    assert [(each.port, each.version, each.state) for each in found] == [
        (first, V4, PortState.OPEN),
        (first, V6, PortState.NO_ADDRESS),
        (second, V4, PortState.OPEN),
        (second, V6, PortState.NO_ADDRESS),
        (closed, V4, PortState.REFUSED),
        (closed, V6, PortState.NO_ADDRESS),
        (forbidden, V4, PortState.NOT_ALLOWED),
        (forbidden, V6, PortState.NOT_ALLOWED),
    ]
    timed = {each.state for each in found if each.duration_ms is not None}
    assert timed == {PortState.OPEN, PortState.REFUSED}


async def test_the_whole_matrix_is_the_order_of_the_answer() -> None:
    """Six ports, two families."""
    ports = frozenset(MATRIX_PORTS)
    found = await scout("127.0.0.9", ports=ports).scout(HOST, 3)
    assert [(each.port, each.version) for each in found] == [
        (port, version) for port in MATRIX_PORTS for version in (V4, V6)
    ]


@pytest.mark.parametrize("addresses", [(), ("192.168.7.7",), ("127.0.0.1", "10.0.0.1")])
async def test_a_host_that_must_not_be_dialled_gives_nothing(addresses: tuple[str, ...]) -> None:
    """Neither a name without address nor one that leads inside, be it in part."""
    assert await scout(*addresses, ports=frozenset(MATRIX_PORTS)).scout(HOST, 1) == ()


class _NoIpv6(socket.socket):
    """Connects over IPv4; over IPv6 there is no route."""

    def connect(self, address: tuple[object, ...]) -> None:
        """As a machine without IPv6 does."""
        if self.family is socket.AF_INET6:
            raise OSError(errno.ENETUNREACH, "no route")
        super().connect(address)


@contextmanager
def silent_port() -> Iterator[int]:
    """Port of 127.0.0.1 whose queue of connections is full: the kernel answers nobody."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = server.getsockname()[1]
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        yield port


async def test_silence_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that never answers is SILENT when the time is over; no route is UNREACHABLE."""
    with silent_port() as port:
        monkeypatch.setattr(module, "MATRIX_PORTS", (port,))
        quiet = scout("127.0.0.1", "::1", ports=frozenset({port}), open_socket=_NoIpv6)
        async with asyncio.timeout(5):
            found = await quiet.scout(HOST, 0.3)
    assert [(each.version, each.state) for each in found] == [
        (V4, PortState.SILENT),
        (V6, PortState.UNREACHABLE),
    ]


class _Slow:
    """A resolver that never answers."""

    async def addresses(self, _host: str) -> tuple[IPAddress, ...]:
        """Wait."""
        await asyncio.sleep(60)
        return ()


async def test_a_slow_name_is_bounded() -> None:
    """Without an address in time there is nothing to tell."""
    policy = EgressPolicy(allow_ports=frozenset(MATRIX_PORTS))
    assert await EgressPortScout(Egress(policy, _Slow())).scout(HOST, 0.1) == ()


class _Refusing(socket.socket):
    """Notes what is dialled; everybody refuses."""

    dialled: ClassVar[list[str]] = []

    def connect(self, address: tuple[object, ...]) -> None:
        """Fail at once, so that the next address is tried."""
        _Refusing.dialled.append(str(address[0]))
        raise OSError(errno.ECONNREFUSED, "refused")


async def test_a_name_of_many_addresses_is_no_flood() -> None:
    """Two addresses of a family tell whether a port answers; the others are not dialled."""
    _Refusing.dialled = []
    names = [f"127.0.0.{number}" for number in range(1, 9)]
    many = scout(*names, ports=frozenset(MATRIX_PORTS), open_socket=_Refusing)
    await many.scout(HOST, 3)
    assert sorted(_Refusing.dialled) == ["127.0.0.1"] * 6 + ["127.0.0.2"] * 6


class _Busy:
    """A resolver that counts who waits for it, and never answers."""

    waiting = 0
    most = 0

    async def addresses(self, _host: str) -> tuple[IPAddress, ...]:
        """Wait."""
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await asyncio.sleep(60)
        finally:
            self.waiting -= 1
        return ()


async def test_many_looks_take_turns() -> None:
    """Only so many are under way at once; who gets no turn in time learns nothing."""
    busy = _Busy()
    egress = Egress(EgressPolicy(allow_ports=frozenset(MATRIX_PORTS)), busy)
    few = EgressPortScout(egress, concurrent=2)
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(few.scout(HOST, 0.2) for _ in range(10)))
    assert found == [()] * 10
    assert (busy.most, busy.waiting) == (2 * len(MATRIX_PORTS), 0)
