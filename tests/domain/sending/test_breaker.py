"""The circuit breaker of outgoing hosts."""

from datetime import UTC, datetime, timedelta

from mailconfig.domain.sending.breaker import BreakerSettings, HostBreaker

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOST = "smtp.example.org"


def later(seconds: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(seconds=seconds)


def opened() -> HostBreaker:
    """A breaker that has just opened."""
    breaker = HostBreaker(BreakerSettings())
    for _ in range(5):
        assert breaker.open_until(HOST, NOW) is None
        breaker.failed(HOST, NOW)
    return breaker


def test_five_failures_in_a_row_open_it() -> None:
    """For a minute, and for that host alone."""
    breaker = opened()
    assert breaker.open_until(HOST, later(59)) == later(60)
    assert breaker.open_until("other.example.org", NOW) is None


def test_a_success_closes_it() -> None:
    """Counting begins anew."""
    breaker = opened()
    breaker.succeeded(HOST)
    assert breaker.open_until(HOST, NOW) is None
    breaker.failed(HOST, NOW)
    assert breaker.open_until(HOST, NOW) is None


def test_one_attempt_when_its_time_is_over() -> None:
    """Others wait until it is known how that one ended."""
    breaker = opened()
    assert breaker.open_until(HOST, later(60)) is None
    assert breaker.open_until(HOST, later(60)) == later(120)


def test_further_failures_open_it_for_longer_up_to_a_bound() -> None:
    """Two minutes, four, and never more than a quarter of an hour."""
    breaker = opened()
    breaker.failed(HOST, later(60))
    assert breaker.open_until(HOST, later(61)) == later(180)
    for _ in range(1000):
        breaker.failed(HOST, later(200))
    assert breaker.open_until(HOST, later(201)) == later(1100)
