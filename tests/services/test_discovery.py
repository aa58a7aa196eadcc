"""Discovery as a service: priority, budget, cancellation, kept answers, one run for many."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from kit.discovery import (
    DOMAIN,
    Clock,
    FakeKnocks,
    FakeRecords,
    FakeSource,
    discovering,
    finding,
    hosts,
    pair,
    principal,
    server,
)
from kit.drafts import shipped
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import (
    Discovery,
    DiscoverySource,
    FindingStatus,
    Proposal,
    Query,
    Trust,
)
from mailconfig.domain.errors import InvalidInput, RateLimited
from mailconfig.services.discovery import DiscoveryService, DiscoverySettings

PACC, AUTOCONFIG, ISPDB = (
    DiscoverySource.PACC,
    DiscoverySource.AUTOCONFIG,
    DiscoverySource.ISPDB,
)
SRV, MX, GUESS = DiscoverySource.SRV, DiscoverySource.MX, DiscoverySource.GUESS
ANN = f"ann@{DOMAIN}"
QUICK = DiscoverySettings(budget_seconds=1, source_seconds=0.3)


async def ask(service: DiscoveryService, asked: str = ANN, *, online: bool = True) -> Discovery:
    """Ask as one signed-in person."""
    return await service.discover(principal(), asked, online=online, path=("emailAddress",))


def statuses(answer: Discovery) -> dict[DiscoverySource, FindingStatus]:
    """Return how each source ended."""
    return {item.source: item.status for item in answer.findings}


async def test_the_best_source_wins_not_the_first() -> None:
    """The better one is waited for though another has answered already."""
    sources = [
        FakeSource(finding(ISPDB, pair("ispdb.test", "ispdb.test"))),
        FakeSource(finding(PACC, pair()), seconds=0.1),
    ]
    async with discovering(sources=sources) as service:
        answer = await ask(service)
    assert hosts([item.incoming for item in answer.candidates]) == [
        "imap.example.test",
        "ispdb.test",
    ]


async def test_what_cannot_change_the_answer_is_cancelled() -> None:
    """Once the best has answered nobody waits for the rest."""
    slow = FakeSource(finding(ISPDB, pair("ispdb.test", "ispdb.test")), seconds=30)
    async with discovering(sources=[FakeSource(finding(PACC, pair())), slow]) as service:
        answer = await ask(service)
    assert (slow.cancelled, slow.ended) == (1, 0)
    assert ISPDB not in statuses(answer)
    assert len(answer.candidates) == 1


async def test_a_sure_row_asks_nobody() -> None:
    """The catalogue knows: no DNS, no document, no knock."""
    records, knocks = FakeRecords(), FakeKnocks()
    source = FakeSource(finding(PACC, pair()))
    async with discovering(records, [source], knocks) as service:
        answer = await ask(service, "ann@gmail.com")
    assert (records.asked, source.queries, knocks.requests) == ([], [], [])
    (candidate,) = answer.candidates
    assert (candidate.trust, candidate.provider_id) == (Trust.CATALOGUE, "gmail")
    assert candidate.incoming is not None
    assert candidate.incoming.username == "ann@gmail.com"


async def test_a_doubtful_row_is_compared_with_the_operators_records() -> None:
    """Both are shown with their evidence, the operator's first."""
    row = next(
        row
        for row in shipped().providers
        if row.confidence.value == "MEDIUM" and row.domains and row.incoming and not row.silent
    )
    records = FakeRecords()
    records.answer_mx(row.domains[0], "mx.unheard-of.example")
    own = FakeSource(finding(AUTOCONFIG, pair("own.test", "own.test")))
    async with discovering(records, [own]) as service:
        answer = await ask(service, f"ann@{row.domains[0]}")
    assert [item.evidence[0].source for item in answer.candidates] == [
        AUTOCONFIG,
        DiscoverySource.CATALOGUE,
    ]
    assert [item.source for item in answer.candidates[1].disagreements] == [AUTOCONFIG]


async def test_offline_asks_nobody() -> None:
    """The catalogue alone; an unconfirmed row is not offered without its probe."""
    records, knocks = FakeRecords(), FakeKnocks()
    low = next(
        row
        for row in shipped().providers
        if row.confidence.value == "LOW" and row.domains and not row.silent
    )
    async with discovering(records, [FakeSource(finding(PACC, pair()))], knocks) as service:
        assert (await ask(service, online=False)).candidates == ()
        answer = await ask(service, low.domains[0], online=False)
    assert (answer.candidates, answer.provider_id) == ((), low.id)
    assert (records.asked, knocks.requests) == ([], [])


async def test_each_source_has_its_time_and_the_others_go_on() -> None:
    """A source that never answers is a finding of its own."""
    sources = [
        FakeSource(finding(PACC, pair()), seconds=60),
        FakeSource(finding(AUTOCONFIG, pair()), seconds=0.05),
    ]
    async with discovering(sources=sources, settings=QUICK) as service:
        answer = await ask(service)
    assert statuses(answer)[PACC] is FindingStatus.TIMED_OUT
    assert hosts([answer.candidates[0].incoming]) == ["imap.example.test"]


async def test_a_broken_source_does_not_take_the_others_along() -> None:
    """What a source must not do is logged, and one finding is missing."""
    sources = [
        FakeSource(finding(PACC, pair()), error=ValueError("a fault of ours")),
        FakeSource(finding(AUTOCONFIG, pair())),
    ]
    async with discovering(sources=sources) as service:
        answer = await ask(service)
    assert statuses(answer)[PACC] is FindingStatus.UNAVAILABLE
    assert len(answer.candidates) == 1


async def test_the_budget_is_kept_when_everybody_is_silent() -> None:
    """Eight seconds in all by issue 3: DNS, documents and guesses together, here scaled down."""
    records = FakeRecords()
    records.answer_mx(DOMAIN, "mx.example.test")
    for label in ("_imaps", "_imap", "_submissions", "_submission"):
        records.seconds[f"{label}._tcp.{DOMAIN}"] = 60
    source = FakeSource(finding(PACC, pair()), seconds=60)
    knocks = FakeKnocks(silent_seconds=60)
    started = time.monotonic()
    async with discovering(records, [source], knocks, settings=QUICK) as service:
        answer = await ask(service)
    assert time.monotonic() - started < 2
    assert answer.candidates == ()
    assert statuses(answer)[PACC] is FindingStatus.TIMED_OUT
    assert statuses(answer)[SRV] is FindingStatus.UNAVAILABLE
    assert GUESS in statuses(answer)


async def test_guesses_are_made_only_where_nothing_else_names_servers() -> None:
    """Names are tried last, and never beside an operator's word."""
    knocks = FakeKnocks({("imap.example.test", 993): 0, ("smtp.example.test", 465): 0})
    async with discovering(sources=[FakeSource(finding(PACC, pair()))], prober=knocks) as service:
        await ask(service)
    assert knocks.requests == []
    async with discovering(prober=knocks) as service:
        answer = await ask(service)
    (candidate,) = answer.candidates
    assert (candidate.trust, candidate.probed) == (Trust.GUESSED, True)
    assert candidate.incoming is not None
    assert candidate.incoming.username == ANN


ENDS = [
    ("", DiagnosticCode.DNS_NO_ADDRESS),
    ("mx1.improvmx.com", DiagnosticCode.FORWARD_ONLY),
    ("mail.tutanota.de", DiagnosticCode.NO_CLIENT_ACCESS),
]


@pytest.mark.parametrize(("exchanger", "code"), ENDS)
async def test_where_there_is_no_mailbox_nobody_guesses(
    exchanger: str, code: DiagnosticCode
) -> None:
    """Null MX, forwarders and providers without access: a reason, and no knock."""
    records, knocks = FakeRecords(), FakeKnocks()
    records.answer_mx(DOMAIN, exchanger)
    async with discovering(records, prober=knocks) as service:
        answer = await ask(service)
    assert (answer.code, answer.candidates) == (code, ())
    assert knocks.requests == []


async def test_a_domain_that_does_not_exist_ends_the_run() -> None:
    """NXDOMAIN: the rest is cancelled and the typing error named."""
    slow = FakeSource(finding(PACC, pair()), seconds=30)
    async with discovering(FakeRecords(), [slow]) as service:
        answer = await ask(service, "ann@gmial.com")
    assert answer.code is DiagnosticCode.DNS_NXDOMAIN
    assert answer.suggested_domain == "gmail.com"
    assert slow.cancelled == 1


async def test_answers_are_kept_for_the_shortest_time_of_their_evidence() -> None:
    """Then everybody is asked anew; the age is told meanwhile."""
    clock = Clock()
    source = FakeSource(finding(PACC, pair(), ttl_seconds=100))
    async with discovering(sources=[source], clock=clock) as service:
        first = await ask(service)
        clock.advance(99)
        kept = await ask(service)
        assert len(source.queries) == 1
        assert (kept.checked_at, kept.answered_at) == (first.checked_at, clock.now)
        clock.advance(1)
        await ask(service)
    assert len(source.queries) == 2


async def test_user_names_are_never_kept() -> None:
    """The next address of the domain is answered from memory, with its own user name."""
    named = Proposal((server("imap.example.test", username=ANN),), pair().outgoing)
    source = FakeSource(finding(AUTOCONFIG, named))
    async with discovering(sources=[source]) as service:
        mine, others = await ask(service), await ask(service, f"bo@{DOMAIN}")
    assert len(source.queries) == 1
    for answer, wanted in ((mine, ANN), (others, f"bo@{DOMAIN}")):
        assert answer.candidates[0].incoming is not None
        assert answer.candidates[0].incoming.username == wanted
    assert "ann" not in repr(others)


async def test_a_bare_domain_is_kept_apart() -> None:
    """Without an address sources give no user names, and that answer is no one's with one."""
    source = FakeSource(finding(PACC, pair()))
    async with discovering(sources=[source]) as service:
        await ask(service, DOMAIN)
        await ask(service)
    assert source.queries == [Query(DOMAIN), Query(DOMAIN, ANN)]


async def test_kept_answers_are_bounded() -> None:
    """The least used one goes first."""
    records = FakeRecords()
    for number in range(3):
        records.answer_mx(f"d{number}.test", "mx.test")
    source = FakeSource(finding(PACC, pair()))
    settings = DiscoverySettings(kept_entries=2)
    async with discovering(records, [source], settings=settings) as service:
        for number in (0, 1, 0, 2, 0, 1):
            await ask(service, f"ann@d{number}.test")
    assert [query.domain for query in source.queries] == [
        "d0.test",
        "d1.test",
        "d2.test",
        "d1.test",
    ]


async def test_many_who_ask_at_once_share_one_run() -> None:
    """Fifty questions, one run; each is answered for its own address."""
    source = FakeSource(finding(PACC, pair()), seconds=0.1)
    settings = DiscoverySettings(per_minute=100)
    async with discovering(sources=[source], settings=settings) as service:
        answers = await asyncio.gather(*(ask(service, f"u{n}@{DOMAIN}") for n in range(50)))
    assert len(source.queries) == 1
    assert {len(answer.candidates) for answer in answers} == {1}


async def test_one_who_leaves_does_not_take_the_others_along() -> None:
    """The run goes on while somebody waits, and ends when the last has left."""
    source = FakeSource(finding(PACC, pair()), seconds=0.2)
    async with discovering(sources=[source]) as service:
        first = asyncio.create_task(ask(service))
        second = asyncio.create_task(ask(service))
        await asyncio.sleep(0.05)
        first.cancel()
        assert len((await second).candidates) == 1
        assert (len(source.queries), source.cancelled) == (1, 0)
    slow = FakeSource(finding(PACC, pair()), seconds=30)
    async with discovering(sources=[slow]) as service:
        only = asyncio.create_task(ask(service))
        await asyncio.sleep(0.05)
        only.cancel()
        await asyncio.gather(only, return_exceptions=True)
        await asyncio.sleep(0.05)
        assert slow.cancelled == 1


async def test_events_come_as_sources_end() -> None:
    """One event a finding, in the order of time, then the answer; a kept answer tells the same."""
    sources = [
        FakeSource(finding(PACC), seconds=0.2),
        FakeSource(finding(AUTOCONFIG, pair()), seconds=0.1),
    ]

    async def events(service: DiscoveryService) -> Sequence[DiscoverySource | int]:
        seen: list[DiscoverySource | int] = []
        watched = service.watch(principal(), ANN, path=("emailAddress",))
        async with aclosing(watched) as stream:
            async for event in stream:
                if event.finding is not None:
                    seen.append(event.finding.source)
                elif event.answer is not None:
                    seen.append(len(event.answer.candidates))
        return seen

    async with discovering(sources=sources) as service:
        live = await events(service)
        kept = await events(service)
    assert live[-3:] == [AUTOCONFIG, PACC, 1]
    assert set(kept) == set(live)
    assert kept[-1] == 1


async def test_a_user_may_ask_so_many_times_a_minute() -> None:
    """The next one is refused before anything is asked; another user is not."""
    source = FakeSource(finding(PACC, pair()))
    async with discovering(sources=[source], settings=DiscoverySettings(per_minute=2)) as service:
        await ask(service)
        await ask(service)
        with pytest.raises(RateLimited):
            await ask(service)
        other = await service.discover(principal(2), ANN, online=True, path=())
    assert len(other.candidates) == 1


async def test_a_process_asks_about_so_many_domains_at_once() -> None:
    """One more is told to come back; a domain that is asked about already is joined."""
    records = FakeRecords()
    for name in ("one.test", "two.test"):
        records.answer_mx(name, "mx.test")
    source = FakeSource(finding(PACC, pair()), seconds=0.2)
    settings = DiscoverySettings(concurrency=1)
    async with discovering(records, [source], settings=settings) as service:
        running = asyncio.create_task(ask(service, "ann@one.test"))
        await asyncio.sleep(0.05)
        with pytest.raises(RateLimited):
            await ask(service, "ann@two.test")
        joined = await ask(service, "bo@one.test")
        await running
    assert len(joined.candidates) == 1
    assert len(source.queries) == 1


@pytest.mark.parametrize("text", ["", "ann@", "@example.test", "a b", "192.0.2.1", "x" * 3000])
async def test_what_is_neither_address_nor_domain_is_refused(text: str) -> None:
    """With the path of the field; nothing is asked."""
    records = FakeRecords()
    async with discovering(records) as service:
        with pytest.raises(InvalidInput) as refused:
            await ask(service, text)
    assert [issue.path for issue in refused.value.issues] == [("emailAddress",)]
    assert records.asked == []


async def test_hostile_findings_offer_nothing() -> None:
    """Addresses, clear text and other people's rows from a stranger's document."""
    evil = replace(pair("127.0.0.1", "169.254.169.254"), provider_id="gmail")
    async with discovering(sources=[FakeSource(finding(AUTOCONFIG, evil))]) as service:
        answer = await ask(service)
    assert answer.candidates == ()
    assert statuses(answer)[AUTOCONFIG] is FindingStatus.INVALID
