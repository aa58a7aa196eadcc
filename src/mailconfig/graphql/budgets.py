"""Budgets: what a caller may still spend, told with each answer and kept before anything runs.

Points are for whole operations and belong to a caller: whoever is signed in, or the API key that
was shown, else the address.
Fields that dial out, guess passwords or take time have budgets of their own (`FIELDS`), which
their services keep; a caller past one of those gets a RateLimitedError like any expected failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cross_web import HTTPException

from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Channel
from mailconfig.domain.throttling import Balance, Points
from mailconfig.graphql.context import Context

POINTS_CODE: Final = "RATE_LIMITED"
"""Code of an operation that the caller has no points for."""
POINTS_MESSAGE: Final = "You have spent the points of this minute."
FIELDS: Final = {
    "login": "login_attempts_per_minute",
    "refreshSession": "login_attempts_per_minute",
    "resetPassword": "login_attempts_per_minute",
    "changePassword": "login_attempts_per_minute",
    "acceptInvitation": "login_attempts_per_minute",
    "deleteAccount": "login_attempts_per_minute",
    "explain": "explains_per_minute",
    "checkDomain": "domain_checks_per_minute",
    "discover": "discoveries_per_minute",
    "testConnection": "tests_per_minute",
    "sendEmail": "messages_per_minute",
    "previewEmail": "messages_per_minute",
}
"""Setting of each field's own budget; a test spends every one of them."""


class PointsGoneError(HTTPException):
    """The caller has no points left for an operation; nothing of it was carried out.

    Over HTTP it is 429 with Retry-After (RFC 6585, section 4; RFC 9110, section 10.2.3).
    """

    def __init__(self, retry_after_seconds: int, cost: Mapping[str, int]) -> None:
        super().__init__(429, POINTS_MESSAGE)
        self.retry_after_seconds = retry_after_seconds
        """When the points for this operation are there again."""
        self.cost = cost
        """What `extensions.cost` says."""

    @property
    def extensions(self) -> dict[str, Any]:
        """Members of the error's `extensions`."""
        return {"code": POINTS_CODE, "retryAfterSeconds": self.retry_after_seconds}


@dataclass(frozen=True, slots=True)
class Budgets:
    """The points of all callers."""

    points: Points
    """Where they are counted."""
    per_minute: int = 60_000
    """Points of one caller: some hundred pages of 100 rows with three objects each."""

    async def spend(self, context: Context, points: int) -> dict[str, int]:
        """Take the points of an operation and return its `extensions.cost`.

        Raises PointsGoneError when the caller has not as many.
        """
        balance = await self.points.spend(await caller_of(context), points, self.per_minute)
        cost = self._shown(points, balance)
        if not balance.granted:
            raise PointsGoneError(balance.retry_after_seconds, cost)
        return cost

    def _shown(self, points: int, balance: Balance) -> dict[str, int]:
        return {
            "requested": points,
            "remaining": balance.remaining,
            "limit": self.per_minute,
            "resetSeconds": balance.reset_seconds,
        }


async def caller_of(context: Context) -> str:
    """Return whose budget an operation is paid from.

    Whoever sends a bad token pays from the budget of the address, and meets the error where
    a field asks who is calling.
    """
    try:
        principal = await context.caller_or_none()
    except Unauthenticated:
        principal = None
    if principal is not None and principal.channel is Channel.API_KEY:
        return f"key {principal.key_id}"
    if principal is not None:
        return f"user {principal.user_id}"
    return f"client {context.sessions.client(context.request)}"
