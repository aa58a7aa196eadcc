"""Who is signed in, remembered for a moment, so that not every request asks the database.

Threat: a session that was ended, or whose user was removed or has another role, is still let in.
What holds: a logout in this process counts from the moment it answers, because it makes this
module forget the session, also where the row was read before and arrives after; so do a changed
role and a removed membership. What another process or the command line did counts after
`kept_seconds` at the latest, which the operator sets (0: at once, a read for each request). That a
session or token expires is checked by its caller on every use, never remembered. Only what exists
is remembered, and of that a bounded number, so that guessing fills nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar
from uuid import UUID

from mailconfig.domain.identity import Role, Session, User

SignedIn = tuple[Session, User, Role]
"""A session with its user and their role in its workspace."""
Seconds = Callable[[], float]
"""A clock that never goes back."""

_MOST: Final = 10_000
"""Sessions and tokens remembered, about 5 MiB of each; more people at once cost reads again."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Remembered(Generic[KeyT, ValueT]):
    """A bounded number of values; the least recently used leave first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()

    def __len__(self) -> int:
        """Return how many values are remembered."""
        return len(self._values)

    def get(self, key: KeyT) -> ValueT | None:
        """Return a value, None for one that is not remembered."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: KeyT, value: ValueT) -> None:
        """Remember a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: KeyT) -> None:
        """Forget a value."""
        self._values.pop(key, None)

    def drop_where(self, is_meant: Callable[[ValueT], bool]) -> None:
        """Forget all values that are meant."""
        for key in [key for key, value in self._values.items() if is_meant(value)]:
            del self._values[key]


class Recollection(Generic[KeyT, ValueT]):
    """What was read lately, each value for some seconds."""

    def __init__(self, kept_seconds: float, clock: Seconds = time.monotonic) -> None:
        self._kept_seconds = kept_seconds
        self._clock = clock
        self._values: Remembered[KeyT, tuple[ValueT, float]] = Remembered()
        self._departures = 0
        """How often values were forgotten; tells whether one was while a row was on its way."""

    async def of(
        self, key: KeyT, read: Callable[[KeyT], Awaitable[ValueT | None]]
    ) -> ValueT | None:
        """Return a value, from memory or by `read`; None where there is none."""
        if self._kept_seconds <= 0:
            return await read(key)
        kept = self._values.get(key)
        if kept is not None and self._clock() < kept[1]:
            return kept[0]
        before, asked_at = self._departures, self._clock()
        found = await read(key)
        if found is None:
            self._values.drop(key)
        elif before == self._departures:
            self._values.put(key, (found, asked_at + self._kept_seconds))
        return found

    def forget(self, key: KeyT) -> None:
        """Forget a value that has ended here."""
        self._departures += 1
        self._values.drop(key)

    def forget_all(self) -> None:
        """Forget everything."""
        self._departures += 1
        self._values = Remembered()


class Attendance(Recollection[UUID, SignedIn]):
    """The sessions that were seen lately."""

    def forget_user(self, user_id: UUID) -> None:
        """Forget the sessions of a user, whose role or membership was changed here."""
        self._departures += 1
        self._values.drop_where(lambda kept: kept[0][0].user_id == user_id)
