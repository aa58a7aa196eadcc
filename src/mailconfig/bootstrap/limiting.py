"""Where attempts and points of callers are counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailconfig.domain.errors import Fault
from mailconfig.domain.throttling import Limiter, Points
from mailconfig.settings import Settings
from mailconfig.storage.limiter import MemoryLimiter, MemoryPoints


@dataclass(frozen=True, slots=True)
class Limits:
    """The counters of one process."""

    attempts: Limiter
    """Counts attempts at single fields, for all services."""
    points: Points
    """Counts points of operations."""


@asynccontextmanager
async def open_limits(settings: Settings) -> AsyncIterator[Limits]:
    """Open the counters: in the store that the operator names, else in memory. Raises Fault."""
    url = settings.rate_limit_storage_url
    if url is None:
        yield Limits(MemoryLimiter(), MemoryPoints())
        return
    # The client library is imported by those who have a store: it takes memory and time.
    from mailconfig.storage.sharedlimits import SharedLimits  # noqa: PLC0415 - see above

    try:
        shared = SharedLimits(url)
    except Fault as error:
        raise Fault(f"MAILCONFIG_RATE_LIMIT_STORAGE_URL: {error}") from error
    try:
        yield Limits(shared, shared)
    finally:
        await shared.close()
