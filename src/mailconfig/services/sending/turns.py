"""Whose turn it is in one worker: which of the jobs that it has begin, and whose are not claimed.

One account with ten thousand messages must not keep the single message of another one waiting, and
a password that is wrong by now must not be tried by twenty messages at once. So an account has few
messages under way, one until its server has let it in; what else of it was claimed waits here, and
no more of it is claimed meanwhile. An account that was told to wait is left alone for moments.

Must not: know what is sent, or ask anybody.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.outbox import Job

_REST: Final = timedelta(seconds=5)
"""Longest time that an account is left alone: a pause that ends is noticed that soon."""
_PROVEN_MOST: Final = 10_000
"""Accounts that are remembered as let in: about 1 MiB."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a turn showed about its account."""

    held_until: datetime | None = None
    """Until when nothing of it goes out."""
    let_in: bool | None = None
    """Whether its server took the session; None: it was not asked."""


class Turns:
    """Counts what is under way by account, and keeps jobs that have to wait for it."""

    def __init__(self, most: int) -> None:
        """`most` is how many messages of one account are under way at once."""
        self._most = most
        self._under_way: Counter[UUID] = Counter()
        self._waiting: OrderedDict[UUID, deque[Job]] = OrderedDict()
        self._resting: dict[UUID, datetime] = {}
        self._proven: OrderedDict[UUID, None] = OrderedDict()

    @property
    def waiting(self) -> list[UUID]:
        """Messages that are claimed and not begun."""
        return [job.message_id for jobs in self._waiting.values() for job in jobs]

    def closed(self, now: datetime) -> frozenset[UUID]:
        """Return the accounts of which nothing more is to be claimed now."""
        self._resting = {id: until for id, until in self._resting.items() if until > now}
        full = (id for id in self._under_way if not self._free(id))
        return frozenset((*full, *self._waiting, *self._resting))

    def wait(self, job: Job) -> None:
        """Keep a job until it is its account's turn."""
        self._waiting.setdefault(job.config_id, deque()).append(job)

    def next(self, now: datetime, most: int) -> Iterator[Job]:
        """Yield up to `most` jobs that begin now, one of each account after the other."""
        begun = True
        while most > 0 and begun:
            begun = False
            for id in list(self._waiting):
                if most > 0 and self._free(id) and self._resting.get(id, now) <= now:
                    yield self._begin(id)
                    begun, most = True, most - 1

    def drop(self, message_ids: frozenset[UUID]) -> None:
        """Forget waiting jobs that somebody else has by now."""
        for id, jobs in list(self._waiting.items()):
            kept = deque(job for job in jobs if job.message_id not in message_ids)
            if kept:
                self._waiting[id] = kept
            else:
                del self._waiting[id]

    def clear(self) -> list[Job]:
        """Return all waiting jobs and forget them."""
        jobs = [job for waiting in self._waiting.values() for job in waiting]
        self._waiting.clear()
        return jobs

    def end(self, job: Job, ended: Ended, now: datetime) -> None:
        """Give a turn back."""
        id = job.config_id
        self._under_way[id] -= 1
        if not self._under_way[id]:
            del self._under_way[id]
        if ended.let_in is not None:
            self._proven.pop(id, None)
        if ended.let_in:
            self._proven[id] = None
            if len(self._proven) > _PROVEN_MOST:
                self._proven.popitem(last=False)
        if ended.held_until is not None:
            self._resting[id] = min(ended.held_until, now + _REST)

    def _free(self, id: UUID) -> bool:
        return self._under_way[id] < (self._most if id in self._proven else 1)

    def _begin(self, id: UUID) -> Job:
        jobs = self._waiting[id]
        job = jobs.popleft()
        if jobs:
            self._waiting.move_to_end(id)
        else:
            del self._waiting[id]
        self._under_way[id] += 1
        return job
