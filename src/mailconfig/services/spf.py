"""Following an SPF record through the DNS as receivers do (RFC 7208), bounded in every way."""

from dataclasses import dataclass, field
from typing import Final

from mailconfig.domain.domains.spf import (
    LOOKUPS_MAX,
    SpfSyntaxError,
    SpfWalk,
    Term,
    is_spf,
    terms_of,
)
from mailconfig.domain.domains.tags import shown
from mailconfig.domain.hosts import HostInvalid, parse_host
from mailconfig.domain.phrases import phrase
from mailconfig.domain.resolution import (
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    Records,
    Resolver,
)

_LOOKUPS_STOP: Final = 3 * LOOKUPS_MAX
"""Where we stop counting: owners want to see how far above ten they are, not more."""


@dataclass(slots=True)
class _Tally:
    """What has been seen so far."""

    lookups: int = 0
    voids: int = 0
    included: set[str] = field(default_factory=set)
    problem: str | None = None
    uses_ptr: bool = False


@dataclass(frozen=True, slots=True)
class SpfWalker:
    """Follows include and redirect; asks for a, mx and exists only to see whether they answer."""

    records: Records
    resolver: Resolver

    async def walk(self, domain: str, record: str) -> SpfWalk:
        """Follow the one record of a domain; raises NameTemporary when the DNS does not answer."""
        tally = _Tally()
        terms, last_all = await self._follow(domain, record, tally)
        return SpfWalk(
            terms=terms,
            lookups=tally.lookups,
            voids=tally.voids,
            included=frozenset(tally.included),
            last_all=last_all,
            problem=tally.problem,
            uses_ptr=tally.uses_ptr,
        )

    async def _follow(
        self, domain: str, record: str, tally: _Tally
    ) -> tuple[tuple[Term, ...], str | None]:
        """Return the record's terms and the qualifier of the `all` that decides."""
        try:
            terms = terms_of(record)
        except SpfSyntaxError as error:
            tally.problem = phrase(
                "The SPF record of {domain} holds {term}, which cannot be understood.",
                term=shown(str(error)),
                domain=domain,
            )
            return (), None
        for term in terms:
            if term.looks_up and term.name != "redirect":
                await self._count(domain, term, tally)
        return terms, await self._ending(terms, tally)

    async def _ending(self, terms: tuple[Term, ...], tally: _Tally) -> str | None:
        """Return the qualifier of `all`; a redirect counts only without one (section 6.1)."""
        ends = [term.qualifier for term in terms if term.name == "all"]
        if ends:
            return ends[0]
        redirect = next((term.value for term in terms if term.name == "redirect"), None)
        if redirect is None:
            return None
        return await self._include(redirect, tally)

    async def _count(self, domain: str, term: Term, tally: _Tally) -> None:
        if tally.lookups >= _LOOKUPS_STOP:
            return
        if term.name == "include":
            await self._include(term.value or "", tally)
            return
        tally.lookups += 1
        tally.uses_ptr |= term.name == "ptr"
        target = _host(term.value or domain)
        if target is not None and term.name != "ptr" and not await self._answers(term, target):
            tally.voids += 1

    async def _answers(self, term: Term, target: str) -> bool:
        try:
            if term.name == "mx":
                return bool((await self.records.mx(target)).records)
            return bool(await self.resolver.addresses(target))
        except (NameNotFound, NameWithoutAddress):
            return False
        except NameTemporary:
            return True  # no void look-up: it may answer the next receiver

    async def _include(self, name: str, tally: _Tally) -> str | None:
        """Follow an include or redirect and return the `all` behind it."""
        tally.lookups += 1
        target = _host(name)
        if target is None or target in tally.included or tally.lookups >= _LOOKUPS_STOP:
            return None  # macros differ for each message; a loop is counted once and left
        tally.included.add(target)
        try:
            texts = (await self.records.txt(target)).records
        except NameNotFound:
            texts = ()
        found = [text for text in texts if is_spf(text)]
        if len(found) != 1:
            tally.problem = tally.problem or phrase(
                "The SPF record refers to {domain}, which does not have exactly one SPF record.",
                domain=target,
            )
            return None
        _, last_all = await self._follow(target, found[0], tally)
        return last_all


def _host(name: str) -> str | None:
    """Return the name to ask, None for macros (section 7) and what is no host name."""
    try:
        return parse_host(name.rstrip("."))
    except HostInvalid:
        return name.lower() if _is_underscored(name) else None


def _is_underscored(name: str) -> bool:
    """Tell whether only underscores, as in _spf.example.com, keep it from being a host name."""
    try:
        parse_host(name.replace("_", ""))
    except HostInvalid:
        return False
    return "%" not in name and len(name) > 1
