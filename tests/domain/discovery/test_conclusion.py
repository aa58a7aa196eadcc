"""The answer: diagnosis, provider, age, user names of one address, and consent."""

from datetime import timedelta

import pytest

from kit.discovery import DOMAIN, NOW, finding, pair, server
from kit.drafts import shipped
from mailconfig.domain.addresses import parse_address
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import (
    Candidate,
    Discovery,
    DiscoverySource,
    Finding,
    Proposal,
    Trust,
)
from mailconfig.domain.discovery.conclusion import concluded, needs_consent, personal
from mailconfig.domain.discovery.listed import domain_finding

MX, SRV, AUTOCONFIG = DiscoverySource.MX, DiscoverySource.SRV, DiscoverySource.AUTOCONFIG
SILENT = [
    # kind, code
    ("duck.com", DiagnosticCode.FORWARD_ONLY, 0),
    ("tutanota.com", DiagnosticCode.NO_CLIENT_ACCESS, 0),
    # servers on the user's own machine: shown, with the reason why this service cannot reach them
    ("proton.me", DiagnosticCode.NO_CLIENT_ACCESS, 1),
    ("gmail.com", None, 1),
]
CODES = [
    ([finding(MX, code=DiagnosticCode.DNS_NXDOMAIN)], DiagnosticCode.DNS_NXDOMAIN),
    ([finding(MX, code=DiagnosticCode.DNS_NO_ADDRESS)], DiagnosticCode.DNS_NO_ADDRESS),
    ([finding(MX, code=DiagnosticCode.DNS_TEMPORARY)], DiagnosticCode.DNS_TEMPORARY),
    ([finding(SRV, code=DiagnosticCode.NO_CLIENT_ACCESS)], DiagnosticCode.NO_CLIENT_ACCESS),
    # a web page in place of settings is no reason why nothing can be set up
    ([finding(AUTOCONFIG, code=DiagnosticCode.AUTOCONFIG_HTML)], None),
    ([finding(MX, code=DiagnosticCode.DNS_TEMPORARY), finding(SRV, pair())], None),
    ([], None),
]
CONSENT = [
    pytest.param(pair(), Trust.INSECURE, False, id="inside the domain"),
    pytest.param(pair("imap.gmail.com", "smtp.gmail.com"), Trust.INSECURE, False, id="known"),
    pytest.param(pair("imap.evil.test", "imap.evil.test"), Trust.INSECURE, True, id="away"),
    pytest.param(pair(smtp="smtp.evil.test"), Trust.GUESSED, True, id="one of them away"),
    pytest.param(pair("imap.evil.test", ""), Trust.SECURE, False, id="somebody vouches"),
]


def answer(domain: str, *findings: Finding) -> Discovery:
    """Return the answer about a domain at the time of the tests."""
    return concluded(shipped(), domain, findings, NOW)


@pytest.mark.parametrize(("domain", "code", "candidates"), SILENT)
def test_rows_without_servers_say_why(
    domain: str, code: DiagnosticCode | None, candidates: int
) -> None:
    """The provider is named, and no password needs to be asked for."""
    found = answer(domain, domain_finding(shipped(), domain, NOW))
    row = shipped().by_domain(domain)
    assert row is not None
    assert (found.code, len(found.candidates), found.provider_id) == (code, candidates, row.id)


@pytest.mark.parametrize(("findings", "code"), CODES)
def test_why_nothing_can_be_set_up(findings: list[Finding], code: DiagnosticCode | None) -> None:
    """The reason that a source gave; none where there is something to set up."""
    assert answer(DOMAIN, *findings).code is code


def test_a_typing_error_gets_a_suggestion() -> None:
    """The known domain next to it; none for one that is known itself."""
    assert answer("gmial.com").suggested_domain == "gmail.com"
    assert answer("gmail.com").suggested_domain is None
    assert answer(DOMAIN).suggested_domain is None


def test_the_age_is_that_of_the_oldest_finding() -> None:
    """Kept answers say when they were made and when they were given."""
    found = answer(DOMAIN, finding(MX), finding(SRV, pair()))
    later = personal(found, None, NOW + timedelta(seconds=90))
    assert (later.checked_at, later.answered_at) == (NOW, NOW + timedelta(seconds=90))


def test_user_names_are_filled_everywhere_at_the_end() -> None:
    """In the candidates, their evidence and the findings; for another address anew."""
    form = Proposal((server("imap.example.test", username="%EMAILADDRESS%"),))
    found = answer(DOMAIN, finding(AUTOCONFIG, form))
    for typed in ("ann@example.test", "bo@example.test"):
        shown = personal(found, parse_address(typed), NOW)
        (candidate,) = shown.candidates
        assert candidate.incoming is not None
        assert candidate.incoming.username == typed
        for item in (*candidate.evidence, *shown.findings):
            assert item.proposal is not None
            assert item.proposal.incoming[0].username == typed
    assert "ann" not in repr(found)


@pytest.mark.parametrize(("said", "trust", "wanted"), CONSENT)
def test_when_a_person_has_to_agree(said: Proposal, trust: Trust, wanted: bool) -> None:
    """Where nobody vouches and the certificate proves nothing about the address's own domain."""
    outgoing = said.outgoing[0] if said.outgoing else None
    candidate = Candidate(said.incoming[0], outgoing, trust, ())
    assert needs_consent(candidate, shipped(), DOMAIN) is wanted
