"""Workspaces of one process: members, invitations, quotas, export and erasure."""

from dataclasses import dataclass

from mailconfig.domain.clock import utc_now
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter
from mailconfig.domain.workspaces import Quota
from mailconfig.services.bearers import Bearers
from mailconfig.services.erasure import ErasureService
from mailconfig.services.exports import ExportService
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.identity import IdentityService
from mailconfig.services.invitations import InvitationService, InvitationSettings
from mailconfig.services.leaving import Leaving
from mailconfig.services.quotas import QuotaService
from mailconfig.services.runner import TestRunner
from mailconfig.services.workspaces import WorkspaceService
from mailconfig.settings import Settings
from mailconfig.storage.database import Database


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The services about workspaces and members."""

    workspaces: WorkspaceService
    invitations: InvitationService
    exports: ExportService
    erasure: ErasureService


def build_quotas(settings: Settings, database: Database, limiter: Limiter) -> QuotaService:
    """Return what looks at quotas, with the operator's defaults."""
    defaults = {
        Quota.CONFIGS: settings.quota_configs,
        Quota.FILE_BYTES: settings.quota_file_bytes,
        Quota.TESTS_PER_DAY: settings.quota_tests_per_day,
        Quota.MESSAGES_PER_DAY: settings.quota_messages_per_day,
    }
    return QuotaService(database, limiter, defaults)


@dataclass(frozen=True, slots=True)
class Tenants:
    """What the services about workspaces work with."""

    settings: Settings
    database: Database
    identity: IdentityService
    bearers: Bearers
    files: FileService
    grants: GrantService
    runner: TestRunner


def build_tenancy(room: Tenants, limiter: Limiter, signer: Signer) -> Tenancy:
    """Return the services about workspaces and members."""
    settings, database, identity = room.settings, room.database, room.identity
    limits = InvitationSettings(
        settings.invitation_seconds,
        settings.login_attempts_per_minute,
        settings.login_delay_max_seconds,
    )
    leaving, forget = Leaving(room.files, room.grants), room.bearers.forget_members
    seconds = settings.export_link_seconds
    return Tenancy(
        WorkspaceService(database, identity, leaving, forget),
        InvitationService(database, identity.accounts, limiter, limits, utc_now),
        ExportService(database, room.files, signer, limiter, seconds, utc_now),
        ErasureService(
            database,
            identity,
            identity.accounts,
            room.files,
            room.grants,
            room.runner,
            leaving,
            forget,
        ),
    )
