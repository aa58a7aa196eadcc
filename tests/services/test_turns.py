"""Turns: few messages of one account at once, one until it was let in, others in between."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from mailconfig.domain.outbox import Job
from mailconfig.services.sending.turns import Ended, Turns

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BIG, SMALL = UUID(int=1), UUID(int=2)
LET_IN = Ended(let_in=True)


def job(account: UUID) -> Job:
    """A message of an account."""
    return Job(uuid4(), UUID(int=9), account)


def proven(turns: Turns, account: UUID) -> None:
    """Let an account be let in."""
    turns.wait(job(account))
    (one,) = turns.next(NOW, 1)
    turns.end(one, LET_IN, NOW)


def begun(turns: Turns, most: int = 100, now: datetime = NOW) -> list[Job]:
    """Begin what may."""
    return list(turns.next(now, most))


def test_an_account_begins_with_one() -> None:
    """Until its server has let it in a second message waits: a wrong password costs one try."""
    turns = Turns(4)
    jobs = [job(BIG) for _ in range(10)]
    for one in jobs:
        turns.wait(one)
    assert begun(turns) == jobs[:1]
    turns.end(jobs[0], LET_IN, NOW)
    assert begun(turns) == jobs[1:5]
    assert turns.waiting == [one.message_id for one in jobs[5:]]


def test_a_refused_account_is_on_trial_again() -> None:
    """After a refusal one message at a time shows whether it is let in."""
    turns = Turns(4)
    proven(turns, BIG)
    for _ in range(3):
        turns.wait(job(BIG))
    first, *rest = begun(turns)
    turns.end(first, Ended(let_in=False), NOW)
    for one in rest:
        turns.end(one, Ended(), NOW)  # its server was not asked
    for _ in range(3):
        turns.wait(job(BIG))
    assert len(begun(turns)) == 1


def test_accounts_take_turns() -> None:
    """With two places left, the account with one message gets one of them."""
    turns = Turns(4)
    proven(turns, BIG)
    big = [job(BIG) for _ in range(5)]
    for one in big:
        turns.wait(one)
    small = job(SMALL)
    turns.wait(small)
    assert begun(turns, 2) == [big[0], small]


def test_what_has_jobs_here_is_not_claimed() -> None:
    """Full, waiting and resting accounts are closed; all others are open."""
    turns = Turns(1)
    assert turns.closed(NOW) == frozenset()
    turns.wait(job(BIG))
    assert turns.closed(NOW) == {BIG}
    (one,) = begun(turns)
    assert turns.closed(NOW) == {BIG}
    turns.end(one, LET_IN, NOW)
    assert turns.closed(NOW) == frozenset()


def test_a_held_account_rests() -> None:
    """Nothing more of it is claimed or begun while it is held, but for five seconds at most."""
    turns = Turns(4)
    for held, rest in ((timedelta(seconds=2), 2), (timedelta(hours=1), 5)):
        turns.wait(job(BIG))
        (one,) = begun(turns)
        turns.end(one, Ended(NOW + held), NOW)
        assert turns.closed(NOW + timedelta(seconds=rest - 1)) == {BIG}
        turns.wait(job(BIG))
        assert begun(turns, now=NOW + timedelta(seconds=rest - 1)) == []
        (one,) = begun(turns, now=NOW + timedelta(seconds=rest))
        turns.end(one, LET_IN, NOW)
        assert turns.closed(NOW + timedelta(seconds=rest)) == frozenset()


def test_lost_jobs_are_forgotten() -> None:
    """What another worker has by now is begun by nobody here; the rest keeps its order."""
    turns = Turns(4)
    proven(turns, BIG)
    jobs = [job(BIG) for _ in range(3)]
    for one in jobs:
        turns.wait(one)
    turns.drop(frozenset({jobs[1].message_id}))
    assert begun(turns) == [jobs[0], jobs[2]]
    turns.wait(job(SMALL))
    turns.drop(frozenset(turns.waiting))
    assert turns.waiting == []


def test_all_are_given_back_at_the_end() -> None:
    """A worker that stops hands on what it had not begun."""
    turns = Turns(4)
    jobs = [job(BIG), job(SMALL), job(BIG)]
    for one in jobs:
        turns.wait(one)
    assert set(turns.clear()) == set(jobs)
    assert begun(turns) == []
