"""How fast a socket may talk, and how much of its work goes on at once. Knows no messages."""

import asyncio
from typing import Final

_AT_WORK_SECONDS: Final = 1.0
"""By then an operation waits for something else than the processor, and another may begin."""


class Rate:
    """Counts events in seconds of the clock that the caller reads."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._since = 0.0
        self._count = 0

    def allows(self, now: float) -> bool:
        """Count one event at `now`, in seconds; False when that second has had too many."""
        if now - self._since >= 1:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self._per_second


class Turn:
    """A place at work of one operation, until its first result or for a while."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Wait for the place and take it."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_AT_WORK_SECONDS, self.end)

    def end(self) -> None:
        """Give it back, once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._places.release()
