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
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from mailconfig.domain.errors import Fault, RateLimited
from mailconfig.domain.throttling import Balance, Delay, Limit
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

# The count of a key is a hash: failures, and since when the next attempt is open, by the clock of
# the store, which all processes share. Arguments are the fields of `Delay`; each script is atomic.
_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'failures', 'open_at')
local failures, open_at = tonumber(kept[1] or 0), tonumber(kept[2] or now)
"""
_KEEP: Final = """
redis.call('HSET', KEYS[1], 'failures', string.format('%.6f', failures),
  'open_at', string.format('%.6f', open_at))
redis.call('EXPIRE', KEYS[1], math.ceil(math.max(0, open_at - now) + failures * ARGV[2]) + 1)
return 0
"""
_ATTEMPT: Final = f"""{_NOW}
if now < open_at then return math.ceil(open_at - now) end
failures = math.max(0, failures - (now - open_at) / ARGV[2]) + 1
open_at = now
local further = math.ceil(failures - 0.000001) - ARGV[1]
if further >= 0 then
  open_at = now + math.min(ARGV[3], ARGV[4] * 2 ^ math.min(further, 24))
end
{_KEEP}"""
_FORGIVE: Final = f"""{_NOW}
failures = failures - 1
if failures <= 0 then return redis.call('DEL', KEYS[1]) end
open_at = math.min(open_at, now)
{_KEEP}"""

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
        client = Redis(connection_pool=self._pool)
        self._attempt = client.register_script(_ATTEMPT)
        self._forgive = client.register_script(_FORGIVE)
        self._forget = client.delete
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

    async def attempt(self, delay: Delay, key: str) -> None:
        """Count an attempt as a failure; raises RateLimited with the seconds until it is open."""

        async def shared() -> int:
            return int(await self._attempt([_failures(delay, key)], _arguments(delay)))

        wait_seconds = await self._asked(shared)
        if wait_seconds is None:
            await self._attempts.attempt(delay, key)
        elif wait_seconds:
            raise RateLimited(wait_seconds)

    async def forgive(self, delay: Delay, key: str) -> None:
        """Take one attempt back, and the wait after it; also where the store was away meanwhile."""

        async def shared() -> int:
            return int(await self._forgive([_failures(delay, key)], _arguments(delay)))

        await self._attempts.forgive(delay, key)
        await self._asked(shared)

    async def forget(self, delay: Delay, key: str) -> None:
        """Forget all failures of a key, here and in the store."""

        async def shared() -> int:
            return int(await self._forget(_failures(delay, key)))

        await self._attempts.forget(delay, key)
        await self._asked(shared)

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
        except (StorageError, RedisError) as error:
            self._away_until = self._clock() + _PAUSE_SECONDS
            _log.warning("the store of limits is away; counting in memory", exc_info=error)
            return None


def _failures(delay: Delay, key: str) -> str:
    return f"{_PREFIX}:failures:{delay.name}:{key}"


def _arguments(delay: Delay) -> list[float]:
    return [delay.free, delay.refill_seconds, delay.most_seconds, delay.first_seconds]
