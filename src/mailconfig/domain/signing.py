"""Signatures over short texts: page cursors, file links, CSRF tokens.

Threat: a client that makes up or changes a value which the server will trust when it comes back.
Limit: whoever holds the signing key can make any of them.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256


class Signer:
    """HMAC-SHA-256 (RFC 2104) under a key of one purpose."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derive(self, purpose: str) -> "Signer":
        """Return a signer whose signatures mean nothing for any other purpose."""
        return Signer(hmac.digest(self._key, b"mailconfig " + purpose.encode(), sha256))

    def sign(self, *parts: str) -> str:
        """Return the signature over the parts, 43 characters of base64url (RFC 4648)."""
        # The length in front of each part keeps ("ab", "c") and ("a", "bc") apart.
        message = b"".join(b"%d:%b" % (len(raw), raw) for raw in map(str.encode, parts))
        return urlsafe_b64encode(hmac.digest(self._key, message, sha256)).rstrip(b"=").decode()

    def verify(self, signature: str, *parts: str) -> bool:
        """Tell, in constant time, whether the signature is over these parts."""
        return hmac.compare_digest(self.sign(*parts).encode(), signature.encode())
