"""Messages of one workspace: taken in, listed, and moved from one state to the next.

Each event is one conditional UPDATE: it names the states that `domain.messages` lets it happen in,
and within an attempt also the attempt's number. Of two that come at once exactly one wins, and
what comes late changes nothing. What workers do with a message is `storage.sending`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    func,
    insert,
    select,
    update,
)

from mailconfig.domain.configs import ConfigFilter, Visibility
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import NotFound
from mailconfig.domain.messages import (
    ENDED,
    Attempt,
    HeldFor,
    Message,
    MessageEvent,
    MessageFilter,
    MessageState,
    NewMessage,
    Recipient,
    RecipientState,
    sources,
    target,
)
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.storage.contents import ContentRepository
from mailconfig.storage.filters import config_conditions
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.messagerows import (
    Values,
    known_values,
    message_values,
    read_attempt,
    read_message,
    read_recipient,
    recipient_rows,
)
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import (
    configs,
    message_attempts,
    message_recipients,
    messages,
)
from mailconfig.storage.transaction import AnyRow, Transaction

_NEWEST_FIRST: Final = Order(messages.c.created_at, messages.c.id, OrderDirection.DESC)
_EVERYTHING: Final = ConfigFilter()
_AGAIN: Final = frozenset({MessageEvent.RETRY, MessageEvent.RETRY_AMBIGUOUS})
"""Events that need the content: without it there is nothing to send."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event and what comes with it; what is None stays as it was, but for `held_for`."""

    event: MessageEvent
    due_at: datetime | None = None
    expires_at: datetime | None = None
    held_for: HeldFor | None = None
    """Needed with HOLD, and only there."""
    code: DiagnosticCode | None = None
    reply: str | None = None
    recipients: tuple[Recipient, ...] | None = None
    """All of the message, in their order; only what is known of them is written."""

    def values(self, now: datetime) -> Values:
        """Return the columns that change; raises ValueError where `held_for` does not fit."""
        if (self.event is MessageEvent.HOLD) != (self.held_for is not None):
            raise ValueError("what holds a message is told with HOLD, and only there")
        given = {
            "due_at": self.due_at,
            "expires_at": self.expires_at,
            "code": self.code.value if self.code else None,
            "reply": self.reply,
            "sent_at": now if self.event is MessageEvent.ACCEPT else None,
        }
        state = target(self.event)
        return {
            "state": state.value,
            "held_for": self.held_for.value if self.held_for else None,
            "ended_at": now if state in ENDED else None,
            "lease_owner": None,
            "lease_until": None,
            **{name: value for name, value in given.items() if value is not None},
        }


def possible(event: MessageEvent, number: int | None) -> ColumnElement[bool]:
    """Select messages that an event can happen to.

    With the number of an attempt those that this attempt is sending, without one those that nobody
    is sending: what somebody asks for must not interfere with a transaction that is under way.
    Raises ValueError for an event that cannot happen there.
    """
    sending = {MessageState.SENDING}
    states = sources(event) - sending if number is None else sources(event) & sending
    if not states or event is MessageEvent.CLAIM:
        raise ValueError(f"{event} does not happen so")
    terms: list[ColumnElement[bool]] = [
        messages.c.state.in_(sorted(state.value for state in states))
    ]
    if number is not None:
        terms.append(messages.c.attempts == number)
    if event is MessageEvent.RELEASE:
        terms.append(messages.c.committed_at.is_(None))  # else it may have arrived
    if event in _AGAIN:
        terms.append(messages.c.has_content)
    return and_(*terms)


class MessageRepository:
    """Reads and changes messages; others' simply do not exist."""

    def __init__(self, transaction: Transaction, workspace_id: UUID, keyring: Keyring) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._contents = ContentRepository(transaction, workspace_id, keyring)

    async def add(self, new: NewMessage) -> None:
        """Store a message with its recipients and its sealed content.

        It goes into the workspace of this transaction, whatever `workspace_id` says. Raises
        ValueError unless it is QUEUED or HELD.
        """
        message = new.message
        if message.state not in {MessageState.QUEUED, MessageState.HELD}:
            raise ValueError(f"a message is not taken in as {message.state}")
        place = {"workspace_id": self._workspace_id}
        await self._transaction.insert(messages, message_values(message) | place)
        rows = recipient_rows(self._workspace_id, message.id, message.recipients)
        await self._transaction.run_many(insert(message_recipients), rows)
        await self._contents.add(message.id, new.content)

    async def get(self, id: UUID) -> Message:
        """Return one with its recipients; raises NotFound."""
        found = await self.several([id])
        if not found:
            raise NotFound
        return found[0]

    async def several(self, ids: Collection[UUID]) -> tuple[Message, ...]:
        """Return those that are there, with their recipients, in the order of their ids."""
        mine = and_(self._here(), messages.c.id.in_(tuple(ids)))
        rows = await self._transaction.all(select(messages).where(mine).order_by(messages.c.id))
        return await self._with_recipients(rows)

    async def content(self, id: UUID) -> bytes:
        """Return what follows DATA; raises NotFound where it had its time, SecretUnreadable."""
        return await self._contents.open(id)

    async def apply(self, id: UUID, change: Change, number: int | None = None) -> bool:
        """Carry an event out where it can happen; tell whether it could.

        With `number` within that attempt, without it only while nobody is sending. RETRY and
        RETRY_AMBIGUOUS need the content, RELEASE that nothing of it went out. CLAIM is
        `SendingRepository.claim`. Raises ValueError for an event that cannot happen so.
        """
        guard = and_(self._mine(id), possible(change.event, number))
        statement = update(messages).where(guard).values(change.values(self._transaction.now))
        if not await self._transaction.changed(statement):
            return False
        if change.recipients is not None:
            await self._write_recipients(id, change.recipients)
        return True

    async def _write_recipients(self, id: UUID, recipients: Sequence[Recipient]) -> None:
        columns = message_recipients.c
        rows = [
            {"at_position": position, **{f"new_{k}": v for k, v in known_values(each).items()}}
            for position, each in enumerate(recipients)
        ]
        names = [name for name in (rows[0] if rows else {}) if name.startswith("new_")]
        statement = (
            update(message_recipients)
            .where(
                columns.workspace_id == self._workspace_id,
                columns.message_id == id,
                columns.position == bindparam("at_position"),
            )
            .values({name.removeprefix("new_"): bindparam(name) for name in names})
        )
        await self._transaction.run_many(statement, rows)

    async def revive(self, id: UUID, before: Collection[RecipientState]) -> None:
        """Let recipients wait again whose state is one of `before`, in the transaction of RETRY.

        Looks at what is in the database after that event, and not at what the caller read before:
        whoever was given the message meanwhile must not get it twice.
        """
        columns = message_recipients.c
        statement = (
            update(message_recipients)
            .where(
                columns.workspace_id == self._workspace_id,
                columns.message_id == id,
                columns.state.in_([state.value for state in before]),
            )
            .values(state=RecipientState.WAITING.value)
        )
        await self._transaction.run(statement)

    async def mark_recipient(
        self, id: UUID, recipient: Recipient, before: Collection[RecipientState]
    ) -> bool:
        """Write what came to be known of one address later; tell whether anything changed.

        Only where its state is one of `before`; the address is compared in lower case. All
        places of the address in the message are meant.
        """
        columns = message_recipients.c
        statement = (
            update(message_recipients)
            .where(
                columns.workspace_id == self._workspace_id,
                columns.message_id == id,
                func.lower(columns.address) == recipient.address.lower(),
                columns.state.in_([state.value for state in before]),
            )
            .values(known_values(recipient))
        )
        return await self._transaction.changed(statement) > 0

    async def attempts(self, ids: Collection[UUID]) -> dict[UUID, tuple[Attempt, ...]]:
        """Return the attempts of messages, first one first; without any for unknown messages."""
        columns = message_attempts.c
        rows = await self._transaction.all(
            select(message_attempts)
            .where(columns.workspace_id == self._workspace_id, columns.message_id.in_(tuple(ids)))
            .order_by(columns.message_id, columns.number)
        )
        found: dict[UUID, list[Attempt]] = {id: [] for id in ids}
        for row in rows:
            found[row.message_id].append(read_attempt(row))
        return {id: tuple(attempts) for id, attempts in found.items()}

    async def find_by_header(self, message_id: str) -> UUID | None:
        """Return the newest message with this Message-ID, angle brackets included."""
        found: UUID | None = await self._transaction.scalar(
            select(messages.c.id)
            .where(self._here(), messages.c.message_id == message_id)
            .order_by(messages.c.id.desc())
            .limit(1)
        )
        return found

    async def page(
        self, filter: MessageFilter, visibility: Visibility, request: PageRequest
    ) -> Page[Message]:
        """Return messages of accounts that may be seen, newest first; raises CursorRefused."""
        rows = select(messages).where(*self._conditions(filter, visibility))
        page = await Listing(rows, _NEWEST_FIRST, lambda row: row).page(self._transaction, request)
        shown = await self._with_recipients(page.rows)
        return Page(shown, page.keys, page.has_next, page.has_previous)

    async def count(self, filter: MessageFilter, visibility: Visibility) -> int:
        """Count messages of accounts that may be seen."""
        conditions = self._conditions(filter, visibility)
        counted = select(func.count()).select_from(messages).where(*conditions)
        return int(await self._transaction.scalar(counted))

    def _conditions(
        self, filter: MessageFilter, visibility: Visibility
    ) -> list[ColumnElement[bool]]:
        columns = messages.c
        terms = [self._here()]
        if filter.config_ids:
            terms.append(columns.config_id.in_(filter.config_ids))
        if filter.states:
            terms.append(columns.state.in_([state.value for state in filter.states]))
        if filter.created_from is not None:
            terms.append(columns.created_at >= filter.created_from)
        if filter.created_before is not None:
            terms.append(columns.created_at < filter.created_before)
        if visibility != Visibility(everything=True):
            seen = config_conditions(self._workspace_id, _EVERYTHING, visibility)
            terms.append(columns.config_id.in_(select(configs.c.id).where(*seen)))
        return terms

    async def _with_recipients(self, rows: Sequence[AnyRow]) -> tuple[Message, ...]:
        """Read the recipients of all messages by one statement."""
        if not rows:
            return ()
        found = await read_recipients(self._transaction, [row.id for row in rows])
        return tuple(read_message(row, found[row.id]) for row in rows)

    def _here(self) -> ColumnElement[bool]:
        return messages.c.workspace_id == self._workspace_id

    def _mine(self, id: UUID) -> ColumnElement[bool]:
        return and_(self._here(), messages.c.id == id)


async def read_recipients(
    transaction: Transaction, message_ids: Sequence[UUID]
) -> dict[UUID, tuple[Recipient, ...]]:
    """Return the recipients of messages that the caller may read, in their order."""
    columns = message_recipients.c
    rows = await transaction.all(
        select(message_recipients)
        .where(columns.message_id.in_(message_ids))
        .order_by(columns.message_id, columns.position)
    )
    found: dict[UUID, list[Recipient]] = {id: [] for id in message_ids}
    for row in rows:
        found[row.message_id].append(read_recipient(row))
    return {id: tuple(recipients) for id, recipients in found.items()}
