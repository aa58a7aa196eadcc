"""Whether a message may go out now: the account's state, its limits, its host.

Looked at in the transaction that claims the message, under the lock of the account, so that what
several workers count together is never more than a limit. Must not: dial, or fetch tokens.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.messages import HeldFor
from mailconfig.domain.sending import Limit, limits_of, release_at
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
        released = [
            moment
            for limit in limits
            if (
                moment := release_at(
                    limit, await work.pacing.used(config.id, limit), recipients, now
                )
            )
        ]
        if released:
            return Held(HeldFor.RATE, max(released), DiagnosticCode.SEND_QUOTA)
        outgoing = config.outgoing
        host_opens = self._breaker.open_until(outgoing.settings.host, now) if outgoing else None
        if host_opens is not None:
            return Held(HeldFor.HOST, host_opens)
        await work.pacing.count(config.id, limits, recipients)
        return None

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
