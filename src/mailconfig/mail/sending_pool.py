"""Connections that are kept between messages: whose, how many, and for how long.

A connection serves one account in one state: another revision, secret, server or set of trusted
certificates makes another key, and what was kept for the old one is closed. A kept connection that
is lost or speaks unasked is closed in that moment. Threat: a message that goes out signed in as
somebody else. Limit: who changes a password at the provider is not heard of here; such connections
end by their age. Must not open connections, and not know what is sent.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from mailconfig.mail.sending_limits import SendingSettings
from mailconfig.mail.sending_protocol import SendingProtocol
from mailconfig.mail.sessions import Session
from mailconfig.mail.smtp import SmtpDialogue

_SIZE: Final = "SIZE"
"""EHLO keyword (RFC 1870, section 3)."""


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """What two messages must have in common to share a connection."""

    account_id: UUID
    revision: int
    fingerprint: bytes
    """Of server, secret and trusted certificates."""


class SendingConnection:
    """One signed-in connection; owned by whoever sends over it, or by the pool."""

    def __init__(
        self, key: ConnectionKey, session: Session[SmtpDialogue], pool: "ConnectionPool"
    ) -> None:
        """The session is open, and nothing is unread."""
        self.key = key
        self.session = session
        self.protocol = SendingProtocol(lambda: pool.forget(self))
        session.wire.hand_over(self.protocol)
        self.opened_at = asyncio.get_running_loop().time()
        self.messages = 0
        """Transactions that were ended over it."""
        self._spoilt = False

    @property
    def size_limit(self) -> int | None:
        """Longest message in bytes that the server announced; None: none (RFC 1870, section 4)."""
        for line in self.session.dialogue.capabilities:
            match line.upper().split():
                case [keyword, number, *_] if keyword == _SIZE and number.isdecimal():
                    return int(number) or None
        return None

    @property
    def is_good(self) -> bool:
        """Whether another message may go over it."""
        return not self._spoilt and self.protocol.is_settled

    def spoil(self) -> None:
        """Let nothing go over it any more, and hang up at once."""
        self._spoilt = True
        self.session.close()

    def leave(self) -> None:
        """Say QUIT, which is not awaited, and hang up."""
        self._spoilt = True
        self.session.leave()


@dataclass(slots=True)
class _Places:
    """How many more of an account's messages may be under way, and who cares."""

    free: asyncio.Semaphore
    users: int = 0


class ConnectionPool:
    """Keeps idle connections, and says how many may be in use."""

    def __init__(self, settings: SendingSettings) -> None:
        self._settings = settings
        self._all = asyncio.Semaphore(settings.connections)
        self._accounts: dict[UUID, _Places] = {}
        self._idle: OrderedDict[SendingConnection, asyncio.TimerHandle] = OrderedDict()
        """The longest unused first, each with the timer that ends it."""
        self._in_use = 0
        """Places that are held."""
        self._closed = False

    @property
    def idle(self) -> int:
        """How many connections are kept."""
        return len(self._idle)

    @asynccontextmanager
    async def place(self, account_id: UUID) -> AsyncIterator[None]:
        """Hold a place for one message; waits while account or process have no free one.

        Whoever holds one has deadlines, so the wait has an end without one of its own.
        """
        fresh = asyncio.Semaphore(self._settings.connections_per_account)
        places = self._accounts.setdefault(account_id, _Places(fresh))
        places.users += 1
        try:
            async with places.free, self._all:
                self._in_use += 1
                try:
                    yield
                finally:
                    self._in_use -= 1
        finally:
            places.users -= 1
            if not places.users:
                del self._accounts[account_id]

    async def take(self, key: ConnectionKey) -> SendingConnection | None:
        """Return a kept connection that is good; the caller owns it. Closes those of older keys."""
        same = [each for each in self._idle if each.key.account_id == key.account_id]
        for connection in reversed(same):  # the one used last is the likeliest to live
            if connection.key != key:
                self._release(connection).leave()
        for connection in reversed(same):
            if connection not in self._idle:
                continue
            self._release(connection)
            try:
                await connection.protocol.settle()
            except asyncio.CancelledError:
                connection.spoil()
                raise
            if connection.is_good:
                return connection
            connection.spoil()
        return None

    def make_room(self) -> None:
        """Close the longest unused connection if one more would be too many in this process."""
        while self._idle and self._in_use + len(self._idle) > self._settings.connections:
            self._release(next(iter(self._idle))).leave()

    def keep(self, connection: SendingConnection) -> None:
        """Take a connection back after a message; it is closed where it has done enough."""
        settings, loop = self._settings, asyncio.get_running_loop()
        left = connection.opened_at + settings.age_seconds - loop.time()
        rest = min(settings.idle_seconds, left)
        if not connection.is_good:
            connection.spoil()
        elif self._closed or rest <= 0 or connection.messages >= settings.messages_per_connection:
            connection.leave()
        else:
            self._idle[connection] = loop.call_later(rest, self._expire, connection)

    def forget(self, connection: SendingConnection) -> None:
        """Close a kept connection that is of no use; one in use is its user's matter."""
        if connection in self._idle:
            self._release(connection).spoil()

    def close(self) -> None:
        """Close what is kept, at once; what is in use is closed instead of kept."""
        self._closed = True
        while self._idle:
            self._release(next(iter(self._idle))).leave()

    def _expire(self, connection: SendingConnection) -> None:
        self._release(connection).leave()

    def _release(self, connection: SendingConnection) -> SendingConnection:
        self._idle.pop(connection).cancel()
        return connection
