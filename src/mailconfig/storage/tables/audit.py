"""Who did what, and when. Rows are only added."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class AuditEventRow(Row, table=True):
    """One event."""

    __tablename__: ClassVar[str] = "audit_events"
    __table_args__ = (Index(None, "workspace_id", "created_at", "id"), Index(None, "actor_id"))

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    actor_id: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    action: str
    object_type: str
    object_id: UUID | None
    details: str
    """A JSON object."""
    request_id: str
    created_at: datetime = moment()


audit_events: Final = table_of(AuditEventRow)
