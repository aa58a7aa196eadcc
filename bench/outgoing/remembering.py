"""Memory of a worker that sends many messages: flat, or not."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from rivals.load import resident_mib

from outgoing.office import ACCOUNTS, Letter
from outgoing.senders import Worker
from outgoing.sinking import Sink

GROWTH_MIB: Final = 10.0
WARM: Final = 10_000
"""Messages after which a worker has all that it keeps."""
_WAITING: Final = 500
"""Messages that are due at most: what waits is the database's matter."""
_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a worker in MiB."""

    engine: str
    start: float
    warm_at: int
    """After so many messages..."""
    warm: float
    """...it had this."""
    messages: int
    end: float
    rate: float
    """Messages a second, while they were also put in."""

    @property
    def kept(self) -> bool:
        """Whether it is flat; what is fewer than WARM messages cannot tell."""
        return self.messages <= WARM or self.end - self.warm < GROWTH_MIB

    def __str__(self) -> str:
        """Return a line of the report."""
        judged = "kept" if self.kept else "NOT KEPT"
        limit = f" of {GROWTH_MIB:.0f}: {judged}" if self.messages > WARM else ""
        return (
            f"memory, {self.engine}: start {self.start:.0f} MiB, after {self.warm_at} messages"
            f" {self.warm:.0f}, after {self.messages} {self.end:.0f}"
            f" ({self.end - self.warm:+.1f}{limit}); {self.rate:.0f} messages a second"
        )


async def measured(sender: Worker, sink: Sink, letter: Letter, count: int) -> Memory:
    """Send messages of all accounts, put in while it sends; all arrive, none twice."""
    warm_at = min(WARM, count // 2)
    start, warm = resident_mib(sender.process), 0.0
    given, before, moved = 0, 0, time.monotonic()
    sink.mark()
    while (arrived := sink.look().count) < count:
        if not warm and arrived >= warm_at:
            warm = resident_mib(sender.process)
        if given < count and given - arrived < _WAITING:
            more = min(_WAITING // 2, count - given)
            begin = await sender.prepared(letter, more, ACCOUNTS)
            await begin()
            given += more
        else:
            await asyncio.sleep(0.02)
        if arrived > before:
            before, moved = arrived, time.monotonic()
        assert time.monotonic() - moved < _PATIENCE_SECONDS, sink.look()
    await sender.settle()
    found = sink.look()
    assert (found.count, found.twice) == (count, 0), found
    end = resident_mib(sender.process)
    return Memory(sender.name, start, warm_at, warm or end, count, end, found.rate)
