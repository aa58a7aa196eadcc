"""Mail account configurations: values, who may do what with them, and where a secret may go.

The rule of custody: a stored secret never follows a changed target. It is reused only while the
user name and the host's registrable domain (or catalogue row) stay and TLS does not weaken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import ServerSettings, TransportSecurity

SiteOf = Callable[[str], str]
"""Names the site of a host: its catalogue row, else its registrable domain, else itself."""


class ConfigStatus(StrEnum):
    """What the latest finished test of the current settings said."""

    UNVERIFIED = "UNVERIFIED"
    """Not tested since the settings changed."""
    WORKING = "WORKING"
    """The latest test passed."""
    FAILING = "FAILING"
    """The latest test failed."""


class ConfigOrderField(StrEnum):
    """Sort keys of the list of configurations, each made unique with the id."""

    CREATED_AT = "CREATED_AT"
    """When it was submitted."""
    UPDATED_AT = "UPDATED_AT"
    """When it last changed."""
    NAME = "NAME"
    """Name, by code points of its lower-case form."""
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    """Address, lower case."""


@dataclass(frozen=True, slots=True)
class StoredServer:
    """One server of a stored configuration; the secret is named, never held."""

    settings: ServerSettings
    secret_id: UUID | None = None
    secret_kind: SecretKind | None = None
    secret_set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EmailConfig:
    """A stored mail account configuration."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID | None
    """None: shared in the workspace."""
    revision: int
    """Grows by one with each change, from 1."""
    name: str
    email_address: str
    display_name: str | None
    provider_id: str | None
    external_id: str | None
    """The host application's own reference, unique in the workspace."""
    metadata: str | None
    """A JSON object as text, at most 4 KiB."""
    enabled: bool
    status: ConfigStatus
    incoming: StoredServer | None
    outgoing: StoredServer | None
    created_at: datetime
    updated_at: datetime
    last_test_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """The settings of one revision, kept for rollback."""

    config_id: UUID
    revision: int
    name: str
    email_address: str
    display_name: str | None
    provider_id: str | None
    incoming: StoredServer | None
    outgoing: StoredServer | None
    created_at: datetime
    created_by: UUID | None
    verified: bool
    """Whether a test of exactly this revision passed: a last known good state."""


@dataclass(frozen=True, slots=True)
class ConfigFilter:
    """Conditions on the list; all must hold, absent ones are None or empty."""

    search: str | None = None
    """Part of the name or address, any case."""
    provider_ids: tuple[str, ...] = ()
    statuses: tuple[ConfigStatus, ...] = ()
    security: tuple[TransportSecurity, ...] = ()
    """TLS mode of either server."""
    enabled: bool | None = None
    external_id: str | None = None
    shared: bool | None = None
    updated_from: datetime | None = None
    """Inclusive."""
    updated_before: datetime | None = None
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """Which configurations of a workspace a list may show: everything, or shared plus own."""

    everything: bool
    owner_id: UUID | None = field(default=None)


def visibility(principal: Principal) -> Visibility:
    """Tell which configurations the caller may see."""
    if principal.at_least(Role.ADMIN):
        return Visibility(everything=True)
    owner = principal.user_id if principal.at_least(Role.MEMBER) else None
    return Visibility(everything=False, owner_id=owner)


def may_read(principal: Principal, owner_id: UUID | None) -> bool:
    """Admins see all metadata, members own and shared, viewers shared configurations."""
    shown = visibility(principal)
    return shown.everything or owner_id is None or owner_id == shown.owner_id


def may_use(principal: Principal, owner_id: UUID | None) -> bool:
    """Members test and send with own and shared configurations; nobody with another's."""
    if not principal.at_least(Role.MEMBER):
        return False
    return owner_id is None or owner_id == principal.user_id


def may_change(principal: Principal, owner_id: UUID | None) -> bool:
    """Shared configurations are changed by admins, others by their owner."""
    if owner_id is None:
        return principal.at_least(Role.ADMIN)
    return owner_id == principal.user_id and principal.at_least(Role.MEMBER)


def may_delete(principal: Principal, owner_id: UUID | None) -> bool:
    """As may_change; admins also delete those of people who have left."""
    return may_change(principal, owner_id) or principal.at_least(Role.ADMIN)


_STRENGTH = {TransportSecurity.NONE: 0, TransportSecurity.STARTTLS: 1, TransportSecurity.TLS: 1}


def secret_may_follow(old: ServerSettings, new: ServerSettings, site_of: SiteOf) -> bool:
    """Tell whether the secret stored for `old` may be used for `new`.

    STARTTLS and TLS count as equally strong, since both demand a verified certificate.
    """
    return (
        old.protocol == new.protocol
        and old.username == new.username
        and site_of(old.host) == site_of(new.host)
        and _STRENGTH[new.security] >= _STRENGTH[old.security]
    )
