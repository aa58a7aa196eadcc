"""Limiters in memory: exact windows, growing delays, leaking buckets, and a bounded memory."""

import pytest

from mailconfig.domain.errors import RateLimited
from mailconfig.domain.throttling import Balance, Delay, Limit
from mailconfig.storage.limiter import MemoryLimiter, MemoryPoints

THREE = Limit("login", 3, 60)
DELAY = Delay("login", free=3, refill_seconds=20, most_seconds=900)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


async def test_so_many_attempts_in_any_window() -> None:
    """The fourth waits until the first is a minute old, and is not counted itself."""
    clock = Clock()
    limiter = MemoryLimiter(clock)
    for _ in range(3):
        await limiter.take(THREE, "ann")
        clock.seconds += 10
    for _ in range(2):
        with pytest.raises(RateLimited) as refused:
            await limiter.take(THREE, "ann")
        assert refused.value.retry_after_seconds == 30
    clock.seconds += 30
    await limiter.take(THREE, "ann")
    with pytest.raises(RateLimited) as refused:
        await limiter.take(THREE, "ann")
    assert refused.value.retry_after_seconds == 10


async def test_keys_and_limits_are_apart() -> None:
    """Another caller, and another limit of the same caller, have attempts of their own."""
    limiter = MemoryLimiter(Clock())
    once = Limit("login", 1, 60)
    await limiter.take(once, "ann")
    await limiter.take(once, "bob")
    await limiter.take(Limit("explain", 1, 60), "ann")
    with pytest.raises(RateLimited):
        await limiter.take(once, "ann")


async def test_who_came_longest_ago_is_forgotten_first() -> None:
    """Strangers with many addresses fill a bounded memory."""
    limiter = MemoryLimiter(Clock(), most_keys=2)
    once = Limit("login", 1, 60)
    for key in ("ann", "bob", "eve"):
        await limiter.take(once, key)
    with pytest.raises(RateLimited):
        await limiter.take(once, "bob")
    await limiter.take(once, "ann")


async def test_points_leak_evenly() -> None:
    """A full bucket of 60 points a minute is half full after half a minute."""
    clock = Clock()
    points = MemoryPoints(clock)
    assert await points.spend("ann", 60, 60) == Balance(granted=True, remaining=0, reset_seconds=60)
    assert await points.spend("ann", 1, 60) == Balance(
        granted=False, remaining=0, reset_seconds=60, retry_after_seconds=1
    )
    clock.seconds += 30
    assert await points.spend("ann", 31, 60) == Balance(
        granted=False, remaining=30, reset_seconds=30, retry_after_seconds=1
    )
    assert await points.spend("ann", 20, 60) == Balance(
        granted=True, remaining=10, reset_seconds=50
    )
    clock.seconds += 3600
    assert await points.spend("ann", 0, 60) == Balance(granted=True, remaining=60, reset_seconds=0)


async def test_refused_points_are_not_taken() -> None:
    """Whoever asks too much still has what was there."""
    points = MemoryPoints(Clock())
    await points.spend("ann", 50, 60)
    assert not (await points.spend("ann", 20, 60)).granted
    assert await points.spend("ann", 10, 60) == Balance(granted=True, remaining=0, reset_seconds=60)


async def test_more_points_than_a_budget_has_take_all_of_it() -> None:
    """An operation dearer than a minute's points runs once a minute, not never."""
    points = MemoryPoints(Clock())
    assert await points.spend("ann", 500, 60) == Balance(
        granted=True, remaining=0, reset_seconds=60
    )
    assert await points.spend("ann", 500, 60) == Balance(
        granted=False, remaining=0, reset_seconds=60, retry_after_seconds=60
    )


async def test_buckets_are_apart_and_bounded() -> None:
    """Callers have their own; of too many the one used longest ago is forgotten."""
    points = MemoryPoints(Clock(), most_keys=2)
    for caller in ("ann", "bob", "eve"):
        assert (await points.spend(caller, 60, 60)).granted
    assert not (await points.spend("bob", 1, 60)).granted
    assert (await points.spend("ann", 1, 60)).granted


async def refusal(limiter: MemoryLimiter, key: str = "ann", delay: Delay = DELAY) -> int:
    """Return how long an attempt is refused for, 0 if it is not."""
    try:
        await limiter.attempt(delay, key)
    except RateLimited as refused:
        return refused.retry_after_seconds
    return 0


async def test_delays_double_up_to_the_longest() -> None:
    """Whoever fails at each opening waits twice as long, and asking meanwhile adds nothing."""
    clock = Clock()
    limiter = MemoryLimiter(clock)
    assert [await refusal(limiter) for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(9):
        waits.append(await refusal(limiter))
        clock.seconds += waits[-1] - 0.5
        assert await refusal(limiter) == 1
        clock.seconds += 0.5
        assert await refusal(limiter) == 0
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_open_time_forgets_failures_one_by_one() -> None:
    """What is slow enough never waits; time that was waited does not count."""
    clock = Clock()
    limiter = MemoryLimiter(clock)
    for _ in range(50):
        assert await refusal(limiter) == 0
        clock.seconds += 20
    assert [await refusal(limiter) for _ in range(4)] == [0, 0, 0, 15]
    clock.seconds += 15 + 40
    assert [await refusal(limiter) for _ in range(3)] == [0, 0, 15]


async def test_what_was_no_failure_is_taken_back_alone() -> None:
    """A success of a shared address leaves its failures, and opens what it had closed itself."""
    limiter = MemoryLimiter(Clock())
    assert [await refusal(limiter) for _ in range(3)] == [0, 0, 0]
    await limiter.forgive(DELAY, "ann")
    assert [await refusal(limiter) for _ in range(2)] == [0, 15]
    await limiter.forget(DELAY, "ann")
    assert [await refusal(limiter) for _ in range(4)] == [0, 0, 0, 15]
    await limiter.forgive(DELAY, "nobody")
    await limiter.forget(DELAY, "nobody")
    assert await refusal(limiter, "nobody") == 0


async def test_failures_are_apart_and_bounded() -> None:
    """Each key and each delay has its own; of too many keys the oldest is forgotten."""
    limiter = MemoryLimiter(Clock(), most_keys=2)
    once = Delay("login", 1, 60, 900)
    assert [await refusal(limiter, key, once) for key in ("ann", "bob", "eve")] == [0, 0, 0]
    assert [await refusal(limiter, key, once) for key in ("bob", "ann")] == [15, 0]
    assert await refusal(limiter, "ann", Delay("other", 1, 60, 900)) == 0
