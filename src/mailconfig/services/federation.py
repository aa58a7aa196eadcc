"""The host application's own users: its tokens, and the users and memberships that they make.

    JWT -> signature by the published keys -> claims -> user and membership -> Principal

Threat: forged tokens, foreign ones (issuer, audience), headers that choose the algorithm or bring
a key along (RFC 8725), tokens that live too long, and claims that take over an account: a user is
known by the digest of issuer and subject alone, the claimed address is only shown. Limit: whoever
has the identity provider's key is anybody of its users, in each workspace that its claims may name.

Signatures are remembered for some minutes, so that a withdrawn key counts at the latest then; the
times of a token are compared with the clock on each use.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import jwt

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Duplicate, Unauthenticated
from mailconfig.domain.federation import (
    ALGORITHMS,
    HostClaims,
    KeySets,
    KeysUnavailable,
    VerificationKey,
    shown_address,
    subject_digest,
)
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.phrases import N_
from mailconfig.services.attendance import Recollection, Remembered, Seconds
from mailconfig.services.subjects import Subjects
from mailconfig.storage.reads.keys import Member

_SIGNATURE_SECONDS: Final = 300
"""How long a signature that was found good is not looked at again."""
_SUBJECT_MAX_CHARS: Final = 255
"""OpenID Connect Core 1.0, section 2."""
_KID_MAX_CHARS: Final = 256
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NOT_VALID: Final = N_("The access token is not valid.")
_EXPIRED: Final = N_("The access token has expired.")
_NO_KEYS: Final = N_("Sign-in cannot be checked right now. Try again in a minute.")
_NO_PLACE: Final = N_("There is no workspace for you here.")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What tokens of the host application are taken, and what their claims mean."""

    issuer: str
    audience: str
    algorithms: frozenset[str] = frozenset({"EdDSA", "ES256", "RS256", "PS256"})
    workspace: str = "default"
    """Slug of everybody's workspace, where no claim names it."""
    workspace_claim: str | None = None
    """Claim that holds the slug."""
    create_workspaces: bool = False
    """Whether a slug that is not known makes a workspace."""
    role_claim: str | None = None
    """Claim that holds the role, a word or a list of words."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Role of each word; the highest of several counts."""
    default_role: Role = Role.MEMBER
    """Role of everybody else."""
    email_claim: str = "email"
    leeway_seconds: int = 30
    """How far the two clocks may be apart."""
    max_token_seconds: int = 24 * 3600
    """Longest life of a token."""
    cache_seconds: float = 1.0
    """How long what other processes did to a membership may be overlooked."""

    def __post_init__(self) -> None:
        """Refuse, by ValueError, algorithms that are not by public key."""
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError("tokens are signed with one of " + ", ".join(sorted(ALGORITHMS)))


class HostTokens:
    """Signs in whoever the host application has signed in."""

    def __init__(
        self,
        keys: KeySets,
        subjects: Subjects,
        settings: HostSettings,
        now: Now,
        clock: Seconds = time.monotonic,
    ) -> None:
        self._keys = keys
        self._subjects = subjects
        self._settings = settings
        self._now = now
        self._clock = clock
        self._signed: Remembered[bytes, tuple[HostClaims, float]] = Remembered()
        self._settled: Remembered[tuple[str, str], tuple[HostClaims, float]] = Remembered()
        """What could not be stored, such as another role of the last owner: not tried each time."""
        self._members: Recollection[tuple[str, str], Member] = Recollection(
            settings.cache_seconds, clock
        )

    def issued(self, text: str) -> bool:
        """Tell whether a token says that it is the host application's; proves nothing."""
        try:
            claims = jwt.decode(text, options={"verify_signature": False})
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return False
        return claims.get("iss") == self._settings.issuer

    async def by_token(self, text: str) -> Principal:
        """Return who a token belongs to, who is made known if new; raises Unauthenticated."""
        claims = await self._read(text)
        place = (claims.subject_sha256, claims.workspace)
        member = await self._members.of(place, lambda at: self._subjects.find(*at))
        if member is None or (_differs(member, claims) and not self._is_settled(place, claims)):
            member = await self._arrived(claims)
            self._members.forget(place)
            self._settled.put(place, (claims, self._clock() + _SIGNATURE_SECONDS))
        return Principal(
            user_id=member.user_id,
            workspace_id=member.workspace_id,
            role=member.role,
            session_id=None,
            channel=Channel.HOST,
            email=member.email,
        )

    def seconds_left(self, text: str) -> float | None:
        """Return how long a token that was verified lately is good; None for another."""
        known = self._signed.get(_digest(text))
        return None if known is None else (known[0].ends - self._now()).total_seconds()

    def forget_members(self) -> None:
        """Read all memberships anew: somebody has left here, or has another role."""
        self._members.forget_all()

    async def _arrived(self, claims: HostClaims) -> Member:
        """Store what the claims say; again where another request did so at the same time."""
        chosen = self._settings
        for _ in range(2):
            try:
                found = await self._subjects.arrive(
                    claims.subject_sha256,
                    claims.email,
                    claims.workspace,
                    claims.role,
                    default=chosen.default_role,
                    creates=chosen.create_workspaces,
                )
            except Duplicate:
                continue
            if found is None:
                raise Unauthenticated(_NO_PLACE)
            return found
        raise Unauthenticated(_NO_KEYS)

    def _is_settled(self, place: tuple[str, str], claims: HostClaims) -> bool:
        """Tell whether the same demands were met, as far as they can be, a while ago."""
        known = self._settled.get(place)
        if known is None or self._clock() >= known[1]:
            return False
        return (known[0].role, known[0].email) == (claims.role, claims.email)

    async def _read(self, text: str) -> HostClaims:
        digest, at = _digest(text), self._clock()
        known = self._signed.get(digest)
        if known is None or at >= known[1]:
            known = await self._verified(text), at + _SIGNATURE_SECONDS
            self._signed.put(digest, known)
        now = self._now()
        if known[0].ends <= now:
            self._signed.drop(digest)
            raise Unauthenticated(_EXPIRED)
        if now < known[0].not_before:
            raise Unauthenticated(_NOT_VALID)
        return known[0]

    async def _verified(self, text: str) -> HostClaims:
        """Return the claims of a token whose signature, issuer and audience are right."""
        algorithm, kid = self._header(text)
        try:
            found = await self._keys.find(kid)
        except KeysUnavailable as error:
            raise Unauthenticated(_NO_KEYS) from error
        fitting = [key for key in found if algorithm in key.algorithms]
        if len(fitting) != 1:  # without an id, which key it is must follow from the algorithm
            raise Unauthenticated(_NOT_VALID)
        try:
            return self._claims(self._decoded(text, algorithm, fitting[0]))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated(_NOT_VALID) from error

    def _header(self, text: str) -> tuple[str, str | None]:
        """Return algorithm and key id. Of all that headers may hold nothing else is looked at."""
        try:
            header = jwt.get_unverified_header(text)
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise Unauthenticated(_NOT_VALID) from error
        algorithm, kid = header.get("alg"), header.get("kid")
        known = isinstance(algorithm, str) and algorithm in self._settings.algorithms
        if not known or "crit" in header:
            raise Unauthenticated(_NOT_VALID)
        if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _KID_MAX_CHARS):
            raise Unauthenticated(_NOT_VALID)
        return str(algorithm), kid

    def _decoded(self, text: str, algorithm: str, key: VerificationKey) -> dict[str, Any]:
        material: Any = key.material
        claims: dict[str, Any] = jwt.decode(
            text,
            material,
            algorithms=[algorithm],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            # The clock is ours to inject, so the time checks are made below.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": ["exp", "sub"],
            },
        )
        return claims

    def _claims(self, given: Mapping[str, Any]) -> HostClaims:
        """Return what we make of claims; raises ValueError or TypeError for what is none."""
        chosen = self._settings
        now = int(self._now().timestamp())
        ends, begins = _seconds(given["exp"]), _seconds(given.get("nbf", 0))
        issued = _seconds(given.get("iat", now))
        if ends - issued > chosen.max_token_seconds or ends - now > chosen.max_token_seconds:
            raise ValueError("it lives too long")
        subject = given["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MAX_CHARS:
            raise ValueError("it names nobody")
        digest = subject_digest(chosen.issuer, subject)
        leeway = timedelta(seconds=chosen.leeway_seconds)
        return HostClaims(
            subject_sha256=digest,
            workspace=self._workspace(given),
            role=self._role(given),
            email=_address(given.get(chosen.email_claim)) or shown_address(digest),
            not_before=datetime.fromtimestamp(max(begins, issued), UTC) - leeway,
            ends=datetime.fromtimestamp(ends, UTC) + leeway,
        )

    def _workspace(self, given: Mapping[str, Any]) -> str:
        claim = self._settings.workspace_claim
        slug = self._settings.workspace if claim is None else given.get(claim)
        if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
            raise ValueError("it names no workspace")
        return slug

    def _role(self, given: Mapping[str, Any]) -> Role | None:
        claim = self._settings.role_claim
        if claim is None:
            return None
        said = given.get(claim)
        words = said if isinstance(said, list) else [said]
        roles = {self._settings.roles.get(word) for word in words if isinstance(word, str)}
        # Roles are listed from the highest on.
        return next((role for role in Role if role in roles), self._settings.default_role)


def _differs(member: Member, claims: HostClaims) -> bool:
    changed = claims.role is not None and member.role is not claims.role
    return changed or member.email != claims.email


def _seconds(value: object) -> int:
    """Return a NumericDate (RFC 7519, section 2) of any time that calendars know."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("it has a time that is none")
    return int(value)


def _address(value: object) -> str | None:
    try:
        return parse_address(value).folded if isinstance(value, str) else None
    except AddressInvalid:
        return None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
