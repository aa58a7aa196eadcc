"""graphql-transport-ws for messages of every form, since strangers choose them.

Strawberry's handler trusts the shape of a message and breaks on `null`, which ends the socket
without a reason and fills the log. Here it is closed with 4400, as the protocol demands.
"""

from typing import Final

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message

from mailconfig.graphql.context import Context

_WITH_ID: Final = frozenset({"subscribe", "complete"})
"""Messages about one operation."""


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """Serves one socket."""

    async def handle_message(self, message: Message) -> None:
        """Handle a message, or close the socket when it is none."""
        if _is_message(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("Failed to parse message")


def _is_message(message: object) -> bool:
    """Tell whether it has the members and types that the protocol demands."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in _WITH_ID and not isinstance(message.get("id"), str):
        return False
    return message["type"] != "subscribe" or _is_request(message.get("payload"))


def _is_request(payload: object) -> bool:
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )
