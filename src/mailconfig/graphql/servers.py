"""Servers of a configuration or provider: what is shown and what is taken."""

from datetime import datetime

import strawberry

from mailconfig.domain.configs import StoredServer
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import KeepSecret, NewSecret, Secret, SecretChange, SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    DraftServer,
    MailProtocol,
    TransportSecurity,
)
from mailconfig.graphql import ids
from mailconfig.graphql.describing import input_type, object_type, one_of_type
from mailconfig.graphql.scalars import Hostname


@object_type
class ServerSettings:
    """How to reach and sign in to one server."""

    protocol: MailProtocol
    """Which protocol the server speaks."""
    host: Hostname
    """Name or address of the server."""
    port: int
    """TCP port."""
    security: TransportSecurity
    """How the connection is protected."""
    authentication: AuthenticationMethod
    """How to sign in."""
    username: str | None
    """Name to sign in with."""
    secret_set_at: datetime | None
    """When the stored secret was last set; null when there is none. The secret is never shown."""


def server_settings(server: StoredServer | None) -> ServerSettings | None:
    """Show a stored server without its secret."""
    if server is None:
        return None
    settings = server.settings
    return ServerSettings(
        protocol=settings.protocol,
        host=Hostname(settings.host),
        port=settings.port,
        security=settings.security,
        authentication=settings.authentication,
        username=settings.username,
        secret_set_at=server.secret_set_at,
    )


@object_type
class ServerPatchSettings:
    """Settings of one server to change; null keeps a value."""

    host: Hostname | None
    """Other host."""
    port: int | None
    """Other port."""
    security: TransportSecurity | None
    """Other protection."""
    username: str | None
    """Other user name."""
    authentication: AuthenticationMethod | None
    """Other way to sign in."""


def server_patch(patch: ServerPatch | None) -> ServerPatchSettings | None:
    """Show what a fix changes at one server."""
    if patch is None:
        return None
    return ServerPatchSettings(
        host=Hostname(patch.host) if patch.host else None,
        port=patch.port,
        security=patch.security,
        username=patch.username,
        authentication=patch.authentication,
    )


@one_of_type
class SecretInput:
    """Exactly one kind of secret. Secrets are write-only."""

    password: strawberry.Maybe[str]
    """A password, app password or API key."""
    access_token: strawberry.Maybe[str]
    """An OAuth 2.0 access token."""
    grant: strawberry.Maybe[strawberry.ID]
    """A grant of completeMailboxAuthorization: we fetch its access tokens ourselves."""
    keep: strawberry.Maybe[bool]
    """True: use what is stored already, which is allowed only for the same server and user."""


@input_type
class ServerSettingsInput:
    """Settings of one server; the secret is never given back."""

    host: str
    """Name or address of the server."""
    port: int
    """TCP port."""
    security: TransportSecurity
    """How the connection is protected."""
    authentication: AuthenticationMethod = AuthenticationMethod.AUTO
    """How to sign in; AUTO takes the best that the server offers."""
    username: str | None = None
    """Name to sign in with; unset: what the provider expects, else the address."""
    secret: SecretInput | None = None
    """Password or token; unset in an update: the stored one stays where that is safe."""


@input_type
class DraftServerInput:
    """Settings of one server while they are typed: everything may be missing."""

    host: str | None = None
    """Name or address of the server."""
    port: int | None = None
    """TCP port."""
    security: TransportSecurity | None = None
    """How the connection is protected."""
    authentication: AuthenticationMethod | None = None
    """How to sign in."""
    username: str | None = None
    """Name to sign in with."""
    secret: SecretInput | None = None
    """Password or token."""


def secret_change(given: SecretInput | None, path: tuple[str, ...]) -> SecretChange | None:
    """Return what the caller wants done about a secret.

    Raises InvalidInput for keep: false, NotFound for the id of something else than a grant.
    """
    if given is None:
        return None
    if given.password is not None:
        return NewSecret(SecretKind.PASSWORD, Secret(given.password.value))
    if given.access_token is not None:
        return NewSecret(SecretKind.ACCESS_TOKEN, Secret(given.access_token.value))
    if given.grant is not None:
        key = ids.key_of("MailboxGrant", given.grant.value, (*path, "grant"))
        return NewSecret(SecretKind.GRANT, Secret(str(key)))
    if given.keep is not None and given.keep.value:
        return KeepSecret()
    message = N_("keep can only be true; leave the secret out instead.")
    raise InvalidInput.of(ValidationCode.NOT_ALLOWED, message, *path, "keep")


def draft_server(
    protocol: MailProtocol, given: ServerSettingsInput | DraftServerInput | None, field: str
) -> DraftServer | None:
    """Return the input as a draft of the domain."""
    if given is None:
        return None
    return DraftServer(
        protocol=protocol,
        host=given.host,
        port=given.port,
        security=given.security,
        authentication=given.authentication,
        username=given.username,
        secret=secret_change(given.secret, (field, "secret")),
    )
