"""How fast the accounts of one workspace send: counted in the database, so that workers agree.

    lock --> read what was sent and what holds --> count, or hold

All of it is one transaction with the claim of the message: of two workers the second one sees what
the first one is about to send. Must not: decide; that is `domain.sending`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, select, update

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import NotFound
from mailconfig.domain.messages import HeldFor
from mailconfig.domain.sending import Limit, Unit, Used
from mailconfig.domain.sending.accounts import AccountHold, AccountPace
from mailconfig.domain.sending.windows import counted_since
from mailconfig.storage.tables import sending_accounts, sending_counts
from mailconfig.storage.transaction import Transaction


class PacingRepository:
    """Reads and writes what is known of accounts' sending; others' simply do not exist."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def lock(self, config_id: UUID) -> AccountPace:
        """Keep everybody else from counting for an account until the end; return what holds it.

        Raises NotFound or Fault for an account of another workspace.
        """
        row = {"config_id": config_id, "workspace_id": self._workspace_id}
        statement = self._transaction.upsert(sending_accounts).values(row)
        # An update that changes nothing still locks the row, on both engines.
        locked = statement.on_conflict_do_update(
            index_elements=["config_id"],
            set_={"config_id": config_id},
            where=sending_accounts.c.workspace_id == self._workspace_id,
        ).returning(sending_accounts)
        found = await self._transaction.first(locked)
        if found is None:
            raise NotFound
        hold = None
        if found.held_for is not None:
            hold = AccountHold(
                HeldFor(found.held_for),
                DiagnosticCode(found.code),
                found.held_until,
                found.held_revision or 0,
                found.held_test_id,
            )
        return AccountPace(found.paused_at, hold)

    async def used(self, config_id: UUID, limit: Limit) -> tuple[Used, ...]:
        """Return what an account sent in the slots that count for a limit."""
        columns = sending_counts.c
        rows = await self._transaction.all(
            select(columns.slot, columns.amount).where(
                columns.workspace_id == self._workspace_id,
                columns.config_id == config_id,
                columns.unit == limit.unit.value,
                columns.slot_seconds == limit.slot_seconds,
                columns.slot >= counted_since(limit, self._transaction.now),
            )
        )
        return tuple(Used(row.slot, row.amount) for row in rows)

    async def count(
        self,
        config_id: UUID,
        limits: Iterable[Limit],
        recipients: int,
        at: datetime | None = None,
    ) -> None:
        """Count one message to so many recipients, and forget slots that count no more.

        `at` is a moment after `lock`, which may have taken its time; without it, the begin of the
        transaction.
        """
        now, counts = at or self._transaction.now, sending_counts
        for limit in limits:
            amount = 1 if limit.unit is Unit.MESSAGES else recipients
            statement = self._transaction.upsert(counts).values(
                config_id=config_id,
                unit=limit.unit.value,
                slot_seconds=limit.slot_seconds,
                slot=limit.slot(now),
                workspace_id=self._workspace_id,
                amount=amount,
            )
            counted = await self._transaction.first(
                statement.on_conflict_do_update(
                    index_elements=["config_id", "unit", "slot_seconds", "slot"],
                    set_={"amount": counts.c.amount + amount},
                    where=counts.c.workspace_id == self._workspace_id,
                ).returning(counts.c.amount)
            )
            if counted is None or counted.amount != amount:
                continue  # whoever began this slot has forgotten the old ones
            past = and_(
                counts.c.workspace_id == self._workspace_id,
                counts.c.config_id == config_id,
                counts.c.unit == limit.unit.value,
                counts.c.slot_seconds == limit.slot_seconds,
                counts.c.slot < counted_since(limit, now),
            )
            await self._transaction.run(delete(counts).where(past))

    async def uncount(
        self, config_id: UUID, limits: Iterable[Limit], recipients: int, at: datetime
    ) -> None:
        """Take back what `count` counted at that moment, after `lock`."""
        columns = sending_counts.c
        for limit in limits:
            amount = 1 if limit.unit is Unit.MESSAGES else recipients
            counted = and_(
                columns.workspace_id == self._workspace_id,
                columns.config_id == config_id,
                columns.unit == limit.unit.value,
                columns.slot_seconds == limit.slot_seconds,
                columns.slot == limit.slot(at),
            )
            less = update(sending_counts).where(counted, columns.amount > amount)
            if not await self._transaction.changed(less.values(amount=columns.amount - amount)):
                await self._transaction.run(delete(sending_counts).where(counted))

    async def hold(self, config_id: UUID, hold: AccountHold | None) -> None:
        """Keep an account from sending, or with None let it go on."""
        await self._set(
            [config_id],
            held_for=hold.held_for.value if hold else None,
            code=hold.code.value if hold else None,
            held_until=hold.until if hold else None,
            held_revision=hold.revision if hold else None,
            held_test_id=hold.test_id if hold else None,
        )

    async def pause(self, config_id: UUID, at: datetime | None) -> None:
        """Pause an account's sending, or with None let it go on; after `lock`."""
        await self._set([config_id], paused_at=at)

    async def _set(self, config_ids: Sequence[UUID], **values: object) -> None:
        columns = sending_accounts.c
        mine = and_(columns.workspace_id == self._workspace_id, columns.config_id.in_(config_ids))
        await self._transaction.run(update(sending_accounts).where(mine).values(values))
