"""Limiters in this process's memory; several processes share theirs by `storage.sharedlimits`.

The package `limits` does the shared counting. Its memory storage is not used: it walks over all
keys after each hit (0.6 s of the event loop at 5,000 callers), which strangers would provoke.
Here a hit costs about a microsecond, and the number of keys is bounded.
"""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from mailconfig.domain.errors import RateLimited
from mailconfig.domain.throttling import Balance, Delay, Limit

_MOST_KEYS: Final = 100_000
"""Callers that are told apart, about 20 MiB; beyond it those who came longest ago are forgotten."""
_MINUTE: Final = 60

Seconds = Callable[[], float]
"""A clock that never goes back."""


class MemoryLimiter:
    """Implements `domain.throttling.Limiter`; counts are lost with the process."""

    def __init__(self, clock: Seconds = time.monotonic, most_keys: int = _MOST_KEYS) -> None:
        self._clock = clock
        self._most_keys = most_keys
        self._attempts: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        """Failures of each key, and since when the next attempt is open, or will be."""

    async def take(self, limit: Limit, key: str) -> None:
        """Count one attempt; raises RateLimited with the seconds until the window opens."""
        now = self._clock()
        attempts = self._attempts.setdefault((limit.name, key), deque())
        self._attempts.move_to_end((limit.name, key))
        while attempts and attempts[0] <= now - limit.seconds:
            attempts.popleft()
        if len(attempts) >= limit.attempts:
            raise RateLimited(max(1, math.ceil(attempts[0] + limit.seconds - now)))
        attempts.append(now)
        if len(self._attempts) > self._most_keys:
            self._attempts.popitem(last=False)

    async def attempt(self, delay: Delay, key: str) -> None:
        """Count an attempt as a failure; raises RateLimited with the seconds until it is open."""
        now = self._clock()
        failures, open_at = self._failures.get((delay.name, key), (0.0, now))
        if now < open_at:
            raise RateLimited(math.ceil(open_at - now))
        failures = max(0.0, failures - (now - open_at) / delay.refill_seconds) + 1
        self._failures[delay.name, key] = (failures, now + delay.after(failures))
        self._failures.move_to_end((delay.name, key))
        if len(self._failures) > self._most_keys:
            self._failures.popitem(last=False)

    async def forgive(self, delay: Delay, key: str) -> None:
        """Take one attempt back, and the wait after it."""
        failures, open_at = self._failures.get((delay.name, key), (0.0, 0.0))
        if failures > 1:
            self._failures[delay.name, key] = (failures - 1, min(open_at, self._clock()))
        else:
            self._failures.pop((delay.name, key), None)

    async def forget(self, delay: Delay, key: str) -> None:
        """Forget all failures of a key."""
        self._failures.pop((delay.name, key), None)


class MemoryPoints:
    """Implements `domain.throttling.Points`: a leaky bucket a caller."""

    def __init__(self, clock: Seconds = time.monotonic, most_keys: int = _MOST_KEYS) -> None:
        self._clock = clock
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Points in each bucket, and when that was."""

    async def spend(self, caller: str, points: int, per_minute: int) -> Balance:
        """Take points from a caller's budget when it has as many."""
        now = self._clock()
        filled, at = self._buckets.pop(caller, (0.0, now))
        leak = per_minute / _MINUTE
        filled = max(0.0, filled - (now - at) * leak)
        excess = filled + min(points, per_minute) - per_minute
        granted = excess <= 0
        if granted:
            filled = per_minute + excess
        self._buckets[caller] = (filled, now)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        remaining, reset = int(per_minute - filled), math.ceil(filled / leak)
        return Balance(
            granted, remaining, reset, 0 if granted else max(1, math.ceil(excess / leak))
        )
