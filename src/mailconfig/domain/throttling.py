"""Counting what callers do: attempts at single fields, and points of whole operations.

Two Protocols, each with one implementation in memory and one shared by several processes.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `attempts` in any window of `seconds`."""

    name: str
    attempts: int
    seconds: int


class Limiter(Protocol):
    """Counts attempts a key in a sliding window."""

    async def take(self, limit: Limit, key: str) -> None:
        """Count one attempt; raises RateLimited with the seconds to wait for the next."""
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
