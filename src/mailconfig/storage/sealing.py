"""Sealing of secrets at rest: AES-256-GCM (NIST SP 800-38D) under a keyring.

Threat: whoever gets the database or a backup without the key file, and whoever may write rows but
must not turn one secret into another. Limits: the length of a secret shows; GCM with random
96-bit nonces is sound for 2^32 secrets a key, far beyond what a rotation period writes.

A sealed value is

    version (1 byte, 1) | length of the key id (1 byte) | key id (ASCII) | nonce (12) |
    ciphertext and tag (16)

and is bound by associated data to version, key id, workspace, secret id, purpose and kind, each
with its length before it: a value moved to another row, purpose or workspace does not open.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.storage.keys import (
    GivenKeys,
    Key,
    KeyFile,
    KeyRefused,
    KeySource,
    add_key,
    ensure_key_file,
    generate_key,
)

__all__ = [
    "GivenKeys",
    "Key",
    "KeyFile",
    "KeyRefused",
    "KeySource",
    "Keyring",
    "SealContext",
    "Sealed",
    "add_key",
    "ensure_key_file",
    "generate_key",
]

_VERSION: Final = 1
_HEADER_BYTES: Final = 2
"""Version and length of the key id."""
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_ID_LENGTH: Final = (16).to_bytes(2, "big")
"""Length of a UUID, as it stands before one."""
_REFRESH_SECONDS: Final = 1.0
"""A changed key file is noticed after this time: one stat a second costs nothing."""


@dataclass(frozen=True, slots=True)
class SealContext:
    """What a sealed value is bound to."""

    workspace_id: UUID
    secret_id: UUID
    purpose: str
    kind: str

    def associated_data(self, key_id: str) -> bytes:
        """Return the bytes that GCM authenticates beside the ciphertext."""
        return b"".join(
            (
                _head(key_id),
                _ID_LENGTH,
                self.workspace_id.bytes,
                _ID_LENGTH,
                self.secret_id.bytes,
                _tail(self.purpose, self.kind),
            )
        )


def _measured(*parts: bytes) -> bytes:
    """Return the parts, each with its length before it."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


@lru_cache(maxsize=16)
def _head(key_id: str) -> bytes:
    """Return the parts that all secrets of a key have in common."""
    return _measured(b"mailconfig secret", bytes([_VERSION]), key_id.encode())


@lru_cache(maxsize=16)
def _tail(purpose: str, kind: str) -> bytes:
    return _measured(purpose.encode(), kind.encode())


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value and the id of its key, for the columns of the same names."""

    key_id: str
    ciphertext: bytes


class Keyring:
    """Seals with the newest key, opens with any."""

    def __init__(self, source: KeySource) -> None:
        """Read the keys; raises KeyRefused. May block, so build it before the event loop runs."""
        self._source = source
        self._checked_at = time.monotonic()
        self._stamp = source.stamp()
        self._load(source.read())

    @classmethod
    def of_text(cls, text: str) -> "Keyring":
        """Build from `id:base64` pairs, comma separated, newest first."""
        return cls(GivenKeys(text))

    def _load(self, keys: tuple[Key, ...]) -> None:
        """Take over keys, newest first."""
        self._ciphers = {key.id: AESGCM(key.material) for key in keys}
        self.newest_id = keys[0].id
        self._header = bytes([_VERSION, len(self.newest_id)]) + self.newest_id.encode()

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._ciphers)})"

    def knows(self, key_id: str) -> bool:
        """Tell whether values of a key can be opened."""
        return key_id in self._ciphers

    async def refresh(self, needed: str | None = None) -> None:
        """Read changed keys, at most once a second; at once when the `needed` key is unknown."""
        missing = needed is not None and not self.knows(needed)
        if not missing and time.monotonic() - self._checked_at < _REFRESH_SECONDS:
            return
        self._checked_at = time.monotonic()
        stamp, keys = await asyncio.to_thread(self._changed)
        if keys:
            self._load(keys)
            self._stamp = stamp

    def _changed(self) -> tuple[object, tuple[Key, ...]]:
        """Return the stamp and, if it is new, the keys. Runs in a thread."""
        stamp = self._source.stamp()
        if stamp is None or stamp == self._stamp:
            return stamp, ()
        return stamp, self._source.read()

    def seal(self, plaintext: bytes, context: SealContext) -> Sealed:
        """Encrypt under the newest key with a fresh nonce."""
        key_id = self.newest_id
        nonce = os.urandom(_NONCE_BYTES)
        body = self._ciphers[key_id].encrypt(nonce, plaintext, context.associated_data(key_id))
        return Sealed(key_id, self._header + nonce + body)

    def open(self, ciphertext: bytes, context: SealContext) -> bytes:
        """Decrypt; raises SecretUnreadable for unknown keys, changed bytes and other contexts."""
        key_id, nonce, body = _parts(ciphertext)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretUnreadable("The key of a stored secret is not in the keyring.")
        try:
            return cipher.decrypt(nonce, body, context.associated_data(key_id))
        except InvalidTag as error:
            raise SecretUnreadable("A stored secret was changed or moved.") from error


def _parts(ciphertext: bytes) -> tuple[str, bytes, bytes]:
    """Split a sealed value into key id, nonce and body; raises SecretUnreadable."""
    if len(ciphertext) < _HEADER_BYTES or ciphertext[0] != _VERSION:
        raise SecretUnreadable("A stored secret is not of a known format.")
    key_end = _HEADER_BYTES + ciphertext[1]
    nonce_end = key_end + _NONCE_BYTES
    if len(ciphertext) < nonce_end + _TAG_BYTES:
        raise SecretUnreadable("A stored secret is cut short.")
    key_id = ciphertext[_HEADER_BYTES:key_end].decode("ascii", "replace")
    return key_id, ciphertext[key_end:nonce_end], ciphertext[nonce_end:]
