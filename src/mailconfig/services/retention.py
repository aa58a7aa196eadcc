"""Removing what has had its time: unused uploads, old idempotency keys and sessions, orphans."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.outbox import Queue
from mailconfig.services.files import FileService
from mailconfig.storage.database import Database, Work

_log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 300
"""Nothing that expires is needed to the minute."""
_SWEEP_ROUNDS: Final = 288
"""Rounds between sweeps of the blob store: a day."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The loop; several processes may run it, each removal is a unit of work of its own."""

    database: Database
    files: FileService
    queue: Queue[Work]
    idempotency_seconds: int
    draft_test_seconds: int
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
            await system.expire_idempotency(now - timedelta(seconds=self.idempotency_seconds))
            await system.expire_sessions(now)
            await system.expire_resets(now)
            await system.expire_invitations(now)
            await system.expire_authorizations(now)
            await system.expire_draft_tests(now - timedelta(seconds=self.draft_test_seconds))
