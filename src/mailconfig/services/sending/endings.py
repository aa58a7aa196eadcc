"""How an attempt ends in the database: what becomes of the message, its job and its account.

Each end is one unit of work. What a worker knows is written down even when it is being stopped,
within a bound. Must not: dial, or judge what a server said.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import Fault
from mailconfig.domain.messages import HeldFor, Message, MessageEvent, Recipient, RecipientState
from mailconfig.domain.outbox import Job, Queue, job_of
from mailconfig.domain.sending import Outcome, RetryPolicy
from mailconfig.domain.sending.accounts import AccountHold
from mailconfig.domain.sending.breaker import HostBreaker
from mailconfig.services.returns import note_sent
from mailconfig.storage.database import Database, Work
from mailconfig.storage.messages import Change

_log = logging.getLogger(__name__)

_STORE_SECONDS: Final = 20
"""Bound of a write after an attempt, which is shielded from cancellation."""
_STORE_AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """When what failed is tried again."""

    retries: RetryPolicy = field(default_factory=RetryPolicy)
    lease_seconds: float = 7
    """How long a worker has a message before somebody looks after it; prolonged by heartbeats."""
    recheck_seconds: float = 300
    """How often a held account is looked at, without dialling."""
    retry_ambiguous: bool = False
    """Whether what may have arrived is sent again: rather twice than not at all."""


class Endings:
    """Writes down how attempts ended."""

    def __init__(
        self,
        database: Database,
        queue: Queue[Work],
        breaker: HostBreaker,
        policy: SendingPolicy,
        now: Now,
        chance: Callable[[], float],
    ) -> None:
        self._database = database
        self._queue = queue
        self._breaker = breaker
        self._policy = policy
        self._now = now
        self._chance = chance

    async def give_back(self, message: Message, *, rest: bool) -> None:
        """Let somebody else send it, unless it may have arrived: then nobody does by itself.

        At once, or with `rest` after a delay.
        """
        now = self._now()
        due = self._policy.retries.due(now, message.attempts, self._chance()) if rest else now
        job = job_of(message)
        with anyio.move_on_after(_STORE_SECONDS, shield=True):
            async with self._database.work(message.workspace_id) as work:
                await self._given_back(work, job, message, due)

    async def _given_back(self, work: Work, job: Job, message: Message, due: datetime) -> None:
        if await work.sending.release(message.id, message.attempts, due):
            await self._queue.enqueue(work, job, due)
            return
        doubt = Outcome(
            MessageEvent.DOUBT,
            DiagnosticCode.CANCELLED,
            tuple(_doubted(one) for one in message.recipients),
        )
        if await work.sending.finish(message.id, message.attempts, doubt):
            await self.leave_in_doubt(work, job, message)

    async def leave_in_doubt(self, work: Work, job: Job, message: Message) -> None:
        """Leave a message alone that may have arrived, unless the operator wants it sent again."""
        now = self._now()
        due = self._policy.retries.due(now, message.attempts, self._chance())
        again = Change(MessageEvent.RETRY_AMBIGUOUS, due_at=due)
        wanted = self._policy.retry_ambiguous and due < message.expires_at
        if wanted and await work.messages.apply(message.id, again):
            await work.messages.revive(message.id, {RecipientState.AMBIGUOUS})
            await self._queue.enqueue(work, job, due)
        else:
            await self._queue.cancel(work, [message.id])

    async def store(
        self, message: Message, config: EmailConfig, hold: AccountHold | None, outcome: Outcome
    ) -> None:
        """Write down how an attempt ended; while the database fails, again and again for a while.

        What is not written down would be in doubt although it is known. `hold` is what had kept
        the account from sending when the attempt began.
        """
        now = self._now()
        if outcome.host_failing and config.outgoing is not None:
            self._breaker.failed(config.outgoing.settings.host, now)
        with anyio.move_on_after(_STORE_SECONDS, shield=True):
            while True:
                try:
                    await self._finish(message, config, hold, outcome, now)
                except Fault:
                    _log.exception("the end of an attempt is not stored yet: %s", message.id)
                    await anyio.sleep(_STORE_AGAIN_SECONDS)
                else:
                    return
        _log.error("attempt %s of %s ended and is not stored", message.attempts, message.id)

    async def _finish(
        self,
        message: Message,
        config: EmailConfig,
        hold: AccountHold | None,
        outcome: Outcome,
        now: datetime,
    ) -> None:
        host = config.outgoing.settings.host if config.outgoing else None
        due = self._due(message, outcome, now)
        job = job_of(message)
        async with self._database.work(message.workspace_id) as work:
            if not await work.sending.finish(message.id, message.attempts, outcome, due, host):
                _log.warning("attempt %s of %s ended late", message.attempts, message.id)
                return
            if outcome.event is MessageEvent.DOUBT:
                await self.leave_in_doubt(work, job, message)
            elif due is None:
                await self._queue.cancel(work, [message.id])
            else:
                await self._queue.enqueue(work, job, due)
            if outcome.held_for is not None:
                await work.pacing.lock(config.id)
                await work.pacing.hold(config.id, self._account_hold(config, outcome, now))
            elif outcome.event is MessageEvent.ACCEPT and hold is not None:
                await _lift(work, config, hold)
            if outcome.event is MessageEvent.ACCEPT:
                await note_sent(work, config, message.id, now)

    def _due(self, message: Message, outcome: Outcome, now: datetime) -> datetime | None:
        """Return when it is tried next, None where it is not."""
        if outcome.event is MessageEvent.HOLD:
            seconds = outcome.hold_seconds
            due = now + timedelta(
                seconds=self._policy.recheck_seconds if seconds is None else seconds
            )
        elif outcome.event is MessageEvent.DEFER:
            due = self._policy.retries.due(now, message.attempts, self._chance())
        else:
            return None
        return min(due, message.expires_at)

    def _account_hold(self, config: EmailConfig, outcome: Outcome, now: datetime) -> AccountHold:
        seconds = outcome.hold_seconds
        until = None if seconds is None else now + timedelta(seconds=seconds)
        held_for = outcome.held_for or HeldFor.ACCOUNT
        return AccountHold(held_for, outcome.code, until, config.revision, config.last_test_id)


async def _lift(work: Work, config: EmailConfig, hold: AccountHold) -> None:
    """Forget what held an account that has just sent, unless something else holds it by now."""
    pace = await work.pacing.lock(config.id)
    if pace.hold == hold:
        await work.pacing.hold(config.id, None)


def _doubted(one: Recipient) -> Recipient:
    waits = one.state is RecipientState.WAITING
    return replace(one, state=RecipientState.AMBIGUOUS) if waits else one
