"""Whether a message may go out now: the account's state, its limits, its host.

Looked at in the transaction that claims the message, under the lock of the account, so that what
several workers count together is never more than a limit; and again in the one that lets the
content go out, where that is later than the limits' slots tell apart. Must not: dial, or fetch
tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.messages import HeldFor
from mailconfig.domain.sending import Limit, Unit, limits_of, release_at
from mailconfig.domain.sending.accounts import AccountPace
from mailconfig.domain.sending.breaker import HostBreaker
from mailconfig.storage.database import Work


@dataclass(frozen=True, slots=True)
class Held:
    """A message that may not go out now."""

    held_for: HeldFor
    due_at: datetime
    """When to look again."""
    code: DiagnosticCode | None = None


class Gate:
    """Lets messages through, counted, or says until when they are held."""

    def __init__(self, catalogue: Catalogue, breaker: HostBreaker, recheck_seconds: float) -> None:
        self._catalogue = catalogue
        self._breaker = breaker
        self._recheck = timedelta(seconds=recheck_seconds)

    async def passed(
        self, work: Work, config: EmailConfig, pace: AccountPace, recipients: int, now: datetime
    ) -> Held | None:
        """Count one message to so many recipients; where it is held count nothing.

        `pace` is what `pacing.lock` told in the same unit of work.
        """
        held = self._stands(config, pace, now)
        if held is not None:
            return held
        limits = self.limits(config)
        released = await self._released(work, config, limits, recipients, now)
        if released is not None:
            return Held(HeldFor.RATE, released, DiagnosticCode.SEND_QUOTA)
        outgoing = config.outgoing
        host_opens = self._breaker.open_until(outgoing.settings.host, now) if outgoing else None
        if host_opens is not None:
            return Held(HeldFor.HOST, host_opens)
        await work.pacing.count(config.id, limits, recipients, now)
        return None

    async def counted_anew(
        self, work: Work, config: EmailConfig, recipients: int, since: datetime, now: Now
    ) -> Held | None:
        """Count a message that was let through at `since` as one of this moment instead.

        What goes out late would be one too many in a window that begins after `since`. Where the
        window is full now it is held, and counts no more.
        """
        limits = self.limits(config)
        if all(limit.slot(since) == limit.slot(now()) for limit in limits):
            return None
        await work.pacing.lock(config.id)
        moment = now()
        await work.pacing.uncount(config.id, limits, recipients, since)
        released = await self._released(work, config, limits, recipients, moment)
        if released is not None:
            return Held(HeldFor.RATE, released, DiagnosticCode.SEND_QUOTA)
        await work.pacing.count(config.id, limits, recipients, moment)
        return None

    async def _released(
        self,
        work: Work,
        config: EmailConfig,
        limits: Iterable[Limit],
        recipients: int,
        now: datetime,
    ) -> datetime | None:
        """Return when all limits let so many recipients through, None where they do now."""
        latest = None
        for limit in limits:
            used = await work.pacing.used(config.id, limit)
            amount = 1 if limit.unit is Unit.MESSAGES else recipients
            moment = release_at(limit, used, amount, now)
            if moment is not None and (latest is None or moment > latest):
                latest = moment
        return latest

    def limits(self, config: EmailConfig) -> tuple[Limit, ...]:
        """Return what the provider of an account is known to allow."""
        row = self._catalogue.by_id(config.provider_id) if config.provider_id else None
        return limits_of(row.limits) if row else ()

    def _stands(self, config: EmailConfig, pace: AccountPace, now: datetime) -> Held | None:
        """Return what of the account's own state is in the way."""
        later = now + self._recheck
        if pace.paused_at is not None:
            return Held(HeldFor.PAUSE, later)
        if not config.enabled or config.outgoing is None:
            return Held(HeldFor.ACCOUNT, later)
        hold = pace.hold
        if hold is not None and hold.holds(config, now):
            return Held(hold.held_for, hold.until or later, hold.code)
        return None
