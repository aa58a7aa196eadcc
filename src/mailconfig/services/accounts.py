"""Users of mailconfig itself: making them, changing a password, setting a forgotten one.

A forgotten password is set by a one-time token, which the operator makes (`mailconfig user reset`)
and hands over. Must not send it: asking for one by mail comes with sending, through the configured
system account, and will need throttles of its own.

Whenever a password is set, what the old one opened is closed: other sessions, refresh tokens, open
resets.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from mailconfig.domain.identity import Principal, Role, User
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.secrets import Secret
from mailconfig.domain.throttling import Delay, Limiter
from mailconfig.services.credentials import DEFAULT_WORKSPACE, Credentials, home
from mailconfig.services.passwords import NO_PASSWORD, PASSWORD_MAX_CHARS, Passwords
from mailconfig.services.sessions import IdentitySettings, SessionService, digest, fresh_token
from mailconfig.storage.database import Database
from mailconfig.storage.identity import IdentityRepository

_PREFIX: Final = "mcp_"
"""By which logs, scanners and people know a token that sets a password."""
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Reset:
    """A token that sets the password of one user, shown once."""

    token: Secret
    expires_at: datetime
    email: str
    """The user's address as it is stored, the only one that a token may go to: another spelling,
    though it was found by it, may be somebody else's mailbox."""


class AccountService:
    """Makes users and sets their passwords."""

    def __init__(
        self,
        database: Database,
        sessions: SessionService,
        credentials: Credentials,
        passwords: Passwords,
        limiter: Limiter,
        settings: IdentitySettings,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._credentials = credentials
        self._passwords = passwords
        self._limiter = limiter
        self._settings = settings

    async def create_user(
        self, email: str, password: Secret, role: Role, workspace: str = DEFAULT_WORKSPACE
    ) -> User:
        """Make a user who is a member of the workspace, which is made when it is new.

        Raises InvalidInput for a bad address or short password, Duplicate for a known address.
        """
        address, encoded = await self.accepted(email, password)
        async with self._database.identity() as identity:
            workspace_id = await identity.workspace_by_slug(workspace)
            if workspace_id is None:
                workspace_id = await identity.create_workspace(workspace, workspace)
            user = await identity.create_user(address, encoded)
            await identity.add_member(workspace_id, user.id, role)
            trail = identity.audit(workspace_id)
            await trail.append(None, "user.create", "user", user.id, {"role": role.value})
        return user

    async def first_user(self, email: str) -> Secret | None:
        """Make the owner of an empty installation; return the password, None if not empty."""
        async with self._database.reading_identity() as identity:
            if await identity.count_users():
                return None
        password = Secret(secrets.token_urlsafe(18))
        await self.create_user(email, password, Role.OWNER)
        return password

    async def accepted(
        self, email: str, password: Secret, field: str = "password"
    ) -> tuple[str, str]:
        """Return the address as it is stored and the hash of a new account's password.

        Raises InvalidInput, whose issues are at `email` and at `field`.
        """
        issues = []
        address = ""
        try:
            address = parse_address(email).folded
        except AddressInvalid:
            sentence = N_("This is no e-mail address.")
            issues.append(ValidationIssue.error(ValidationCode.INVALID_FORMAT, sentence, "email"))
        weak = await self._weakness(address, password, field)
        if weak is not None:
            issues.append(weak)
        if issues:
            raise InvalidInput(tuple(issues))
        return address, await self._passwords.hash(password)

    async def change_password(
        self, principal: Principal, current: Secret, new: Secret, client: str
    ) -> None:
        """Set the caller's password, who knows the present one; only this session goes on.

        Raises InvalidInput for a weak one, RateLimited, CredentialsRefused.
        """
        if principal.session_id is None:  # an identity provider's user has no password here
            raise Forbidden
        weak = await self._weakness(principal.email, new, "newPassword")
        if weak is not None:
            raise InvalidInput((weak,))
        user = await self._credentials.user(principal.email, current, client)
        if user.id != principal.user_id:
            raise Unauthenticated
        encoded = await self._passwords.hash(new)
        await self._set(user.id, encoded, principal, "password.change")

    async def verify(self, principal: Principal, password: Secret, client: str) -> None:
        """Make sure that the caller knows the account's password.

        Raises RateLimited, CredentialsRefused, and Forbidden for whoever has none here.
        """
        if principal.session_id is None:
            raise Forbidden
        user = await self._credentials.user(principal.email, password, client)
        if user.id != principal.user_id:
            raise Unauthenticated

    async def start_reset(self, email: str, *, only_of_password: bool = False) -> Reset:
        """Make a token that sets a user's password; ends those made before. Raises NotFound.

        With `only_of_password` also for users without a password: their address is what another
        service said of them, and who reads its mail need not be them.
        """
        token = Secret(_PREFIX + fresh_token().reveal())
        async with self._database.identity() as identity:
            found = await identity.user_by_email(email.strip())
            if found is None or (only_of_password and found[1] == NO_PASSWORD):
                raise NotFound(("email",))
            user, _ = found
            now = self._sessions.now()
            ends = now + timedelta(seconds=self._settings.password_reset_seconds)
            await identity.resets.withdraw(user.id)
            await identity.resets.add(user.id, digest(token), ends)
            await self._record(identity, user.id, None, "password.reset_requested", {})
        return Reset(token, ends, user.email)

    async def reset_password(self, token: Secret, new: Secret, client: str) -> None:
        """Set the password of whom the token was made for; it is used up then.

        Raises RateLimited, and InvalidInput for a token that is unknown, used or expired, which
        read alike and cost the same, or for a weak password, which leaves the token as it is.
        """
        most = self._settings.login_delay_seconds
        free = self._settings.login_attempts_per_minute
        delay, key = Delay("reset of client", free, _MINUTE / free, most), f"client {client}"
        await self._limiter.attempt(delay, key)
        known = digest(token)
        async with self._database.reading_identity() as identity:
            user = await identity.resets.user_of(known, self._sessions.now())
        if user is None:
            raise _token_refused()
        await self._limiter.forgive(delay, key)
        weak = await self._weakness(user.email, new, "newPassword")
        if weak is not None:
            raise InvalidInput((weak,))
        encoded = await self._passwords.hash(new)
        if not await self._set(user.id, encoded, None, "password.reset", known):
            raise _token_refused()

    async def _set(
        self,
        user_id: UUID,
        encoded: str,
        principal: Principal | None,
        action: str,
        reset: str | None = None,
    ) -> bool:
        """Store a hash and close what the old password opened; False where the reset is used."""
        now = self._sessions.now()
        stays = principal.session_id if principal else None
        async with self._database.identity() as identity:
            if reset is not None and await identity.resets.use(reset, now) != user_id:
                return False
            await identity.set_password(user_id, encoded)
            await identity.resets.withdraw(user_id)
            ended = await identity.sessions.end_all(user_id, now, but=stays)
            if stays is not None:
                await identity.sessions.drop_refresh_tokens(stays)
            place = principal.workspace_id if principal else None
            details = {"sessions": len(ended)}
            await self._record(identity, user_id, user_id, action, details, place)
        self._sessions.tell_ended(ended)
        return True

    async def _record(
        self,
        identity: IdentityRepository,
        user_id: UUID,
        actor_id: UUID | None,
        action: str,
        details: dict[str, int],
        workspace_id: UUID | None = None,
    ) -> None:
        """Add an event about a user to the trail of a workspace, else of the user's first one."""
        memberships = await identity.memberships(user_id)
        place = workspace_id or (home(memberships)[0] if memberships else None)
        if place is not None:
            await identity.audit(place).append(actor_id, action, "user", user_id, {**details})

    async def _weakness(self, address: str, password: Secret, field: str) -> ValidationIssue | None:
        """Return what is wrong with a new password."""
        least = self._settings.password_min_chars
        if len(password.reveal()) < least:
            short = phrase("Use at least {least} characters.", least=least)
            return ValidationIssue.error(ValidationCode.OUT_OF_RANGE, short, field)
        if len(password.reveal()) > PASSWORD_MAX_CHARS:
            return ValidationIssue.error(ValidationCode.TOO_LONG, N_("This is too long."), field)
        if await self._passwords.guessable(password, address):
            sentence = N_("This password is easy to guess. Choose one that is not.")
            return ValidationIssue.error(ValidationCode.NOT_ALLOWED, sentence, field)
        return None


def _token_refused() -> InvalidInput:
    sentence = N_("This token is not valid any more. Ask for a new one.")
    return InvalidInput.of(ValidationCode.NOT_ALLOWED, sentence, "token")
