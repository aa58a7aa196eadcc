"""Uploaded files; their bytes are in the blob store, encrypted with a key of their own."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from mailconfig.domain.files import FileKind
from mailconfig.storage.tables.row import Row, moment, one_of, table_of, within_workspace


class FileRow(Row, table=True):
    """What is known of a file."""

    __tablename__: ClassVar[str] = "files"
    __table_args__ = (
        UniqueConstraint("blob"),
        one_of("kind", FileKind),
        CheckConstraint("size >= 0", name="size"),
        within_workspace("config_id", "configs"),
        within_workspace("secret_id", "secrets"),
        Index(None, "workspace_id", "config_id", "created_at", "id"),
        Index(None, "workspace_id", "secret_id"),
        Index(None, "owner_id"),
        Index(
            "ix_files_unattached",
            "created_at",
            sqlite_where=text("config_id IS NULL"),
            postgresql_where=text("config_id IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    owner_id: UUID = Field(foreign_key="users.id", ondelete="RESTRICT")
    """RESTRICT: the blobs have to go first."""
    config_id: UUID | None
    kind: str
    filename: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime = moment()
    blob: str
    """Name in the blob store."""
    secret_id: UUID
    """The sealed data key."""


files: Final = table_of(FileRow)
