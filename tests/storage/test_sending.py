"""Attempts: claimed by one, committed once, finished by whoever holds them, never lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.outgoing import Office, opened
from kit.records import NOON
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.messages import (
    Attempt,
    HeldFor,
    Message,
    MessageEvent,
    MessageState,
    RecipientState,
)
from mailconfig.domain.outbox import job_of
from mailconfig.domain.sending import Outcome
from mailconfig.storage.database import StorageSettings, Work
from mailconfig.storage.messages import Change
from mailconfig.storage.sealing import Keyring

LATER = NOON + timedelta(hours=1)


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with an account."""
    async with opened(storage_settings, keyring) as made:
        yield made


async def do(office: Office, step: Callable[[Work], Awaitable[object]]) -> object:
    """Carry one step out in a transaction of its own."""
    async with office.database.work(office.tenant.workspace_id) as work:
        return await step(work)


async def attempts(office: Office, message: Message) -> tuple[Attempt, ...]:
    """Read the attempts at a message."""
    async with office.database.reading(office.tenant.workspace_id) as work:
        return (await work.messages.attempts([message.id]))[message.id]


def begun(number: int = 1) -> Attempt:
    """Return an attempt that began at noon."""
    return Attempt(number, NOON, None, None, None, None, None, None)


def sent(message: Message) -> Outcome:
    """Return what it means that the server took it for all."""
    taken = tuple(replace(one, state=RecipientState.ACCEPTED) for one in message.recipients)
    return Outcome(MessageEvent.ACCEPT, DiagnosticCode.OK, taken, reply="queued")


async def test_a_claim_begins_an_attempt(office: Office) -> None:
    """State, number and attempt; whoever comes second gets nothing."""
    message = await office.taken_in()
    claimed = await office.claim(message.id)
    assert claimed == replace(message, state=MessageState.SENDING, attempts=1)
    assert await office.read(message.id) == claimed
    assert await office.claim(message.id, owner="other") is None
    assert await attempts(office, message) == (begun(),)


async def test_of_claims_at_once_one_wins(office: Office) -> None:
    """Eight workers claim the same message together: one has it, and there is one attempt."""
    message = await office.taken_in()
    claims = [office.claim(message.id, owner=f"worker-{n}") for n in range(8)]
    won = [claimed for claimed in await asyncio.gather(*claims) if claimed is not None]
    assert [claimed.attempts for claimed in won] == [1]
    assert await attempts(office, message) == (begun(),)


async def test_only_what_is_due_is_claimed(office: Office) -> None:
    """Not before its time, not when its time is over, not once it has ended."""
    early = await office.taken_in(due_at=NOON + timedelta(microseconds=1))
    late = await office.taken_in(expires_at=NOON)
    over = await office.taken_in()
    assert await do(office, lambda w: w.messages.apply(over.id, Change(MessageEvent.CANCEL)))
    for message in (early, late, over):
        assert await office.claim(message.id) is None
        assert await attempts(office, message) == ()
    office.clock.turn(1)
    assert await office.claim(early.id) is not None


async def test_a_held_message_is_claimed_when_its_time_comes(office: Office) -> None:
    """What held it is forgotten with the claim."""
    message = await office.taken_in()
    hold = Change(MessageEvent.HOLD, due_at=LATER, held_for=HeldFor.RATE)
    assert await do(office, lambda w: w.messages.apply(message.id, hold))
    assert await office.claim(message.id) is None
    office.clock.turn(3600)
    claimed = await office.claim(message.id)
    assert claimed is not None
    assert claimed.held_for is None


async def test_the_course_of_a_message(office: Office) -> None:
    """Deferred once, then taken: two attempts with what servers said, and the moments."""
    message = await office.sending()
    assert await do(office, lambda w: w.sending.commit(message.id, 1)) is True
    assert (await office.read(message.id)).committed_at == NOON
    office.clock.turn(2)
    one, two = message.recipients
    known = (replace(one, state=RecipientState.ACCEPTED, reply="ok"), two)
    deferred = Outcome(
        MessageEvent.DEFER, DiagnosticCode.SEND_QUOTA, known, Phase.RCPT, "450 later"
    )
    step = do(office, lambda w: w.sending.finish(message.id, 1, deferred, LATER, "mx.test"))
    assert await step is True
    assert await office.read(message.id) == replace(
        message,
        state=MessageState.DEFERRED,
        recipients=known,
        due_at=LATER,
        code=DiagnosticCode.SEND_QUOTA,
        reply="450 later",
        committed_at=NOON,
    )
    office.clock.turn(3600)
    again = await office.claim(message.id)
    assert again is not None
    assert (again.attempts, again.committed_at) == (2, None)
    assert await do(office, lambda w: w.sending.commit(message.id, 2)) is True
    taken = sent(again)
    assert await do(office, lambda w: w.sending.finish(message.id, 2, taken, None, "mx.test"))
    end = NOON + timedelta(seconds=3602)
    after = await office.read(message.id)
    assert (after.state, after.sent_at, after.ended_at) == (MessageState.SENT, end, end)
    assert after.recipients == taken.recipients
    assert await attempts(office, message) == (
        Attempt(
            1,
            NOON,
            NOON + timedelta(seconds=2),
            MessageEvent.DEFER,
            Phase.RCPT,
            DiagnosticCode.SEND_QUOTA,
            "450 later",
            "mx.test",
        ),
        Attempt(2, end, end, MessageEvent.ACCEPT, None, DiagnosticCode.OK, "queued", "mx.test"),
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(MessageEvent.ACCEPT, DiagnosticCode.OK, ()), MessageState.SENT),
        (Outcome(MessageEvent.DEFER, DiagnosticCode.ESP_RATE, ()), MessageState.DEFERRED),
        (
            Outcome(MessageEvent.HOLD, DiagnosticCode.ESP_RATE, (), held_for=HeldFor.RATE),
            MessageState.HELD,
        ),
        (Outcome(MessageEvent.REJECT, DiagnosticCode.SEND_QUOTA, ()), MessageState.FAILED),
        (Outcome(MessageEvent.DOUBT, DiagnosticCode.STEP_TIMEOUT, ()), MessageState.AMBIGUOUS),
    ],
    ids=["accept", "defer", "hold", "reject", "doubt"],
)
async def test_every_outcome_ends_the_attempt(
    office: Office, outcome: Outcome, state: MessageState
) -> None:
    """Each leads to its state once; the second one, and one of another attempt, to nothing."""
    message = await office.sending()
    assert await do(office, lambda w: w.sending.finish(message.id, 2, outcome)) is False
    assert await attempts(office, message) == (begun(),)
    assert await do(office, lambda w: w.sending.finish(message.id, 1, outcome)) is True
    assert await office.state(message.id) is state
    assert await do(office, lambda w: w.sending.finish(message.id, 1, outcome)) is False
    (attempt,) = await attempts(office, message)
    assert (attempt.event, attempt.code) == (outcome.event, outcome.code)


async def test_a_commit_is_made_once_and_by_the_current_attempt(office: Office) -> None:
    """Not twice, not with another number, not when the lease is over, not after the end."""
    message = await office.sending(seconds=30)
    assert await do(office, lambda w: w.sending.commit(message.id, 0)) is False
    assert await do(office, lambda w: w.sending.commit(message.id, 2)) is False
    assert await do(office, lambda w: w.sending.commit(message.id, 1)) is True
    assert await do(office, lambda w: w.sending.commit(message.id, 1)) is False
    other = await office.sending(seconds=30)
    office.clock.turn(30)
    assert await do(office, lambda w: w.sending.commit(other.id, 1)) is False
    assert (await office.read(other.id)).committed_at is None


async def test_what_did_not_go_out_is_given_back(office: Office) -> None:
    """Released at once for the next attempt; after the commit there is no way back."""
    message = await office.sending()
    assert await do(office, lambda w: w.sending.release(message.id, 1)) is True
    assert await office.state(message.id) is MessageState.QUEUED
    assert await office.claim(message.id) is not None
    assert await do(office, lambda w: w.sending.commit(message.id, 2)) is True
    assert await do(office, lambda w: w.sending.release(message.id, 2)) is False
    assert await office.state(message.id) is MessageState.SENDING
    first, second = await attempts(office, message)
    assert first == replace(begun(), ended_at=NOON, event=MessageEvent.RELEASE)
    assert second == begun(2)


async def test_a_dead_worker_before_the_commit(office: Office) -> None:
    """Not while the lease lasts; then the message waits again, and the late worker is told no."""
    message = await office.sending(seconds=30)
    assert await do(office, lambda w: w.sending.recover(message.id)) is None
    office.clock.turn(30)
    assert await do(office, lambda w: w.sending.recover(message.id)) is MessageEvent.RELEASE
    assert await do(office, lambda w: w.sending.recover(message.id)) is None
    waiting = replace(message, state=MessageState.QUEUED)
    assert await office.read(message.id) == waiting
    assert await office.claim(message.id) is not None
    late = sent(message)
    assert await do(office, lambda w: w.sending.commit(message.id, 1)) is False
    assert await do(office, lambda w: w.sending.finish(message.id, 1, late)) is False
    assert await do(office, lambda w: w.sending.release(message.id, 1)) is False
    assert await office.state(message.id) is MessageState.SENDING


async def test_a_dead_worker_after_the_commit(office: Office) -> None:
    """The message is in doubt, with all who waited, and nobody claims it again by itself."""
    message = await office.sending(seconds=30)
    assert await do(office, lambda w: w.sending.commit(message.id, 1)) is True
    office.clock.turn(31)
    assert await do(office, lambda w: w.sending.recover(message.id)) is MessageEvent.DOUBT
    after = await office.read(message.id)
    assert after.state is MessageState.AMBIGUOUS
    assert after.ended_at == NOON + timedelta(seconds=31)
    assert {one.state for one in after.recipients} == {RecipientState.AMBIGUOUS}
    assert await office.claim(message.id) is None
    assert await do(office, lambda w: w.sending.finish(message.id, 1, sent(message))) is False
    assert await office.read(message.id) == after
    (attempt,) = await attempts(office, message)
    assert (attempt.event, attempt.ended_at) == (MessageEvent.DOUBT, after.ended_at)
    again = Change(MessageEvent.RETRY_AMBIGUOUS, recipients=message.recipients)
    assert await do(office, lambda w: w.messages.apply(message.id, again)) is True
    assert await office.claim(message.id) is not None


async def test_recovery_keeps_what_was_said_before(office: Office) -> None:
    """A recipient who was refused or accepted in an attempt before stays so."""
    message = await office.sending()
    one, two = message.recipients
    known = (replace(one, state=RecipientState.ACCEPTED), two)
    outcome = Outcome(MessageEvent.DEFER, DiagnosticCode.ESP_RATE, known)
    assert await do(office, lambda w: w.sending.finish(message.id, 1, outcome, NOON))
    assert await office.claim(message.id) is not None
    assert await do(office, lambda w: w.sending.commit(message.id, 2))
    office.clock.turn(60)
    assert await do(office, lambda w: w.sending.recover(message.id)) is MessageEvent.DOUBT
    after = await office.read(message.id)
    assert [one.state for one in after.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.AMBIGUOUS,
    ]


async def test_a_recovery_and_a_late_finish_at_once(office: Office) -> None:
    """Of a worker that comes back and one that looks after it exactly one decides."""
    messages = [await office.sending(seconds=30) for _ in range(8)]
    for message in messages:
        assert await do(office, lambda w: w.sending.commit(message.id, 1))  # noqa: B023
    office.clock.turn(30)
    for message in messages:
        finished, recovered = await asyncio.gather(
            do(office, lambda w: w.sending.finish(message.id, 1, sent(message))),  # noqa: B023
            do(office, lambda w: w.sending.recover(message.id)),  # noqa: B023
        )
        assert (finished, recovered) in {(True, None), (False, MessageEvent.DOUBT)}
        state = MessageState.SENT if finished else MessageState.AMBIGUOUS
        assert await office.state(message.id) is state


async def test_what_is_over_expires(office: Office) -> None:
    """Only what waits and whose time is over."""
    message = await office.taken_in(expires_at=LATER)
    assert await do(office, lambda w: w.sending.expire(message.id)) is False
    claimed = await office.sending(expires_at=LATER)
    office.clock.turn(3600)
    assert await do(office, lambda w: w.sending.expire(claimed.id)) is False
    assert await do(office, lambda w: w.sending.expire(message.id, DiagnosticCode.ESP_RATE))
    after = await office.read(message.id)
    assert (after.state, after.code) == (MessageState.FAILED, DiagnosticCode.ESP_RATE)
    assert await do(office, lambda w: w.sending.expire(message.id)) is False


async def test_leases_on_messages_are_prolonged_by_their_owner(office: Office) -> None:
    """Also when they are over, until somebody looks after the message; others' never."""
    mine, late = await office.sending(seconds=30), await office.sending(seconds=10)
    taken, other = await office.sending(seconds=10), await office.taken_in()
    assert await office.claim(other.id, owner="other")
    office.clock.turn(10)
    assert await do(office, lambda w: w.sending.recover(taken.id)) is MessageEvent.RELEASE
    ids = [mine.id, late.id, taken.id, other.id]
    async with office.database.system() as system:
        until = office.clock.now + timedelta(seconds=30)
        assert await system.messages.prolong("worker", ids, until) == {mine.id, late.id}
    office.clock.turn(29)
    for message in (mine, late):
        assert await do(office, lambda w: w.sending.recover(message.id)) is None  # noqa: B023
    assert await do(office, lambda w: w.sending.recover(other.id)) is MessageEvent.RELEASE


async def test_messages_without_anybody_are_found(office: Office) -> None:
    """What was due long ago and nobody has, oldest first: waiting ones and those left behind."""
    left = await office.sending(seconds=30)
    held = await office.sending(seconds=7200)
    waiting = await office.taken_in(due_at=NOON + timedelta(seconds=5))
    future = await office.taken_in(due_at=NOON + timedelta(days=1))
    over = await office.taken_in()
    assert await do(office, lambda w: w.messages.apply(over.id, Change(MessageEvent.CANCEL)))
    office.clock.turn(3600)
    async with office.database.system() as system:
        found = await system.messages.stranded(office.clock.now - timedelta(seconds=60), 10)
        assert found == [(job_of(left), NOON), (job_of(waiting), waiting.due_at)]
        assert await system.messages.stranded(office.clock.now, 1) == found[:1]
    assert {held.id, future.id}.isdisjoint(job.message_id for job, _ in found)
