"""The catalogue of providers: look-ups by id, domain, address, MX, host and text.

Pure and immutable; every look-up that runs while somebody types is a dictionary access.
Built once at start by `storage.catalogue`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from mailconfig.domain.addresses import EmailAddress
from mailconfig.domain.hosts import (
    HostInvalid,
    is_public_suffix,
    parse_host,
    registrable_domain,
)
from mailconfig.domain.mx import MxKind, MxMatch, MxRules, MxTable
from mailconfig.domain.providers import (
    Provider,
    ProviderKind,
    ProviderServer,
    ProviderStatus,
)
from mailconfig.domain.sites import Sites
from mailconfig.domain.spelling import Spelling, drawn_alike


@dataclass(frozen=True, slots=True)
class DnsHint:
    """A DNS record that points at the mailbox host where the MX does not tell it."""

    provider_id: str | None
    """Row it speaks for; None where the record itself names the servers (SRV)."""
    record: str
    """Type and name, such as `CNAME autodiscover.{domain}`; a third word narrows TXT records."""
    weight: str
    """strong, medium or weak."""
    contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None


class Catalogue:
    """All known providers. Rows come in the order of preference of their file."""

    def __init__(
        self,
        rows: Iterable[Provider],
        mx_rules: MxRules | None = None,
        dns_hints: Iterable[DnsHint] = (),
        guesses: Iterable[ProviderServer] = (),
    ) -> None:
        self._rows = tuple(rows)
        self.providers: Final[tuple[Provider, ...]] = tuple(
            sorted(self._rows, key=lambda row: (row.name.casefold(), row.id))
        )
        """All rows, by name, then id."""
        self.dns_hints: Final = tuple(dns_hints)
        self.guesses: Final = tuple(guesses)
        """Servers to try last, best first; templates may also hold {mx_host}."""
        self._ids = {row.id: row for row in self._rows}
        self._domains = {domain: row for row in self._rows for domain in row.domains}
        self._suffixes = {suffix: row for row in self._rows for suffix in row.domain_suffixes}
        self._mx_rules = mx_rules or MxRules()
        self._mx = MxTable(self._rows, self._mx_rules)
        self._hosts = _rows_by_host(self._rows)
        self._patterns = tuple(
            (_pattern(server.host_template), row)
            for row in self._rows
            for server in row.servers
            if "{" in server.host_template and "{domain}" not in server.host_template
        )
        self._fitting = lru_cache(maxsize=1000)(self._rows_by_pattern)
        self._sites = Sites(self._rows)
        self._texts = tuple((row, row.name.casefold(), _text(row)) for row in self.providers)

    def preceded(self, rows: Iterable[Provider]) -> "Catalogue":
        """Return a catalogue with these rows before its own."""
        joined = (*rows, *self._rows)
        return Catalogue(joined, self._mx_rules, self.dns_hints, self.guesses)

    def by_id(self, provider_id: str) -> Provider | None:
        """Return the row of an id."""
        return self._ids.get(provider_id)

    def by_domain(self, domain: str) -> Provider | None:
        """Return the row of the part after the @, as A-labels: exact, then longest suffix.

        A row without servers is an answer too. A name itself is not below its suffix.
        """
        domain = domain.lower().removesuffix(".")
        found = self._domains.get(domain)
        above = domain
        while found is None and "." in above:
            above = above.partition(".")[2]
            found = self._suffixes.get(above)
        return found

    def by_address(self, address: EmailAddress) -> Provider | None:
        """Return the row of an address."""
        return self.by_domain(address.domain)

    def by_mx(self, hosts: Sequence[str], domain: str | None = None) -> MxMatch:
        """Judge the MX hosts of a domain, lowest preference value first.

        A domain that the catalogue knows by itself ends the look-up, whatever its MX says.
        """
        row = None if domain is None else self.by_domain(domain)
        if row is not None:
            return MxMatch(MxKind.PROVIDER, provider=row, name=row.name)
        return self._mx.match(hosts)

    def by_host(self, host: str, domain: str | None = None) -> Provider | None:
        """Return the row that lists this server; `domain`, of the user's address, helps to choose.

        Where several rows share a host: the row of the domain, then for a domain of nobody's the
        first hosting row, then the first row.
        """
        rows = self.rows_of_host(host)
        if not rows:
            return None
        if domain is None:
            return rows[0]
        owner = self.by_domain(domain)
        if owner in rows:
            return owner
        hosting = (row for row in rows if row.kind is ProviderKind.HOSTING)
        return next(hosting, rows[0]) if owner is None else rows[0]

    def rows_of_host(self, host: str) -> tuple[Provider, ...]:
        """Return all rows that list this server, best first; empty for a text that is no host."""
        try:
            name = parse_host(host)
        except HostInvalid:
            return ()
        listed = self._hosts.get(name)
        return self._fitting(name) if listed is None else listed

    def _rows_by_pattern(self, name: str) -> tuple[Provider, ...]:
        fitting = {row.id: row for pattern, row in self._patterns if pattern.fullmatch(name)}
        return tuple(fitting.values())

    def site_of(self, host: str) -> str:
        """Name the site of a host: see `domain.sites` for the rule that secrets depend on."""
        return self._sites.site_of(host)

    def nearest_domain(self, domain: str) -> str | None:
        """Return the known domain that an unknown one is probably a typing error of."""
        if self.by_domain(domain) is not None:
            return None
        return self._spelling.nearest(domain)

    def imitated(self, name: str) -> str | None:
        """Return the known domain or server that a name is drawn like in other alphabets."""
        drawn = drawn_alike(name)
        if drawn is None or drawn == name:
            return None
        return drawn if self.by_domain(drawn) or self.rows_of_host(drawn) else None

    def nearest_host(self, host: str) -> str | None:
        """Return the known server whose registrable domain was probably meant: imap.gmial.com."""
        domain = registrable_domain(host)
        near = self.nearest_domain(domain) if not self.rows_of_host(host) else None
        fixed = None if near is None else host.removesuffix(domain) + near
        return fixed if fixed is not None and self.rows_of_host(fixed) else None

    def search(self, text: str) -> tuple[Provider, ...]:
        """Find rows by part of their name or of a domain, any case; an address by its domain.

        Hits at the start of a name come first, then at the start of a word or domain, then the
        rest; each in the order of `providers`. An empty text finds all.
        """
        wanted = " ".join(text.casefold().rpartition("@")[2].split())
        if not wanted:
            return self.providers
        ranks: tuple[list[Provider], ...] = ([], [], [])
        for row, name, haystack in self._texts:
            if wanted in haystack:
                ranks[_rank(wanted, name, haystack)].append(row)
        return tuple(row for rank in ranks for row in rank)

    @cached_property
    def _spelling(self) -> Spelling:
        """Built on first use: it alone needs the public suffix list."""
        known = (row for row in self._rows if row.status is ProviderStatus.ACTIVE)
        return Spelling((name for row in known for name in row.domains), is_public_suffix)


def _rows_by_host(rows: Iterable[Provider]) -> dict[str, tuple[Provider, ...]]:
    """Index the rows by every name they list; `{domain}` is filled with their own domains only."""
    found: defaultdict[str, dict[str, Provider]] = defaultdict(dict)
    for row in rows:
        templates = {server.host_template for server in row.servers} | set(row.alternative_hosts)
        for template in templates:
            domains = row.domains if "{domain}" in template else ("",)
            for domain in domains:
                found[template.replace("{domain}", domain)][row.id] = row
    return {host: tuple(listed.values()) for host, listed in found.items()}


def _pattern(template: str) -> re.Pattern[str]:
    """Turn a template into a pattern in which each placeholder stands for one part of a label."""
    parts = re.split(r"\{[a-z_]+\}", template)
    return re.compile("[a-z0-9-]+".join(map(re.escape, parts)))


def _text(row: Provider) -> str:
    """Return what search looks through: every word or domain after a line break."""
    return "\n".join(("", row.name.casefold(), *row.name.casefold().split(), *row.domains))


def _rank(wanted: str, name: str, haystack: str) -> int:
    if name.startswith(wanted):
        return 0
    return 1 if f"\n{wanted}" in haystack else 2
