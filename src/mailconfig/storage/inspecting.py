"""What a database tells about itself, for whoever checks a deployment.

Reads only, by connections of its own. Must not: be asked by requests; it counts all secrets.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailconfig.domain.clock import Now, utc_now
from mailconfig.storage.engines import open_engines
from mailconfig.storage.revisions import revision_of
from mailconfig.storage.settings import StorageSettings
from mailconfig.storage.tables import secrets
from mailconfig.storage.tables.audit import KEEPERS
from mailconfig.storage.transaction import uninterrupted

_TRIGGERS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'",
    # O and A: in the usual mode of replication, and always.
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('audit_events')"
    " AND tgenabled IN ('O', 'A')",
}
"""Names of the triggers on the trail; of none where there is no such table."""
_QUEUE: Final = {
    "sqlite": frozenset[str](),
    "postgresql": frozenset(
        {
            "pgqueuer",
            "pgqueuer_id_seq",
            "pgqueuer_log",
            "tg_pgqueuer_changed",
            "tr_messages_forget_job",
        }
    ),
}
"""What the queue has beside our tables, and needs."""
_QUEUEING: Final = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = 'mailconfig_queue' AND has_schema_privilege(relnamespace, 'USAGE') AND CASE relkind
    WHEN 'r' THEN has_table_privilege(pg_class.oid, 'SELECT')
        AND has_table_privilege(pg_class.oid, 'INSERT')
        AND has_table_privilege(pg_class.oid, 'UPDATE')
        AND has_table_privilege(pg_class.oid, 'DELETE')
    WHEN 'S' THEN has_sequence_privilege(pg_class.oid, 'USAGE')
END
UNION ALL SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')
"""
"""Names of what is there and may be used by this role; triggers by name only."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """One look at a database."""

    product: str
    """postgresql or sqlite."""
    version: tuple[int, ...]
    """Of the server, or of SQLite's library."""
    round_trip_ms: float
    """Time of the shortest statement."""
    revision: str | None
    """The migration that it is at; None before the first one."""
    clock_seconds: float | None
    """How far its clock is ahead of ours; None on SQLite, which has none of its own."""
    sealed: Mapping[str, int] = field(default_factory=dict)
    """Secrets by the id of the key they are under."""
    unkept: frozenset[str] = frozenset()
    """Triggers that keep the trail append-only and are missing or switched off."""
    unqueued: frozenset[str] = frozenset()
    """Parts of the queue that are missing, switched off or not allowed to us."""


async def inspect_database(settings: StorageSettings, now: Now = utc_now) -> DatabaseState:
    """Look at a database once; makes a missing SQLite file, so look for it first.

    Raises Fault, and what the driver says of a sign-in that was refused.
    """
    engines = open_engines(settings)
    try:
        return await uninterrupted(engines.reading, _state(engines.reading, now))
    finally:
        await engines.dispose()


async def _state(engine: AsyncEngine, now: Now) -> DatabaseState:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))  # the first one also connects
        started = time.perf_counter()
        await connection.execute(text("SELECT 1"))
        round_trip_ms = (time.perf_counter() - started) * 1000
        revision = await connection.run_sync(revision_of)
        return DatabaseState(
            engine.dialect.name,
            # Typed as Any by SQLAlchemy.
            tuple(map(int, engine.dialect.server_version_info or ())),
            round_trip_ms,
            revision,
            await _ahead(connection, now),
            await _sealed(connection) if revision else {},
            KEEPERS[engine.dialect.name] - await _keeping(connection),
            _QUEUE[engine.dialect.name] - await _queueing(connection),
        )


async def _ahead(connection: AsyncConnection, now: Now) -> float | None:
    """Compare clocks: theirs against the middle of the time that asking took."""
    if connection.dialect.name != "postgresql":
        return None
    before = now()
    theirs = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    after = now()
    return float((theirs - (before + (after - before) / 2)).total_seconds())


async def _keeping(connection: AsyncConnection) -> frozenset[str]:
    """Return the triggers of the trail that are there and carried out."""
    rows = await connection.execute(text(_TRIGGERS[connection.dialect.name]))
    return frozenset(map(str, rows.scalars()))


async def _queueing(connection: AsyncConnection) -> frozenset[str]:
    """Return the parts of the queue that are there and may be used."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(map(str, (await connection.execute(text(_QUEUEING))).scalars()))


async def _sealed(connection: AsyncConnection) -> dict[str, int]:
    rows = await connection.execute(
        select(secrets.c.key_id, func.count()).group_by(secrets.c.key_id)
    )
    return {str(key_id): int(count) for key_id, count in rows}
