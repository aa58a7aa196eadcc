"""Remembers answers for as long as they hold, and only so many of them.

Must not look anything up and must not know what it keeps.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Memory(Generic[KeyT, ValueT]):
    """Values with an end each; beyond `entries` the one that was kept first is forgotten."""

    def __init__(self, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._clock = clock
        self._kept: OrderedDict[KeyT, tuple[float, ValueT]] = OrderedDict()

    def recall(self, key: KeyT) -> tuple[ValueT, float] | None:
        """Return the value and how many seconds it still holds, None for what is not known."""
        kept = self._kept.get(key)
        if kept is None or kept[0] <= self._clock():
            return None
        return kept[1], kept[0] - self._clock()

    def keep(self, key: KeyT, value: ValueT, seconds: float) -> None:
        """Remember a value for that long, in place of an older one; 0 seconds: forget it."""
        self._kept.pop(key, None)
        if seconds > 0:
            self._kept[key] = (self._clock() + seconds, value)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
