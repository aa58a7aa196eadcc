"""Rotation of all secrets to the newest key, batch by batch, while servers run.

Each batch is read and sealed first and then written, in a transaction that is over in a moment: on
SQLite all other writers wait for it, and one that is at once followed by the next would let none of
them through. The state of a rotation is in the rows: begin anywhere, stop anywhere, run it twice.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from mailconfig.storage.database import Database

BATCH: Final = 200
"""Secrets a transaction."""


@dataclass(frozen=True, slots=True)
class RotationProgress:
    """How one batch of a rotation went."""

    done: int
    """Secrets of this batch that are under the newest key now."""
    left: int
    """Secrets under other keys, unreadable ones included: counted before the first batch and after
    the last one, in between less by what was done."""
    unreadable: tuple[UUID, ...]
    """Secrets of this batch that no key opens; they were left as they are."""


async def rotate(database: Database, batch_size: int = BATCH) -> AsyncIterator[RotationProgress]:
    """Go once over all secrets that are not under the newest key; yield after each batch.

    A server that has not yet noticed the new key may still write under the old one: it looks once
    a second, so rotate again where `left` counts more than the unreadable ones.
    """
    left = await _left(database)
    after = None
    while True:
        async with database.reading_system() as system:
            batch = await system.sealed.read(batch_size, after)
        done = 0
        if batch.anew:
            async with database.system() as system:
                done = await system.sealed.replace(batch.anew)
        after = batch.last_id
        left = max(0, left - done) if after is not None else await _left(database)
        yield RotationProgress(done, left, batch.unreadable)
        if after is None:
            return


async def _left(database: Database) -> int:
    """Count the secrets that are not under the newest key of all."""
    async with database.reading_system() as system:
        return await system.sealed.left()
