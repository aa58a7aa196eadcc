"""The trail of one workspace: who did what, and when. Events are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import insert, select

from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.request import request_id
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.tables import audit_events
from mailconfig.storage.transaction import AnyRow, Transaction

Detail = str | int | bool | None
"""A plain fact; never a secret, never a whole input."""

_NEWEST_FIRST: Final = Order(audit_events.c.created_at, audit_events.c.id, OrderDirection.DESC)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that was done."""

    id: UUID
    actor_id: UUID | None
    """None: the system itself, or a user who is gone."""
    action: str
    """Such as config.updated."""
    object_type: str
    object_id: UUID | None
    details: Mapping[str, Detail]
    request_id: str
    """Id of the request in the logs, "-" outside of one."""
    created_at: datetime


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
        await self._transaction.run(insert(audit_events).values(row | place))

    async def page(self, request: PageRequest) -> Page[AuditEvent]:
        """Return events, newest first."""
        mine = select(audit_events).where(audit_events.c.workspace_id == self._workspace_id)
        return await Listing(mine, _NEWEST_FIRST, read_event).page(self._transaction, request)
