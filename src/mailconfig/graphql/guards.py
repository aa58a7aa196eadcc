"""Guards: who may run a mutation, and how its expected failures reach the payload.

Every mutation is made by `mutation`, which takes the guard; a test walks the schema for others.
"""

from collections.abc import Callable
from enum import Enum
from inspect import getdoc
from typing import Any

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from mailconfig.domain.errors import Refusal
from mailconfig.domain.identity import Role, Scope
from mailconfig.graphql.context import Info, guarded
from mailconfig.graphql.errors import user_errors


class Guard(Enum):
    """Who may run a mutation. A role lets in whoever has it or a higher one."""

    ANYONE = None
    """No sign-in needed."""
    VIEWER = Role.VIEWER
    """Any signed-in member of the workspace."""
    MEMBER = Role.MEMBER
    """Members, who have configurations of their own."""
    ADMIN = Role.ADMIN
    """Administrators of the workspace."""
    OWNER = Role.OWNER
    """Owners of the workspace."""


class Guarded(FieldExtension):
    """Checks the guard and the CSRF token, then turns refusals into errors of the payload."""

    def __init__(self, guard: Guard, payload: Callable[..., Any], scope: Scope | None) -> None:
        self.guard = guard
        self.scope = scope
        self._payload = payload

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: object, info: Info, **kwargs: object
    ) -> object:
        """Run the mutation when the guard lets the caller in."""
        info.context.writing = True
        inside = guarded.set(True)
        try:
            if self.guard.value is not None:
                principal = await info.context.identified()
                info.context.check_csrf(principal)
                if self.scope is None:
                    principal.require_person()
                else:
                    principal.permit(self.scope)
                principal.require(self.guard.value)
            return await next_(source, info, **kwargs)
        except Refusal as refusal:
            info.context.denied(refusal, info.field_name)
            return self._payload(errors=await user_errors(refusal, info.context))
        finally:
            guarded.reset(inside)


def mutation(
    guard: Guard, payload: Callable[..., Any], scope: Scope | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """Make a resolver a guarded mutation that answers with `payload`.

    Keys and embed tokens need the scope; without one the mutation is for people only.
    """

    def make(resolver: Callable[..., Any]) -> Any:  # noqa: ANN401 - Strawberry's own field type
        return strawberry.mutation(
            resolver=resolver,
            description=getdoc(resolver),
            extensions=[Guarded(guard, payload, scope)],
        )

    return make
