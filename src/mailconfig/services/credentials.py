"""Checking the password of an account: throttled, and at the same cost for accounts that exist.

Threat: guessing, and finding out who has an account. An attempt counts before its password is
looked at; a refusal never says what was wrong, and for an unknown account as much is done.
Limit: who knows an address can hold its sign-in in the wait that failures earn.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.errors import CredentialsRefused, RateLimited
from mailconfig.domain.identity import Role, User
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import Secret
from mailconfig.domain.throttling import Delay, Limit, Limiter
from mailconfig.services.audit import SignInTrail
from mailconfig.services.passwords import PASSWORD_MAX_CHARS, Passwords
from mailconfig.services.sessions import IdentitySettings
from mailconfig.storage.database import Database

DEFAULT_WORKSPACE: Final = "default"
"""Slug of the workspace that users belong to unless another is named."""
_MINUTE: Final = 60
_THROTTLED_EVENTS: Final = Limit("throttled sign-ins on record", 1, 60)
"""Events of what a throttle refuses, for each of its keys: a flood must not fill the trail."""


class Credentials:
    """Tells whether somebody knows the password of an account."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        trail: SignInTrail,
        limiter: Limiter,
        settings: IdentitySettings,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._trail = trail
        self._limiter = limiter
        self._settings = settings

    async def user(self, email: str, password: Secret, client: str) -> User:
        """Return the user of an address and password; raises RateLimited or CredentialsRefused.

        A hash that was made with other parameters than today's is made anew.
        """
        await self._throttle(email, client)
        account = await self._account(email)
        if not await self._fits(account, password) or account is None:
            await self._refused(account, email, client, "credentials")
            raise CredentialsRefused
        await self._succeeded(email, client)
        user, encoded = account
        if self._passwords.is_outdated(encoded):
            fresh = await self._passwords.hash(password)
            async with self._database.identity() as identity:
                await identity.replace_password(user.id, encoded, fresh)
        return user

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
            address = parse_address(email).folded
        except AddressInvalid:
            return None
        async with self._database.reading_identity() as identity:
            return await identity.user_by_email(address)

    async def _fits(self, account: tuple[User, str] | None, password: Secret) -> bool:
        """Tell whether that is the account's password; for no account after the same work."""
        if len(password.reveal()) > PASSWORD_MAX_CHARS:
            return False
        return await self._passwords.verify(account[1] if account else None, password)

    async def _refused(
        self, account: tuple[User, str] | None, email: str, client: str, reason: str
    ) -> None:
        """Record a refusal; every statement is run for an account that there is not, too."""
        user_id = account[0].id if account else None
        async with self._database.reading_identity() as identity:
            memberships = await identity.memberships(user_id or new_id())
        workspace_id = home(memberships)[0] if memberships else None
        await self._trail.refused(workspace_id, user_id, email, client, reason)


def home(memberships: Sequence[tuple[UUID, str, Role]]) -> tuple[UUID, str, Role]:
    """Return the membership that a user signs in with when none is named."""
    return next((entry for entry in memberships if entry[1] == DEFAULT_WORKSPACE), memberships[0])


def _spelled(email: str) -> str:
    """Return what all spellings of one address have in common: short, and not the address."""
    try:
        address = parse_address(email).folded
    except AddressInvalid:
        address = email.strip().lower()
    return sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
