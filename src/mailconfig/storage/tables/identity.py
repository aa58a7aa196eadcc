"""Workspaces, the people in them and their sign-ins."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from mailconfig.domain.identity import Role
from mailconfig.storage.tables.row import Row, moment, one_of, sort_key, table_of


class WorkspaceRow(Row, table=True):
    """A tenant: everything else belongs to exactly one."""

    __tablename__: ClassVar[str] = "workspaces"
    __table_args__ = (UniqueConstraint("slug"),)

    id: UUID = Field(primary_key=True)
    slug: str
    name: str
    created_at: datetime = moment()


class UserRow(Row, table=True):
    """A person who signs in; the password is an Argon2id hash."""

    __tablename__: ClassVar[str] = "users"
    __table_args__ = (UniqueConstraint("email_key"),)

    id: UUID = Field(primary_key=True)
    email: str
    email_key: str = sort_key()
    password_hash: str
    created_at: datetime = moment()


class MembershipRow(Row, table=True):
    """The role of a user in a workspace."""

    __tablename__: ClassVar[str] = "memberships"
    __table_args__ = (one_of("role", Role), Index(None, "user_id", "workspace_id"))

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    role: str
    created_at: datetime = moment()


class SessionRow(Row, table=True):
    """A sign-in; the cookie's token is kept as its digest only."""

    __tablename__: ClassVar[str] = "sessions"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        Index(None, "expires_at"),
        Index(None, "user_id"),
        Index(None, "workspace_id"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    token_sha256: str
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)


workspaces: Final = table_of(WorkspaceRow)
users: Final = table_of(UserRow)
memberships: Final = table_of(MembershipRow)
sessions: Final = table_of(SessionRow)
