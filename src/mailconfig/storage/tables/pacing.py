"""How fast accounts may send: what was sent by slots of time, what holds them, who paused them."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from mailconfig.domain.messages import HeldFor
from mailconfig.domain.sending import Unit
from mailconfig.storage.tables.row import Row, moment, one_of, table_of


def _of_account() -> ForeignKeyConstraint:
    """Belong to a configuration of the same workspace, and go with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "config_id"],
        ["configs.workspace_id", "configs.id"],
        ondelete="CASCADE",
    )


class SendingAccountRow(Row, table=True):
    """One account; its row is what its senders lock."""

    __tablename__: ClassVar[str] = "sending_accounts"
    __table_args__ = (
        _of_account(),
        one_of("held_for", HeldFor),
        CheckConstraint("(held_for IS NULL) = (code IS NULL)", name="hold"),
        Index(None, "workspace_id", "config_id"),
    )

    config_id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    paused_at: datetime | None = moment(nullable=True)
    held_for: str | None
    code: str | None
    held_until: datetime | None = moment(nullable=True)
    held_revision: int | None
    held_test_id: UUID | None


class SendingCountRow(Row, table=True):
    """What an account sent in one slot of time; see `domain.sending.windows`."""

    __tablename__: ClassVar[str] = "sending_counts"
    __table_args__ = (
        _of_account(),
        one_of("unit", Unit),
        CheckConstraint("amount > 0", name="amount"),
        Index(None, "workspace_id", "config_id"),
    )

    config_id: UUID = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    slot_seconds: int = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    """Number of the slot since 1970."""
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    amount: int


sending_accounts: Final = table_of(SendingAccountRow)
sending_counts: Final = table_of(SendingCountRow)
