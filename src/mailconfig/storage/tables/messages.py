"""Messages on their way out, their content, and the embedded queue that says which one is due.

The row of a message is the truth. A message that ended stays as a row when its content has had its
time. Everything of an account goes with the account.
"""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from mailconfig.domain.messages import (
    ENDED,
    HeldFor,
    MessageEvent,
    MessageState,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.storage.tables.row import Row, moment, one_of, sort_key, table_of

_OPEN: Final = "ended_at IS NULL"


def _of_message() -> ForeignKeyConstraint:
    """Belong to a message of the same workspace, and go with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "message_id"],
        ["messages.workspace_id", "messages.id"],
        ondelete="CASCADE",
    )


class MessageRow(Row, table=True):
    """One message; `attempts` is the number of the current claim."""

    __tablename__: ClassVar[str] = "messages"
    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        ForeignKeyConstraint(
            ["workspace_id", "config_id"],
            ["configs.workspace_id", "configs.id"],
            ondelete="CASCADE",
        ),
        one_of("state", MessageState),
        one_of("held_for", HeldFor),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
        CheckConstraint("(state = 'HELD') = (held_for IS NOT NULL)", name="held"),
        CheckConstraint(
            "(state = 'SENDING') = (lease_owner IS NOT NULL)"
            " AND (lease_owner IS NULL) = (lease_until IS NULL)",
            name="lease",
        ),
        CheckConstraint(
            "(state IN ("
            + ", ".join(f"'{state.value}'" for state in MessageState if state in ENDED)
            + ")) = (ended_at IS NOT NULL)",
            name="ended",
        ),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "workspace_id", "config_id", "created_at", "id"),
        Index(None, "workspace_id", "state", "created_at", "id"),
        Index(None, "workspace_id", "message_id"),
        Index(None, "created_by"),
        Index(None, "ended_at"),
        Index(
            "ix_messages_kept",
            "ended_at",
            sqlite_where=text("has_content = 1"),
            postgresql_where=text("has_content"),
        ),
        Index(
            "ix_messages_open",
            "due_at",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    config_id: UUID
    created_by: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    """SET NULL: a message that was taken in goes out, also when its author has left."""
    state: str
    message_id: str
    """Of the header, with angle brackets."""
    sender: str
    subject: str
    size_bytes: int
    needs_utf8: bool
    has_content: bool
    """Whether the content is still there: in this row, so that one UPDATE can ask and change."""
    attempts: int
    held_for: str | None
    code: str | None
    reply: str | None
    created_at: datetime = moment()
    due_at: datetime = moment()
    expires_at: datetime = moment()
    committed_at: datetime | None = moment(nullable=True)
    """Of the current attempt."""
    sent_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    lease_owner: str | None
    """Names the worker that has it."""
    lease_until: datetime | None = moment(nullable=True)


class MessageRecipientRow(Row, table=True):
    """One recipient, at its place among those of its message."""

    __tablename__: ClassVar[str] = "message_recipients"
    __table_args__ = (
        _of_message(),
        one_of("kind", RecipientKind),
        one_of("state", RecipientState),
        Index(None, "workspace_id", "message_id"),
    )

    message_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    address: str
    kind: str
    name: str | None
    state: str
    reply: str | None
    reply_code: int | None
    enhanced_code: str | None


class MessageAttemptRow(Row, table=True):
    """One try to send a message."""

    __tablename__: ClassVar[str] = "message_attempts"
    __table_args__ = (
        _of_message(),
        one_of("event", MessageEvent),
        Index(None, "workspace_id", "message_id"),
    )

    message_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    started_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    event: str | None
    phase: str | None
    code: str | None
    reply: str | None
    host: str | None


class MessageContentRow(Row, table=True):
    """A part of the sealed content of a message; see `storage.contents`."""

    __tablename__: ClassVar[str] = "message_contents"
    __table_args__ = (
        _of_message(),
        UniqueConstraint("message_id", "part"),
        CheckConstraint("part >= 0 AND part < parts", name="part"),
        Index(None, "workspace_id", "message_id"),
        Index(None, "key_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    message_id: UUID
    part: int
    """From 0."""
    parts: int
    """How many the content has."""
    key_id: str
    ciphertext: bytes


class SuppressionRow(Row, table=True):
    """An address that the workspace never sends to."""

    __tablename__: ClassVar[str] = "suppressions"
    __table_args__ = (
        UniqueConstraint("workspace_id", "address"),
        one_of("reason", SuppressionReason),
        Index(None, "workspace_id", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    address: str = sort_key()
    """In lower case."""
    reason: str
    source_message_id: UUID | None
    """No foreign key: the message may go, the address stays."""
    created_at: datetime = moment()


class OutboxJobRow(Row, table=True):
    """A message that is due at a time; claimed while its lease lasts."""

    __tablename__: ClassVar[str] = "outbox_jobs"
    __table_args__ = (
        _of_message(),
        CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name="lease"),
        Index(None, "due_at"),
        Index(None, "workspace_id", "message_id"),
    )

    message_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    config_id: UUID
    due_at: datetime = moment()
    owner: str | None
    """Names the worker that has it."""
    lease_until: datetime | None = moment(nullable=True)


messages: Final = table_of(MessageRow)
message_recipients: Final = table_of(MessageRecipientRow)
message_attempts: Final = table_of(MessageAttemptRow)
message_contents: Final = table_of(MessageContentRow)
suppressions: Final = table_of(SuppressionRow)
outbox_jobs: Final = table_of(OutboxJobRow)
