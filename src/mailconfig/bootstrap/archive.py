"""The file of a backup: a zip whose manifest names each part with its digest.

    manifest.json   what is in it, from which schema, under which keys
    manifest.mac    HMAC-SHA-256 of it, under the newest encryption key
    tables/*.jsonl  the rows, one a line
    blobs/*         encrypted files, as the store has them
    keys/*          the key files, only where they were asked for

Threat: bytes that changed on the way or in storage, and somebody who can write the file but has no
key. Must not: extract anything by a name that the file chose, or be read before it was checked.
"""

import hmac
import json
import os
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

import anyio.to_thread

from mailconfig.domain.errors import Fault
from mailconfig.storage.keys import Key

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MAC: Final = "manifest.mac"
_CHUNK_BYTES: Final = 1024 * 1024
_MANIFEST_MAX_BYTES: Final = 1024**3
"""A manifest has some 150 bytes a file."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the archive."""

    sha256: str
    """Digest of its bytes."""
    size: int
    """Its bytes."""
    rows: int = 0
    """Rows of a table."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself; holds no secret and no key."""

    format: int
    """Version of this layout."""
    created_at: str
    """When it was begun, in UTC."""
    revision: str
    """The migration of its rows."""
    keys: dict[str, str]
    """Ids of the encryption keys with their fingerprints, newest first."""
    sealed: dict[str, int]
    """Secrets by the id of the key they are under."""
    lost_blobs: list[str]
    """Files that were deleted while the backup was made; their rows are not restored."""
    parts: dict[str, Part] = field(default_factory=dict)
    """All other members by name."""


def fingerprint(key: Key) -> str:
    """Return what tells a key from another one of the same id, and nothing else."""
    return sha256(b"mailconfig key fingerprint\0" + key.material).hexdigest()[:32]


def _mac(key: Key, manifest: bytes) -> str:
    own = hmac.digest(key.material, b"mailconfig backup manifest", "sha256")
    return hmac.new(own, manifest, "sha256").hexdigest()


class Writer:
    """Writes an archive part by part."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.parts: dict[str, Part] = {}

    async def add(self, name: str, chunks: AsyncIterator[tuple[int, bytes]]) -> int:
        """Write one part from counts and chunks; return the sum of the counts."""
        digest, size, count = sha256(), 0, 0
        entry = zipfile.ZipInfo(name)
        # What is encrypted does not get smaller.
        entry.compress_type = (
            zipfile.ZIP_STORED if name.startswith("blobs/") else zipfile.ZIP_DEFLATED
        )
        with self._zip.open(entry, "w", force_zip64=True) as member:
            async for number, chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                count += number
                await anyio.to_thread.run_sync(member.write, chunk)
        self.parts[name] = Part(digest.hexdigest(), size, count)
        return count

    def close(self, manifest: Manifest, key: Key) -> None:
        """Write the manifest and what proves it. Blocks."""
        text = json.dumps(asdict(manifest), indent=1).encode()
        self._zip.writestr(MANIFEST, text)
        self._zip.writestr(MAC, json.dumps({"key": key.id, "mac": _mac(key, text)}))

    def end(self) -> None:
        """Finish the file, whatever is in it; fine when called again. Blocks."""
        self._zip.close()


class Archive:
    """An archive that was checked: each part is what its manifest says. Blocks."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        """Read and check everything but the proof; raises Fault."""
        self._zip = opened
        self._text = self._whole(MANIFEST)
        self.manifest = _manifest(self._text)
        names = {*self.manifest.parts, MANIFEST, MAC}
        if sorted(names) != sorted(opened.namelist()):
            raise Fault("The backup has other parts than its manifest says.")
        for name, part in self.manifest.parts.items():
            digest = sha256()
            for chunk in self.chunks(name):
                digest.update(chunk)
            if digest.hexdigest() != part.sha256:
                raise Fault(f"The backup is damaged: {name} has changed.")

    def prove(self, keys: Iterable[Key]) -> None:
        """Check that the manifest was written by who has one of these keys; raises Fault."""
        proof = json.loads(self._whole(MAC))
        key = next((key for key in keys if key.id == proof.get("key")), None)
        if key is None:
            raise Fault(f"The key {proof.get('key')} of the backup is not there. Restore it first.")
        if not hmac.compare_digest(str(proof.get("mac")), _mac(key, self._text)):
            raise Fault("The manifest of the backup has changed, or its key is another one.")

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a part; raises Fault where they are cut off or changed."""
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK_BYTES):
                    yield chunk
        except (KeyError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise Fault(f"The backup is damaged: {name} cannot be read.") from error

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a part."""
        with self._zip.open(name) as member:
            yield from member

    def _whole(self, name: str) -> bytes:
        try:
            if self._zip.getinfo(name).file_size > _MANIFEST_MAX_BYTES:
                raise Fault("The backup is damaged: its manifest is too large.")
        except KeyError:
            raise Fault(f"This is no backup of mailconfig: it has no {name}.") from None
        return b"".join(self.chunks(name))


def _manifest(text: bytes) -> Manifest:
    try:
        members = json.loads(text)
        if members["format"] != FORMAT:
            raise Fault("The backup is of another version of mailconfig.")
        parts = {name: Part(**part) for name, part in members.pop("parts").items()}
        return Manifest(**members, parts=parts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Fault("The manifest of the backup cannot be read.") from error


@contextmanager
def new_archive(path: Path) -> Iterator[Writer]:
    """Write an archive for its owner alone, which is there as a whole or not at all.

    Raises OSError; FileExistsError where there is such a file already.
    """
    draft = path.with_name(f"{path.name}.part")
    if path.exists():
        raise FileExistsError(17, "it exists already", str(path))
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            writer = Writer(file)
            try:
                yield writer
            finally:
                writer.end()
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive and check it; raises Fault, and OSError for a file that cannot be read."""
    try:
        opened = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise Fault(f"{path} is no backup of mailconfig, or it is cut off.") from error
    with opened:
        yield Archive(opened)
