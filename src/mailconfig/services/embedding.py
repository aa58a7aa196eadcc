"""Embed tokens: a back end makes one, its front end uses it, for one user and one mailbox.

    mce_<JWT signed with Ed25519 under a key that is derived for nothing else>

Threat: a token that is taken for another kind (own key, own `typ`, own audience: neither passes as
the other), that does more than its purpose (`domain.configs` keeps it), or outlives its maker: the
key or session is looked up on each use. It travels in the Authorization header only, never in a
cookie, so that no other page can use it. Limit: whoever reads it may use it until it ends.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.apikeys import EMBED_PREFIX
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import may_change, may_read
from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from mailconfig.domain.federation import shown_address, subject_digest
from mailconfig.domain.identity import Channel, Principal, Purpose, Role, Scope, lower_role
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import SigningRing
from mailconfig.services.apikeys import ApiKeyService
from mailconfig.services.attendance import Recollection, Remembered
from mailconfig.services.audit import Detail
from mailconfig.services.finding import named_by
from mailconfig.services.subjects import Subjects
from mailconfig.storage.database import Database
from mailconfig.storage.reads.keys import Member

BySession = Callable[[UUID, Channel], Awaitable[Principal]]
"""Tells who a session belongs to while it is open; raises Unauthenticated."""
SCOPES: Final = frozenset({Scope.CONFIGS_READ, Scope.CONFIGS_WRITE, Scope.TESTS_RUN})
"""What every embed token may do, within its purpose."""
_AUDIENCE: Final = "mailconfig-embed"
_TYPE: Final = "mailconfig-embed+jwt"
"""RFC 8725, section 3.11: explicit types keep kinds of tokens apart."""
_SUBJECT_MAX_CHARS: Final = 255
_SHORTEST_SECONDS: Final = 10
_NOT_VALID: Final = N_("The embed token is not valid.")
_ENDED: Final = N_("The embed token has expired.")


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """Limits of embed tokens."""

    max_seconds: int = 3600
    """Longest life of a token."""
    cache_seconds: float = 1.0
    """How long what other processes did to a membership may be overlooked."""
    issuer: str | None = None
    """Issuer of the subjects; None: each workspace has subjects of its own."""


@dataclass(frozen=True, slots=True)
class EmbedWish:
    """What a token is to be."""

    subject: str
    """The host application's own name of its user."""
    email: str | None
    """Address of that user, to show."""
    address: str | None
    """The mailbox to connect."""
    config_id: UUID | None
    """The configuration to repair."""
    expires_in_seconds: int | None


@dataclass(frozen=True, slots=True)
class EmbedToken:
    """A fresh token, shown once."""

    text: Secret
    expires_at: datetime
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a verified token says."""

    user_id: UUID
    workspace_id: UUID
    purpose: Purpose
    key_id: UUID | None
    session_id: UUID | None
    ends: datetime


class EmbeddingService:
    """Makes embed tokens and tells whose they are."""

    def __init__(
        self,
        database: Database,
        ring: SigningRing,
        subjects: Subjects,
        keys: ApiKeyService,
        by_session: BySession,
        settings: EmbedSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._ring = ring
        self._subjects = subjects
        self._keys = keys
        self._by_session = by_session
        self._settings = settings
        self._now = now
        self._signed: Remembered[bytes, tuple[object, _Claims]] = Remembered()
        """Claims of each token, with the keys under which its signature was found good."""
        self._members: Recollection[tuple[UUID, UUID], Member] = Recollection(
            settings.cache_seconds
        )

    async def create(self, principal: Principal, wish: EmbedWish) -> EmbedToken:
        """Make a token of the user, who is made known if new.

        Raises Forbidden for who has neither a key nor a session, or may not change the
        configuration; NotFound for one that there is not; InvalidInput.
        """
        principal.permit(Scope.EMBED_CREATE)
        principal.require(Role.ADMIN)
        if principal.channel is not Channel.API_KEY and principal.session_id is None:
            raise Forbidden(N_("Make embed tokens with an API key or a session."))
        seconds = self._checked(wish)
        issuer = self._settings.issuer or f"urn:mailconfig:workspace:{principal.workspace_id}"
        digest = subject_digest(issuer, wish.subject)
        purpose = await self._purpose(principal, wish, digest)  # a refusal makes nobody known
        member = await self._subjects.join(
            principal.workspace_id,
            digest,
            _canonical(wish.email) or shown_address(digest),
            None,
            default=Role.MEMBER,
            renames=False,  # another workspace may know the same user
        )
        issued = self._now().replace(microsecond=0)
        ends = issued + timedelta(seconds=seconds)
        text = self._minted(principal, member, purpose, issued, ends)
        async with self._database.work(principal.workspace_id) as work:
            kind = "connect" if purpose.config_id is None else "repair"
            details: dict[str, Detail] = {"purpose": kind, "seconds": seconds}
            await work.audit.append(
                principal.user_id, "embed.create", "user", member.user_id, details
            )
        return EmbedToken(Secret(text), ends, member.user_id)

    async def by_token(self, text: str) -> Principal:
        """Return the user of a token, while it and who made it are good; raises Unauthenticated."""
        claims = self._read(text)
        await self._check_maker(claims)
        place = (claims.workspace_id, claims.user_id)
        member = await self._members.of(place, lambda at: self._database.keys.member(*at))
        if member is None:
            raise Unauthenticated(_NOT_VALID)
        return Principal(
            user_id=member.user_id,
            workspace_id=member.workspace_id,
            role=lower_role(member.role, Role.MEMBER),
            session_id=None,
            channel=Channel.EMBED,
            email=member.email,
            scopes=SCOPES,
            purpose=claims.purpose,
            key_id=claims.key_id,
        )

    def seconds_left(self, text: str) -> float:
        """Return how long a token is still good; raises Unauthenticated."""
        return (self._read(text).ends - self._now()).total_seconds()

    def forget_members(self) -> None:
        """Read all memberships anew: somebody has left here, or has another role."""
        self._members.forget_all()

    async def _check_maker(self, claims: _Claims) -> None:
        """Raise Unauthenticated unless who made the token might make it today."""
        if claims.key_id is not None:
            maker = await self._keys.by_id(claims.key_id)
        elif claims.session_id is not None:
            maker = await self._by_session(claims.session_id, Channel.BEARER)
        else:
            raise Unauthenticated(_NOT_VALID)
        if maker.workspace_id != claims.workspace_id or not maker.at_least(Role.ADMIN):
            raise Unauthenticated(_NOT_VALID)

    async def _purpose(self, principal: Principal, wish: EmbedWish, subject: str) -> Purpose:
        """Return the purpose; a configuration is lent by who may change it, or is the user's."""
        if wish.config_id is None:
            return Purpose(address=_canonical(wish.address))
        async with self._database.reading(principal.workspace_id) as work:
            with named_by("purpose", "configId"):
                config = await work.configs.get(wish.config_id)
                if not may_read(principal, config.owner_id, config):
                    raise NotFound
            user = await work.subjects.find(subject)
        is_users = user is not None and config.owner_id == user.id
        if not is_users and not may_change(principal, config.owner_id, config):
            raise Forbidden
        return Purpose(address=config.email_address, config_id=config.id)

    def _checked(self, wish: EmbedWish) -> int:
        """Return the life of the token in seconds; raises InvalidInput."""
        most = self._settings.max_seconds
        seconds = most if wish.expires_in_seconds is None else wish.expires_in_seconds
        error, issues = ValidationIssue.error, []
        if not wish.subject.strip() or not wish.subject.isprintable():
            issues.append(error(ValidationCode.REQUIRED, N_("Name the user."), "subject"))
        elif len(wish.subject) > _SUBJECT_MAX_CHARS:
            issues.append(error(ValidationCode.TOO_LONG, N_("This is too long."), "subject"))
        no_address = N_("This is no e-mail address.")
        if wish.email is not None and _canonical(wish.email) is None:
            issues.append(error(ValidationCode.INVALID_FORMAT, no_address, "email"))
        if wish.address is not None and _canonical(wish.address) is None:
            issues.append(error(ValidationCode.INVALID_FORMAT, no_address, "purpose", "address"))
        if wish.address is not None and wish.config_id is not None:
            sentence = N_("Give either an address or a configuration.")
            issues.append(error(ValidationCode.NOT_ALLOWED, sentence, "purpose"))
        if not _SHORTEST_SECONDS <= seconds <= most:
            sentence = phrase(
                "A token lives for {least} to {most} seconds.", least=_SHORTEST_SECONDS, most=most
            )
            issues.append(error(ValidationCode.OUT_OF_RANGE, sentence, "expiresInSeconds"))
        if issues:
            raise InvalidInput(tuple(issues))
        return seconds

    def _minted(
        self,
        principal: Principal,
        member: Member,
        purpose: Purpose,
        issued: datetime,
        ends: datetime,
    ) -> str:
        by_key = principal.channel is Channel.API_KEY
        maker = principal.key_id if by_key else principal.session_id
        claims = {
            "iss": "mailconfig",
            "aud": _AUDIENCE,
            "sub": str(member.user_id),
            "wid": str(member.workspace_id),
            ("key" if by_key else "sid"): str(maker),
            "iat": issued,
            "exp": ends,
            "jti": secrets.token_urlsafe(16),
        }
        if purpose.address is not None:
            claims["address"] = purpose.address
        if purpose.config_id is not None:
            claims["config"] = str(purpose.config_id)
        key = _private(self._ring.signing.seed)
        return EMBED_PREFIX + jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": _TYPE})

    def _read(self, text: str) -> _Claims:
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        keys = self._ring.keys
        known = self._signed.get(digest)
        if known is None or known[0] is not keys:
            known = keys, self._verified(text.removeprefix(EMBED_PREFIX))
            self._signed.put(digest, known)
        if known[1].ends <= self._now():
            self._signed.drop(digest)
            raise Unauthenticated(_ENDED)
        return known[1]

    def _verified(self, token: str) -> _Claims:
        """Return what a token says whose signature is under one of our keys."""
        for key in self._ring.keys:
            try:
                return _claims(token, _private(key.seed))
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
                raise Unauthenticated(_NOT_VALID) from error
        raise Unauthenticated(_NOT_VALID)


def _private(seed: bytes) -> Ed25519PrivateKey:
    """Return the key of embed tokens, which signs nothing else."""
    derived = hmac.digest(seed, b"mailconfig embed tokens", sha256)
    return Ed25519PrivateKey.from_private_bytes(derived)


def _claims(token: str, private: Ed25519PrivateKey) -> _Claims:
    """Read a token; raises jwt.InvalidTokenError, ValueError and TypeError for what is none."""
    if jwt.get_unverified_header(token).keys() != {"alg", "typ"}:
        raise ValueError("a header of ours has two members")
    read = jwt.decode_complete(
        token,
        private.public_key(),
        algorithms=["EdDSA"],
        audience=_AUDIENCE,
        issuer="mailconfig",
        # The clock is ours to inject, so the time checks are the caller's.
        options={
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "require": ["exp", "sub", "wid"],
        },
    )
    if read["header"]["typ"] != _TYPE:
        raise ValueError("its type is another")
    claims: dict[str, Any] = read["payload"]
    address = claims.get("address")
    return _Claims(
        user_id=UUID(str(claims["sub"])),
        workspace_id=UUID(str(claims["wid"])),
        purpose=Purpose(None if address is None else str(address), _uuid(claims.get("config"))),
        key_id=_uuid(claims.get("key")),
        session_id=_uuid(claims.get("sid")),
        ends=datetime.fromtimestamp(int(claims["exp"]), UTC),
    )


def _uuid(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))


def _canonical(address: str | None) -> str | None:
    try:
        return parse_address(address).text if address is not None else None
    except AddressInvalid:
        return None
