"""Keyset pages: rows after or before a place in a sorted list, never by offset.

A place is the value of the sort column and the id, so ties have an order. Sort columns are NOT
NULL: a comparison with NULL would lose rows, so a nullable column is refused when an order is
made, not when a page is missing rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Integer, Select, Uuid, bindparam, literal, tuple_

from mailconfig.domain.errors import Refusal
from mailconfig.domain.pages import Keyset, OrderDirection, Page, PageRequest
from mailconfig.domain.phrases import N_
from mailconfig.storage.tables.row import Moment
from mailconfig.storage.transaction import AnyRow, Transaction

RowT = TypeVar("RowT")


class CursorRefused(Refusal):
    """The place that a page is to begin at is not one of this list."""

    code = "INVALID_INPUT"


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a table's rows: one column, then the id, both the same way."""

    column: Column[Any]
    """Must be among the selected columns."""
    id: Column[Any]
    """Must be among the selected columns."""
    direction: OrderDirection

    def __post_init__(self) -> None:
        """Refuse columns that may be NULL, by ValueError."""
        if self.column.nullable or self.id.nullable:
            raise ValueError(f"{self.column} may be NULL and cannot order a keyset page")

    def turned(self) -> "Order":
        """Return the opposite order."""
        ascending = self.direction is OrderDirection.ASC
        turned = OrderDirection.DESC if ascending else OrderDirection.ASC
        return Order(self.column, self.id, turned)

    def columns(self) -> tuple[Column[Any], Column[Any]]:
        """Return the two columns that are a row's place."""
        return self.column, self.id

    def terms(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Return the terms of ORDER BY."""
        if self.direction is OrderDirection.ASC:
            return self.column.asc(), self.id.asc()
        return self.column.desc(), self.id.desc()

    def beyond(self, place: Keyset, name: str = "place") -> ColumnElement[bool]:
        """Select the rows that come after a place; raises CursorRefused.

        The place is two parameters, `{name}_value` and `{name}_id`, which `values` fills.
        """
        mine, theirs = self._sides(place, name)
        return mine > theirs if self.direction is OrderDirection.ASC else mine < theirs

    def not_beyond(self, place: Keyset, name: str = "place") -> ColumnElement[bool]:
        """Select the rows that come before a place, or are at it; otherwise as `beyond`."""
        mine, theirs = self._sides(place, name)
        return mine <= theirs if self.direction is OrderDirection.ASC else mine >= theirs

    def values(self, place: Keyset, name: str) -> dict[str, object]:
        """Return the parameters that are a place; raises CursorRefused when it is none."""
        try:
            value, id = _value_of(self.column, place.value), UUID(place.id)
        except ValueError as error:
            raise CursorRefused(N_("This is no place in this list.")) from error
        return {f"{name}_value": value, f"{name}_id": id}

    def _sides(
        self, place: Keyset, name: str
    ) -> tuple[ColumnElement[tuple[Any, ...]], ColumnElement[tuple[Any, ...]]]:
        """Return both sides of a row comparison, which an index can answer."""
        value, id = self.values(place, name).items()
        theirs = tuple_(bindparam(*value, type_=self.column.type), bindparam(*id, type_=Uuid()))
        return tuple_(self.column, self.id), theirs

    def place(self, row: AnyRow) -> Keyset:
        """Return the place of a row."""
        columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
        return Keyset(text_of(columns[self.column]), str(columns[self.id]))


def text_of(value: object) -> str:
    """Write a sort value; moments keep their microseconds."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value_of(column: Column[Any], text: str) -> object:
    """Read a sort value back; raises ValueError."""
    if isinstance(column.type, Moment):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return moment
    return int(text) if isinstance(column.type, Integer) else text


_ONE: Final = literal(1)


@dataclass(frozen=True, slots=True)
class Listing(Generic[RowT]):
    """A list that pages are taken from."""

    rows: Select[Any]
    """All rows of the list, with every condition, without order."""
    order: Order
    read: Callable[[AnyRow], RowT]

    async def page(self, transaction: Transaction, request: PageRequest) -> Page[RowT]:
        """Return a page. Raises CursorRefused for a place that is not of this list.

        One statement, and one more for each side on which the request names a place.
        """
        order = self.order.turned() if request.backward else self.order
        start, end = request.after, request.before
        if request.backward:
            start, end = end, start
        statement = self.rows
        if start is not None:
            statement = statement.where(order.beyond(start, "start"))
        if end is not None:
            statement = statement.where(order.turned().beyond(end, "end"))
        found = await transaction.all(statement.order_by(*order.terms()).limit(request.limit + 1))
        more = len(found) > request.limit or await self._any(transaction, order.turned(), end)
        earlier = await self._any(transaction, order, start)
        shown = found[: request.limit]
        if request.backward:
            shown, more, earlier = shown[::-1], earlier, more
        return Page(
            rows=tuple(self.read(row) for row in shown),
            keys=tuple(self.order.place(row) for row in shown),
            has_next=more,
            has_previous=earlier,
        )

    async def _any(self, transaction: Transaction, order: Order, place: Keyset | None) -> bool:
        """Tell whether the list has rows at a place or on its near side."""
        if place is None:
            return False
        statement = self.rows.with_only_columns(_ONE).where(order.not_beyond(place)).limit(1)
        return await transaction.first(statement) is not None
