"""Invitations to the caller's workspace: making, listing, withdrawing and accepting them."""

from datetime import datetime
from typing import Annotated, Final

import strawberry

from mailconfig.domain import workspaces as domain
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Principal, Role, Scope
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.context import Context, Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.pages import (
    Cursors,
    PageInfo,
    page_info,
    page_request,
)
from mailconfig.graphql.scalars import EmailAddress
from mailconfig.graphql.selecting import selected

_MANAGE: Final = Scope.WORKSPACE_MANAGE


@object_type
class Invitation:
    """An invitation that can be accepted."""

    id: strawberry.ID
    """Global id."""
    email: EmailAddress
    """Address that is invited."""
    role: Role
    """What whoever accepts it may do."""
    invited_by_id: strawberry.ID | None
    """Global id of the user who invited; null when that user is gone."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime
    """When it ends."""


def invitation(row: domain.Invitation) -> Invitation:
    """Show an invitation."""
    return Invitation(
        id=ids.encode("Invitation", row.id),
        email=EmailAddress(row.email),
        role=row.role,
        invited_by_id=ids.encode("User", row.invited_by) if row.invited_by else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


@object_type
class InvitationEdge:
    """An invitation and its place."""

    cursor: str
    """Place in the list."""
    node: Invitation
    """The invitation."""


@object_type
class InvitationConnection:
    """A page of invitations, newest first."""

    edges: list[InvitationEdge]
    """Rows with their cursors."""
    nodes: list[Invitation]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


async def invitation_page(
    info: Info, first: int | None, after: str | None, last: int | None, before: str | None
) -> InvitationConnection:
    """Return a page of the invitations to the caller's workspace."""
    context = info.context
    principal = await context.caller(_MANAGE)
    principal.require(Role.ADMIN)
    signer, listing = context.services.cursors, f"invitations {principal.workspace_id}"
    request = page_request(signer, listing, first, after, last, before)
    page = await context.services.invitations.page(principal, request)
    made = selected(info, Cursors.of).made(signer, listing, page.keys)
    nodes = [invitation(row) for row in page.rows]
    return InvitationConnection(
        edges=[
            InvitationEdge(cursor=cursor, node=node)
            for cursor, node in zip(made or [""] * len(nodes), nodes, strict=True)
        ],
        nodes=nodes,
        page_info=page_info(made, has_next=page.has_next, has_previous=page.has_previous),
    )


@object_type
class JoinedWorkspace:
    """The workspace that an invitation led to."""

    id: strawberry.ID
    """Global id."""
    slug: str
    """Its name for programs, which `login` takes."""
    name: str
    """Its name for people."""
    role: Role
    """What the new member may do there."""


@input_type
class InviteMemberInput:
    """Whom to invite."""

    email: str
    """Address to invite."""
    role: Role
    """What whoever accepts it may do; at most the caller's own role."""


@object_type
class InviteMemberPayload:
    """What inviteMember answers."""

    invitation: Invitation | None = None
    """The invitation; null when there are errors."""
    token: str | None = None
    """What acceptInvitation takes, to be handed to whom the address belongs; shown only now."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nobody was invited."""


@input_type
class WithdrawInvitationInput:
    """Which invitation to end."""

    id: strawberry.ID
    """The invitation."""


@object_type
class WithdrawInvitationPayload:
    """What withdrawInvitation answers."""

    withdrawn_id: strawberry.ID | None = None
    """For the client's cache eviction."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it goes on."""


@input_type
class AcceptInvitationInput:
    """What was handed over."""

    token: str
    """The token of the invitation."""
    password: str | None = None
    """Password of the account that is made where the address has none; else not needed."""


@object_type
class AcceptInvitationPayload:
    """What acceptInvitation answers."""

    workspace: JoinedWorkspace | None = None
    """The workspace; `login` or `switchWorkspace` goes there. Null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nobody joined."""


async def _joining(context: Context) -> Principal | None:
    """Return who is signed in and joins, None for nobody; machines join nothing."""
    try:
        principal = await context.caller_or_none()
    except Unauthenticated:
        return None
    if principal is not None:
        context.check_csrf(principal)
        principal.require_person()
    return principal


@strawberry.type
class InvitationMutation:
    """Writes of invitations."""

    @mutation(Guard.ADMIN, InviteMemberPayload)  # else a key could make a person of itself
    async def invite_member(
        self,
        info: Info,
        input: Annotated[InviteMemberInput, strawberry.argument(description="Whom.")],
    ) -> InviteMemberPayload | None:
        """Invite an address; an open invitation of the same address is replaced."""
        principal = await info.context.caller()
        made, token = await info.context.services.invitations.invite(
            principal, input.email, input.role
        )
        return InviteMemberPayload(invitation=invitation(made), token=token.reveal())

    @mutation(Guard.ADMIN, WithdrawInvitationPayload, _MANAGE)
    async def withdraw_invitation(
        self,
        info: Info,
        input: Annotated[WithdrawInvitationInput, strawberry.argument(description="Which.")],
    ) -> WithdrawInvitationPayload | None:
        """End an open invitation; its token is of no use any more."""
        principal = await info.context.caller()
        key = ids.key_of("Invitation", input.id)
        await info.context.services.invitations.withdraw(principal, key)
        return WithdrawInvitationPayload(withdrawn_id=input.id)

    @mutation(Guard.ANYONE, AcceptInvitationPayload)
    async def accept_invitation(
        self,
        info: Info,
        input: Annotated[AcceptInvitationInput, strawberry.argument(description="The token.")],
    ) -> AcceptInvitationPayload | None:
        """Join a workspace: whoever is signed in with the invited address, else a new account."""
        context = info.context
        principal = await _joining(context)
        client = context.sessions.client(context.request)
        password = Secret(input.password) if input.password is not None else None
        joined = await context.services.invitations.accept(
            principal, Secret(input.token), password, client
        )
        return AcceptInvitationPayload(
            workspace=JoinedWorkspace(
                id=ids.encode("Workspace", joined.workspace.id),
                slug=joined.workspace.slug,
                name=joined.workspace.name,
                role=joined.role,
            )
        )
