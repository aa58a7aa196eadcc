"""Access tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037), short-lived, bound to a session.

A token proves nothing by itself: its session row is looked up on each use, so that logout ends it
at once. Threat covered: forged, expired or foreign tokens, and headers that choose the algorithm or
bring a key along (RFC 8725, sections 2.1 and 3.10). A header has the three members that ours have
and no other; its `kid` is looked up in our ring, and nothing is done with one that is not there.

Checking a signature takes longer than reading a row, so tokens that were found to be signed are
remembered, a bounded number, by their SHA-256: what is remembered is of no use to whoever reads our
memory. A signature stays good for as long as its key is in the ring, and nothing else is
remembered: the end of the token is compared with the clock on each use, and its session is looked
up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.ids import new_id
from mailconfig.domain.phrases import N_
from mailconfig.domain.signing import SigningKey, SigningRing
from mailconfig.services.attendance import Remembered

_NAME: Final = "mailconfig"
"""Issuer where none is set, and the audience."""
_ALGORITHM: Final = "EdDSA"
_TYPE: Final = "at+jwt"
"""Type of access tokens (RFC 9068, section 2.1), so that no other token of ours passes for one."""
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_PAIRS: Final = 16
"""Keys kept ready; rings have two or three."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and the moment it ends."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Signed:
    """What is remembered of a token."""

    key_id: str
    session_id: UUID
    expires_at: datetime


class Tokens:
    """Mints access tokens under the first key of a ring and verifies them under all."""

    def __init__(
        self, key: bytes | SigningRing, lifetime_seconds: int, now: Now, issuer: str = _NAME
    ) -> None:
        self._ring = SigningRing.of(key)
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._now = now
        self._issuer = issuer
        self._pairs: Remembered[SigningKey, Ed25519PrivateKey] = Remembered(_PAIRS)
        self._signed: Remembered[bytes, _Signed] = Remembered()

    def mint(self, session_id: UUID, user_id: UUID) -> AccessToken:
        """Return a fresh token of the session."""
        issued = self._now().replace(microsecond=0)
        expires = issued + self._lifetime
        claims = {
            "iss": self._issuer,
            "aud": _NAME,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(new_id()),
            "iat": issued,
            "exp": expires,
        }
        key = self._ring.signing
        header = {"kid": key.id, "typ": _TYPE}
        text = jwt.encode(claims, self._pair(key), algorithm=_ALGORITHM, headers=header)
        return AccessToken(text, expires)

    def session_of(self, text: str) -> UUID:
        """Return the session that a valid token belongs to; raises Unauthenticated."""
        return self._read(text).session_id

    def end_of(self, text: str) -> datetime:
        """Return when a valid token ends; raises Unauthenticated."""
        return self._read(text).expires_at

    def _read(self, text: str) -> _Signed:
        key = sha256(text.encode("utf-8", "surrogatepass")).digest()
        signed = self._signed.get(key)
        if signed is None or self._ring.find(signed.key_id) is None:
            signed = self._verified(text)
            self._signed.put(key, signed)
        if signed.expires_at <= self._now():
            self._signed.drop(key)
            raise Unauthenticated(N_("The access token has expired."))
        return signed

    def _verified(self, text: str) -> _Signed:
        """Return session and end of a token whose signature is ours."""
        try:
            key = self._key_of(text)
            claims = jwt.decode(
                text,
                self._pair(key).public_key(),
                algorithms=[_ALGORITHM],
                audience=_NAME,
                issuer=self._issuer,
                # The clock is ours to inject, so the time checks are the caller's.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["exp", "sid", "sub"],
                },
            )
            ends = datetime.fromtimestamp(int(claims["exp"]), UTC)
            return _Signed(key.id, UUID(str(claims["sid"])), ends)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated(N_("The access token is not valid.")) from error

    def _key_of(self, text: str) -> SigningKey:
        """Return the key that a token names; raises InvalidTokenError for any strange header."""
        header = jwt.get_unverified_header(text)
        if header.keys() != _HEADER or header["alg"] != _ALGORITHM or header["typ"] != _TYPE:
            raise jwt.InvalidTokenError("the header is not one of ours")
        key = self._ring.find(str(header["kid"]))
        if key is None:
            raise jwt.InvalidTokenError("there is no such key")
        return key

    def _pair(self, key: SigningKey) -> Ed25519PrivateKey:
        pair = self._pairs.get(key)
        if pair is None:
            pair = Ed25519PrivateKey.from_private_bytes(key.seed)
            self._pairs.put(key, pair)
        return pair
