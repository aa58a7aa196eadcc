"""What a caller wants to store: submissions and changes, and drafts turned into checked values."""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, TypeVar
from uuid import UUID

from mailconfig.domain.addresses import parse_address
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.files import FileKind, Upload
from mailconfig.domain.hosts import parse_host
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import SecretChange
from mailconfig.domain.servers import (
    AuthenticationMethod,
    DraftServer,
    MailProtocol,
    ServerSettings,
)
from mailconfig.domain.validation.values import Draft


class Missing(Enum):
    """The one value of a field that a change does not name; None clears the field instead."""

    MISSING = "missing"
    """Not named."""


MISSING: Final = Missing.MISSING
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that came with the request."""

    upload: Upload
    kind: FileKind
    filename: str | None = None
    """Instead of the name that the client declared."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was uploaded earlier."""

    id: UUID


FileChange = NewFile | KnownFile


@dataclass(frozen=True, slots=True)
class Submission:
    """A new configuration as asked for."""

    draft: Draft
    shared: bool = False
    """True: it belongs to the workspace; needs an admin."""
    enabled: bool = True
    files: tuple[FileChange, ...] = ()
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a configuration: MISSING leaves a field, None clears it."""

    id: UUID
    expected_revision: int | None = None
    """None overwrites whatever is there."""
    name: str | Missing = MISSING
    email_address: str | Missing = MISSING
    display_name: str | Missing | None = MISSING
    provider_id: str | Missing | None = MISSING
    external_id: str | Missing | None = MISSING
    metadata: str | Missing | None = MISSING
    enabled: bool | Missing = MISSING
    incoming: DraftServer | Missing | None = MISSING
    outgoing: DraftServer | Missing | None = MISSING
    files: tuple[FileChange, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Rollback:
    """Going back to the settings of an earlier revision."""

    id: UUID
    revision: int
    expected_revision: int | None = None
    incoming_secret: SecretChange | None = None
    """Needed where the stored secret must not follow to the earlier target."""
    outgoing_secret: SecretChange | None = None


def rollback_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return where a rollback's input has what a form has at `path`: secrets have fields there."""
    if path[1:2] == ("secret",):
        return (f"{path[0]}Secret", *path[2:])
    return path


def chosen(change: _T | Missing, current: _T) -> _T:
    """Return the change, or what is there when the change does not name the field."""
    return current if isinstance(change, Missing) else change


def drafted(server: StoredServer | None, secret: SecretChange | None = None) -> DraftServer | None:
    """Return a stored server as a draft, with the wish for its secret."""
    if server is None:
        return None
    settings = server.settings
    return DraftServer(
        protocol=settings.protocol,
        host=settings.host,
        port=settings.port,
        security=settings.security,
        authentication=settings.authentication,
        username=settings.username,
        secret=secret,
    )


def named(draft: DraftServer | None, stored: StoredServer | None) -> DraftServer | None:
    """Return new settings of a server; a user name that they leave out stays."""
    if draft is None or stored is None or draft.username is not None:
        return draft
    return replace(draft, username=stored.settings.username)


def merged(config: EmailConfig, change: Change) -> Draft:
    """Return the whole form as it would be after the change.

    A user name that new settings leave out stays, unless the address changes with them.
    """
    address = chosen(change.email_address, config.email_address)
    incoming = chosen(change.incoming, drafted(config.incoming))
    outgoing = chosen(change.outgoing, drafted(config.outgoing))
    if address == config.email_address:
        incoming = named(incoming, config.incoming)
        outgoing = named(outgoing, config.outgoing)
    return Draft(
        name=chosen(change.name, config.name),
        email_address=address,
        display_name=chosen(change.display_name, config.display_name),
        provider_id=chosen(change.provider_id, config.provider_id),
        external_id=chosen(change.external_id, config.external_id),
        metadata=chosen(change.metadata, config.metadata),
        incoming=incoming,
        outgoing=outgoing,
    )


def patched(draft: DraftServer, patch: ServerPatch) -> DraftServer:
    """Return the draft with the values of a fix."""
    return replace(
        draft,
        host=patch.host or draft.host,
        port=patch.port or draft.port,
        security=patch.security or draft.security,
        username=patch.username or draft.username,
        authentication=patch.authentication or draft.authentication,
    )


def canonical(address: str) -> str:
    """Return an address as it is stored: domain in lower-case A-labels; raises AddressInvalid."""
    return parse_address(address).text


def default_username(address: str, provider: Provider | None, protocol: MailProtocol) -> str:
    """Return the user name that the provider expects for an address; the address when unknown."""
    parsed = parse_address(address)
    form = provider.username_form_for(protocol) if provider else "email"
    if form.startswith("literal:"):
        return form.removeprefix("literal:")
    if form == "local":
        return parsed.local
    if form == "local.domain":
        return f"{parsed.local}.{parsed.domain}"
    return parsed.text


def checked(draft: DraftServer, address: str, provider: Provider | None) -> ServerSettings:
    """Turn a validated draft into settings; call it only when `validate` found no error.

    Raises ValueError where a required field is absent, which validation has ruled out.
    """
    if draft.host is None or draft.port is None or draft.security is None:
        raise ValueError("a validated server has host, port and security")
    authentication = draft.authentication or AuthenticationMethod.AUTO
    username = draft.username or None
    if username is None and authentication is not AuthenticationMethod.NONE:
        username = default_username(address, provider, draft.protocol)
    return ServerSettings(
        protocol=draft.protocol,
        host=parse_host(draft.host),
        port=draft.port,
        security=draft.security,
        authentication=authentication,
        username=username,
    )
