"""The data folder: its database, and both kinds of keys."""

from pathlib import Path

import anyio

from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import (
    GivenKeys,
    KeyFile,
    KeySource,
    ensure_key_file,
    generate_key,
)
from mailconfig.storage.migration import migrate
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.signingkeys import (
    GivenSigningKeys,
    SigningKeys,
    ensure_signing_key_file,
    signing_key_file,
)


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


def key_source(settings: Settings) -> KeySource:
    """Return where the keys of secrets come from; makes none."""
    if settings.encryption_keys is not None:
        return GivenKeys(settings.encryption_keys)
    return KeyFile(key_file(settings))


def blob_folder(settings: Settings) -> Path:
    """Return where files are when the settings name no store."""
    return settings.data_dir / "blobs"


async def migrate_embedded(settings: Settings) -> None:
    """Bring SQLite to the newest schema; PostgreSQL is migrated by command only."""
    if storage_settings(settings).url.startswith("sqlite"):
        ensure_data_dir(settings)
        await migrate(storage_settings(settings))


async def open_database(settings: Settings) -> Database:
    """Open the database with its keyring; makes a missing key unless there is ciphertext."""
    ensure_data_dir(settings)
    path = key_file(settings)
    if settings.encryption_keys is None and not path.exists():
        ensure_key_file(path, utc_now(), has_secrets=await _has_secrets(settings))
    keyring = await anyio.to_thread.run_sync(Keyring, key_source(settings))
    return Database.open(storage_settings(settings), keyring, utc_now)


def ensure_data_dir(settings: Settings) -> None:
    """Make the data folder, for its owner alone."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


async def _has_secrets(settings: Settings) -> bool:
    """Ask the database whether it holds ciphertext; needs no key that fits."""
    throwaway = Keyring.of_text(generate_key(utc_now()).line())
    database = Database.open(storage_settings(settings), throwaway, utc_now)
    try:
        async with database.reading_system() as system:
            return await system.sealed.exist()
    finally:
        await database.close()


def signing_key_path(settings: Settings) -> Path:
    """Return where the signing keys are when the settings do not hold them."""
    return settings.data_dir / "keys" / "signing.key"


def signing_source(settings: Settings) -> KeySource:
    """Return where the keys come from that tokens, cursors and links are signed under."""
    if settings.signing_key is not None:
        return GivenSigningKeys(settings.signing_key)
    return signing_key_file(signing_key_path(settings))


def signing_keys(settings: Settings) -> SigningKeys:
    """Return these keys; makes a missing file. Raises KeyRefused for a weak key."""
    if settings.signing_key is None and not signing_key_path(settings).exists():
        ensure_signing_key_file(signing_key_path(settings), utc_now())
    return SigningKeys(signing_source(settings))
