"""What workers do with messages: claim, commit, finish, and what becomes of those left behind.

    claim --> attempt n --> commit --> finish
                |             |
                '-- recover: RELEASE    '-- recover: AMBIGUOUS

Each step is one conditional UPDATE that names the attempt. A worker that lost its message, because
its lease ran out and another one looked after it, changes nothing any more: before the commit it is
told so and sends nothing, after it the message is AMBIGUOUS already.

Must not: send, wait, or decide what a server's words mean.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    or_,
    select,
    update,
)

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.messages import (
    WAITING,
    Message,
    MessageEvent,
    MessageState,
    RecipientState,
    target,
)
from mailconfig.domain.outbox import Job
from mailconfig.domain.sending import Outcome
from mailconfig.storage.messagerows import read_message
from mailconfig.storage.messages import Change, MessageRepository, read_recipients
from mailconfig.storage.tables import (
    message_attempts,
    message_contents,
    message_recipients,
    messages,
)
from mailconfig.storage.transaction import Transaction

_MESSAGES: Final = messages.c
_ATTEMPTS: Final = message_attempts.c
_WAITING: Final = sorted(state.value for state in WAITING)


class SendingRepository:
    """Attempts at the messages of one workspace."""

    def __init__(
        self, transaction: Transaction, workspace_id: UUID, messages: MessageRepository
    ) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._messages = messages

    async def claim(self, id: UUID, owner: str, lease_until: datetime) -> Message | None:
        """Begin an attempt at a message that is due; None where there is nothing to do now.

        Its number is `attempts` of the message. One whose time is over is not claimed:
        `expire` ends it.
        """
        now = self._transaction.now
        row = await self._transaction.first(
            update(messages)
            .where(
                self._mine(id),
                _MESSAGES.state.in_(_WAITING),
                _MESSAGES.due_at <= now,
                _MESSAGES.expires_at > now,
            )
            .values(
                state=target(MessageEvent.CLAIM).value,
                attempts=_MESSAGES.attempts + 1,
                held_for=None,
                committed_at=None,
                lease_owner=owner,
                lease_until=lease_until,
            )
            .returning(messages)
        )
        if row is None:
            return None
        await self._transaction.insert(message_attempts, self._begun(id, row.attempts))
        recipients = await read_recipients(self._transaction, [id])
        return read_message(row, recipients[id])

    def _begun(self, id: UUID, number: int) -> dict[str, object]:
        ending = ("ended_at", "event", "phase", "code", "reply", "host")
        return {
            "message_id": id,
            "number": number,
            "workspace_id": self._workspace_id,
            "started_at": self._transaction.now,
            **dict.fromkeys(ending),
        }

    async def commit(self, id: UUID, number: int) -> bool:
        """Write down that the content goes out from now on; False: it must not.

        False where the attempt is not the current one, has committed before, or its lease is over:
        then somebody may be about to take the message.
        """
        now = self._transaction.now
        open_attempt = and_(
            self._attempt(id, number),
            _MESSAGES.committed_at.is_(None),
            _MESSAGES.lease_until > now,
        )
        statement = update(messages).where(open_attempt).values(committed_at=now)
        return await self._transaction.changed(statement) > 0

    async def finish(
        self,
        id: UUID,
        number: int,
        outcome: Outcome,
        due_at: datetime | None = None,
        host: str | None = None,
    ) -> bool:
        """Store how an attempt ended; False, and nothing is, where it is not the current one.

        `due_at` says when a message that is deferred or held is tried next; its job is the
        caller's, in the same transaction.
        """
        change = Change(
            outcome.event,
            due_at=due_at,
            held_for=outcome.held_for,
            code=outcome.code,
            reply=outcome.reply,
            recipients=outcome.recipients,
        )
        if not await self._messages.apply(id, change, number):
            return False
        phase = outcome.phase.value if outcome.phase else None
        said = {"phase": phase, "code": outcome.code.value, "reply": outcome.reply, "host": host}
        await self._end_attempt(id, number, outcome.event, said)
        return True

    async def release(self, id: UUID, number: int, due_at: datetime | None = None) -> bool:
        """Give a message back of which nothing went out; False where that is not so.

        It is due at once unless a time is given, and its job has to be so too.
        """
        if not await self._messages.apply(id, Change(MessageEvent.RELEASE, due_at=due_at), number):
            return False
        await self._end_attempt(id, number, MessageEvent.RELEASE, {})
        return True

    async def expire(self, id: UUID, code: DiagnosticCode | None = None) -> bool:
        """Give up a message that waits and whose time is over; tell whether it was such a one."""
        over = _MESSAGES.expires_at <= self._transaction.now
        found = await self._transaction.first(select(_MESSAGES.id).where(self._mine(id), over))
        return found is not None and await self._messages.apply(
            id, Change(MessageEvent.EXPIRE, code=code)
        )

    async def recover(self, id: UUID) -> MessageEvent | None:
        """Look after a message whose worker died: RELEASE, DOUBT, or None where none did.

        What was committed is AMBIGUOUS, with all who waited: it may have arrived. All else waits
        again, and is due.
        """
        now = self._transaction.now
        left = _MESSAGES.committed_at.is_(None)
        row = await self._transaction.first(
            update(messages)
            .where(
                self._mine(id),
                _MESSAGES.state == MessageState.SENDING.value,
                _MESSAGES.lease_until <= now,
            )
            .values(
                state=case(
                    (left, target(MessageEvent.RELEASE).value),
                    else_=target(MessageEvent.DOUBT).value,
                ),
                ended_at=case((left, None), else_=now),
                lease_owner=None,
                lease_until=None,
            )
            .returning(_MESSAGES.state, _MESSAGES.attempts)
        )
        if row is None:
            return None
        event = MessageEvent.DOUBT
        if row.state == target(MessageEvent.RELEASE).value:
            event = MessageEvent.RELEASE
        await self._end_attempt(id, row.attempts, event, {})
        if event is MessageEvent.DOUBT:
            await self._doubt_recipients(id)
        return event

    async def _doubt_recipients(self, id: UUID) -> None:
        columns = message_recipients.c
        waiting = and_(
            columns.workspace_id == self._workspace_id,
            columns.message_id == id,
            columns.state == RecipientState.WAITING.value,
        )
        values = {"state": RecipientState.AMBIGUOUS.value}
        await self._transaction.run(update(message_recipients).where(waiting).values(values))

    async def _end_attempt(
        self, id: UUID, number: int, event: MessageEvent, said: dict[str, str | None]
    ) -> None:
        one = and_(
            _ATTEMPTS.workspace_id == self._workspace_id,
            _ATTEMPTS.message_id == id,
            _ATTEMPTS.number == number,
        )
        values = {"ended_at": self._transaction.now, "event": event.value, **said}
        await self._transaction.run(update(message_attempts).where(one).values(values))

    def _mine(self, id: UUID) -> ColumnElement[bool]:
        return and_(_MESSAGES.workspace_id == self._workspace_id, _MESSAGES.id == id)

    def _attempt(self, id: UUID, number: int) -> ColumnElement[bool]:
        sending = _MESSAGES.state == MessageState.SENDING.value
        return and_(self._mine(id), sending, _MESSAGES.attempts == number)


class MessageUpkeep:
    """Messages of all workspaces: leases, those that no job leads to, what has had its time."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def prolong(self, owner: str, ids: Collection[UUID], until: datetime) -> frozenset[UUID]:
        """Prolong the leases on messages; return those that are still this owner's.

        Also ones that are over, as long as nobody has looked after the message (`recover`).
        """
        rows = await self._transaction.all(
            update(messages)
            .where(_MESSAGES.id.in_(tuple(ids)), _MESSAGES.lease_owner == owner)
            .values(lease_until=until)
            .returning(_MESSAGES.id)
        )
        return frozenset(row.id for row in rows)

    async def stranded(self, before: datetime, limit: int) -> list[tuple[Job, datetime]]:
        """Return jobs for messages that were due before a moment and that nobody has.

        With a working queue there are none. After a restored backup, or another queue, they are
        to be put in again, which is harmless for those that have a job. Oldest first.
        """
        nobody = or_(_MESSAGES.lease_until.is_(None), _MESSAGES.lease_until < before)
        rows = await self._transaction.all(
            select(_MESSAGES.id, _MESSAGES.workspace_id, _MESSAGES.config_id, _MESSAGES.due_at)
            .where(_MESSAGES.ended_at.is_(None), _MESSAGES.due_at < before, nobody)
            .order_by(_MESSAGES.due_at)
            .limit(limit)
        )
        return [(Job(row.id, row.workspace_id, row.config_id), row.due_at) for row in rows]

    async def expire_contents(self, before: datetime, limit: int) -> int:
        """Forget the content of some messages that ended before a moment; return how many.

        They cannot be sent again then; the row with its recipients and attempts stays.
        """
        kept = and_(_MESSAGES.has_content, _MESSAGES.ended_at < before)
        rows = await self._transaction.all(
            update(messages)
            # Asked again by the UPDATE itself: somebody may be having one sent again.
            .where(_MESSAGES.id.in_(_some(kept, limit)), kept)
            .values(has_content=False)
            .returning(_MESSAGES.id)
        )
        ids = [row.id for row in rows]
        gone = delete(message_contents).where(message_contents.c.message_id.in_(ids))
        await self._transaction.run(gone)
        return len(ids)

    async def expire_messages(self, before: datetime, limit: int) -> int:
        """Forget some messages that ended before a moment, wholly; return how many."""
        ended = _MESSAGES.ended_at < before
        gone = delete(messages).where(_MESSAGES.id.in_(_some(ended, limit)), ended)
        return await self._transaction.changed(gone)


def _some(condition: ColumnElement[bool], limit: int) -> Select[tuple[UUID]]:
    """Select those that ended first."""
    return select(_MESSAGES.id).where(condition).order_by(_MESSAGES.ended_at).limit(limit)
