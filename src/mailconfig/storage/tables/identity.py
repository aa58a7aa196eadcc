"""Workspaces, the people in them and their sign-ins."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, text
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
    max_configs: int | None
    """Quotas; where one is NULL, the operator's setting holds."""
    max_file_bytes: int | None = Field(sa_type=BigInteger, nullable=True)
    max_tests_per_day: int | None
    max_messages_per_day: int | None


class UserRow(Row, table=True):
    """A person who signs in; the password is an Argon2id hash, "!" where there is none."""

    __tablename__: ClassVar[str] = "users"
    __table_args__ = (
        UniqueConstraint("email_key"),
        # An index, no constraint: SQLite would have to build the table anew for one.
        Index("uq_users_subject_sha256", "subject_sha256", unique=True),
    )

    id: UUID = Field(primary_key=True)
    email: str
    email_key: str = sort_key()
    password_hash: str
    created_at: datetime = moment()
    subject_sha256: str | None
    """SHA-256 of issuer and subject for a user of the host application; its email_key is derived
    from it, so that no sign-in by address finds it, and no claimed address takes one."""


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
    last_used_at: datetime | None = moment(nullable=True)
    user_agent: str | None
    client: str | None


class RefreshTokenRow(Row, table=True):
    """A refresh token of a session, as its digest; used once (RFC 9700, section 4.14.2)."""

    __tablename__: ClassVar[str] = "refresh_tokens"
    __table_args__ = (UniqueConstraint("token_sha256"), Index(None, "session_id"))

    id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.id", ondelete="CASCADE")
    token_sha256: str
    created_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class PasswordResetRow(Row, table=True):
    """A one-time token that sets a password, as its digest."""

    __tablename__: ClassVar[str] = "password_resets"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    token_sha256: str
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class ApiKeyRow(Row, table=True):
    """A key of a machine, as its digest; ends with the membership that it acts for."""

    __tablename__: ClassVar[str] = "api_keys"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        one_of("role", Role),
        ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["memberships.workspace_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "workspace_id", "user_id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: UUID
    """The member whom it acts for."""
    name: str
    prefix: str
    """The first characters, by which its owner knows it again."""
    token_sha256: str
    role: str
    """At most this role, and at most the member's own."""
    scopes: str
    """Words of `domain.identity.Scope`, separated by spaces (RFC 6749, section 3.3)."""
    created_at: datetime = moment()
    expires_at: datetime | None = moment(nullable=True)
    last_used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)


class InvitationRow(Row, table=True):
    """An invitation to a workspace; its token is kept as its digest only."""

    __tablename__: ClassVar[str] = "invitations"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        one_of("role", Role),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "expires_at"),
        Index(None, "invited_by"),
        Index(
            "uq_invitations_open",
            "workspace_id",
            "email_key",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    invited_by: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    email: str
    email_key: str = sort_key()
    role: str
    token_sha256: str
    created_at: datetime = moment()
    expires_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    """When it was accepted or withdrawn."""


workspaces: Final = table_of(WorkspaceRow)
users: Final = table_of(UserRow)
memberships: Final = table_of(MembershipRow)
sessions: Final = table_of(SessionRow)
refresh_tokens: Final = table_of(RefreshTokenRow)
password_resets: Final = table_of(PasswordResetRow)
api_keys: Final = table_of(ApiKeyRow)
invitations: Final = table_of(InvitationRow)
