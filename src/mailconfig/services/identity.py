"""Signing in and out of mailconfig itself, and making its users."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.clock import Now
from mailconfig.domain.errors import (
    CredentialsRefused,
    InvalidInput,
    RateLimited,
    Unauthenticated,
)
from mailconfig.domain.identity import Channel, Principal, Role, Session, User
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import Severity, ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Delay, Limit, Limiter
from mailconfig.services.attendance import Attendance, Remembered
from mailconfig.services.audit import SignInTrail
from mailconfig.services.departures import Departures
from mailconfig.services.passwords import Passwords
from mailconfig.services.tokens import AccessToken, Tokens
from mailconfig.storage.database import Database

_log = logging.getLogger(__name__)
DEFAULT_WORKSPACE: Final = "default"
"""Slug of the workspace that users belong to unless another is named."""
_PASSWORD_MAX_CHARS: Final = 1024
"""Argon2 takes any length; this keeps a request from making it hash megabytes."""
_MINUTE: Final = 60
_THROTTLED_EVENTS: Final = Limit("throttled sign-ins on record", 1, 60)
"""Events of what a throttle refuses, for each of its keys: a flood must not fill the trail."""


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Limits of sessions and passwords."""

    session_seconds: int
    login_attempts_per_minute: int
    password_min_chars: int
    session_cache_seconds: float = 1.0
    """How long what other processes did to a session may be overlooked; see `attendance`."""
    login_delay_seconds: int = 900
    """The longest that a sign-in waits after failures."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh session: who it is and the opaque token for the cookie, shown once."""

    principal: Principal
    session: Session
    token: Secret


class IdentityService:
    """Users, sessions and tokens."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        signer: Signer,
        limiter: Limiter,
        settings: IdentitySettings,
        now: Now,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._csrf = signer.derive("csrf")
        self._trail = SignInTrail(database, signer)
        self._limiter = limiter
        self._settings = settings
        self._now = now
        self._passwords = Passwords()
        self.departures = Departures()
        self._attendance = Attendance(settings.session_cache_seconds)
        self._cookies: Remembered[str, UUID] = Remembered()
        """Session of each cookie's digest; which one that is never changes."""

    async def login(self, email: str, password: Secret, client: str) -> SignIn:
        """Open a session; `client` is the address of the caller, for the throttle.

        Raises RateLimited or CredentialsRefused, which never says what was wrong.
        """
        await self._throttle(email, client)
        account = await self._account(email)
        if not await self._fits(account, password) or account is None:
            await self._refused(account, email, client, "credentials")
            raise CredentialsRefused
        user, _ = account
        await self._succeeded(email, client)
        token = Secret(secrets.token_urlsafe(32))
        async with self._database.identity() as identity:
            memberships = await identity.memberships(user.id)
            if not memberships:
                _log.info("a sign-in was refused: the user is in no workspace")
                raise CredentialsRefused
            workspace_id, _, role = _home(memberships)
            session = self._session(user.id, workspace_id)
            await identity.add_session(session, _digest(token))
        details = {"client": self._trail.client(workspace_id, client)}
        async with self._database.work(workspace_id) as work:
            await work.audit.append(user.id, "login", "session", session.id, details)
        return SignIn(_principal(session, user, role, Channel.COOKIE), session, token)

    async def logout(self, principal: Principal) -> None:
        """End the caller's session at once, for its cookie and all its access tokens."""
        if principal.session_id is None:
            return
        try:
            async with self._database.identity() as identity:
                await identity.revoke_session(principal.session_id, self._now())
        finally:  # also where it cannot be known whether that was stored
            self._attendance.forget(principal.session_id)
        self.departures.tell(principal.session_id)
        async with self._database.work(principal.workspace_id) as work:
            await work.audit.append(
                principal.user_id, "logout", "session", principal.session_id, {}
            )

    async def by_cookie(self, token: Secret) -> Principal:
        """Return who a session cookie belongs to; raises Unauthenticated."""
        digest = _digest(token)
        session_id = self._cookies.get(digest)
        if session_id is not None:
            return await self.by_session(session_id, Channel.COOKIE)
        found = await self._database.sign_ins.session_by_token(digest)
        principal = self._live(found, Channel.COOKIE)
        if principal.session_id is not None:
            self._cookies.put(digest, principal.session_id)
        return principal

    async def by_bearer(self, text: str) -> Principal:
        """Return who an access token belongs to; raises Unauthenticated."""
        session_id = self._tokens.session_of(text)
        return await self.by_session(session_id, Channel.BEARER)

    def seconds_left(self, text: str) -> float:
        """Return how long an access token is still good; raises Unauthenticated."""
        return (self._tokens.end_of(text) - self._now()).total_seconds()

    async def by_session(self, session_id: UUID, channel: Channel) -> Principal:
        """Return who a session belongs to while it is open; raises Unauthenticated."""
        found = await self._attendance.of(session_id, self._database.sign_ins.session)
        return self._live(found, channel)

    async def user(self, principal: Principal) -> User | None:
        """Return the caller as a user."""
        async with self._database.reading_identity() as identity:
            return await identity.user(principal.user_id)

    def access_token(self, principal: Principal) -> AccessToken:
        """Mint a bearer token of the caller's session."""
        if principal.session_id is None:
            raise Unauthenticated
        return self._tokens.mint(principal.session_id, principal.user_id)

    def csrf_token(self, principal: Principal | None) -> str:
        """Return the token that a browser sends back in X-CSRF-Token; bound to the session."""
        return self._csrf.sign(str(principal.session_id) if principal else "anonymous")

    def csrf_valid(self, principal: Principal, token: str | None) -> bool:
        """Tell whether a write may go on: by cookie it needs the session's CSRF token."""
        if principal.channel is not Channel.COOKIE:
            return True
        return token is not None and self._csrf.verify(token, str(principal.session_id))

    async def create_user(
        self, email: str, password: Secret, role: Role, workspace: str = DEFAULT_WORKSPACE
    ) -> User:
        """Make a user who is a member of the workspace, which is made when it is new.

        Raises InvalidInput for a bad address or short password, Duplicate for a known address.
        """
        address = await self._checked(email, password)
        encoded = await self._passwords.hash(password)
        async with self._database.identity() as identity:
            workspace_id = await identity.workspace_by_slug(workspace)
            if workspace_id is None:
                workspace_id = await identity.create_workspace(workspace, workspace)
            user = await identity.create_user(address, encoded)
            await identity.add_member(workspace_id, user.id, role)
        async with self._database.work(workspace_id) as work:
            await work.audit.append(None, "user.create", "user", user.id, {"role": role.value})
        return user

    async def first_user(self, email: str) -> Secret | None:
        """Make the owner of an empty installation; return the password, None if not empty."""
        async with self._database.reading_identity() as identity:
            if await identity.count_users():
                return None
        password = Secret(secrets.token_urlsafe(18))
        await self.create_user(email, password, Role.OWNER)
        return password

    async def _throttle(self, email: str, client: str) -> None:
        """Count a failure until it is known to be none; raises RateLimited while one waits."""
        for delay, key in self._throttles(email, client):
            try:
                await self._limiter.attempt(delay, key)
            except RateLimited:
                await self._record_throttled(key, email, client)
                raise

    async def _succeeded(self, email: str, client: str) -> None:
        """Forget an account's failures; of an address only this attempt, which was none.

        Else whoever has an account of their own could clear the address between two guesses.
        """
        (by_client, client_key), (by_account, account_key) = self._throttles(email, client)
        await self._limiter.forgive(by_client, client_key)
        await self._limiter.forget(by_account, account_key)

    def _throttles(self, email: str, client: str) -> tuple[tuple[Delay, str], tuple[Delay, str]]:
        """Return what counts the client's failures and the account's, whether there is such.

        An address, which an office may share, is granted its attempts anew each minute. An account
        has them once; from then on one for each of the longest delays.
        """
        free, most = self._settings.login_attempts_per_minute, self._settings.login_delay_seconds
        by_client = Delay("login of client", free, _MINUTE / free, most)
        by_account = Delay("login of account", free, most, most)
        return (by_client, f"client {client}"), (by_account, f"account {_spelled(email)}")

    async def _record_throttled(self, key: str, email: str, client: str) -> None:
        """Record the first refusal of a key in a while; the others cost no more than before."""
        try:
            await self._limiter.take(_THROTTLED_EVENTS, key)
        except RateLimited:
            return
        await self._refused(await self._account(email), email, client, "throttled")

    async def _account(self, email: str) -> tuple[User, str] | None:
        try:
            address = parse_address(email).text.lower()
        except AddressInvalid:
            return None
        async with self._database.reading_identity() as identity:
            return await identity.user_by_email(address)

    async def _fits(self, account: tuple[User, str] | None, password: Secret) -> bool:
        """Tell whether that is the account's password; for no account after the same work."""
        if len(password.reveal()) > _PASSWORD_MAX_CHARS:
            return False
        return await self._passwords.verify(account[1] if account else None, password)

    async def _refused(
        self, account: tuple[User, str] | None, email: str, client: str, reason: str
    ) -> None:
        """Record a refusal; every statement is run for an account that there is not, too."""
        user_id = account[0].id if account else None
        async with self._database.reading_identity() as identity:
            memberships = await identity.memberships(user_id or new_id())
        workspace_id = _home(memberships)[0] if memberships else None
        await self._trail.refused(workspace_id, user_id, email, client, reason)

    def _session(self, user_id: UUID, workspace_id: UUID) -> Session:
        now = self._now()
        ends = now + timedelta(seconds=self._settings.session_seconds)
        return Session(new_id(), user_id, workspace_id, now, ends, None)

    def _live(self, found: tuple[Session, User, Role] | None, channel: Channel) -> Principal:
        if found is None:
            raise Unauthenticated(N_("The session is not valid."))
        session, user, role = found
        if session.revoked_at is not None or session.expires_at <= self._now():
            raise Unauthenticated(N_("The session has ended."))
        return _principal(session, user, role, channel)

    async def _checked(self, email: str, password: Secret) -> str:
        issues = []
        address = ""
        try:
            address = parse_address(email).text.lower()
        except AddressInvalid:
            sentence = N_("This is no e-mail address.")
            issues.append(_issue(ValidationCode.INVALID_FORMAT, sentence, "email"))
        if len(password.reveal()) < self._settings.password_min_chars:
            least = self._settings.password_min_chars
            sentence = phrase("Use at least {least} characters.", least=least)
            issues.append(_issue(ValidationCode.OUT_OF_RANGE, sentence, "password"))
        elif len(password.reveal()) > _PASSWORD_MAX_CHARS:
            issues.append(_issue(ValidationCode.TOO_LONG, N_("This is too long."), "password"))
        elif await self._passwords.guessable(password, address):
            sentence = N_("This password is easy to guess. Choose one that is not.")
            issues.append(_issue(ValidationCode.NOT_ALLOWED, sentence, "password"))
        if issues:
            raise InvalidInput(tuple(issues))
        return address


def _home(memberships: Sequence[tuple[UUID, str, Role]]) -> tuple[UUID, str, Role]:
    """Return the membership that a user signs in with."""
    return next((entry for entry in memberships if entry[1] == DEFAULT_WORKSPACE), memberships[0])


def _spelled(email: str) -> str:
    """Return what all spellings of one address have in common: short, and not the address."""
    try:
        address = parse_address(email).text.lower()
    except AddressInvalid:
        address = email.strip().lower()
    return sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _issue(code: ValidationCode, message: str, field: str) -> ValidationIssue:
    return ValidationIssue(code, Severity.ERROR, message, (field,))


def _digest(token: Secret) -> str:
    # 256 random bits need no slow hash; the digest keeps a stolen database from being a login.
    return sha256(token.reveal().encode()).hexdigest()


def _principal(session: Session, user: User, role: Role, channel: Channel) -> Principal:
    return Principal(user.id, session.workspace_id, role, session.id, channel, user.email)
