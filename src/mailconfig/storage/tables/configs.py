"""Mail account configurations and the settings of each of their revisions.

Kind and moment of a secret are read from `secrets` by join; they are not copied here.
"""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.schema import SchemaItem
from sqlmodel import Field, SQLModel

from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.servers import TransportSecurity
from mailconfig.storage.tables.row import (
    Row,
    moment,
    one_of,
    sort_key,
    table_of,
    within_workspace,
)


class ServerColumns(SQLModel):
    """Settings of both servers; a server is there when its host is."""

    incoming_host: str | None = None
    incoming_port: int | None = None
    incoming_security: str | None = None
    incoming_authentication: str | None = None
    incoming_username: str | None = None
    incoming_secret_id: UUID | None = None
    outgoing_host: str | None = None
    outgoing_port: int | None = None
    outgoing_security: str | None = None
    outgoing_authentication: str | None = None
    outgoing_username: str | None = None
    outgoing_secret_id: UUID | None = None


def _server_constraints(side: str) -> tuple[SchemaItem, ...]:
    """Constrain one server: all of host, port, mode and method or none; its secret our own."""
    return (
        one_of(f"{side}_security", TransportSecurity),
        CheckConstraint(f"{side}_port BETWEEN 1 AND 65535", name=f"{side}_port"),
        CheckConstraint(
            f"({side}_host IS NULL) = ({side}_port IS NULL)"
            f" AND ({side}_host IS NULL) = ({side}_security IS NULL)"
            f" AND ({side}_host IS NULL) = ({side}_authentication IS NULL)"
            f" AND ({side}_host IS NOT NULL"
            f" OR ({side}_username IS NULL AND {side}_secret_id IS NULL))",
            name=f"{side}_whole",
        ),
        within_workspace(f"{side}_secret_id", "secrets"),
        # Asked for when a secret is deleted: by us, and by the foreign key itself.
        Index(None, "workspace_id", f"{side}_secret_id"),
    )


class ConfigRow(Row, ServerColumns, table=True):
    """The current settings of a mail account."""

    __tablename__: ClassVar[str] = "configs"
    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        one_of("status", ConfigStatus),
        CheckConstraint("revision >= 1", name="revision"),
        *_server_constraints("incoming"),
        *_server_constraints("outgoing"),
        # Two indexes, since NULL owners are never equal to each other.
        Index(
            "uq_configs_owned_address",
            "workspace_id",
            "owner_id",
            "address_key",
            unique=True,
            sqlite_where=text("owner_id IS NOT NULL"),
            postgresql_where=text("owner_id IS NOT NULL"),
        ),
        Index(
            "uq_configs_shared_address",
            "workspace_id",
            "address_key",
            unique=True,
            sqlite_where=text("owner_id IS NULL"),
            postgresql_where=text("owner_id IS NULL"),
        ),
        UniqueConstraint("workspace_id", "external_id"),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "workspace_id", "updated_at", "id"),
        Index(None, "workspace_id", "name_key", "id"),
        Index(None, "workspace_id", "address_key", "id"),
        Index(None, "workspace_id", "provider_id"),
        Index(None, "workspace_id", "status"),
        Index(None, "owner_id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    owner_id: UUID | None = Field(foreign_key="users.id", ondelete="RESTRICT")
    """RESTRICT: SET NULL would turn a private configuration into a shared one."""
    revision: int
    name: str
    name_key: str = sort_key()
    """`name` in lower case."""
    email_address: str
    address_key: str = sort_key()
    """`email_address` in lower case."""
    display_name: str | None
    provider_id: str | None
    external_id: str | None
    metadata_json: str | None
    enabled: bool
    status: str
    created_at: datetime = moment()
    updated_at: datetime = moment()
    last_test_id: UUID | None
    """No foreign key: it would close a circle with connection_tests; pruning spares this test."""


class ConfigVersionRow(Row, ServerColumns, table=True):
    """The settings of one revision."""

    __tablename__: ClassVar[str] = "config_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "config_id"],
            ["configs.workspace_id", "configs.id"],
            ondelete="CASCADE",
        ),
        Index(None, "workspace_id", "config_id"),
        Index(None, "created_by"),
        *_server_constraints("incoming"),
        *_server_constraints("outgoing"),
    )

    config_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    name: str
    email_address: str
    display_name: str | None
    provider_id: str | None
    created_at: datetime = moment()
    created_by: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    verified: bool


configs: Final = table_of(ConfigRow)
config_versions: Final = table_of(ConfigVersionRow)
