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
from mailconfig.domain.throttling import Balance, Limit

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
