"""Sender identities: the addresses, names and signatures that an account sends with."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class SenderIdentityRow(Row, table=True):
    """One identity of a configuration."""

    __tablename__: ClassVar[str] = "sender_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "config_id"],
            ["configs.workspace_id", "configs.id"],
            ondelete="CASCADE",
        ),
        Index(
            "uq_sender_identities_default",
            "config_id",
            unique=True,
            sqlite_where=text("is_default = 1"),
            postgresql_where=text("is_default"),
        ),
        Index(None, "workspace_id", "config_id", "created_at", "id"),
        Index(None, "signature_image_id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    config_id: UUID
    address: str
    name: str | None
    reply_to: str | None
    signature_text: str | None
    signature_html: str | None
    signature_image_id: UUID | None = Field(foreign_key="files.id", ondelete="SET NULL")
    """SET NULL would empty the workspace as well if it were of this key: that the file is of the
    same configuration is looked at by the repository."""
    is_default: bool
    created_at: datetime = moment()
    updated_at: datetime = moment()


sender_identities: Final = table_of(SenderIdentityRow)
