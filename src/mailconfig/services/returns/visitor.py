"""The loop that opens mailboxes: claims those that are due, visits them, within bounds.

As many of it as wanted may run, in one process or on several machines; who visits which mailbox is
decided by rows. Must not: know what a visit is for.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import anyio
from anyio.abc import TaskGroup

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Fault
from mailconfig.domain.ids import new_id
from mailconfig.domain.sentmail import Visit
from mailconfig.services.returns.visits import Visits
from mailconfig.storage.database import Database

_log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 5.0
"""Between two looks for what is due: one indexed statement, and copies are not urgent."""
_MARGIN_SECONDS: Final = 30.0
"""How much longer than a visit its lease lasts."""


@dataclass(frozen=True, slots=True)
class VisitorSettings:
    """How much one loop does at once."""

    concurrency: int = 10
    """Mailboxes that are open."""
    visit_seconds: float = 300
    """Longest visit; what it has not done is left to the next one."""
    poll_seconds: float = _POLL_SECONDS
    """Longest time that nobody looks for what is due."""


class Visitor:
    """One loop."""

    def __init__(
        self, database: Database, visits: Visits, settings: VisitorSettings, now: Now
    ) -> None:
        self._database = database
        self._visits = visits
        self._settings = settings
        self._now = now
        self._owner = str(new_id())
        self._places = anyio.Semaphore(settings.concurrency)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Visit for as long as the context lasts; then hang up at once."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._claim, group, name="mailboxes that are due")
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    async def once(self) -> int:
        """Visit what is due now, as much as fits; return how many mailboxes that were."""
        async with anyio.create_task_group() as group:
            begun = await self._begin(group)
        return begun  # noqa: RET504 - mypy takes a task group for one that may swallow errors

    async def _claim(self, group: TaskGroup) -> None:
        while True:
            await self._places.acquire()
            self._places.release()
            try:
                begun = await self._begin(group)
            except Fault:
                _log.exception("no mailbox could be claimed; it is tried again")
                begun = 0
            if not begun:
                await anyio.sleep(self._settings.poll_seconds)

    async def _begin(self, group: TaskGroup) -> int:
        """Begin the visits that are due and for which there are places."""
        seconds = self._settings.visit_seconds + _MARGIN_SECONDS
        async with self._database.system() as system:
            until = self._now() + timedelta(seconds=seconds)
            visits = await system.postboxes.claim(self._owner, self._places.value, until)
        for visit in visits:
            await self._places.acquire()
            group.start_soon(self._one, visit, name=f"mailbox of {visit.config_id}")
        return len(visits)

    async def _one(self, visit: Visit) -> None:
        try:
            with anyio.move_on_after(self._settings.visit_seconds) as scope:
                await self._visits.make(visit, self._owner)
            if scope.cancelled_caught:
                _log.warning("the visit to the mailbox of %s took too long", visit.config_id)
        except Exception:  # noqa: BLE001 - a task's top: one mailbox must not end the worker
            _log.exception(
                "the visit to the mailbox of %s was interrupted; it is made again when its lease"
                " is over",
                visit.config_id,
            )
        finally:
            self._places.release()
