"""Mailbox OAuth of one process: clients of the settings, and the services around grants."""

import json
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault
from mailconfig.domain.fetching import Poster
from mailconfig.domain.mailboxes import OAuthClient
from mailconfig.domain.oauth import TokenEndpoint
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter
from mailconfig.remote.oauth import EndpointSettings, HttpsTokenEndpoint
from mailconfig.services.authorizations import AuthorizationService, AuthorizationSettings
from mailconfig.services.configs import ConfigService
from mailconfig.services.grants import GrantService
from mailconfig.services.keeping import GrantKeeper
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.services.refreshing import Refresher, RefreshSettings
from mailconfig.services.renewal import GrantRenewal, RenewalSettings
from mailconfig.settings import Settings
from mailconfig.storage.database import Database

_CALLBACK: Final = "/oauth/callback"
"""Page of the front end that takes providers' answers."""
_LEASE_ROOM_SECONDS: Final = 10
"""What a refresh may take beside the endpoint's time: two short transactions."""
_CLIENT_WITHOUT_SECRET: Final = 2
_CLIENT_WITH_SECRET: Final = 3
_MEMBERS: Final = frozenset({"provider", "client_id", "client_secret", "tenant"})


@dataclass(frozen=True, slots=True)
class MailboxOAuth:
    """What of mailbox OAuth is needed before configurations can be stored."""

    clients: OAuthClientService
    grants: GrantService
    tokens: TokenEndpoint
    renewal: GrantRenewal


def operator_clients(settings: Settings, rows: Catalogue) -> tuple[OAuthClient, ...]:
    """Return the clients that the settings name; raises Fault for what cannot be one.

    No message holds a part of what was set: it may be a secret.
    """
    found = [*_listed(settings.oauth_clients or ""), *_filed(settings)]
    for client in found:
        row = rows.by_id(client.provider_id)
        if row is None or row.oauth2 is None:
            raise Fault("An OAuth client names a provider that has no OAuth 2.0 in the catalogue.")
    return tuple(found)


def _listed(text: str) -> list[OAuthClient]:
    clients = []
    for entry in filter(None, map(str.strip, text.split(","))):
        parts = entry.split(":", 2)
        if len(parts) not in {_CLIENT_WITHOUT_SECRET, _CLIENT_WITH_SECRET} or not all(parts):
            raise Fault("MAILCONFIG_OAUTH_CLIENTS: write provider:client id:secret, with commas.")
        secret = Secret(parts[2]) if len(parts) == _CLIENT_WITH_SECRET else None
        clients.append(OAuthClient(parts[0], parts[1], secret))
    return clients


def _filed(settings: Settings) -> list[OAuthClient]:
    if settings.oauth_clients_file is None:
        return []
    try:
        content = json.loads(settings.oauth_clients_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Fault("MAILCONFIG_OAUTH_CLIENTS_FILE cannot be read, or is no JSON.") from None
    if not isinstance(content, list):
        raise Fault("MAILCONFIG_OAUTH_CLIENTS_FILE holds no list.")
    return [_read(entry) for entry in content]


def _read(entry: object) -> OAuthClient:
    whole = isinstance(entry, dict) and set(entry) <= _MEMBERS
    if not isinstance(entry, dict) or not whole or not {"provider", "client_id"} <= set(entry):
        members = ", ".join(sorted(_MEMBERS))
        raise Fault(f"MAILCONFIG_OAUTH_CLIENTS_FILE: an entry has {members}.")
    if not all(isinstance(value, str) and value for value in entry.values()):
        raise Fault("MAILCONFIG_OAUTH_CLIENTS_FILE: all values are texts.")
    secret = entry.get("client_secret")
    return OAuthClient(
        entry["provider"],
        entry["client_id"],
        Secret(secret) if secret else None,
        entry.get("tenant"),
    )


def redirect_uris(settings: Settings) -> tuple[str, ...]:
    """Return the addresses that users may be sent back to, the usual one first."""
    if settings.oauth_redirect_uris:
        return settings.oauth_redirect_uris
    if settings.public_url is None:
        return ()
    return (settings.public_url.rstrip("/") + _CALLBACK,)


def build_grants(
    settings: Settings, database: Database, rows: Catalogue, poster: Poster
) -> MailboxOAuth:
    """Return what custody of grants takes; raises Fault for clients that cannot be."""
    tokens = HttpsTokenEndpoint(poster, EndpointSettings(settings.oauth_endpoint_seconds))
    clients = OAuthClientService(
        database, rows, operator_clients(settings, rows), redirect_uris(settings)
    )
    refresher = Refresher(
        database,
        rows,
        clients,
        tokens,
        RefreshSettings(
            margin_seconds=settings.oauth_refresh_margin_seconds,
            lease_seconds=settings.oauth_endpoint_seconds + _LEASE_ROOM_SECONDS,
            retry_seconds=settings.oauth_retry_seconds,
        ),
        utc_now,
    )
    renewal = GrantRenewal(
        database,
        refresher,
        RenewalSettings(settings.oauth_keep_alive_days, settings.oauth_keep_alive_per_round),
        utc_now,
    )
    grants = GrantService(database, rows, clients, refresher, tokens)
    return MailboxOAuth(clients, grants, tokens, renewal)


def build_authorizations(
    settings: Settings,
    database: Database,
    rows: Catalogue,
    oauth: MailboxOAuth,
    configs: ConfigService,
    signer: Signer,
    limiter: Limiter,
) -> AuthorizationService:
    """Return what begins and completes flows."""
    return AuthorizationService(
        database,
        rows,
        oauth.clients,
        oauth.grants,
        GrantKeeper(database, rows, oauth.grants, configs, utc_now),
        configs,
        oauth.tokens,
        signer,
        limiter,
        AuthorizationSettings(settings.oauth_authorization_seconds),
        utc_now,
    )
