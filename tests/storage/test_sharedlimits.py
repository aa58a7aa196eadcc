"""Limits in a real Redis, shared by several processes, and what happens when it is away."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis import Redis as Client

from kit.redis import Redis
from mailconfig.domain.errors import Fault, RateLimited
from mailconfig.domain.throttling import Delay, Limit
from mailconfig.storage.sharedlimits import SharedLimits

TWO = Limit("login", 2, 60)
DELAY = Delay("login", free=2, refill_seconds=100, most_seconds=100)


Opening = Callable[..., SharedLimits]


@pytest.fixture
async def open_limits() -> AsyncIterator[Opening]:
    """Open limits that are closed in the end."""
    opened: list[SharedLimits] = []

    def open_one(*given: Any) -> SharedLimits:  # noqa: ANN401 - what SharedLimits takes
        opened.append(SharedLimits(*given))
        return opened[-1]

    yield open_one
    for limits in opened:
        await limits.close()


async def test_attempts_are_shared(redis: Redis, open_limits: Opening) -> None:
    """Two processes count together; the wait is the age of the first attempt short of a minute."""
    one, other = open_limits(redis.url), open_limits(redis.url)
    await one.take(TWO, "ann")
    await other.take(TWO, "ann")
    for limits in (one, other):
        with pytest.raises(RateLimited) as refused:
            await limits.take(TWO, "ann")
        assert 50 <= refused.value.retry_after_seconds <= 60
    await one.take(TWO, "bob")


async def test_points_are_shared(redis: Redis, open_limits: Opening) -> None:
    """What one process grants, the other misses."""
    one = open_limits(redis.url)
    other = open_limits(redis.url.replace("redis://", "valkey://"))
    first = await one.spend("ann", 40, 60)
    assert (first.granted, first.remaining, first.reset_seconds) == (True, 20, 40)
    second = await other.spend("ann", 30, 60)
    assert (second.granted, second.remaining, second.retry_after_seconds) == (False, 20, 10)
    third = await other.spend("ann", 20, 60)
    assert (third.granted, third.remaining) == (True, 0)


async def test_more_points_than_a_budget_has_take_all_of_it(
    redis: Redis, open_limits: Opening
) -> None:
    """As in memory."""
    limits = open_limits(redis.url)
    assert (await limits.spend("ann", 500, 60)).granted
    assert not (await limits.spend("ann", 1, 60)).granted


async def test_without_its_store_a_process_counts_for_itself(
    redis: Redis, open_limits: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    """Limits neither vanish nor stop the service; the store is asked again a little later."""
    seconds = [1000.0]
    limits = open_limits(redis.url, lambda: seconds[0])
    await limits.take(TWO, "ann")
    redis.stop()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await limits.take(TWO, "ann")
        with pytest.raises(RateLimited):
            await limits.take(TWO, "ann")
        assert (await limits.spend("ann", 60, 60)).granted
        assert not (await limits.spend("ann", 1, 60)).granted
    said = [record.getMessage() for record in caplog.records]
    assert said == ["the store of limits is away; counting in memory"]
    redis.start()
    assert not (await limits.spend("ann", 1, 60)).granted
    seconds[0] += 5
    assert (await limits.spend("ann", 1, 60)).granted


@pytest.mark.parametrize("url", ["http://host", "redis:", "redis://", "host:6379", ""])
def test_other_addresses_are_refused(url: str) -> None:
    """With a sentence that says what it takes, and never the password in it."""
    with pytest.raises(Fault, match=r"^it takes redis://"):
        SharedLimits(url)


async def refusal(limits: SharedLimits, key: str = "ann") -> int:
    """Return how long an attempt is refused for, 0 if it is not."""
    try:
        await limits.attempt(DELAY, key)
    except RateLimited as refused:
        return refused.retry_after_seconds
    return 0


def let_pass(redis: Redis, seconds: float, key: str = "ann") -> None:
    """Make a key's moments older, as if so much time had passed."""
    with Client.from_url(redis.url) as client:
        client.hincrbyfloat(f"mailconfig:failures:login:{key}", "open_at", -seconds)


async def test_failures_are_shared_and_delays_double(redis: Redis, open_limits: Opening) -> None:
    """Whichever process an attempt meets, it waits for the failures that all of them saw."""
    one, other = open_limits(redis.url), open_limits(redis.url)
    assert [await refusal(limits) for limits in (one, other)] == [0, 0]
    for wait in (15, 30, 60, 100, 100):
        for limits in (one, other):
            assert wait - 5 <= await refusal(limits) <= wait
        let_pass(redis, wait)
        assert await refusal(one) == 0
    assert await refusal(other, "bob") == 0


async def test_shared_failures_are_forgotten(redis: Redis, open_limits: Opening) -> None:
    """By open time, by a success of the account, and one by one; no key stays for ever."""
    limits = open_limits(redis.url)
    assert [await refusal(limits) for _ in range(2)] == [0, 0]
    let_pass(redis, 15 + 200)
    assert [await refusal(limits) for _ in range(2)] == [0, 0]
    assert await refusal(limits) > 0
    await limits.forgive(DELAY, "ann")
    assert await refusal(limits) == 0
    assert await refusal(limits) > 0
    with Client.from_url(redis.url) as client:
        assert 200 <= client.ttl("mailconfig:failures:login:ann") <= 220
        await limits.forget(DELAY, "ann")
        await limits.forgive(DELAY, "ann")
        assert client.keys() == []
    assert [await refusal(limits) for _ in range(2)] == [0, 0]
    assert await refusal(limits) > 0


async def test_without_its_store_a_process_delays_by_itself(
    redis: Redis, open_limits: Opening
) -> None:
    """Neither a failure nor a success is an error of the service."""
    seconds = [1000.0]
    limits = open_limits(redis.url, lambda: seconds[0])
    redis.stop()
    assert [await refusal(limits) for _ in range(3)] == [0, 0, 15]
    await limits.forgive(DELAY, "ann")
    assert [await refusal(limits) for _ in range(2)] == [0, 15]
    await limits.forget(DELAY, "ann")
    assert await refusal(limits) == 0
    redis.start()
