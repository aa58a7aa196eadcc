"""Access tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037), short-lived, bound to a session.

A token proves nothing by itself: its session row is looked up on each use, so that logout ends it
at once. Threat covered: forged, expired or foreign tokens, and the "none" algorithm.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.ids import new_id
from mailconfig.domain.phrases import N_

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
        try:
            claims = jwt.decode(
                text,
                self._public,
                algorithms=["EdDSA"],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # The clock is ours to inject, so the time checks are below.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["exp", "sid", "sub"],
                },
            )
            expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
            session_id = UUID(str(claims["sid"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated(N_("The access token is not valid.")) from error
        if expires <= self._now():
            raise Unauthenticated(N_("The access token has expired."))
        return session_id
