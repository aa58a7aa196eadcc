"""Builds what takes messages in, changes them, and keeps the suppression list."""

from dataclasses import dataclass

from mailconfig.domain.clock import utc_now
from mailconfig.domain.composition import CompositionLimits
from mailconfig.domain.mailing import MessageSettings
from mailconfig.domain.outbox import Queue
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter
from mailconfig.services.files import FileService
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.intake import FileSettings
from mailconfig.services.messagechanges import MessageChanges
from mailconfig.services.messageparts import MessageParts
from mailconfig.services.messages import MessageService
from mailconfig.services.quotas import QuotaService
from mailconfig.services.senders import SenderService, SenderSettings
from mailconfig.services.suppressions import SuppressionService
from mailconfig.services.unsubscribing import UnsubscribeService
from mailconfig.settings import Settings
from mailconfig.storage.database import Database, Work

_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Mailing:
    """The services about messages."""

    messages: MessageService
    changes: MessageChanges
    suppressions: SuppressionService
    unsubscribing: UnsubscribeService
    senders: SenderService


def build_mailing(
    settings: Settings,
    database: Database,
    queue: Queue[Work],
    files: FileService,
    quotas: QuotaService,
    limiter: Limiter,
    signer: Signer,
) -> Mailing:
    """Return the services about messages; nothing of them dials out."""
    limits = CompositionLimits(
        recipients_max=settings.message_recipients_max,
        size_max_bytes=settings.message_max_bytes,
        attachments_max=settings.message_attachments_max,
    )
    chosen = MessageSettings(
        limits,
        expiry_seconds=round(settings.message_expiry_hours * 3600),
        ahead_seconds=settings.message_schedule_days * _DAY_SECONDS,
        per_minute=settings.messages_per_minute,
    )
    fingerprints = Fingerprints(signer)
    unsubscribing = UnsubscribeService(database, fingerprints, settings.public_url, utc_now)
    uploads = FileSettings(max_bytes=settings.upload_max_bytes)
    parts = MessageParts(files, uploads, limits, unsubscribing)
    return Mailing(
        MessageService(database, queue, parts, fingerprints, quotas, limiter, chosen, utc_now),
        MessageChanges(database, queue, chosen, utc_now),
        SuppressionService(database, fingerprints, utc_now),
        unsubscribing,
        SenderService(
            database, fingerprints, SenderSettings(settings.sender_identities_max), utc_now
        ),
    )
