"""Sending what is due: one attempt a job, limits, holds, and workers that die or stop.

The transport is scripted; what it really does is in `tests/mail/test_sending.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from kit.outgoing import opened
from kit.posting import Hanging, Post, Scripted, refuse, take
from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.delivery import Commit, Delivery, RecipientReply, Sending
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import HeldFor, MessageState, RecipientState
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.sealing import Keyring


@pytest.fixture
async def post(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Post]:
    """An account whose server takes everything."""
    async with opened(storage_settings, keyring) as office:
        yield Post(office, Scripted(take))


async def test_a_message_is_sent_once(post: Post) -> None:
    """It goes to all recipients with its exact content; nothing is left to do."""
    message = await post.taken_in()
    assert await post.round() == 1
    (sending,) = post.transport.sendings
    assert sending.envelope.sender == message.sender
    assert sending.envelope.recipients == ("Bob@example.org", "eve@example.net")
    assert sending.envelope.content == b"Subject: Hi\r\n\r\n.dot\r\n"
    after = await post.office.read(message.id)
    assert (after.state, after.code, after.attempts) == (MessageState.SENT, DiagnosticCode.OK, 1)
    assert {one.state for one in after.recipients} == {RecipientState.ACCEPTED}
    post.office.clock.turn(10 * 86_400)
    assert await post.round() == 0


async def test_a_refused_message_comes_back_at_its_time(post: Post) -> None:
    """4yz: again after a minute, then after three; the same content for those who wait."""
    post.transport.script = refuse(Phase.DATA, 451, "4.3.0 Try later")
    message = await post.taken_in()
    await post.round()
    assert await post.office.state(message.id) is MessageState.DEFERRED
    post.office.clock.turn(59)
    assert await post.round() == 0
    post.office.clock.turn(1)
    assert await post.round() == 1
    post.office.clock.turn(180)
    post.transport.script = take
    assert await post.round() == 1
    assert await post.office.state(message.id) is MessageState.SENT
    assert len({sending.envelope.content for sending in post.transport.sendings}) == 1


async def test_only_who_waits_is_named_again(post: Post) -> None:
    """Of two recipients one is taken and one put off: the next attempt is for that one alone."""

    async def some(sending: Sending, commit: Commit) -> Delivery:
        rest = sending.envelope.recipients[1:]
        taken = await take(sending, commit)
        later = tuple(
            RecipientReply(one, accepted=False, reply="451 4.7.1 Later", reply_code=451)
            for one in rest
        )
        return replace(taken, replies=(taken.replies[0], *later))

    post.transport.script = some
    message = await post.taken_in()
    await post.round()
    assert await post.office.state(message.id) is MessageState.DEFERRED
    post.office.clock.turn(60)
    await post.round()
    assert post.transport.sendings[1].envelope.recipients == ("eve@example.net",)
    assert await post.office.state(message.id) is MessageState.SENT


async def test_time_runs_out(post: Post) -> None:
    """What was not sent within its time has failed, and no server is asked again."""
    post.transport.script = refuse(Phase.MAIL, 451, "Later")
    message = await post.taken_in(expires_at=post.office.clock.now + timedelta(seconds=90))
    await post.round()
    post.office.clock.turn(90)
    await post.round()
    assert await post.office.state(message.id) is MessageState.FAILED
    assert len(post.transport.sendings) == 1


async def test_a_refused_sign_in_holds_the_account(post: Post) -> None:
    """The password is tried once for all its mail, until the account is changed."""
    post.transport.script = refuse(Phase.AUTH, 535, "5.7.8 Bad credentials", early=True)
    messages = [await post.taken_in() for _ in range(5)]
    await post.round()
    for _ in range(20):
        post.office.clock.turn(3600)
        await post.round()
    assert len(post.transport.sendings) == 1
    for message in messages:
        after = await post.office.read(message.id)
        assert (after.state, after.held_for) == (MessageState.HELD, HeldFor.ACCOUNT)
    post.transport.script = take
    await post.configure(name="Mended")
    post.office.clock.turn(300)
    await post.round()
    states = [await post.office.state(message.id) for message in messages]
    assert states == [MessageState.SENT] * 5


async def test_a_passed_test_lets_the_account_go_on(post: Post) -> None:
    """A provider's side was mended: a test that passes afterwards says so."""
    post.transport.script = refuse(Phase.AUTH, 535, "5.7.8 Bad credentials", early=True)
    message = await post.taken_in()
    await post.round()
    post.transport.script = take
    office = post.office
    async with office.database.work(office.tenant.workspace_id) as work:
        config = await work.configs.get(office.config_id)
        hold = (await work.pacing.lock(office.config_id)).hold
    assert hold is not None
    assert hold.holds(config, office.clock.now)
    passed = replace(config, status=ConfigStatus.WORKING, last_test_id=new_id())
    assert not hold.holds(passed, office.clock.now)
    assert hold.holds(replace(passed, last_test_id=config.last_test_id), office.clock.now)
    assert await office.state(message.id) is MessageState.HELD


async def test_a_limit_that_a_server_tells_holds_the_account(post: Post) -> None:
    """550 5.4.5: nobody else of the account tries within the hour, then all goes out."""
    post.transport.script = refuse(Phase.DATA, 550, "5.4.5 Daily sending quota exceeded")
    first, second = await post.taken_in(), await post.taken_in()
    await post.round()
    assert len(post.transport.sendings) == 1
    for message in (first, second):
        after = await post.office.read(message.id)
        assert (after.state, after.held_for) == (MessageState.HELD, HeldFor.RATE)
    post.transport.script = take
    post.office.clock.turn(6 * 3600)
    await post.round()
    assert await post.office.state(first.id) is MessageState.SENT
    assert await post.office.state(second.id) is MessageState.SENT


async def test_a_host_that_fails_is_left_alone(post: Post) -> None:
    """After five failures before signing in the others are held, and go out when it is back."""
    seen = Observation(MailProtocol.SMTP, Phase.CONNECT, failure=Failure.REFUSED)

    async def down(_sending: Sending, _commit: Commit) -> Delivery:
        return Delivery(observation=seen, session_refused=True)

    post.transport.script = down
    messages = [await post.taken_in() for _ in range(9)]
    await post.round()
    assert len(post.transport.sendings) == 5
    held = [await post.office.read(message.id) for message in messages[5:]]
    assert {(one.state, one.held_for) for one in held} == {(MessageState.HELD, HeldFor.HOST)}
    post.transport.script = take
    post.office.clock.turn(7200)
    while await post.round():
        post.office.clock.turn(60)
    states = {await post.office.state(message.id) for message in messages}
    assert states == {MessageState.SENT}


async def test_who_is_suppressed_is_not_named(post: Post) -> None:
    """Also when the address came to the list while the message waited."""
    message, other = await post.taken_in(), await post.taken_in()
    office = post.office
    listed = [("bob@example.org", message), ("eve@example.net", other)]
    async with office.database.work(office.tenant.workspace_id) as work:
        for address, _ in listed[:1]:
            made = Suppression(new_id(), address, SuppressionReason.BOUNCE, None, office.clock.now)
            assert await work.suppressions.add(made)
    await post.round()
    assert {s.envelope.recipients for s in post.transport.sendings} == {("eve@example.net",)}
    after = await office.read(message.id)
    assert after.state is MessageState.SENT
    assert [one.state for one in after.recipients] == [
        RecipientState.SUPPRESSED,
        RecipientState.ACCEPTED,
    ]


async def test_interrupted_before_the_content_it_is_given_back(post: Post) -> None:
    """Nothing of it went out: another worker sends it at once."""
    post.transport.script = hanging = Hanging()
    message = await post.taken_in()
    await _interrupted(post, hanging.reached)
    assert await post.office.state(message.id) is MessageState.QUEUED
    post.transport.script = take
    assert await post.round(owner="other") == 1
    after = await post.office.read(message.id)
    assert (after.state, after.attempts) == (MessageState.SENT, 2)


async def test_interrupted_after_the_content_it_is_ambiguous(post: Post) -> None:
    """It may have arrived: nobody sends it again by itself."""
    post.transport.script = hanging = Hanging(committing=True)
    message = await post.taken_in()
    await _interrupted(post, hanging.reached)
    after = await post.office.read(message.id)
    assert after.state is MessageState.AMBIGUOUS
    assert {one.state for one in after.recipients} == {RecipientState.AMBIGUOUS}
    post.office.clock.turn(10 * 86_400)
    assert await post.round() == 0


@pytest.mark.parametrize(
    ("committed", "state"), [(False, MessageState.SENT), (True, MessageState.AMBIGUOUS)]
)
async def test_a_worker_that_died(post: Post, *, committed: bool, state: MessageState) -> None:
    """When its lease is over others look after the message: they send it, or know they must not."""
    message = await post.taken_in()
    office = post.office
    assert len(await post.queue.claim("dead", 10, 60)) == 1
    claimed = await office.claim(message.id, 60, "dead")
    assert claimed is not None
    async with office.database.work(office.tenant.workspace_id) as work:
        if committed:
            assert await work.sending.commit(message.id, claimed.attempts)
    office.clock.turn(59)
    assert await post.round() == 0
    office.clock.turn(2)
    assert await post.round() == 1
    assert await office.state(message.id) is state
    assert len(post.transport.sendings) == (not committed)


async def test_a_worker_that_lost_its_message_sends_nothing(post: Post) -> None:
    """It was too slow, and another one has sent it: its commit fails."""
    office, outcomes = post.office, []

    async def slow(_sending: Sending, commit: Commit) -> Delivery:
        office.clock.turn(61)
        assert await post.round(post.attempts(Scripted(take)), "other") == 1
        outcomes.append(await commit())
        seen = Observation(MailProtocol.SMTP, Phase.DATA, failure=Failure.CLOSED)
        return Delivery(observation=seen)

    post.transport.script = slow
    message = await post.taken_in()
    await post.round()
    assert outcomes == [False]
    assert await office.state(message.id) is MessageState.SENT


async def test_a_worker_sends_side_by_side_and_drains(post: Post) -> None:
    """It has as many under way as it may; asked to stop, it ends those and begins no others."""
    most, under_way, go = 0, 0, anyio.Event()

    async def wait(sending: Sending, commit: Commit) -> Delivery:
        nonlocal most, under_way
        taken = await take(sending, commit)
        if len(post.transport.sendings) == 1:
            return taken  # until an account is let in, it sends one after the other
        under_way += 1
        most = max(most, under_way)
        await go.wait()
        under_way -= 1
        return taken

    post.transport.script = wait
    messages = [await post.taken_in() for _ in range(8)]
    sender = post.sender(concurrency=4)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sender.running())
        with anyio.fail_after(20):
            while under_way < 4:  # noqa: ASYNC110 - the fourth of several tasks
                await anyio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, go.set)
    assert most == 4
    states = [await post.office.state(message.id) for message in messages]
    assert states.count(MessageState.SENT) >= 5
    assert MessageState.SENDING not in states


async def test_a_wrong_password_is_tried_once(post: Post) -> None:
    """Twenty messages of a refused account are held by one sign-in, not by twenty."""
    post.transport.script = refuse(Phase.AUTH, 535, "5.7.8 wrong", early=True)
    messages = [await post.taken_in() for _ in range(20)]
    async with post.sender().running():
        with anyio.fail_after(20):
            while await post.office.state(messages[0].id) is not MessageState.HELD:  # noqa: ASYNC110 - a row has no event
                await anyio.sleep(0.02)
            for _ in range(7):  # seconds of the injected clock: the account rests for five
                post.office.clock.turn(1)
                await anyio.sleep(0.05)
    states = [await post.office.state(message.id) for message in messages]
    assert len(post.transport.sendings) == 1
    assert set(states) <= {MessageState.HELD, MessageState.QUEUED}


async def test_many_messages_of_one_keep_nobody_waiting(post: Post) -> None:
    """The single message of another account goes out while the first of hundreds is on its way."""
    go = anyio.Event()

    async def script(sending: Sending, commit: Commit) -> Delivery:
        if sending.account_id == post.office.config_id:
            await go.wait()
        return await take(sending, commit)

    post.transport.script = script
    many = [await post.taken_in() for _ in range(200)]
    other = await post.another_account()
    single = await post.taken_in(config_id=other)
    async with post.sender(concurrency=4).running():
        with anyio.fail_after(20):
            while await post.office.state(single.id) is not MessageState.SENT:  # noqa: ASYNC110 - a row has no event
                await anyio.sleep(0.02)
        go.set()
        with anyio.fail_after(60):
            while await post.office.state(many[-1].id) is not MessageState.SENT:  # noqa: ASYNC110 - a row has no event
                await anyio.sleep(0.05)


async def test_a_worker_goes_on_after_a_message_that_breaks(post: Post) -> None:
    """A fault in one attempt ends neither the worker nor other messages; it is left to rest."""
    broken, other = await post.taken_in(sender="broken@example.com"), await post.taken_in()

    async def script(sending: Sending, commit: Commit) -> Delivery:
        if sending.envelope.sender == broken.sender:
            raise RuntimeError("a bug")
        return await take(sending, commit)

    post.transport.script = script
    async with post.sender().running():
        with anyio.fail_after(20):
            while await post.office.state(other.id) is not MessageState.SENT:  # noqa: ASYNC110 - a row has no event
                await anyio.sleep(0.02)
    after = await post.office.read(broken.id)
    assert (after.state, after.attempts) == (MessageState.QUEUED, 1)
    assert after.due_at == post.office.clock.now + timedelta(seconds=60)


async def _interrupted(post: Post, reached: anyio.Event) -> None:
    """Begin to send and cancel it there."""
    (job,) = await post.queue.claim("worker", 10, 60)
    async with anyio.create_task_group() as group:
        group.start_soon(post.attempts().carry_out, job, "worker")
        await reached.wait()
        group.cancel_scope.cancel()
