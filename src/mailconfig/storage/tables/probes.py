"""Connection tests and their steps."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from mailconfig.domain.probes import StepStatus, TestStatus
from mailconfig.domain.servers import MailProtocol
from mailconfig.storage.tables.row import Row, moment, one_of, table_of


class ConnectionTestRow(Row, table=True):
    """One run; lives in the process that is named, and counts as lost past deadline and lease."""

    __tablename__: ClassVar[str] = "connection_tests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "config_id"],
            ["configs.workspace_id", "configs.id"],
            ondelete="CASCADE",
        ),
        one_of("status", TestStatus),
        one_of("code_protocol", MailProtocol),
        Index(None, "workspace_id", "config_id", "created_at", "id"),
        Index(None, "created_at"),
        Index(None, "started_by"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    config_id: UUID | None
    config_revision: int | None
    started_by: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    status: str
    created_at: datetime = moment()
    deadline_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)
    code: str | None
    code_protocol: str | None
    provider_id: str | None
    server_reply: str | None
    fix_id: UUID | None
    fix: str | None
    """JSON."""
    findings: str | None
    """JSON: what is special about the case, ports, round trip."""
    process: str
    """Names the process that runs it."""
    lease_until: datetime = moment()
    cancel_requested: bool


class ConnectionTestStepRow(Row, table=True):
    """The latest state of one step."""

    __tablename__: ClassVar[str] = "connection_test_steps"
    __table_args__ = (one_of("protocol", MailProtocol), one_of("status", StepStatus))

    test_id: UUID = Field(primary_key=True, foreign_key="connection_tests.id", ondelete="CASCADE")
    protocol: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    position: int
    """Place among the steps of its test, since the TLS mode decides the order."""
    status: str
    duration_ms: int | None
    code: str | None
    detail: str
    """JSON."""


connection_tests: Final = table_of(ConnectionTestRow)
connection_test_steps: Final = table_of(ConnectionTestStepRow)
