"""Finding the servers of an address: what is asked, by whom, and how often.

No password is ever part of discovery: neither what is asked nor what is kept has a place for one.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, EmailAddress, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import may_ask_about
from mailconfig.domain.discovery.conclusion import concluded, personal, personal_finding
from mailconfig.domain.discovery.listed import domain_finding, needs_probe
from mailconfig.domain.discovery.values import (
    Discovery,
    Finding,
    FindingStatus,
    Query,
    Source,
)
from mailconfig.domain.errors import Forbidden, InvalidInput
from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_
from mailconfig.domain.probes import Prober
from mailconfig.domain.providers import Confidence
from mailconfig.domain.resolution import Records
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.services.discovery.flights import Flights
from mailconfig.services.discovery.keeping import Answers
from mailconfig.services.discovery.knocking import Knocker
from mailconfig.services.discovery.names import GuessSource, SrvSource
from mailconfig.services.discovery.racing import Race
from mailconfig.services.discovery.rows import CatalogueSource, HintSource, MxSource, Rows
from mailconfig.services.discovery.settings import DiscoverySettings

_MINUTE: Final = 60
_NEEDS_PROBE: Final = N_(
    "The catalogue is not sure of these servers, and the network was not asked."
)


@dataclass(frozen=True, slots=True)
class Outside:
    """What discovery asks beside mail servers."""

    records: Records
    """The DNS."""
    sources: tuple[Source, ...] = ()
    """Those that ask over HTTPS: PACC, autoconfig, ISPDB where it is allowed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a discovery: a source that ended, or, as the last one, the answer."""

    finding: Finding | None
    answer: Discovery | None


class DiscoveryService:
    """Discovers; holds kept answers and the runs under way."""

    def __init__(
        self,
        catalogue: Catalogue,
        outside: Outside,
        prober: Prober,
        limiter: Limiter,
        settings: DiscoverySettings,
        now: Now,
    ) -> None:
        """`prober` knocks at servers, without credentials."""
        knocker, records = Knocker(prober), outside.records
        rows = Rows(catalogue, knocker, now)
        race = Race(
            catalogue,
            (
                CatalogueSource(rows),
                MxSource(rows, records),
                SrvSource(records, now),
                HintSource(rows, records),
                *outside.sources,
            ),
            (GuessSource(catalogue, records, knocker, now),),
            settings,
            now,
        )
        answers = Answers(settings.kept_entries, settings.kept_seconds, now)
        self._catalogue = catalogue
        self._limiter = limiter
        self._settings = settings
        self._now = now
        self._flights = Flights(race, answers, catalogue, settings.concurrency, now)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Own the runs for as long as the context lasts."""
        return self._flights.running()

    async def discover(
        self, principal: Principal, asked: str, *, online: bool, path: tuple[str, ...]
    ) -> Discovery:
        """Return the answer about an address or a domain; waits for it at most the budget.

        Raises Forbidden, InvalidInput (with `path`) or RateLimited; nothing is asked then.
        """
        answer: Discovery | None = None
        async with aclosing(self.watch(principal, asked, online=online, path=path)) as events:
            async for event in events:
                answer = event.answer
        if answer is None:
            raise RuntimeError("a discovery ends with its answer")
        return answer

    async def watch(
        self, principal: Principal, asked: str, *, online: bool = True, path: tuple[str, ...]
    ) -> AsyncGenerator[Progress, None]:
        """Yield each finding as it comes, then the answer. Raises as `discover`."""
        principal.require(Role.VIEWER)
        if not may_ask_about(principal, asked):
            raise Forbidden
        domain, address = _parsed(asked, path)
        limit = Limit("discovery", self._settings.per_minute, _MINUTE)
        await self._limiter.take(limit, f"user {principal.user_id}")
        async with aclosing(self.look(domain, address, online=online)) as events:
            async for event in events:
                yield event

    async def look(
        self, domain: str, address: EmailAddress | None = None, *, online: bool = True
    ) -> AsyncGenerator[Progress, None]:
        """Yield findings and answer, for callers who need no permission: the command line."""
        listed = domain_finding(self._catalogue, domain, self._now())
        if not online or self._is_final(listed):
            shown = self._listed(listed)
            yield Progress(personal_finding(shown, address), None)
            answer = concluded(self._catalogue, domain, (shown,), self._now())
            yield Progress(None, personal(answer, address, self._now()))
            return
        query = Query(domain, address.text if address is not None else None)
        async with aclosing(self._flights.watch(query)) as events:
            async for event in events:
                if isinstance(event, Finding):
                    yield Progress(personal_finding(event, address), None)
                else:
                    yield Progress(None, personal(event, address, self._now()))

    def _is_final(self, listed: Finding) -> bool:
        """Tell whether the catalogue's word is enough: a sure row, or one without servers."""
        row = self._catalogue.by_id(listed.provider_id or "")
        if row is None:
            return False
        return row.silent or row.confidence is Confidence.HIGH

    def _listed(self, listed: Finding) -> Finding:
        """Return what may be shown without a probe."""
        row = self._catalogue.by_id(listed.provider_id or "")
        if row is None or not needs_probe(row) or listed.proposal is None:
            return listed
        return Finding(
            listed.source,
            FindingStatus.NOTHING,
            _NEEDS_PROBE,
            listed.checked_at,
            secure=True,
            ttl_seconds=listed.ttl_seconds,
            provider_id=listed.provider_id,
        )


def _parsed(asked: str, path: tuple[str, ...]) -> tuple[str, EmailAddress | None]:
    """Return the domain, and the address where one was asked; raises InvalidInput."""
    try:
        if "@" in asked:
            address = parse_address(asked.strip())
            return address.domain, address
        domain = parse_host(asked.strip())
    except (AddressInvalid, HostInvalid) as error:
        raise _refused(path, error.suggestion) from None
    if is_ip_literal(domain):
        raise _refused(path, None)
    return domain, None


def _refused(path: tuple[str, ...], suggestion: str | None) -> InvalidInput:
    message = N_("This is neither an e-mail address nor a domain.")
    code = ValidationCode.INVALID_FORMAT
    return InvalidInput((ValidationIssue.error(code, message, *path, suggestion=suggestion),))
