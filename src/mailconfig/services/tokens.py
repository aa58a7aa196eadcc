"""Access tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037), short-lived, bound to a session.

A token proves nothing by itself: its session row is looked up on each use, so that logout ends it
at once. Threat covered: forged, expired or foreign tokens, and the "none" algorithm.

Checking a signature takes longer than reading a row, so tokens that were found to be signed are
remembered, a bounded number, by their SHA-256: what is remembered is of no use to whoever reads our
memory. A signature stays good for as long as the key is ours, and nothing else is remembered: the
end of the token is compared with the clock on each use, and its session is looked up.
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
from mailconfig.services.attendance import Remembered

_ISSUER: Final = "mailconfig"
_AUDIENCE: Final = "mailconfig"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and the moment it ends."""

    text: str
    expires_at: datetime


class Tokens:
    """Mints and verifies access tokens under one Ed25519 key."""

    def __init__(self, seed: bytes, lifetime_seconds: int, now: Now) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._private.public_key()
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._now = now
        self._signed: Remembered[bytes, tuple[UUID, datetime]] = Remembered()

    def mint(self, session_id: UUID, user_id: UUID) -> AccessToken:
        """Return a fresh token of the session."""
        issued = self._now().replace(microsecond=0)
        expires = issued + self._lifetime
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(new_id()),
            "iat": issued,
            "exp": expires,
        }
        return AccessToken(jwt.encode(claims, self._private, algorithm="EdDSA"), expires)

    def session_of(self, text: str) -> UUID:
        """Return the session that a valid token belongs to; raises Unauthenticated."""
        return self._read(text)[0]

    def end_of(self, text: str) -> datetime:
        """Return when a valid token ends; raises Unauthenticated."""
        return self._read(text)[1]

    def _read(self, text: str) -> tuple[UUID, datetime]:
        key = sha256(text.encode("utf-8", "surrogatepass")).digest()
        signed = self._signed.get(key)
        if signed is None:
            signed = self._verified(text)
            self._signed.put(key, signed)
        if signed[1] <= self._now():
            self._signed.drop(key)
            raise Unauthenticated(N_("The access token has expired."))
        return signed

    def _verified(self, text: str) -> tuple[UUID, datetime]:
        """Return session and end of a token whose signature is ours."""
        try:
            claims = jwt.decode(
                text,
                self._public,
                algorithms=["EdDSA"],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # The clock is ours to inject, so the time checks are the caller's.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["exp", "sid", "sub"],
                },
            )
            return UUID(str(claims["sid"])), datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated(N_("The access token is not valid.")) from error
