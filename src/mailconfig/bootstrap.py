"""Builds an instance from its settings: the one place where a Protocol meets its implementation.

Reads settings, hands each room its own part, and owns what must be closed again.
"""

import base64
import os
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import Demo
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.discovery import Source
from mailconfig.domain.errors import Fault
from mailconfig.domain.fetching import Fetcher
from mailconfig.domain.languages import Languages
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.resolution import Records, Resolver
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.domain.signing import Signer
from mailconfig.domain.validation import ValidationPolicy
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.limits import ProbeSettings as ProberSettings
from mailconfig.mail.ports import EgressPortScout
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.records import create_records
from mailconfig.mail.resolver import ResolverSettings, create_resolver
from mailconfig.mail.roundtrip import MailRoundTripper, RoundTripSettings
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.remote.autoconfig import AutoconfigSource
from mailconfig.remote.fetcher import HttpsFetcher
from mailconfig.remote.ispdb import IspdbSource
from mailconfig.remote.pacc import PaccSource
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
from mailconfig.settings import Settings, dns_endpoint
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.catalogue import load_catalogue
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import (
    GivenKeys,
    Key,
    KeyFile,
    KeyRefused,
    KeySource,
    ensure_key_file,
    generate_key,
)
from mailconfig.storage.languages import load_languages
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.migration import head_revision, migrate
from mailconfig.storage.sealing import Keyring

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Instance:
    """A built instance; `open_instance` closes it."""

    settings: Settings
    database: Database
    services: Services
    runner: TestRunner
    retention: Retention
    health: HealthService


@dataclass(frozen=True, slots=True)
class Dialling:
    """What an instance reaches other people's servers by."""

    prober: Prober
    port_scout: PortScout
    round_tripper: RoundTripper
    outside: Outside


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
        dialling = Dialling(
            prober or build_prober(settings, demo),
            port_scout or build_port_scout(settings, demo),
            round_tripper or build_round_tripper(settings, demo),
            outside or build_outside(settings),
        )
        yield _assembled(settings, database, dialling, demo)
    finally:
        await database.close()


def storage_settings(settings: Settings) -> StorageSettings:
    """Return storage's part."""
    return StorageSettings(
        url=settings.effective_database_url,
        pool_size=settings.database_pool_size,
        wait_seconds=settings.database_busy_seconds,
        versions_kept=settings.versions_kept,
    )


def key_file(settings: Settings) -> Path:
    """Return where the keyring is when the settings do not hold it."""
    return settings.data_dir / "keys" / "encryption.keys"


async def migrate_embedded(settings: Settings) -> None:
    """Bring SQLite to the newest schema; PostgreSQL is migrated by command only."""
    if storage_settings(settings).url.startswith("sqlite"):
        ensure_data_dir(settings)
        await migrate(storage_settings(settings))


async def open_database(settings: Settings) -> Database:
    """Open the database with its keyring; makes a missing key unless there is ciphertext."""
    ensure_data_dir(settings)
    source = await _key_source(settings)
    keyring = await anyio.to_thread.run_sync(Keyring, source)
    return Database.open(storage_settings(settings), keyring, utc_now)


def ensure_data_dir(settings: Settings) -> None:
    """Make the data folder, for its owner alone."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


async def _key_source(settings: Settings) -> KeySource:
    if settings.encryption_keys is not None:
        return GivenKeys(settings.encryption_keys)
    path = key_file(settings)
    if not path.exists():
        ensure_key_file(path, utc_now(), has_secrets=await _has_secrets(settings))
    return KeyFile(path)


async def _has_secrets(settings: Settings) -> bool:
    """Ask the database whether it holds ciphertext; needs no key that fits."""
    throwaway = Keyring.of_text(generate_key(utc_now()).line())
    database = Database.open(storage_settings(settings), throwaway, utc_now)
    try:
        async with database.system() as system:
            return await system.has_secrets()
    finally:
        await database.close()


def signing_seed(settings: Settings) -> bytes:
    """Return the 32 bytes that tokens, cursors and links are signed under; makes a missing file.

    Raises KeyRefused for a weak key.
    """
    if settings.signing_key is not None:
        return _seed(settings.signing_key)
    path = settings.data_dir / "keys" / "signing.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        try:
            os.link(draft, path)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _seed(path.read_text(encoding="ascii"))


def _seed(text: str) -> bytes:
    try:
        material = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        material = b""
    if len(material) != _KEY_BYTES:
        raise KeyRefused(
            "The signing key is not 32 bytes in base64. Make one with: openssl rand -base64 32"
        )
    return Key("signing", material).material


def _dns(settings: Settings) -> ResolverSettings:
    return ResolverSettings(
        dns_servers=tuple(map(dns_endpoint, settings.dns_servers)),
        timeout_seconds=settings.dns_seconds,
        trust_ad=settings.dns_trust_ad,
    )


def _resolver(settings: Settings) -> Resolver:
    return create_resolver(_dns(settings))


def _records(settings: Settings) -> Records:
    return create_records(_dns(settings))


def _fetcher(settings: Settings) -> Fetcher:
    """Return what fetches documents: on ports of its own, with TLS contexts of its own."""
    policy = EgressPolicy(
        allow_networks=settings.egress_allow_networks,
        allow_ports=frozenset(settings.egress_web_ports),
        refusal_seconds=settings.egress_refusal_seconds,
    )
    contexts = TlsContexts(TlsSettings(ca_file=settings.ca_file))
    return HttpsFetcher(Egress(policy, _resolver(settings)), contexts.verified)


def discovery_sources(settings: Settings, records: Records | None = None) -> tuple[Source, ...]:
    """Return the sources of discovery that ask over HTTPS; `records` is what else asks the DNS."""
    fetcher = _fetcher(settings)
    sources: tuple[Source, ...] = (
        PaccSource(fetcher, records or _records(settings), utc_now),
        AutoconfigSource(fetcher, utc_now),
    )
    if settings.ispdb:
        sources += (IspdbSource(fetcher, utc_now, settings.ispdb_url),)
    return sources


def build_outside(settings: Settings) -> Outside:
    """Return what discovery asks beside mail servers."""
    records = _records(settings)
    return Outside(records, discovery_sources(settings, records))


def build_discovery(
    settings: Settings, rows: Catalogue, prober: Prober, outside: Outside
) -> DiscoveryService:
    """Return discovery; used by the server and by `mailconfig discover`."""
    limits = DiscoverySettings(
        budget_seconds=settings.discovery_seconds,
        source_seconds=settings.discovery_source_seconds,
        per_minute=settings.discoveries_per_minute,
        kept_seconds=settings.discovery_kept_seconds,
    )
    return DiscoveryService(rows, outside, prober, MemoryLimiter(), limits, utc_now)


def _egress(settings: Settings, demo: Demo | None = None) -> Egress:
    policy = EgressPolicy(
        allow_networks=settings.egress_allow_networks,
        allow_ports=frozenset(settings.egress_allow_ports),
        allow_endpoints=demo.endpoints if demo else frozenset(),
        refusal_seconds=settings.egress_refusal_seconds,
    )
    return Egress(policy, _resolver(settings))


def build_port_scout(settings: Settings, demo: Demo | None = None) -> PortScout:
    """Return what finds out which ports of a host answer."""
    return EgressPortScout(_egress(settings, demo))


def build_round_tripper(settings: Settings, demo: Demo | None = None) -> RoundTripper:
    """Return what sends a message round."""
    limits = RoundTripSettings(probe=_dialogue_limits(settings))
    egress = _egress(settings, demo)
    return MailRoundTripper(egress, _trust(settings, demo), diagnose_code, limits)


def build_prober(settings: Settings, demo: Demo | None = None) -> Prober:
    """Return the prober with its egress; used by the server and by `mailconfig test`."""
    limits, trust = _dialogue_limits(settings), _trust(settings, demo)
    return NetworkProber(_egress(settings, demo), trust, diagnose_code, limits)


def _trust(settings: Settings, demo: Demo | None) -> TlsContexts:
    anchors = (demo.trust_anchor,) if demo else ()
    return TlsContexts(TlsSettings(ca_file=settings.ca_file, anchors=anchors))


def _dialogue_limits(settings: Settings) -> ProberSettings:
    return ProberSettings(
        concurrent_tests=settings.test_concurrency,
        connect_seconds=settings.test_connect_seconds,
        greeting_seconds=settings.test_connect_seconds,
        command_seconds=settings.test_step_seconds,
        ehlo_name=settings.ehlo_name,
    )


def check_ca_file(settings: Settings) -> None:
    """Raise ValueError unless the operator's trust anchors can be read; tests need them later."""
    if settings.ca_file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(f"{settings.ca_file} is no file of PEM certificates") from error


def validation_policy(settings: Settings, demo: Demo | None = None) -> ValidationPolicy:
    """Return what the operator allows in forms."""
    return ValidationPolicy(
        allow_plaintext=settings.allow_plaintext,
        allow_private_hosts=bool(settings.egress_allow_networks or demo),
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


def _identity(settings: Settings, database: Database, seed: bytes) -> IdentityService:
    return IdentityService(
        database,
        Tokens(seed, settings.access_token_seconds, utc_now),
        Signer(seed),
        MemoryLimiter(),
        IdentitySettings(
            session_seconds=settings.session_seconds,
            login_attempts_per_minute=settings.login_attempts_per_minute,
            password_min_chars=settings.password_min_chars,
        ),
        utc_now,
    )


def _domains(settings: Settings, rows: Catalogue) -> DomainService:
    limits = DomainSettings(
        per_minute=settings.domain_checks_per_minute, seconds=settings.domain_check_seconds
    )
    return DomainService(
        rows,
        _records(settings),
        _resolver(settings),
        _fetcher(settings),
        MemoryLimiter(),
        limits,
        utc_now,
    )


def _explaining(settings: Settings, rows: Catalogue) -> ExplainService:
    limits = ExplainSettings(settings.explains_per_minute, settings.explain_max_chars)
    return ExplainService(rows, MemoryLimiter(), limits)


def _sequel(settings: Settings, dialling: Dialling, rows: Catalogue) -> Sequel:
    proofs = Proofs(dialling.prober, ProofSettings(settings.proof_seconds))
    limits = SequelSettings(settings.port_scout_seconds, settings.roundtrip_seconds)
    return Sequel(proofs, dialling.port_scout, dialling.round_tripper, rows, limits)


def _assembled(
    settings: Settings, database: Database, dialling: Dialling, demo: Demo | None
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
        Recorder(database), dialling.prober, settings.test_concurrency, settings.test_queue_size
    )
    probes = ProbeService(
        database,
        runner,
        Planner(database, custody, rows, policy, files, utc_now),
        _sequel(settings, dialling, rows),
        Verdicts(database, settings.test_history, utc_now),
        configs,
        ProbeSettings(settings.test_deadline_seconds, settings.test_queue_seconds),
        utc_now,
    )
    services = Services(
        identity=_identity(settings, database, seed),
        configs=configs,
        probes=probes,
        files=files,
        validation=ValidationService(rows, policy, utc_now),
        explaining=_explaining(settings, rows),
        domains=_domains(settings, rows),
        discovery=build_discovery(settings, rows, dialling.prober, dialling.outside),
        catalogue=rows,
        languages=languages(settings),
        cursors=signer.derive("cursor"),
    )
    retention = Retention(
        database, files, settings.idempotency_seconds, settings.draft_test_seconds, utc_now
    )
    return Instance(
        settings, database, services, runner, retention, HealthService(database, head_revision())
    )
