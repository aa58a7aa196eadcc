"""The trail of one workspace: who did what, and when. Events are added, never changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, insert, literal, select

from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Keyset, OrderDirection, Page, PageRequest
from mailconfig.domain.request import request_id
from mailconfig.storage.keyset import Listing, Order, text_of
from mailconfig.storage.tables import audit_events, workspaces
from mailconfig.storage.transaction import AnyRow, Transaction

Detail = str | int | bool | None
"""A plain fact; never a secret, never a whole input."""

_NEWEST_FIRST: Final = Order(audit_events.c.created_at, audit_events.c.id, OrderDirection.DESC)
_OLDEST_FIRST: Final = _NEWEST_FIRST.turned()


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that was done."""

    id: UUID
    actor_id: UUID | None
    """None: the system itself, somebody who is not known, or a user who is gone."""
    action: str
    """Such as config.updated."""
    object_type: str
    object_id: UUID | None
    details: Mapping[str, Detail]
    request_id: str
    """Id of the request in the logs, "-" outside of one."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Conditions on events; all that are given must hold."""

    actions: tuple[str, ...] = ()
    """One of these actions; empty for any."""
    actor_id: UUID | None = None
    """Done by this user."""
    object_id: UUID | None = None
    """Done to this object."""
    created_from: datetime | None = None
    """At this moment or later."""
    created_before: datetime | None = None
    """Before this moment."""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the terms of WHERE."""
        events = audit_events.c
        if self.actions:
            yield events.action.in_(self.actions)
        if self.actor_id is not None:
            yield events.actor_id == self.actor_id
        if self.object_id is not None:
            yield events.object_id == self.object_id
        if self.created_from is not None:
            yield events.created_at >= self.created_from
        if self.created_before is not None:
            yield events.created_at < self.created_before


_EVERYTHING: Final = AuditFilter()


def read_event(row: AnyRow) -> AuditEvent:
    """Map a row to its value."""
    return AuditEvent(
        id=row.id,
        actor_id=row.actor_id,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        details=orjson.loads(row.details),
        request_id=row.request_id,
        created_at=row.created_at,
    )


def event_row(
    actor_id: UUID | None,
    action: str,
    object_type: str,
    object_id: UUID | None,
    details: Mapping[str, Detail],
) -> dict[str, object]:
    """Return the row of an event of the current request, without its workspace and moment."""
    return {
        "id": new_id(),
        "actor_id": actor_id,
        "action": action,
        "object_type": object_type,
        "object_id": object_id,
        "details": orjson.dumps(dict(details)).decode(),
        "request_id": request_id.get(),
    }


class AuditRepository:
    """Adds and lists events."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def append(
        self,
        actor_id: UUID | None,
        action: str,
        object_type: str,
        object_id: UUID | None,
        details: Mapping[str, Detail],
    ) -> None:
        """Add an event at the moment of this transaction, with the id of the current request."""
        row = event_row(actor_id, action, object_type, object_id, details)
        place = {"workspace_id": self._workspace_id, "created_at": self._transaction.now}
        await self._transaction.insert(audit_events, row | place)

    async def append_where_known(
        self,
        action: str,
        object_type: str,
        object_id: UUID | None,
        details: Mapping[str, Detail],
    ) -> bool:
        """Add an event of nobody known; tell whether there is a workspace that it belongs to.

        Where there is none nothing is added, by the same statement, so that how long it takes does
        not tell.
        """
        row = event_row(None, action, object_type, object_id, details)
        row |= {"workspace_id": self._workspace_id, "created_at": self._transaction.now}
        values = [literal(value, audit_events.c[name].type) for name, value in row.items()]
        chosen = select(*values).where(workspaces.c.id == self._workspace_id)
        statement = insert(audit_events).from_select(list(row), chosen)
        return await self._transaction.changed(statement) == 1

    async def page(
        self, request: PageRequest, filter: AuditFilter = _EVERYTHING
    ) -> Page[AuditEvent]:
        """Return events, newest first; raises CursorRefused."""
        mine = select(audit_events).where(
            audit_events.c.workspace_id == self._workspace_id, *filter.conditions()
        )
        return await Listing(mine, _NEWEST_FIRST, read_event).page(self._transaction, request)

    async def following(
        self, after: AuditEvent | None, since: datetime | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return at most `limit` events after one, or from a moment on, oldest first."""
        mine = select(audit_events).where(audit_events.c.workspace_id == self._workspace_id)
        if after is not None:
            place = Keyset(text_of(after.created_at), str(after.id))
            mine = mine.where(_OLDEST_FIRST.beyond(place))
        elif since is not None:
            mine = mine.where(audit_events.c.created_at >= since)
        rows = await self._transaction.all(mine.order_by(*_OLDEST_FIRST.terms()).limit(limit))
        return [read_event(row) for row in rows]
