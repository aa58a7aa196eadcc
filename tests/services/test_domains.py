"""Domain checks against a scripted DNS server; the one document comes from a fake."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from kit.dns import DnsServer
from kit.drafts import shipped
from mailconfig.domain.clock import utc_now
from mailconfig.domain.domains import CheckKind, CheckVerdict, DomainCheck, DomainReport
from mailconfig.domain.errors import InvalidInput, RateLimited
from mailconfig.domain.fetching import Fetched, FetchFailed, FetchUnreachable
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.mail.records import create_records
from mailconfig.mail.resolver import ResolverSettings, create_resolver
from mailconfig.services.domains import DomainService, DomainSettings
from mailconfig.storage.limiter import MemoryLimiter

POLICY = "version: STSv1\nmode: enforce\nmx: mx.a.test\nmax_age: 604800\n"
SOMEBODY = Principal(new_id(), new_id(), Role.VIEWER, None, Channel.BEARER, "a@b.example")


@dataclass
class FakeFetcher:
    """Answers every address with the same document and records what was asked."""

    body: str = POLICY
    status: int = 200
    content_type: str = "text/plain"
    failure: FetchFailed | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Address and redirects of each fetch."""

    async def get(self, url: str, *, seconds: float, max_bytes: int, redirects: int = 3) -> Fetched:
        """Return the document."""
        assert (seconds, max_bytes) == (3.0, 64 * 1024)
        self.asked.append((url, redirects))
        if self.failure is not None:
            raise self.failure
        return Fetched(url, self.status, self.content_type, self.body.encode(), {})


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    """A DNS server in which a.test is as good as can be."""
    async with DnsServer() as server:
        server.record("a.test", "MX", "10 mx.a.test.")
        server.answer("mx.a.test", "192.0.2.1")
        server.record("a.test", "TXT", '"v=spf1 include:_spf.b.test mx ~all"', '"other"')
        server.record("_spf.b.test", "TXT", '"v=spf1 ip4:192.0.2.0/24 -all"')
        server.record("_dmarc.a.test", "TXT", '"v=DMARC1; p=reject; rua=mailto:r@a.test"')
        server.record("mine._domainkey.a.test", "TXT", f'"k=ed25519; p={"A" * 44}"')
        server.record("_mta-sts.a.test", "TXT", '"v=STSv1; id=1"')
        server.record("_smtp._tls.a.test", "TXT", '"v=TLSRPTv1; rua=mailto:r@a.test"')
        yield server


@pytest.fixture
def fetcher() -> FakeFetcher:
    """A fetcher that finds the right policy."""
    return FakeFetcher()


@pytest.fixture
def service(dns: DnsServer, fetcher: FakeFetcher) -> DomainService:
    """The service on that DNS server, with short limits."""
    asked = ResolverSettings(dns_servers=(dns.endpoint,), timeout_seconds=0.6, attempt_seconds=0.3)
    return DomainService(
        shipped(),
        create_records(asked),
        create_resolver(asked),
        fetcher,
        MemoryLimiter(),
        DomainSettings(per_minute=5, seconds=2),
        utc_now,
    )


def text(value: str) -> str:
    """Return a TXT record's strings of at most 255 characters (RFC 1035, section 3.3.14)."""
    return " ".join(f'"{value[start : start + 250]}"' for start in range(0, len(value), 250))


def verdicts(report: DomainReport) -> dict[str, str]:
    """Return kind and verdict of every check."""
    return {check.kind.value: check.verdict.value for check in report.checks}


def of_kind(report: DomainReport, kind: CheckKind) -> DomainCheck:
    """Return the check of a kind."""
    return next(check for check in report.checks if check.kind is kind)


async def test_a_domain_as_good_as_can_be(service: DomainService, fetcher: FakeFetcher) -> None:
    """Six checks, in the order of their kinds, each with what was found."""
    report = await service.check(SOMEBODY, " @A.test. ", ("Mine",))
    assert report.domain == "a.test"
    assert [check.kind for check in report.checks] == list(CheckKind)
    assert set(verdicts(report).values()) == {"GOOD"}
    spf = of_kind(report, CheckKind.SPF)
    assert (spf.lookups, [each.value for each in spf.found]) == (
        2,
        ["v=spf1 include:_spf.b.test mx ~all"],
    )
    # RFC 8461, section 3.3: redirects are not followed
    assert fetcher.asked == [("https://mta-sts.a.test/.well-known/mta-sts.txt", 0)]


async def test_a_domain_that_does_not_exist(service: DomainService, fetcher: FakeFetcher) -> None:
    """Everything is missing, the document is not asked for."""
    report = await service.check(SOMEBODY, "no.test")
    assert verdicts(report) == {
        "MX": "MISSING",
        "SPF": "MISSING",
        "DKIM": "UNKNOWN",
        "DMARC": "MISSING",
        "MTA_STS": "MISSING",
        "TLS_RPT": "MISSING",
    }
    assert fetcher.asked == []


async def test_the_exchanger_names_the_provider(service: DomainService, dns: DnsServer) -> None:
    """Its include is proposed and its selectors are looked for."""
    dns.record("c.test", "MX", "1 smtp.google.com.")
    dns.answer("smtp.google.com", "192.0.2.9")
    dns.record("google._domainkey.c.test", "TXT", text(f"v=DKIM1; p={'A' * 392}"))
    report = await service.check(SOMEBODY, "c.test")
    assert report.provider_id == "google_workspace"
    (record,) = of_kind(report, CheckKind.SPF).publish
    assert record.value == "v=spf1 include:_spf.google.com ~all"
    assert of_kind(report, CheckKind.DKIM).verdict is CheckVerdict.GOOD
    asked = {each.name for each in dns.queries if each.name.endswith("_domainkey.c.test")}
    assert asked == {"google._domainkey.c.test"}


async def test_a_silent_dns_is_no_verdict(service: DomainService, dns: DnsServer) -> None:
    """What could not be asked is unknown; the rest is judged, inside of the limit."""
    dns.silent("a.test", "TXT")
    dns.servfail("_dmarc.a.test")
    async with asyncio.timeout(3):
        report = await service.check(SOMEBODY, "a.test", ("mine",))
    found = verdicts(report)
    assert (found["SPF"], found["DMARC"]) == ("UNKNOWN", "UNKNOWN")
    assert (found["MX"], found["DKIM"], found["TLS_RPT"]) == ("GOOD", "GOOD", "GOOD")


@pytest.mark.parametrize(
    "fetched",
    [
        FakeFetcher(failure=FetchUnreachable("no")),
        FakeFetcher(status=404),
        FakeFetcher(content_type="text/html"),
        FakeFetcher(body="<html>"),
    ],
)
async def test_a_policy_that_is_announced_and_not_there(
    service: DomainService, fetcher: FakeFetcher, fetched: FakeFetcher
) -> None:
    """Unreachable, absent, a web page, nonsense: broken, each with a reason."""
    fetcher.failure, fetcher.status = fetched.failure, fetched.status
    fetcher.content_type, fetcher.body = fetched.content_type, fetched.body
    check = of_kind(await service.check(SOMEBODY, "a.test"), CheckKind.MTA_STS)
    assert check.verdict is CheckVerdict.BROKEN
    assert len(check.remarks) == 1


async def test_spf_loops_and_floods_end(service: DomainService, dns: DnsServer) -> None:
    """A record that includes itself, and a tree of hundreds, are counted to a bound."""
    dns.record("loop.test", "TXT", '"v=spf1 include:x.test -all"')
    dns.record("x.test", "TXT", '"v=spf1 include:loop.test include:x.test -all"')
    check = of_kind(await service.check(SOMEBODY, "loop.test"), CheckKind.SPF)
    assert check.lookups is not None
    assert check.lookups <= 6
    branches = " ".join(f"include:{n}.tree.test" for n in range(40))
    dns.record("tree.test", "TXT", text(f"v=spf1 {branches} -all"))
    for number in range(40):
        dns.record(f"{number}.tree.test", "TXT", '"v=spf1 a mx -all"')
    tree = of_kind(await service.check(SOMEBODY, "tree.test"), CheckKind.SPF)
    assert tree.verdict is CheckVerdict.BROKEN
    assert tree.lookups == 30
    assert len([each for each in dns.queries if each.name.endswith("tree.test")]) < 80


async def test_spf_problems_are_named(service: DomainService, dns: DnsServer) -> None:
    """A bad term, an include without a record, names that lead nowhere, a redirect."""
    dns.record("bad.test", "TXT", '"v=spf1 ipv4:192.0.2.1 -all"')
    dns.record("empty.test", "TXT", '"v=spf1 include:nothing.test -all"')
    dns.record("void.test", "TXT", '"v=spf1 a:v1.test mx:v2.test exists:v3.test -all"')
    dns.record("over.test", "TXT", '"v=spf1 redirect=_spf.b.test"')
    words = {}
    for name in ("bad", "empty", "void", "over"):
        check = of_kind(await service.check(SOMEBODY, f"{name}.test"), CheckKind.SPF)
        words[name] = (check.verdict.value, " ".join(check.remarks))
    assert words["bad"] == (
        "BROKEN",
        "The SPF record of bad.test holds ipv4:192.0.2.1, which cannot be understood.",
    )
    assert words["empty"] == (
        "BROKEN",
        "The SPF record refers to nothing.test, which does not have exactly one SPF record.",
    )
    assert words["void"] == (
        "BROKEN",
        "3 names in the SPF record lead nowhere; receivers accept at most 2.",
    )
    assert words["over"] == ("GOOD", "")


@pytest.mark.parametrize("domain", ["", "a b.test", "http://a.test", "192.0.2.1", "localhost", "@"])
async def test_what_is_no_domain_is_refused(
    service: DomainService, dns: DnsServer, domain: str
) -> None:
    """Nothing is asked for it."""
    with pytest.raises(InvalidInput) as caught:
        await service.check(SOMEBODY, domain)
    assert [issue.path for issue in caught.value.issues] == [("domain",)]
    assert dns.queries == []


@pytest.mark.parametrize("selector", ["", "a..b", "a b", "a/b", "x" * 64, "ä"])
async def test_what_is_no_selector_is_refused(service: DomainService, selector: str) -> None:
    """A selector is labels of letters, digits, hyphens and underscores."""
    with pytest.raises(InvalidInput) as caught:
        await service.check(SOMEBODY, "a.test", (selector,))
    assert [issue.path for issue in caught.value.issues] == [("dkimSelectors",)]


async def test_checks_are_limited_by_user(service: DomainService) -> None:
    """The limit is a setting; another user is not held up."""
    for _ in range(5):
        await service.check(SOMEBODY, "no.test")
    with pytest.raises(RateLimited):
        await service.check(SOMEBODY, "no.test")
    other = Principal(new_id(), new_id(), Role.VIEWER, None, Channel.BEARER, "c@d.example")
    await service.check(other, "no.test")
