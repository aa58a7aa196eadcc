"""The answer from all findings: candidates, and why there are none. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from mailconfig.domain.addresses import EmailAddress
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.merging import Merger, verdict
from mailconfig.domain.discovery.usernames import filled
from mailconfig.domain.discovery.values import Candidate, Discovery, Finding, FoundServer
from mailconfig.domain.hosts import registrable_domain

NOTHING_TO_CONNECT: Final = frozenset(
    {
        DiagnosticCode.FORWARD_ONLY,
        DiagnosticCode.NO_CLIENT_ACCESS,
        DiagnosticCode.DNS_NXDOMAIN,
        DiagnosticCode.DNS_NO_ADDRESS,
    }
)
"""Codes that say why nothing can be set up; whoever has one has no need to guess."""
_WHY: Final = NOTHING_TO_CONNECT | {DiagnosticCode.DNS_TEMPORARY}


def concluded(
    catalogue: Catalogue, domain: str, findings: Collection[Finding], now: datetime
) -> Discovery:
    """Return the answer about a domain; user names are forms until `personal` fills them."""
    merger = Merger(catalogue, domain)
    ordered = merger.ordered(findings)
    candidates = merger.candidates(findings)
    ending = verdict(findings)
    rows = [item.provider_id for item in ([ending] if ending else ordered) if item.provider_id]
    return Discovery(
        domain,
        candidates,
        tuple(ordered),
        _code(candidates, ordered, ending),
        candidates[0].provider_id if candidates else next(iter(rows), None),
        catalogue.nearest_domain(domain),
        min((item.checked_at for item in ordered), default=now),
        now,
    )


def personal(answer: Discovery, address: EmailAddress | None, now: datetime) -> Discovery:
    """Fill the user names for one address, at the moment in which the answer is given."""
    candidates = tuple(
        replace(
            item,
            incoming=_signing_in(item.incoming, address),
            outgoing=_signing_in(item.outgoing, address),
            evidence=tuple(personal_finding(each, address) for each in item.evidence),
            disagreements=tuple(personal_finding(each, address) for each in item.disagreements),
        )
        for item in answer.candidates
    )
    findings = tuple(personal_finding(item, address) for item in answer.findings)
    return replace(answer, candidates=candidates, findings=findings, answered_at=now)


def personal_finding(finding: Finding, address: EmailAddress | None) -> Finding:
    """Fill the user names of a finding for one address."""
    said = finding.proposal
    if said is None:
        return finding
    filled_in = replace(
        said,
        incoming=tuple(_named(server, address) for server in said.incoming),
        outgoing=tuple(_named(server, address) for server in said.outgoing),
    )
    return replace(finding, proposal=filled_in)


def needs_consent(candidate: Candidate, catalogue: Catalogue, domain: str) -> bool:
    """Tell whether a person has to agree to the host names before a password goes there.

    So it is where nobody vouches for a server that is neither inside the domain of the address,
    for which TLS asks a certificate, nor one that the catalogue lists.
    """
    home = registrable_domain(domain)
    servers = (server for server in (candidate.incoming, candidate.outgoing) if server is not None)
    return candidate.trust.value in {"INSECURE", "GUESSED"} and any(
        registrable_domain(server.host) != home and not catalogue.rows_of_host(server.host)
        for server in servers
    )


def _code(
    candidates: tuple[Candidate, ...], ordered: list[Finding], ending: Finding | None
) -> DiagnosticCode | None:
    if candidates:
        code = candidates[0].evidence[0].code
        return code if code in NOTHING_TO_CONNECT else None
    if ending is not None:
        return ending.code
    return next((item.code for item in ordered if item.code in _WHY), None)


def _signing_in(server: FoundServer | None, address: EmailAddress | None) -> FoundServer | None:
    return None if server is None else _named(server, address)


def _named(server: FoundServer, address: EmailAddress | None) -> FoundServer:
    return replace(server, username=filled(server.username, address))
