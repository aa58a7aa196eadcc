"""Limits over three workers: never too much in any window, and nothing waits for longer than it.

The workers are whole: each with its loop, its queue and its own connections to the database. Time
is a clock that goes on when all of them have nothing left to do at the moment it shows.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import anyio
from sqlalchemy import func, select

from kit.outgoing import Office, opened, opened_again
from kit.posting import Post, Scripted, take
from kit.records import make_config
from mailconfig.domain.delivery import Commit, Delivery, Sending
from mailconfig.domain.diagnostics import Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.messages import Message, MessageState
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.sending.sender import Sender
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import outbox_jobs

WORKERS = 3
CONCURRENCY = 4
PROVIDER = "microsoft365"
MOST, WINDOW = 30, 60
"""Its limit, as the catalogue has it: messages in so many seconds."""
TICK = 1.0
"""Seconds that the clock goes on while a server takes its time; else until something is due."""
DELAY = 3.0
"""Most seconds that a server takes until the content goes out."""
SLOT = 1
"""Seconds that are counted as one."""
REAL_SECONDS = 100


class RestingQueue(TableQueue):
    """Counts its rests, which are short: the clock of these tests is no real one."""

    rests = 0
    resting = False

    async def wait(self, seconds: float) -> None:
        """Rest for a moment."""
        del seconds
        self.rests += 1
        self.resting = True
        await anyio.sleep(0.02)
        self.resting = False


@dataclass
class Server:
    """Takes everything, each message after a time of its own."""

    office: Office
    chance: random.Random
    ready: list[float] = field(default_factory=list)
    """When it goes on with those that it lets wait."""
    taken: list[tuple[datetime, UUID, int]] = field(default_factory=list)
    """When the content went out, of which account, to how many."""
    ticked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waiting(self) -> int:
        """How many wait for the clock."""
        return sum(ready > self.office.clock.now.timestamp() for ready in self.ready)

    async def script(self, sending: Sending, commit: Commit) -> Delivery:
        """Let time pass by the clock of the test, then take the message if it may go out."""
        ready = self.office.clock.now.timestamp() + self.chance.choice((0, 0, DELAY / 2, DELAY))
        self.ready.append(ready)
        while self.office.clock.now.timestamp() < ready:
            await self.ticked.wait()
        self.ready.remove(ready)
        if not await commit():
            return given_up()
        people = len(sending.envelope.recipients)
        self.taken.append((self.office.clock.now, sending.account_id, people))
        return await take(sending, _yes)

    def tick(self, seconds: float) -> None:
        """Let the clock go on."""
        self.office.clock.turn(seconds)
        ticked, self.ticked = self.ticked, asyncio.Event()
        ticked.set()


async def _yes() -> bool:
    return True


def given_up() -> Delivery:
    """Return what the transport tells where the content was not to go out."""
    seen = Observation(MailProtocol.SMTP, Phase.DATA, failure=Failure.CLOSED)
    return Delivery(observation=seen)


@dataclass
class Works:
    """Three workers on one database."""

    office: Office
    server: Server
    senders: list[Sender]
    queues: list[RestingQueue]
    post: Post

    async def account(self) -> UUID:
        """Make another account of the provider."""
        office = self.office
        address = f"{len(self.server.taken)}-{random.random()}@example.com"  # noqa: S311
        config = make_config(
            office.tenant, owner_id=None, provider_id=PROVIDER, email_address=address
        )
        async with office.database.work(office.tenant.workspace_id) as work:
            await work.configs.insert(config, office.tenant.user_id)
        return config.id

    async def settled(self) -> None:
        """Wait until nobody has anything to do before the clock goes on."""
        rests = [queue.rests for queue in self.queues]
        await asyncio.sleep(0)
        while not self._idle(rests):  # noqa: ASYNC110 - several loops at rest are no event
            await asyncio.sleep(0.002)

    def _idle(self, rests: list[int]) -> bool:
        under_way = [sender.under_way for sender in self.senders]
        looked = all(
            # Two rests: between them it has looked at what is due.
            (queue.rests > before + 1 and queue.resting) or busy >= CONCURRENCY
            for queue, before, busy in zip(self.queues, rests, under_way, strict=True)
        )
        return looked and sum(under_way) == self.server.waiting

    async def sent(self, messages: list[Message]) -> None:
        """Let time pass until all messages are sent."""
        async with asyncio.timeout(REAL_SECONDS):
            while len(self.server.taken) < len(messages):
                await self.settled()
                self.server.tick(await self._rest())
            await self.settled()

    async def _rest(self) -> float:
        """Return how long nothing happens."""
        if self.server.waiting:
            return TICK
        async with self.office.database.queueing() as transaction:
            due: datetime | None = await transaction.scalar(select(func.min(outbox_jobs.c.due_at)))
        if due is None:  # the last one is being finished
            return 0
        return max((due - self.office.clock.now).total_seconds(), TICK)


@asynccontextmanager
async def working(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Works]:
    """Three workers that run."""
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(opened(storage_settings, keyring))
        server = Server(office, random.Random(30))  # noqa: S311 - delays
        post = Post(office, Scripted(server.script))
        made = Works(office, server, [], [], post)
        for _ in range(WORKERS):
            own = await stack.enter_async_context(opened_again(storage_settings, keyring, office))
            worker = Post(own, Scripted(server.script))
            queue = worker.queue = RestingQueue(own.database)
            made.queues.append(queue)
            made.senders.append(
                # By the clock of these tests a lease of seconds would be over at once.
                worker.sender(concurrency=CONCURRENCY, lease_seconds=3600, drain_seconds=0)
            )
        for sender in made.senders:
            await stack.enter_async_context(sender.running())
        yield made


def most_in_any(times: list[datetime], window: float) -> int:
    """Return the most moments in any [t, t + window)."""
    return max(
        sum(0 <= (other - begin).total_seconds() < window for other in times) for begin in times
    )


async def test_thirty_a_minute_over_three_workers(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Never more than 30 in any minute, wherever it begins, however long servers take; and each
    goes out as soon as the minute of the thirtieth before it is over.
    """
    async with working(storage_settings, keyring) as works:
        account = await works.account()
        messages = [await works.post.taken_in(config_id=account) for _ in range(100)]
        await works.sent(messages)
        times = sorted(moment for moment, _, _ in works.server.taken)
        assert len(times) == 100
        assert most_in_any(times, WINDOW) == MOST
        for before, after in zip(times, times[MOST:], strict=False):
            assert (after - before).total_seconds() <= WINDOW + 2 * (SLOT + TICK + DELAY)
        states = Counter([await works.office.state(message.id) for message in messages])
        assert states == {MessageState.SENT: 100}
