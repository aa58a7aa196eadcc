"""Workspaces as tenants: members, invitations and quotas, and what may be refused about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mailconfig.domain.errors import LimitExceeded, Refusal
from mailconfig.domain.identity import Role
from mailconfig.domain.phrases import N_, phrase

INVITATION_PREFIX = "mci_"
"""By which logs, scanners and people know the token of an invitation."""


class Quota(StrEnum):
    """What a workspace may have or do only so much of."""

    CONFIGS = "CONFIGS"
    """Stored configurations."""
    FILE_BYTES = "FILE_BYTES"
    """Bytes of all files, uploads that nothing refers to yet included."""
    TESTS_PER_DAY = "TESTS_PER_DAY"
    """Connection tests that begin within 24 hours."""
    MESSAGES_PER_DAY = "MESSAGES_PER_DAY"
    """Messages that are sent within 24 hours."""


Limits = Mapping[Quota, int | None]
"""The limit of each quota; None: no limit."""


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """A quota, and how much of it is used."""

    quota: Quota
    used: int
    limit: int | None
    """None: no limit."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant: everything else belongs to exactly one."""

    id: UUID
    slug: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Belonging:
    """A workspace of a user, and what they may do there."""

    workspace: Workspace
    role: Role


@dataclass(frozen=True, slots=True)
class WorkspaceMember:
    """A user in a workspace."""

    user_id: UUID
    email: str
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation of an address; its token is known to whoever was given it."""

    id: UUID
    workspace_id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    """None: the command line, or a user who is gone."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Legacy:
    """What becomes of the private configurations of somebody who leaves."""

    heir_id: UUID | None = None
    """The member who gets them; None: they are deleted."""


class LastOwner(Refusal):
    """The workspace would be without an owner."""

    code = "LAST_OWNER"

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        sentence = N_("A workspace needs an owner. Make somebody else an owner first.")
        super().__init__(sentence, path)


class ConfigurationsRemain(Refusal):
    """Somebody leaves who has private configurations, and nobody said what becomes of them."""

    code = "CONFIGURATIONS_REMAIN"

    def __init__(self, count: int) -> None:
        sentence = N_("Say what becomes of this member's own configurations.")
        super().__init__(sentence, ("configurations",))
        self.count = count


class InvitationInvalid(Refusal):
    """An unknown, used, expired or withdrawn invitation, or another address's: all read alike."""

    code = "INVITATION_INVALID"

    def __init__(self) -> None:
        sentence = N_("This invitation is not valid any more. Ask for a new one.")
        super().__init__(sentence, ("token",))


_SENTENCES = {
    Quota.CONFIGS: N_("This workspace has room for {most} configurations."),
    Quota.FILE_BYTES: N_("This workspace has room for {most} bytes of files."),
    Quota.TESTS_PER_DAY: N_("This workspace may run {most} connection tests a day."),
    Quota.MESSAGES_PER_DAY: N_("This workspace may send {most} messages a day."),
}


class QuotaExceeded(LimitExceeded):
    """A quota of the workspace is used up."""

    def __init__(self, quota: Quota, limit: int) -> None:
        super().__init__(phrase(_SENTENCES[quota], most=limit))
        self.quota = quota
        self.limit = limit
