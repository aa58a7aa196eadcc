"""The rotation of keys by schedule, from the settings."""

from mailconfig.bootstrap.storing import key_file, key_source
from mailconfig.domain.clock import utc_now
from mailconfig.services.rotation import KeyRotation
from mailconfig.settings import Settings
from mailconfig.storage.database import Database


def key_rotation(settings: Settings, database: Database) -> KeyRotation:
    """Return the loop that replaces old encryption keys."""
    return KeyRotation(
        database,
        key_source(settings),
        None if settings.encryption_keys is not None else key_file(settings),
        settings.key_rotation_days,
        utc_now,
    )
