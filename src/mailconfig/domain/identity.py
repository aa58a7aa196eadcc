"""Who acts, in which workspace, with which role."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mailconfig.domain.errors import Forbidden


class Role(StrEnum):
    """What a member of a workspace may do; each role may do what those after it may."""

    OWNER = "OWNER"
    """Everything, also keys, export and erasure."""
    ADMIN = "ADMIN"
    """Sees the metadata of all configurations, manages shared ones and members."""
    MEMBER = "MEMBER"
    """Has own configurations and uses shared ones."""
    VIEWER = "VIEWER"
    """Reads shared configurations."""


_RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.MEMBER: 1, Role.VIEWER: 0}


class Channel(StrEnum):
    """How the caller proved who it is, which decides whether a CSRF token is needed."""

    COOKIE = "cookie"
    """A browser session; the cookie is sent by any page, so writes need a CSRF token."""
    BEARER = "bearer"
    """A token in the Authorization header."""
    COMMAND = "command"
    """The command line on the machine itself."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: one user in one workspace, by one session."""

    user_id: UUID
    workspace_id: UUID
    role: Role
    session_id: UUID | None
    channel: Channel
    email: str

    def at_least(self, role: Role) -> bool:
        """Tell whether the caller's role includes `role`."""
        return _RANK[self.role] >= _RANK[role]

    def require(self, role: Role) -> None:
        """Raise Forbidden unless the caller's role includes `role`."""
        if not self.at_least(role):
            raise Forbidden


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in to mailconfig itself."""

    id: UUID
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts until it expires or is revoked."""

    id: UUID
    user_id: UUID
    workspace_id: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
