"""Egress: only checked addresses are dialled, the first to answer wins, nothing is left open.

Real sockets on loopback addresses, which the policies here allow.
"""

import asyncio
import errno
import gc
import os
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path

import pytest

from mailconfig.domain.resolution import IPAddress
from mailconfig.egress import (
    ConnectError,
    ConnectRefused,
    ConnectReset,
    ConnectTimeout,
    ConnectUnreachable,
    Egress,
    EgressPolicy,
    EgressRefused,
    Route,
)

LOOPBACK = ip_network("127.0.0.0/8")


class Names:
    """A resolver that knows the names that it was given."""

    def __init__(self, **names: str) -> None:
        self._names = names

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return the one address of a name."""
        return (ip_address(self._names[host]),)


class Sockets:
    """Opens real sockets and remembers them."""

    def __init__(self) -> None:
        self.opened: list[socket.socket] = []
        self.two_opened = asyncio.Event()

    def __call__(self, family: socket.AddressFamily) -> socket.socket:
        """Open one."""
        self.opened.append(socket.socket(family))
        if len(self.opened) == 2:
            self.two_opened.set()
        return self.opened[-1]

    @property
    def open(self) -> int:
        """How many are not closed."""
        return sum(each.fileno() != -1 for each in self.opened)


@pytest.fixture
def listening() -> Iterator[Callable[..., int]]:
    """Make addresses listen on one port, or be silent: their queue of connections is full."""
    kept: list[socket.socket] = []

    def listen(*addresses: str, silent: tuple[str, ...] = (), port: int = 0) -> int:
        for address in (*addresses, *silent):
            server = socket.create_server((address, port), backlog=0 if address in silent else 100)
            kept.append(server)
            port = server.getsockname()[1]
            for _ in range(2 if address in silent else 0):
                filler = socket.socket()
                filler.settimeout(0)
                filler.connect_ex((address, port))
                kept.append(filler)
        return port

    yield listen
    for each in kept:
        each.close()


def local(port: int, *addresses: str) -> Route:
    """Return a route to loopback addresses."""
    return Route("mail.example.test", port, tuple(ip_address(each) for each in addresses))


def dialler(port: int, sockets: Callable[..., socket.socket], delay: float = 0.05) -> Egress:
    """Return an egress that may dial loopback on one port."""
    policy = EgressPolicy((LOOPBACK,), frozenset({port}), attempt_delay_seconds=delay)
    return Egress(policy, Names(), open_socket=sockets)


async def test_connects_without_blocking_and_without_delay(listening: Callable[..., int]) -> None:
    """The socket is connected to the checked address, non-blocking, with TCP_NODELAY."""
    port, sockets = listening("127.0.0.1"), Sockets()

    connection = await dialler(port, sockets).connect(local(port, "127.0.0.1"), 5.0)

    with connection.socket as connected:
        assert connected.getpeername() == ("127.0.0.1", port)
        assert connected.getblocking() is False
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    assert (connection.address, connection.failed) == (IPv4Address("127.0.0.1"), ())
    assert len(sockets.opened) == 1


async def test_refused_address_makes_way_at_once(listening: Callable[..., int]) -> None:
    """A failed attempt starts the next one without waiting for its head start to pass."""
    port, sockets = listening("127.0.0.2"), Sockets()

    async with asyncio.timeout(5):
        connection = await dialler(port, sockets, delay=60).connect(
            local(port, "127.0.0.1", "127.0.0.2"), 30
        )

    with connection.socket:
        assert connection.address == IPv4Address("127.0.0.2")
    assert connection.failed == (IPv4Address("127.0.0.1"),)
    assert sockets.open == 0


async def test_silent_address_is_overtaken(listening: Callable[..., int]) -> None:
    """A silent address is left behind after its head start, and its socket is closed."""
    port, sockets = listening("127.0.0.2", silent=("127.0.0.1",)), Sockets()

    connection = await dialler(port, sockets).connect(local(port, "127.0.0.1", "127.0.0.2"), 5.0)

    assert (len(sockets.opened), sockets.open) == (2, 1)
    with connection.socket:
        assert connection.address == IPv4Address("127.0.0.2")
    assert connection.failed == ()


async def test_only_one_connection_remains_of_many(listening: Callable[..., int]) -> None:
    """When several addresses answer at the same moment, one wins and the others are closed."""
    hosts = [f"127.0.0.{n}" for n in range(1, 9)]
    port, sockets = listening(*hosts), Sockets()

    connection = await dialler(port, sockets, delay=0).connect(local(port, *hosts), 5.0)

    with connection.socket:
        assert sockets.open == 1
    assert len(asyncio.all_tasks()) == 1


async def test_no_answer_in_time(listening: Callable[..., int]) -> None:
    """Silence is ConnectTimeout when the time is over; nothing stays open."""
    port, sockets = listening(silent=("127.0.0.1", "127.0.0.2")), Sockets()

    with pytest.raises(ConnectTimeout):
        await dialler(port, sockets).connect(local(port, "127.0.0.1", "127.0.0.2"), 0.2)

    assert (len(sockets.opened), sockets.open) == (2, 0)
    assert len(asyncio.all_tasks()) == 1


async def test_cancellation_closes_all(listening: Callable[..., int]) -> None:
    """A cancelled caller leaves neither socket nor task."""
    port, sockets = listening(silent=("127.0.0.1", "127.0.0.2")), Sockets()
    task = asyncio.create_task(
        dialler(port, sockets).connect(local(port, "127.0.0.1", "127.0.0.2"), 30)
    )
    await sockets.two_opened.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sockets.open == 0
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("turns", range(1, 8))
async def test_cancellation_at_any_moment_loses_no_socket(
    listening: Callable[..., int], turns: int
) -> None:
    """Whichever turn of the event loop the cancellation meets, what was opened is closed."""
    port, sockets = listening("127.0.0.1", "127.0.0.2"), Sockets()
    egress = dialler(port, sockets, delay=0)
    task = asyncio.create_task(egress.connect(local(port, "127.0.0.1", "127.0.0.2"), 30))

    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)

    if isinstance(outcome, BaseException):
        assert isinstance(outcome, asyncio.CancelledError)
    else:
        outcome.socket.close()
    assert sockets.open == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ECONNREFUSED, ConnectRefused),
        (errno.ECONNRESET, ConnectReset),
        (errno.ETIMEDOUT, ConnectTimeout),
        (errno.ENETUNREACH, ConnectUnreachable),
        (errno.EHOSTUNREACH, ConnectUnreachable),
        (errno.EAFNOSUPPORT, ConnectUnreachable),
    ],
)
async def test_errors_of_the_system_are_translated(
    number: int, expected: type[ConnectError]
) -> None:
    """Each way to fail has its own error, with the system's as its cause."""

    def failing(family: socket.AddressFamily) -> socket.socket:
        raise OSError(number, os.strerror(number))

    with pytest.raises(expected) as caught:
        await dialler(993, failing).connect(local(993, "127.0.0.1"), 5.0)

    assert isinstance(caught.value.__cause__, OSError)


async def test_shortage_of_our_own_is_no_verdict_on_the_server() -> None:
    """Without a free descriptor the error is the system's: the server has done nothing."""

    def failing(family: socket.AddressFamily) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        await dialler(993, failing).connect(local(993, "127.0.0.1", "127.0.0.2"), 5.0)


async def test_most_telling_failure_is_told() -> None:
    """No route by IPv6 and refused by IPv4 is refused: the machine answered."""

    def failing(family: socket.AddressFamily) -> socket.socket:
        number = errno.ENETUNREACH if family == socket.AF_INET6 else errno.ECONNREFUSED
        raise OSError(number, os.strerror(number))

    policy = EgressPolicy((LOOPBACK, ip_network("::1/128")))
    egress = Egress(policy, Names(), open_socket=failing)

    with pytest.raises(ConnectRefused):
        await egress.connect(local(993, "::1", "127.0.0.1"), 5.0)


async def test_refused_targets_are_not_dialled(listening: Callable[..., int]) -> None:
    """A server that listens on loopback sees no connection from refused targets."""
    port, sockets = listening("127.0.0.1"), Sockets()
    policy = EgressPolicy((), frozenset({port}), refusal_seconds=0)
    egress = Egress(policy, Names(mail="127.0.0.1"), open_socket=sockets)

    for host in ("127.0.0.1", "localhost", "mail", "2130706433", "::ffff:127.0.0.1"):
        with pytest.raises(EgressRefused):
            await egress.resolve(host, port)

    assert sockets.opened == []


def descriptors() -> int:
    """Count this process's open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_descriptors_are_as_before(listening: Callable[..., int]) -> None:
    """A hundred connections, won, overtaken and refused, leave no descriptor behind."""
    port = listening("127.0.0.2", silent=("127.0.0.1",))
    egress = dialler(port, socket.socket, delay=0)
    gc.collect()
    before = descriptors()

    for _ in range(50):
        route = local(port, "127.0.0.3", "127.0.0.1", "127.0.0.2")
        (await egress.connect(route, 5.0)).socket.close()
        with pytest.raises(ConnectRefused):
            await egress.connect(local(port, "127.0.0.3"), 5.0)

    assert descriptors() == before
