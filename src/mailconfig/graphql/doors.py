"""The door of sockets: refuses those for whom there is no place, before their handshake."""

from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from mailconfig.graphql.presence import Full, Places

_RETRY_SECONDS: Final = "10"
"""When a client that found no place should come again."""


class SocketDoor:
    """Lets in as many sockets as there are places; refuses the others before their handshake."""

    def __init__(
        self, app: ASGIApp, places: Places, client: Callable[[HTTPConnection], str]
    ) -> None:
        self._app = app
        self._places = places
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the socket while holding a place."""
        try:
            with self._places.hold(self._client(HTTPConnection(scope))):
                await self._app(scope, receive, send)
        except Full as full:
            await _refuse(WebSocket(scope, receive, send), full)


async def _refuse(socket: WebSocket, full: Full) -> None:
    if "websocket.http.response" not in socket.scope.get("extensions", {}):
        await socket.close()  # before the handshake: the server answers 403
        return
    await socket.send_denial_response(no_place(full))


def no_place(full: Full) -> JSONResponse:
    """Return the answer to a client for whose socket or stream there is no place."""
    # RFC 6585, section 4: 429 is about this client; 503 is about us.
    status = 429 if full.of_client else 503
    error = {"message": "Too many connections", "extensions": {"code": "LIMIT_EXCEEDED"}}
    return JSONResponse({"errors": [error]}, status, {"Retry-After": _RETRY_SECONDS})
