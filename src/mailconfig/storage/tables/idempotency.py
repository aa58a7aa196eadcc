"""Keys of requests that were carried out, so that a repetition gets the first result."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class IdempotencyKeyRow(Row, table=True):
    """One key of one user and operation."""

    __tablename__: ClassVar[str] = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"), Index(None, "user_id"))

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    operation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    """Digest of the body."""
    result_id: UUID
    created_at: datetime = moment()


idempotency_keys: Final = table_of(IdempotencyKeyRow)
