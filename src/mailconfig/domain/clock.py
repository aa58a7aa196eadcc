"""Time as a value that is handed in, so that a test can decide what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""Returns the current moment, always with a time zone."""


def utc_now() -> datetime:
    """Return the current moment in UTC."""
    return datetime.now(UTC)
