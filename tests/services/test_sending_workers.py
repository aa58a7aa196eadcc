"""Workers beside each other, on the queue of each engine: they share, take over, and hold on."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kit.database import KEY_TEXT
from kit.outgoing import Office, opened
from kit.posting import Post, Scripted, take
from kit.records import make_config, make_tenant
from kit.sendingworker import COMMITTED, Ticking, post_of
from mailconfig.domain.clock import utc_now
from mailconfig.domain.delivery import Commit, Delivery, Sending
from mailconfig.domain.messages import Message, MessageState
from mailconfig.services.sending.endings import SendingPolicy
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring

TESTS = Path(__file__).parents[1]
MESSAGES = 60
STARTING_SECONDS = 60
"""For a process that imports everything, on a busy machine."""
TAKEOVER_SECONDS = 10.0
"""Issue 6: what a worker had that was killed is taken over within this."""


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """An account, and a clock that goes: the leases of PostgreSQL are the server's."""
    database = Database.open(storage_settings, keyring)
    tenant = await make_tenant(database, "acme")
    config = make_config(tenant, owner_id=None)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, tenant.user_id)
    yield Office(database, tenant, config.id, Ticking())
    await database.close()


async def taken_in(post: Post, **changes: Any) -> Message:  # noqa: ANN401 - any field
    """Take a message in that is due now, with its job."""
    now = utc_now()
    return await post.taken_in(due_at=now, expires_at=now + timedelta(days=1), **changes)


async def until(office: Office, message: Message, state: MessageState) -> None:
    """Wait until a message is in a state."""
    while await office.state(message.id) is not state:  # noqa: ASYNC110 - a row has no event
        await anyio.sleep(0.05)


async def test_two_workers_share_the_work(
    office: Office, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    """Each message goes out once, whoever takes it; also those that come while they work."""

    async def slow(sending: Sending, commit: Commit) -> Delivery:
        await anyio.sleep(0.02)
        return await take(sending, commit)

    posts = [post_of(office, storage_settings.url, tmp_path) for _ in range(2)]
    transports = [Scripted(slow), Scripted(slow)]
    senders = [f"m{number}@example.com" for number in range(MESSAGES)]
    sent = [await taken_in(posts[0], sender=sender) for sender in senders[: MESSAGES // 2]]
    async with AsyncExitStack() as stack:
        for post, transport in zip(posts, transports, strict=True):
            stack.push_async_callback(post.queue.close)
            await stack.enter_async_context(post.sender(transport, concurrency=5).running())
        for sender in senders[MESSAGES // 2 :]:
            sent.append(await taken_in(posts[0], sender=sender))  # noqa: PERF401 - they work
        with anyio.fail_after(30):
            for message in sent:
                await until(office, message, MessageState.SENT)
    named = [[each.envelope.sender for each in one.sendings] for one in transports]
    assert Counter(named[0] + named[1]) == Counter(senders)
    assert all(named)
    assert await posts[0].queue.claim("nobody", 100, 60) == []


async def test_what_a_killed_worker_had_is_taken_over(
    office: Office, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    """Within ten seconds after kill -9, by the settings that workers have: sent, or in doubt."""
    post = post_of(office, storage_settings.url, tmp_path)
    waits = await taken_in(post, sender="waits@example.com")
    # Another account's: one that was not let in yet sends one message after the other.
    gone = await taken_in(post, sender=COMMITTED, config_id=await post.another_account())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "kit.sendingworker", storage_settings.url, KEY_TEXT, str(tmp_path)),
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    with anyio.fail_after(STARTING_SECONDS):
        begun = {(await process.stdout.readline()).decode().strip() for _ in range(2)}
    assert begun == {waits.sender, COMMITTED}
    transport = Scripted(take)
    async with post.sender(transport).running():
        process.send_signal(signal.SIGKILL)
        await process.wait()
        with anyio.fail_after(TAKEOVER_SECONDS):
            await until(office, waits, MessageState.SENT)
            await until(office, gone, MessageState.AMBIGUOUS)
    await post.queue.close()
    assert [each.envelope.sender for each in transport.sendings] == [waits.sender]


async def test_who_sends_for_long_keeps_its_message(
    office: Office, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    """An attempt lasts longer than several leases: heartbeats prolong them, nobody takes over."""

    async def long(sending: Sending, commit: Commit) -> Delivery:
        await anyio.sleep(3)
        async with office.database.work(office.tenant.workspace_id) as work:
            assert await work.sending.recover(message.id) is None
        return await take(sending, commit)

    posts = [post_of(office, storage_settings.url, tmp_path) for _ in range(2)]
    transport = Scripted(long)
    message = await taken_in(posts[0])
    async with AsyncExitStack() as stack:
        for post in posts:
            stack.push_async_callback(post.queue.close)
            post.policy = SendingPolicy(lease_seconds=1.5)
            sender = post.sender(transport, lease_seconds=1.5, wait_seconds=0.2)
            await stack.enter_async_context(sender.running())
        with anyio.fail_after(30):
            await until(office, message, MessageState.SENT)
    assert len(transport.sendings) == 1
    assert (await office.read(message.id)).attempts == 1


async def test_a_worker_that_was_held_up_goes_on(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Its leases were over for long and nobody else came: what has gone out is not in doubt."""
    async with opened(storage_settings, keyring) as office:

        async def late(sending: Sending, commit: Commit) -> Delivery:
            taken = await take(sending, commit)
            office.clock.turn(60)
            await anyio.sleep(0.5)  # several heartbeats
            return taken

        post = Post(office, Scripted(late))
        message = await post.taken_in()
        async with post.sender(lease_seconds=0.3).running():
            with anyio.fail_after(20):
                while (await office.state(message.id)) in {  # noqa: ASYNC110 - see above
                    MessageState.QUEUED,
                    MessageState.SENDING,
                }:
                    await anyio.sleep(0.02)
        assert await office.state(message.id) is MessageState.SENT
        assert len(post.transport.sendings) == 1


async def test_a_job_that_is_over_before_its_message(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Whoever gets it then looks again in a moment, and not when his own lease is over."""
    async with opened(storage_settings, keyring) as office:
        post = Post(office, Scripted(take))
        message = await post.taken_in()
        assert len(await post.queue.claim("dead", 10, 5)) == 1
        assert await office.claim(message.id, 6, "dead") is not None
        office.clock.turn(5)
        assert await post.round() == 1
        assert await office.state(message.id) is MessageState.SENDING
        office.clock.turn(1)
        assert await post.round() == 1
        assert await office.state(message.id) is MessageState.SENT
