"""What a row of the catalogue says about a domain, as a finding.

Must not decide whether the row is right: that is for `merging`, and for the probe of whoever asks.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.usernames import form_of
from mailconfig.domain.discovery.values import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
)
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import (
    Confidence,
    Provider,
    ProviderKind,
    ProviderServer,
    ProviderStatus,
)
from mailconfig.domain.servers import AuthenticationMethod

CATALOGUE_TTL_SECONDS: Final = 24 * 3600
"""The catalogue changes with a release or a restart; this bounds what other evidence is kept."""

_ENDED: Final = {
    ProviderStatus.CLOSED: N_("{name} has ended its service."),
    ProviderStatus.MOVED: N_("{name} has moved to another operator whose servers are not known."),
    ProviderStatus.NO_TLS_KNOWN: N_("{name} is only known to have servers without encryption."),
}
_TOKENS: Final = {
    "XOAUTH2": AuthenticationMethod.XOAUTH2,
    "OAUTHBEARER": AuthenticationMethod.OAUTHBEARER,
}


def domain_finding(catalogue: Catalogue, domain: str, now: datetime) -> Finding:
    """Return what the catalogue says about a domain by itself."""
    row = catalogue.by_domain(domain)
    source = DiscoverySource.CATALOGUE
    if row is None:
        detail = phrase("The catalogue does not list {domain}.", domain=domain)
        return Finding(
            source,
            FindingStatus.NOTHING,
            detail,
            now,
            secure=True,
            ttl_seconds=CATALOGUE_TTL_SECONDS,
        )
    detail = phrase("The catalogue lists {domain} as {name}.", domain=domain, name=row.name)
    ttl = CATALOGUE_TTL_SECONDS
    return row_finding(source, row, domain, detail, checked_at=now, secure=True, ttl_seconds=ttl)


def row_finding(
    source: DiscoverySource,
    row: Provider,
    domain: str,
    detail: str,
    *,
    checked_at: datetime,
    secure: bool,
    ttl_seconds: int,
) -> Finding:
    """Return what follows from the fact, told by `detail`, that the domain belongs to the row."""
    code = silence(row)
    proposal = None if row.silent else proposal_of(row, domain)
    if proposal is None:
        detail = _why_silent(row)
    return Finding(
        source,
        FindingStatus.NOTHING if proposal is None else FindingStatus.FOUND,
        detail,
        checked_at,
        secure,
        ttl_seconds,
        proposal,
        code,
        row.id,
    )


def silence(row: Provider) -> DiagnosticCode | None:
    """Return why no program can connect from here; None where nothing stands in the way.

    A bridge runs on the machine of its user: its servers are right, but not for this service.
    """
    if row.kind is ProviderKind.ALIAS_ONLY:
        return DiagnosticCode.FORWARD_ONLY
    if row.silent or row.kind is ProviderKind.LOCAL_BRIDGE:
        return DiagnosticCode.NO_CLIENT_ACCESS
    return None


def needs_probe(row: Provider) -> bool:
    """Tell whether the row may be offered only after its servers have answered."""
    return row.confidence is Confidence.LOW and not row.silent


def proposal_of(row: Provider, domain: str) -> Proposal | None:
    """Return the servers of a row for a domain; None where none has a complete name."""
    incoming = tuple(_servers(row, row.incoming, domain))
    outgoing = tuple(_servers(row, row.outgoing, domain))
    if not incoming and not outgoing:
        return None
    return Proposal(incoming, outgoing, row.id, row.name)


def _servers(
    row: Provider, servers: Sequence[ProviderServer], domain: str
) -> Iterator[FoundServer]:
    methods = _methods(row)
    for server in servers:
        host = server.host_for(domain)
        if host is not None:
            username = form_of(row, server.protocol)
            yield FoundServer(
                server.protocol, host, server.port, server.security, username, methods
            )


def _methods(row: Provider) -> tuple[AuthenticationMethod, ...]:
    """Name the methods where passwords are not taken at all; else the server decides."""
    if row.auth != ("oauth2",):
        return ()
    offered = row.oauth2.sasl if row.oauth2 else ()
    named = tuple(_TOKENS[name] for name in offered if name in _TOKENS)
    return named or (AuthenticationMethod.XOAUTH2,)


def _why_silent(row: Provider) -> str:
    if row.status in _ENDED:
        return phrase(_ENDED[row.status], name=row.name)
    if row.kind is ProviderKind.ALIAS_ONLY:
        return phrase("{name} only forwards mail; there is no mailbox.", name=row.name)
    if row.silent:
        return phrase("{name} offers neither IMAP nor SMTP.", name=row.name)
    return phrase("The servers of {name} depend on the customer's contract.", name=row.name)
