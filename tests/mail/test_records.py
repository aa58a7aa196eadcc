"""Look-ups of MX, SRV, TXT and CNAME, against a scripted DNS server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kit.dns import DnsServer, Query
from mailconfig.domain.resolution import (
    Answer,
    MxRecord,
    NameNotFound,
    NameTemporary,
    SrvRecord,
)
from mailconfig.mail.records import DnsRecords, create_records
from mailconfig.mail.resolver import ResolverSettings, dns_client

NAME = "example.test"
SERVICE = "_imaps._tcp.example.test"


class Clock:
    """A clock that stands still unless moved."""

    now = 100.0

    def __call__(self) -> float:
        """Tell the time in seconds."""
        return self.now


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    """A DNS server that knows no names yet."""
    async with DnsServer() as server:
        yield server


def asking(*servers: tuple[str, int], clock: Clock | None = None, **settings: float) -> DnsRecords:
    """Return what asks these servers."""
    chosen = ResolverSettings(dns_servers=servers, **settings)  # type: ignore[arg-type]
    return DnsRecords(chosen, clock=clock or Clock())


async def test_mail_exchangers_come_by_preference(dns: DnsServer) -> None:
    """The lowest preference is first; names are in lower case without the last dot."""
    dns.record(NAME, "MX", "20 b.example.test.", "10 MX.Example.test.", "20 a.example.test.")

    found = await asking(dns.endpoint).mx(NAME)

    assert found == Answer(
        (
            MxRecord(10, "mx.example.test"),
            MxRecord(20, "a.example.test"),
            MxRecord(20, "b.example.test"),
        ),
        ttl_seconds=60,
    )


async def test_null_mx_is_an_empty_host(dns: DnsServer) -> None:
    """A domain without mail says "." (RFC 7505)."""
    dns.record(NAME, "MX", "0 .")

    assert (await asking(dns.endpoint).mx(NAME)).records == (MxRecord(0, ""),)


async def test_services_come_by_priority_and_weight(dns: DnsServer) -> None:
    """The lowest priority is first, then the highest weight; "." has an empty target."""
    dns.record(
        SERVICE,
        "SRV",
        "10 5 993 light.example.test.",
        "20 0 0 .",
        "10 60 993 heavy.example.test.",
        "0 0 1993 first.example.test.",
    )

    found = await asking(dns.endpoint).srv(SERVICE)

    assert found.records == (
        SrvRecord(0, 0, 1993, "first.example.test"),
        SrvRecord(10, 60, 993, "heavy.example.test"),
        SrvRecord(10, 5, 993, "light.example.test"),
        SrvRecord(20, 0, 0, ""),
    )


async def test_strings_of_a_text_are_joined(dns: DnsServer) -> None:
    """A text in several strings is one (RFC 7208, section 3.3); others keep their places."""
    dns.record(NAME, "TXT", '"v=spf1 " "-all"', '"b\\195\\188ro"', '"\\255"')

    assert (await asking(dns.endpoint).txt(NAME)).records == ("büro", "v=spf1 -all", "ÿ")


async def test_alias_is_told_and_followed(dns: DnsServer) -> None:
    """CNAME tells the target; other types give the target's records."""
    dns.cname(NAME, "real.example.test")
    dns.record("real.example.test", "MX", "10 mx.example.test.")
    records = asking(dns.endpoint)

    assert (await records.cname(NAME)).records == ("real.example.test",)
    assert (await records.mx(NAME)).records == (MxRecord(10, "mx.example.test"),)


async def test_name_without_such_records_is_an_empty_answer(dns: DnsServer) -> None:
    """The name exists: no records, for as long as the zone's minimum says (RFC 2308)."""
    dns.without_address(NAME)
    dns.soa(NAME, minimum=42)

    assert await asking(dns.endpoint).mx(NAME) == Answer((), ttl_seconds=42)


async def test_names_that_no_host_has_are_left_out(dns: DnsServer) -> None:
    """A stranger's record with blanks or marks in its name is of no use; the others stay."""
    dns.record(NAME, "MX", "5 https://mx\\032x.example.test.", "10 mx.example.test.")

    assert (await asking(dns.endpoint).mx(NAME)).records == (MxRecord(10, "mx.example.test"),)


async def test_cut_answer_is_asked_for_by_tcp(dns: DnsServer) -> None:
    """A truncated answer comes whole by TCP, however long."""
    texts = [f'"{number:04} {"x" * 200}"' for number in range(100)]
    dns.record(NAME, "TXT", *texts)
    dns.truncated(NAME)

    found = await asking(dns.endpoint).txt(NAME)

    assert found.records == tuple(text.strip('"') for text in texts)
    assert dns.queries == [Query(NAME, "TXT", "udp"), Query(NAME, "TXT", "tcp")]


async def test_only_so_many_records_are_taken(dns: DnsServer) -> None:
    """An answer of 300 records gives 200."""
    dns.record(NAME, "MX", *(f"{number} mx.example.test." for number in range(300)))
    dns.truncated(NAME)

    assert len((await asking(dns.endpoint).mx(NAME)).records) == 200


async def test_forged_answer_is_ignored(dns: DnsServer) -> None:
    """An answer with another id is not taken, although it comes first."""
    dns.record(NAME, "MX", "10 mx.example.test.")
    dns.forged(NAME, "0 evil.example.test.")

    assert (await asking(dns.endpoint).mx(NAME)).records == (MxRecord(10, "mx.example.test"),)


async def test_missing_name_is_not_found(dns: DnsServer) -> None:
    """NXDOMAIN is final."""
    with pytest.raises(NameNotFound):
        await asking(dns.endpoint).mx(NAME)


@pytest.mark.parametrize(
    "name",
    [
        "",  # nothing
        f"{'a' * 64}.example.test",  # a label too long
        ".".join(["a" * 60] * 5),  # a name too long
        "a..example.test",  # an empty label
        "a b.example.test",  # a blank
        "a\\.b.example.test",  # an escape
        "büro.example.test",  # not ASCII
    ],
)
async def test_what_cannot_be_a_name_is_not_asked(dns: DnsServer, name: str) -> None:
    """Such names do not exist, and no server learns of them."""
    with pytest.raises(NameNotFound):
        await asking(dns.endpoint).txt(name)
    assert dns.queries == []


async def test_loop_of_aliases_is_temporary(dns: DnsServer) -> None:
    """A loop tells nothing about the name."""
    dns.cname_loop(NAME, "other.example.test")

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint).mx(NAME)


async def test_failing_server_is_temporary(dns: DnsServer) -> None:
    """SERVFAIL says nothing about the name, and is not remembered."""
    dns.servfail(NAME)
    records = asking(dns.endpoint, timeout_seconds=0.5)
    with pytest.raises(NameTemporary):
        await records.mx(NAME)
    dns.nxdomain(NAME)

    with pytest.raises(NameNotFound):
        await records.mx(NAME)


async def test_silence_ends_in_time(dns: DnsServer) -> None:
    """A silent server costs the time of a look-up, in which it is asked again."""
    dns.silent(NAME)
    loop = asyncio.get_running_loop()
    start = loop.time()

    with pytest.raises(NameTemporary):
        await asking(dns.endpoint, timeout_seconds=0.5, attempt_seconds=0.2).mx(NAME)

    assert 0.4 <= loop.time() - start < 1.5
    assert dns.asked(NAME, "MX") >= 2


async def test_unreachable_server_is_temporary() -> None:
    """Nobody to ask is no word about the name."""
    with pytest.raises(NameTemporary):
        await asking(("127.0.0.1", 1), timeout_seconds=0.5).mx(NAME)


async def test_look_up_can_be_cancelled(dns: DnsServer) -> None:
    """A cancelled look-up ends at once and leaves no task."""
    dns.silent(NAME)
    before = asyncio.all_tasks()
    task = asyncio.create_task(asking(dns.endpoint).mx(NAME))
    await dns.first_query.wait()

    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert task.cancelled()
    assert asyncio.all_tasks() == before


async def test_answer_is_remembered_for_its_ttl(dns: DnsServer) -> None:
    """Within the TTL nobody is asked, and the rest of it is told; then the server is."""
    dns.record(NAME, "MX", "10 mx.example.test.", ttl=60)
    clock = Clock()
    records = asking(dns.endpoint, clock=clock)
    await records.mx(NAME)

    clock.now += 20
    again = await records.mx(NAME)
    assert (again.ttl_seconds, dns.asked(NAME, "MX")) == (40, 1)
    clock.now += 40
    await records.mx(NAME)
    assert dns.asked(NAME, "MX") == 2


async def test_answer_is_remembered_for_a_bounded_time(dns: DnsServer) -> None:
    """A TTL of a week does not keep a mistake for longer than our limit."""
    dns.record(NAME, "MX", "10 mx.example.test.", ttl=604800)
    clock = Clock()
    records = asking(dns.endpoint, clock=clock, records_seconds=30)
    await records.mx(NAME)

    clock.now += 30
    await records.mx(NAME)
    assert dns.asked(NAME, "MX") == 2


@pytest.mark.parametrize(
    ("minimum", "seconds"),
    [
        (10, 10),  # the zone's word
        (86400, 60),  # our limit
    ],
)
async def test_absence_is_remembered_for_the_minimum(
    dns: DnsServer, minimum: int, seconds: int
) -> None:
    """A denial holds for the SOA's minimum (RFC 2308), at most for our limit."""
    dns.soa("test", minimum=minimum)
    clock = Clock()
    records = asking(dns.endpoint, clock=clock)
    for moment in (0, seconds - 1, seconds):
        clock.now = 100.0 + moment
        with pytest.raises(NameNotFound):
            await records.mx(NAME)

    assert dns.asked(NAME, "MX") == 2


async def test_types_are_remembered_apart(dns: DnsServer) -> None:
    """What is known about one type of a name is no answer about another."""
    dns.record(NAME, "MX", "10 mx.example.test.")
    dns.record(NAME, "TXT", '"hello"')
    records = asking(dns.endpoint)

    assert len((await records.mx(NAME)).records) == 1
    assert (await records.txt(NAME)).records == ("hello",)


async def test_memory_is_bounded(dns: DnsServer) -> None:
    """With place for one name the first is forgotten for the second."""
    for name in ("a.test", "b.test"):
        dns.record(name, "MX", "10 mx.example.test.")
    records = asking(dns.endpoint, cache_entries=1)
    for name in ("a.test", "b.test", "b.test", "a.test"):
        await records.mx(name)

    assert (dns.asked("a.test", "MX"), dns.asked("b.test", "MX")) == (2, 1)


async def test_huge_answer_is_not_remembered(dns: DnsServer) -> None:
    """An answer of more than 16 kB is given and forgotten."""
    dns.record(NAME, "TXT", *(f'"{number:03}{"x" * 200}"' for number in range(150)))
    dns.truncated(NAME)
    records = asking(dns.endpoint)
    await records.txt(NAME)
    await records.txt(NAME)

    assert dns.asked(NAME, "TXT") == 4


@pytest.mark.parametrize(
    ("trusted", "vouched", "secure"),
    [
        (True, True, True),  # the server vouches, and counts
        (False, True, False),  # its word does not count
        (True, False, False),  # it does not vouch
    ],
)
async def test_dnssec_counts_where_the_server_is_trusted(
    dns: DnsServer, *, trusted: bool, vouched: bool, secure: bool
) -> None:
    """An answer is secure only by the AD bit of a server that the operator trusts."""
    dns.record(NAME, "MX", "10 mx.example.test.")
    if vouched:
        dns.vouched(NAME)

    records = asking(dns.endpoint, trust_ad=trusted)

    assert (await records.mx(NAME)).secure is secure
    assert (await records.mx(NAME)).secure is secure  # from memory, too


async def test_named_servers_alone_are_asked(dns: DnsServer, tmp_path: Path) -> None:
    """With DNS servers in the settings the system's are not known at all."""
    system = tmp_path / "resolv.conf"
    system.write_text("nameserver 192.0.2.53\n", encoding="utf-8")
    settings = ResolverSettings(dns_servers=(dns.endpoint,))

    servers = dns_client(settings, system).nameservers
    assert [(each.address, each.port) for each in servers] == [dns.endpoint]  # type: ignore[union-attr]
    assert dns_client(replace(settings, dns_servers=()), system).nameservers == ["192.0.2.53"]


@pytest.mark.parametrize("content", [None, "", "nameserver nonsense\n"])
async def test_system_without_servers_is_temporary(tmp_path: Path, content: str | None) -> None:
    """A machine that names no DNS server can say nothing about a name."""
    system = tmp_path / "resolv.conf"
    if content is not None:
        system.write_text(content, encoding="utf-8")

    with pytest.raises(NameTemporary):
        await create_records(ResolverSettings(timeout_seconds=0.5), system).mx(NAME)
