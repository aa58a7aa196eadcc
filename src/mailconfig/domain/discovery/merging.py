"""From findings to candidates: what agrees is one candidate, what is stronger comes first. Pure.

    catalogue (high) > PACC > autoconfig > secure SRV > MX row > ISPDB > DNS hint > SRV > guess

Only one thing moves: a medium or low row of the catalogue stands behind the operator's own records
that contradict it, however the row was found.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.values import (
    Candidate,
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Trust,
)
from mailconfig.domain.hosts import registrable_domain
from mailconfig.domain.providers import Confidence

Source = DiscoverySource

_RANKS: Final = {
    Source.CATALOGUE: 0,
    Source.PACC: 10,
    Source.AUTOCONFIG: 20,
    Source.SRV: 30,
    Source.MX: 40,
    Source.ISPDB: 50,
    Source.DNS_HINT: 60,
    Source.GUESS: 80,
}
_RANK_UNPROTECTED: Final = 70
"""An operator's own record that could have been forged on its way."""
_OWN_RECORDS: Final = frozenset({Source.PACC, Source.AUTOCONFIG, Source.SRV})
_ROWS: Final = frozenset({Source.CATALOGUE, Source.MX, Source.DNS_HINT})
"""Sources that find a row of the catalogue."""
_TRUST_ORDER: Final = {trust: place for place, trust in enumerate(Trust)}

_ENDINGS: Final = {
    Source.CATALOGUE: frozenset({DiagnosticCode.FORWARD_ONLY, DiagnosticCode.NO_CLIENT_ACCESS}),
    Source.MX: frozenset(
        {
            DiagnosticCode.FORWARD_ONLY,
            DiagnosticCode.DNS_NXDOMAIN,
            DiagnosticCode.DNS_NO_ADDRESS,
        }
    ),
}
"""Verdicts that end the look-up, by the source that may give them."""


def verdict(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding after which no other counts: no mailbox, or no domain, at all."""
    ending = (item for item in findings if item.code in _ENDINGS.get(item.source, ()))
    return min(ending, key=lambda item: _RANKS[item.source], default=None)


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges the findings about one domain."""

    catalogue: Catalogue
    domain: str
    """Lower-case A-labels."""

    def ordered(self, findings: Collection[Finding]) -> list[Finding]:
        """Return the findings, strongest first; equals in the order of `DiscoverySource`."""
        return sorted(findings, key=self._ranking(findings))

    def candidates(self, findings: Collection[Finding]) -> tuple[Candidate, ...]:
        """Return what may be offered, best first."""
        ending = verdict(findings)
        counted = [ending] if ending is not None else findings
        found = [item for item in self.ordered(counted) if _is_found(item)]
        groups: list[list[Finding]] = []
        for item in found:
            joined = [group for group in groups if _agree(_said(group[0]), _said(item))]
            for group in joined:
                group.append(item)
            if not joined:
                groups.append([item])
        rank = self._ranking(counted)
        return tuple(self._candidate(group, found, rank) for group in groups)

    def settled(self, findings: Collection[Finding], pending: Collection[DiscoverySource]) -> bool:
        """Tell whether none of the pending sources could find anything better."""
        if not pending or verdict(findings) is not None:
            return True
        complete = [item for item in findings if _is_found(item) and _is_complete(_said(item))]
        if not complete:
            return False
        best = self.ordered(complete)[0]
        return not self._could_beat(best) & set(pending)

    def _could_beat(self, best: Finding) -> set[DiscoverySource]:
        if best.source is Source.CATALOGUE:
            return set(_OWN_RECORDS) if self._doubtful(best) else set()
        rank = self._base(best)
        # The mail exchangers may still tell that there is no mailbox at all.
        stronger = {kind for kind in Source if _RANKS[kind] < rank} | {Source.MX}
        return stronger | (set(_OWN_RECORDS) if self._doubtful(best) else set())

    def _ranking(self, findings: Collection[Finding]) -> Callable[[Finding], int]:
        """Return the rank of each finding among these; lower is stronger."""
        own = [item for item in findings if _is_found(item) and self._is_own_record(item)]

        def rank(item: Finding) -> int:
            base = self._base(item)
            if not _is_found(item) or not self._doubtful(item):
                return base
            against = (self._base(one) for one in own if _contradict(_said(one), _said(item)))
            return max(base, max(against, default=-1) + 1)

        return rank

    def _base(self, item: Finding) -> int:
        if item.source in _OWN_RECORDS and not item.secure and _is_found(item):
            return _RANK_UNPROTECTED
        return _RANKS[item.source]

    def _doubtful(self, item: Finding) -> bool:
        """Tell whether it stands on a row that has no second source."""
        if item.source not in _ROWS or item.provider_id is None:
            return False
        row = self.catalogue.by_id(item.provider_id)
        return row is not None and row.confidence is not Confidence.HIGH

    def _is_own_record(self, item: Finding) -> bool:
        """Tell whether it is the operator who speaks, as far as that can be known.

        A record without DNSSEC counts while its servers are inside the domain: whoever forges it
        has no certificate for them (RFC 6186, section 6).
        """
        if item.source not in _OWN_RECORDS:
            return False
        home = registrable_domain(self.domain)
        said = _said(item)
        hosts = (server.host for server in said.incoming + said.outgoing)
        return item.secure or all(registrable_domain(host) == home for host in hosts)

    def _candidate(
        self, group: Sequence[Finding], found: Sequence[Finding], rank: Callable[[Finding], int]
    ) -> Candidate:
        incoming = _first(group, lambda said: said.incoming)
        outgoing = _first(group, lambda said: said.outgoing)
        weakest = max(map(rank, group))
        row_id = self._row_of(group, incoming, outgoing)
        row = self.catalogue.by_id(row_id) if row_id is not None else None
        names = (_said(item).display_name for item in group)
        return Candidate(
            incoming,
            outgoing,
            _trust(group, [server for server in (incoming, outgoing) if server is not None]),
            tuple(group),
            row_id,
            next(filter(None, names), None) or (row.name if row is not None else None),
            tuple(
                item
                for item in found
                if rank(item) <= weakest and _contradict(_said(group[0]), _said(item))
            ),
            True if any(item.probed for item in group) else None,
        )

    def _row_of(
        self, group: Sequence[Finding], incoming: FoundServer | None, outgoing: FoundServer | None
    ) -> str | None:
        """Return the row that a finding names, else the one row that lists all servers."""
        named = next(filter(None, (_said(item).provider_id for item in group)), None)
        if named is not None:
            return named
        servers = [server for server in (incoming, outgoing) if server is not None]
        rows = [self.catalogue.by_host(server.host, self.domain) for server in servers]
        ids = {row.id if row is not None else None for row in rows}
        return ids.pop() if len(ids) == 1 else None


def _said(item: Finding) -> Proposal:
    return item.proposal or Proposal()


def _is_found(item: Finding) -> bool:
    said = _said(item)
    return item.status is FindingStatus.FOUND and bool(said.incoming or said.outgoing)


def _is_complete(said: Proposal) -> bool:
    return bool(said.incoming and said.outgoing)


Place = tuple[str, int, str]


def _places(servers: Iterable[FoundServer]) -> set[Place]:
    return {(server.host, server.port, server.security.value) for server in servers}


def _compared(one: Proposal, other: Proposal) -> list[bool]:
    """Tell for each protocol that both name whether they share a server."""
    sides = ((one.incoming, other.incoming), (one.outgoing, other.outgoing))
    return [bool(_places(left) & _places(right)) for left, right in sides if left and right]


def _agree(one: Proposal, other: Proposal) -> bool:
    shared = _compared(one, other)
    return bool(shared) and all(shared)


def _contradict(one: Proposal, other: Proposal) -> bool:
    return not all(_compared(one, other))


Side = Callable[[Proposal], tuple[FoundServer, ...]]


def _first(group: Sequence[Finding], side: Side) -> FoundServer | None:
    """Return the first server that the strongest finding with this side names.

    What it leaves out (user name, methods) comes from the next one that names the same server.
    """
    servers = [server for item in group for server in side(_said(item))]
    if not servers:
        return None
    first = servers[0]
    same = [server for server in servers if _places([server]) == _places([first])]
    return FoundServer(
        first.protocol,
        first.host,
        first.port,
        first.security,
        next((server.username for server in same if server.username), None),
        next((server.authentication for server in same if server.authentication), ()),
    )


def _trust(group: Sequence[Finding], servers: Sequence[FoundServer]) -> Trust:
    """Return the trust of the weaker server; each has that of the strongest finding naming it."""
    best = []
    for server in servers:
        places = _places([server])
        naming = [item for item in group if places <= _places(_named(item))]
        best.append(min((_trust_of(item) for item in naming), key=_TRUST_ORDER.__getitem__))
    return max(best, key=_TRUST_ORDER.__getitem__)


def _named(item: Finding) -> tuple[FoundServer, ...]:
    said = _said(item)
    return said.incoming + said.outgoing


def _trust_of(item: Finding) -> Trust:
    if item.source is Source.CATALOGUE:
        return Trust.CATALOGUE
    if item.source is Source.GUESS:
        return Trust.GUESSED
    return Trust.SECURE if item.secure else Trust.INSECURE
