"""The only way out: every connection to a host that a user, a tenant or a stranger named.

    route = await egress.resolve(host, port)        # looked up once, every address checked
    connection = await egress.connect(route, 5.0)   # one of the checked addresses is dialled

Threat: somebody uses a connection test to reach or to map the network that this service runs in
(SSRF, port scans, DNS rebinding, cloud metadata). So: the name is looked up once and the checked
address is connected, never the name; one forbidden address refuses the whole name; spellings that
libraries read differently are refused; all refusals look and take the same, and say nothing.
Limit: whether a name exists is told, and public addresses are dialled from here.

Must not know a protocol. Callers verify the name by TLS. Errors of the resolver pass through.

    EgressError
    |- EgressRefused         not allowed; deliberately without any detail
    `- ConnectError          allowed, but no connection
       |- ConnectRefused     nothing listens
       |- ConnectReset       cut while connecting
       |- ConnectTimeout     no answer in time
       `- ConnectUnreachable no route to the host
"""

import asyncio
import errno
import logging
import re
import socket
import time
from asyncio import FIRST_COMPLETED
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import chain, zip_longest
from typing import Final

from mailconfig.domain.networks import embedded, is_public
from mailconfig.domain.resolution import IPAddress, NameWithoutAddress, Resolver

_log = logging.getLogger(__name__)

IPNetwork = IPv4Network | IPv6Network


class EgressError(Exception):
    """No connection. Leaves as drawn above."""


class EgressRefused(EgressError):
    """The target is not allowed. Why is in the operator's log only."""

    def __init__(self) -> None:
        super().__init__("This target is not allowed.")


class ConnectError(EgressError):
    """The target is allowed, but there is no connection."""


class ConnectRefused(ConnectError):
    """The machine answers, nothing listens (ECONNREFUSED)."""


class ConnectReset(ConnectError):
    """The connection was cut while it was made."""


class ConnectTimeout(ConnectError):
    """No answer in time."""


class ConnectUnreachable(ConnectError):
    """No route from here to any address of the host."""


class _Forbidden(Exception):
    """Why a target is refused, for the operator's log; never leaves `resolve`."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What the operator allows, and the pace of attempts and refusals."""

    allow_networks: tuple[IPNetwork, ...] = ()
    """Reachable although special; adds to the public internet."""
    allow_ports: frozenset[int] = frozenset({25, 143, 465, 587, 993, 2525, 2587})
    """Ports that may be dialled, nothing else."""
    allow_endpoints: frozenset[tuple[IPAddress, int]] = frozenset()
    """Address and port together, each pair beside all that: servers of this very process."""
    refusal_seconds: float = 0.5
    """A refusal takes a whole multiple of this, longer than nearly every look-up; 0: no wait."""
    attempt_delay_seconds: float = 0.25
    """Head start of an address before the next one is tried (RFC 8305, section 5)."""
    addresses_max: int = 8
    """Addresses of a name that are dialled: a name of hundreds must not make us a flood."""


@dataclass(frozen=True, slots=True)
class Route:
    """A target whose addresses were looked up once and checked, all of them."""

    host: str
    """Lower case; the name to verify by TLS."""
    port: int
    addresses: tuple[IPAddress, ...]
    """In the order of attempts; families alternate (RFC 8305, section 4)."""


_Attempts = dict[asyncio.Task[socket.socket], IPAddress]
"""Attempts under way and the address of each."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected, non-blocking TCP socket, which the caller owns and closes."""

    socket: socket.socket
    address: IPAddress
    """The address that answered."""
    failed: tuple[IPAddress, ...] = ()
    """Addresses that failed before it."""
    broken: tuple[IPAddress, ...] = ()
    """Those of them that there is a way to from here: not we lack their family."""


class Egress:
    """Resolves, checks and connects. Clock, sleep and socket are parameters for tests."""

    def __init__(
        self,
        policy: EgressPolicy,
        resolver: Resolver,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        open_socket: Callable[[socket.AddressFamily], socket.socket] = socket.socket,
    ) -> None:
        self._policy = policy
        self._ports = policy.allow_ports | {port for _, port in policy.allow_endpoints}
        self._resolver = resolver
        self._clock = clock
        self._sleep = sleep
        self._open_socket = open_socket

    async def resolve(self, host: str, port: int) -> Route:
        """Look the host up once and check port and every address.

        `host` is an ASCII name or an IP literal. Raises EgressRefused, always a whole multiple of
        `refusal_seconds` after the call, and the errors of `domain.resolution`.
        """
        started = self._clock()
        try:
            name, addresses = await self._checked(host, port)
            return Route(name, port, _alternating(addresses)[: self._policy.addresses_max])
        except _Forbidden as forbidden:
            shown = ascii(host[:_NAME_MAX_CHARACTERS])  # a stranger's text must not forge a line
            facts = {"host": shown, "port": port, "reason": str(forbidden)}
            _log.warning("egress refused", extra=facts)
        await self._wait_like_all_refusals(started)
        raise EgressRefused  # outside of the handler: the reason is not even its context

    async def _checked(self, host: str, port: int) -> tuple[str, tuple[IPAddress, ...]]:
        """Return the host as it is to be verified, and its addresses, all of them permitted."""
        if port not in self._ports:
            raise _Forbidden("port")
        target = _parse(host)
        addresses = await self._addresses(target, port)
        if not addresses:
            raise NameWithoutAddress(host)
        for address in addresses:
            if not self._may_dial(address, port):
                raise _Forbidden(f"address {address}")
        return str(target), addresses

    async def _addresses(self, target: IPAddress | str, port: int) -> tuple[IPAddress, ...]:
        if not isinstance(target, str):
            return (target,)
        if target == "localhost" or target.endswith(".localhost"):
            # RFC 6761, section 6.3: never looked up. One allowed loopback address is enough.
            allowed = (each for each in _LOCALHOST if self._may_dial(each, port))
            return tuple(allowed) or _LOCALHOST
        return await self._resolver.addresses(target)

    async def _wait_like_all_refusals(self, started: float) -> None:
        """Sleep until a whole multiple of the refusal time has passed since `started`."""
        pace = self._policy.refusal_seconds
        elapsed = self._clock() - started
        await self._sleep(pace - elapsed % pace if pace > 0 else 0)

    def permits(self, address: IPAddress) -> bool:
        """Tell whether an address may be dialled on the allowed ports.

        A special one only inside of an allowed network. An IPv4 address that an IPv6 one carries is
        judged as well: neither form is allowed by allowing the other.
        """
        if isinstance(address, IPv6Address) and (
            address.scope_id is not None
            or not all(self.permits(inner) for inner in embedded(address))
        ):
            return False
        return is_public(address) or any(address in each for each in self._policy.allow_networks)

    def _may_dial(self, address: IPAddress, port: int) -> bool:
        """Tell whether this port of this address may be dialled."""
        if (address, port) in self._policy.allow_endpoints:
            return True
        return port in self._policy.allow_ports and self.permits(address)

    async def connect(self, route: Route, timeout_seconds: float) -> Connection:
        """Dial the checked addresses, each with a head start; the first to answer wins (RFC 8305).

        All other sockets are closed when this returns, raises or is cancelled. Raises leaves of
        ConnectError, or EgressRefused for a route that this policy would not have made.
        """
        addresses_fit = all(self._may_dial(address, route.port) for address in route.addresses)
        if route.port not in self._ports or not addresses_fit:
            raise EgressRefused
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._race(route)
        except TimeoutError as error:
            raise ConnectTimeout("No answer in time.") from error

    async def _race(self, route: Route) -> Connection:
        attempts: _Attempts = {}
        connection: Connection | None = None
        try:
            connection = await self._first(route, attempts)
        finally:
            try:
                await _abandon(attempts)
            except asyncio.CancelledError:  # nobody is left to take the winner
                if connection is not None:
                    connection.socket.close()
                raise
        return connection

    async def _first(self, route: Route, attempts: _Attempts) -> Connection:
        """Return the first connection; `attempts` then holds the losers that are under way."""
        waiting = deque(route.addresses)
        failures: dict[IPAddress, ConnectError] = {}
        while waiting or attempts:
            if waiting:
                address = waiting.popleft()
                attempts[asyncio.create_task(self._dial(address, route.port))] = address
            delay = self._policy.attempt_delay_seconds if waiting else None
            done, _ = await asyncio.wait(attempts, timeout=delay, return_when=FIRST_COMPLETED)
            for task in done:
                try:
                    connected = task.result()
                except ConnectError as error:
                    failures[attempts.pop(task)] = error
                else:
                    broken = tuple(each for each in failures if _has_way(failures[each]))
                    return Connection(connected, attempts.pop(task), tuple(failures), broken)
        raise min(failures.values(), key=lambda error: _TELLING.index(type(error)))

    async def _dial(self, address: IPAddress, port: int) -> socket.socket:
        family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
        try:
            with ExitStack() as unless_connected:
                opened = unless_connected.enter_context(self._open_socket(family))
                opened.settimeout(0)
                # A dialogue of short lines: waiting for more to send only costs time.
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.get_running_loop().sock_connect(opened, (str(address), port))
                unless_connected.pop_all()
                return opened
        except OSError as error:
            if error.errno not in _CONNECT_ERRORS:
                raise
            raise _CONNECT_ERRORS[error.errno](str(address)) from error


_TELLING: Final = [ConnectRefused, ConnectReset, ConnectTimeout, ConnectUnreachable]
"""Where addresses fail differently, the first of these is told: the one nearest to an answer."""
_CONNECT_ERRORS: Final[dict[int | None, type[ConnectError]]] = {
    errno.ECONNREFUSED: ConnectRefused,
    errno.ECONNRESET: ConnectReset,
    errno.ECONNABORTED: ConnectReset,
    errno.EPIPE: ConnectReset,
    errno.ETIMEDOUT: ConnectTimeout,
    errno.ENETUNREACH: ConnectUnreachable,
    errno.EHOSTUNREACH: ConnectUnreachable,
    errno.ENETDOWN: ConnectUnreachable,
    errno.EHOSTDOWN: ConnectUnreachable,
    errno.ENOPROTOOPT: ConnectUnreachable,  # ICMP: protocol unreachable
    errno.EADDRNOTAVAIL: ConnectUnreachable,  # no address of our own of this family
    errno.EAFNOSUPPORT: ConnectUnreachable,  # this machine has no IPv6
    errno.EINVAL: ConnectUnreachable,  # no way there from our address
    errno.EACCES: ConnectUnreachable,  # a firewall of this machine
    errno.EPERM: ConnectUnreachable,  # the same
}
"""What the system says when connecting. All else, such as EMFILE, is a fault of our own."""


_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What a machine without IPv6 says of every IPv6 address."""


def _has_way(error: ConnectError) -> bool:
    return not (isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_WAY)


async def _abandon(attempts: _Attempts) -> None:
    """Cancel what is under way; whatever still connects is closed, even if we are cancelled."""
    for task in attempts:
        task.cancel()
        task.add_done_callback(_close_result)
    if attempts:
        await asyncio.wait(attempts)


def _close_result(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


def _alternating(addresses: tuple[IPAddress, ...]) -> tuple[IPAddress, ...]:
    """Return each address once, families in turn, beginning with the preferred one."""
    unique = tuple(dict.fromkeys(addresses))
    preferred = [each for each in unique if each.version == unique[0].version]
    others = [each for each in unique if each.version != unique[0].version]
    turns = chain.from_iterable(zip_longest(preferred, others))
    return tuple(each for each in turns if each is not None)


_NAME_MAX_CHARACTERS: Final = 253
"""Longest host name in text form (RFC 1035, section 2.3.4)."""
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""Letters, digits, hyphens (RFC 1123, section 2.1) and, as some hosts have them, underscores."""
_NUMERIC_END: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
"""Names that some libraries read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1."""


def _parse(host: str) -> IPAddress | str:
    """Return the address or the lower-case name that every library reads in the same way.

    Raises _Forbidden for all else: numbers, brackets, a trailing dot, other scripts, blanks.
    """
    try:
        return ip_address(host)
    except ValueError:
        name = host.lower()
    plain = host.isascii() and len(name) <= _NAME_MAX_CHARACTERS and _NAME.fullmatch(name)
    if not plain or _NUMERIC_END.search(name):
        raise _Forbidden("not a plain host name or address")
    return name


_LOCALHOST: Final[tuple[IPAddress, ...]] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
