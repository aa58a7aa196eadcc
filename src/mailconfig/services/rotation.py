"""Rotation of the encryption key by schedule: a new key in the key file, then all secrets under it.

Any number of processes may run it on one key file: the file's lock lets one of them make the key,
and sealing anew is a unit of work for each batch, whoever does it. Keys from the environment
are the operator's to change; then it only says that it is time.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from mailconfig.domain.clock import Now
from mailconfig.storage.database import Database
from mailconfig.storage.keys import KeySource, key_days, renew_key
from mailconfig.storage.rotation import rotate

_log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 3600
"""Keys grow old by the day."""
_NOTICE_SECONDS: Final = 2.0
"""Other processes look for a new key once a second, and seal under it from then on."""


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """The loop."""

    database: Database
    keys: KeySource
    """The keys that this process has."""
    path: Path | None
    """The key file; None where the keys come from the settings."""
    days: int
    """Age at which the newest key is replaced; 0: never."""
    now: Now
    notice_seconds: float = _NOTICE_SECONDS
    """How long other processes may take to notice a new key."""

    async def run(self) -> None:
        """Go round until cancelled; where keys are never replaced, there is nothing to do."""
        while self.days:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - the task's top: a bad round must not end the server
                _log.exception("key rotation was interrupted; it goes on in the next round")
            await anyio.sleep(_ROUND_SECONDS)

    async def once(self) -> int:
        """Replace the newest key where it is due, and seal what is left; return how many secrets.

        A rotation that a process did not finish goes on in the next round of any.
        """
        if self.path is None:
            await self._remind()
            return 0
        made = await asyncio.to_thread(renew_key, self.path, self.now(), self.days)
        if made is not None:
            _log.info("a new encryption key is in the key file", extra={"key_id": made.id})
            await anyio.sleep(self.notice_seconds)
        done = left = 0
        async for progress in rotate(self.database):
            done, left = done + progress.done, progress.left
        if done or left:
            _log.info("secrets sealed anew", extra={"secrets_done": done, "secrets_left": left})
        return done

    async def _remind(self) -> None:
        newest = (await asyncio.to_thread(self.keys.read))[0]
        days = key_days(newest.id, self.now())
        if days is not None and days >= self.days:
            _log.warning(
                "the newest encryption key is due: put another one in front of it",
                extra={"key_id": newest.id, "key_days": days},
            )
