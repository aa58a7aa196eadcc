"""The services of one process, each with its part of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailconfig.bootstrap.limiting import Limits, open_limits
from mailconfig.bootstrap.network import Network
from mailconfig.bootstrap.storing import open_database, signing_seed
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import Demo
from mailconfig.domain.errors import Fault
from mailconfig.domain.languages import Languages
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter, Points
from mailconfig.domain.validation import ValidationPolicy
from mailconfig.services.audit import AuditService
from mailconfig.services.configs import ConfigService
from mailconfig.services.custody import Custody
from mailconfig.services.discovery import DiscoveryService, DiscoverySettings, Outside
from mailconfig.services.domains import DomainService, DomainSettings
from mailconfig.services.explaining import ExplainService, ExplainSettings
from mailconfig.services.files import FileService
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.formfiles import FormFiles
from mailconfig.services.health import HealthService
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.intake import FileSettings
from mailconfig.services.planning import Planner
from mailconfig.services.probes import ProbeService, ProbeSettings
from mailconfig.services.proofs import Proofs, ProofSettings
from mailconfig.services.recorder import Recorder
from mailconfig.services.registry import Services
from mailconfig.services.retention import Retention
from mailconfig.services.runner import TestRunner
from mailconfig.services.sequel import Sequel, SequelSettings
from mailconfig.services.tokens import Tokens
from mailconfig.services.validation import ValidationService
from mailconfig.services.verdicts import Verdicts
from mailconfig.settings import Settings
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.catalogue import load_catalogue
from mailconfig.storage.database import Database
from mailconfig.storage.languages import load_languages
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.migration import head_revision


@dataclass(frozen=True, slots=True)
class Instance:
    """A built instance; `open_instance` closes it."""

    settings: Settings
    database: Database
    services: Services
    runner: TestRunner
    retention: Retention
    health: HealthService
    points: Points
    """Counts what callers spend."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """What an instance reaches other people's servers by."""

    prober: Prober
    knocker: Prober
    """What discovery knocks with."""
    port_scout: PortScout
    round_tripper: RoundTripper
    outside: Outside
    network: Network
    """What asks the DNS and the web for domain checks."""


@asynccontextmanager
async def open_instance(
    settings: Settings,
    prober: Prober | None = None,
    *,
    port_scout: PortScout | None = None,
    round_tripper: RoundTripper | None = None,
    outside: Outside | None = None,
    demo: Demo | None = None,
) -> AsyncIterator[Instance]:
    """Build everything, close it in the end. Raises KeyRefused or Fault with what to do.

    `prober`, `port_scout`, `round_tripper` and `outside` take the places of what dials and asks;
    `demo` adds simulated providers to the world.
    """
    database = await open_database(settings)
    try:
        network = Network(settings, demo)
        dialling = Dialling(
            prober or network.prober,
            prober or network.knocker,
            port_scout or network.port_scout,
            round_tripper or network.round_tripper,
            outside or network.outside,
            network,
        )
        async with open_limits(settings) as counting:
            yield _assembled(settings, database, dialling, demo, counting)
    finally:
        await database.close()


def validation_policy(settings: Settings, demo: Demo | None = None) -> ValidationPolicy:
    """Return what the operator allows in forms."""
    return ValidationPolicy(
        allow_plaintext=settings.allow_plaintext,
        allow_private_hosts=bool(settings.egress_allow_networks),
        reachable_hosts=demo.hosts if demo else frozenset(),
    )


def catalogue(settings: Settings, demo: Demo | None = None) -> Catalogue:
    """Return the catalogue with the operator's rows, and those of the demonstration."""
    rows = load_catalogue(settings.catalogue_file)
    return demo.catalogue(rows) if demo else rows


def languages(settings: Settings) -> Languages:
    """Return the languages, with the operator's for those who ask for none that there is."""
    return load_languages(settings.language)


def _files(settings: Settings, database: Database, signer: Signer) -> FileService:
    limits = FileSettings(
        max_bytes=settings.upload_max_bytes,
        image_max_pixels=settings.image_max_pixels,
        url_seconds=settings.file_url_seconds,
        unused_seconds=settings.upload_unused_seconds,
    )
    try:
        blobs = ObstoreBlobs.open(settings.blob_url, settings.data_dir / "blobs")
    except ValueError as error:
        raise Fault(f"MAILCONFIG_BLOB_URL: {error}.") from error
    return FileService(database, blobs, limits, signer, utc_now)


def _identity(
    settings: Settings, database: Database, seed: bytes, limiter: Limiter
) -> IdentityService:
    return IdentityService(
        database,
        Tokens(seed, settings.access_token_seconds, utc_now),
        Signer(seed),
        limiter,
        IdentitySettings(
            session_seconds=settings.session_seconds,
            login_attempts_per_minute=settings.login_attempts_per_minute,
            password_min_chars=settings.password_min_chars,
            session_cache_seconds=settings.session_cache_seconds,
            login_delay_seconds=settings.login_delay_max_seconds,
        ),
        utc_now,
    )


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


def _domains(
    settings: Settings, rows: Catalogue, network: Network, limiter: Limiter
) -> DomainService:
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


def _explaining(settings: Settings, rows: Catalogue, limiter: Limiter) -> ExplainService:
    limits = ExplainSettings(settings.explains_per_minute, settings.explain_max_chars)
    return ExplainService(rows, limiter, limits)


def _sequel(settings: Settings, dialling: Dialling, rows: Catalogue) -> Sequel:
    proofs = Proofs(dialling.prober, ProofSettings(settings.proof_seconds))
    limits = SequelSettings(settings.port_scout_seconds, settings.roundtrip_seconds)
    return Sequel(proofs, dialling.port_scout, dialling.round_tripper, rows, limits)


def _assembled(
    settings: Settings, database: Database, dialling: Dialling, demo: Demo | None, counting: Limits
) -> Instance:
    seed = signing_seed(settings)
    signer = Signer(seed)
    rows = catalogue(settings, demo)
    policy = validation_policy(settings, demo)
    custody = Custody(rows.site_of, utc_now)
    files = _files(settings, database, signer)
    configs = ConfigService(
        database,
        rows,
        policy,
        custody,
        FormFiles(files, settings.config_max_files),
        Fingerprints(signer),
        utc_now,
    )
    runner = TestRunner(
        Recorder(database),
        dialling.prober,
        settings.test_concurrency,
        settings.test_queue_size,
        settings.tests_per_user,
    )
    probes = ProbeService(
        database,
        runner,
        Planner(database, custody, rows, policy, files, utc_now),
        _sequel(settings, dialling, rows),
        Verdicts(database, settings.test_history, utc_now),
        configs,
        ProbeSettings(
            settings.test_deadline_seconds, settings.test_queue_seconds, settings.tests_per_minute
        ),
        counting.attempts,
        utc_now,
    )
    services = Services(
        identity=_identity(settings, database, seed, counting.attempts),
        configs=configs,
        probes=probes,
        files=files,
        validation=ValidationService(rows, policy, utc_now),
        explaining=_explaining(settings, rows, counting.attempts),
        domains=_domains(settings, rows, dialling.network, counting.attempts),
        discovery=build_discovery(
            settings, rows, dialling.knocker, dialling.outside, counting.attempts
        ),
        audit=AuditService(database),
        catalogue=rows,
        languages=languages(settings),
        cursors=signer.derive("cursor"),
    )
    retention = Retention(
        database, files, settings.idempotency_seconds, settings.draft_test_seconds, utc_now
    )
    health = HealthService(database, head_revision())
    return Instance(settings, database, services, runner, retention, health, counting.points)
