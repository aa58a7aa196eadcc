"""The resolver: answers, failures, deadlines and memory, against a scripted DNS server."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from kit.dns import DnsServer, Query
from mailconfig.domain.resolution import (
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    ResolutionError,
)
from mailconfig.mail.resolver import (
    ResolverSettings,
    ServersResolver,
    SystemResolver,
    create_resolver,
)

HOST = "mail.example.test"
FOUR, SIX = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    """A DNS server that knows no names yet."""
    async with DnsServer() as server:
        yield server


class Clock:
    """A clock that stands still unless moved."""

    now = 100.0

    def __call__(self) -> float:
        """Tell the time in seconds."""
        return self.now


def asking(
    *servers: tuple[str, int], clock: Clock | None = None, **settings: float
) -> ServersResolver:
    """Return a resolver that asks these servers."""
    return ServersResolver(
        ResolverSettings(dns_servers=servers, **settings),  # type: ignore[arg-type]
        clock=clock or Clock(),
    )


async def test_addresses_of_both_families_are_found(dns: DnsServer) -> None:
    """A and AAAA are each asked once, and IPv6 comes first."""
    dns.answer(HOST, "192.0.2.1", "192.0.2.2", "2001:db8::1")

    found = await asking(dns.endpoint).addresses(HOST)

    assert found[0] == SIX
    assert sorted(map(str, found[1:])) == ["192.0.2.1", "192.0.2.2"]
    assert set(dns.queries) == {Query(HOST, "A", "udp"), Query(HOST, "AAAA", "udp")}
    assert len(dns.queries) == 2


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
async def test_one_family_is_enough(dns: DnsServer, address: str) -> None:
    """A name with addresses of one family only is found."""
    dns.answer(HOST, address)

    assert [str(each) for each in await asking(dns.endpoint).addresses(HOST)] == [address]


async def test_alias_is_followed(dns: DnsServer) -> None:
    """The addresses of an alias are those of its target."""
    dns.cname(HOST, "real.example.test")
    dns.answer("real.example.test", "192.0.2.1")

    assert await asking(dns.endpoint).addresses(HOST) == (FOUR,)


async def test_long_answer_comes_by_tcp(dns: DnsServer) -> None:
    """An answer that UDP cuts is asked for again by TCP, and is complete."""
    dns.answer(HOST, *(f"192.0.2.{n}" for n in range(60)))
    dns.truncated(HOST)

    found = await asking(dns.endpoint).addresses(HOST)

    assert {str(each) for each in found} == {f"192.0.2.{n}" for n in range(60)}
    assert Query(HOST, "A", "tcp") in dns.queries


async def test_missing_name_is_not_found(dns: DnsServer) -> None:
    """NXDOMAIN is NameNotFound."""
    with pytest.raises(NameNotFound, match=HOST):
        await asking(dns.endpoint).addresses(HOST)


async def test_name_without_addresses(dns: DnsServer) -> None:
    """A name that exists without A and AAAA is NameWithoutAddress."""
    dns.without_address(HOST)

    with pytest.raises(NameWithoutAddress):
        await asking(dns.endpoint).addresses(HOST)


async def test_failing_server_is_temporary(dns: DnsServer) -> None:
    """SERVFAIL is NameTemporary."""
    dns.servfail(HOST)

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint, timeout_seconds=0.3).addresses(HOST)


async def test_loop_of_aliases_is_temporary(dns: DnsServer) -> None:
    """Aliases that lead to each other are NameTemporary, as the SERVFAIL of real servers is."""
    dns.cname_loop(HOST, "other.example.test")

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint, timeout_seconds=0.3).addresses(HOST)


async def test_silent_server_is_temporary(dns: DnsServer) -> None:
    """No answer within the time is NameTemporary, and no question is left running."""
    dns.silent(HOST)

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint, timeout_seconds=0.2).addresses(HOST)

    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert "ServersResolver._family" not in names


async def test_server_that_is_not_there_is_temporary() -> None:
    """A closed port of a DNS server is NameTemporary."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]

    with pytest.raises(NameTemporary):
        await asking(("127.0.0.1", port), timeout_seconds=0.2).addresses(HOST)


async def test_second_server_is_asked_when_the_first_is_silent(dns: DnsServer) -> None:
    """A silent first server costs one attempt, not the look-up."""
    dns.answer(HOST, "192.0.2.1", "2001:db8::1")
    async with DnsServer() as dead:
        dead.silent(HOST)
        resolver = asking(dead.endpoint, dns.endpoint, attempt_seconds=0.1)

        assert await resolver.addresses(HOST) == (SIX, FOUR)


async def test_lost_question_is_asked_again(dns: DnsServer) -> None:
    """An answer later than one attempt is asked for again within the time of the look-up."""
    dns.answer(HOST, "192.0.2.1")
    dns.slow(HOST, 0.2)
    resolver = asking(dns.endpoint, attempt_seconds=0.05, timeout_seconds=0.6)
    again = asking(dns.endpoint, attempt_seconds=0.5, timeout_seconds=5.0)

    with pytest.raises(NameTemporary):
        await resolver.addresses(HOST)
    assert dns.asked(HOST, "A") > 1
    assert await again.addresses(HOST) == (FOUR,)


@pytest.mark.parametrize(("kind", "found"), [("AAAA", (FOUR,)), ("A", (SIX,))])
async def test_silent_family_is_not_waited_for_long(
    dns: DnsServer, kind: str, found: tuple[object, ...]
) -> None:
    """Servers that drop the questions of one family do not cost the other one's answer."""
    dns.answer(HOST, "192.0.2.1", "2001:db8::1")
    dns.silent(HOST, kind)

    async with asyncio.timeout(5):
        assert await asking(
            dns.endpoint, other_family_seconds=0.05, timeout_seconds=60, attempt_seconds=60
        ).addresses(HOST) == found  # fmt: skip


async def test_failing_family_does_not_hide_the_other(dns: DnsServer) -> None:
    """SERVFAIL for AAAA leaves the A records; they are not remembered, since half is unknown."""
    dns.answer(HOST, "192.0.2.1")
    dns.servfail(HOST, "AAAA")
    resolver = asking(dns.endpoint, other_family_seconds=0.2)

    assert await resolver.addresses(HOST) == (FOUR,)
    assert await resolver.addresses(HOST) == (FOUR,)
    assert dns.asked(HOST, "A") == 2


async def test_no_address_and_one_unknown_family_is_temporary(dns: DnsServer) -> None:
    """While AAAA fails, the absence of A records does not prove that there is no address."""
    dns.without_address(HOST)
    dns.servfail(HOST, "AAAA")

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint, timeout_seconds=0.3).addresses(HOST)


async def test_answer_is_remembered_for_its_ttl(dns: DnsServer) -> None:
    """Within the TTL nobody is asked again; after it the new answer is given."""
    dns.changing(HOST, ["192.0.2.1"], ["192.0.2.9"], ttl=20)
    clock = Clock()
    resolver = asking(dns.endpoint, clock=clock)

    first = await resolver.addresses(HOST)
    clock.now += 19.9
    second = await resolver.addresses(HOST)
    clock.now += 0.2
    third = await resolver.addresses(HOST)

    assert (first, second, third) == ((FOUR,), (FOUR,), (IPv4Address("192.0.2.9"),))
    assert dns.asked(HOST, "A") == 2


async def test_long_ttl_is_cut(dns: DnsServer) -> None:
    """An answer that wants to live for a day is forgotten after the longest time allowed."""
    dns.changing(HOST, ["192.0.2.1"], ["192.0.2.9"], ttl=86400)
    clock = Clock()
    resolver = asking(dns.endpoint, clock=clock, cache_seconds=30)

    await resolver.addresses(HOST)
    clock.now += 30

    assert await resolver.addresses(HOST) == (IPv4Address("192.0.2.9"),)


async def test_ttl_of_zero_is_not_remembered(dns: DnsServer) -> None:
    """An answer with TTL 0 is asked for each time."""
    dns.changing(HOST, ["192.0.2.1"], ["192.0.2.9"], ttl=0)
    resolver = asking(dns.endpoint)

    assert await resolver.addresses(HOST) == (FOUR,)
    assert await resolver.addresses(HOST) == (IPv4Address("192.0.2.9"),)


async def test_absence_is_remembered_for_a_moment(dns: DnsServer) -> None:
    """NXDOMAIN holds for five seconds: then a name that was just made is found."""
    clock = Clock()
    resolver = asking(dns.endpoint, clock=clock)

    with pytest.raises(NameNotFound):
        await resolver.addresses(HOST)
    dns.answer(HOST, "192.0.2.1")
    clock.now += 4.9
    with pytest.raises(NameNotFound):
        await resolver.addresses(HOST)
    clock.now += 0.2

    assert await resolver.addresses(HOST) == (FOUR,)


async def test_failure_is_not_remembered(dns: DnsServer) -> None:
    """A server that has recovered is believed at once."""
    dns.servfail(HOST)
    resolver = asking(dns.endpoint, timeout_seconds=0.2)

    with pytest.raises(NameTemporary):
        await resolver.addresses(HOST)
    dns.nxdomain(HOST)
    dns.answer(HOST, "192.0.2.1")

    assert await resolver.addresses(HOST) == (FOUR,)


async def test_memory_is_bounded(dns: DnsServer) -> None:
    """The oldest names are forgotten when there are too many."""
    names = [f"n{n}.example.test" for n in range(4)]
    for name in names:
        dns.answer(name, "192.0.2.1")
    resolver = asking(dns.endpoint, cache_entries=3)

    for name in (*names, names[0], names[3]):
        await resolver.addresses(name)

    assert [dns.asked(name, "A") for name in names] == [2, 1, 1, 1]


async def test_look_up_can_be_cancelled(dns: DnsServer) -> None:
    """A cancelled look-up ends at once and leaves no task."""
    dns.silent(HOST)
    task = asyncio.create_task(asking(dns.endpoint).addresses(HOST))
    async with asyncio.timeout(5):
        await dns.first_query.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_name_that_cannot_exist_is_not_asked_for(dns: DnsServer) -> None:
    """A label of more than 63 characters is NameNotFound without a question."""
    with pytest.raises(NameNotFound):
        await asking(dns.endpoint).addresses(f"{'a' * 64}.test")

    assert dns.queries == []


# The system's resolver, with its function scripted.


def rows(*addresses: str) -> list[tuple[object, ...]]:
    """Return what getaddrinfo would."""
    return [(0, 0, 0, "", (address, 0)) for address in addresses]


def system(answer: object, **settings: float) -> SystemResolver:
    """Return a system resolver whose look-up returns, raises or calls `answer`."""

    def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer  # type: ignore[return-value]

    return SystemResolver(ResolverSettings(**settings), lookup=lookup)  # type: ignore[arg-type]


async def test_system_knows_this_machine() -> None:
    """Without DNS servers /etc/hosts answers."""
    resolver = create_resolver(ResolverSettings())

    assert isinstance(resolver, SystemResolver)
    assert IPv4Address("127.0.0.1") in await resolver.addresses("localhost")


def test_given_servers_are_the_only_ones() -> None:
    """With DNS servers the system is not asked."""
    settings = ResolverSettings(dns_servers=(("192.0.2.53", 53),))

    assert isinstance(create_resolver(settings), ServersResolver)


async def test_order_of_the_system_is_kept() -> None:
    """Addresses come in the system's order, each once, with the scope of link-local ones."""
    found = await system(rows("192.0.2.1", "2001:db8::1", "192.0.2.1", "fe80::1%lo")).addresses(
        HOST
    )

    assert found == (FOUR, SIX, IPv6Address("fe80::1%lo"))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), NameNotFound),
        (socket.gaierror(socket.EAI_NODATA, "No address"), NameWithoutAddress),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), NameTemporary),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), NameTemporary),
        (UnicodeError("label too long"), NameNotFound),
        ([], NameWithoutAddress),
    ],
)
async def test_errors_of_the_system_are_translated(
    answer: object, expected: type[ResolutionError]
) -> None:
    """Each error of getaddrinfo has one meaning."""
    with pytest.raises(expected):
        await system(answer).addresses(HOST)


async def test_blocked_system_ends_in_time_and_is_not_exhausted() -> None:
    """Look-ups that block are given up in time; the threads stay few, and further look-ups are
    answered at once while all places are taken, and properly when they are free again.
    """
    release, started = threading.Event(), []

    def block() -> list[tuple[object, ...]]:
        started.append(threading.current_thread().name)
        release.wait(10)
        return rows("192.0.2.1")

    resolver = system(block, timeout_seconds=0.5, threads=2, waiting_max=2)
    try:
        outcomes = await asyncio.gather(
            *(resolver.addresses(HOST) for _ in range(10)), return_exceptions=True
        )
    finally:
        release.set()

    assert [type(outcome) for outcome in outcomes] == [NameTemporary] * 10
    assert len(started) == 2
    async with asyncio.timeout(5):
        while True:
            try:
                assert await resolver.addresses(HOST) == (FOUR,)
                break
            except NameTemporary:
                await asyncio.sleep(0.01)
