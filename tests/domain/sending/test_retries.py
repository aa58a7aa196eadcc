"""When a message is tried again."""

from datetime import UTC, datetime

import pytest

from mailconfig.domain.sending import RetryPolicy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 60), (1, 60), (2, 180), (3, 540), (4, 1620), (5, 4860), (6, 14_400), (5000, 14_400)],
)
def test_delays_grow_up_to_a_bound(attempts: int, seconds: float) -> None:
    """Each delay is three times the one before, four hours at most."""
    assert (RetryPolicy().due(NOW, attempts, 0.5) - NOW).total_seconds() == seconds


def test_chance_spreads_them() -> None:
    """A fifth less to a fifth more."""
    policy = RetryPolicy()
    assert (policy.due(NOW, 1, 0.0) - NOW).total_seconds() == pytest.approx(48)
    assert (policy.due(NOW, 1, 1.0) - NOW).total_seconds() == pytest.approx(72)
