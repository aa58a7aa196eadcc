"""One run a domain, however many ask at once: they watch the same findings arrive.

The owner of the runs is the task group that `running` opens. A run ends when its answer is there,
or when nobody watches it any more.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.abc import TaskGroup

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.discovery.conclusion import concluded
from mailconfig.domain.discovery.values import Discovery, Finding, Query
from mailconfig.domain.errors import Fault, RateLimited
from mailconfig.domain.request import request_id
from mailconfig.services.discovery.keeping import Answers
from mailconfig.services.discovery.racing import Race

_log = logging.getLogger(__name__)

_BUSY_RETRY_SECONDS: Final = 5
"""What a caller is told to wait when too many domains are asked about."""
_GRACE_SECONDS: Final = 2
"""What a run may take past its budget before it is stopped."""
Key = tuple[str, bool]
"""Domain, and whether an address was told: without one, sources give no user names."""


@dataclass
class _Flight:
    query: Query
    findings: list[Finding] = field(default_factory=list)
    answer: Discovery | None = None
    ended: bool = False
    watchers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def notify(self) -> None:
        """Wake everybody who waits now; who comes later waits for the next change."""
        self.changed.set()
        self.changed = asyncio.Event()

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        self.findings.append(finding)
        self.notify()


class Flights:
    """Runs and kept answers of one process."""

    def __init__(
        self, race: Race, answers: Answers, catalogue: Catalogue, concurrency: int, now: Now
    ) -> None:
        self._race = race
        self._answers = answers
        self._catalogue = catalogue
        self._concurrency = concurrency
        self._now = now
        self._group: TaskGroup | None = None
        self._flights: dict[Key, _Flight] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own the runs for as long as the context lasts; on leaving, cancel those under way."""
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                yield
            finally:
                self._group = None
                group.cancel_scope.cancel()

    async def watch(self, query: Query) -> AsyncGenerator[Finding | Discovery, None]:
        """Yield every finding as it comes, then the answer; user names in it are forms.

        Raises RateLimited when too many runs are under way, Fault when the run broke.
        """
        kept = self._answers.recall(_key(query))
        if kept is not None:
            for finding in kept.findings:
                yield finding
            yield kept
            return
        flight = self._flights.get(_key(query)) or self._started(query)
        flight.watchers += 1
        try:
            async with aclosing(_followed(flight)) as followed:
                async for item in followed:
                    yield item
        finally:
            flight.watchers -= 1
            if not flight.watchers and not flight.ended:
                self._forget(flight)
                flight.scope.cancel()

    def _started(self, query: Query) -> _Flight:
        if self._group is None:
            raise RuntimeError("discovery is not running")
        if len(self._flights) >= self._concurrency:
            raise RateLimited(_BUSY_RETRY_SECONDS)
        flight = _Flight(query)
        self._flights[_key(query)] = flight
        self._group.start_soon(self._run, flight, name=f"discovery of {query.domain}")
        return flight

    async def _run(self, flight: _Flight) -> None:
        request_id.set(f"discovery {flight.query.domain}")
        longest = self._race.settings.budget_seconds + _GRACE_SECONDS
        try:
            with flight.scope, anyio.fail_after(longest):
                findings = await self._race.run(flight.query, flight.add)
                domain = flight.query.domain
                flight.answer = concluded(self._catalogue, domain, findings, self._now())
                self._answers.keep(_key(flight.query), flight.answer)
        except Exception:  # noqa: BLE001 - the task's top: watchers are told by `ended`
            _log.exception("a discovery broke")
        finally:
            flight.ended = True
            self._forget(flight)
            flight.notify()

    def _forget(self, flight: _Flight) -> None:
        """Let the next one who asks start anew."""
        key = _key(flight.query)
        if self._flights.get(key) is flight:
            del self._flights[key]


def _key(query: Query) -> Key:
    return query.domain, query.address is not None


async def _followed(flight: _Flight) -> AsyncGenerator[Finding | Discovery, None]:
    shown = 0
    while True:
        changed = flight.changed
        while shown < len(flight.findings):
            shown += 1
            yield flight.findings[shown - 1]
        if flight.ended:
            break
        await changed.wait()
    if flight.answer is None:
        raise Fault("The discovery was stopped.")
    yield flight.answer
