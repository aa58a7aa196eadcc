"""The answer about a domain from the catalogue alone: no network, no account, no clock.

Precedence is the catalogue's: the domain by itself, then the first mail exchanger. What batches
print; `discover` with the network is in the services. Must not probe or guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.hosts import HostInvalid, parse_host
from mailconfig.domain.mx import MxKind
from mailconfig.domain.providers import Provider, ProviderKind, ProviderServer
from mailconfig.domain.servers import TransportSecurity


class DomainClass(StrEnum):
    """What stands behind a domain; the values are those of batches."""

    PROVIDER = "provider"
    """A row of the catalogue, perhaps one without servers."""
    GATEWAY = "gateway"
    """A filter in front of a mailbox host that it hides."""
    FORWARDER = "forwarder"
    """Mail is only forwarded: there is no mailbox."""
    AMBIGUOUS = "ambiguous"
    """Several services behind one mail exchanger."""
    NONE = "none"
    """The domain takes no mail (RFC 7505)."""
    UNKNOWN = "unknown"
    """Nothing is known about it."""


_CLASSES: Final = {
    MxKind.GATEWAY: DomainClass.GATEWAY,
    MxKind.FORWARDER: DomainClass.FORWARDER,
    MxKind.AMBIGUOUS: DomainClass.AMBIGUOUS,
    MxKind.NULL_MX: DomainClass.NONE,
    MxKind.CUSTOMER_LINE: DomainClass.UNKNOWN,
    MxKind.UNKNOWN: DomainClass.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class OfflineServer:
    """A server of a row, its name complete."""

    host: str
    port: int
    security: TransportSecurity


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """What the catalogue says about a domain."""

    domain_class: DomainClass
    provider_id: str | None = None
    imap: OfflineServer | None = None
    """First IMAP server of the row; None where there is none or its name has a gap."""
    smtp: OfflineServer | None = None
    """First SMTP server of the row, likewise."""


def offline(catalogue: Catalogue, domain: str, mx: Sequence[str] | None) -> OfflineAnswer:
    """Answer about a domain whose mail exchangers are known, lowest preference value first.

    `mx` None means that nobody looked them up; a null MX is an empty name or a dot. The domain may
    be in U-labels; raises HostInvalid for a text that is no domain.
    """
    name = parse_host(domain.strip())
    row = catalogue.by_domain(name)
    if row is not None:
        return _of_row(row, name)
    match = catalogue.by_mx([_ascii(host) for host in mx or ()])
    if match.kind is MxKind.PROVIDER and match.provider is not None:
        return _of_row(match.provider, name)
    return OfflineAnswer(_CLASSES[match.kind])


def _of_row(row: Provider, domain: str) -> OfflineAnswer:
    if row.kind is ProviderKind.ALIAS_ONLY:
        return OfflineAnswer(DomainClass.FORWARDER, row.id)
    if row.silent:
        return OfflineAnswer(DomainClass.PROVIDER, row.id)
    imap, smtp = _first(row.incoming, domain), _first(row.outgoing, domain)
    return OfflineAnswer(DomainClass.PROVIDER, row.id, imap, smtp)


def _first(servers: Sequence[ProviderServer], domain: str) -> OfflineServer | None:
    """Return the first server only: a later one is for people to choose."""
    if not servers:
        return None
    host = servers[0].host_for(domain)
    return None if host is None else OfflineServer(host, servers[0].port, servers[0].security)


def _ascii(host: str) -> str:
    """Return an exchanger in A-labels; what is no host name is compared as it stands."""
    if host.isascii():
        return host
    try:
        return parse_host(host.strip())
    except HostInvalid:
        return host
