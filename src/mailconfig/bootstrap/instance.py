"""The services of one process, each with its part of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from mailconfig.bootstrap.federation import build_bearers
from mailconfig.bootstrap.limiting import Limits, open_limits
from mailconfig.bootstrap.looking import build_discovery, build_domains, build_explaining
from mailconfig.bootstrap.mailing import build_mailing
from mailconfig.bootstrap.network import Network
from mailconfig.bootstrap.oauth import MailboxOAuth, build_authorizations, build_grants
from mailconfig.bootstrap.sending import Outgoing, build_outgoing
from mailconfig.bootstrap.storing import blob_folder, open_database, signing_keys
from mailconfig.bootstrap.systemmail import build_reset_mail
from mailconfig.bootstrap.tenants import Tenants, build_quotas, build_tenancy
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import Demo
from mailconfig.domain.errors import Fault
from mailconfig.domain.languages import Languages
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.domain.signing import Signer, SigningRing
from mailconfig.domain.throttling import Limiter, Points
from mailconfig.domain.validation import ValidationPolicy
from mailconfig.services.audit import AuditService
from mailconfig.services.configs import ConfigService
from mailconfig.services.custody import Custody
from mailconfig.services.discovery import Outside
from mailconfig.services.files import FileService
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.formfiles import FormFiles
from mailconfig.services.health import HealthService
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.intake import FileSettings
from mailconfig.services.planning import Planner
from mailconfig.services.probes import ProbeService, ProbeSettings
from mailconfig.services.proofs import Proofs, ProofSettings
from mailconfig.services.quotas import QuotaService
from mailconfig.services.recorder import Recorder
from mailconfig.services.registry import Services
from mailconfig.services.renewal import GrantRenewal
from mailconfig.services.retention import Retention, RetentionSettings
from mailconfig.services.returns import SendingOptionsService
from mailconfig.services.runner import TestRunner
from mailconfig.services.sequel import Sequel, SequelSettings
from mailconfig.services.tokens import Tokens
from mailconfig.services.validation import ValidationService
from mailconfig.services.verdicts import Verdicts
from mailconfig.services.withholding import WithholdingProber
from mailconfig.settings import Settings
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.catalogue import load_catalogue
from mailconfig.storage.database import Database
from mailconfig.storage.languages import load_languages
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.signingkeys import SigningKeys

_DAY_SECONDS: Final = 24 * 3600


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
    signing: SigningKeys
    """Keys that tokens, cursors and links are signed under."""
    renewal: GrantRenewal
    outgoing: Outgoing
    """What sends messages, once its loop runs."""


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


def _files(
    settings: Settings, database: Database, signer: Signer, quotas: QuotaService
) -> FileService:
    limits = FileSettings(
        max_bytes=settings.upload_max_bytes,
        image_max_pixels=settings.image_max_pixels,
        url_seconds=settings.file_url_seconds,
        unused_seconds=settings.upload_unused_seconds,
    )
    try:
        blobs = ObstoreBlobs.open(settings.blob_url, blob_folder(settings))
    except ValueError as error:
        raise Fault(f"MAILCONFIG_BLOB_URL: {error}.") from error
    return FileService(database, blobs, limits, signer, utc_now, quotas)


def access_tokens(settings: Settings, ring: SigningRing) -> Tokens:
    """Return what mints and verifies access tokens of this instance."""
    issuer = settings.public_url or "mailconfig"
    return Tokens(ring, settings.access_token_seconds, utc_now, issuer)


def _identity(
    settings: Settings, database: Database, ring: SigningRing, limiter: Limiter
) -> IdentityService:
    return IdentityService(
        database,
        access_tokens(settings, ring),
        Signer(ring),
        limiter,
        IdentitySettings(
            session_seconds=settings.session_seconds,
            login_attempts_per_minute=settings.login_attempts_per_minute,
            password_min_chars=settings.password_min_chars,
            session_cache_seconds=settings.session_cache_seconds,
            login_delay_seconds=settings.login_delay_max_seconds,
            session_idle_seconds=settings.session_idle_seconds,
            session_touch_seconds=settings.session_touch_seconds,
            password_reset_seconds=settings.password_reset_seconds,
        ),
        utc_now,
    )


def _sequel(settings: Settings, dialling: Dialling, rows: Catalogue) -> Sequel:
    proofs = Proofs(dialling.prober, ProofSettings(settings.proof_seconds))
    limits = SequelSettings(settings.port_scout_seconds, settings.roundtrip_seconds)
    return Sequel(proofs, dialling.port_scout, dialling.round_tripper, rows, limits)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What nearly all services stand on."""

    settings: Settings
    database: Database
    dialling: Dialling
    rows: Catalogue
    policy: ValidationPolicy
    signer: Signer
    limiter: Limiter


@dataclass(frozen=True, slots=True)
class _Mailboxes:
    """The services about configurations, and what they share with others."""

    quotas: QuotaService
    files: FileService
    oauth: MailboxOAuth
    configs: ConfigService
    runner: TestRunner
    probes: ProbeService


def _mailboxes(ground: _Ground) -> _Mailboxes:
    settings, database, rows = ground.settings, ground.database, ground.rows
    custody = Custody(rows.site_of, utc_now)
    quotas = build_quotas(settings, database, ground.limiter)
    files = _files(settings, database, ground.signer, quotas)
    oauth = build_grants(settings, database, rows, ground.dialling.network.poster)
    configs = ConfigService(
        database,
        rows,
        ground.policy,
        custody,
        FormFiles(files, settings.config_max_files),
        Fingerprints(ground.signer),
        oauth.grants,
        quotas,
        utc_now,
    )
    runner = TestRunner(
        Recorder(database),
        WithholdingProber(ground.dialling.prober, utc_now),
        settings.test_concurrency,
        settings.test_queue_size,
        settings.tests_per_user,
    )
    probes = ProbeService(
        database,
        runner,
        Planner(database, custody, rows, ground.policy, files, oauth.grants, utc_now),
        _sequel(settings, ground.dialling, rows),
        Verdicts(database, settings.test_history, utc_now),
        configs,
        ProbeSettings(
            settings.test_deadline_seconds, settings.test_queue_seconds, settings.tests_per_minute
        ),
        ground.limiter,
        utc_now,
        quotas,
    )
    return _Mailboxes(quotas, files, oauth, configs, runner, probes)


def _services(
    ground: _Ground, ring: SigningRing, mailboxes: _Mailboxes, outgoing: Outgoing
) -> Services:
    settings, database, rows = ground.settings, ground.database, ground.rows
    dialling, limiter, oauth = ground.dialling, ground.limiter, mailboxes.oauth
    identity = _identity(settings, database, ring, limiter)
    bearers = build_bearers(settings, database, ring, identity, dialling.network)
    room = Tenants(
        settings, database, identity, bearers, mailboxes.files, oauth.grants, mailboxes.runner
    )
    tenancy = build_tenancy(room, limiter, ground.signer)
    mailing = build_mailing(
        settings,
        database,
        outgoing.queue,
        mailboxes.files,
        mailboxes.quotas,
        limiter,
        ground.signer,
    )
    return Services(
        identity=identity,
        bearers=bearers,
        configs=mailboxes.configs,
        probes=mailboxes.probes,
        reset_mail=build_reset_mail(
            settings, database, outgoing.queue, identity.accounts, limiter, languages(settings)
        ),
        messages=mailing.messages,
        message_changes=mailing.changes,
        suppressions=mailing.suppressions,
        unsubscribing=mailing.unsubscribing,
        sending_options=SendingOptionsService(database),
        senders=mailing.senders,
        files=mailboxes.files,
        validation=ValidationService(rows, ground.policy, utc_now),
        explaining=build_explaining(settings, rows, limiter),
        domains=build_domains(settings, rows, dialling.network, limiter),
        discovery=build_discovery(settings, rows, dialling.knocker, dialling.outside, limiter),
        audit=AuditService(database),
        authorizations=build_authorizations(
            settings, database, rows, oauth, mailboxes.configs, ground.signer, limiter
        ),
        grants=oauth.grants,
        oauth_clients=oauth.clients,
        workspaces=tenancy.workspaces,
        invitations=tenancy.invitations,
        quotas=mailboxes.quotas,
        exports=tenancy.exports,
        erasure=tenancy.erasure,
        catalogue=rows,
        languages=languages(settings),
        cursors=ground.signer.derive("cursor"),
    )


def _retention_settings(settings: Settings) -> RetentionSettings:
    return RetentionSettings(
        idempotency_seconds=settings.idempotency_seconds,
        draft_test_seconds=settings.draft_test_seconds,
        content_seconds=settings.message_content_days * _DAY_SECONDS,
        message_seconds=settings.message_days * _DAY_SECONDS,
    )


def _assembled(
    settings: Settings, database: Database, dialling: Dialling, demo: Demo | None, counting: Limits
) -> Instance:
    signing = signing_keys(settings)
    ground = _Ground(
        settings,
        database,
        dialling,
        catalogue(settings, demo),
        validation_policy(settings, demo),
        Signer(signing.ring),
        counting.attempts,
    )
    mailboxes = _mailboxes(ground)
    outgoing = build_outgoing(
        settings, database, ground.rows, dialling.network, mailboxes.oauth.grants, mailboxes.files
    )
    services = _services(ground, signing.ring, mailboxes, outgoing)
    retention = Retention(
        database,
        mailboxes.files,
        outgoing.queue,
        _retention_settings(settings),
        utc_now,
    )
    health = HealthService(database, head_revision())
    runner, points = mailboxes.runner, counting.points
    renewal = mailboxes.oauth.renewal
    return Instance(
        settings,
        database,
        services,
        runner,
        retention,
        health,
        points,
        signing,
        renewal,
        outgoing,
    )
