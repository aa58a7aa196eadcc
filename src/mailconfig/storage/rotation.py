"""Rotation of all secrets to the newest key, batch by batch, while servers run.

Each batch is a transaction of its own. Stopping at any moment loses nothing: begin again.
"""

from collections.abc import AsyncIterator
from typing import Final

from mailconfig.storage.database import Database
from mailconfig.storage.system import RotationProgress

BATCH: Final = 200
"""Secrets a transaction: on SQLite writers wait for a batch, so it should take under 0.1 s."""


async def rotate(database: Database, batch_size: int = BATCH) -> AsyncIterator[RotationProgress]:
    """Go once over all secrets that are not under the newest key; yield after each batch.

    A server that has not yet noticed the new key may still write under the old one: it looks once
    a second, so rotate again where `left` counts more than the unreadable ones.
    """
    after = None
    while True:
        async with database.system() as system:
            progress = await system.rotate(batch_size, after)
        yield progress
        after = progress.last_id
        if after is None:
            return
