"""Refusals by role or scope, written to the log: who was refused what, and what they lacked.

Threat: a member, or somebody with a stolen key, who tries which operations are open to them and is
seen by nobody (OWASP ASVS 5.0, 16.3.2). A line holds ids and words of ours, never a text of the
client's.
Limit: each caller has so many lines in a minute, so that nobody fills the log by asking; the last
of them says so. Each process counts by itself, so many callers at most. Must not: decide.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import Forbidden
from mailconfig.domain.identity import Principal

_log = logging.getLogger(__name__)
_LINES: Final = 10
"""Shows what is tried; a thousand callers who never stop write 10,000 lines a minute, 2 MiB."""
_WINDOW_SECONDS: Final = 60
_MOST_CALLERS: Final = 10_000
"""About 2 MiB. Only who is signed in is one: strangers are not refused by a role."""


class Denials:
    """Writes a line for each refusal, up to so many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: OrderedDict[UUID, tuple[float, int]] = OrderedDict()
        """When the minute of a user or key began, and its lines since then; the oldest first."""

    def tell(self, principal: Principal, field: str, refusal: Forbidden) -> None:
        """Write that a caller may not run `field`, a name of the schema."""
        lines = self._counted(principal.key_id or principal.user_id)
        if lines > _LINES:
            return
        facts = {
            "operation": field,
            "user_id": str(principal.user_id),
            "workspace_id": str(principal.workspace_id),
            "key_id": str(principal.key_id) if principal.key_id else None,
            "channel": principal.channel.value,
            "role": principal.role.value,
            "needs": refusal.needs,
            "last_of_minute": lines == _LINES,
        }
        _log.warning("a caller was refused", extra=facts)

    def _counted(self, caller: UUID) -> int:
        """Return how many lines of this minute the caller would have with this one."""
        now = self._clock()
        began, lines = self._callers.get(caller, (now, 0))
        if now - began >= _WINDOW_SECONDS:
            began, lines = now, 0
            self._callers.pop(caller, None)
        self._callers[caller] = (began, lines + 1)
        if len(self._callers) > _MOST_CALLERS:
            self._callers.popitem(last=False)
        return lines + 1
