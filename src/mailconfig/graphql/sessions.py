"""The caller's sessions: seeing, ending, renewing and moving them."""

from datetime import datetime
from typing import Annotated

import strawberry
from starlette.responses import Response

from mailconfig.domain import identity as domain
from mailconfig.domain.identity import Channel, Principal
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.context import Context, Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.identity import Session, session_of
from mailconfig.services.sessions import Device


@object_type
class OpenSession:
    """A sign-in of the caller that is good for more requests."""

    id: strawberry.ID
    """Global id."""
    created_at: datetime
    """When it began."""
    last_used_at: datetime
    """When it was used last, to a few minutes."""
    expires_at: datetime
    """When it ends, however it is used; without being used it ends before."""
    user_agent: str | None
    """What the client called itself when it signed in; anybody may call themselves anything."""
    client: str | None
    """Network address that the sign-in came from."""
    workspace_id: strawberry.ID
    """Workspace of the session."""
    current: bool
    """Whether this very request came by it."""


def open_session(session: domain.Session, principal: Principal) -> OpenSession:
    """Show a session to whom it belongs."""
    return OpenSession(
        id=ids.encode("Session", session.id),
        created_at=session.created_at,
        last_used_at=session.last_used_at or session.created_at,
        expires_at=session.expires_at,
        user_agent=session.user_agent,
        client=session.client,
        workspace_id=ids.encode("Workspace", session.workspace_id),
        current=session.id == principal.session_id,
    )


@input_type
class RefreshSessionInput:
    """What a client without cookies goes on with."""

    refresh_token: str
    """The token; it is used up, and bringing it again ends the session."""


@object_type
class RefreshSessionPayload:
    """What refreshSession answers."""

    session: Session | None = None
    """The same session; its `refreshToken` is the next one. Null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why a new sign-in is needed."""


@input_type
class EndSessionInput:
    """Which session to end."""

    id: strawberry.ID
    """Session of the caller."""


@object_type
class EndSessionPayload:
    """What endSession answers."""

    ended_id: strawberry.ID | None = None
    """The session that has ended; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it has not."""


@object_type
class LogoutEverywherePayload:
    """What logoutEverywhere answers."""

    ok: bool = False
    """Whether all sessions have ended."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why they have not."""


@input_type
class SwitchWorkspaceInput:
    """Where to go on."""

    workspace_id: strawberry.ID
    """Workspace that the caller is a member of."""


@object_type
class SwitchWorkspacePayload:
    """What switchWorkspace answers."""

    session: Session | None = None
    """The new session, which takes the place of the caller's; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why the caller is where they were."""


def device(context: Context) -> Device:
    """Return where a request comes from."""
    agent = context.request.headers.get("User-Agent")
    return Device(context.sessions.client(context.request), agent)


def forget_cookie(context: Context) -> None:
    """Let a browser forget its session."""
    if isinstance(context.response, Response):
        context.sessions.close(context.response)


@object_type
class SessionQuery:
    """The caller's sessions."""

    @strawberry.field
    async def sessions(self, info: Info) -> list[OpenSession] | None:
        """All open sessions of the caller, in every workspace, the one used last first."""
        principal = await info.context.caller()
        found = await info.context.services.identity.open_sessions(principal)
        return [open_session(session, principal) for session in found]


@strawberry.type
class SessionMutation:
    """Ending, renewing and moving sessions."""

    @mutation(Guard.ANYONE, RefreshSessionPayload)
    async def refresh_session(
        self,
        info: Info,
        input: Annotated[RefreshSessionInput, strawberry.argument(description="The token.")],
    ) -> RefreshSessionPayload | None:
        """Go on with a session by its refresh token; ask for `accessToken` and `refreshToken`."""
        context = info.context
        client = context.sessions.client(context.request)
        renewal = await context.services.identity.refresh(Secret(input.refresh_token), client)
        shown = session_of(context, renewal.principal, renewal.session, renewal.refresh_token)
        return RefreshSessionPayload(session=shown)

    @mutation(Guard.VIEWER, EndSessionPayload)
    async def end_session(
        self,
        info: Info,
        input: Annotated[EndSessionInput, strawberry.argument(description="The session.")],
    ) -> EndSessionPayload | None:
        """End a session of the caller at once, for its cookie and its tokens."""
        context = info.context
        principal = await context.caller()
        session_id = ids.key_of("Session", input.id)
        await context.services.identity.end_session(principal, session_id)
        if session_id == principal.session_id:
            forget_cookie(context)
        return EndSessionPayload(ended_id=ids.encode("Session", session_id))

    @mutation(Guard.VIEWER, LogoutEverywherePayload)
    async def logout_everywhere(self, info: Info) -> LogoutEverywherePayload | None:
        """End all sessions of the caller, this one too, in every workspace."""
        context = info.context
        await context.services.identity.logout_everywhere(await context.caller())
        forget_cookie(context)
        return LogoutEverywherePayload(ok=True)

    @mutation(Guard.VIEWER, SwitchWorkspacePayload)
    async def switch_workspace(
        self,
        info: Info,
        input: Annotated[SwitchWorkspaceInput, strawberry.argument(description="The workspace.")],
    ) -> SwitchWorkspacePayload | None:
        """Go on in another workspace of the caller: in a new session, which ends no later."""
        context = info.context
        principal = await context.caller()
        workspace_id = ids.key_of("Workspace", input.workspace_id, ("workspaceId",))
        signed = await context.services.identity.switch_workspace(
            principal, workspace_id, device(context)
        )
        if principal.channel is Channel.COOKIE and isinstance(context.response, Response):
            context.sessions.open(context.response, signed.token, signed.session.expires_at)
        shown = session_of(context, signed.principal, signed.session)
        return SwitchWorkspacePayload(session=shown)
