"""What people do about messages that are taken in: cancel, try again, and pause an account.

Each change is one conditional event of the message, in one unit of work with its job and with its
event of the trail. What cannot happen in the state that a message is in is refused with that state.
Many at once are done in portions, so that other writers do not wait for long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import (
    EmailConfig,
    Visibility,
    may_change,
    may_read,
    may_use,
)
from mailconfig.domain.errors import Forbidden, NotFound
from mailconfig.domain.identity import Principal
from mailconfig.domain.mailing import MessageSettings, MessageStateConflict
from mailconfig.domain.messages import (
    HeldFor,
    Message,
    MessageEvent,
    MessageFilter,
    MessageState,
    RecipientState,
    sources,
)
from mailconfig.domain.outbox import Queue, job_of
from mailconfig.domain.pages import Keyset, PageRequest
from mailconfig.domain.phrases import N_
from mailconfig.services.finding import named_by
from mailconfig.services.messages import readable, require_sender
from mailconfig.storage.database import Database, Work
from mailconfig.storage.messages import Change

RETRIES_MAX: Final = 1000
"""Messages that one call of `retry_many` tries again; callers with more call again."""
_LOOKED_AT_MAX: Final = 10_000
"""Messages that one call looks at: those without content and those of other holds count as well."""
_PORTION: Final = 100
"""Messages of one unit of work, some four statements each: about 50 ms on SQLite."""
_AGAIN: Final = frozenset(sources(MessageEvent.RETRY))
_REVIVED: Final = {
    # State of the message -> of recipients that wait again once somebody has it tried again.
    MessageState.FAILED: frozenset({RecipientState.REFUSED, RecipientState.SUPPRESSED}),
    MessageState.AMBIGUOUS: frozenset({RecipientState.AMBIGUOUS}),
}


@dataclass(frozen=True, slots=True)
class SendingPause:
    """Whether an account sends."""

    config: EmailConfig
    paused_at: datetime | None
    """None: it sends."""


class MessageChanges:
    """Changes messages, for a principal."""

    def __init__(
        self, database: Database, queue: Queue[Work], settings: MessageSettings, now: Now
    ) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings
        self._now = now

    async def cancel(self, principal: Principal, message_id: UUID) -> Message:
        """Stop a message that waits.

        Raises NotFound, Forbidden, or MessageStateConflict where it is sent, being sent or over.
        """
        async with self._database.work(principal.workspace_id) as work:
            message = await self._changeable(work, principal, message_id)
            if not await work.messages.apply(message_id, Change(MessageEvent.CANCEL)):
                raise await _conflict(work, message)
            await self._queue.cancel(work, [message_id])
            await _tell(work, principal, "message.cancel", message)
            return await work.messages.get(message_id)

    async def retry(self, principal: Principal, message_id: UUID) -> Message:
        """Have a message tried now that is held, deferred, failed or cancelled; raises as above."""
        return await self._again(principal, message_id, MessageEvent.RETRY, "message.retry")

    async def retry_ambiguous(self, principal: Principal, message_id: UUID) -> Message:
        """Have a message sent again that the server may have; raises as above."""
        event = MessageEvent.RETRY_AMBIGUOUS
        return await self._again(principal, message_id, event, "message.retry_ambiguous")

    async def retry_many(self, principal: Principal, which: MessageFilter | Sequence[UUID]) -> int:
        """Have messages tried now, the newest first; return how many, at most RETRIES_MAX.

        Those that cannot be tried again, or that the caller may not send, are left out.
        """
        require_sender(principal)
        if not isinstance(which, MessageFilter):
            return await self._retry_named(principal, which)
        states = _AGAIN.intersection(which.states) if which.states else _AGAIN
        if not states:
            return 0
        return await self._retry_found(
            principal, replace(which, states=tuple(sorted(states))), lambda _: True
        )

    async def pause_account(self, principal: Principal, config_id: UUID) -> SendingPause:
        """Let an account send nothing until `resume_account`; what is being sent goes on.

        Raises NotFound, or Forbidden for who may not change the account.
        """
        now = self._now()
        async with self._database.work(principal.workspace_id) as work:
            config = await _steerable(work, principal, config_id)
            pace = await work.pacing.lock(config_id)
            if pace.paused_at is not None:
                return SendingPause(config, pace.paused_at)
            await work.pacing.pause(config_id, now)
            await _tell_account(work, principal, "sending.pause", config_id)
        return SendingPause(config, now)

    async def resume_account(self, principal: Principal, config_id: UUID) -> SendingPause:
        """Let an account send again, at once what was held for the pause; raises as above.

        Where that is more than RETRIES_MAX, workers find the rest when they look next.
        """
        async with self._database.work(principal.workspace_id) as work:
            config = await _steerable(work, principal, config_id)
            pace = await work.pacing.lock(config_id)
            if pace.paused_at is not None:
                await work.pacing.pause(config_id, None)
                await _tell_account(work, principal, "sending.resume", config_id)
        held = MessageFilter(config_ids=(config_id,), states=(MessageState.HELD,))
        await self._retry_found(
            principal, held, lambda message: message.held_for is HeldFor.PAUSE, told=False
        )
        return SendingPause(config, None)

    async def _again(
        self, principal: Principal, message_id: UUID, event: MessageEvent, action: str
    ) -> Message:
        async with self._database.work(principal.workspace_id) as work:
            message = await self._changeable(work, principal, message_id)
            if not await self._revived(work, message, event):
                raise await _conflict(work, message)
            await _tell(work, principal, action, message)
            return await work.messages.get(message_id)

    async def _revived(self, work: Work, message: Message, event: MessageEvent) -> bool:
        """Let a message be due now, with its whole time before it where that was over."""
        now = self._now()
        ended = message.ended_at is not None or message.expires_at <= now
        fresh = now + timedelta(seconds=self._settings.expiry_seconds)
        change = Change(event, due_at=now, expires_at=fresh if ended else None)
        if not await work.messages.apply(message.id, change):
            return False
        # After the event, which keeps workers away: nobody who has it by now waits for it again.
        if message.state in _REVIVED:
            await work.messages.revive(message.id, _REVIVED[message.state])
        await self._queue.enqueue(work, job_of(message), now)
        return True

    async def _retry_named(self, principal: Principal, message_ids: Sequence[UUID]) -> int:
        ids = list(dict.fromkeys(message_ids))[:RETRIES_MAX]
        retried = 0
        for start in range(0, len(ids), _PORTION):
            async with self._database.work(principal.workspace_id) as work:
                found = await work.messages.several(ids[start : start + _PORTION])
                allowed = await _sent_by(work, principal, found)
                retried += await self._retry_all(work, principal, allowed)
        return retried

    async def _retry_found(
        self,
        principal: Principal,
        filter: MessageFilter,
        chosen: Callable[[Message], bool],
        *,
        told: bool = True,
    ) -> int:
        """Try what a filter finds, in portions that go on where the last one ended."""
        mine = Visibility(everything=False, owner_id=principal.user_id)
        retried, seen, after = 0, 0, None
        while retried < RETRIES_MAX and seen < _LOOKED_AT_MAX:
            async with self._database.work(principal.workspace_id) as work:
                request = PageRequest(min(_PORTION, RETRIES_MAX - retried), after=after)
                page = await work.messages.page(filter, mine, request)
                seen += len(page.rows)
                found = [message for message in page.rows if chosen(message)]
                retried += await self._retry_all(work, principal, found, told=told)
            after = _last(page.keys)
            if not page.has_next:
                break
        return retried

    async def _retry_all(
        self, work: Work, principal: Principal, found: Sequence[Message], *, told: bool = True
    ) -> int:
        retried = 0
        # By id, so that two calls at once never wait for each other in a circle.
        for message in sorted(found, key=lambda message: message.id):
            if message.state in _AGAIN and await self._revived(work, message, MessageEvent.RETRY):
                retried += 1
        if retried and told:
            details = {"messages": retried}
            place = principal.workspace_id
            await work.audit.append(
                principal.user_id, "message.retry_many", "workspace", place, details
            )
        return retried

    async def _changeable(self, work: Work, principal: Principal, message_id: UUID) -> Message:
        """Return a message that the caller may send; raises NotFound or Forbidden."""
        require_sender(principal)
        message = await readable(work, principal, message_id)
        config = await work.configs.get(message.config_id)
        if not may_use(principal, config.owner_id, config):
            raise Forbidden
        return message


def _last(keys: Sequence[Keyset]) -> Keyset | None:
    return keys[-1] if keys else None


async def _conflict(work: Work, message: Message) -> MessageStateConflict:
    """Return why an event could not happen: by now the message may be in another state."""
    now = await work.messages.get(message.id)
    if not now.has_content:
        gone = N_("The content of this message was removed, so it cannot be sent again.")
        return MessageStateConflict(now.state, gone)
    return MessageStateConflict(now.state)


async def _sent_by(work: Work, principal: Principal, found: Sequence[Message]) -> list[Message]:
    """Return the messages whose accounts the caller may send by."""
    usable: set[UUID] = set()
    for config_id in {message.config_id for message in found}:
        config = await work.configs.get(config_id)
        if may_use(principal, config.owner_id, config):
            usable.add(config_id)
    return [message for message in found if message.config_id in usable]


async def _steerable(work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
    """Return an account whose sending the caller may stop: one that they may change."""
    require_sender(principal)
    with named_by("configId"):
        config = await work.configs.get(config_id)
        if not may_read(principal, config.owner_id, config):
            raise NotFound
    if not may_change(principal, config.owner_id, config):
        raise Forbidden
    return config


async def _tell(work: Work, principal: Principal, action: str, message: Message) -> None:
    details = {"config": str(message.config_id), "before": message.state.value}
    await work.audit.append(principal.user_id, action, "message", message.id, details)


async def _tell_account(work: Work, principal: Principal, action: str, config_id: UUID) -> None:
    await work.audit.append(principal.user_id, action, "config", config_id, {})
