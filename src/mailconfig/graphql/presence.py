"""Who is connected for longer than one answer: how many may be, and how long each may stay.

Sockets and event streams share these rules. A place is held from the handshake, or the first byte
of a stream, to the very end, so that what a stranger opens is counted before anything is done for
it. Whoever showed a token or a cookie may stay for as long as it is good: its row is looked up at
an interval, at its own end, and at once after a logout in this process. Must not know a protocol.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from mailconfig.domain.errors import Forbidden, Refusal, Unauthenticated
from mailconfig.domain.identity import Principal
from mailconfig.domain.phrases import N_
from mailconfig.graphql.context import Context


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Limits of sockets and event streams."""

    connections: int = 1000
    """Sockets and streams of the process."""
    connections_per_client: int = 50
    """Of them from one client address; a browser opens one or two, an office shares an address."""
    init_seconds: float = 10
    """How long a socket may take to say who it is."""
    operations: int = 50
    """Operations that run at once on a socket."""
    message_bytes: int = 128 * 1024
    """Largest message of a client; twice that is what all running operations may hold."""
    messages_per_second: int = 100
    """Messages that a client may send in any second."""
    ping_seconds: float = 20
    """Interval of pings and of heartbeats in streams; proxies cut silence at 30 or 60."""
    pong_seconds: float = 20
    """How long a client may stay silent after a ping."""
    send_seconds: float = 10
    """How long a client may take to accept one message."""
    recheck_seconds: float = 15
    """Interval at which sessions are looked up again."""
    origin: str | None = None
    """Origin of our own pages, where a proxy changes the Host header."""
    listed_origins: frozenset[str] = frozenset()
    """Origins of other pages that may send cookies."""


class Full(Exception):
    """There is no place; `of_client` tells whether the client has too many itself."""

    def __init__(self, *, of_client: bool) -> None:
        super().__init__("too many connections")
        self.of_client = of_client


class Places:
    """Counts what is open, by client address."""

    def __init__(self, limits: LiveLimits) -> None:
        self.limits = limits
        self._held: Counter[str] = Counter()

    def __len__(self) -> int:
        """Count what is open."""
        return self._held.total()

    @contextmanager
    def hold(self, client: str) -> Iterator[None]:
        """Hold a place; raises Full."""
        if self._held[client] >= self.limits.connections_per_client:
            raise Full(of_client=True)
        if len(self) >= self.limits.connections:
            raise Full(of_client=False)
        self._held[client] += 1
        try:
            yield
        finally:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]


async def session_end(context: Context, first: Principal, recheck_seconds: float) -> Refusal:
    """Return why a caller may not stay, once that is so.

    Raises Fault where the session cannot be looked up: who is unknown does not stay either.
    """
    shown = first.session_id or first.key_id or first.user_id
    with context.services.identity.departures.watch(shown) as gone:
        try:
            # The first look comes after the watch began, so that no end falls between.
            while (await context.another().identified()).role is first.role:
                left = context.seconds_left()
                with anyio.move_on_after(min(recheck_seconds, math.inf if left is None else left)):
                    await gone.wait()
                    return Unauthenticated(N_("The session has ended."))
        except Unauthenticated as refusal:
            return refusal
    return Forbidden()
