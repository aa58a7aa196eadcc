"""Tells at once, in this process, that a session has ended, to whoever holds something open for it.

Sockets and event streams outlive the request that checked the session. They look at its row again
at an interval, which also sees what other processes and the command line did; this module only
saves them the wait. Must not decide who may stay: the row does.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class Departures:
    """The watchers of each session."""

    def __init__(self) -> None:
        self._watchers: dict[UUID, set[asyncio.Event]] = {}

    def __len__(self) -> int:
        """Count the watchers of all sessions."""
        return sum(map(len, self._watchers.values()))

    @contextmanager
    def watch(self, session_id: UUID) -> Iterator[asyncio.Event]:
        """Yield what is set when the session ends in this process."""
        gone = asyncio.Event()
        self._watchers.setdefault(session_id, set()).add(gone)
        try:
            yield gone
        finally:
            watchers = self._watchers[session_id]
            watchers.discard(gone)
            if not watchers:
                del self._watchers[session_id]

    def tell(self, session_id: UUID) -> None:
        """Wake the watchers of a session whose end is stored."""
        for gone in self._watchers.get(session_id, ()):
            gone.set()
