"""Workspaces and their members: who is in one, as what, and how that changes.

Whoever changes roles is looked at again inside the transaction, under a lock of the workspace: a
role that was taken away a moment ago is not used any more, and of two owners who demote each other
at once one stays. Nobody touches a higher role than their own, or gives one.
"""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound
from mailconfig.domain.identity import Principal, Role, User, lower_role
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.text import tidy
from mailconfig.domain.workspaces import (
    Belonging,
    LastOwner,
    Legacy,
    Workspace,
    WorkspaceMember,
)
from mailconfig.services.audit import Detail
from mailconfig.services.finding import named_by
from mailconfig.services.leaving import Leaving
from mailconfig.services.sessions import SessionService
from mailconfig.storage.database import Database, Work

_NAME_MAX_CHARS: Final = 100
"""A line of a list."""
_ABOVE: Final = {
    role: tuple(other for other in Role if lower_role(role, other) is role and other is not role)
    for role in Role
}
"""The roles above each."""


class WorkspaceService:
    """The caller's workspace, and for commands all of them."""

    def __init__(
        self,
        database: Database,
        sessions: SessionService,
        leaving: Leaving,
        forget_members: Callable[[], None],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._leaving = leaving
        self._forget_members = forget_members

    # -- reading

    async def get(self, principal: Principal) -> Workspace:
        """Return the caller's workspace."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.workspaces.get()

    async def of(self, principal: Principal) -> tuple[Belonging, ...]:
        """Return all workspaces of the caller, by slug; a machine has the one it is for."""
        async with self._database.reading_identity() as identity:
            found = await identity.workspaces.of_user(principal.user_id)
        if principal.is_person:
            return found
        return tuple(one for one in found if one.workspace.id == principal.workspace_id)

    async def members(self, principal: Principal, request: PageRequest) -> Page[WorkspaceMember]:
        """Return a page of members, the longest first; raises Forbidden."""
        principal.require(Role.ADMIN)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.workspaces.members(request)

    # -- changing

    async def rename(self, principal: Principal, name: str) -> Workspace:
        """Give the workspace another name; raises Forbidden or InvalidInput."""
        principal.require(Role.ADMIN)
        checked = checked_name(name)
        async with self._database.work(principal.workspace_id) as work:
            await work.workspaces.rename(checked)
            await _record(work, principal, "workspace.rename", "workspace", work.workspace_id, {})
            return await work.workspaces.get()

    async def change_role(self, principal: Principal, user_id: UUID, role: Role) -> WorkspaceMember:
        """Give a member another role, which counts at once.

        Raises NotFound, Forbidden for roles above the caller's, LastOwner.
        """
        principal.require(Role.ADMIN)
        async with self._database.work(principal.workspace_id) as work:
            acting = await acting_role(work, principal)
            with named_by("userId"):
                member = await work.workspaces.member(user_id)
            _check_reach(acting, member.role, role)
            await self._given(work, principal, member, role)
            changed = await work.workspaces.member(user_id)
        self._forget(user_id)
        return changed

    async def transfer(self, principal: Principal, heir_id: UUID) -> WorkspaceMember:
        """Make a member an owner, and the caller an administrator; return the new owner.

        Raises NotFound or Forbidden.
        """
        principal.require_person()
        async with self._database.work(principal.workspace_id) as work:
            acting = await acting_role(work, principal)
            if acting is not Role.OWNER:
                raise Forbidden
            with named_by("to"):
                heir = await work.workspaces.member(heir_id)
                if heir_id == principal.user_id:
                    raise NotFound
            await work.workspaces.set_role(heir_id, Role.OWNER)
            await work.workspaces.set_role(principal.user_id, Role.ADMIN)
            await work.invitations.end_of(principal.user_id, _ABOVE[Role.ADMIN])
            details = {"was": heir.role.value}
            await _record(work, principal, "workspace.transfer", "user", heir_id, details)
            changed = await work.workspaces.member(heir_id)
        self._forget(heir_id)
        self._forget(principal.user_id)
        return changed

    async def remove(
        self, principal: Principal, user_id: UUID, legacy: Legacy | None
    ) -> WorkspaceMember:
        """End a membership, with the sessions and API keys that it had here; return who it was.

        Raises NotFound, Forbidden, LastOwner, ConfigurationsRemain, InvalidInput or Duplicate.
        """
        principal.require(Role.ADMIN)
        return await self._removed(principal, user_id, legacy, "member.remove")

    async def leave(self, principal: Principal, legacy: Legacy | None) -> WorkspaceMember:
        """End the caller's own membership; raises as `remove`."""
        principal.require_person()
        return await self._removed(principal, principal.user_id, legacy, "member.leave")

    async def _removed(
        self, principal: Principal, user_id: UUID, legacy: Legacy | None, action: str
    ) -> WorkspaceMember:
        async with self._database.work(principal.workspace_id) as work:
            acting = await acting_role(work, principal)
            with named_by("userId"):
                member = await work.workspaces.member(user_id)
            _check_reach(acting, member.role)
            estate = await self._leaving.depart(work, member, legacy)
            ended = await work.workspaces.end_sessions(self._sessions.now(), user_id)
            details = {
                "role": member.role.value,
                "configs": estate.configs,
                "user": str(legacy.heir_id) if legacy and legacy.heir_id else None,
            }
            await _record(work, principal, action, "user", user_id, details)
        self._sessions.tell_ended(ended)
        self._forget(user_id)
        await self._leaving.settle(estate)
        return member

    async def _given(
        self, work: Work, principal: Principal, member: WorkspaceMember, role: Role
    ) -> None:
        demoted = member.role is Role.OWNER and role is not Role.OWNER
        if demoted and not await work.workspaces.other_owners(member.user_id):
            raise LastOwner(("role",))
        await work.workspaces.set_role(member.user_id, role)
        await work.invitations.end_of(member.user_id, _ABOVE[role])
        details = {"was": member.role.value, "role": role.value}
        await _record(work, principal, "member.role", "user", member.user_id, details)

    def _forget(self, user_id: UUID) -> None:
        self._sessions.forget_sessions_of(user_id)
        self._forget_members()

    # -- for commands

    async def create(self, slug: str, name: str) -> Workspace:
        """Make a workspace without anybody in it; raises InvalidInput or Duplicate."""
        checked = checked_name(name)
        if not is_slug(slug):
            sentence = N_("A slug has 1 to 63 small letters, digits and hyphens between them.")
            raise InvalidInput.of(ValidationCode.INVALID_FORMAT, sentence, "slug")
        async with self._database.identity() as identity:
            workspace_id = await identity.create_workspace(slug, checked)
            trail = identity.audit(workspace_id)
            await trail.append(None, "workspace.create", "workspace", workspace_id, {})
        async with self._database.reading(workspace_id) as work:
            return await work.workspaces.get()

    async def all(self) -> tuple[tuple[Workspace, int], ...]:
        """Return all workspaces by slug, each with the number of its members."""
        async with self._database.reading_identity() as identity:
            return await identity.workspaces.all()

    async def people(self) -> tuple[tuple[User, str | None, Role | None], ...]:
        """Return all users by address, with each workspace that they are in, and their role."""
        async with self._database.reading_identity() as identity:
            return await identity.workspaces.people()

    async def by_slug(self, slug: str) -> Workspace:
        """Return a workspace; raises NotFound."""
        async with self._database.reading_identity() as identity:
            workspace_id = await identity.workspace_by_slug(slug)
        if workspace_id is None:
            raise NotFound(("slug",))
        async with self._database.reading(workspace_id) as work:
            return await work.workspaces.get()


async def acting_role(work: Work, principal: Principal) -> Role:
    """Lock the workspace and return what the caller may do in it now.

    Raises Forbidden where that is not what it was when the request was let in.
    """
    await work.workspaces.lock()
    try:
        member = await work.workspaces.member(principal.user_id)
    except NotFound:
        raise Forbidden from None
    return lower_role(principal.role, member.role)


def checked_name(name: str) -> str:
    """Return a name fit to be stored; raises InvalidInput."""
    text = tidy(name)
    if not text:
        raise InvalidInput.of(ValidationCode.REQUIRED, N_("Enter a name."), "name")
    if len(text) > _NAME_MAX_CHARS:
        sentence = phrase("Use at most {most} characters.", most=_NAME_MAX_CHARS)
        raise InvalidInput.of(ValidationCode.TOO_LONG, sentence, "name")
    return text


def is_slug(text: str) -> bool:
    """Tell whether a text can be a slug: a label of a host name (RFC 1123), in small letters."""
    return (
        0 < len(text) <= _SLUG_MAX_CHARS
        and text.isascii()
        and text == text.lower()
        and text.replace("-", "a").isalnum()
        and not text.startswith("-")
        and not text.endswith("-")
    )


_SLUG_MAX_CHARS: Final = 63


def _check_reach(acting: Role, *touched: Role) -> None:
    """Raise Forbidden where one of the roles is above the caller's own."""
    if any(role in _ABOVE[acting] for role in touched):
        raise Forbidden


async def _record(
    work: Work,
    principal: Principal,
    action: str,
    kind: str,
    object_id: UUID,
    details: Mapping[str, Detail],
) -> None:
    await work.audit.append(principal.user_id, action, kind, object_id, details)
