"""Discovery over a real DNS server and a real HTTPS server, with good, broken and hostile zones.

Acceptance of issue 3: right candidates, right evidence, inside the budget of eight seconds,
whatever the servers do. Both servers are scripted and listen on loopback; sources, resolver,
fetcher, egress and the service are the product's. Mail servers are not dialled: the knock is fake.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from kit.certs import CertificateKit
from kit.discovery import FakeKnocks, principal
from kit.dns import DnsServer
from kit.drafts import shipped
from kit.web import WebServer
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import Discovery, DiscoverySource, FindingStatus, Trust
from mailconfig.mail.records import create_records
from mailconfig.mail.resolver import ResolverSettings
from mailconfig.remote.autoconfig import AutoconfigSource
from mailconfig.remote.pacc import PaccSource
from mailconfig.services.discovery import DiscoveryService, DiscoverySettings, Outside
from mailconfig.storage.limiter import MemoryLimiter

DOMAIN: Final = "zone.test"
ADDRESS: Final = f"ann@{DOMAIN}"
BUDGET_SECONDS: Final = 8
AUTOCONFIG_HOST: Final = f"autoconfig.{DOMAIN}"
AUTOCONFIG_PATH: Final = "/mail/config-v1.1.xml"
OWN: Final = "imap.zone.test:993/TLS smtp.zone.test:465/TLS"
SOURCE = DiscoverySource


def document(imap: str = "imap.zone.test", smtp: str = "smtp.zone.test") -> str:
    """Return a clientConfig document of two servers."""

    def server(tag: str, kind: str, host: str, port: int) -> str:
        return (
            f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port>'
            "<socketType>SSL</socketType><username>%EMAILLOCALPART%</username>"
            f"<authentication>password-cleartext</authentication></{tag}>"
        )

    return (
        '<clientConfig version="1.1"><emailProvider id="zone.test"><domain>zone.test</domain>'
        f"{server('incomingServer', 'imap', imap, 993)}"
        f"{server('outgoingServer', 'smtp', smtp, 465)}</emailProvider></clientConfig>"
    )


BOMB: Final = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<clientConfig>&b;</clientConfig>"
)


@dataclass
class Zone:
    """The two servers of a test, and discovery that knows no others."""

    dns: DnsServer
    web: WebServer
    knocks: FakeKnocks

    def service(self, *, trust_ad: bool = False) -> DiscoveryService:
        """Return the product's discovery over them."""
        records = create_records(
            ResolverSettings(dns_servers=(self.dns.endpoint,), trust_ad=trust_ad)
        )
        fetcher = self.web.fetcher()
        sources = (PaccSource(fetcher, records, utc_now), AutoconfigSource(fetcher, utc_now))
        return DiscoveryService(
            shipped(),
            Outside(records, sources),
            self.knocks,
            MemoryLimiter(),
            DiscoverySettings(budget_seconds=BUDGET_SECONDS, source_seconds=3),
            utc_now,
        )

    async def discover(self, *, trust_ad: bool = False) -> Discovery:
        """Discover the address; assert that the budget is kept."""
        service = self.service(trust_ad=trust_ad)
        started = time.monotonic()
        async with service.running():
            answer = await service.discover(principal(), ADDRESS, online=True, path=())
        assert time.monotonic() - started < BUDGET_SECONDS
        return answer

    def srv(self, service: str, *texts: str) -> None:
        """Add SRV records of the domain."""
        self.dns.record(f"_{service}._tcp.{DOMAIN}", "SRV", *texts)


@pytest.fixture
async def zone(tmp_path: Path) -> AsyncIterator[Zone]:
    """A domain with an exchanger of its own and nothing else."""
    async with DnsServer() as dns, WebServer(CertificateKit(tmp_path)) as web:
        dns.record(DOMAIN, "MX", f"10 mx.{DOMAIN}.")
        yield Zone(dns, web, FakeKnocks())
        await web.quiet()


def offered(answer: Discovery) -> list[str]:
    """Return the servers of each candidate."""
    return [
        " ".join(
            f"{server.host}:{server.port}/{server.security}"
            for server in (item.incoming, item.outgoing)
            if server is not None
        )
        for item in answer.candidates
    ]


def statuses(answer: Discovery) -> dict[DiscoverySource, FindingStatus]:
    """Return how each source ended."""
    return {item.source: item.status for item in answer.findings}


async def test_documents_and_records_that_agree(zone: Zone) -> None:
    """One candidate with both as evidence, the trust of the stronger, its user name filled."""
    zone.web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, document())
    zone.srv("imaps", "0 1 993 imap.zone.test.")
    zone.srv("submissions", "0 1 465 smtp.zone.test.")
    answer = await zone.discover()
    assert offered(answer) == [OWN]
    (candidate,) = answer.candidates
    assert [item.source for item in candidate.evidence] == [SOURCE.AUTOCONFIG, SOURCE.SRV]
    assert (candidate.trust, candidate.disagreements) == (Trust.SECURE, ())
    assert candidate.incoming is not None
    assert candidate.incoming.username == "ann"
    assert zone.knocks.requests == []


async def test_documents_and_records_that_disagree(zone: Zone) -> None:
    """Both are offered; the weaker one tells of the stronger."""
    zone.web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, document())
    zone.srv("imaps", "0 1 993 imap.elsewhere.test.")
    zone.srv("submissions", "0 1 465 smtp.elsewhere.test.")
    answer = await zone.discover()
    elsewhere = "imap.elsewhere.test:993/TLS smtp.elsewhere.test:465/TLS"
    assert offered(answer) == [OWN, elsewhere]
    assert [item.trust for item in answer.candidates] == [Trust.SECURE, Trust.INSECURE]
    assert [item.source for item in answer.candidates[1].disagreements] == [SOURCE.AUTOCONFIG]


async def test_priorities_weights_and_dots(zone: Zone) -> None:
    """Lowest priority, then highest weight; a dot takes its service off the list."""
    zone.srv("imaps", "0 0 0 .")
    zone.srv(
        "imap",
        "10 90 143 third.zone.test.",
        "5 10 143 second.zone.test.",
        "5 60 143 imap.zone.test.",
    )
    zone.srv("submissions", "0 1 465 smtp.zone.test.")
    answer = await zone.discover()
    assert offered(answer) == ["imap.zone.test:143/STARTTLS smtp.zone.test:465/TLS"]
    (candidate,) = answer.candidates
    (evidence,) = candidate.evidence
    assert evidence.proposal is not None
    assert [server.host.partition(".")[0] for server in evidence.proposal.incoming] == [
        "imap",
        "second",
        "third",
    ]


async def test_dots_everywhere_say_no(zone: Zone) -> None:
    """An operator who offers nothing is believed: nobody knocks at guessed names."""
    for service in ("imaps", "imap", "submissions", "submission"):
        zone.srv(service, "0 0 0 .")
    answer = await zone.discover()
    assert (answer.code, answer.candidates) == (DiagnosticCode.NO_CLIENT_ACCESS, ())
    assert zone.knocks.requests == []


@pytest.mark.parametrize("trust_ad", [False, True])
async def test_dnssec_makes_records_secure(zone: Zone, trust_ad: bool) -> None:
    """Only where the operator of this service trusts the way to the resolver."""
    for service, port in (("imaps", 993), ("submissions", 465)):
        zone.srv(service, f"0 1 {port} {service}.zone.test.")
        zone.dns.vouched(f"_{service}._tcp.{DOMAIN}")
    (candidate,) = (await zone.discover(trust_ad=trust_ad)).candidates
    assert candidate.trust is (Trust.SECURE if trust_ad else Trust.INSECURE)


async def test_a_truncated_answer_comes_by_tcp(zone: Zone) -> None:
    """Records that do not fit into UDP are not lost."""
    zone.srv("imaps", "0 1 993 imap.zone.test.")
    zone.srv("submissions", "0 1 465 smtp.zone.test.")
    zone.dns.truncated(f"_imaps._tcp.{DOMAIN}")
    assert offered(await zone.discover()) == [OWN]


def _html(web: WebServer) -> None:
    web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, "<!DOCTYPE html><html><body>Hi</body></html>")


def _bomb(web: WebServer) -> None:
    web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, BOMB)


def _redirect(web: WebServer) -> None:
    web.redirect(AUTOCONFIG_HOST, AUTOCONFIG_PATH, "https://metadata.zone.test/latest")
    web.point("metadata.zone.test", "169.254.169.254")


def _clear(web: WebServer) -> None:
    web.redirect(AUTOCONFIG_HOST, AUTOCONFIG_PATH, "http://autoconfig.zone.test/plain")


def _endless(web: WebServer) -> None:
    web.endless(AUTOCONFIG_HOST, AUTOCONFIG_PATH, again=b"x" * 65536)


def _silent(web: WebServer) -> None:
    web.silent(AUTOCONFIG_HOST, AUTOCONFIG_PATH)


def _inside(web: WebServer) -> None:
    web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, document("10.0.0.1", "127.0.0.1"))


HOSTILE = [
    pytest.param(_html, FindingStatus.INVALID, id="HTML"),
    pytest.param(_bomb, FindingStatus.INVALID, id="XML bomb"),
    pytest.param(_redirect, FindingStatus.REFUSED, id="redirect to a private address"),
    pytest.param(_clear, FindingStatus.REFUSED, id="redirect to clear text"),
    pytest.param(_endless, FindingStatus.INVALID, id="endless body"),
    pytest.param(_silent, FindingStatus.TIMED_OUT, id="silence"),
    pytest.param(_inside, FindingStatus.INVALID, id="servers inside a network"),
]


@pytest.mark.parametrize(("prepare", "status"), HOSTILE)
async def test_a_hostile_document_costs_itself_only(
    zone: Zone, prepare: Callable[[WebServer], None], status: FindingStatus
) -> None:
    """The records beside it are found, and the evidence tells what the document was."""
    prepare(zone.web)
    zone.srv("imaps", "0 1 993 imap.zone.test.")
    zone.srv("submissions", "0 1 465 smtp.zone.test.")
    answer = await zone.discover()
    assert offered(answer) == [OWN]
    assert statuses(answer)[SOURCE.AUTOCONFIG] is status
    assert statuses(answer)[SOURCE.SRV] is FindingStatus.FOUND


async def test_broken_names_cost_themselves_only(zone: Zone) -> None:
    """Loops of aliases, failures and silence in the DNS; the document still counts."""
    zone.dns.cname_loop(f"_imaps._tcp.{DOMAIN}", f"loop.{DOMAIN}")
    zone.dns.servfail(f"_submissions._tcp.{DOMAIN}")
    zone.dns.silent(f"_submission._tcp.{DOMAIN}")
    zone.dns.cname_loop(f"autodiscover.{DOMAIN}", f"circle.{DOMAIN}")
    zone.web.page(AUTOCONFIG_HOST, AUTOCONFIG_PATH, document())
    answer = await zone.discover()
    assert offered(answer) == [OWN]
    assert answer.candidates[0].trust is Trust.SECURE


async def test_a_dns_that_is_silent_altogether_is_told(zone: Zone) -> None:
    """Inside the budget, guesses included, with the reason that it may pass."""
    for name in (DOMAIN, f"autodiscover.{DOMAIN}", f"mail.{DOMAIN}", f"_ua-auto-config.{DOMAIN}"):
        zone.dns.silent(name)
    for service in ("imaps", "imap", "submissions", "submission"):
        zone.dns.silent(f"_{service}._tcp.{DOMAIN}")
    zone.knocks.silent_seconds = 60
    answer = await zone.discover()
    assert (answer.code, answer.candidates) == (DiagnosticCode.DNS_TEMPORARY, ())
    found = statuses(answer)
    assert found[SOURCE.MX] is FindingStatus.UNAVAILABLE
    assert found[SOURCE.SRV] is FindingStatus.UNAVAILABLE
    assert SOURCE.GUESS in found


CUSTOM = [
    ("10 aspmx.l.google.com.", "imap.gmail.com:993/TLS smtp.gmail.com:465/TLS", None),
    ("10 mx1.improvmx.com.", None, DiagnosticCode.FORWARD_ONLY),
    ("0 .", None, DiagnosticCode.DNS_NO_ADDRESS),
    ("10 eu.mimecast.com.", None, None),
]
"""Exchanger, servers, code."""


@pytest.mark.parametrize(("record", "servers", "code"), CUSTOM)
async def test_custom_domains_by_their_exchanger(
    zone: Zone, record: str, servers: str | None, code: DiagnosticCode | None
) -> None:
    """A provider's row, a forwarder, a null MX, and a gateway behind which nothing is known."""
    zone.dns.nxdomain(DOMAIN)
    zone.dns.record(DOMAIN, "MX", record)
    answer = await zone.discover()
    assert offered(answer) == ([servers] if servers else [])
    assert answer.code is code


async def test_behind_a_gateway_a_hint_leads_on(zone: Zone) -> None:
    """The filter hides the mailbox host; the autodiscover alias names it."""
    zone.dns.nxdomain(DOMAIN)
    zone.dns.record(DOMAIN, "MX", "10 eu.mimecast.com.")
    zone.dns.cname(f"autodiscover.{DOMAIN}", "autodiscover.outlook.com")
    answer = await zone.discover()
    assert [item.provider_id for item in answer.candidates] == ["microsoft365"]
    assert statuses(answer)[SOURCE.MX] is FindingStatus.NOTHING
