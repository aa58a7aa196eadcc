"""The end of workspaces and accounts, and taking everything along before."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain.secrets import Secret
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.sessions import forget_cookie


@object_type
class ExportWorkspacePayload:
    """What exportWorkspace answers."""

    url: str | None = None
    """Signed link to a ZIP file that expires soon; relative to this service."""
    expires_at: datetime | None = None
    """Until when a download can begin."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why there is no link."""


@input_type
class DeleteWorkspaceInput:
    """A confirmation."""

    slug: str
    """Slug of the workspace of this session, as a confirmation."""


@object_type
class DeleteWorkspacePayload:
    """What deleteWorkspace answers."""

    ok: bool = False
    """Whether nothing of the workspace is left; the session is over then."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is still there."""


@input_type
class DeleteAccountInput:
    """A confirmation."""

    password: str
    """Password of the caller."""


@object_type
class DeleteAccountPayload:
    """What deleteAccount answers."""

    ok: bool = False
    """Whether nothing of the account is left; all sessions are over then."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is still there."""


@strawberry.type
class ErasureMutation:
    """Export and erasure."""

    @mutation(Guard.OWNER, ExportWorkspacePayload)
    async def export_workspace(self, info: Info) -> ExportWorkspacePayload | None:
        """Make a link to all that the workspace owns, without passwords and tokens."""
        principal = await info.context.caller()
        link = await info.context.services.exports.link(principal)
        return ExportWorkspacePayload(url=link.url, expires_at=link.expires_at)

    @mutation(Guard.OWNER, DeleteWorkspacePayload)
    async def delete_workspace(
        self,
        info: Info,
        input: Annotated[DeleteWorkspaceInput, strawberry.argument(description="Confirmation.")],
    ) -> DeleteWorkspacePayload | None:
        """Erase the workspace with all that it owns, and members who are in no other. For good."""
        principal = await info.context.caller()
        await info.context.services.erasure.delete_workspace(principal, input.slug)
        forget_cookie(info.context)
        return DeleteWorkspacePayload(ok=True)

    @mutation(Guard.VIEWER, DeleteAccountPayload)
    async def delete_account(
        self,
        info: Info,
        input: Annotated[DeleteAccountInput, strawberry.argument(description="Confirmation.")],
    ) -> DeleteAccountPayload | None:
        """Erase the caller's account, with their own configurations in all workspaces. For good."""
        context = info.context
        principal = await context.caller()
        client = context.sessions.client(context.request)
        await context.services.erasure.delete_account(principal, Secret(input.password), client)
        forget_cookie(context)
        return DeleteAccountPayload(ok=True)
