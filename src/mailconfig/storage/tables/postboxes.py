"""What is done about sent mail: what owners chose, visits to their mailboxes, copies in Sent."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of

_OPEN: Final = "ended_at IS NULL"


def _of_account() -> ForeignKeyConstraint:
    """Belong to a configuration of the same workspace, and go with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "config_id"],
        ["configs.workspace_id", "configs.id"],
        ondelete="CASCADE",
    )


class SendingOptionsRow(Row, table=True):
    """What the owner of an account has chosen."""

    __tablename__: ClassVar[str] = "sending_options"
    __table_args__ = (_of_account(), Index(None, "workspace_id", "config_id"))

    config_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    save_to_sent: bool | None
    """NULL: as the provider has it."""
    read_bounces: bool


class PostboxRow(Row, table=True):
    """The mailbox of an account that sends; claimed while its lease lasts."""

    __tablename__: ClassVar[str] = "postboxes"
    __table_args__ = (
        _of_account(),
        CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name="lease"),
        CheckConstraint("(uid_validity IS NULL) = (last_uid IS NULL)", name="bookmark"),
        CheckConstraint("failures >= 0", name="failures"),
        Index(None, "due_at"),
        Index(None, "workspace_id", "config_id"),
    )

    config_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    sent_at: datetime = moment()
    """When the account sent last."""
    due_at: datetime | None = moment(nullable=True)
    """When it is opened next; NULL: not before the account sends again."""
    visited_at: datetime | None = moment(nullable=True)
    looked_at: datetime | None = moment(nullable=True)
    uid_validity: int | None = Field(sa_type=BigInteger)
    last_uid: int | None = Field(sa_type=BigInteger)
    failures: int
    code: str | None
    reply: str | None
    owner: str | None
    """Names the worker that has it."""
    lease_until: datetime | None = moment(nullable=True)


class SentCopyRow(Row, table=True):
    """The copy of a sent message that goes into Sent."""

    __tablename__: ClassVar[str] = "sent_copies"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "message_id"],
            ["messages.workspace_id", "messages.id"],
            ondelete="CASCADE",
        ),
        _of_account(),
        CheckConstraint("saved_at IS NULL OR ended_at IS NOT NULL", name="saved"),
        Index(None, "workspace_id", "message_id"),
        Index(None, "workspace_id", "config_id"),
        Index(
            "ix_sent_copies_open",
            "config_id",
            "message_id",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    message_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    config_id: UUID
    created_at: datetime = moment()
    saved_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    """When it was saved or given up."""
    reply: str | None


sending_options: Final = table_of(SendingOptionsRow)
postboxes: Final = table_of(PostboxRow)
sent_copies: Final = table_of(SentCopyRow)
