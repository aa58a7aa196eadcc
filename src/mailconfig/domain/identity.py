"""Who acts, in which workspace, with which role."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import Forbidden
from mailconfig.domain.phrases import N_, phrase


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
    API_KEY = "api_key"
    """A key of a machine, in the Authorization header; acts for the member who made it."""
    HOST = "host"
    """A token that the host application's identity provider signed."""
    EMBED = "embed"
    """A token that a back end made for one user and one purpose."""


class Scope(StrEnum):
    """What a machine may be allowed beside what its member's role allows (RFC 6749, section 3.3).

    People who signed in have all of them; keys and embed tokens have those they were made with.
    """

    CONFIGS_READ = "configs:read"
    """Read configurations, their files and their tests."""
    CONFIGS_WRITE = "configs:write"
    """Add, change and delete configurations and their files."""
    TESTS_RUN = "tests:run"
    """Test, discover and check domains: what dials out."""
    MAIL_SEND = "mail:send"
    """Send mail, and see, stop and repeat what was sent; keep the suppression list."""
    AUDIT_READ = "audit:read"
    """Read the audit trail."""
    EMBED_CREATE = "embed:create"
    """Make embed tokens for the host application's users."""
    WORKSPACE_MANAGE = "workspace:manage"
    """See and remove members, withdraw invitations, keep OAuth clients. Inviting and changing roles
    is for people: a key could make a person of itself."""


_PEOPLE_ONLY: Final = N_("Keys and tokens of machines may not do this: sign in as a person.")


def lower_role(one: Role, other: Role) -> Role:
    """Return the role of the two that allows less."""
    return one if _RANK[one] <= _RANK[other] else other


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an embed token is for: connecting one mailbox and nothing else.

    What follows from it is decided in `domain.configs` alone.
    """

    address: str | None = None
    """The only address that may be connected; None leaves it to the user."""
    config_id: UUID | None = None
    """The only configuration that may be seen and changed; None for a new one."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: one user in one workspace, by one session, key or token."""

    user_id: UUID
    workspace_id: UUID
    role: Role
    session_id: UUID | None
    channel: Channel
    email: str
    scopes: frozenset[Scope] | None = None
    """What a machine may do of what the role allows; None for people, who may do all of it."""
    purpose: Purpose | None = None
    """What an embed token is for."""
    key_id: UUID | None = None
    """The API key that was shown, or that made the embed token which was."""

    @property
    def is_person(self) -> bool:
        """Whether somebody signed in, which managing sessions, passwords and keys takes."""
        return self.scopes is None

    def permit(self, scope: Scope) -> None:
        """Raise Forbidden, which names the scope, unless the caller may do this at all."""
        if self.scopes is not None and scope not in self.scopes:
            told = phrase("This key or token needs the scope {scope}.", scope=scope.value)
            raise Forbidden(told, needs=scope.value)

    def require_person(self) -> None:
        """Raise Forbidden for keys and embed tokens."""
        if not self.is_person:
            raise Forbidden(_PEOPLE_ONLY, needs="person")

    def at_least(self, role: Role) -> bool:
        """Tell whether the caller's role includes `role`."""
        return _RANK[self.role] >= _RANK[role]

    def require(self, role: Role) -> None:
        """Raise Forbidden unless the caller's role includes `role`."""
        if not self.at_least(role):
            raise Forbidden(needs=role.value)


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
    last_used_at: datetime | None = None
    """Seen to the accuracy of `session_touch_seconds`; None for one that is as old as 0002."""
    user_agent: str | None = None
    """What the client called itself at sign-in, cut to 200 characters."""
    client: str | None = None
    """Network that the sign-in came from, as `networks.caller_network` writes it."""
