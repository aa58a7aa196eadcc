"""The limiter in this process's memory, on the `limits` package; a shared one comes by setting."""

import math
import time

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from mailconfig.domain.errors import RateLimited
from mailconfig.domain.throttling import Limit


class MemoryLimiter:
    """Implements `domain.throttling.Limiter`; counts are lost with the process."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, limit: Limit, key: str) -> None:
        """Count one attempt; raises RateLimited with the seconds until the window opens."""
        item = RateLimitItemPerSecond(limit.attempts, limit.seconds, namespace=limit.name)
        if await self._window.hit(item, key):
            return
        reset_at = (await self._window.get_window_stats(item, key)).reset_time
        raise RateLimited(max(1, math.ceil(reset_at - time.time())))
