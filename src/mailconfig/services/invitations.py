"""Invitations: an address may join a workspace, by a token that is shown once.

    mci_<43 characters of base64url: 256 random bits>

Mail comes with sending; until then whoever invites hands the token over.

Threat: guessed, used and foreign tokens, and finding out which of them it was. All that are of no
use read the same. A token makes an account for its own address only; whoever has an account has to
be signed in with it, so that a stolen token opens nobody's. Limit: whoever is given the token of an
address without an account becomes that address here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Duplicate, Forbidden, InvalidInput, Unauthenticated
from mailconfig.domain.identity import Principal, Role, User, lower_role
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import Secret
from mailconfig.domain.throttling import Delay, Limit, Limiter
from mailconfig.domain.workspaces import (
    INVITATION_PREFIX,
    Belonging,
    Invitation,
    InvitationInvalid,
)
from mailconfig.services.accounts import AccountService
from mailconfig.services.addresses import canonical_address
from mailconfig.services.finding import named_by
from mailconfig.services.sessions import digest, fresh_token
from mailconfig.services.workspaces import acting_role
from mailconfig.storage.database import Database
from mailconfig.storage.identity import IdentityRepository

_PER_HOUR: Final = Limit("invitations", 200, 3600)
"""Invitations of a workspace; a whole company joins at this speed."""
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class InvitationSettings:
    """Limits of invitations."""

    seconds: int = 7 * 24 * 3600
    """How long one can be accepted."""
    attempts_per_minute: int = 10
    """Tokens that a client may try before each next one waits."""
    delay_seconds: int = 900
    """The longest wait."""


class InvitationService:
    """The life of an invitation."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        limiter: Limiter,
        settings: InvitationSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._limiter = limiter
        self._settings = settings
        self._now = now

    async def invite(
        self, principal: Principal, email: str, role: Role
    ) -> tuple[Invitation, Secret]:
        """Invite an address; an open invitation of it gives way. The token is shown this once.

        Raises Forbidden for a role above the caller's, InvalidInput, Duplicate, RateLimited.
        """
        principal.require(Role.ADMIN)
        address = canonical_address(email, "email")
        await self._limiter.take(_PER_HOUR, f"workspace {principal.workspace_id}")
        token, now = Secret(INVITATION_PREFIX + fresh_token().reveal()), self._now()
        invitation = Invitation(
            id=new_id(),
            workspace_id=principal.workspace_id,
            email=address,
            role=role,
            invited_by=principal.user_id,
            created_at=now,
            expires_at=now + timedelta(seconds=self._settings.seconds),
        )
        async with self._database.work(principal.workspace_id) as work:
            acting = await acting_role(work, principal)
            known = await work.invitations.open_of(address)
            _check_reach(acting, role, known)
            if await work.workspaces.has_member_of(address):
                raise Duplicate(N_("This user is a member already."), ("email",))
            if known is not None:
                await work.invitations.end(known.id)
            await work.invitations.insert(invitation, digest(token))
            details = {"role": role.value, "replaced": known is not None}
            await work.audit.append(
                principal.user_id, "invitation.create", "invitation", invitation.id, details
            )
        return invitation, token

    async def withdraw(self, principal: Principal, invitation_id: UUID) -> Invitation:
        """End an open invitation; raises NotFound, Forbidden for a role above the caller's."""
        principal.require(Role.ADMIN)
        async with self._database.work(principal.workspace_id) as work:
            acting = await acting_role(work, principal)
            with named_by("id"):
                invitation = await work.invitations.get(invitation_id)
            _check_reach(acting, invitation.role, None)
            await work.invitations.end(invitation_id)
            await work.audit.append(
                principal.user_id, "invitation.withdraw", "invitation", invitation_id, {}
            )
        return invitation

    async def page(self, principal: Principal, request: PageRequest) -> Page[Invitation]:
        """Return the invitations that can be accepted, newest first; raises Forbidden."""
        principal.require(Role.ADMIN)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.invitations.page(request)

    async def accept(
        self, principal: Principal | None, token: Secret, password: Secret | None, client: str
    ) -> Belonging:
        """Join by a token: the caller, else a new account of the address; `client` is its network.

        Raises RateLimited, InvitationInvalid, Unauthenticated where the address has an account and
        nobody is signed in, InvalidInput for a password, Duplicate for a member.
        """
        delay, key = self._delay(client)
        await self._limiter.attempt(delay, key)
        known = digest(token)
        invitation, account = await self._found(known)
        if invitation is None:
            raise InvitationInvalid
        if principal is not None and (account is None or account.id != principal.user_id):
            raise InvitationInvalid
        await self._limiter.forgive(delay, key)
        if principal is None and account is not None:
            raise Unauthenticated(N_("Sign in with the invited address first."))
        encoded = None
        if account is None:
            if password is None:
                sentence = N_("Choose a password.")
                raise InvalidInput.of(ValidationCode.REQUIRED, sentence, "password")
            _, encoded = await self._accounts.accepted(invitation.email, password)
        return await self._joined(invitation, known, account, encoded)

    async def _found(self, known: str) -> tuple[Invitation | None, User | None]:
        """Return an invitation and the account of its address, after the same statements."""
        async with self._database.reading_identity() as identity:
            invitation = await identity.invitations.find(known, self._now())
            account = await identity.user_by_email(invitation.email if invitation else "")
        return invitation, account[0] if invitation and account else None

    async def _joined(
        self, invitation: Invitation, known: str, account: User | None, encoded: str | None
    ) -> Belonging:
        place = invitation.workspace_id
        async with self._database.identity() as identity:
            if not await identity.invitations.use(known, self._now()):
                raise InvitationInvalid
            trail = identity.audit(place)
            details = {"role": invitation.role.value}
            if account is None:
                account = await identity.create_user(invitation.email, encoded or "!")
                await trail.append(account.id, "user.create", "user", account.id, details)
            await identity.add_member(place, account.id, invitation.role)
            await trail.append(
                account.id, "invitation.accept", "invitation", invitation.id, details
            )
            return await _belonging(identity, account.id, place)

    def _delay(self, client: str) -> tuple[Delay, str]:
        free, most = self._settings.attempts_per_minute, self._settings.delay_seconds
        return Delay("invitation of client", free, _MINUTE / free, most), f"client {client}"


async def _belonging(identity: IdentityRepository, user_id: UUID, workspace_id: UUID) -> Belonging:
    found = await identity.workspaces.of_user(user_id)
    return next(one for one in found if one.workspace.id == workspace_id)


def _check_reach(acting: Role, role: Role, known: Invitation | None) -> None:
    """Raise Forbidden where a role is above the caller's, or that of what would give way."""
    touched = (role, known.role) if known is not None else (role,)
    if any(lower_role(acting, each) is not each for each in touched):
        raise Forbidden
