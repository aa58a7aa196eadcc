"""Workspaces: the caller's own, its members and quotas, and how they change."""

from datetime import datetime
from typing import Annotated, Final

import strawberry

from mailconfig.domain import workspaces as domain
from mailconfig.domain.identity import Role, Scope
from mailconfig.domain.workspaces import Belonging, Legacy, Quota
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type, one_of_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.invitations import InvitationConnection, invitation_page
from mailconfig.graphql.pages import (
    After,
    Before,
    Cursors,
    First,
    Last,
    PageInfo,
    page_info,
    page_request,
)
from mailconfig.graphql.scalars import EmailAddress
from mailconfig.graphql.selecting import selected
from mailconfig.graphql.sessions import forget_cookie

_MANAGE: Final = Scope.WORKSPACE_MANAGE


@object_type
class WorkspaceQuota:
    """What a workspace may have or do only so much of."""

    quota: Quota
    """Which."""
    used: float
    """How much is used; a whole number, which may be larger than an Int."""
    limit: float | None
    """The most; null where there is no limit."""


@object_type
class WorkspaceMember:
    """A user in a workspace."""

    id: strawberry.ID
    """Global id of the user."""
    email: EmailAddress
    """Address of the user."""
    role: Role
    """What the user may do here."""
    joined_at: datetime
    """When the user joined."""


def member(row: domain.WorkspaceMember) -> WorkspaceMember:
    """Show a member."""
    return WorkspaceMember(
        id=ids.encode("User", row.user_id),
        email=EmailAddress(row.email),
        role=row.role,
        joined_at=row.joined_at,
    )


@object_type
class WorkspaceMemberEdge:
    """A member and their place."""

    cursor: str
    """Place in the list."""
    node: WorkspaceMember
    """The member."""


@object_type
class WorkspaceMemberConnection:
    """A page of members, the longest first."""

    edges: list[WorkspaceMemberEdge]
    """Rows with their cursors."""
    nodes: list[WorkspaceMember]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


@object_type
class Workspace:
    """A tenant: configurations, files and tests belong to exactly one."""

    id: strawberry.ID
    """Global id."""
    slug: str
    """Its name for programs, which does not change."""
    name: str
    """Its name for people."""
    created_at: datetime
    """When it was made."""

    @strawberry.field
    async def quotas(self, info: Info) -> list[WorkspaceQuota]:
        """What it may have or do only so much of, and how much is used."""
        principal = await info.context.caller(_MANAGE)
        found = await info.context.services.quotas.shown(principal)
        return [
            WorkspaceQuota(quota=each.quota, used=each.used, limit=each.limit) for each in found
        ]

    @strawberry.field
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> WorkspaceMemberConnection | None:
        """Who is in it, the longest first; for administrators."""
        context = info.context
        principal = await context.caller(_MANAGE)
        principal.require(Role.ADMIN)
        signer, listing = context.services.cursors, f"members {principal.workspace_id}"
        request = page_request(signer, listing, first, after, last, before)
        page = await context.services.workspaces.members(principal, request)
        made = selected(info, Cursors.of).made(signer, listing, page.keys)
        nodes = [member(row) for row in page.rows]
        return WorkspaceMemberConnection(
            edges=[
                WorkspaceMemberEdge(cursor=cursor, node=node)
                for cursor, node in zip(made or [""] * len(nodes), nodes, strict=True)
            ],
            nodes=nodes,
            page_info=page_info(made, has_next=page.has_next, has_previous=page.has_previous),
        )

    @strawberry.field
    async def invitations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> InvitationConnection | None:
        """Invitations that can be accepted, newest first; for administrators."""
        return await invitation_page(info, first, after, last, before)


def workspace(row: domain.Workspace) -> Workspace:
    """Show the caller's workspace."""
    return Workspace(
        id=ids.encode("Workspace", row.id), slug=row.slug, name=row.name, created_at=row.created_at
    )


@object_type
class WorkspaceMembership:
    """A workspace of the caller."""

    id: strawberry.ID
    """Global id of the workspace, for `switchWorkspace`."""
    slug: str
    """Its name for programs."""
    name: str
    """Its name for people."""
    role: Role
    """What the caller may do there."""


def membership(row: Belonging) -> WorkspaceMembership:
    """Show a workspace to somebody who is in it."""
    return WorkspaceMembership(
        id=ids.encode("Workspace", row.workspace.id),
        slug=row.workspace.slug,
        name=row.workspace.name,
        role=row.role,
    )


@input_type
class RenameWorkspaceInput:
    """Another name."""

    name: str
    """Name for people, at most 100 characters; the slug stays."""


@object_type
class RenameWorkspacePayload:
    """What renameWorkspace answers."""

    workspace: Workspace | None = None
    """The workspace; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@input_type
class ChangeMemberRoleInput:
    """A member and their next role."""

    user_id: strawberry.ID
    """The member."""
    role: Role
    """The role; at most the caller's own."""


@object_type
class ChangeMemberRolePayload:
    """What changeMemberRole answers."""

    member: WorkspaceMember | None = None
    """The member; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@one_of_type
class LeftConfigurationsInput:
    """What becomes of the private configurations of somebody who leaves."""

    transfer_to: strawberry.ID | None = strawberry.UNSET
    """Member who gets them, with their stored passwords."""
    delete: bool | None = strawberry.UNSET
    """True: they are removed for good, with tests, files and passwords."""


def legacy(given: LeftConfigurationsInput | None) -> Legacy | None:
    """Return what becomes of configurations; None where nobody said."""
    if given is None:
        return None
    if given.transfer_to:
        path = ("configurations", "transferTo")
        return Legacy(ids.key_of("User", given.transfer_to, path))
    return Legacy() if given.delete is True else None


@input_type
class RemoveMemberInput:
    """Whom to remove."""

    user_id: strawberry.ID
    """The member."""
    configurations: LeftConfigurationsInput | None = None
    """What becomes of the member's own configurations; needed where there are any."""


@object_type
class RemoveMemberPayload:
    """What removeMember answers."""

    removed_id: strawberry.ID | None = None
    """Global id of the user who was a member."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nobody was removed."""


@input_type
class LeaveWorkspaceInput:
    """How to leave."""

    configurations: LeftConfigurationsInput | None = None
    """What becomes of the caller's own configurations; needed where there are any."""


@object_type
class LeaveWorkspacePayload:
    """What leaveWorkspace answers."""

    ok: bool = False
    """Whether the caller has left; the session is over then."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why the caller is still in it."""


@input_type
class TransferOwnershipInput:
    """Who is to be an owner."""

    to: strawberry.ID
    """A member; the caller becomes an administrator."""


@object_type
class TransferOwnershipPayload:
    """What transferOwnership answers."""

    owner: WorkspaceMember | None = None
    """The new owner; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@object_type
class WorkspaceQuery:
    """Reads of workspaces."""

    @strawberry.field
    async def workspace(self, info: Info) -> Workspace | None:
        """The workspace of this session or key."""
        principal = await info.context.caller(_MANAGE)
        return workspace(await info.context.services.workspaces.get(principal))

    @strawberry.field
    async def workspaces(self, info: Info) -> list[WorkspaceMembership] | None:
        """All workspaces that the caller is in, by slug."""
        principal = await info.context.caller(_MANAGE)
        found = await info.context.services.workspaces.of(principal)
        return [membership(one) for one in found]


@strawberry.type
class WorkspaceMutation:
    """Writes of workspaces and members."""

    @mutation(Guard.ADMIN, RenameWorkspacePayload, _MANAGE)
    async def rename_workspace(
        self,
        info: Info,
        input: Annotated[RenameWorkspaceInput, strawberry.argument(description="The name.")],
    ) -> RenameWorkspacePayload | None:
        """Give the workspace another name for people."""
        principal = await info.context.caller()
        renamed = await info.context.services.workspaces.rename(principal, input.name)
        return RenameWorkspacePayload(workspace=workspace(renamed))

    @mutation(Guard.ADMIN, ChangeMemberRolePayload)  # else a key could make a person of itself
    async def change_member_role(
        self,
        info: Info,
        input: Annotated[ChangeMemberRoleInput, strawberry.argument(description="The role.")],
    ) -> ChangeMemberRolePayload | None:
        """Change what a member may do, at once; nobody touches a role above their own."""
        principal = await info.context.caller()
        user_id = ids.key_of("User", input.user_id, ("userId",))
        changed = await info.context.services.workspaces.change_role(principal, user_id, input.role)
        return ChangeMemberRolePayload(member=member(changed))

    @mutation(Guard.ADMIN, RemoveMemberPayload, _MANAGE)
    async def remove_member(
        self,
        info: Info,
        input: Annotated[RemoveMemberInput, strawberry.argument(description="The member.")],
    ) -> RemoveMemberPayload | None:
        """End a membership, with the member's sessions and API keys of this workspace."""
        principal = await info.context.caller()
        user_id = ids.key_of("User", input.user_id, ("userId",))
        left = legacy(input.configurations)
        await info.context.services.workspaces.remove(principal, user_id, left)
        return RemoveMemberPayload(removed_id=input.user_id)

    @mutation(Guard.VIEWER, LeaveWorkspacePayload)
    async def leave_workspace(
        self,
        info: Info,
        input: Annotated[LeaveWorkspaceInput, strawberry.argument(description="How to leave.")],
    ) -> LeaveWorkspacePayload | None:
        """End the caller's own membership, with their sessions and API keys of this workspace."""
        principal = await info.context.caller()
        left = legacy(input.configurations)
        await info.context.services.workspaces.leave(principal, left)
        forget_cookie(info.context)
        return LeaveWorkspacePayload(ok=True)

    @mutation(Guard.OWNER, TransferOwnershipPayload)
    async def transfer_ownership(
        self,
        info: Info,
        input: Annotated[TransferOwnershipInput, strawberry.argument(description="To whom.")],
    ) -> TransferOwnershipPayload | None:
        """Make a member an owner, and the caller an administrator."""
        principal = await info.context.caller()
        heir_id = ids.key_of("User", input.to, ("to",))
        owner = await info.context.services.workspaces.transfer(principal, heir_id)
        return TransferOwnershipPayload(owner=member(owner))
