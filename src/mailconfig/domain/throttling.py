"""Counting attempts: the Protocol of the limiter and the value of one limit."""

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
