"""Signing in to mailconfig itself, and what a session lets a browser do.

Whose a session is, and how it ends, is in `sessions`; users and passwords are in `accounts`.
"""

import logging

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import CredentialsRefused
from mailconfig.domain.identity import Channel, Principal, Role, User
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter
from mailconfig.services.accounts import AccountService
from mailconfig.services.audit import SignInTrail
from mailconfig.services.credentials import DEFAULT_WORKSPACE, Credentials, home
from mailconfig.services.passwords import Passwords
from mailconfig.services.sessions import (
    Device,
    IdentitySettings,
    SessionService,
    SignIn,
    digest,
    fresh_token,
    principal_of,
)
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database

__all__ = ["DEFAULT_WORKSPACE", "Device", "IdentityService", "IdentitySettings", "SignIn"]

_log = logging.getLogger(__name__)


class IdentityService(SessionService):
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
        super().__init__(database, tokens, limiter, settings, now)
        self._csrf = signer.derive("csrf")
        self._trail = SignInTrail(database, signer)
        self._passwords = Passwords()
        self._credentials = Credentials(database, self._passwords, self._trail, limiter, settings)
        self.accounts = AccountService(
            database, self, self._credentials, self._passwords, limiter, settings
        )

    async def login(
        self,
        email: str,
        password: Secret,
        client: str,
        *,
        workspace: str | None = None,
        user_agent: str | None = None,
        replaced: Secret | None = None,
    ) -> SignIn:
        """Open a session; `client` is the address of the caller, for the throttle.

        `workspace` is the slug of one of the user's. `replaced` is the cookie that came along: it
        is never gone on with, and its session ends, whoever's it is (session fixation).
        Raises RateLimited or CredentialsRefused, which never says what was wrong.
        """
        user = await self._credentials.user(email, password, client)
        token, now = fresh_token(), self._now()
        async with self._database.identity() as identity:
            memberships = [
                entry
                for entry in await identity.memberships(user.id)
                if workspace is None or entry[1] == workspace
            ]
            if not memberships:
                _log.info("a sign-in was refused: the user is in no such workspace")
                raise CredentialsRefused
            workspace_id, _, role = home(memberships)
            session = self._session(user.id, workspace_id, Device(client, user_agent))
            old = await identity.sessions.end_by_token(digest(replaced), now) if replaced else None
            if old is not None:
                trail = identity.audit(old.workspace_id)
                await trail.append(None, "session.end", "session", old.id, {})
            await identity.add_session(session, digest(token))
            details = {"client": self._trail.client(workspace_id, client)}
            trail = identity.audit(workspace_id)
            await trail.append(user.id, "login", "session", session.id, details)
        if old is not None:
            self.tell_ended((old,))
        return SignIn(principal_of(session, user, role, Channel.COOKIE), session, token)

    async def user(self, principal: Principal) -> User | None:
        """Return the caller as a user."""
        async with self._database.reading_identity() as identity:
            return await identity.user(principal.user_id)

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
        """Make a user, as `accounts` does."""
        return await self.accounts.create_user(email, password, role, workspace)

    async def first_user(self, email: str) -> Secret | None:
        """Make the owner of an empty installation, as `accounts` does."""
        return await self.accounts.first_user(email)
