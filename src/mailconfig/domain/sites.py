"""Which hosts are one site, so that a stored secret may follow from one to the other.

Threat: somebody who may change a configuration but does not know its secret points it at a machine
of theirs and lets the secret be sent there. A site is therefore as small as what one operator runs:
the hosts of one row of the catalogue, else a registrable domain, else the host alone.

Limits: the public suffix list decides what is a shared suffix; a hoster that gives out names below
its own domain without being on that list is one site. A row joins exactly the hosts that it names,
never all of their domains. Rows that share a host are joined only where this file says so: a
university beside Microsoft's server in one row must not make its campus part of Microsoft.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host, registrable_domain
from mailconfig.domain.providers import Provider

FAMILIES: Final[dict[str, str]] = {
    "gmail": "google",
    "google_workspace": "google",
    "google_workspace_relay": "google",
    "outlook_com": "microsoft",
    "microsoft365": "microsoft",
}
"""Rows of one operator that share servers, and the name of their common site."""


class Sites:
    """Names the site of a host; immutable after construction."""

    __slots__ = ("_sites",)

    def __init__(self, providers: Iterable[Provider]) -> None:
        owners: defaultdict[str, set[str]] = defaultdict(set)
        for row in providers:
            for host in fixed_hosts(row):
                owners[host].add(row.id)
        named = {host: _common_name(ids) for host, ids in owners.items()}
        self._sites = {host: name for host, name in named.items() if name is not None}

    def site_of(self, host: str) -> str:
        """Return the name of the site, prefixed by its kind so that kinds never collide.

        Two hosts are one site if and only if the names are equal. Never raises: a text that is no
        host is a site of its own.
        """
        try:
            name = parse_host(host)
        except HostInvalid:
            return f"text:{host}"
        if is_ip_literal(name):
            return f"address:{name}"
        return self._sites.get(name) or f"domain:{registrable_domain(name)}"


def fixed_hosts(row: Provider) -> set[str]:
    """Return the names that a row lists without placeholders; addresses are nobody's name."""
    listed = {server.host_template for server in row.servers} | set(row.alternative_hosts)
    return {host for host in listed if "{" not in host and not is_ip_literal(host)}


def _common_name(ids: set[str]) -> str | None:
    """Name the site of a host that these rows list, None where only its domain can tell."""
    families = {FAMILIES[row] for row in ids if row in FAMILIES}
    if len(families) == 1:
        return f"family:{families.pop()}"
    return f"provider:{next(iter(ids))}" if len(ids) == 1 else None
