"""How attempts end when something else happens meanwhile: a stop, a fault, a hold, a lost lease.

The transport is scripted; what it really does is in `tests/mail/test_sending.py`.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import anyio
import pytest

from kit.outgoing import opened
from kit.posting import Hanging, Post, Scripted, refuse, take
from mailconfig.domain.delivery import Commit, Delivery, Sending
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.errors import Fault
from mailconfig.domain.messages import HeldFor, Message, MessageState
from mailconfig.domain.sending.accounts import AccountHold
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.sending.endings import SendingPolicy
from mailconfig.storage.database import StorageSettings, Work
from mailconfig.storage.sealing import Keyring


@pytest.fixture
async def post(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Post]:
    """An account whose server takes everything."""
    async with opened(storage_settings, keyring) as office:
        yield Post(office, Scripted(take))


async def unanswered(sending: Sending, commit: Commit) -> Delivery:
    """Let the content go out, and lose the connection."""
    taken = await take(sending, commit)
    seen = Observation(MailProtocol.SMTP, Phase.DATA, failure=Failure.CLOSED)
    return replace(taken, reply="", observation=seen, doubtful=True)


async def hold_of(post: Post) -> AccountHold | None:
    """Return what keeps the account from sending."""
    async with post.office.database.work(post.office.tenant.workspace_id) as work:
        return (await work.pacing.lock(post.office.config_id)).hold


async def test_a_stopping_worker_gives_back_what_it_has_not_sent(post: Post) -> None:
    """What is under way and what waits for its turn is everybody's at once, at the same moment."""
    post.transport.script = hanging = Hanging()
    messages = [await post.taken_in() for _ in range(4)]

    async def work() -> None:
        async with post.sender(drain_seconds=30).running():
            await hanging.reached.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        with anyio.fail_after(20):  # before the worker has to give up
            await hanging.left.wait()
    states = [await post.office.state(message.id) for message in messages]
    assert states == [MessageState.QUEUED] * 4
    post.transport.script = take
    assert await post.round(owner="other") == 4
    states = [await post.office.state(message.id) for message in messages]
    assert states == [MessageState.SENT] * 4


async def test_a_stopping_worker_does_not_wait_for_ever(post: Post) -> None:
    """An answer to what has gone out is waited for within a bound; then it is in doubt."""
    post.transport.script = hanging = Hanging(committing=True)
    message = await post.taken_in()
    with anyio.fail_after(20):
        async with post.sender(drain_seconds=0.2).running():
            await hanging.reached.wait()
    assert await post.office.state(message.id) is MessageState.AMBIGUOUS


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_somebody_else_has_by_now_is_stopped(post: Post) -> None:
    """A worker whose lease was over learns it by its next heartbeat and lets go."""
    post.transport.script = hanging = Hanging()
    message = await post.taken_in()
    async with post.sender(lease_seconds=3).running():
        with anyio.fail_after(20):
            await hanging.reached.wait()
            post.office.clock.turn(60)
            other = post.attempts(Scripted(take))
            assert await post.round(other, "other") == 1
            await hanging.left.wait()
    assert await post.office.state(message.id) is MessageState.SENT
    assert len(post.transport.sendings) == 1


async def test_an_end_is_written_when_the_database_is_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known must not become a doubt because the database was away for a moment."""
    office, faults = post.office, [Fault("away"), Fault("still away")]
    there = office.database.work

    def work(workspace_id: UUID) -> AbstractAsyncContextManager[Work]:
        if taken and faults:
            raise faults.pop()
        return there(workspace_id)

    taken: list[Delivery] = []

    async def script(sending: Sending, commit: Commit) -> Delivery:
        taken.append(await take(sending, commit))
        return taken[0]

    monkeypatch.setattr(office.database, "work", work)
    post.transport.script = script
    message = await post.taken_in()
    assert await post.round() == 1
    assert not faults
    after = await office.read(message.id)
    assert (after.state, after.attempts) == (MessageState.SENT, 1)


@pytest.mark.parametrize("wanted", [False, True])
async def test_what_is_in_doubt_is_sent_again_only_where_it_is_wanted(
    post: Post, *, wanted: bool
) -> None:
    """By default nobody sends it again; with the setting it is, after the delay of a retry."""
    post.policy = SendingPolicy(retry_ambiguous=wanted)
    post.transport.script = unanswered
    message = await post.taken_in()
    await post.round()
    after = await post.office.read(message.id)
    assert after.state is (MessageState.QUEUED if wanted else MessageState.AMBIGUOUS)
    post.transport.script = take
    post.office.clock.turn(59)
    assert await post.round() == 0
    post.office.clock.turn(1)
    assert await post.round() == wanted
    if wanted:
        assert await post.office.state(message.id) is MessageState.SENT
        first, second = post.transport.sendings
        assert first.envelope == second.envelope


@pytest.mark.parametrize("wanted", [False, True])
async def test_what_a_dead_worker_left_in_doubt(post: Post, *, wanted: bool) -> None:
    """Whoever takes it over decides by the same setting."""
    post.policy = SendingPolicy(retry_ambiguous=wanted)
    message, office = await post.taken_in(), post.office
    assert len(await post.queue.claim("dead", 10, 60)) == 1
    claimed = await office.claim(message.id, 60, "dead")
    assert claimed is not None
    async with office.database.work(office.tenant.workspace_id) as work:
        assert await work.sending.commit(message.id, claimed.attempts)
    office.clock.turn(61)
    await post.round()
    office.clock.turn(60)
    await post.round()
    state = MessageState.SENT if wanted else MessageState.AMBIGUOUS
    assert await office.state(message.id) is state


async def test_a_doubt_at_the_end_of_its_time_stays(post: Post) -> None:
    """A message that would be too old by its next attempt is not sent again."""
    post.policy = SendingPolicy(retry_ambiguous=True)
    post.transport.script = unanswered
    message = await post.taken_in(expires_at=post.office.clock.now + timedelta(seconds=60))
    await post.round()
    post.office.clock.turn(86_400)
    assert await post.round() == 0
    assert await post.office.state(message.id) is MessageState.AMBIGUOUS


async def _held(post: Post) -> Message:
    """Let a server tell that the account has sent enough for the day."""
    post.transport.script = refuse(Phase.DATA, 550, "5.4.5 Daily sending quota exceeded")
    message = await post.taken_in()
    await post.round()
    assert (await post.office.read(message.id)).held_for is HeldFor.RATE
    return message


async def test_a_hold_is_forgotten_by_what_was_sent_after_it(post: Post) -> None:
    """The account has shown that it sends again."""
    message = await _held(post)
    assert await hold_of(post) is not None
    post.transport.script = take
    post.office.clock.turn(6 * 3600)
    await post.round()
    assert await post.office.state(message.id) is MessageState.SENT
    assert await hold_of(post) is None


async def test_another_hold_that_came_meanwhile_stays(post: Post) -> None:
    """What one attempt proved says nothing of what held the account after it began."""
    message = await _held(post)
    post.office.clock.turn(6 * 3600)
    newer: list[AccountHold] = []

    async def script(sending: Sending, commit: Commit) -> Delivery:
        taken = await take(sending, commit)
        held = await hold_of(post)
        assert held is not None
        newer.append(
            replace(held, held_for=HeldFor.ACCOUNT, code=DiagnosticCode.AUTH_BAD_CREDENTIALS)
        )
        async with post.office.database.work(message.workspace_id) as work:
            await work.pacing.lock(post.office.config_id)
            await work.pacing.hold(post.office.config_id, newer[0])
        return taken

    post.transport.script = script
    await post.round()
    assert await post.office.state(message.id) is MessageState.SENT
    assert await hold_of(post) == newer[0]
