"""Signing keys: how they are written, made, rotated in their file and kept up to date.

Written form: `id:base64`, or the bare base64 of 32 bytes, whose id follows from its public key;
with commas or one a line, the newest first. Its file has mode 0600.

Several processes may share the file, and each notices a change within a second. So that none signs
what another does not know yet, a new key verifies at once and signs some seconds later.

Must not: log or repeat a key in an error.
"""

import asyncio
import base64
import logging
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.errors import Fault
from mailconfig.domain.signing import SigningKey, SigningRing
from mailconfig.storage.keys import (
    KEY_BYTES,
    Key,
    KeyFile,
    KeyRefused,
    KeySource,
    locked,
    replace_file,
)

_log = logging.getLogger(__name__)
_BORN: Final = re.compile(r"(\d{8}T\d{6})-")
"""How ids of keys begin that were made here: the moment, in UTC."""
_DERIVED_ID_CHARS: Final = 16
"""Of a bare key: 96 bits, which tell keys of one ring apart."""
_REFRESH_SECONDS: Final = 1.0
"""A changed file is noticed after this time: one stat a second costs nothing."""
_SETTLE_SECONDS: Final = 3.0
"""A new key signs after this time, when each process has noticed it."""


def parse_signing_keys(text: str) -> tuple[Key, ...]:
    """Read keys, newest first; raises KeyRefused for none, a weak one or an id used twice."""
    lines = (line.strip() for line in re.split(r"[,\n]", text))
    keys = tuple(_parsed(line) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise _malformed()
    if len({key.id for key in keys}) < len(keys):
        raise KeyRefused("Two signing keys have the same id.")
    return keys


def _parsed(line: str) -> Key:
    """Read one key; the text itself never gets into the error."""
    id, colon, encoded = line.rpartition(":")
    try:
        material = base64.b64decode(encoded, validate=True)
    except ValueError:
        material = b""
    if len(material) != KEY_BYTES:
        raise _malformed()
    try:
        return Key(id if colon else _derived_id(material), material)
    except KeyRefused:
        raise KeyRefused(
            "A signing key is not random, or its id is not 1 to 32 letters, digits, - or _."
            " Make one with: openssl rand -base64 32"
        ) from None


def _malformed() -> KeyRefused:
    return KeyRefused(
        "The signing key is not 32 bytes in base64. Make one with: openssl rand -base64 32"
    )


def _derived_id(seed: bytes) -> str:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return urlsafe_b64encode(sha256(public).digest()).decode()[:_DERIVED_ID_CHARS]


def generate_signing_key(now: datetime) -> Key:
    """Make a key whose id tells when."""
    return Key(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))


class GivenSigningKeys:
    """Keys from the settings."""

    def __init__(self, text: str) -> None:
        self._keys = parse_signing_keys(text)

    def stamp(self) -> object:
        """Never changes."""
        return None

    def read(self) -> tuple[Key, ...]:
        """Return the keys as given."""
        return self._keys


def signing_ring(text: str) -> SigningRing:
    """Return a ring of keys that never change; raises KeyRefused."""
    return SigningRing(_values(parse_signing_keys(text)))


def signing_key_file(path: Path) -> KeyFile:
    """Return the file as a source; it may be replaced while we run."""
    return KeyFile(path, parse_signing_keys)


def ensure_signing_key_file(path: Path, now: datetime) -> None:
    """Create the file with one key where there is none. Safe against two processes."""
    with locked(path):
        if not path.exists():
            replace_file(path, f"{generate_signing_key(now).line()}\n")


def rotate_signing_keys(
    path: Path, now: datetime, keep_seconds: int
) -> tuple[Key, tuple[Key, ...]]:
    """Put a new key on top of the file; drop those that have signed nothing for `keep_seconds`.

    Returns the new key and those that were dropped. Readers see the old file or the new one.
    """
    with locked(path):
        older = signing_key_file(path).read() if path.exists() else ()
        new = generate_signing_key(now)
        kept = (new, *_in_use(new, older, now - timedelta(seconds=keep_seconds)))
        replace_file(path, "".join(f"{key.line()}\n" for key in kept))
    return new, tuple(key for key in older if key not in kept)


def _in_use(new: Key, older: Sequence[Key], since: datetime) -> Iterator[Key]:
    """Yield the keys that have signed since a moment: a key has until the next one was made.

    Where an id does not tell when that was, the next one after it does, which is later.
    """
    retired = _born(new.id)
    for key in older:
        if retired is None or retired > since:
            yield key
        retired = _born(key.id) or retired


def _born(id: str) -> datetime | None:
    match = _BORN.match(id)
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


class SigningKeys:
    """A ring that follows its source."""

    def __init__(self, source: KeySource) -> None:
        """Read the keys; raises KeyRefused. May block."""
        self._source = source
        self._stamp = source.stamp()
        self._listed = _values(source.read())
        self._settled_at: float | None = None
        self.ring: Final = SigningRing(self._listed)

    async def run(self) -> None:
        """Look for other keys until cancelled; a file that is of no use changes nothing."""
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            try:
                await self.refresh()
            except (Fault, OSError):
                _log.exception("the signing keys could not be read; those known go on")

    async def refresh(self) -> None:
        """Take over what has changed; raises KeyRefused."""
        stamp, keys = await asyncio.to_thread(self._changed)
        self._stamp = stamp
        if keys:
            self._take(_values(keys), time.monotonic())
        elif self._settled_at is not None and time.monotonic() >= self._settled_at:
            self._settled_at = None
            self.ring.replace(self._listed)

    def _changed(self) -> tuple[object, tuple[Key, ...]]:
        """Return the stamp and, if it is new, the keys. Runs in a thread."""
        stamp = self._source.stamp()
        if stamp is None or stamp == self._stamp:
            return self._stamp, ()
        return stamp, self._source.read()

    def _take(self, listed: tuple[SigningKey, ...], now: float) -> None:
        """Verify by all keys at once; go on signing by the present one, if it is still there."""
        self._listed = listed
        signing = next((key for key in listed if key == self.ring.signing), listed[0])
        self._settled_at = None if signing == listed[0] else now + _SETTLE_SECONDS
        self.ring.replace((signing, *(key for key in listed if key != signing)))


def _values(keys: Sequence[Key]) -> tuple[SigningKey, ...]:
    return tuple(SigningKey(key.id, key.material) for key in keys)
