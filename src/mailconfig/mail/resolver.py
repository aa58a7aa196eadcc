"""Looks up the addresses of host names: by given DNS servers, or as the system does it.

Implements `domain.resolution.Resolver`. Every look-up ends in time and can be cancelled. Must not
judge addresses, which is egress's part, and must not mix its two sources: where an operator names
DNS servers only they are asked, not /etc/hosts and not the system.
"""

import asyncio
import socket
import threading
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from mailconfig.domain.resolution import (
    IPAddress,
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    ResolutionError,
)
from mailconfig.mail.memory import Memory


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Whom to ask, and how long."""

    dns_servers: tuple[tuple[str, int], ...] = ()
    """IP address and port of each server, asked in this order; empty: the system's resolver."""
    timeout_seconds: float = 4.0
    """For a look-up as a whole."""
    attempt_seconds: float = 2.0
    """For one question to one server before the next is asked, or the same again: a lost packet
    leaves time for another try, and slow servers have most of the look-up's time.
    """
    other_family_seconds: float = 0.5
    """How long IPv6 answers are waited for when IPv4's are there, and the reverse (RFC 8305)."""
    cache_entries: int = 1024
    """Names remembered; 0: none. The system's resolver has caches of its own."""
    cache_seconds: float = 30.0
    """Longest time an answer is remembered, however long its TTL: people who mend DNS retry."""
    negative_seconds: float = 5.0
    """How long the absence of a name or address is remembered."""
    records_seconds: float = 300.0
    """Longest time an answer about other records is remembered, however long its TTL."""
    records_negative_seconds: float = 60.0
    """Longest time the absence of other records is remembered, however long the zone's minimum
    (RFC 2308, section 5).
    """
    trust_ad: bool = False
    """Whether the AD bit of an answer counts as DNSSEC (RFC 6840, section 5.8): only where nobody
    between here and the DNS server can write one.
    """
    threads: int = 16
    """System look-ups at once: each blocks a thread that cannot be stopped."""
    waiting_max: int = 500
    """System look-ups under way or waiting for a thread; more are NameTemporary at once."""


SYSTEM_SERVERS: Final = Path("/etc/resolv.conf")
"""Where the system's DNS servers are named."""


def dns_client(
    settings: ResolverSettings, resolv_conf: Path = SYSTEM_SERVERS
) -> dns.asyncresolver.Resolver:
    """Return a client of the operator's DNS servers, or of the system's where none are named.

    It has the deadlines of the settings. Without any server each of its questions fails.
    """
    client = dns.asyncresolver.Resolver(configure=False)
    if settings.dns_servers:
        client.nameservers = [
            dns.nameserver.Do53Nameserver(address, port) for address, port in settings.dns_servers
        ]
    else:
        # No file, one that names no server, or one that cannot be read.
        with suppress(dns.resolver.NoResolverConfiguration, ValueError):
            client.read_resolv_conf(resolv_conf)
    client.timeout = settings.attempt_seconds
    client.lifetime = settings.timeout_seconds
    return client


def create_resolver(settings: ResolverSettings) -> "ServersResolver | SystemResolver":
    """Return the resolver that the settings ask for."""
    return ServersResolver(settings) if settings.dns_servers else SystemResolver(settings)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What is known about a name, or about one family of its addresses."""

    addresses: tuple[IPAddress, ...] = ()
    error: type[ResolutionError] | None = None
    """Set when there are no addresses."""
    seconds: float = 0.0
    """How long it may be remembered."""


class ServersResolver:
    """Asks the operator's DNS servers for A and AAAA records, side by side."""

    def __init__(
        self, settings: ResolverSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._memory: Memory[str, _Finding] = Memory(settings.cache_entries, clock)
        self._client = dns_client(settings)

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return the IPv6, then the IPv4 addresses of a lower-case ASCII name.

        Raises NameNotFound, NameWithoutAddress or NameTemporary.
        """
        known = self._memory.recall(host)
        finding = await self._asked(host) if known is None else known[0]
        if finding.error is not None:
            raise finding.error(host)
        return finding.addresses

    async def _asked(self, host: str) -> _Finding:
        finding = await self._found(host)
        self._memory.keep(host, finding, finding.seconds)
        return finding

    async def _found(self, host: str) -> _Finding:
        try:
            name = dns.name.from_text(host)
        except dns.exception.DNSException:  # a label or name too long to exist
            return _Finding(error=NameNotFound)
        return _merged(await self._families(name))

    async def _families(self, name: dns.name.Name) -> list[_Finding]:
        """Ask for both families; once one has addresses, the other must hurry."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._settings.timeout_seconds
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._family(name, kind)) for kind in ("AAAA", "A")]
            done, late = await asyncio.wait(
                asked, timeout=end - loop.time(), return_when=FIRST_COMPLETED
            )
            if done and late:
                left = end - loop.time()
                if any(task.result().addresses for task in done):
                    left = min(left, self._settings.other_family_seconds)
                _, late = await asyncio.wait(late, timeout=left)
            for task in late:
                task.cancel()
        unknown = _Finding(error=NameTemporary)
        return [unknown if task.cancelled() else task.result() for task in asked]

    async def _family(self, name: dns.name.Name, kind: str) -> _Finding:
        try:
            answer = await self._client.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.exception.DNSException as error:
            return self._failed(error)
        if answer.rrset is None:
            return _Finding(error=NameWithoutAddress, seconds=self._settings.negative_seconds)
        seconds = min(answer.chaining_result.minimum_ttl, self._settings.cache_seconds)
        return _Finding(tuple(ip_address(each.address) for each in answer), seconds=seconds)

    def _failed(self, error: dns.exception.DNSException) -> _Finding:
        """Translate dnspython's error: only NXDOMAIN is final.

        SERVFAIL, REFUSED, silence, a loop of aliases and servers that cannot be reached are not.
        """
        if isinstance(error, dns.resolver.NXDOMAIN):
            return _Finding(error=NameNotFound, seconds=self._settings.negative_seconds)
        return _Finding(error=NameTemporary)


_WEIGHT: Final = (NameNotFound, NameTemporary, NameWithoutAddress)
"""Of two failed families the first of these counts: NXDOMAIN speaks of the name as a whole, and
while one family is unknown nobody can say that there is no address.
"""


def _merged(families: list[_Finding]) -> _Finding:
    """Return one finding: the addresses of both families, or the failure that counts."""
    found = [each for each in families if each.error is None]
    if found:
        complete = all(each.error is not NameTemporary for each in families)
        return _Finding(
            addresses=tuple(address for each in found for address in each.addresses),
            seconds=min(each.seconds for each in found) if complete else 0.0,
        )
    return min(families, key=lambda each: _WEIGHT.index(each.error or NameTemporary))


Lookup = Callable[..., Iterable[tuple[object, object, object, object, tuple[object, ...]]]]
"""The form of socket.getaddrinfo."""


class SystemResolver:
    """Asks as every program on this machine does: /etc/hosts, then the system's DNS servers.

    getaddrinfo blocks and cannot be cancelled. It runs in threads of its own, few enough not to
    exhaust the machine, so that slow names never hold up other work.
    """

    def __init__(self, settings: ResolverSettings, *, lookup: Lookup = socket.getaddrinfo) -> None:
        self._seconds = settings.timeout_seconds
        self._lookup = lookup
        self._places = threading.Semaphore(settings.waiting_max)
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="resolver")

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return the addresses of a lower-case ASCII name in the system's order (RFC 6724).

        Raises NameNotFound, NameWithoutAddress or NameTemporary.
        """
        if not self._places.acquire(blocking=False):
            raise NameTemporary(host)
        running = self._threads.submit(self._lookup, host, None, type=socket.SOCK_STREAM)
        running.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(self._seconds):
                rows = await asyncio.wrap_future(running)
        except TimeoutError as error:
            raise NameTemporary(host) from error
        except socket.gaierror as error:
            raise _SYSTEM_ERRORS.get(error.errno, NameTemporary)(host) from error
        except UnicodeError as error:  # a label too long to exist
            raise NameNotFound(host) from error
        found = tuple(dict.fromkeys(ip_address(str(row[4][0])) for row in rows))
        if not found:
            raise NameWithoutAddress(host)
        return found


_SYSTEM_ERRORS: Final[dict[int | None, type[ResolutionError]]] = {
    socket.EAI_NONAME: NameNotFound,
    socket.EAI_NODATA: NameWithoutAddress,
    socket.EAI_ADDRFAMILY: NameWithoutAddress,
}
"""getaddrinfo's errors; all else, such as EAI_AGAIN and EAI_FAIL, may be better next time."""
