"""Sending limits: no window, wherever it begins, holds more than the limit."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconfig.domain.sending import Limit, Unit, Used, limits_of, release_at

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
MINUTE = Limit(Unit.MESSAGES, 30, 60)


def test_limits_of_a_catalogue_row() -> None:
    """What says how much may be sent in a time is a limit; sizes, connections, notes are none."""
    given_limits: dict[str, int | str] = {
        "messages_per_minute": 30,
        "recipients_per_day": 10_000,
        "concurrent_smtp_connections": 3,
        "message_mb": 35,
        "note": "not published",
    }
    assert limits_of(given_limits) == (
        Limit(Unit.MESSAGES, 30, 60),
        Limit(Unit.RECIPIENTS, 10_000, 86_400),
    )
    assert limits_of(None) == ()


def test_released_when_enough_has_left_the_window() -> None:
    """29 in the window: one more goes at once, two wait until the oldest slot is out."""
    now_slot = MINUTE.slot(NOW)
    used = [Used(now_slot - 40, 4), Used(now_slot - 10, 25)]
    assert release_at(MINUTE, used, 1, NOW) is None
    assert release_at(MINUTE, used, 2, NOW) == NOW + timedelta(seconds=21)
    assert release_at(MINUTE, used, 6, NOW) == NOW + timedelta(seconds=51)


def test_old_slots_do_not_count() -> None:
    """What is out of the window is no reason to wait."""
    used = [Used(MINUTE.slot(NOW) - 61, 30)]
    assert release_at(MINUTE, used, 30, NOW) is None


@pytest.mark.parametrize("used", [[], [Used(MINUTE.slot(NOW), 1)]])
def test_more_than_the_limit_at_once(used: list[Used]) -> None:
    """It goes when the window is empty, since it could never go otherwise."""
    released = release_at(MINUTE, used, 500, NOW)
    assert released == (NOW + timedelta(seconds=61) if used else None)


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 4)), max_size=120),
    st.integers(4, 12),
    st.sampled_from([60, 120, 3600]),
)
def test_never_more_in_any_window(tries: list[tuple[int, int]], most: int, window: int) -> None:
    """Whoever sends as soon as it is allowed never has more in a window than the limit."""
    limit = Limit(Unit.RECIPIENTS, most, window)
    counted: Counter[int] = Counter()
    sent: list[tuple[datetime, int]] = []
    clock = NOW
    for milliseconds, amount in tries:
        clock += timedelta(milliseconds=milliseconds)
        release = release_at(limit, [Used(*one) for one in counted.items()], amount, clock)
        if release is not None:
            assert release > clock
            before = release - timedelta(microseconds=1)
            assert release_at(limit, [Used(*one) for one in counted.items()], amount, before)
            clock = release
            assert not release_at(limit, [Used(*one) for one in counted.items()], amount, clock)
        counted[limit.slot(clock)] += amount
        sent.append((clock, amount))
    for end, _ in sent:
        begin = end - timedelta(seconds=window)
        assert sum(amount for at, amount in sent if begin < at <= end) <= most
