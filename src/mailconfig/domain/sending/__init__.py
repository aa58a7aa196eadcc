"""What becomes of a message after an attempt, when it is tried again, and how much may be sent."""

from mailconfig.domain.sending.judging import Outcome, judged
from mailconfig.domain.sending.retries import RetryPolicy
from mailconfig.domain.sending.windows import Limit, Unit, Used, limits_of, release_at

__all__ = [
    "Limit",
    "Outcome",
    "RetryPolicy",
    "Unit",
    "Used",
    "judged",
    "limits_of",
    "release_at",
]
