"""What the MX host of a domain tells about its mailbox: a proposal, never proof.

Pure: the look-up in the DNS happens elsewhere. Names are compared by whole labels.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailconfig.domain.providers import Provider


class MxKind(StrEnum):
    """What stands behind an MX host."""

    PROVIDER = "provider"
    """A provider of the catalogue hosts the domain."""
    GATEWAY = "gateway"
    """A filter in front of a mailbox host that it hides."""
    FORWARDER = "forwarder"
    """Mail is only forwarded: there is no mailbox at this domain."""
    CUSTOMER_LINE = "customer_line"
    """A customer's own machine below an operator's name: says nothing about the mailbox."""
    AMBIGUOUS = "ambiguous"
    """Several services, or a server per customer, behind one name."""
    NULL_MX = "null_mx"
    """The domain takes no mail (RFC 7505)."""
    UNKNOWN = "unknown"
    """Nothing is known about it."""


@dataclass(frozen=True, slots=True)
class MxGroup:
    """MX hosts of one service that is not a provider of mailboxes."""

    name: str
    suffixes: tuple[str, ...]
    maybe_provider: str | None = None
    """Id of the row that sells mailboxes behind the same MX."""


@dataclass(frozen=True, slots=True)
class MxRules:
    """The MX tables of the catalogue beside the rows."""

    gateways: tuple[MxGroup, ...] = ()
    forwarders: tuple[MxGroup, ...] = ()
    ambiguous: tuple[MxGroup, ...] = ()
    customer_line: re.Pattern[str] | None = None
    """Searched in the host name."""


@dataclass(frozen=True, slots=True)
class MxMatch:
    """The verdict on the MX hosts of a domain."""

    kind: MxKind
    provider: Provider | None = None
    """Set when kind is PROVIDER."""
    name: str | None = None
    """Name to show: of the provider, gateway or forwarder."""
    maybe_provider: Provider | None = None
    """FORWARDER: a provider that sells mailboxes behind the same MX."""
    host: str | None = None
    """The MX host that decided."""


class MxTable:
    """Recognises MX hosts; immutable after construction."""

    __slots__ = (
        "_ambiguous",
        "_forwarders",
        "_gateways",
        "_line",
        "_patterns",
        "_rows",
        "_suffixes",
    )

    def __init__(self, providers: Iterable[Provider], rules: MxRules) -> None:
        rows = tuple(providers)
        self._rows = {row.id: row for row in rows}
        self._suffixes = {suffix: row for row in rows for suffix in row.mx_suffixes}
        self._patterns = tuple(
            (re.compile(pattern), row) for row in rows for pattern in row.mx_patterns
        )
        self._gateways = _by_suffix(rules.gateways)
        self._forwarders = _by_suffix(rules.forwarders)
        self._ambiguous = _by_suffix(rules.ambiguous)
        self._line = rules.customer_line

    def match(self, hosts: Sequence[str]) -> MxMatch:
        """Judge the first of the hosts, which come lowest preference value first.

        Later hosts do not count: a back-up MX belongs to whoever helps out, not to the mailbox.
        """
        if not hosts:
            return MxMatch(MxKind.UNKNOWN)
        host = hosts[0].strip().lower().rstrip(".")
        if not host:
            return MxMatch(MxKind.NULL_MX)
        if self._line is not None and self._line.search(host):
            return MxMatch(MxKind.CUSTOMER_LINE, host=host)
        return self._service(host) or MxMatch(MxKind.UNKNOWN, host=host)

    def _service(self, host: str) -> MxMatch | None:
        """Apply the tables in their order; a row's longer suffix beats their shorter one."""
        suffix, row = self._row(host)
        for kind, table in (
            (MxKind.FORWARDER, self._forwarders),
            (MxKind.GATEWAY, self._gateways),
        ):
            found = _longest(host, table)
            if found is not None and len(found[0]) >= len(suffix):
                return self._grouped(kind, found[1], host)
        ambiguous = _longest(host, self._ambiguous)
        if ambiguous is not None:
            return self._grouped(MxKind.AMBIGUOUS, ambiguous[1], host)
        if row is None:
            return None
        return MxMatch(MxKind.PROVIDER, provider=row, name=row.name, host=host)

    def _row(self, host: str) -> tuple[str, Provider | None]:
        """Return the row of a host and the suffix that told it; a pattern counts as shortest."""
        for pattern, row in self._patterns:
            if pattern.search(host):
                return "", row
        for suffix in names_above(host):
            found = self._suffixes.get(suffix)
            if found is not None and not _excluded(host, found):
                return suffix, found
        return "", None

    def _grouped(self, kind: MxKind, group: MxGroup, host: str) -> MxMatch:
        maybe = self._rows.get(group.maybe_provider or "")
        return MxMatch(kind, name=group.name, maybe_provider=maybe, host=host)


def names_above(name: str) -> Iterator[str]:
    """Yield the name and every name above it, longest first: a.b.c, b.c, c."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _by_suffix(groups: Iterable[MxGroup]) -> Mapping[str, MxGroup]:
    return {suffix: group for group in groups for suffix in group.suffixes}


def _longest(host: str, table: Mapping[str, MxGroup]) -> tuple[str, MxGroup] | None:
    return next(((name, table[name]) for name in names_above(host) if name in table), None)


def _excluded(host: str, row: Provider) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in row.mx_exclude)
