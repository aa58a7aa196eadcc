"""Links by which recipients unsubscribe."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class UnsubscribeLinkRow(Row, table=True):
    """One link of one message; its token is known by its digest only."""

    __tablename__: ClassVar[str] = "unsubscribe_links"
    __table_args__ = (
        Index(None, "workspace_id", "token_sha256"),
        Index(None, "created_at"),
    )

    token_sha256: str = Field(primary_key=True)
    """Hex."""
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    address: str
    message_id: UUID
    """No foreign key: the message may go, its link works on."""
    created_at: datetime = moment()


unsubscribe_links: Final = table_of(UnsubscribeLinkRow)
