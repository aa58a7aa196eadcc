"""What of stored configurations a reader wants: which facts, of which rows.

A selection travels from the edge through the service, which adds what the caller may see, to
`storage.reads`, which asks the database for these columns and no others. Rows come back as plain
tuples in the order of `Selection.fields`; nothing is built of them that nobody asked for.

Must not: know columns, or GraphQL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from mailconfig.domain.configs import ConfigOrderField, EmailConfig, StoredServer
from mailconfig.domain.pages import Keyset, OrderDirection, PageRequest


class ConfigField(StrEnum):
    """A fact of a stored configuration; rows hold them in this order."""

    ID = "id"
    """UUID."""
    OWNER_ID = "owner_id"
    """UUID, None for shared ones."""
    REVISION = "revision"
    """Number of the revision."""
    NAME = "name"
    """Name."""
    EMAIL_ADDRESS = "email_address"
    """Address."""
    DISPLAY_NAME = "display_name"
    """Sender name or None."""
    PROVIDER_ID = "provider_id"
    """Row of the catalogue or None."""
    EXTERNAL_ID = "external_id"
    """The host application's reference or None."""
    METADATA = "metadata"
    """A JSON object as text or None."""
    ENABLED = "enabled"
    """Whether it may be used."""
    STATUS = "status"
    """Word of a ConfigStatus; as all words here, it may be the member itself."""
    CREATED_AT = "created_at"
    """Moment in UTC."""
    UPDATED_AT = "updated_at"
    """Moment in UTC."""
    INCOMING_HOST = "incoming_host"
    """Host of the IMAP server; None where there is no such server, as for all of its facts."""
    INCOMING_PORT = "incoming_port"
    """Its port."""
    INCOMING_SECURITY = "incoming_security"
    """Word of its TransportSecurity."""
    INCOMING_AUTHENTICATION = "incoming_authentication"
    """Word of its AuthenticationMethod."""
    INCOMING_USERNAME = "incoming_username"
    """Its user name or None."""
    INCOMING_SECRET_SET_AT = "incoming_secret_set_at"
    """When its secret was set, None without one."""
    OUTGOING_HOST = "outgoing_host"
    """Host of the SMTP server; None where there is no such server, as for all of its facts."""
    OUTGOING_PORT = "outgoing_port"
    """Its port."""
    OUTGOING_SECURITY = "outgoing_security"
    """Word of its TransportSecurity."""
    OUTGOING_AUTHENTICATION = "outgoing_authentication"
    """Word of its AuthenticationMethod."""
    OUTGOING_USERNAME = "outgoing_username"
    """Its user name or None."""
    OUTGOING_SECRET_SET_AT = "outgoing_secret_set_at"
    """When its secret was set, None without one."""


Fact = str | int | bool | UUID | datetime
"""What a row holds, or None; words of enums are as the tables have them."""
ConfigRow = Sequence[Fact | None]
"""The facts of one configuration, in the order of the selection's fields."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Facts of configurations, each once, in the order of `ConfigField`; make it by `of`."""

    fields: tuple[ConfigField, ...]

    @staticmethod
    def of(fields: Iterable[ConfigField]) -> "Selection":
        """Return the selection of these facts, in any order."""
        wanted = set(fields)
        return Selection(tuple(field for field in ConfigField if field in wanted))


EVERYTHING: Final = Selection(tuple(ConfigField))
"""All facts."""


@dataclass(frozen=True, slots=True)
class ConfigPage:
    """Which page of which list, and what to tell of it beside its rows."""

    order: ConfigOrderField
    direction: OrderDirection
    request: PageRequest
    places: bool = True
    """Whether the place of each row is wanted, for cursors."""
    neighbours: bool = True
    """Whether it is wanted if rows lie before the page's first place, and behind its last: each
    takes a statement. What the rows themselves tell is always told."""


@dataclass(frozen=True, slots=True)
class ConfigRows:
    """A page of rows, in list order."""

    rows: Sequence[ConfigRow]
    keys: Sequence[Keyset]
    """The place of each row; empty unless asked for."""
    has_next: bool
    has_previous: bool


def facts_of(config: EmailConfig) -> ConfigRow:
    """Return all facts of a configuration, as `EVERYTHING` selects them."""
    return (
        config.id,
        config.owner_id,
        config.revision,
        config.name,
        config.email_address,
        config.display_name,
        config.provider_id,
        config.external_id,
        config.metadata,
        config.enabled,
        config.status,
        config.created_at,
        config.updated_at,
        *_server(config.incoming),
        *_server(config.outgoing),
    )


def _server(server: StoredServer | None) -> ConfigRow:
    if server is None:
        return (None,) * 6
    settings = server.settings
    return (
        settings.host,
        settings.port,
        settings.security,
        settings.authentication,
        settings.username,
        server.secret_set_at,
    )
