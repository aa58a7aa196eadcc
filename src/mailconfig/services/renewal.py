"""Refresh tokens that nobody needed for long are used in the background, so that they last.

Providers drop what is not used: Google after six months, Microsoft after 90 days. And a permission
that was taken back is found out before its user needs it.
Must not refresh access tokens just because they end: they end each hour, most mailboxes are not
asked for each hour, and whoever asks gets a fresh one at the price of one request. Refreshing all
of them would be 168 requests a week for each grant instead of one.
"""

import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import SecretUnreadable
from mailconfig.services.refreshing import Refresher, TokenWithheld
from mailconfig.storage.database import Database

_log = logging.getLogger(__name__)

_AGAIN: Final = timedelta(hours=1)
"""What is waited after a failure: days are left, and an endpoint that is down gets peace."""


@dataclass(frozen=True, slots=True)
class RenewalSettings:
    """How often refresh tokens are used."""

    days: int = 7
    """Time without use after which one is; 0: never. A tenth of what providers allow, so that
    an outage of weeks loses none."""
    per_round: int = 50
    """Most grants of a round: no provider gets a storm after an outage of ours."""
    round_seconds: float = 300
    """Time over which a full round is spread, and that passes between rounds."""


@dataclass(frozen=True, slots=True)
class GrantRenewal:
    """The loop; several processes may run it, the lease of a grant lets one of them ask."""

    database: Database
    refresher: Refresher
    settings: RenewalSettings
    now: Now

    async def run(self) -> None:
        """Go round until cancelled; where nothing is renewed, there is nothing to do.

        It begins at a moment of its own within the first round: processes that start together
        should not look together. No secret depends on that moment.
        """
        if not self.settings.days:
            return
        round_seconds = self.settings.round_seconds
        await anyio.sleep(random.uniform(0, round_seconds))  # noqa: S311  # nosec B311
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - the task's top: a bad round must not end the server
                _log.exception("renewing grants was interrupted; it goes on in the next round")
            await anyio.sleep(round_seconds)

    async def once(self) -> int:
        """Use the refresh tokens that are due, some of them; return how many were renewed."""
        before = self.now() - timedelta(days=self.settings.days)
        limit = self.settings.per_round
        async with self.database.system() as system:
            due = await system.idle_grants(before, self.now() - _AGAIN, limit)
        renewed = 0
        for number, (workspace_id, grant_id) in enumerate(due):
            if number:
                await anyio.sleep(self.settings.round_seconds / limit)
            renewed += await self._renewed(workspace_id, grant_id)
        if due:
            _log.info("grants renewed", extra={"grants_due": len(due), "grants_renewed": renewed})
        return renewed

    async def _renewed(self, workspace_id: UUID, grant_id: UUID) -> bool:
        """Use one refresh token; what is wrong with one grant holds up no other.

        The failure is written down in the grant, by the refresher and as in normal use.
        """
        before = self.now() - timedelta(days=self.settings.days)
        try:
            return await self.refresher.renew(workspace_id, grant_id, before)
        except TokenWithheld as reason:
            _log.info("a grant was not renewed: %s %s", grant_id, reason.code.value)
        except SecretUnreadable:
            _log.exception("the tokens of a grant cannot be read: %s", grant_id)
        return False
