"""OAuth 2.0 of mailboxes: the clients that we are, flows under way, and what was granted to us."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from mailconfig.domain.mailboxes import GrantStatus
from mailconfig.storage.tables.row import Row, moment, one_of, table_of, within_workspace


class OAuthClientRow(Row, table=True):
    """The client that a workspace registered with a provider; wins over the operator's."""

    __tablename__: ClassVar[str] = "oauth_clients"
    __table_args__ = (
        UniqueConstraint("workspace_id", "provider_id"),
        within_workspace("secret_id", "secrets"),
        Index(None, "workspace_id", "secret_id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    provider_id: str
    """Row of the catalogue."""
    client_id: str
    secret_id: UUID | None
    """NULL for a public client, which has PKCE alone."""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class OAuthAuthorizationRow(Row, table=True):
    """A flow that was begun: what its answer has to fit, and whose it is."""

    __tablename__: ClassVar[str] = "oauth_authorizations"
    __table_args__ = (
        UniqueConstraint("state_sha256"),
        Index(None, "workspace_id"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    binding_sha256: str
    """Digest of the session, key or token that began it, which alone may complete it."""
    state_sha256: str
    provider_id: str
    config_id: UUID | None
    """Configuration to authorise anew; no foreign key, it may be gone when the user comes back."""
    address: str | None
    redirect_uri: str
    created_at: datetime = moment()
    expires_at: datetime = moment()


class OAuthGrantRow(Row, table=True):
    """What a user granted us: a refresh token, the last access token, and how refreshing went."""

    __tablename__: ClassVar[str] = "oauth_grants"
    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        one_of("status", GrantStatus),
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease_whole"),
        within_workspace("refresh_secret_id", "secrets"),
        within_workspace("access_secret_id", "secrets"),
        Index(None, "workspace_id", "refresh_secret_id"),
        Index(None, "workspace_id", "access_secret_id"),
        Index(None, "user_id"),
        Index(None, "status", "access_expires_at"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    """Who granted it."""
    provider_id: str
    client_id: str
    """The client that it was granted to; another one cannot refresh it."""
    address: str | None
    scopes: str
    """What was granted, separated by spaces."""
    refresh_secret_id: UUID | None
    access_secret_id: UUID | None
    access_expires_at: datetime | None = moment(nullable=True)
    status: str
    failure: str | None
    """Diagnostic code of the last refresh that failed."""
    failed_at: datetime | None = moment(nullable=True)
    lease_owner: str | None
    """Who refreshes it at the moment."""
    lease_until: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    refreshed_at: datetime | None = moment(nullable=True)


oauth_clients: Final = table_of(OAuthClientRow)
oauth_authorizations: Final = table_of(OAuthAuthorizationRow)
oauth_grants: Final = table_of(OAuthGrantRow)
