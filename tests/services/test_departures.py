"""Who is told of the end of a session, and that nobody is remembered for longer."""

from uuid import UUID

import pytest

from mailconfig.services.departures import Departures

ONE, TWO = UUID(int=1), UUID(int=2)


def test_all_watchers_of_a_session_are_told() -> None:
    """And no others."""
    departures = Departures()
    with departures.watch(ONE) as first, departures.watch(ONE) as second:
        with departures.watch(TWO) as other:
            assert len(departures) == 3
            departures.tell(ONE)
            assert [gone.is_set() for gone in (first, second, other)] == [True, True, False]
        assert len(departures) == 2


def test_a_session_without_watchers_may_end() -> None:
    """Most do."""
    Departures().tell(ONE)


def test_whoever_stops_watching_is_forgotten() -> None:
    """Also where watching ends by an error."""
    departures = Departures()
    with pytest.raises(ValueError, match="broken"), departures.watch(ONE):
        raise ValueError("broken")
    assert len(departures) == 0
