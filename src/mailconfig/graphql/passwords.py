"""Passwords of users of mailconfig itself: changing one, and setting a forgotten one."""

from typing import Annotated

import strawberry

from mailconfig.domain.secrets import Secret
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation


@input_type
class ChangePasswordInput:
    """The present password and the one to come."""

    current_password: str
    """Password that the caller signs in with."""
    new_password: str
    """New password; common ones and those made of the address are refused."""


@object_type
class ChangePasswordPayload:
    """What changePassword answers."""

    ok: bool = False
    """Whether the password is the new one."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is not."""


@input_type
class RequestPasswordResetInput:
    """Who forgot the password."""

    email: str
    """Address that the user signs in with."""


@object_type
class RequestPasswordResetPayload:
    """What requestPasswordReset answers."""

    ok: bool = False
    """Whether a mail is on its way, if somebody signs in with the address."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why none is."""


@input_type
class ResetPasswordInput:
    """A one-time token and the password to come."""

    token: str
    """The token, as it was mailed or `mailconfig user reset` made it."""
    new_password: str
    """New password; common ones and those made of the address are refused."""


@object_type
class ResetPasswordPayload:
    """What resetPassword answers."""

    ok: bool = False
    """Whether the password is the new one; it takes a sign-in to go on."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is not."""


@strawberry.type
class PasswordMutation:
    """Setting passwords."""

    @mutation(Guard.VIEWER, ChangePasswordPayload)
    async def change_password(
        self,
        info: Info,
        input: Annotated[ChangePasswordInput, strawberry.argument(description="Both passwords.")],
    ) -> ChangePasswordPayload | None:
        """Set the caller's password. All other sessions end, and all refresh tokens."""
        context = info.context
        await context.services.identity.accounts.change_password(
            await context.caller(),
            Secret(input.current_password),
            Secret(input.new_password),
            context.sessions.client(context.request),
        )
        return ChangePasswordPayload(ok=True)

    @mutation(Guard.ANYONE, RequestPasswordResetPayload)
    async def request_password_reset(
        self,
        info: Info,
        input: Annotated[RequestPasswordResetInput, strawberry.argument(description="Who.")],
    ) -> RequestPasswordResetPayload | None:
        """Mail a one-time token for a forgotten password.

        The answer does not tell whether somebody signs in with the address.
        """
        context = info.context
        await context.services.reset_mail.request(
            input.email, context.sessions.client(context.request), context.language
        )
        return RequestPasswordResetPayload(ok=True)

    @mutation(Guard.ANYONE, ResetPasswordPayload)
    async def reset_password(
        self,
        info: Info,
        input: Annotated[ResetPasswordInput, strawberry.argument(description="The token.")],
    ) -> ResetPasswordPayload | None:
        """Set a forgotten password by a one-time token. All sessions of the user end."""
        context = info.context
        await context.services.identity.accounts.reset_password(
            Secret(input.token),
            Secret(input.new_password),
            context.sessions.client(context.request),
        )
        return ResetPasswordPayload(ok=True)
