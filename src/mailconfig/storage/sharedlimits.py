"""Limits that several processes share, in Redis or Valkey, on the package `limits`.

When the store is away, limits must neither vanish nor stop the service: each process then counts
in its own memory and asks the store again after a few seconds.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import BlockingConnectionPool

from mailconfig.domain.errors import Fault, RateLimited
from mailconfig.domain.throttling import Balance, Limit
from mailconfig.storage.limiter import MemoryLimiter, MemoryPoints

_log = logging.getLogger(__name__)

_MINUTE: Final = 60
_PAUSE_SECONDS: Final = 5
"""How long a store that did not answer is left alone."""
_WAIT_SECONDS: Final = 0.5
"""How long the store may take: it stands in the way of every request."""
_CONNECTIONS: Final = 50
"""Requests that are counted at once; others wait for a connection as long as for an answer."""
_PREFIX: Final = "mailconfig"
_SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}
"""Valkey speaks the same protocol, so one client library serves both."""

AnswerT = TypeVar("AnswerT")


class SharedLimits:
    """Implements `domain.throttling.Limiter` and `Points`.

    Attempts are a moving window. Points are a sliding window counter, whose last minute fades
    evenly, as a leaky bucket does, and which takes two numbers a caller whatever it spends.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a URL such as redis://host:6379/0 or valkeys://host; raises Fault for others."""
        scheme, _, rest = url.partition("://")
        if scheme not in _SCHEMES or not rest:
            raise Fault("it takes redis://, rediss://, valkey:// or valkeys:// and a host.")
        address = f"{_SCHEMES[scheme]}://{rest}"
        self._pool = BlockingConnectionPool.from_url(
            address,
            max_connections=_CONNECTIONS,
            timeout=_WAIT_SECONDS,
            socket_timeout=_WAIT_SECONDS,
            socket_connect_timeout=_WAIT_SECONDS,
        )
        store = RedisStorage(
            f"async+{address}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix=_PREFIX,
            connection_pool=self._pool,  # type: ignore[arg-type] # documented, and not in its type
        )
        self._window = MovingWindowRateLimiter(store)
        self._counter = SlidingWindowCounterRateLimiter(store)
        self._clock = clock
        self._away_until = 0.0
        self._attempts = MemoryLimiter(clock)
        self._points = MemoryPoints(clock)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()

    async def take(self, limit: Limit, key: str) -> None:
        """Count one attempt; raises RateLimited with the seconds until the window opens."""

        async def shared() -> int:
            item = RateLimitItemPerSecond(limit.attempts, limit.seconds, namespace=limit.name)
            if await self._window.hit(item, key):
                return 0
            opens_at = (await self._window.get_window_stats(item, key)).reset_time
            return max(1, math.ceil(opens_at - time.time()))

        wait_seconds = await self._asked(shared)
        if wait_seconds is None:
            await self._attempts.take(limit, key)
        elif wait_seconds:
            raise RateLimited(wait_seconds)

    async def spend(self, caller: str, points: int, per_minute: int) -> Balance:
        """Take points from a caller's budget when it has as many."""

        async def shared() -> Balance:
            item = RateLimitItemPerSecond(per_minute, _MINUTE, namespace="points")
            asked = min(points, per_minute)
            granted = await self._counter.hit(item, caller, cost=asked)
            remaining = (await self._counter.get_window_stats(item, caller)).remaining
            leak = per_minute / _MINUTE
            reset = math.ceil((per_minute - remaining) / leak)
            wait = 0 if granted else max(1, math.ceil((asked - remaining) / leak))
            return Balance(granted, remaining, reset, wait)

        balance = await self._asked(shared)
        return balance or await self._points.spend(caller, points, per_minute)

    async def _asked(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT | None:
        """Return the store's answer, None while it is away."""
        if self._clock() < self._away_until:
            return None
        try:
            return await ask()
        except StorageError as error:
            self._away_until = self._clock() + _PAUSE_SECONDS
            _log.warning("the store of limits is away; counting in memory", exc_info=error)
            return None
