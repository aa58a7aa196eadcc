"""Removing what has had its time: unused uploads, old keys, sessions and messages, orphans.

Messages are removed in portions, so that other writers never wait for long; what is left over is
for the next round. Messages that are due and that no job leads to get one again.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.outbox import Queue
from mailconfig.services.files import FileService
from mailconfig.storage.database import Database, Work
from mailconfig.storage.sending import MessageUpkeep

_log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 300
"""Nothing that expires is needed to the minute."""
_SWEEP_ROUNDS: Final = 288
"""Rounds between sweeps of the blob store: a day."""
_PORTION: Final = 200
"""Messages of one unit of work."""
_PORTIONS: Final = 250
"""Units of work of one round; with 50,000 messages in five minutes no sender keeps up."""
_STRANDED_SECONDS: Final = 900
"""How long after its time a message that nobody has is given a job: workers that run take minutes
at most, and one that has a job keeps it."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept once they are over, in seconds."""

    idempotency_seconds: int
    draft_test_seconds: int
    content_seconds: int
    """Content of messages that are sent or over; they cannot be sent again then."""
    message_seconds: int
    """All else of them."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The loop; several processes may run it, each removal is a unit of work of its own."""

    database: Database
    files: FileService
    queue: Queue[Work]
    settings: RetentionSettings
    now: Now

    async def run(self) -> None:
        """Go round until cancelled."""
        rounds = 0
        while True:
            try:
                await self.once(sweep=rounds % _SWEEP_ROUNDS == 0)
            except Exception:  # noqa: BLE001 - the task's top: a bad round must not end the server
                _log.exception("retention was interrupted; it goes on in the next round")
            rounds += 1
            await anyio.sleep(_ROUND_SECONDS)

    async def once(self, *, sweep: bool) -> None:
        """Remove what is due now."""
        await self.files.expire_unused()
        if sweep:
            await self.files.sweep()
        await self.queue.tidy()
        now = self.now()
        async with self.database.system() as system:
            await system.expire_idempotency(
                now - timedelta(seconds=self.settings.idempotency_seconds)
            )
            await system.expire_sessions(now)
            await system.expire_resets(now)
            await system.expire_invitations(now)
            await system.expire_authorizations(now)
            await system.expire_draft_tests(
                now - timedelta(seconds=self.settings.draft_test_seconds)
            )
        await self._expire_messages(now)
        await self._requeue(now)

    async def _expire_messages(self, now: datetime) -> None:
        kept = now - timedelta(seconds=self.settings.content_seconds)
        listed = now - timedelta(seconds=self.settings.message_seconds)
        await self._in_portions(lambda messages: messages.expire_contents(kept, _PORTION))
        await self._in_portions(lambda messages: messages.expire_messages(listed, _PORTION))
        async with self.database.system() as system:
            await system.unsubscribe_links.expire(listed)

    async def _in_portions(self, expire: Callable[[MessageUpkeep], Awaitable[int]]) -> None:
        for _ in range(_PORTIONS):
            async with self.database.system() as system:
                expired = await expire(system.messages)
            if expired < _PORTION:
                return

    async def _requeue(self, now: datetime) -> None:
        """Give messages a job that lost theirs, such as by a backup of one table."""
        before = now - timedelta(seconds=_STRANDED_SECONDS)
        async with self.database.system() as system:
            stranded = await system.messages.stranded(before, _PORTION)
        for job, due_at in stranded:
            async with self.database.work(job.workspace_id) as work:
                # Not `enqueue`: that would take the job from a worker who has it by now.
                await self.queue.ensure(work, job, due_at)
