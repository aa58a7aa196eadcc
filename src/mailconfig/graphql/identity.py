"""Signing in and out, and who is signed in."""

from datetime import datetime
from typing import Annotated

import strawberry
from starlette.responses import Response

from mailconfig.domain import identity as domain
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Channel, Principal, Role, Scope
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.context import Context, Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.nodes import Node
from mailconfig.graphql.scalars import EmailAddress


@object_type
class Viewer(Node):
    """The signed-in user."""

    email: EmailAddress
    """Address that the user signs in with."""
    role: Role
    """Role in the workspace of this session."""
    workspace_id: strawberry.ID
    """Workspace of this session."""
    channel: Channel
    """What the caller showed."""
    scopes: list[Scope] | None
    """What a key or token may do; null for people, who may do all that the role allows."""


def viewer(principal: Principal) -> Viewer:
    """Show the caller."""
    return Viewer(
        id=ids.encode("User", principal.user_id),
        email=EmailAddress(principal.email),
        role=principal.role,
        workspace_id=ids.encode("Workspace", principal.workspace_id),
        channel=principal.channel,
        scopes=None
        if principal.scopes is None
        else [scope for scope in Scope if scope in principal.scopes],
    )


@object_type
class Session:
    """A session. Browsers keep it in a cookie; other clients ask for the tokens."""

    principal: strawberry.Private[Principal]
    renewed: strawberry.Private[Secret | None]
    expires_at: datetime
    """When a new sign-in is needed, however the session is used."""
    csrf_token: str
    """What browsers with the cookie send back in X-CSRF-Token."""

    @strawberry.field
    def access_token(self, info: Info) -> str:
        """Bearer token for the Authorization header, valid for minutes; made when asked for."""
        return info.context.services.identity.access_token(self.principal).text

    @strawberry.field
    async def refresh_token(self, info: Info) -> str:
        """What refreshSession takes when the access token has ended, once; made when asked for."""
        identity = info.context.services.identity
        return (self.renewed or await identity.refresh_token(self.principal)).reveal()

    @strawberry.field
    def viewer(self) -> Viewer:
        """Who signed in."""
        return viewer(self.principal)


def session_of(
    context: Context,
    principal: Principal,
    session: domain.Session,
    renewed: Secret | None = None,
) -> Session:
    """Show a session to whom it was opened for; `renewed` is its refresh token, if there is one."""
    return Session(
        principal=principal,
        renewed=renewed,
        expires_at=session.expires_at,
        csrf_token=context.services.identity.csrf_token(principal),
    )


@input_type
class LoginInput:
    """Credentials of a user of mailconfig itself."""

    email: str
    """Address that the user signs in with."""
    password: str
    """Password."""
    workspace: str | None = None
    """Slug of the workspace to sign in to, for users of several; else `default`, or the first."""


@object_type
class LoginPayload:
    """What login answers."""

    session: Session | None = None
    """The new session; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nobody was signed in."""


@object_type
class LogoutPayload:
    """What logout answers."""

    ok: bool = False
    """Whether the session has ended."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it has not."""


@object_type
class IdentityQuery:
    """Who is signed in."""

    @strawberry.field
    async def viewer(self, info: Info) -> Viewer | None:
        """Who is signed in; null for nobody."""
        try:
            principal = await info.context.caller_or_none()
        except Unauthenticated:
            return None
        return viewer(principal) if principal is not None else None

    @strawberry.field
    async def csrf_token(self, info: Info) -> str:
        """The token that browsers with a cookie session send back in X-CSRF-Token."""
        try:
            principal = await info.context.caller_or_none()
        except Unauthenticated:
            principal = None
        return info.context.services.identity.csrf_token(principal)


@strawberry.type
class IdentityMutation:
    """Signing in and out."""

    @mutation(Guard.ANYONE, LoginPayload)
    async def login(
        self,
        info: Info,
        input: Annotated[LoginInput, strawberry.argument(description="Credentials.")],
    ) -> LoginPayload | None:
        """Open a session: a cookie for browsers, tokens for clients that ask for them.

        The session of a cookie that came along ends.
        """
        context = info.context
        signed = await context.services.identity.login(
            input.email,
            Secret(input.password),
            context.sessions.client(context.request),
            workspace=input.workspace,
            user_agent=context.request.headers.get("User-Agent"),
            replaced=context.sessions.shown(context.request),
        )
        if isinstance(context.response, Response):
            context.sessions.open(context.response, signed.token, signed.session.expires_at)
        return LoginPayload(session=session_of(context, signed.principal, signed.session))

    @mutation(Guard.VIEWER, LogoutPayload)
    async def logout(self, info: Info) -> LogoutPayload | None:
        """End the session at once, for its cookie and its access tokens."""
        context = info.context
        await context.services.identity.logout(await context.caller())
        if isinstance(context.response, Response):
            context.sessions.close(context.response)
        return LogoutPayload(ok=True)
