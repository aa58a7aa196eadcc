"""Mailboxes that are opened by OAuth 2.0 (RFC 6749): clients, flows and what was granted."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from mailconfig.domain.errors import Refusal
from mailconfig.domain.identity import Principal
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import Secret


class GrantStatus(StrEnum):
    """Whether what a user granted is of use."""

    ACTIVE = "ACTIVE"
    """Access tokens can be had."""
    EXPIRED = "EXPIRED"
    """The provider does not accept the refresh token any more: the user has to authorise anew."""
    REVOKED = "REVOKED"
    """Given back by us or taken back by the user."""


class ClientSource(StrEnum):
    """Who registered an OAuth client."""

    OPERATOR = "OPERATOR"
    """The settings of the instance name it."""
    WORKSPACE = "WORKSPACE"
    """An administrator of the workspace set it; it wins over the operator's."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """What we are to a provider: a client that somebody registered there."""

    provider_id: str
    """Row of the catalogue; rows with the same token endpoint share it."""
    client_id: str
    secret: Secret | None = None
    """None for a public client, which has PKCE alone."""
    tenant: str | None = None
    """Fills {tenant} of Microsoft's addresses; None: as the row of the catalogue says."""
    source: ClientSource = ClientSource.OPERATOR
    updated_at: datetime | None = None
    """When it was set; None for the operator's."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """A flow under way: what its answer has to fit, and whose it is."""

    id: UUID
    user_id: UUID
    binding: str
    """Digest of what the caller showed at the beginning; see `binding_of`."""
    provider_id: str
    config_id: UUID | None
    """Configuration to authorise anew."""
    address: str | None
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MailboxGrant:
    """What a user granted us; its tokens are named, never held."""

    id: UUID
    user_id: UUID | None
    """Who granted it; None when that user is gone."""
    provider_id: str
    client_id: str
    """The client that it was granted to; no other can refresh it."""
    address: str | None
    scopes: tuple[str, ...]
    status: GrantStatus
    failure: str | None
    """Diagnostic code of the last refresh, None when it went well."""
    failed_at: datetime | None
    created_at: datetime
    refreshed_at: datetime | None
    refresh_secret_id: UUID | None
    access_secret_id: UUID | None
    access_expires_at: datetime | None


SIDES: Final = ("incoming", "outgoing")
"""Purposes that the secrets of a configuration's servers are bound to."""
STATE_MAX_CHARS: Final = 100
"""Longest state that is looked at; ours have 43 characters."""


def pointer_id(grant_id: UUID, side: str) -> UUID:
    """Return the id of the secret by which the servers of a side refer to a grant.

    It is made of the grant's id (RFC 9562, section 5.5), so that the configurations that use a
    grant are found by an index and not by opening secrets.
    """
    return uuid5(grant_id, side)


def binding_of(principal: Principal) -> str:
    """Return the digest that ties a flow to the session, key or token that began it."""
    if principal.session_id is not None:
        shown = f"session {principal.session_id}"
    else:
        purpose = principal.purpose
        shown = f"{principal.channel} {principal.key_id} {purpose.config_id if purpose else None}"
    return sha256(f"{shown} {principal.user_id}".encode()).hexdigest()


def digest_of(state: str) -> str:
    """Return the digest under which a state is stored."""
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def same_family(one: Provider, other: Provider) -> bool:
    """Tell whether two rows of the catalogue have one sign-in service: the same token endpoint."""
    if one.oauth2 is None or other.oauth2 is None:
        return False
    return one.id == other.id or one.oauth2.token == other.oauth2.token


class AuthorizationInvalid(Refusal):
    """No such flow, or it is another's, used, or over: all read the same."""

    code = "AUTHORIZATION_INVALID"

    def __init__(self) -> None:
        message = N_("This sign-in with the provider is not valid any more. Start it again.")
        super().__init__(message, ("state",))


class MissingScopes(Refusal):
    """The user left out a permission that mail needs; nothing was kept."""

    code = "MISSING_SCOPES"

    def __init__(self, scopes: tuple[str, ...]) -> None:
        message = N_(
            "The permission does not cover all that is needed. "
            "Start again and leave every tick for mail set."
        )
        super().__init__(message, ("code",))
        self.scopes = scopes


class ProviderRefused(Refusal):
    """The provider's sign-in service gave no tokens; `diagnostic` is a DiagnosticCode's value."""

    code = "PROVIDER_REFUSED"

    def __init__(self, message: str, diagnostic: str, *, retryable: bool) -> None:
        super().__init__(message, ("code",))
        self.diagnostic = diagnostic
        self.retryable = retryable
