"""The embedded queue: in the caller's transaction, one owner at a time, back when a lease ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import pytest

from kit.outgoing import Office, opened
from kit.records import NOON
from mailconfig.domain.messages import Message
from mailconfig.domain.outbox import Job, Queue, job_of
from mailconfig.storage.database import StorageSettings, Work
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with an account."""
    async with opened(storage_settings, keyring) as made:
        yield made


@pytest.fixture
def queue(office: Office) -> TableQueue:
    """The queue of one process."""
    return TableQueue(office.database)


async def enqueued(office: Office, queue: Queue[Work], seconds: float = 0) -> Message:
    """Take a message in that is due in some seconds."""
    message = await office.taken_in()
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.enqueue(work, job_of(message), NOON + timedelta(seconds=seconds))
    return message


async def cancelled(office: Office, queue: Queue[Work], *messages: Message) -> None:
    """Forget the jobs of messages."""
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.cancel(work, [message.id for message in messages])


async def test_jobs_come_oldest_first_when_they_are_due(office: Office, queue: TableQueue) -> None:
    """At most as many as are asked for, none before its time, each to one owner."""
    third = await enqueued(office, queue, -1)
    first = await enqueued(office, queue, -3)
    second = await enqueued(office, queue, -2)
    later = await enqueued(office, queue, 10)
    assert await queue.claim("a", 2, 30) == [job_of(first), job_of(second)]
    assert await queue.claim("b", 10, 30) == [job_of(third)]
    assert await queue.claim("b", 10, 30) == []
    office.clock.turn(10)
    assert await queue.claim("b", 10, 30) == [job_of(later)]


async def test_a_job_belongs_to_the_transaction(office: Office, queue: TableQueue) -> None:
    """Rolled back with it, both where it is put in and where it is taken out."""
    message = await office.taken_in()

    async def put_and_fail() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await queue.enqueue(work, job_of(message), NOON)
            raise RuntimeError

    async def cancel_and_fail() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await queue.cancel(work, [message.id])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await put_and_fail()
    assert await queue.claim("a", 10, 30) == []
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.enqueue(work, job_of(message), NOON)
    with pytest.raises(RuntimeError):
        await cancel_and_fail()
    assert await queue.claim("a", 10, 30) == [job_of(message)]


async def test_a_message_has_one_job(office: Office, queue: TableQueue) -> None:
    """Putting it in again replaces its time, and frees it from whoever had it."""
    message = await enqueued(office, queue)
    assert await queue.claim("a", 10, 30) == [job_of(message)]
    async with office.database.work(office.tenant.workspace_id) as work:
        await queue.enqueue(work, job_of(message), NOON + timedelta(seconds=5))
    assert await queue.heartbeat("a", [message.id], 30) == frozenset()
    assert await queue.claim("b", 10, 30) == []
    office.clock.turn(5)
    assert await queue.claim("b", 10, 30) == [job_of(message)]
    assert await queue.claim("c", 10, 30) == []


async def test_a_message_that_has_a_job_keeps_it(office: Office, queue: TableQueue) -> None:
    """Ensured, it gets one where it has none, and otherwise time and owner stay."""
    message, other = await enqueued(office, queue), await office.taken_in()
    assert await queue.claim("a", 10, 30) == [job_of(message)]
    async with office.database.work(office.tenant.workspace_id) as work:
        for each in (message, other, other):
            await queue.ensure(work, job_of(each), NOON)
    assert await queue.heartbeat("a", [message.id], 30) == {message.id}
    assert await queue.claim("b", 10, 30) == [job_of(other)]


async def test_a_job_that_is_forgotten_does_not_come(office: Office, queue: TableQueue) -> None:
    """Waiting or claimed; unknown ones are none, and the others stay."""
    waiting, claimed = await enqueued(office, queue, 5), await enqueued(office, queue)
    other = await enqueued(office, queue, 6)
    assert await queue.claim("a", 10, 30) == [job_of(claimed)]
    await cancelled(office, queue, waiting, claimed)
    await cancelled(office, queue, waiting)
    office.clock.turn(60)
    assert await queue.claim("a", 10, 30) == [job_of(other)]


async def test_a_lease_that_ends_gives_the_job_back(office: Office, queue: TableQueue) -> None:
    """Prolonged it stays; once it is over its owner loses it to whoever comes, and only then."""
    kept, lost = await enqueued(office, queue), await enqueued(office, queue)
    claimed = await queue.claim("a", 10, 30)
    assert {job.message_id for job in claimed} == {kept.id, lost.id}
    office.clock.turn(29)
    assert await queue.heartbeat("b", [kept.id], 30) == frozenset()
    assert await queue.heartbeat("a", [kept.id], 30) == {kept.id}
    assert await queue.heartbeat("a", [], 30) == frozenset()
    office.clock.turn(1)
    assert await queue.claim("b", 10, 30) == [job_of(lost)]
    assert await queue.heartbeat("a", [kept.id, lost.id], 30) == {kept.id}
    office.clock.turn(3600)
    assert await queue.heartbeat("a", [kept.id, lost.id], 30) == {kept.id}
    assert await queue.claim("c", 10, 30) == [job_of(lost)]


async def test_claims_at_once_never_share_a_job(office: Office, queue: TableQueue) -> None:
    """Eight owners claim together until nothing is left: each job once."""
    messages = [await enqueued(office, queue) for _ in range(60)]
    found: list[Job] = []

    async def take(owner: str) -> None:
        while claimed := await queue.claim(owner, 7, 30):
            assert len(claimed) <= 7
            found.extend(claimed)

    await asyncio.gather(*(take(f"owner-{n}") for n in range(8)))
    assert sorted(job.message_id for job in found) == sorted(each.id for each in messages)


async def test_a_commit_wakes_who_waits(office: Office, queue: TableQueue) -> None:
    """The job is there when the waiting ends; not before the commit, and without a poll."""
    message = await office.taken_in()
    order: list[str] = []
    waits = asyncio.Event()

    async def work_on() -> None:
        with anyio.fail_after(5):
            while not (claimed := await queue.claim("a", 10, 30)):
                order.append("waits")
                waits.set()
                # Fifty polls of a second: only a wake-up comes within the five seconds.
                await queue._woken.wait()
                await queue.wait(0)
            order.append("claimed")
        assert claimed == [job_of(message)]

    async with asyncio.TaskGroup() as group:
        group.create_task(work_on())
        await waits.wait()
        async with office.database.work(office.tenant.workspace_id) as work:
            await queue.enqueue(work, job_of(message), NOON)
            assert not queue._woken.is_set()
    assert order == ["waits", "claimed"]


async def test_a_wake_up_between_claim_and_wait_is_not_lost(
    office: Office, queue: TableQueue
) -> None:
    """It is remembered once: the first wait ends at once, the next one waits its time."""
    await enqueued(office, queue)
    assert queue._woken.is_set()
    await queue.wait(60)
    assert not queue._woken.is_set()
    await queue.wait(0.01)


async def test_nobody_is_woken_for_nothing(office: Office, queue: TableQueue) -> None:
    """A job for later, or a transaction that is rolled back, wakes nobody."""
    await enqueued(office, queue, 5)
    assert not queue._woken.is_set()
    message = await office.taken_in()

    async def put_and_fail() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await queue.enqueue(work, job_of(message), NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await put_and_fail()
    assert not queue._woken.is_set()
