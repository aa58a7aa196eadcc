"""Backup and restore of an instance as one unit: rows, files and the ids of their keys.

A backup reads beside servers. A restore refuses whatever does not fit together before it changes
anything: parts that changed, another schema, keys that are missing or other ones, rows that are
there already. Keys are in a backup only where they were asked for: whoever has both has everything.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Final

from mailconfig.bootstrap.archive import (
    FORMAT,
    Archive,
    Manifest,
    Writer,
    fingerprint,
    new_archive,
    open_archive,
)
from mailconfig.bootstrap.storing import ensure_data_dir, key_file, storage_settings
from mailconfig.domain.clock import Now, utc_now
from mailconfig.domain.errors import Fault
from mailconfig.settings import Settings
from mailconfig.storage.backup import TABLES, is_empty, replace_rows, snapshot
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.keys import GivenKeys, Key, KeyFile, parse_keys
from mailconfig.storage.migration import current_revision, migrate
from mailconfig.storage.revisions import head_revision

_KEYS: Final = "keys/"
_BLOBS: Final = "blobs/"
_KEYRING: Final = f"{_KEYS}encryption.keys"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds."""

    rows: int
    """Rows of all tables."""
    secrets: int
    """Of them secrets."""
    files: int
    """Files with their bytes."""
    key_ids: tuple[str, ...]
    """Keys that its secrets need."""


def _summary(manifest: Manifest) -> Summary:
    return Summary(
        rows=sum(part.rows for part in manifest.parts.values()),
        secrets=sum(manifest.sealed.values()),
        files=sum(name.startswith(_BLOBS) for name in manifest.parts),
        key_ids=tuple(sorted(manifest.sealed)),
    )


# ---- backup ------------------------------------------------------------------------------------


async def back_up(
    settings: Settings, path: Path, *, with_keys: bool = False, now: Now = utc_now
) -> Summary:
    """Write a backup to a new file; raises Fault, KeyRefused or OSError and leaves no file then."""
    keys = await asyncio.to_thread(_own_keys, settings)
    if not keys:
        raise Fault("There is no encryption key, so there is nothing to back up.")
    revision = await current_revision(storage_settings(settings))
    if revision != head_revision():
        raise Fault("The database has not the schema of this version. Run: mailconfig migrate")
    created_at = now().astimezone(UTC).isoformat(timespec="seconds")
    with new_archive(path) as writer:
        async with snapshot(storage_settings(settings)) as rows:
            for name in TABLES:
                await writer.add(f"tables/{name}.jsonl", rows.lines(name))
            blobs, sealed = await rows.blobs(), await rows.sealed()
        lost = await _add_blobs(settings, writer, blobs)
        if with_keys:
            await _add_keys(settings, writer, keys)
        prints = {key.id: fingerprint(key) for key in keys}
        manifest = Manifest(FORMAT, created_at, revision, prints, sealed, lost, writer.parts)
        await asyncio.to_thread(writer.close, manifest, keys[0])
    return _summary(manifest)


def _own_keys(settings: Settings) -> tuple[Key, ...]:
    """Return the keys that are there; makes none. Blocks."""
    if settings.encryption_keys is not None:
        return GivenKeys(settings.encryption_keys).read()
    path = key_file(settings)
    return KeyFile(path).read() if path.exists() else ()


async def _add_blobs(settings: Settings, writer: Writer, names: list[str]) -> list[str]:
    """Add the bytes of all files; return the names of those that are gone meanwhile."""
    blobs = _store(settings)
    lost = []
    for name in names:
        chunks = blobs.read(name)
        try:
            first = await anext(chunks, b"")
        except KeyError:
            lost.append(name)
        else:
            await writer.add(f"{_BLOBS}{name}", _counted(first, chunks))
    return lost


async def _counted(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    yield 0, first
    async for chunk in rest:
        yield 0, chunk


async def _add_keys(settings: Settings, writer: Writer, keys: tuple[Key, ...]) -> None:
    """Add the keyring, wherever it is from, and the other files of the folder of keys."""
    lines = "".join(f"{key.line()}\n" for key in keys).encode()
    await writer.add(_KEYRING, _once(lines))
    folder = key_file(settings).parent
    for path in sorted(folder.glob("signing.*")) if folder.is_dir() else ():
        if path.suffix != ".lock" and path.is_file():
            await writer.add(f"{_KEYS}{path.name}", _once(path.read_bytes()))


async def _once(content: bytes) -> AsyncIterator[tuple[int, bytes]]:
    yield 0, content


def _store(settings: Settings) -> ObstoreBlobs:
    try:
        return ObstoreBlobs.open(settings.blob_url, settings.data_dir / "blobs")
    except ValueError as error:
        raise Fault(f"MAILCONFIG_BLOB_URL: {error}.") from error


# ---- restore -----------------------------------------------------------------------------------


async def check_backup(settings: Settings, path: Path, *, force: bool = False) -> Summary:
    """Check all that a restore would refuse, and change nothing; raises Fault, KeyRefused, OSError.

    `force`: rows that are there already are no hindrance.
    """
    with open_archive(path) as archive:
        await _refuse_mismatch(settings, archive, force=force)
        return _summary(archive.manifest)


async def restore(settings: Settings, path: Path, *, force: bool = False) -> Summary:
    """Put a backup into an instance that has no rows, or in the place of all rows by `force`.

    Raises Fault, KeyRefused or OSError. Files come first: where it stops, no row is changed. Stop
    the servers before.
    """
    with open_archive(path) as archive:
        await _refuse_mismatch(settings, archive, force=force)
        ensure_data_dir(settings)
        await asyncio.to_thread(_restore_keys, settings, archive)
        await migrate(storage_settings(settings))
        blobs = _store(settings)
        for name in archive.manifest.parts:
            if name.startswith(_BLOBS):
                await blobs.write(name.removeprefix(_BLOBS), _read(archive, name))
        await replace_rows(
            storage_settings(settings),
            lambda table: archive.lines(f"tables/{table}.jsonl"),
            frozenset(archive.manifest.lost_blobs),
        )
        return _summary(archive.manifest)


async def _read(archive: Archive, name: str) -> AsyncIterator[bytes]:
    for chunk in archive.chunks(name):
        yield chunk


async def _refuse_mismatch(settings: Settings, archive: Archive, *, force: bool) -> None:
    manifest = archive.manifest
    if manifest.revision != head_revision():
        found = (
            f"The backup has the schema {manifest.revision}, this version has {head_revision()}."
        )
        raise Fault(f"{found} Restore it with the version that made it, then upgrade.")
    if {f"tables/{name}.jsonl" for name in TABLES} - set(manifest.parts):
        raise Fault("The backup has not all tables.")
    keys = await asyncio.to_thread(_keys_after, settings, archive)
    _refuse_keys(manifest, keys)
    archive.prove(keys)
    if not force and not await _is_empty(settings):
        raise Fault("The database holds rows already. With --force they are replaced, all of them.")


def _refuse_keys(manifest: Manifest, keys: tuple[Key, ...]) -> None:
    """Refuse secrets that nothing here could open."""
    prints = {key.id: fingerprint(key) for key in keys}
    missing = sorted(id for id in manifest.sealed if id not in prints)
    if missing:
        raise Fault(f"Keys of the backup are not there: {', '.join(missing)}. Restore them first.")
    others = sorted(id for id in prints if manifest.keys.get(id, prints[id]) != prints[id])
    if others:
        raise Fault(f"Keys here have ids of the backup and are others: {', '.join(others)}.")


def _keys_after(settings: Settings, archive: Archive) -> tuple[Key, ...]:
    """Return the keys that there are after a restore: ours, else those of the backup. Blocks."""
    keys = _own_keys(settings)
    if keys or _KEYRING not in archive.manifest.parts:
        return keys
    return parse_keys(b"".join(archive.chunks(_KEYRING)).decode("ascii", "replace"))


def _restore_keys(settings: Settings, archive: Archive) -> None:
    """Write the key files of the backup that are not there; never over one that is. Blocks."""
    folder = key_file(settings).parent
    for name in archive.manifest.parts:
        if not name.startswith(_KEYS):
            continue
        if name == _KEYRING and settings.encryption_keys is not None:
            continue
        path = folder / Path(name).name
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(b"".join(archive.chunks(name)))


async def _is_empty(settings: Settings) -> bool:
    """Tell whether the database has no rows; one without tables has none."""
    storage = storage_settings(settings)
    if storage.url.startswith("sqlite"):
        path = Path(storage.url.removeprefix("sqlite:///"))
        if not await asyncio.to_thread(path.exists):
            return True
    revision = await current_revision(storage)
    if revision is None:
        return True
    if revision != head_revision():
        raise Fault("The database has not the schema of this version. Run: mailconfig migrate")
    return await is_empty(storage)
