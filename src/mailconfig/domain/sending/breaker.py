"""The circuit breaker of outgoing hosts: a host that fails for everybody is left alone for a while.

    closed --failures in a row--> open --its time is over--> half open: one attempt
      ^                            ^                           |
      '------------- success ------'-------- failure ----------'

Counted in one process, by what happened before any message was looked at. Must not: know accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_MOST_HOSTS: Final = 10_000
"""Hosts that are known to fail; beyond it those that failed longest ago are forgotten."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a host is left alone, and for how long."""

    failures: int = 5
    """So many in a row open it."""
    first_seconds: float = 60
    longest_seconds: float = 900


@dataclass(slots=True)
class _Host:
    failures: int = 0
    open_until: datetime | None = None


class HostBreaker:
    """What is known of the hosts that fail."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._hosts: dict[str, _Host] = {}

    def open_until(self, host: str, now: datetime) -> datetime | None:
        """Return until when a host is left alone, None where it may be tried.

        Whoever is let through when the time is over is the one attempt: others wait as long again.
        """
        known = self._hosts.get(host)
        if known is None or known.open_until is None:
            return None
        if now < known.open_until:
            return known.open_until
        known.open_until = now + timedelta(seconds=self._settings.first_seconds)
        return None

    def succeeded(self, host: str) -> None:
        """Close it."""
        self._hosts.pop(host, None)

    def failed(self, host: str, now: datetime) -> None:
        """Count a failure that no message had a part in."""
        known = self._hosts.pop(host, None) or _Host()
        self._hosts[host] = known  # the latest one last
        known.failures += 1
        over = known.failures - self._settings.failures
        if over >= 0:
            # The exponent is bounded first: it grows for as long as the host fails.
            seconds = self._settings.first_seconds * 2 ** min(over, 32)
            pause = timedelta(seconds=min(seconds, self._settings.longest_seconds))
            known.open_until = now + pause
        while len(self._hosts) > _MOST_HOSTS:
            self._hosts.pop(next(iter(self._hosts)))
