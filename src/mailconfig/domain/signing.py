"""Signatures over short texts: page cursors, file links, CSRF tokens.

Threat: a client that makes up or changes a value which the server will trust when it comes back.
Limit: whoever holds a signing key can make any of them.

Keys come in a ring: the first one signs, all of them verify. So a new key ends nothing that was
signed before, until the old key is taken out of the ring.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

_ONLY: Final = "only"
"""Id of the key of a ring that was made of a bare one."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A seed that everything else is derived from."""

    id: str
    """By which access tokens name it (`kid`, RFC 7515, section 4.1.4)."""
    seed: bytes = field(repr=False)
    """32 random bytes."""


class SigningRing:
    """Keys of which the first signs and all verify; may be replaced while others hold it."""

    __slots__ = ("_by_id", "_keys")

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self.replace(keys)

    def __repr__(self) -> str:
        return f"SigningRing({', '.join(self._by_id)})"

    @classmethod
    def of(cls, key: "bytes | SigningRing") -> "SigningRing":
        """Return a ring as it is, or one of a bare key."""
        return cls((SigningKey(_ONLY, key),)) if isinstance(key, bytes) else key

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """All keys, the one that signs first; another tuple whenever they were replaced."""
        return self._keys

    @property
    def signing(self) -> SigningKey:
        """The key that signs."""
        return self._keys[0]

    def find(self, id: str) -> SigningKey | None:
        """Return a key, None for an id that is not in the ring."""
        return self._by_id.get(id)

    def replace(self, keys: Sequence[SigningKey]) -> None:
        """Take other keys, the one that signs first; raises ValueError for none."""
        if not keys:
            raise ValueError("a ring has a key")
        self._keys = tuple(keys)
        self._by_id = {key.id: key for key in self._keys}


class Signer:
    """HMAC-SHA-256 (RFC 2104) under keys of one purpose."""

    __slots__ = ("_derived", "_purposes", "_ring", "_seen")

    def __init__(self, key: bytes | SigningRing, purposes: tuple[str, ...] = ()) -> None:
        self._ring = SigningRing.of(key)
        self._purposes = purposes
        self._seen: tuple[SigningKey, ...] = ()
        self._derived: tuple[bytes, ...] = ()

    def derive(self, purpose: str) -> "Signer":
        """Return a signer whose signatures mean nothing for any other purpose."""
        return Signer(self._ring, (*self._purposes, purpose))

    def sign(self, *parts: str) -> str:
        """Return the signature over the parts, 43 characters of base64url (RFC 4648)."""
        return _signature(self._keys()[0], _message(parts))

    def signatures(self, *parts: str) -> tuple[str, ...]:
        """Return the signatures of all keys, for comparing with one that was stored."""
        message = _message(parts)
        return tuple(_signature(key, message) for key in self._keys())

    def verify(self, signature: str, *parts: str) -> bool:
        """Tell, in constant time for each key, whether the signature is over these parts."""
        given, message = signature.encode(), _message(parts)
        made = (_signature(key, message).encode() for key in self._keys())
        return any(hmac.compare_digest(each, given) for each in made)

    def _keys(self) -> tuple[bytes, ...]:
        """Return the keys of this purpose, made anew when the ring has others."""
        keys = self._ring.keys
        if keys is not self._seen:
            self._derived = tuple(self._of(key.seed) for key in keys)
            self._seen = keys
        return self._derived

    def _of(self, key: bytes) -> bytes:
        for purpose in self._purposes:
            key = hmac.digest(key, b"mailconfig " + purpose.encode(), sha256)
        return key


def _message(parts: Sequence[str]) -> bytes:
    # The length in front of each part keeps ("ab", "c") and ("a", "bc") apart.
    return b"".join(b"%d:%b" % (len(raw), raw) for raw in map(str.encode, parts))


def _signature(key: bytes, message: bytes) -> str:
    return urlsafe_b64encode(hmac.digest(key, message, sha256)).rstrip(b"=").decode()
