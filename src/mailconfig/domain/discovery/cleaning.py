"""Findings of strangers' records and documents, made safe to keep, to merge and to show.

Threat: whoever runs a domain chooses what its records and documents say, and the people who read
the answer trust it. Servers without TLS, addresses in place of names, endless lists, control
characters and other people's user names end here. That a name may be dialled at all is checked
later, by egress.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mailconfig.domain.addresses import EmailAddress
from mailconfig.domain.discovery.usernames import form_behind
from mailconfig.domain.discovery.values import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
)
from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.domain.phrases import N_, Phrase
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.domain.text import cut, tidy

SERVERS_MAX: Final = 8
"""Servers of one protocol that are looked at; real documents name at most four."""
NAME_MAX_CHARS: Final = 100
"""Longest name of an operator that is shown."""
USERNAME_MAX_CHARS: Final = 320
"""Longest address with its placeholders (RFC 3696, section 3)."""
TTL_MIN_SECONDS: Final = 60
"""A record with a TTL of 0 must not make every request ask the network again."""
TTL_MAX_SECONDS: Final = 24 * 3600
"""Nobody waits longer than a day for a change to be seen."""

_OWN: Final = frozenset(
    {DiscoverySource.CATALOGUE, DiscoverySource.MX, DiscoverySource.DNS_HINT, DiscoverySource.GUESS}
)
"""Sources whose servers are the catalogue's or our own names."""
_PORTS: Final = range(1, 65536)


def cleaned(finding: Finding, address: EmailAddress | None) -> Finding:
    """Return the finding without what must not be kept; INVALID where nothing useful is left.

    `address` is the one that the source was told; its user names become forms again.
    """
    ttl = min(max(finding.ttl_seconds, TTL_MIN_SECONDS), TTL_MAX_SECONDS)
    finding = replace(finding, ttl_seconds=ttl, detail=_sentence(finding.detail))
    if finding.status is not FindingStatus.FOUND or finding.proposal is None:
        return replace(finding, proposal=None)
    if finding.source in _OWN:
        return finding
    proposal = _proposal(finding.proposal, address)
    if not proposal.incoming and not proposal.outgoing:
        detail = N_("This source names no server that can be used.")
        return replace(finding, status=FindingStatus.INVALID, detail=detail, proposal=None)
    return replace(finding, proposal=proposal)


def _proposal(found: Proposal, address: EmailAddress | None) -> Proposal:
    return Proposal(
        _servers(found.incoming, MailProtocol.IMAP, address),
        _servers(found.outgoing, MailProtocol.SMTP, address),
        None,  # only the catalogue knows whose servers they are
        _name(found.display_name, address),
    )


def _name(name: str | None, address: EmailAddress | None) -> str | None:
    """Return an operator's name; one that holds the address is that person's alone."""
    if name is None or (address is not None and address.folded in name.lower()):
        return None
    return cut(tidy(name), NAME_MAX_CHARS) or None


def _servers(
    servers: Sequence[FoundServer], protocol: MailProtocol, address: EmailAddress | None
) -> tuple[FoundServer, ...]:
    kept = (_server(server, address) for server in servers if server.protocol is protocol)
    return tuple(server for server in kept if server is not None)[:SERVERS_MAX]


def _server(server: FoundServer, address: EmailAddress | None) -> FoundServer | None:
    """Return a server with a name and TLS, None for any other."""
    try:
        host = parse_host(server.host)
    except HostInvalid:
        return None
    plain = server.security is TransportSecurity.NONE
    if plain or is_ip_literal(host) or "." not in host or server.port not in _PORTS:
        return None
    username = form_behind(server.username, address)
    if username is not None and (len(username) > USERNAME_MAX_CHARS or tidy(username) != username):
        username = None
    return replace(server, host=host, username=username)


def _sentence(detail: str) -> str:
    """Make a sentence fit to show; of a phrase its values, so that it stays translatable."""
    if not isinstance(detail, Phrase):
        return cut(tidy(detail))
    values = {
        name: _sentence(value) if isinstance(value, str) else value
        for name, value in detail.values.items()
    }
    return Phrase(detail.template, values)
