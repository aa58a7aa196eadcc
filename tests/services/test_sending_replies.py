"""What a server may say or leave unsaid, at each stage: what becomes of the message, and when.

The transport, the storage and the server's dialogue are real, only the clock is turned. A refusal
for good is not tried again; one for now is tried until the time of the message is over, not less.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from kit.desk import RECHECK, TIME, TRIES, Desk, half_a_handshake, manned
from kit.scripted import Peer, Step
from kit.sendserver import Outgoing, Twist, hanging_up, silent
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.messages import HeldFor, MessageState, RecipientState
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.sealing import Keyring

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""What is asked here is not the database's."""

S, R = MessageState, RecipientState


@pytest.fixture
async def desk(
    storage_settings: StorageSettings, keyring: Keyring, tmp_path: Path
) -> AsyncIterator[Desk]:
    """A server that takes everything, until a test lets it say something else."""
    async with manned(storage_settings, keyring, tmp_path, Outgoing()) as made:
        yield made


async def no_handshake(peer: Peer) -> None:
    """Agree to STARTTLS and hang up."""
    await peer.send(b"220 go on\r\n")
    await hanging_up(peer)


LATER, CLOSING, NEVER = "451 4.3.0 Try later", "421 4.3.2 Shutting down", "554 5.0.0 No"

FOR_NOW = [
    # stage ("" the greeting, "." the end of the content), what happens there, diagnosis
    ("", LATER, Code.SERVER_TEMPORARY),
    ("", CLOSING, Code.SERVER_TEMPORARY),
    ("", silent, Code.TCP_TIMEOUT),
    ("", hanging_up, Code.TCP_RESET_EOF),
    ("EHLO", LATER, Code.SERVER_TEMPORARY),
    ("EHLO", CLOSING, Code.SERVER_TEMPORARY),
    ("EHLO", silent, Code.STEP_TIMEOUT),
    ("EHLO", hanging_up, Code.TCP_RESET_EOF),
    ("STARTTLS", "454 4.7.0 TLS not available now", Code.STARTTLS_FAILED_SERVER),
    ("STARTTLS", CLOSING, Code.STARTTLS_FAILED_SERVER),
    ("STARTTLS", silent, Code.STEP_TIMEOUT),
    ("STARTTLS", hanging_up, Code.TCP_RESET_EOF),
    ("STARTTLS", half_a_handshake, Code.STEP_TIMEOUT),
    ("STARTTLS", no_handshake, Code.TCP_RESET_EOF),
    ("AUTH", "454 4.7.0 Temporary failure", Code.AUTH_TEMPORARY),
    ("AUTH", CLOSING, Code.AUTH_TEMPORARY),
    ("AUTH", silent, Code.STEP_TIMEOUT),
    ("AUTH", hanging_up, Code.TCP_RESET_EOF),
    ("MAIL", LATER, Code.SERVER_TEMPORARY),
    ("MAIL", CLOSING, Code.SERVER_TEMPORARY),
    ("MAIL", silent, Code.STEP_TIMEOUT),
    ("MAIL", hanging_up, Code.TCP_RESET_EOF),
    ("RCPT", LATER, Code.SERVER_TEMPORARY),
    ("RCPT", CLOSING, Code.SERVER_TEMPORARY),
    ("RCPT", silent, Code.STEP_TIMEOUT),
    ("RCPT", hanging_up, Code.TCP_RESET_EOF),
    ("DATA", LATER, Code.SERVER_TEMPORARY),
    ("DATA", CLOSING, Code.SERVER_TEMPORARY),
    ("DATA", silent, Code.STEP_TIMEOUT),
    ("DATA", hanging_up, Code.TCP_RESET_EOF),
    (".", LATER, Code.SERVER_TEMPORARY),
    (".", CLOSING, Code.SERVER_TEMPORARY),
]


def _ids(rows: Sequence[tuple[object, ...]]) -> list[str]:
    """Name rows by stage and what happens there."""
    names = []
    for stage, what, *_ in rows:
        said = what.__name__ if callable(what) else str(what)[:3]
        names.append(f"{stage or 'greeting'}-{said}".replace(".", "end"))
    return names


@pytest.mark.parametrize(("stage", "what", "code"), FOR_NOW, ids=_ids(FOR_NOW))
async def test_for_now(desk: Desk, stage: str, what: str | Step, code: Code) -> None:
    """Deferred with the stage's diagnosis, tried at growing delays, given up when its time is over
    and not a second before; everybody waits all the time.
    """
    desk.say(stage, what)
    message = await desk.tried()
    assert (message.state, message.held_for, message.code) == (S.DEFERRED, None, code)
    assert message.due_at == desk.post.office.clock.now + timedelta(seconds=60)
    assert await desk.wait(message) == TRIES
    after = await desk.post.office.read(message.id)
    assert (after.state, after.code, after.attempts) == (S.FAILED, code, len(TRIES))
    assert after.ended_at == after.created_at + timedelta(seconds=TIME)
    assert {one.state for one in after.recipients} == {R.WAITING}


@pytest.mark.parametrize(("stage", "what"), [row[:2] for row in FOR_NOW], ids=_ids(FOR_NOW))
async def test_for_now_and_then_taken(desk: Desk, stage: str, what: str | Step) -> None:
    """The second attempt, a minute later, brings it to everybody, once."""
    desk.say(stage, [what, what] if (stage, what) == ("RCPT", LATER) else [what])
    message = await desk.tried()
    assert await desk.wait(message) == [0, 60]
    after = await desk.post.office.read(message.id)
    assert (after.state, after.code, after.attempts) == (S.SENT, Code.OK, 2)
    assert [one.state for one in after.recipients] == [R.ACCEPTED, R.ACCEPTED]
    assert len(desk.server.messages) == 1 + (stage == ".")


FOR_GOOD = [
    # stage, what the server says there, diagnosis
    ("MAIL", "550 5.1.0 Address rejected", Code.SENDER_NOT_OWNED),
    ("MAIL", NEVER, Code.CONTENT_REJECTED),
    ("RCPT", "550 5.1.1 User unknown", Code.RECIPIENT_UNKNOWN),
    ("RCPT", NEVER, Code.RELAY_DENIED),
    ("DATA", NEVER, Code.CONTENT_REJECTED),
    (".", "552 5.3.4 Message too big", Code.TOO_BIG),
    (".", NEVER, Code.CONTENT_REJECTED),
]


@pytest.mark.parametrize(("stage", "what", "code"), FOR_GOOD, ids=_ids(FOR_GOOD))
async def test_for_good(desk: Desk, stage: str, what: str, code: Code) -> None:
    """Failed at once for everybody; the server never hears of it again."""
    desk.server.says[stage] = what
    message = await desk.tried()
    assert (message.state, message.code, message.reply) == (S.FAILED, code, what)
    assert {(one.state, one.reply_code) for one in message.recipients} == {
        (R.REFUSED, int(what[:3]))
    }
    await never_again(desk)


HELD = [
    # stage, what the server says there, diagnosis
    ("", NEVER, Code.CONNECT_BLOCKED_IP),
    ("EHLO", "550 5.7.1 Bad name", Code.HELO_REJECTED),
    ("STARTTLS", "502 5.5.1 Not here", Code.STARTTLS_NOT_OFFERED),
    ("AUTH", "535 5.7.8 Bad credentials", Code.AUTH_BAD_CREDENTIALS),
    ("MAIL", "530 5.7.0 Authentication required", Code.AUTH_REQUIRED),
]


@pytest.mark.parametrize(("stage", "what", "code"), HELD, ids=_ids(HELD))
async def test_what_the_account_cannot_get_over(
    desk: Desk, stage: str, what: str, code: Code
) -> None:
    """Held for the account and looked at without dialling; the server is asked once in all that
    time, also for another message.
    """
    desk.server.says[stage] = what
    message = await desk.tried()
    assert (message.state, message.held_for, message.code) == (S.HELD, HeldFor.ACCOUNT, code)
    assert message.due_at == desk.post.office.clock.now + timedelta(seconds=RECHECK)
    other = await desk.tried()
    assert (other.state, other.held_for, other.attempts) == (S.HELD, HeldFor.ACCOUNT, 0)
    for _ in range(TIME // RECHECK):
        desk.post.office.clock.turn(RECHECK)
        assert await desk.post.round() == 2
    assert desk.server.connections == 1
    after = await desk.post.office.read(message.id)
    assert (after.state, after.code, after.attempts) == (S.FAILED, code, 1)


async def never_again(desk: Desk) -> None:
    """Let much time pass: nobody connects, nothing is due."""
    before = desk.server.connections, len(desk.server.commands)
    for _ in range(2 * TIME // RECHECK):
        desk.post.office.clock.turn(RECHECK)
        assert await desk.post.round() == 0
    assert (desk.server.connections, len(desk.server.commands)) == before


@pytest.mark.parametrize(
    ("what", "code"), [(silent, Code.STEP_TIMEOUT), (hanging_up, Code.TCP_RESET_EOF)]
)
async def test_the_end_is_not_answered(desk: Desk, what: Step, code: Code) -> None:
    """Ambiguous, for everybody who was let in; never sent again by itself."""
    desk.say(".", what)
    message = await desk.tried()
    assert (message.state, message.code) == (S.AMBIGUOUS, code)
    assert [one.state for one in message.recipients] == [R.AMBIGUOUS, R.AMBIGUOUS]
    await never_again(desk)
    assert len(desk.server.messages) == 1


YES, SLOW, GONE = "250 2.1.5 fine", "450 4.2.0 Greylisted", "550 5.1.1 User unknown"
ACCEPTED, WAITING, REFUSED = R.ACCEPTED, R.WAITING, R.REFUSED

PARTIAL = [
    # what is said to each, state, diagnosis, states of the three, who is named the next time
    ((YES, YES, GONE), S.SENT, Code.OK, (ACCEPTED, ACCEPTED, REFUSED), ()),
    ((YES, SLOW, GONE), S.DEFERRED, Code.GREYLISTED, (ACCEPTED, WAITING, REFUSED), (1,)),
    ((YES, SLOW, SLOW), S.DEFERRED, Code.GREYLISTED, (ACCEPTED, WAITING, WAITING), (1, 2)),
    # nobody was let in: what counts is who may be later
    ((GONE, SLOW, GONE), S.DEFERRED, Code.GREYLISTED, (REFUSED, WAITING, REFUSED), (1,)),
    ((SLOW, GONE, SLOW), S.DEFERRED, Code.GREYLISTED, (WAITING, REFUSED, WAITING), (0, 2)),
    ((GONE, GONE, GONE), S.FAILED, Code.RECIPIENT_UNKNOWN, (REFUSED, REFUSED, REFUSED), ()),
]
THREE = ("ann@example.org", "bob@example.org", "eve@example.org")


@pytest.mark.parametrize(
    ("said", "state", "code", "known", "again"),
    PARTIAL,
    ids=["-".join(each[:3] for each in row[0]) for row in PARTIAL],
)
async def test_some_of_the_recipients(
    desk: Desk,
    said: tuple[str, ...],
    state: MessageState,
    code: Code,
    known: tuple[RecipientState, ...],
    again: tuple[int, ...],
) -> None:
    """Each has its own state and reply; only who waits is named the next time, then all is over."""
    twists: list[Twist] = [None if each is YES else each for each in said]
    desk.server.says["RCPT"] = twists
    message = await desk.tried(*THREE)
    assert (message.state, message.code) == (state, code)
    assert tuple(one.state for one in message.recipients) == known
    for one, words in zip(message.recipients, said, strict=True):
        if one.state is not ACCEPTED:
            assert (one.reply, one.reply_code) == (words, int(words[:3]))
    lines = len(desk.server.lines)
    await desk.wait(message)
    named = [line for line in desk.server.lines[lines:] if line.startswith("RCPT")]
    assert named == [f"RCPT TO:<{THREE[each]}>" for each in again]
    if again:
        after = await desk.post.office.read(message.id)
        assert (after.state, after.attempts) == (S.SENT, 2)
        assert R.WAITING not in {one.state for one in after.recipients}


async def test_let_in_and_refused_as_a_whole(desk: Desk) -> None:
    """Some were let in, then the content was refused: for good, for all who had been let in."""
    desk.server.says |= {"RCPT": [None, GONE, None], ".": "554 5.7.1 Spam"}
    message = await desk.tried(*THREE)
    assert (message.state, message.reply) == (S.FAILED, "554 5.7.1 Spam")
    replies = [one.reply for one in message.recipients]
    assert replies == ["554 5.7.1 Spam", GONE, "554 5.7.1 Spam"]
    assert {one.state for one in message.recipients} == {REFUSED}
    await never_again(desk)


async def test_in_doubt_for_who_was_let_in_only(desk: Desk) -> None:
    """The end goes unanswered: in doubt is who was let in; who was not is known."""
    desk.server.says |= {"RCPT": [None, GONE, SLOW], ".": hanging_up}
    message = await desk.tried(*THREE)
    assert message.state is S.AMBIGUOUS
    assert [one.state for one in message.recipients] == [R.AMBIGUOUS, REFUSED, WAITING]
    await never_again(desk)


async def test_time_is_over_for_one_of_two(desk: Desk) -> None:
    """One has it, the other one was put off until the end: failed, and it is known for whom."""
    desk.server.says["RCPT"] = [None, *[SLOW] * 20]
    message = await desk.tried()
    assert await desk.wait(message) == TRIES
    after = await desk.post.office.read(message.id)
    assert (after.state, after.code) == (S.FAILED, Code.GREYLISTED)
    assert [one.state for one in after.recipients] == [ACCEPTED, WAITING]
    assert len(desk.server.messages) == 1


async def test_larger_than_the_server_takes(desk: Desk) -> None:
    """Known by SIZE: failed without MAIL, and the connection is good for the next message."""
    desk.server.extensions = ("SIZE 100",)
    message = await desk.tried(content=b"Subject: x\r\n\r\n" + b"x" * 100 + b"\r\n")
    assert (message.state, message.code) == (S.FAILED, Code.TOO_BIG)
    assert desk.server.commands == []
    assert (await desk.tried()).state is S.SENT
    assert desk.server.connections == 1
    await never_again(desk)


async def test_an_address_that_the_server_cannot_take(desk: Desk) -> None:
    """SMTPUTF8 is needed and not offered: failed without MAIL; where it is offered it is sent."""
    address = "jörg@example.org"
    message = await desk.tried(address, needs_utf8=True)
    assert (message.state, message.code) == (S.FAILED, Code.UTF8_ADDRESS)
    assert desk.server.commands == []
    await never_again(desk)


async def test_an_address_that_the_server_can_take(desk: Desk) -> None:
    """SMTPUTF8 is offered: MAIL asks for it."""
    desk.server.extensions = ("SMTPUTF8", "8BITMIME")
    message = await desk.tried("jörg@example.org", needs_utf8=True)
    assert message.state is S.SENT
    assert desk.server.lines[0].split()[2:] == ["SMTPUTF8"]


@pytest.mark.parametrize("what", [silent, hanging_up, "500 5.5.1 What?"])
async def test_rset_does_not_change_the_verdict(desk: Desk, what: Twist) -> None:
    """Refused for good, then RSET is not answered: failed, and the next message is sent over
    another connection.
    """
    desk.server.says |= {"DATA": [NEVER], "RSET": what}
    message = await desk.tried()
    assert (message.state, message.code) == (S.FAILED, Code.CONTENT_REJECTED)
    assert (await desk.tried()).state is S.SENT
    assert (desk.server.connections, len(desk.server.messages)) == (2, 1)


LIMITS = [
    # stage, what the server says there, diagnosis, seconds
    ("RCPT", "550 5.4.6 You have exceeded your hourly sending limit", Code.SEND_QUOTA, 3600),
    (".", "550 5.4.6 You have exceeded your hourly sending limit", Code.SEND_QUOTA, 3600),
    (
        "AUTH",
        "454 4.7.0 Too many login attempts",
        Code.AUTH_THROTTLED,
        900,
    ),
]


@pytest.mark.parametrize(("stage", "what", "code", "seconds"), LIMITS, ids=_ids(LIMITS))
async def test_limits(desk: Desk, stage: str, what: str, code: Code, seconds: int) -> None:
    """Whatever its digit, a limit holds all mail of the account for its time, and then it goes."""
    desk.server.says[stage] = [what, *[what] * (stage == "RCPT")]
    message, other = await desk.tried(), await desk.tried()
    for one in (message, other):
        assert (one.state, one.held_for, one.code) == (S.HELD, HeldFor.RATE, code)
        assert one.due_at == desk.post.office.clock.now + timedelta(seconds=seconds)
        assert {each.state for each in one.recipients} == {WAITING}
    assert (message.attempts, other.attempts) == (1, 0)
    desk.post.office.clock.turn(seconds - 1)
    assert await desk.post.round() == 0
    desk.post.office.clock.turn(1)
    assert await desk.post.round() == 2
    for one in (message, other):
        assert await desk.post.office.state(one.id) is S.SENT
