"""Builds what looks into addresses, domains and errors, and stores nothing."""

from mailconfig.bootstrap.network import Network
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.probes import Prober
from mailconfig.domain.throttling import Limiter
from mailconfig.services.discovery import DiscoveryService, DiscoverySettings, Outside
from mailconfig.services.domains import DomainService, DomainSettings
from mailconfig.services.explaining import ExplainService, ExplainSettings
from mailconfig.settings import Settings
from mailconfig.storage.limiter import MemoryLimiter


def build_discovery(
    settings: Settings,
    rows: Catalogue,
    prober: Prober,
    outside: Outside,
    limiter: Limiter | None = None,
) -> DiscoveryService:
    """Return discovery; used by the server and by `mailconfig discover`."""
    limits = DiscoverySettings(
        budget_seconds=settings.discovery_seconds,
        source_seconds=settings.discovery_source_seconds,
        per_minute=settings.discoveries_per_minute,
        kept_seconds=settings.discovery_kept_seconds,
    )
    counted = limiter or MemoryLimiter()
    return DiscoveryService(rows, outside, prober, counted, limits, utc_now)


def build_domains(
    settings: Settings, rows: Catalogue, network: Network, limiter: Limiter
) -> DomainService:
    """Return what judges the DNS of a domain."""
    limits = DomainSettings(
        per_minute=settings.domain_checks_per_minute, seconds=settings.domain_check_seconds
    )
    return DomainService(
        rows,
        network.records,
        network.lookups,
        network.fetcher,
        limiter,
        limits,
        utc_now,
    )


def build_explaining(settings: Settings, rows: Catalogue, limiter: Limiter) -> ExplainService:
    """Return what explains error texts."""
    limits = ExplainSettings(settings.explains_per_minute, settings.explain_max_chars)
    return ExplainService(rows, limiter, limits)
