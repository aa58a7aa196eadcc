"""Answers kept in memory for as long as their evidence holds, the least used dropped first.

Keys are domains; values hold forms of user names and never an address or a password.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconfig.domain.clock import Now
from mailconfig.domain.discovery.values import Discovery


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Discovery
    until: datetime


class Answers:
    """A bounded memory of answers."""

    def __init__(self, entries: int, longest_seconds: int, now: Now) -> None:
        self._entries = entries
        self._longest = longest_seconds
        self._now = now
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, key: tuple[str, bool]) -> Discovery | None:
        """Return the answer that still holds."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until <= self._now():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def keep(self, key: tuple[str, bool], answer: Discovery) -> None:
        """Keep an answer for the shortest time of its evidence."""
        seconds = min((item.ttl_seconds for item in answer.findings), default=0)
        until = self._now() + timedelta(seconds=min(seconds, self._longest))
        self._kept[key] = _Kept(answer, until)
        self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
