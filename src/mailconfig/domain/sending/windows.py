"""How much an account may send in any window of time, exactly, over any number of workers.

A window is cut into slots. What was sent is counted by slot, and a slot counts until all of it is
out of the window: so no window, wherever it begins, holds more than the limit. A bucket of tokens
that refills would let through twice as much in the minute after a rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

_SLOTS: Final = 60
"""Slots of a window: the limit is kept to the full, at most a sixtieth of the window later."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Unit(StrEnum):
    """What a limit counts."""

    MESSAGES = "MESSAGES"
    """Attempts to hand a message over."""
    RECIPIENTS = "RECIPIENTS"
    """Recipients that were named to the server."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So much in any window."""

    unit: Unit
    most: int
    window_seconds: int

    @property
    def slot_seconds(self) -> int:
        """Length of a slot."""
        return max(1, self.window_seconds // _SLOTS)

    def slot(self, now: datetime) -> int:
        """Return the number of the slot that a moment is in."""
        return int(now.timestamp()) // self.slot_seconds


@dataclass(frozen=True, slots=True)
class Used:
    """What was sent in one slot."""

    slot: int
    amount: int


_KNOWN: Final[Mapping[str, tuple[Unit, int]]] = {
    "messages_per_minute": (Unit.MESSAGES, _MINUTE),
    "messages_per_hour": (Unit.MESSAGES, _HOUR),
    "messages_per_day": (Unit.MESSAGES, _DAY),
    "recipients_per_minute": (Unit.RECIPIENTS, _MINUTE),
    "recipients_per_hour": (Unit.RECIPIENTS, _HOUR),
    "recipients_per_day": (Unit.RECIPIENTS, _DAY),
    "recipients_per_day_per_user": (Unit.RECIPIENTS, _DAY),
}
"""Limits of the catalogue that say how much may be sent in a time."""


def limits_of(given: Mapping[str, int | str] | None) -> tuple[Limit, ...]:
    """Return the sending limits among those of a catalogue row."""
    found = []
    for name, most in (given or {}).items():
        if name in _KNOWN and isinstance(most, int) and most > 0:
            unit, seconds = _KNOWN[name]
            found.append(Limit(unit, most, seconds))
    return tuple(found)


def counted_since(limit: Limit, now: datetime) -> int:
    """Return the first slot that counts; older ones may be forgotten."""
    return int((now.timestamp() - limit.window_seconds) // limit.slot_seconds)


def release_at(limit: Limit, used: Iterable[Used], amount: int, now: datetime) -> datetime | None:
    """Return when so much more may be sent, None where it may be now.

    More than the whole limit at once is let through when the window is empty: it could never be
    sent otherwise, and the server's own answer tells what is wrong with it.
    """
    first = counted_since(limit, now)
    counting = sorted((one for one in used if one.slot >= first), key=lambda one: one.slot)
    room = limit.most - min(amount, limit.most) - sum(one.amount for one in counting)
    release = None
    for one in counting:
        if room >= 0:
            break
        room += one.amount
        release = _leaves(limit, one)
    return release


def _leaves(limit: Limit, used: Used) -> datetime:
    """Return the first moment at which a slot counts no more."""
    end = (used.slot + 1) * limit.slot_seconds + limit.window_seconds
    return datetime.fromtimestamp(end, UTC)
