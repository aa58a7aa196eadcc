"""Making a database forget the bytes of what was deleted.

SQLite overwrites what it deletes (`secure_delete`), but copies of rows stay behind where pages were
split, and in the write-ahead log. VACUUM writes the file anew from what is there, and a checkpoint
that truncates empties the log.

PostgreSQL keeps deleted rows until VACUUM, which makes their place free without overwriting it;
only VACUUM FULL writes the files anew, and nobody can use a table meanwhile: that is for the
operator to choose. Its write-ahead log and every backup hold the bytes for as long as they are
kept; this module cannot change that. The queue has no row of an erased workspace any more, but
notes of its jobs, which are removed here and not only when the queue is tidied.
"""

import logging
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mailconfig.storage.tables import metadata
from mailconfig.storage.transaction import uninterrupted

_log = logging.getLogger(__name__)

_QUEUE: Final = ("mailconfig_queue.pgqueuer", "mailconfig_queue.pgqueuer_log")
"""pgqueuer's tables of jobs, and of its notes on them; see `storage.outbox_postgresql`."""
_FORGET: Final = f"DELETE FROM {_QUEUE[1]}"  # noqa: S608 - ours  # nosec B608
_VACUUM: Final = "VACUUM " + ", ".join([*(table.name for table in metadata.sorted_tables), *_QUEUE])


async def compact(engine: AsyncEngine) -> bool:
    """Clean the database up; False where something that reads kept it from being complete.

    Takes time with the size of the database; on SQLite writers wait for it.
    """
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if engine.dialect.name == "postgresql":
            await uninterrupted(engine, driver.execute(_FORGET))
            await uninterrupted(engine, driver.execute(_VACUUM))
            return True
        return await uninterrupted(engine, _rewritten(driver))


async def _rewritten(driver: Any) -> bool:  # noqa: ANN401 - aiosqlite's connection, without stubs
    await driver.execute("VACUUM")
    async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
        busy, _, _ = await cursor.fetchone()
    if busy:
        _log.warning("the write-ahead log could not be emptied: somebody is reading")
    return not busy
