"""Sessions while they last: who a cookie or token belongs to, and every way for one to end.

A session ends at a fixed moment, when it has not been used for a while, or when somebody ends it;
access tokens and refresh tokens are of one session and end with it. A refresh token is used once
(RFC 9700, section 4.14.2): whoever brings a used one, or the thief whose victim was faster, ends
the session for both, since nobody can tell which of them is which.

Use is noted at most every `session_touch_seconds`, so that a request hardly ever writes for it; a
session may end by as much too early, never too late.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Fault, Forbidden, NotFound, Unauthenticated
from mailconfig.domain.identity import Channel, Principal, Role, Session, User
from mailconfig.domain.ids import new_id
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import Secret
from mailconfig.domain.text import cut, tidy
from mailconfig.domain.throttling import Delay, Limiter
from mailconfig.services.attendance import Attendance, Remembered
from mailconfig.services.departures import Departures
from mailconfig.services.tokens import AccessToken, Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.identity import IdentityRepository
from mailconfig.storage.sessions import Ended

_log = logging.getLogger(__name__)
_USER_AGENT_CHARS: Final = 200
"""Enough to tell browser and system; real ones have about 120."""
_LISTED: Final = 100
"""Sessions that a user sees at once; people have a handful."""
_REFRESH_PREFIX: Final = "mcr_"
"""By which logs, scanners and people know a refresh token."""
_NOT_VALID: Final = N_("The session is not valid.")
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Limits of sessions and passwords."""

    session_seconds: int
    """Longest life of a session."""
    login_attempts_per_minute: int
    """Failures that are free."""
    password_min_chars: int
    """Shortest password."""
    session_cache_seconds: float = 1.0
    """How long what other processes did to a session may be overlooked; see `attendance`."""
    login_delay_seconds: int = 900
    """The longest that a sign-in waits after failures."""
    session_idle_seconds: int = 3 * 24 * 3600
    """How long a session lasts without use."""
    session_touch_seconds: int = 300
    """How often use is noted at most."""
    password_reset_seconds: int = 3600
    """How long a token sets a password."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a sign-in comes from."""

    client: str
    """Network of the caller, as `networks.caller_network` writes it."""
    user_agent: str | None = None
    """What the client calls itself; any text."""

    @property
    def name(self) -> str | None:
        """What it calls itself, fit to be stored and shown."""
        return cut(tidy(self.user_agent), _USER_AGENT_CHARS) if self.user_agent else None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh session: who it is and the opaque token for the cookie, shown once."""

    principal: Principal
    session: Session
    token: Secret


@dataclass(frozen=True, slots=True)
class Renewal:
    """A session that goes on, with its next refresh token, shown once."""

    principal: Principal
    session: Session
    refresh_token: Secret


class SessionService:
    """Judges, lists, moves and ends sessions."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        limiter: Limiter,
        settings: IdentitySettings,
        now: Now,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._limiter = limiter
        self._settings = settings
        self._now = now
        self._idle = timedelta(seconds=settings.session_idle_seconds)
        self._touch = timedelta(seconds=settings.session_touch_seconds)
        self.departures = Departures()
        self._attendance = Attendance(settings.session_cache_seconds)
        self._cookies: Remembered[str, UUID] = Remembered()
        """Session of each cookie's digest; which one that is never changes."""
        self._touched: Remembered[UUID, datetime] = Remembered()
        """When this process has noted the use of a session."""

    def now(self) -> datetime:
        """Return the moment, by the clock that sessions are judged by."""
        return self._now()

    # -- who is calling ----------------------------------------------------------------------

    async def by_cookie(self, token: Secret) -> Principal:
        """Return who a session cookie belongs to; raises Unauthenticated."""
        known = digest(token)
        session_id = self._cookies.get(known)
        if session_id is not None:
            return await self.by_session(session_id, Channel.COOKIE)
        found = await self._database.sign_ins.session_by_token(known)
        principal = await self._let_in(found, Channel.COOKIE)
        if principal.session_id is not None:
            self._cookies.put(known, principal.session_id)
        return principal

    async def by_bearer(self, text: str) -> Principal:
        """Return who an access token belongs to; raises Unauthenticated."""
        session_id = self._tokens.session_of(text)
        return await self.by_session(session_id, Channel.BEARER)

    async def by_session(self, session_id: UUID, channel: Channel) -> Principal:
        """Return who a session belongs to while it is open; raises Unauthenticated."""
        found = await self._attendance.of(session_id, self._database.sign_ins.session)
        return await self._let_in(found, channel)

    def seconds_left(self, text: str) -> float:
        """Return how long an access token is still good; raises Unauthenticated."""
        return (self._tokens.end_of(text) - self._now()).total_seconds()

    async def _let_in(
        self, found: tuple[Session, User, Role] | None, channel: Channel
    ) -> Principal:
        if found is None:
            raise Unauthenticated(_NOT_VALID)
        session, user, role = found
        now = self._now()
        if not self._is_open(session, now):
            raise Unauthenticated(N_("The session has ended."))
        if now - self._used_at(session) >= self._touch:
            await self._note_use(session.id, now)
        return principal_of(session, user, role, channel)

    def _is_open(self, session: Session, now: datetime) -> bool:
        """Tell whether a session has been ended neither by anybody nor by time."""
        if session.revoked_at is not None or session.expires_at <= now:
            return False
        return now - self._used_at(session) < self._idle

    def _used_at(self, session: Session) -> datetime:
        """Return the last use that was noted, also where the row was read before that."""
        stored = session.last_used_at or session.created_at
        touched = self._touched.get(session.id)
        return stored if touched is None or touched < stored else touched

    async def _note_use(self, session_id: UUID, now: datetime) -> None:
        self._touched.put(session_id, now)  # first, so that requests side by side write once
        try:
            async with self._database.identity() as identity:
                await identity.sessions.touch(session_id, now)
        except Fault:
            _log.warning("the use of a session could not be noted", exc_info=True)

    # -- tokens ------------------------------------------------------------------------------

    def access_token(self, principal: Principal) -> AccessToken:
        """Mint a bearer token of the caller's session."""
        if principal.session_id is None:
            raise Unauthenticated
        return self._tokens.mint(principal.session_id, principal.user_id)

    async def refresh_token(self, principal: Principal) -> Secret:
        """Make a refresh token of the caller's session."""
        if principal.session_id is None:
            raise Unauthenticated
        token = _refresh_token()
        async with self._database.identity() as identity:
            await identity.sessions.add_refresh_token(principal.session_id, digest(token))
        return token

    async def refresh(self, token: Secret, client: str) -> Renewal:
        """Use a refresh token up and return the next one; a used one ends its session.

        Raises RateLimited, or Unauthenticated for whatever is wrong, after the same statements.
        """
        delay, key = self._client_delay("refresh", client)
        await self._limiter.attempt(delay, key)
        now, known, fresh = self._now(), digest(token), _refresh_token()
        ended = None
        async with self._database.identity() as identity:
            session_id = await identity.sessions.use_refresh_token(known, now)
            found = await identity.session(session_id or new_id())
            lives = found is not None and self._is_open(found[0], now)
            if found is not None and lives:
                await self._renewed(identity, found[0], fresh, now)
            else:
                ended = await self._family_ended(identity, known, now, replayed=not session_id)
        if found is None or not lives:
            if ended is not None:
                self._gone(ended.id)
            raise Unauthenticated(_NOT_VALID)
        await self._limiter.forgive(delay, key)
        session, user, role = found
        return Renewal(principal_of(session, user, role, Channel.BEARER), session, fresh)

    async def _renewed(
        self, identity: IdentityRepository, session: Session, fresh: Secret, now: datetime
    ) -> None:
        await identity.sessions.add_refresh_token(session.id, digest(fresh))
        await identity.sessions.touch(session.id, now)
        trail = identity.audit(session.workspace_id)
        await trail.append(session.user_id, "session.refresh", "session", session.id, {})

    async def _family_ended(
        self, identity: IdentityRepository, known: str, now: datetime, *, replayed: bool
    ) -> Ended | None:
        """End the session of a token that did not count; an unknown one costs as much."""
        ended = await identity.sessions.end_by_refresh_token(known, now)
        trail = identity.audit(ended.workspace_id if ended else new_id())
        action = "session.replay" if replayed else "session.end"
        await trail.append_where_known(action, "session", ended.id if ended else None, {})
        return ended

    # -- the sessions of a user --------------------------------------------------------------

    async def open_sessions(self, principal: Principal) -> tuple[Session, ...]:
        """Return the caller's open sessions in all workspaces, the one used last first."""
        now = self._now()
        async with self._database.reading_identity() as identity:
            found = await identity.sessions.open_of(
                principal.user_id, now, now - self._idle, _LISTED
            )
        return tuple(found)

    async def end_session(self, principal: Principal, session_id: UUID) -> None:
        """End a session of the caller; one that has ended already is fine. Raises NotFound."""
        async with self._database.identity() as identity:
            mine = await identity.sessions.belongs(session_id, principal.user_id)
            if not mine:
                raise NotFound(("id",))
            ended = await identity.sessions.end(session_id, principal.user_id, self._now())
            if ended is not None:
                trail = identity.audit(ended.workspace_id)
                await trail.append(principal.user_id, "session.end", "session", session_id, {})
        self._gone(session_id)

    async def logout(self, principal: Principal) -> None:
        """End the caller's session at once, for its cookie and all its tokens."""
        if principal.session_id is None:
            return
        try:
            async with self._database.identity() as identity:
                await identity.revoke_session(principal.session_id, self._now())
                trail = identity.audit(principal.workspace_id)
                await trail.append(principal.user_id, "logout", "session", principal.session_id, {})
        finally:  # also where it cannot be known whether that was stored
            self._forget(principal.session_id)
        self.departures.tell(principal.session_id)

    async def logout_everywhere(self, principal: Principal) -> int:
        """End all sessions of the caller in all workspaces; return how many there were."""
        async with self._database.identity() as identity:
            ended = await identity.sessions.end_all(principal.user_id, self._now())
            trail = identity.audit(principal.workspace_id)
            details = {"sessions": len(ended)}
            await trail.append(
                principal.user_id, "logout.everywhere", "user", principal.user_id, details
            )
        self.tell_ended(ended)
        return len(ended)

    async def switch_workspace(
        self, principal: Principal, workspace_id: UUID, device: Device
    ) -> SignIn:
        """Go on in another workspace of the caller: a fresh session, which ends no later.

        Raises NotFound for a workspace that the caller is no member of.
        """
        if principal.session_id is None:
            raise Forbidden
        now, token = self._now(), fresh_token()
        async with self._database.identity() as identity:
            found = await identity.session(principal.session_id)
            role = await identity.role_of(workspace_id, principal.user_id)
            if role is None:
                raise NotFound(("workspaceId",))
            ended = await identity.sessions.end(principal.session_id, principal.user_id, now)
            if ended is None or found is None:
                raise Unauthenticated(N_("The session has ended."))
            left, user, _ = found
            session = self._session(user.id, workspace_id, device, ends=left.expires_at)
            await identity.add_session(session, digest(token))
            for place, one in ((left.workspace_id, left), (workspace_id, session)):
                await identity.audit(place).append(user.id, "session.switch", "session", one.id, {})
        self._gone(left.id)
        return SignIn(principal_of(session, user, role, principal.channel), session, token)

    # -- for those who change what sessions depend on ----------------------------------------

    def tell_ended(self, ended: tuple[Ended, ...]) -> None:
        """Let nobody in any more by sessions whose end is stored."""
        for one in ended:
            self._gone(one.id)

    def forget_sessions_of(self, user_id: UUID) -> None:
        """Read the sessions of a user anew, whose role or membership was changed here."""
        self._attendance.forget_user(user_id)

    def _gone(self, session_id: UUID) -> None:
        self._forget(session_id)
        self.departures.tell(session_id)

    def _forget(self, session_id: UUID) -> None:
        self._attendance.forget(session_id)
        self._touched.drop(session_id)

    def _session(
        self, user_id: UUID, workspace_id: UUID, device: Device, ends: datetime | None = None
    ) -> Session:
        """Return a fresh session, which ends at its time or at that of the one before it."""
        now = self._now()
        last = now + timedelta(seconds=self._settings.session_seconds)
        return Session(
            id=new_id(),
            user_id=user_id,
            workspace_id=workspace_id,
            created_at=now,
            expires_at=last if ends is None else min(last, ends),
            revoked_at=None,
            last_used_at=now,
            user_agent=device.name,
            client=device.client,
        )

    def _client_delay(self, purpose: str, client: str) -> tuple[Delay, str]:
        """Return what counts the failures of a client, which an office may share."""
        free = self._settings.login_attempts_per_minute
        most = self._settings.login_delay_seconds
        return Delay(f"{purpose} of client", free, _MINUTE / free, most), f"client {client}"


def fresh_token() -> Secret:
    """Return 256 random bits as text."""
    return Secret(secrets.token_urlsafe(32))


def digest(token: Secret) -> str:
    """Return what is stored of a token: 256 random bits need no slow hash (ASVS 5.0, 11.4)."""
    return sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()


def principal_of(session: Session, user: User, role: Role, channel: Channel) -> Principal:
    """Return who acts by a session."""
    return Principal(user.id, session.workspace_id, role, session.id, channel, user.email)


def _refresh_token() -> Secret:
    return Secret(_REFRESH_PREFIX + fresh_token().reveal())
