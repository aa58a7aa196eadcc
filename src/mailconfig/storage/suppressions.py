"""The suppression list of one workspace: addresses that it never sends to."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select

from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.tables import suppressions
from mailconfig.storage.transaction import AnyRow, Transaction

_NEWEST_FIRST: Final = Order(suppressions.c.created_at, suppressions.c.id, OrderDirection.DESC)


def read_suppression(row: AnyRow) -> Suppression:
    """Map a row to its value."""
    return Suppression(
        id=row.id,
        address=row.address,
        reason=SuppressionReason(row.reason),
        source_message_id=row.source_message_id,
        created_at=row.created_at,
    )


class SuppressionRepository:
    """Reads and changes the list; addresses are compared in lower case."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def add(self, suppression: Suppression) -> bool:
        """Put an address on the list; False, and nothing changes, where it is on it."""
        row = {
            "id": suppression.id,
            "workspace_id": self._workspace_id,
            "address": suppression.address.lower(),
            "reason": suppression.reason.value,
            "source_message_id": suppression.source_message_id,
            "created_at": suppression.created_at,
        }
        statement = self._transaction.upsert(suppressions).values(row)
        once = statement.on_conflict_do_nothing(index_elements=["workspace_id", "address"])
        return await self._transaction.changed(once) > 0

    async def among(self, addresses: Collection[str]) -> dict[str, SuppressionReason]:
        """Return those of the addresses that are on the list, as they were given, and why."""
        asked = {address: address.lower() for address in addresses}
        rows = await self._transaction.all(
            select(suppressions.c.address, suppressions.c.reason).where(
                self._here(), suppressions.c.address.in_(sorted(set(asked.values())))
            )
        )
        found = {row.address: SuppressionReason(row.reason) for row in rows}
        return {given: found[lower] for given, lower in asked.items() if lower in found}

    async def remove(self, address: str) -> bool:
        """Take an address off the list; tell whether it was on it."""
        one = and_(self._here(), suppressions.c.address == address.lower())
        return await self._transaction.changed(delete(suppressions).where(one)) > 0

    async def page(
        self, request: PageRequest, reasons: Collection[SuppressionReason] = ()
    ) -> Page[Suppression]:
        """Return the list, newest first; `reasons` empty: any. Raises CursorRefused."""
        rows = select(suppressions).where(self._here())
        if reasons:
            rows = rows.where(suppressions.c.reason.in_([reason.value for reason in reasons]))
        listing = Listing(rows, _NEWEST_FIRST, read_suppression)
        return await listing.page(self._transaction, request)

    def _here(self) -> ColumnElement[bool]:
        return suppressions.c.workspace_id == self._workspace_id
