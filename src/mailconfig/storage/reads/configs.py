"""Reads configurations: only the facts that are asked for, as tuples.

The secrets' table is joined where the moment of a secret is among the facts, and only there. The
statements are those of `storage.filters` and `storage.keyset`, as `ConfigRepository` has them; a
test asks both the same questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    exists,
    func,
    literal,
    select,
)

from mailconfig.domain.configs import ConfigFilter, Visibility
from mailconfig.domain.pages import Keyset
from mailconfig.domain.selections import (
    ConfigField,
    ConfigPage,
    ConfigRow,
    ConfigRows,
    Selection,
)
from mailconfig.storage.filters import caller_values, config_conditions, config_order
from mailconfig.storage.keyset import Order, text_of
from mailconfig.storage.reads.statements import (
    Kept,
    Lines,
    Prepared,
    Row,
    decoded,
    named,
    prepared,
)
from mailconfig.storage.servers import secret_columns, with_secrets
from mailconfig.storage.tables import configs

_ALL: Final = ConfigFilter()
_MOST_WORDS: Final = 8
"""Longest set of a filter whose statement is kept; there are three states and three TLS modes."""


_JOINED: Final = {column.key or "": column for column in secret_columns()}
_COLUMNS: Final[dict[ConfigField, ColumnElement[Any]]] = {
    field: configs.c.metadata_json
    if field is ConfigField.METADATA
    else _JOINED[field]
    if field in _JOINED
    else configs.c[field]
    for field in ConfigField
}
"""The column of each fact."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of one list."""

    workspace_id: UUID
    filter: ConfigFilter
    visibility: Visibility

    @property
    def values(self) -> dict[str, object]:
        """Parameters of its conditions."""
        return caller_values(self.workspace_id, self.visibility)

    def narrowed(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement with the conditions."""
        conditions = config_conditions(self.workspace_id, self.filter, self.visibility)
        return statement.where(*conditions)

    def shape(self) -> tuple[object, ...] | None:
        """Return what the text of its conditions follows from; None where it is not worth keeping.

        Texts, references and moments are the caller's own, and rarely come twice; keeping them
        would let callers decide how much memory statements take.
        """
        given = self.filter
        shown = self.visibility
        sees = (
            shown.everything,
            shown.owner_id is None,
            shown.only_own,
            shown.address is None,
            shown.config_id is None,
        )
        if given == _ALL:
            return sees
        sets = (given.statuses, given.security, given.enabled, given.shared)
        free = ConfigFilter(statuses=sets[0], security=sets[1], enabled=sets[2], shared=sets[3])
        if given != free or len(given.statuses) + len(given.security) > _MOST_WORDS:
            return None
        return (*sees, *sets)


class ConfigReads:
    """Questions about configurations, each a statement or a few."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._kept = Kept()

    async def one(
        self, workspace_id: UUID, visibility: Visibility, id: UUID, selection: Selection
    ) -> ConfigRow | None:
        """Return the facts of a configuration, None where there is none that may be seen."""
        question = _Question(workspace_id, _ALL, visibility)
        values = question.values | {"id": id}
        make = partial(self._one, question, id, selection, values)
        statement = self._statement(question, ("one", selection.fields), make)
        rows = await self._lines.fetch(statement, values)
        return decoded(rows, statement.decoders)[0] if rows else None

    async def page(
        self,
        workspace_id: UUID,
        visibility: Visibility,
        filter: ConfigFilter,
        selection: Selection,
        page: ConfigPage,
    ) -> ConfigRows:
        """Return a page; raises CursorRefused for a place that is not of this list."""
        question = _Question(workspace_id, filter, visibility)
        listing = _Listing(page, config_order(page.order, page.direction))
        values = question.values | listing.values
        make = partial(self._page, question, listing, selection, values)
        shape = ("page", selection.fields, *listing.shape)
        statement = self._statement(question, shape, make)
        found = await self._lines.fetch(statement, values)
        limit = page.request.limit
        sides = await self._sides(question, listing, found, listing.beside(selection))
        more, earlier = len(found) > limit or sides["end"], sides["start"]
        shown: Sequence[Row] = decoded(found[:limit], statement.decoders)
        if page.request.backward:
            shown, more, earlier = shown[::-1], earlier, more
        keys = listing.places(shown, selection) if page.places else ()
        return ConfigRows(shown, keys, has_next=more, has_previous=earlier)

    async def count(self, workspace_id: UUID, visibility: Visibility, filter: ConfigFilter) -> int:
        """Count those that fit the filter and may be seen."""
        question = _Question(workspace_id, filter, visibility)
        statement = self._statement(question, ("count",), partial(self._count, question))
        rows = await self._lines.fetch(statement, question.values)
        return int(rows[0][0])

    def _statement(
        self, question: _Question, shape: tuple[object, ...], make: partial[Prepared]
    ) -> Prepared:
        asked = question.shape()
        return make() if asked is None else self._kept.get((*shape, *asked), make)

    def _one(
        self, question: _Question, id: UUID, selection: Selection, values: dict[str, object]
    ) -> Prepared:
        mine = configs.c.id == named("id", id, Uuid())
        statement = question.narrowed(_selected(selection)).where(mine)
        return prepared(statement, self._lines.dialect, values)

    def _page(
        self,
        question: _Question,
        listing: "_Listing",
        selection: Selection,
        values: dict[str, object],
    ) -> Prepared:
        extra: list[ColumnElement[Any]] = []
        if listing.page.places:
            extra.extend(listing.order.columns())
        # Not correlated: it is the same for all rows, and asked once.
        asked = ((side, _beside(question, listing, side).correlate(None)) for side in listing.sides)
        extra.extend(exists(beside).label(side) for side, beside in asked)
        statement = listing.cut(question.narrowed(_selected(selection, *extra)))
        return prepared(statement, self._lines.dialect, values)

    def _count(self, question: _Question) -> Prepared:
        counted = question.narrowed(select(func.count()).select_from(configs))
        return prepared(counted, self._lines.dialect, question.values)

    async def _sides(
        self, question: _Question, listing: "_Listing", found: Sequence[Row], at: int
    ) -> dict[str, bool]:
        """Tell on which sides rows lie at or before a place, where that is asked.

        Each row of the page says so behind its facts; an empty page costs statements of their own.
        """
        told = {"start": False, "end": False}
        for column, side in enumerate(listing.sides, at):
            told[side] = bool(
                found[0][column] if found else await self._any(question, listing, side)
            )
        return told

    async def _any(self, question: _Question, listing: "_Listing", side: str) -> bool:
        values = question.values | listing.values
        shape = ("any", side, *listing.shape)
        statement = self._statement(question, shape, partial(self._side, question, listing, side))
        return bool(await self._lines.fetch(statement, values))

    def _side(self, question: _Question, listing: "_Listing", side: str) -> Prepared:
        values = question.values | listing.values
        return prepared(_beside(question, listing, side), self._lines.dialect, values)


class _Listing:
    """One page of a sorted list, read in the direction in which it lies."""

    def __init__(self, page: ConfigPage, order: Order) -> None:
        request = page.request
        self.page = page
        self.order = order
        self.towards = order.turned() if request.backward else order
        """Order in which rows are fetched."""
        self.start, self.end = request.after, request.before
        """Places between which the rows lie, as they are fetched."""
        if request.backward:
            self.start, self.end = self.end, self.start

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides on which a place is given and rows beyond it are looked for."""
        if not self.page.neighbours:
            return ()
        given = (("start", self.start), ("end", self.end))
        return tuple(side for side, place in given if place is not None)

    def beside(self, selection: Selection) -> int:
        """Return the position of the columns that tell of the sides."""
        return _width(selection) + (2 if self.page.places else 0)

    @property
    def shape(self) -> tuple[object, ...]:
        """What the text of the statement follows from."""
        page = self.page
        return (
            page.order,
            page.direction,
            page.request.backward,
            self.start is None,
            self.end is None,
            page.places,
            page.neighbours,
        )

    @property
    def values(self) -> dict[str, object]:
        """Parameters of `cut`; raises CursorRefused."""
        found: dict[str, object] = {"limit": self.page.request.limit + 1}
        if self.start is not None:
            found |= self.towards.values(self.start, "start")
        if self.end is not None:
            found |= self.towards.values(self.end, "end")
        return found

    def cut(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement with the places, the order and one row more than the page has."""
        if self.start is not None:
            statement = statement.where(self.towards.beyond(self.start, "start"))
        if self.end is not None:
            statement = statement.where(self.towards.turned().beyond(self.end, "end"))
        limit = bindparam("limit", self.page.request.limit + 1, type_=Integer())
        return statement.order_by(*self.towards.terms()).limit(limit)

    def places(self, rows: Sequence[Row], selection: Selection) -> tuple[Keyset, ...]:
        """Return the place of each row, from the two columns after its facts."""
        at = _width(selection)
        return tuple(Keyset(text_of(row[at]), str(row[at + 1])) for row in rows)


def _beside(question: _Question, listing: _Listing, side: str) -> Select[Any]:
    """Select a 1 where the list has rows at the place of a side or on its near side."""
    order = listing.towards if side == "start" else listing.towards.turned()
    place = listing.start if side == "start" else listing.end
    statement = question.narrowed(select(literal(1)).select_from(configs))
    return statement.where(order.not_beyond(place, side)).limit(1) if place else statement


def _width(selection: Selection) -> int:
    return len(selection.fields) or 1  # where nothing is selected, a 1 is


def _selected(selection: Selection, *extra: ColumnElement[Any]) -> Select[Any]:
    """Select facts, and further columns behind them; one at least, since rows count too."""
    facts = [_COLUMNS[field] for field in selection.fields]
    joins = any(field in _JOINED for field in selection.fields)
    chosen = select(*(facts or [literal(1)]), *extra)
    return chosen.select_from(with_secrets(configs) if joins else configs)
