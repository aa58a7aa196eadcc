"""Counting what callers do: attempts at single fields, failures, and points of whole operations.

Two Protocols, each with one implementation in memory and one shared by several processes.
"""

import math
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `attempts` in any window of `seconds`."""

    name: str
    attempts: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Failures that are free, and how long the next attempt waits after more of them.

    A key has a count, which each attempt raises and time lowers. From the last free failure on,
    an attempt waits `first_seconds`, and twice as long after each further one. Time lowers the
    count only while attempts are open: whoever fails again at each opening waits ever longer.
    """

    name: str
    free: int
    """Failures until the first wait."""
    refill_seconds: float
    """Open time after which one failure is forgotten."""
    most_seconds: int
    """The longest wait."""
    first_seconds: int = 15
    """Longer than anybody takes to type again, and short enough to be waited for."""

    def after(self, failures: float) -> int:
        """Return the seconds to wait after the last of so many failures."""
        further = math.ceil(failures - _ROUNDING) - self.free
        if further < 0:
            return 0
        return min(self.most_seconds, self.first_seconds << min(further, _DOUBLINGS))


_ROUNDING: Final = 1e-6
"""What sums of fractions may be off by."""
_DOUBLINGS: Final = 24
"""More of them are longer than any setting, and only make numbers large."""


class Limiter(Protocol):
    """Counts attempts a key in a sliding window, and failures a key with growing delays."""

    async def take(self, limit: Limit, key: str) -> None:
        """Count one attempt; raises RateLimited with the seconds to wait for the next."""
        ...

    async def attempt(self, delay: Delay, key: str) -> None:
        """Count an attempt as a failure, before it is known; raises RateLimited while it waits.

        Counting first keeps attempts that run side by side from being more than are free. A
        refused attempt is not counted, so that nobody waits longer for asking again.
        """
        ...

    async def forgive(self, delay: Delay, key: str) -> None:
        """Take one attempt back, which was no failure; whatever went before it stays counted."""
        ...

    async def forget(self, delay: Delay, key: str) -> None:
        """Forget all failures of a key."""
        ...


@dataclass(frozen=True, slots=True)
class Balance:
    """What a caller may still spend after asking for points."""

    granted: bool
    """Whether the points were there; if not, none was taken."""
    remaining: int
    """Points left now."""
    reset_seconds: int
    """When all of them are there again, if nothing is spent meanwhile."""
    retry_after_seconds: int = 0
    """When the refused points are there again."""


class Points(Protocol):
    """A budget of points a caller, which refills evenly over a minute (leaky bucket)."""

    async def spend(self, caller: str, points: int, per_minute: int) -> Balance:
        """Take points from a caller's budget when it has as many."""
        ...
