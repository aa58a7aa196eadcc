"""API keys: making, listing and revoking them, and whose a key is that a request shows.

Threat: a key that was revoked, has expired or whose member has left still opens something; a
stolen database, which holds digests only; guesses, which cost us a question to the database only
where their checksum fits. What is remembered, and for how long, is as `attendance` says of
sessions: a revocation counts at once here, and elsewhere after `cache_seconds` at the latest.

Must not: let a key do more than the member may who made it; its role is the lower of both at each
use, and it ends with the membership.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.apikeys import (
    SHOWN_CHARS,
    ApiKey,
    digest_of,
    key_of,
    well_formed,
)
from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Fault, InvalidInput, LimitExceeded, NotFound, Unauthenticated
from mailconfig.domain.identity import Channel, Principal, Role, Scope, lower_role
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.secrets import Secret
from mailconfig.services.attendance import Recollection, Remembered
from mailconfig.services.departures import Departures
from mailconfig.services.finding import named_by
from mailconfig.storage.database import Database
from mailconfig.storage.reads.keys import Member

_log = logging.getLogger(__name__)
_NAME_MAX_CHARS: Final = 100
"""Enough for "billing service, staging"; it is a line of a list."""
_TOUCH_SECONDS: Final = 300
"""How exactly the last use is known: one statement in that time, however busy the key is."""
_RANDOM_BYTES: Final = 32
_NOT_VALID: Final = N_("The API key is not valid.")


@dataclass(frozen=True, slots=True)
class ApiKeySettings:
    """Limits of API keys."""

    per_workspace: int = 100
    """Keys that may be used at once."""
    max_days: int = 0
    """Longest life of a key; 0: also none."""
    cache_seconds: float = 1.0
    """How long what other processes did to a key may be overlooked."""


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key is to be."""

    name: str
    role: Role
    scopes: tuple[Scope, ...]
    expires_at: datetime | None


class ApiKeyService:
    """The life of an API key."""

    def __init__(
        self, database: Database, departures: Departures, settings: ApiKeySettings, now: Now
    ) -> None:
        self._database = database
        self._departures = departures
        self._settings = settings
        self._now = now
        self._known: Recollection[UUID, tuple[ApiKey, Member]] = Recollection(
            settings.cache_seconds
        )
        self._ids: Remembered[str, tuple[UUID, datetime | None]] = Remembered()
        """Id and end of each key's digest, which never change."""
        self._touched: Remembered[UUID, datetime] = Remembered()

    async def create(self, principal: Principal, wish: KeyWish) -> tuple[ApiKey, Secret]:
        """Make a key that acts for the caller, and return it with its text, shown this once.

        Raises Forbidden for a role above the caller's, InvalidInput or LimitExceeded.
        """
        principal.require_person()
        principal.require(Role.ADMIN)
        principal.require(wish.role)
        text = key_of(secrets.token_urlsafe(_RANDOM_BYTES))
        key = self._made(principal, wish, text)
        async with self._database.work(principal.workspace_id) as work:
            if await work.api_keys.count_live(self._now()) >= self._settings.per_workspace:
                most = self._settings.per_workspace
                raise LimitExceeded(phrase("A workspace has at most {most} API keys.", most=most))
            await work.api_keys.insert(key, digest_of(text))
            details = {"role": key.role.value, "scopes": len(key.scopes)}
            await work.audit.append(principal.user_id, "apikey.create", "apikey", key.id, details)
        return key, Secret(text)

    async def page(self, principal: Principal, request: PageRequest) -> Page[ApiKey]:
        """Return keys, newest first: administrators see all, others their own."""
        principal.require_person()
        owner = None if principal.at_least(Role.ADMIN) else principal.user_id
        async with self._database.reading(principal.workspace_id) as work:
            return await work.api_keys.page(request, owner)

    async def revoke(self, principal: Principal, key_id: UUID) -> ApiKey:
        """End a key at once; one that has ended stays as it is. Raises NotFound."""
        principal.require_person()
        try:
            async with self._database.work(principal.workspace_id) as work:
                with named_by("id"):
                    mine = await work.api_keys.get(key_id)
                    _check_may_end(principal, mine)
                if await work.api_keys.revoke(key_id, self._now()):
                    actor = principal.user_id
                    await work.audit.append(actor, "apikey.revoke", "apikey", key_id, {})
                key = await work.api_keys.get(key_id)
        finally:  # also where it cannot be known whether that was stored
            self._known.forget(key_id)
        self._departures.tell(key_id)
        return key

    async def by_key(self, text: str) -> Principal:
        """Return for whom a key acts; raises Unauthenticated."""
        if not well_formed(text):
            raise Unauthenticated(_NOT_VALID)
        digest = digest_of(text)
        known = self._ids.get(digest)
        if known is None:
            found = await self._database.keys.key_by_digest(digest)
            if found is None:
                raise Unauthenticated(_NOT_VALID)
            known = found[0].id, found[0].expires_at
            self._ids.put(digest, known)
        principal = await self.by_id(known[0])
        await self._touch(principal)
        return principal

    async def by_id(self, key_id: UUID) -> Principal:
        """Return for whom a key acts, while it may be used; raises Unauthenticated."""
        found = await self._known.of(key_id, self._database.keys.key)
        if found is None:
            raise Unauthenticated(_NOT_VALID)
        key, member = found
        if not key.is_live(self._now()):
            raise Unauthenticated(N_("The API key has expired or was revoked."))
        return Principal(
            user_id=member.user_id,
            workspace_id=member.workspace_id,
            role=lower_role(key.role, member.role),
            session_id=None,
            channel=Channel.API_KEY,
            email=member.email,
            scopes=key.scopes,
            key_id=key.id,
        )

    def seconds_left(self, text: str) -> float | None:
        """Return when a key that was seen lately ends by itself; None where only its row ends it.

        Raises Unauthenticated for what is no key.
        """
        if not well_formed(text):
            raise Unauthenticated(_NOT_VALID)
        known = self._ids.get(digest_of(text))
        end = known[1] if known else None
        return None if end is None else (end - self._now()).total_seconds()

    def forget_members(self) -> None:
        """Read all keys anew: somebody has left here, or has another role."""
        self._known.forget_all()

    async def _touch(self, principal: Principal) -> None:
        """Note the use of a key, at most once in a while; no request fails by that."""
        key_id, now = principal.key_id, self._now()
        if key_id is None:
            return
        before = now - timedelta(seconds=_TOUCH_SECONDS)
        last = self._touched.get(key_id)
        if last is not None and last > before:
            return
        self._touched.put(key_id, now)
        try:
            async with self._database.work(principal.workspace_id) as work:
                await work.api_keys.touch(key_id, now, before)
        except Fault:
            _log.warning("the last use of API key %s was not stored", key_id, exc_info=True)

    def _made(self, principal: Principal, wish: KeyWish, text: str) -> ApiKey:
        issues = [*self._name_issues(wish.name), *self._end_issues(wish.expires_at)]
        if not wish.scopes:
            sentence = N_("Choose at least one scope.")
            issues.append(ValidationIssue.error(ValidationCode.REQUIRED, sentence, "scopes"))
        if issues:
            raise InvalidInput(tuple(issues))
        return ApiKey(
            id=new_id(),
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            name=wish.name.strip(),
            prefix=text[:SHOWN_CHARS],
            role=wish.role,
            scopes=frozenset(wish.scopes),
            created_at=self._now(),
            expires_at=wish.expires_at,
            last_used_at=None,
            revoked_at=None,
        )

    def _name_issues(self, name: str) -> list[ValidationIssue]:
        if not name.strip():
            return [ValidationIssue.error(ValidationCode.REQUIRED, N_("Enter a name."), "name")]
        if len(name) > _NAME_MAX_CHARS:
            return [ValidationIssue.error(ValidationCode.TOO_LONG, N_("This is too long."), "name")]
        if not name.isprintable():
            sentence = N_("A name is one line of visible characters.")
            return [ValidationIssue.error(ValidationCode.INVALID_FORMAT, sentence, "name")]
        return []

    def _end_issues(self, end: datetime | None) -> list[ValidationIssue]:
        now, most = self._now(), self._settings.max_days
        if end is not None and end <= now:
            sentence = N_("This moment has passed.")
            return [ValidationIssue.error(ValidationCode.OUT_OF_RANGE, sentence, "expiresAt")]
        if most and (end is None or end > now + timedelta(days=most)):
            sentence = phrase("A key lives for at most {most} days.", most=most)
            return [ValidationIssue.error(ValidationCode.OUT_OF_RANGE, sentence, "expiresAt")]
        return []


def _check_may_end(principal: Principal, key: ApiKey) -> None:
    """Raise NotFound unless the caller may revoke a key: it is theirs, or they administer."""
    if key.user_id != principal.user_id and not principal.at_least(Role.ADMIN):
        raise NotFound
