"""Merging findings into candidates: order, trust, agreement, disagreement, and when to stop."""

import pytest

from kit.discovery import DOMAIN, IMAP, SMTP, STARTTLS, finding, hosts, pair, server
from kit.drafts import shipped
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import (
    Candidate,
    DiscoverySource,
    Finding,
    FindingStatus,
    Proposal,
    Trust,
)
from mailconfig.domain.discovery.merging import Merger, verdict

CATALOGUE, PACC, AUTOCONFIG = (
    DiscoverySource.CATALOGUE,
    DiscoverySource.PACC,
    DiscoverySource.AUTOCONFIG,
)
SRV, MX, ISPDB = DiscoverySource.SRV, DiscoverySource.MX, DiscoverySource.ISPDB
HINT, GUESS = DiscoverySource.DNS_HINT, DiscoverySource.GUESS
MERGER = Merger(shipped(), DOMAIN)
HIGH, MEDIUM = (
    "gmail",
    next(
        row.id
        for row in shipped().providers
        if row.confidence.value == "MEDIUM" and row.kind.value == "HOSTING"
    ),
)
ALL = [
    finding(CATALOGUE, pair("c.test", "c.test"), provider_id=HIGH),
    finding(PACC, pair("p.test", "p.test")),
    finding(AUTOCONFIG, pair("a.test", "a.test")),
    finding(SRV, pair("s.test", "s.test")),
    finding(MX, pair("m.test", "m.test"), provider_id=HIGH, secure=False),
    finding(ISPDB, pair("i.test", "i.test")),
    finding(HINT, pair("h.test", "h.test"), provider_id=HIGH, secure=False),
    finding(GUESS, pair("g.test", "g.test"), secure=False),
]
"""One finding of each source, all naming other servers, strongest first."""


def first_hosts(candidates: tuple[Candidate, ...]) -> list[str | None]:
    """Return the IMAP host of each candidate."""
    return hosts([item.incoming for item in candidates])


def test_the_order_of_the_sources() -> None:
    """Whatever order they came in, candidates stand in the order that was decided."""
    candidates = MERGER.candidates(list(reversed(ALL)))
    assert first_hosts(candidates) == [
        f"{letter}.test" for letter in ("c", "p", "a", "s", "m", "i", "h", "g")
    ]
    assert [item.trust for item in candidates] == [
        Trust.CATALOGUE,
        Trust.SECURE,
        Trust.SECURE,
        Trust.SECURE,
        Trust.INSECURE,
        Trust.SECURE,
        Trust.INSECURE,
        Trust.GUESSED,
    ]


def test_an_unprotected_srv_record_comes_after_the_hints() -> None:
    """Whoever can forge it must not push a known provider away."""
    forged = finding(SRV, pair("s.test", "s.test"), secure=False)
    candidates = MERGER.candidates([*ALL[4:], forged])
    assert first_hosts(candidates) == ["m.test", "i.test", "h.test", "s.test", "g.test"]
    assert candidates[3].trust is Trust.INSECURE


OWN = [
    pytest.param(finding(PACC, pair()), ["imap.example.test", "row.test"], id="PACC"),
    pytest.param(finding(AUTOCONFIG, pair()), ["imap.example.test", "row.test"], id="autoconfig"),
    pytest.param(finding(SRV, pair()), ["imap.example.test", "row.test"], id="SRV with DNSSEC"),
    pytest.param(
        finding(SRV, pair(), secure=False),
        ["imap.example.test", "row.test"],
        id="SRV inside the domain",
    ),
    pytest.param(
        finding(SRV, pair("evil.test", "evil.test"), secure=False),
        ["row.test", "evil.test"],
        id="SRV that leads away without DNSSEC",
    ),
    pytest.param(finding(ISPDB, pair()), ["row.test", "imap.example.test"], id="not the operator"),
]


@pytest.mark.parametrize(("own", "order"), OWN)
@pytest.mark.parametrize("source", [CATALOGUE, MX])
def test_an_operators_own_record_beats_a_doubtful_row(
    own: Finding, order: list[str], source: DiscoverySource
) -> None:
    """However the row was found; both stay on offer, the row with the contradiction beside it."""
    row = finding(source, pair("row.test", "row.test"), provider_id=MEDIUM)
    candidates = MERGER.candidates([row, own])
    assert first_hosts(candidates) == order
    if order[0] == "imap.example.test":
        assert candidates[1].disagreements == (own,)


def test_a_sure_row_is_not_beaten() -> None:
    """Two sources and more stand behind a row of high confidence."""
    row = finding(CATALOGUE, pair("row.test", "row.test"), provider_id=HIGH)
    assert first_hosts(MERGER.candidates([row, finding(PACC, pair())]))[0] == "row.test"


def test_what_agrees_is_one_candidate() -> None:
    """All evidence, strongest first, and the strongest trust."""
    findings = [
        finding(GUESS, pair(), secure=False),
        finding(SRV, pair(), secure=False),
        finding(AUTOCONFIG, pair()),
    ]
    (candidate,) = MERGER.candidates(findings)
    assert [item.source for item in candidate.evidence] == [AUTOCONFIG, SRV, GUESS]
    assert candidate.trust is Trust.SECURE
    assert candidate.disagreements == ()


def test_a_list_that_holds_the_servers_agrees() -> None:
    """Another order or more alternatives are no contradiction."""
    more = Proposal(
        (server("imap.example.test", port=143, security=STARTTLS), server("imap.example.test")),
        (server("smtp.example.test", SMTP),),
    )
    (candidate,) = MERGER.candidates([finding(PACC, pair()), finding(AUTOCONFIG, more)])
    assert candidate.incoming == server("imap.example.test")
    assert len(candidate.evidence) == 2


def test_another_port_disagrees() -> None:
    """The same host with another port is another server."""
    other = Proposal((server("imap.example.test", port=1993),), pair().outgoing)
    candidates = MERGER.candidates([finding(PACC, pair()), finding(AUTOCONFIG, other)])
    assert [item.incoming.port for item in candidates if item.incoming] == [993, 1993]
    assert candidates[0].disagreements == ()
    assert [item.source for item in candidates[1].disagreements] == [PACC]


def test_evidence_of_one_server_fills_the_other() -> None:
    """A record of IMAP alone takes SMTP from who agrees with it; the weaker trust counts."""
    half = finding(AUTOCONFIG, pair(smtp=""))
    whole = finding(GUESS, pair(), secure=False)
    (candidate,) = MERGER.candidates([half, whole])
    assert hosts([candidate.incoming, candidate.outgoing]) == [
        "imap.example.test",
        "smtp.example.test",
    ]
    assert candidate.trust is Trust.GUESSED


def test_the_servers_of_a_row_are_recognised() -> None:
    """A document that names a known provider's servers is that provider's."""
    google = pair("imap.gmail.com", "smtp.gmail.com")
    (candidate,) = MERGER.candidates([finding(AUTOCONFIG, google)])
    assert candidate.provider_id == "google_workspace"
    mixed = pair("imap.gmail.com", "smtp.evil.test")
    (candidate,) = MERGER.candidates([finding(AUTOCONFIG, mixed)])
    assert candidate.provider_id is None


def test_what_one_source_leaves_out_another_tells() -> None:
    """The user name comes from the next finding that names the same server."""
    named = Proposal((server("imap.example.test", username="%EMAILLOCALPART%"),))
    (candidate,) = MERGER.candidates([finding(PACC, pair()), finding(AUTOCONFIG, named)])
    assert candidate.incoming is not None
    assert candidate.incoming.username == "%EMAILLOCALPART%"


def test_only_found_servers_count() -> None:
    """A finding of another status offers nothing, whatever it holds."""
    late = finding(PACC, pair(), status=FindingStatus.TIMED_OUT)
    assert MERGER.candidates([late, finding(AUTOCONFIG), finding(SRV, Proposal())]) == ()


VERDICTS = [
    (MX, DiagnosticCode.FORWARD_ONLY, True),
    (MX, DiagnosticCode.DNS_NXDOMAIN, True),
    (MX, DiagnosticCode.DNS_NO_ADDRESS, True),
    # a row behind an exchanger is a proposal: the operator may know better
    (MX, DiagnosticCode.NO_CLIENT_ACCESS, False),
    (MX, DiagnosticCode.DNS_TEMPORARY, False),
    (CATALOGUE, DiagnosticCode.NO_CLIENT_ACCESS, True),
    (CATALOGUE, DiagnosticCode.FORWARD_ONLY, True),
    (SRV, DiagnosticCode.NO_CLIENT_ACCESS, False),
    (AUTOCONFIG, DiagnosticCode.AUTOCONFIG_HTML, False),
    (AUTOCONFIG, DiagnosticCode.FORWARD_ONLY, False),
]


@pytest.mark.parametrize(("source", "code", "ends"), VERDICTS)
def test_a_verdict_ends_the_look_up(
    source: DiscoverySource, code: DiagnosticCode, ends: bool
) -> None:
    """No mailbox at all: nothing that others found is offered."""
    said = finding(source, code=code)
    findings = [finding(ISPDB, pair()), said]
    assert verdict(findings) == (said if ends else None)
    assert len(MERGER.candidates(findings)) == (0 if ends else 1)
    assert MERGER.settled(findings, [PACC, SRV]) is ends


SETTLED = [
    pytest.param(ALL[0], [PACC, AUTOCONFIG, SRV, MX], True, id="sure row"),
    pytest.param(
        finding(CATALOGUE, pair(), provider_id=MEDIUM), [SRV], False, id="doubtful row waits"
    ),
    pytest.param(
        finding(CATALOGUE, pair(), provider_id=MEDIUM), [MX, ISPDB, HINT], True, id="not for these"
    ),
    pytest.param(ALL[1], [AUTOCONFIG, SRV, ISPDB, HINT], True, id="PACC is best"),
    pytest.param(ALL[1], [MX], False, id="the exchanger may say that there is no mailbox"),
    pytest.param(ALL[2], [PACC], False, id="PACC would beat it"),
    pytest.param(ALL[4], [ISPDB, HINT], True, id="exchanger of a sure row"),
    pytest.param(ALL[4], [SRV], False, id="SRV would beat it"),
    pytest.param(finding(SRV, pair(), secure=False), [HINT], False, id="unprotected SRV"),
    pytest.param(finding(PACC, pair(smtp="")), [ISPDB], False, id="half an answer"),
    pytest.param(finding(PACC), [ISPDB], False, id="nothing found"),
    pytest.param(finding(PACC), [], True, id="nobody left"),
]


@pytest.mark.parametrize(("best", "pending", "settled"), SETTLED)
def test_when_nothing_better_can_come(
    best: Finding, pending: list[DiscoverySource], settled: bool
) -> None:
    """The rest is asked only while it could change the answer."""
    assert MERGER.settled([best], pending) is settled


def test_servers_of_one_protocol_only() -> None:
    """A relay has no IMAP: the candidate has one side."""
    (candidate,) = MERGER.candidates([finding(PACC, pair(imap=""))])
    assert candidate.incoming is None
    assert candidate.outgoing is not None
    assert candidate.outgoing.protocol is SMTP
    assert IMAP not in {item.protocol for item in candidate.evidence[0].proposal.outgoing}
