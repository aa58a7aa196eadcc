"""One job of the queue: what to do with the message it names, up to one attempt to send it.

    job --> nobody has it? due? --> gate --> claim --> token --> transport --> judged --> finish
               |                      |                            | commit
               '-- nothing to do      '-- held until ...           '-- from here on it may arrive

Each arrow is a unit of work of its own; none is open while somebody else is waited for. A worker
may die at any of them: what is not committed is given back by `recover`, what is committed becomes
AMBIGUOUS. Must not: send twice, or hold a secret longer than the attempt.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.delivery import Delivery, Envelope, Sending, Transport
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import NotFound, SecretRequired, SecretUnreadable
from mailconfig.domain.messages import (
    WAITING,
    Message,
    MessageEvent,
    MessageState,
    Recipient,
    RecipientState,
)
from mailconfig.domain.outbox import Job, Queue
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.secrets import NewSecret
from mailconfig.domain.sending import Outcome, judged
from mailconfig.domain.sending.accounts import AccountHold
from mailconfig.domain.sending.breaker import HostBreaker
from mailconfig.domain.sending.judging import withheld
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.custody import FIELDS
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.sending.endings import Endings, SendingPolicy
from mailconfig.services.sending.gate import Gate, Held
from mailconfig.services.sending.turns import Ended
from mailconfig.storage.database import Database, Work
from mailconfig.storage.messages import Change

_log = logging.getLogger(__name__)

_PURPOSE: Final = FIELDS[MailProtocol.SMTP]
_CLAIM_SECONDS: Final = 20
"""Bound of a claim, which is shielded from cancellation."""
_LOOK_AGAIN_SECONDS: Final = 0.25
"""After a job whose message is somebody's for moments more than the job was."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A message whose attempt has begun, with all that it needs."""

    message: Message
    config: EmailConfig
    content: bytes = field(repr=False)
    secret: NewSecret | None = field(repr=False)
    problem: DiagnosticCode | None
    """Why there is no secret although there should be."""
    counted_at: datetime
    """When it was counted for the account's limits."""
    hold: AccountHold | None = None
    """What kept the account from sending until now, and does no more."""

    @property
    def waiting(self) -> tuple[Recipient, ...]:
        """Those who have not been given it yet."""
        everyone = self.message.recipients
        return tuple(one for one in everyone if one.state is RecipientState.WAITING)


class _Commit:
    """What a transport asks before the content goes out; keeps why it may not."""

    def __init__(self, ask: Callable[[], Awaitable[bool | Held]]) -> None:
        self._ask = ask
        self.held: Held | None = None

    async def __call__(self) -> bool:
        """Ask; see `domain.delivery.Commit`."""
        answer = await self._ask()
        if isinstance(answer, Held):
            self.held = answer
        return answer is True


class Attempts:
    """Carries jobs out, one call a job; used by many tasks at once."""

    def __init__(  # noqa: PLR0913, PLR0917 - one for each collaborator
        self,
        database: Database,
        queue: Queue[Work],
        transport: Transport,
        gate: Gate,
        breaker: HostBreaker,
        grants: GrantService,
        files: FileService,
        policy: SendingPolicy,
        now: Now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._queue = queue
        self._transport = transport
        self._gate = gate
        self._breaker = breaker
        self._grants = grants
        self._files = files
        self._policy = policy
        self._now = now
        self._endings = Endings(database, queue, breaker, policy, now, chance)
        self.committed: set[UUID] = set()
        """Messages of which the content goes out now."""

    async def carry_out(self, job: Job, owner: str) -> Ended:
        """Do what is to be done for a message now; cancelled before its commit it is given back."""
        begun: Begun | Held | None = None
        # Shielded: of a claim that was cut off nobody would know until its lease is over.
        with anyio.move_on_after(_CLAIM_SECONDS, shield=True):
            begun = await self._begun(job, owner)
        if not isinstance(begun, Begun):
            return Ended(begun.due_at if begun else None)
        try:
            outcome, let_in = await self._attempted(begun)
        except BaseException as error:
            # Whoever stops a worker wants others to go on at once; a fault is left to rest.
            await self._endings.give_back(begun.message, rest=isinstance(error, Exception))
            raise
        finally:
            self.committed.discard(job.message_id)
        await self._endings.store(begun.message, begun.config, begun.hold, outcome)
        held = outcome.hold_seconds if outcome.event is MessageEvent.HOLD else None
        until = None if held is None else self._now() + timedelta(seconds=held)
        return Ended(until, let_in)

    async def hand_on(self, jobs: Iterable[Job]) -> None:
        """Let others have jobs that were claimed and not begun."""
        for job in jobs:
            async with self._database.work(job.workspace_id) as work:
                try:
                    message = await work.messages.get(job.message_id)
                except NotFound:
                    continue
                if message.ended_at is None:
                    await self._queue.enqueue(work, job, message.due_at)

    # -- before

    async def _begun(self, job: Job, owner: str) -> Begun | Held | None:
        """Claim the message, or do what else there is to do with it."""
        async with self._database.work(job.workspace_id) as work:
            try:
                message = await work.messages.get(job.message_id)
                config = await work.configs.get(message.config_id)
            except NotFound:
                await self._queue.cancel(work, [job.message_id])
                return None
            if message.state is MessageState.SENDING:
                event = await work.sending.recover(message.id)
                message = await work.messages.get(message.id)
                if event is MessageEvent.DOUBT:
                    await self._endings.leave_in_doubt(work, job, message)
                    return None
            if message.expires_at <= self._now() and await work.sending.expire(message.id):
                await self._queue.cancel(work, [message.id])
                return None
            return await self._claimed(work, job, message, config, owner)

    async def _claimed(
        self, work: Work, job: Job, message: Message, config: EmailConfig, owner: str
    ) -> Begun | Held | None:
        now = self._now()
        if message.state not in WAITING or message.due_at > now:
            await self._put_right(work, job, message)
            return None
        pace = await work.pacing.lock(config.id)
        now = self._now()  # the lock may have taken its time
        waiting = [one for one in message.recipients if one.state is RecipientState.WAITING]
        held = await self._gate.passed(work, config, pace, len(waiting), now)
        if held is not None:
            await self._hold(work, job, held, message)
            return held
        lease = now + timedelta(seconds=self._policy.lease_seconds)
        claimed = await work.sending.claim(job.message_id, owner, lease)
        if claimed is None:
            await self._put_right(work, job, await work.messages.get(job.message_id))
            return None
        claimed = replace(claimed, recipients=await _unsuppressed(work, claimed.recipients))
        try:
            content = await work.messages.content(message.id)
            secret, problem = await _secret(work, config), None
        except SecretUnreadable:
            content, secret, problem = b"", None, DiagnosticCode.SECRET_UNREADABLE
        return Begun(claimed, config, content, secret, problem, now, pace.hold)

    async def _hold(self, work: Work, job: Job, held: Held, message: Message) -> None:
        due = min(held.due_at, message.expires_at)
        change = Change(MessageEvent.HOLD, due_at=due, held_for=held.held_for, code=held.code)
        if await work.messages.apply(message.id, change):
            await self._queue.enqueue(work, job, due)
        else:
            await self._put_right(work, job, await work.messages.get(job.message_id))

    async def _put_right(self, work: Work, job: Job, message: Message) -> None:
        """Let the job be as the row of the message says; somebody was quicker."""
        if message.ended_at is not None:
            await self._queue.cancel(work, [job.message_id])
        elif message.state is MessageState.SENDING:
            # Left alone, the job would come when our own lease on it is over.
            again = self._now() + timedelta(seconds=_LOOK_AGAIN_SECONDS)
            await self._queue.enqueue(work, job, again)
        else:
            await self._queue.enqueue(work, job, message.due_at)

    # -- the attempt

    async def _attempted(self, begun: Begun) -> tuple[Outcome, bool | None]:
        """Send, and tell whether the server took the session; None: it was not asked."""
        message, waiting = begun.message, begun.waiting
        if begun.problem is not None:
            return withheld(begun.problem, message.recipients), None
        if not waiting:
            return _nobody_left(message), None
        target = await self._target(begun)
        if isinstance(target, DiagnosticCode):
            return withheld(target, message.recipients), None
        envelope = Envelope(
            message.sender,
            tuple(one.address for one in waiting),
            begun.content,
            message.needs_utf8,
        )
        anchors = await self._files.anchors_of(message.workspace_id, begun.config.id)
        sending = Sending(begun.config.id, begun.config.revision, target, envelope, anchors)
        commit = _Commit(partial(self._commit, begun))
        delivery = await self._transport.send(sending, commit)
        self._tell_breaker(target.settings.host, delivery)
        outcome = judged(delivery, message.recipients)
        if commit.held is not None:
            outcome = self._held_late(outcome, commit.held)
        return outcome, not delivery.session_refused

    async def _target(self, begun: Begun) -> ProbeTarget | DiagnosticCode:
        """Return the server to send by, or why there is no secret for it."""
        outgoing = begun.config.outgoing
        if outgoing is None:
            return DiagnosticCode.SECRET_REQUIRED
        target = ProbeTarget(
            outgoing.settings, begun.secret, begun.message.sender, begun.config.provider_id
        )
        try:
            target = await self._grants.opened(begun.message.workspace_id, target)
        except SecretRequired:
            return DiagnosticCode.SECRET_REQUIRED
        return target.withheld or target

    async def _commit(self, begun: Begun) -> bool | Held:
        """Write down that the content goes out from now on; Held: not within the limits."""
        message = begun.message
        # Before the row says so: whoever stops this worker must not cut in between.
        self.committed.add(message.id)
        async with self._database.work(message.workspace_id) as work:
            allowed: bool | Held | None = await self._gate.counted_anew(
                work, begun.config, len(begun.waiting), begun.counted_at, self._now
            )
            if allowed is None:
                allowed = await work.sending.commit(message.id, message.attempts)
        if allowed is not True:
            self.committed.discard(message.id)
        return allowed

    def _held_late(self, outcome: Outcome, held: Held) -> Outcome:
        """Return that the window was full when the content was to go out.

        To the transport it looked as if its connection were over.
        """
        return replace(
            outcome,
            event=MessageEvent.HOLD,
            code=held.code or DiagnosticCode.SEND_QUOTA,
            phase=None,
            reply=None,
            held_for=held.held_for,
            hold_seconds=(held.due_at - self._now()).total_seconds(),
            host_failing=False,
        )

    def _tell_breaker(self, host: str, delivery: Delivery) -> None:
        if delivery.observation is None or not delivery.session_refused:
            self._breaker.succeeded(host)


async def _secret(work: Work, config: EmailConfig) -> NewSecret | None:
    outgoing = config.outgoing
    if outgoing is None or outgoing.secret_id is None:
        return None
    return await work.secrets.open(outgoing.secret_id, _PURPOSE)


async def _unsuppressed(work: Work, recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Mark those who are on the suppression list by now: it grows while mail waits."""
    waiting = [one.address for one in recipients if one.state is RecipientState.WAITING]
    listed = await work.suppressions.among(waiting)
    return tuple(
        replace(one, state=RecipientState.SUPPRESSED)
        if one.state is RecipientState.WAITING and one.address in listed
        else one
        for one in recipients
    )


def _nobody_left(message: Message) -> Outcome:
    """Everybody who waited is suppressed: nothing is dialled."""
    taken = any(one.state is RecipientState.ACCEPTED for one in message.recipients)
    event = MessageEvent.ACCEPT if taken else MessageEvent.REJECT
    code = DiagnosticCode.OK if taken else DiagnosticCode.CANCELLED
    return Outcome(event, code, message.recipients)
