"""When a message that was refused for now is tried again (RFC 5321, section 4.5.4.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Growing delays with chance in them, so that what failed together does not come back so."""

    first_seconds: float = 60
    """After the first attempt; a grey list lets mail in after one to five minutes."""
    factor: float = 3
    """How much longer each further delay is."""
    longest_seconds: float = 4 * 3600
    """No delay is longer."""
    jitter: float = 0.2
    """Part of a delay that chance may add or take."""

    def due(self, now: datetime, attempts: int, chance: float) -> datetime:
        """Return when to try again after so many attempts; `chance` is from 0 up to 1."""
        # The exponent is bounded first: 3.0 ** 700 overflows.
        steps = min(max(attempts, 1) - 1, 64)
        delay = min(self.first_seconds * self.factor**steps, self.longest_seconds)
        return now + timedelta(seconds=delay * (1 + self.jitter * (2 * chance - 1)))
