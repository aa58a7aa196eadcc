"""Any object by its global id."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import strawberry

from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.belongings import file
from mailconfig.graphql.context import Context, Info
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.emails import message
from mailconfig.graphql.identity import viewer
from mailconfig.graphql.nodes import Node
from mailconfig.graphql.objects import connection_test, email_config
from mailconfig.graphql.pages import check_length
from mailconfig.graphql.providers import provider_or_none


async def _config(context: Context, key: str) -> Node:
    principal = await context.caller(Scope.CONFIGS_READ)
    found = await context.services.configs.get(principal, UUID(key))
    return email_config(found, context.services.catalogue)


async def _test(context: Context, key: str) -> Node:
    principal = await context.caller(Scope.CONFIGS_READ)
    return connection_test(await context.services.probes.get(principal, UUID(key)))


async def _file(context: Context, key: str) -> Node:
    principal = await context.caller(Scope.CONFIGS_READ)
    return file(await context.services.files.get(principal, UUID(key)))


async def _message(context: Context, key: str) -> Node:
    principal = await context.caller(Scope.MAIL_SEND)
    return message(await context.services.messages.get(principal, UUID(key)))


async def _provider(context: Context, key: str) -> Node | None:
    return provider_or_none(context.services.catalogue, key)


async def _user(context: Context, key: str) -> Node | None:
    principal = await context.identified()
    return viewer(principal) if str(principal.user_id) == key else None


_READERS: dict[str, Callable[[Context, str], Awaitable[Node | None]]] = {
    "ConnectionTest": _test,
    "EmailConfig": _config,
    "File": _file,
    "Message": _message,
    "Provider": _provider,
    "User": _user,
}


async def _find(context: Context, global_id: str) -> Node | None:
    decoded = ids.decode(global_id)
    reader = _READERS.get(decoded[0]) if decoded else None
    if decoded is None or reader is None:
        return None
    try:
        return await reader(context, decoded[1])
    except (NotFound, ValueError):
        return None


@object_type
class NodeQuery:
    """Objects by their global ids."""

    @strawberry.field
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],
    ) -> Node | None:
        """Any object by its global id, null when it does not exist or may not be seen."""
        return await _find(info.context, id)

    @strawberry.field
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Global ids, at most 100.")
        ],
    ) -> list[Node | None]:
        """Several objects by global id, in order, null where not visible."""
        check_length(ids, "ids")
        return [await _find(info.context, item) for item in ids]
