"""Builds what tells who shows an Authorization header: keys, embed tokens, host tokens, our own."""

from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import utc_now
from mailconfig.domain.signing import SigningRing
from mailconfig.remote.jwks import JwksKeySets, JwksSettings
from mailconfig.services.apikeys import ApiKeyService, ApiKeySettings
from mailconfig.services.bearers import Bearers
from mailconfig.services.embedding import EmbeddingService, EmbedSettings
from mailconfig.services.federation import HostSettings, HostTokens
from mailconfig.services.identity import IdentityService
from mailconfig.services.subjects import Subjects
from mailconfig.settings import Settings
from mailconfig.storage.database import Database


def build_bearers(
    settings: Settings,
    database: Database,
    ring: SigningRing,
    identity: IdentityService,
    network: Network,
) -> Bearers:
    """Return all of it; the network is asked only where a host application is set up."""
    subjects = Subjects(database)
    cache = settings.session_cache_seconds
    limits = ApiKeySettings(settings.api_keys_per_workspace, settings.api_key_max_days, cache)
    keys = ApiKeyService(database, identity.departures, limits, utc_now)
    issuer = settings.host_issuer if settings.embed_subjects_of_host else None
    embedding = EmbeddingService(
        database,
        ring,
        subjects,
        keys,
        identity.by_session,
        EmbedSettings(settings.embed_token_max_seconds, cache, issuer),
        utc_now,
    )
    return Bearers(identity, keys, embedding, _host_tokens(settings, subjects, network))


def _host_tokens(settings: Settings, subjects: Subjects, network: Network) -> HostTokens | None:
    if not (settings.host_issuer and settings.host_audience and settings.host_jwks_url):
        return None
    key_sets = JwksKeySets(network.fetcher, JwksSettings(settings.host_jwks_url))
    chosen = HostSettings(
        issuer=settings.host_issuer,
        audience=settings.host_audience,
        algorithms=frozenset(settings.host_algorithms),
        workspace=settings.host_workspace,
        workspace_claim=settings.host_workspace_claim,
        create_workspaces=settings.host_create_workspaces,
        role_claim=settings.host_role_claim,
        roles=settings.host_roles,
        default_role=settings.host_default_role,
        email_claim=settings.host_email_claim,
        leeway_seconds=settings.host_leeway_seconds,
        max_token_seconds=settings.host_max_token_seconds,
        cache_seconds=settings.session_cache_seconds,
    )
    return HostTokens(key_sets, subjects, chosen, utc_now)
