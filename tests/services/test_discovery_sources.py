"""The sources that need the catalogue, the DNS and a knock only."""

from dataclasses import replace

import pytest

from kit.discovery import DOMAIN, NOW, Clock, FakeKnocks, FakeRecords, hosts
from kit.drafts import shipped
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import DiscoverySource, Finding, FindingStatus, Query
from mailconfig.domain.providers import Confidence, Provider
from mailconfig.services.discovery.knocking import Knocker
from mailconfig.services.discovery.names import GuessSource, SrvSource
from mailconfig.services.discovery.rows import CatalogueSource, HintSource, MxSource, Rows

QUERY = Query(DOMAIN, f"ann@{DOMAIN}")
FOUND, NOTHING = FindingStatus.FOUND, FindingStatus.NOTHING
UNAVAILABLE = FindingStatus.UNAVAILABLE


def rows(knocks: FakeKnocks | None = None, catalogue: Catalogue | None = None) -> Rows:
    """Return what row sources share, over fakes."""
    return Rows(catalogue or shipped(), Knocker(knocks or FakeKnocks()), Clock())


async def by_mx(*exchangers: str, knocks: FakeKnocks | None = None) -> Finding:
    """Ask about a domain with these exchangers."""
    records = FakeRecords()
    records.answer_mx(DOMAIN, *exchangers)
    return await MxSource(rows(knocks), records).look(QUERY, 1)


EXCHANGERS = [
    pytest.param(["aspmx.l.google.com"], FOUND, None, "google_workspace", id="provider"),
    pytest.param([""], NOTHING, DiagnosticCode.DNS_NO_ADDRESS, None, id="null MX"),
    pytest.param(["mx1.improvmx.com"], NOTHING, DiagnosticCode.FORWARD_ONLY, None, id="forwarder"),
    pytest.param(["eu.mimecast.com"], NOTHING, None, None, id="gateway"),
    pytest.param(["mx.serverdata.net"], NOTHING, None, None, id="ambiguous"),
    pytest.param(["static.1.2.3.4.clients.your-server.de"], NOTHING, None, None, id="own line"),
    pytest.param(["mx.unheard-of.example"], NOTHING, None, None, id="unknown"),
    pytest.param([], NOTHING, None, None, id="no MX"),
    pytest.param(
        ["mail.tutanota.de"], NOTHING, DiagnosticCode.NO_CLIENT_ACCESS, "tuta", id="no access"
    ),
    pytest.param(["w01.kasserver.com"], NOTHING, None, "all_inkl", id="servers with a gap"),
]


@pytest.mark.parametrize(("exchangers", "status", "code", "row"), EXCHANGERS)
async def test_what_the_exchanger_tells(
    exchangers: list[str], status: FindingStatus, code: DiagnosticCode | None, row: str | None
) -> None:
    """Each verdict of the catalogue is a finding, with the time to live of its record."""
    found = await by_mx(*exchangers)
    assert (found.status, found.code, found.provider_id) == (status, code, row)
    assert (found.source, found.ttl_seconds, found.secure) == (DiscoverySource.MX, 600, False)
    assert (found.proposal is not None) is (status is FOUND)


async def test_a_forwarder_may_sell_mailboxes() -> None:
    """Both are told: that mail is only forwarded, and the plan behind the same exchanger."""
    found = await by_mx("mx1.forwardemail.net")
    assert found.code is DiagnosticCode.FORWARD_ONLY
    assert (found.status, found.provider_id) == (FOUND, "forward_email")
    assert found.detail.endswith("only forwards mail.")


async def test_a_domain_that_does_not_exist() -> None:
    """NXDOMAIN is a verdict; a DNS that fails is none."""
    records = FakeRecords()
    found = await MxSource(rows(), records).look(QUERY, 1)
    assert (found.status, found.code) == (NOTHING, DiagnosticCode.DNS_NXDOMAIN)
    records.fail("MX", DOMAIN)
    found = await MxSource(rows(), records).look(QUERY, 1)
    assert (found.status, found.code) == (UNAVAILABLE, DiagnosticCode.DNS_TEMPORARY)
    assert found.ttl_seconds == 60


async def test_dnssec_vouches_for_an_exchanger() -> None:
    """The finding is secure if the answer was."""
    records = FakeRecords()
    records.answer_mx(DOMAIN, "aspmx.l.google.com", secure=True)
    assert (await MxSource(rows(), records).look(QUERY, 1)).secure


async def test_the_domain_around_an_exchanger_is_asked_and_probed() -> None:
    """One label up, then the registrable domain; offered only where the servers answer."""
    host = "in.cluster7.posteo.net"
    row = shipped().by_id("posteo")
    assert row is not None
    silent = FakeKnocks()
    found = await by_mx(host, knocks=silent)
    assert (found.status, found.provider_id, found.probed) == (UNAVAILABLE, row.id, False)
    answering = {(item.host_template, item.port): 0.0 for item in row.servers}
    found = await by_mx(host, knocks=FakeKnocks(answering))
    assert (found.status, found.provider_id, found.probed) == (FOUND, row.id, True)
    assert {request.targets[0].secret for request in silent.requests} == {None}


def doubtful() -> Provider:
    """Return a row that nobody has confirmed, with both servers."""
    return next(
        row
        for row in shipped().providers
        if row.confidence is Confidence.LOW
        and not row.silent
        and row.domains
        and row.incoming
        and row.outgoing
        and all("{" not in server.host_template for server in row.servers)
    )


async def test_an_unconfirmed_row_is_offered_only_if_its_servers_answer() -> None:
    """Both, one or none of its servers; nobody signs in, and no sender is named."""
    row = doubtful()
    query = Query(row.domains[0])
    places = [(server.host_template, server.port) for server in row.servers]
    knocks = FakeKnocks(dict.fromkeys(places, 0.0))
    found = await CatalogueSource(rows(knocks)).look(query, 1)
    assert (found.status, found.probed) == (FOUND, True)
    targets = [target for request in knocks.requests for target in request.targets]
    assert {(target.secret, target.sender, target.settings.username) for target in targets} == {
        (None, None, None)
    }
    first = (row.incoming[0].host_template, row.incoming[0].port)
    found = await CatalogueSource(rows(FakeKnocks({first: 0.0}))).look(query, 1)
    assert found.proposal is not None
    assert hosts(found.proposal.incoming) == [first[0]]
    assert found.proposal.outgoing == ()
    found = await CatalogueSource(rows(FakeKnocks())).look(query, 1)
    assert (found.status, found.proposal, found.probed) == (UNAVAILABLE, None, False)


async def test_a_confirmed_row_is_not_probed() -> None:
    """The catalogue's word is enough."""
    knocks = FakeKnocks()
    found = await CatalogueSource(rows(knocks)).look(Query("gmail.com"), 1)
    assert (found.status, found.provider_id) == (FOUND, "gmail")
    assert knocks.requests == []


async def test_srv_records_are_asked_for_all_services() -> None:
    """Four names, and the shortest time to live of what answered."""
    records = FakeRecords()
    records.answer_srv(f"_imaps._tcp.{DOMAIN}", (0, 1, 993, "imap.example.test"), ttl=120)
    records.answer_srv(f"_submission._tcp.{DOMAIN}", (0, 1, 587, "smtp.example.test"))
    found = await SrvSource(records, Clock()).look(QUERY, 1)
    assert (found.status, found.secure, found.ttl_seconds) == (FOUND, False, 120)
    assert found.proposal is not None
    assert hosts(found.proposal.incoming + found.proposal.outgoing) == [
        "imap.example.test",
        "smtp.example.test",
    ]
    assert sorted(name for _, name in records.asked) == [
        f"_{service}._tcp.{DOMAIN}" for service in ("imap", "imaps", "submission", "submissions")
    ]
    assert found.checked_at == NOW
    assert found.detail == (
        "The SRV records of example.test name imap.example.test for IMAP and smtp.example.test "
        "for SMTP."
    )


async def test_srv_records_may_say_no() -> None:
    """A dot for every service is the operator's word that programs cannot connect."""
    records = FakeRecords()
    for service in ("imap", "imaps", "submission", "submissions"):
        records.answer_srv(f"_{service}._tcp.{DOMAIN}", (0, 0, 0, ""))
    found = await SrvSource(records, Clock()).look(QUERY, 1)
    assert (found.status, found.code) == (NOTHING, DiagnosticCode.NO_CLIENT_ACCESS)


async def test_srv_records_that_answer_are_not_lost_to_one_that_does_not() -> None:
    """A name server that drops one question costs that service only."""
    records = FakeRecords()
    records.answer_srv(f"_imaps._tcp.{DOMAIN}", (0, 1, 993, "imap.example.test"))
    records.seconds[f"_submission._tcp.{DOMAIN}"] = 60
    found = await SrvSource(records, Clock()).look(QUERY, 0.3)
    assert found.status is FOUND
    records = FakeRecords()
    records.fail("SRV", f"_imaps._tcp.{DOMAIN}")
    found = await SrvSource(records, Clock()).look(QUERY, 0.3)
    assert (found.status, found.ttl_seconds) == (UNAVAILABLE, 60)


async def test_hints_are_followed() -> None:
    """An autodiscover alias leads to the row, with the record in the sentence."""
    records = FakeRecords()
    records.answer_text("CNAME", f"autodiscover.{DOMAIN}", "autodiscover.outlook.com", ttl=77)
    found = await HintSource(rows(), records).look(QUERY, 1)
    assert (found.status, found.provider_id, found.ttl_seconds) == (FOUND, "microsoft365", 77)
    assert found.detail == (
        "The CNAME record of autodiscover.example.test points to Microsoft 365 / Exchange Online."
    )
    nothing = await HintSource(rows(), FakeRecords()).look(QUERY, 1)
    assert (nothing.status, nothing.proposal) == (NOTHING, None)


async def guessed(
    knocks: FakeKnocks, *exchangers: str, seconds: float = 1, domain: str = DOMAIN
) -> Finding:
    """Guess for a domain with these exchangers."""
    records = FakeRecords()
    records.answer_mx(domain, *exchangers)
    return await GuessSource(shipped(), records, Knocker(knocks), Clock()).look(
        Query(domain), seconds
    )


async def test_guesses_are_offered_only_if_they_answer() -> None:
    """The best name of each protocol, without credentials."""
    knocks = FakeKnocks({("mail.example.test", 993): 0, ("mail.example.test", 587): 0})
    found = await guessed(knocks, "mx.example.test")
    assert found.proposal is not None
    assert [(item.host, item.port) for item in found.proposal.incoming] == [
        ("mail.example.test", 993)
    ]
    assert [(item.host, item.port) for item in found.proposal.outgoing] == [
        ("mail.example.test", 587)
    ]
    assert found.probed
    assert {target.secret for item in knocks.requests for target in item.targets} == {None}
    nothing = await guessed(FakeKnocks(), "mx.example.test")
    assert (nothing.status, nothing.proposal, nothing.probed) == (NOTHING, None, False)
    assert (found.ttl_seconds, nothing.ttl_seconds) == (300, 60)


async def test_the_better_guess_wins_though_it_is_slower() -> None:
    """Started together, taken by priority, the rest cancelled."""
    knocks = FakeKnocks(
        {
            ("imap.example.test", 993): 0.1,
            ("mail.example.test", 993): 0,
            ("smtp.example.test", 465): 0,
            ("mail.example.test", 465): 5,
        },
        silent_seconds=5,
    )
    found = await guessed(knocks, "mx.example.test", seconds=2)
    assert found.proposal is not None
    assert hosts(found.proposal.incoming)[0] == "imap.example.test"
    assert hosts(found.proposal.outgoing)[0] == "smtp.example.test"


async def test_guesses_that_answered_in_time_are_kept() -> None:
    """Servers that stay silent cost their time and no more."""
    knocks = FakeKnocks({("mail.example.test", 993): 0}, silent_seconds=60)
    found = await guessed(knocks, "mx.example.test", seconds=0.4)
    assert found.proposal is not None
    assert hosts(found.proposal.incoming) == ["mail.example.test"]
    assert found.proposal.outgoing == ()


async def test_a_filter_is_no_guess() -> None:
    """The exchanger is knocked at only where it can be the mailbox host."""
    for exchanger, tried in (("eu.mimecast.com", False), ("mx.unheard-of.test", True)):
        knocks = FakeKnocks()
        await guessed(knocks, exchanger)
        assert ((exchanger, 993) in knocks.places) is tried
        assert ("imap.example.test", 993) in knocks.places


@pytest.mark.parametrize("domain", ["co.uk", "localhost"])
async def test_nobody_guesses_at_a_public_suffix(domain: str) -> None:
    """Its names belong to others."""
    knocks = FakeKnocks()
    assert (await guessed(knocks, "mx.example.test", domain=domain)).status is NOTHING
    assert knocks.requests == []


async def test_an_unconfirmed_row_behind_an_exchanger_is_probed() -> None:
    """A row is as doubtful by its exchanger as by its domain."""
    row = replace(doubtful(), mx_suffixes=("mx-of-it.test",))
    records = FakeRecords()
    records.answer_mx(DOMAIN, "in.mx-of-it.test")
    source = MxSource(rows(FakeKnocks(), Catalogue([row])), records)
    assert (await source.look(QUERY, 1)).status is UNAVAILABLE
