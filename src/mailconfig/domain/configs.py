"""Mail account configurations: values, who may do what with them, and where a secret may go.

The rule of custody: a stored secret never follows a changed target. It is reused only while the
user name and the host's registrable domain (or catalogue row) stay and TLS does not weaken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mailconfig.domain.addresses import AddressInvalid, parse_address
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
    """Which configurations of a workspace a list may show: everything, or shared plus own.

    The last three narrow it to the purpose of an embed token.
    """

    everything: bool
    owner_id: UUID | None = field(default=None)
    only_own: bool = False
    """Whether shared ones are left out."""
    address: str | None = None
    """Only those of this address, in any case."""
    config_id: UUID | None = None
    """Only this one."""

    def shows(self, owner_id: UUID | None, config: EmailConfig | None) -> bool:
        """Tell whether a configuration is among them; one that is not given, to no purpose."""
        mine = owner_id is not None and owner_id == self.owner_id
        if not (self.everything or mine or (owner_id is None and not self.only_own)):
            return False
        if config is None:
            return not self.only_own and self.address is None and self.config_id is None
        if self.config_id is not None and config.id != self.config_id:
            return False
        return self.address is None or config.email_address.lower() == self.address.lower()


def visibility(principal: Principal) -> Visibility:
    """Tell which configurations the caller may see.

    The purpose of an embed token is kept here, in `may_make` and in `may_ask_about`. Whoever made
    the token could change the configuration that it names, and lends it to the user.
    """
    purpose = principal.purpose
    owner = principal.user_id if principal.at_least(Role.MEMBER) else None
    if purpose is None:
        if principal.at_least(Role.ADMIN):
            return Visibility(everything=True)
        return Visibility(everything=False, owner_id=owner)
    if purpose.config_id is not None:
        return Visibility(everything=True, config_id=purpose.config_id, address=purpose.address)
    return Visibility(everything=False, owner_id=owner, only_own=True, address=purpose.address)


def may_read(
    principal: Principal, owner_id: UUID | None, config: EmailConfig | None = None
) -> bool:
    """Admins see all metadata, members own and shared, viewers shared configurations.

    Embed tokens see those of their purpose, and none where `config` is not given.
    """
    return visibility(principal).shows(owner_id, config)


def may_use(principal: Principal, owner_id: UUID | None, config: EmailConfig | None = None) -> bool:
    """Members test and send with own and shared configurations; nobody with another's."""
    if not principal.at_least(Role.MEMBER):
        return False
    if principal.purpose is not None:
        return may_read(principal, owner_id, config)
    return owner_id is None or owner_id == principal.user_id


def may_change(
    principal: Principal, owner_id: UUID | None, config: EmailConfig | None = None
) -> bool:
    """Shared configurations are changed by admins, others by their owner."""
    if principal.purpose is not None:
        return principal.at_least(Role.MEMBER) and may_read(principal, owner_id, config)
    if owner_id is None:
        return principal.at_least(Role.ADMIN)
    return owner_id == principal.user_id and principal.at_least(Role.MEMBER)


def may_delete(principal: Principal, owner_id: UUID | None) -> bool:
    """As may_change; admins also delete those of people who have left. Embed tokens never do."""
    if principal.purpose is not None:
        return False
    return may_change(principal, owner_id) or principal.at_least(Role.ADMIN)


def may_make(principal: Principal, address: str, *, shared: bool) -> bool:
    """Tell whether the caller may add a configuration of this address, or test a form of it.

    Admins add shared ones, members their own; an embed token one of its user and its purpose.
    """
    if not principal.at_least(Role.ADMIN if shared else Role.MEMBER):
        return False
    purpose = principal.purpose
    if purpose is None:
        return True
    if shared or purpose.config_id is not None:
        return False
    return purpose.address is None or _spelled(address) == purpose.address.lower()


def may_ask_about(principal: Principal, asked: str) -> bool:
    """Tell whether the caller may have the network asked about an address or a domain.

    An embed token only about its own address and that one's domain.
    """
    purpose = principal.purpose
    if purpose is None or purpose.address is None:
        return True
    address = purpose.address.lower()
    return _spelled(asked) in {address, address.rpartition("@")[2]}


def _spelled(asked: str) -> str:
    """Return an address as it is stored, in lower case; anything else as it is."""
    try:
        return parse_address(asked).folded
    except AddressInvalid:
        return asked.strip().rstrip(".").lower()


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
