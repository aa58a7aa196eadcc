"""Asking all sources at once, with priority: the best wins, not the first.

The budget is shared, each source has a time of its own, and whatever could not change the answer
any more is cancelled, after a moment in which it may still add evidence. Guesses are made last and
only where nothing else named servers. Must not know what a source does.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from mailconfig.domain.addresses import AddressInvalid, EmailAddress, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.discovery.cleaning import cleaned
from mailconfig.domain.discovery.conclusion import NOTHING_TO_CONNECT
from mailconfig.domain.discovery.merging import Merger, verdict
from mailconfig.domain.discovery.values import Finding, FindingStatus, Query, Source
from mailconfig.domain.phrases import N_
from mailconfig.services.discovery.settings import DiscoverySettings

_log = logging.getLogger(__name__)

_UNLUCKY_TTL_SECONDS: Final = 60
"""How long a time-out is believed: long enough not to hammer, short enough to be mended."""
Found = Callable[[Finding], None]
"""Called in the event loop with each finding as it comes; must not block."""


@dataclass(frozen=True, slots=True)
class Race:
    """Runs the sources of one instance."""

    catalogue: Catalogue
    sources: Sequence[Source]
    """Sources that ask what is written down somewhere."""
    guesses: Sequence[Source]
    """Sources that are asked only where those found no servers."""
    settings: DiscoverySettings
    now: Now

    async def run(self, query: Query, found: Found) -> tuple[Finding, ...]:
        """Return all findings that came before the answer was clear; ends within the budget."""
        ends = asyncio.get_running_loop().time() + self.settings.budget_seconds
        findings = await self._round(query, self.sources, ends, found)
        named = any(item.status is FindingStatus.FOUND for item in findings)
        if not named and not any(item.code in NOTHING_TO_CONNECT for item in findings):
            findings += await self._round(query, self.guesses, ends, found)
        return tuple(findings)

    async def _round(
        self, query: Query, sources: Sequence[Source], ends: float, found: Found
    ) -> list[Finding]:
        """Ask these sources side by side until nothing better can come."""
        merger = Merger(self.catalogue, query.domain)
        pending = [source.kind for source in sources]
        findings: list[Finding] = []
        address = _address(query)

        async def ask(source: Source) -> None:
            finding = cleaned(await self._asked(source, query, ends), address)
            pending.remove(source.kind)
            findings.append(finding)
            found(finding)
            if verdict(findings) is not None:
                group.cancel_scope.cancel()
            elif merger.settled(findings, pending):
                ending = anyio.current_time() + self.settings.evidence_seconds
                group.cancel_scope.deadline = min(group.cancel_scope.deadline, ending)

        async with anyio.create_task_group() as group:
            for source in sources:
                group.start_soon(ask, source, name=f"discovery by {source.kind}")
        return findings

    async def _asked(self, source: Source, query: Query, ends: float) -> Finding:
        """Ask one source; a broken one is a finding, so that it does not take the others along."""
        left = ends - asyncio.get_running_loop().time()
        seconds = min(self.settings.source_seconds, left)
        try:
            with anyio.move_on_after(seconds):
                return await source.look(query, seconds)
        except Exception:  # noqa: BLE001 - the task's top: it logs and records
            _log.exception("a source of discovery broke", extra={"source": source.kind.value})
            return self._failed(
                source, FindingStatus.UNAVAILABLE, N_("This source could not be asked.")
            )
        return self._failed(
            source, FindingStatus.TIMED_OUT, N_("This source did not answer in time.")
        )

    def _failed(self, source: Source, status: FindingStatus, detail: str) -> Finding:
        ttl = _UNLUCKY_TTL_SECONDS
        return Finding(source.kind, status, detail, self.now(), ttl_seconds=ttl)


def _address(query: Query) -> EmailAddress | None:
    try:
        return parse_address(query.address) if query.address is not None else None
    except AddressInvalid:
        return None
