"""The loop of a worker: claims what is due, carries it out, keeps its leases, drains at the end.

As many of it as wanted may run, in one process or on several machines; who has which message is
decided by rows. Must not: know what a job means.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Fault
from mailconfig.domain.ids import new_id
from mailconfig.domain.outbox import Job, Queue
from mailconfig.services.sending.attempts import Attempts
from mailconfig.services.sending.turns import Ended, Turns
from mailconfig.storage.database import Database, Work

_log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0
"""After a fault of the database, before it is asked again."""


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """How much one worker does at once."""

    concurrency: int = 20
    """Messages under way."""
    of_account: int = 4
    """Those of one account; twice its connections, since each message also waits for rows."""
    lease_seconds: float = 7
    """How long after its death others look after its messages; three heartbeats fit into it.

    Others look once a second, so that a message is taken over within ten."""
    wait_seconds: float = 5
    """Longest rest while nothing is due."""
    drain_seconds: float = 5
    """How long answers to what has gone out are waited for when the worker is asked to stop."""


class Sender:
    """One worker."""

    def __init__(
        self,
        database: Database,
        queue: Queue[Work],
        attempts: Attempts,
        settings: SenderSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._queue = queue
        self._attempts = attempts
        self._settings = settings
        self._now = now
        self._owner = str(new_id())
        self._under_way: dict[UUID, anyio.CancelScope] = {}
        self._places = anyio.Semaphore(settings.concurrency)
        self._turns = Turns(settings.of_account)
        self._ended = anyio.Event()
        """Set whenever a message has ended: its account may have a turn."""
        self._stopping = anyio.Event()

    @property
    def under_way(self) -> int:
        """How many messages it has."""
        return len(self._under_way)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send for as long as the context lasts; then end what is under way, within a bound."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._beat, name="leases of messages")
            group.start_soon(self._claim, group, name="messages that are due")
            try:
                yield
            finally:
                with anyio.move_on_after(self._settings.drain_seconds, shield=True):
                    await self._drain()
                group.cancel_scope.cancel()

    async def run(self) -> None:
        """Send until cancelled."""
        async with self.running():
            await anyio.sleep_forever()

    async def _drain(self) -> None:
        """Begin nothing more, give back what has not gone out, and wait for answers to the rest."""
        self._stopping.set()
        for id, scope in self._under_way.items():
            if id not in self._attempts.committed:
                scope.cancel()
        await self._attempts.hand_on(self._turns.clear())
        for _ in range(self._settings.concurrency):
            await self._places.acquire()

    async def _claim(self, group: TaskGroup) -> None:
        """Take what is due as places become free."""
        while not self._stopping.is_set():
            await self._places.acquire()
            self._places.release()
            self._ended = anyio.Event()
            begun = self._begin(group)
            try:
                jobs = await self._taken()
            except Fault:
                _log.exception("no message could be claimed; it is tried again")
                await anyio.sleep(_PAUSE_SECONDS)
                continue
            known = {*self._under_way, *self._turns.waiting}
            for job in jobs:
                # A job that comes again while it is here has nothing to do.
                if job.message_id not in known:
                    self._turns.wait(job)
            if not (begun + self._begin(group) or jobs):
                await self._rest()

    def _begin(self, group: TaskGroup) -> int:
        """Begin the jobs whose turn it is, as far as there are places; return how many."""
        begun = 0
        for job in self._turns.next(self._now(), self._places.value):
            self._places.acquire_nowait()
            scope = self._under_way[job.message_id] = anyio.CancelScope()
            group.start_soon(self._one, job, scope, name=f"message {job.message_id}")
            begun += 1
        return begun

    async def _rest(self) -> None:
        """Wait until something may be due, or until an account may have a turn."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._awaken, group.cancel_scope)
            await self._queue.wait(self._settings.wait_seconds)
            group.cancel_scope.cancel()

    async def _awaken(self, scope: anyio.CancelScope) -> None:
        await self._ended.wait()
        scope.cancel()

    async def _taken(self) -> list[Job]:
        """Claim as many jobs as there are free places; where the worker is stopping, none.

        Shielded: jobs of a claim that was cut off would rest until their leases are over.
        """
        if not self._places.value:
            return []
        with anyio.CancelScope(shield=True):
            jobs = await self._queue.claim(
                self._owner,
                self._places.value,
                self._settings.lease_seconds,
                self._turns.closed(self._now()),
            )
            if self._stopping.is_set():
                await self._attempts.hand_on(jobs)
                return []
        return jobs

    async def _one(self, job: Job, scope: anyio.CancelScope) -> None:
        ended = Ended()
        try:
            with scope:
                ended = await self._attempts.carry_out(job, self._owner)
        except Exception:  # noqa: BLE001 - a task's top: one message must not end the worker
            _log.exception("message %s was interrupted; its lease brings it back", job.message_id)
        finally:
            self._under_way.pop(job.message_id, None)
            self._turns.end(job, ended, self._now())
            self._places.release()
            self._ended.set()

    async def _beat(self) -> None:
        """Prolong the leases of what is under way, and stop what somebody else has by now."""
        while True:
            await anyio.sleep(self._settings.lease_seconds / 3)
            try:
                await self._prolong()
            except Fault:
                _log.exception("leases could not be prolonged; it is tried again")

    async def _prolong(self) -> None:
        under_way, waiting = dict(self._under_way), frozenset(self._turns.waiting)
        if not under_way and not waiting:
            return
        # Before: when somebody else gets the job, the lease on the message has to be over as well.
        until = self._now() + timedelta(seconds=self._settings.lease_seconds)
        kept = await self._queue.heartbeat(
            self._owner, [*under_way, *waiting], self._settings.lease_seconds
        )
        self._turns.drop(waiting - kept)
        async with self._database.system() as system:
            await system.messages.prolong(self._owner, kept - waiting, until)
        for id, scope in under_way.items():
            # Another scope by now is another attempt, with a lease of its own.
            if id not in kept and self._under_way.get(id) is scope:
                scope.cancel()
