"""Mailboxes of accounts that send: what was chosen, who visits them when, which copies are open.

    note_sent --> due --> claim (lease) --> visit --> end_visit --> due later, or not at all

A mailbox is visited by one worker at a time; whoever lost the lease ends nothing any more. Copies
have rows of their own, so that none is forgotten, whatever happens to a visit.

Must not: open mailboxes, or decide when one is due.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, literal, or_, select, true, update

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.postbox import Bookmark
from mailconfig.domain.sentmail import CopyState, PostboxState, SendingOptions, Visit
from mailconfig.storage.tables import configs, postboxes, sending_options, sent_copies
from mailconfig.storage.tables.row import Moment
from mailconfig.storage.transaction import AnyRow, Transaction

_BOXES = postboxes.c
_COPIES = sent_copies.c


class PostboxRepository:
    """Mailboxes and copies of one workspace; others' simply do not exist."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    # -- what was chosen

    async def options(self, config_ids: Collection[UUID]) -> dict[UUID, SendingOptions]:
        """Return what was chosen for accounts; the defaults for those without a choice."""
        columns = sending_options.c
        rows = await self._transaction.all(
            select(sending_options).where(
                columns.workspace_id == self._workspace_id,
                columns.config_id.in_(tuple(config_ids)),
            )
        )
        found = {row.config_id: SendingOptions(row.save_to_sent, row.read_bounces) for row in rows}
        return {id: found.get(id, SendingOptions()) for id in config_ids}

    async def choose(self, config_id: UUID, options: SendingOptions) -> None:
        """Store a choice; what failed before is tried again at once.

        For an account of another workspace nothing is stored; raises Fault where it has no choice.
        """
        chosen = {"save_to_sent": options.save_to_sent, "read_bounces": options.read_bounces}
        row = {"config_id": config_id, "workspace_id": self._workspace_id, **chosen}
        statement = self._transaction.upsert(sending_options).values(row)
        here = sending_options.c.workspace_id == self._workspace_id
        await self._transaction.run(
            statement.on_conflict_do_update(index_elements=["config_id"], set_=chosen, where=here)
        )
        again = {"due_at": self._transaction.now, "failures": 0}
        await self._transaction.run(update(postboxes).where(self._box(config_id)).values(again))

    # -- what was sent

    async def note_sent(
        self, config_id: UUID, message_id: UUID, due_at: datetime, *, save: bool, read: bool
    ) -> None:
        """Write down that an account sent a message: with `save` its copy is to be saved.

        With `save` the mailbox is due at a time, if not earlier; with `read` only where it is not
        due at all. Where visits fail it stays due when it was. Raises Fault for what is another
        workspace's.
        """
        if save:
            await self._open_copy(config_id, message_id)
        if not save and not read:
            return
        now = self._transaction.now
        row = {
            "config_id": config_id,
            "workspace_id": self._workspace_id,
            "sent_at": now,
            "due_at": due_at,
            "failures": 0,
        }
        sooner = and_(_BOXES.failures == 0, _BOXES.due_at > due_at, true() if save else false())
        wanted = case(
            (or_(_BOXES.due_at.is_(None), sooner), literal(due_at, Moment)), else_=_BOXES.due_at
        )
        statement = self._transaction.upsert(postboxes).values(row)
        await self._transaction.run(
            statement.on_conflict_do_update(
                index_elements=["config_id"],
                set_={"sent_at": now, "due_at": wanted},
                where=_BOXES.workspace_id == self._workspace_id,
            )
        )

    async def _open_copy(self, config_id: UUID, message_id: UUID) -> None:
        row = {
            "message_id": message_id,
            "workspace_id": self._workspace_id,
            "config_id": config_id,
            "created_at": self._transaction.now,
        }
        statement = self._transaction.upsert(sent_copies).values(row)
        # A message that was sent again has its copy, or gets it.
        await self._transaction.run(statement.on_conflict_do_nothing(index_elements=["message_id"]))

    async def open_copies(self, config_id: UUID, limit: int) -> Sequence[UUID]:
        """Return messages of an account whose copies are to be saved, oldest first."""
        rows = await self._transaction.all(
            select(_COPIES.message_id)
            .where(self._copies(), _COPIES.config_id == config_id, _COPIES.ended_at.is_(None))
            .order_by(_COPIES.message_id)
            .limit(limit)
        )
        return [row.message_id for row in rows]

    async def end_copy(self, message_id: UUID, *, saved: bool, reply: str | None = None) -> bool:
        """Write down that a copy is saved, or given up; False where it was ended before."""
        now = self._transaction.now
        is_open = and_(self._copies(), _COPIES.message_id == message_id, _COPIES.ended_at.is_(None))
        values = {"ended_at": now, "saved_at": now if saved else None, "reply": reply}
        statement = update(sent_copies).where(is_open).values(values)
        return await self._transaction.changed(statement) > 0

    async def give_up_copies(self, config_id: UUID, before: datetime) -> int:
        """Give up copies of messages that were sent before a moment; return how many."""
        old = and_(
            self._copies(),
            _COPIES.config_id == config_id,
            _COPIES.ended_at.is_(None),
            _COPIES.created_at < before,
        )
        statement = update(sent_copies).where(old).values(ended_at=self._transaction.now)
        return await self._transaction.changed(statement)

    async def copies(self, message_ids: Collection[UUID]) -> dict[UUID, CopyState]:
        """Return what became of the copies of messages; those without one are left out."""
        rows = await self._transaction.all(
            select(sent_copies).where(self._copies(), _COPIES.message_id.in_(tuple(message_ids)))
        )
        return {row.message_id: CopyState(row.saved_at, row.ended_at, row.reply) for row in rows}

    # -- visits

    async def state(self, config_id: UUID) -> PostboxState | None:
        """Return what is kept about an account's mailbox; None where nothing is."""
        row = await self._transaction.first(select(postboxes).where(self._box(config_id)))
        return None if row is None else _state(row)

    async def end_visit(
        self,
        config_id: UUID,
        owner: str,
        state: PostboxState,
        due_at: datetime | None,
        soon_at: datetime,
    ) -> bool:
        """Store how a visit ended, and give the lease back; False where it is not the owner's.

        Where the account sent meanwhile the mailbox is due at `soon_at`, unless the visit failed.
        """
        meanwhile = _BOXES.sent_at > state.sent_at if not state.failures else false()
        bookmark = state.bookmark
        statement = (
            update(postboxes)
            .where(self._box(config_id), _BOXES.owner == owner)
            .values(
                due_at=case((meanwhile, literal(soon_at, Moment)), else_=literal(due_at, Moment)),
                visited_at=state.visited_at,
                looked_at=state.looked_at,
                uid_validity=bookmark.uid_validity if bookmark else None,
                last_uid=bookmark.last_uid if bookmark else None,
                failures=state.failures,
                code=state.code.value if state.code else None,
                reply=state.reply,
                owner=None,
                lease_until=None,
            )
        )
        return await self._transaction.changed(statement) > 0

    def _box(self, config_id: UUID) -> ColumnElement[bool]:
        return and_(_BOXES.workspace_id == self._workspace_id, _BOXES.config_id == config_id)

    def _copies(self) -> ColumnElement[bool]:
        return _COPIES.workspace_id == self._workspace_id


class PostboxUpkeep:
    """Mailboxes of all workspaces."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(self, owner: str, most: int, until: datetime) -> Sequence[Visit]:
        """Take up to `most` mailboxes that are due, the longest due first, until a moment.

        Those of accounts that are switched off are left alone, and stay due.
        """
        now = self._transaction.now
        due = (
            select(_BOXES.config_id)
            .join(configs, configs.c.id == _BOXES.config_id)
            .where(
                _BOXES.due_at <= now,
                or_(_BOXES.lease_until.is_(None), _BOXES.lease_until <= now),
                configs.c.enabled,
            )
            .order_by(_BOXES.due_at)
            .limit(most)
            .with_for_update(skip_locked=True, of=postboxes)
            .cte("due")
        )
        rows = await self._transaction.all(
            update(postboxes)
            .where(_BOXES.config_id.in_(select(due.c.config_id)))
            .values(owner=owner, lease_until=until)
            .returning(_BOXES.config_id, _BOXES.workspace_id)
        )
        return [Visit(row.config_id, row.workspace_id) for row in rows]


def _state(row: AnyRow) -> PostboxState:
    bookmark = None
    if row.uid_validity is not None:
        bookmark = Bookmark(row.uid_validity, row.last_uid)
    return PostboxState(
        sent_at=row.sent_at,
        visited_at=row.visited_at,
        looked_at=row.looked_at,
        bookmark=bookmark,
        failures=row.failures,
        code=DiagnosticCode(row.code) if row.code else None,
        reply=row.reply,
    )
