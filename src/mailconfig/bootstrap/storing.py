"""The data folder: its keys, its database, and the seed that everything is signed under."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

import anyio

from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings
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
from mailconfig.storage.migration import migrate
from mailconfig.storage.sealing import Keyring

_KEY_BYTES: Final = 32


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
