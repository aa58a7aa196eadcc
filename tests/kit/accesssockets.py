"""One operation over a socket, straight to the application: the socket's row of the access table.

    body = await over_socket(app, {"Authorization": "Bearer ..."}, "query { viewer { id } }")

Must not be used where `kit.live` is meant: there is no network and no keep-alive here.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette

PROTOCOL = "graphql-transport-ws"
_CODES = {4401: "UNAUTHENTICATED", 4403: "UNAUTHENTICATED"}
"""Both close a socket whose token is no good (graphql-transport-ws)."""


async def over_socket(app: Starlette, payload: Mapping[str, str], query: str) -> str:
    """Return the first answer to an operation as a body over HTTP would hold it."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"test"), (b"sec-websocket-protocol", PROTOCOL.encode())],
        "subprotocols": [PROTOCOL],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    told.put_nowait({"type": "websocket.connect"})
    for message in (
        {"type": "connection_init", "payload": dict(payload)},
        {"id": "1", "type": "subscribe", "payload": {"query": query}},
    ):
        told.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(app(scope, told.get, heard.put))
        body = await _first(heard)
        told.put_nowait({"type": "websocket.disconnect", "code": 1000})
    return body


async def _first(heard: asyncio.Queue[dict[str, Any]]) -> str:
    while True:
        message = await heard.get()
        if message["type"] == "websocket.close":
            error = {
                "message": message.get("reason", ""),
                "extensions": {"code": _CODES.get(message["code"], str(message["code"]))},
            }
            return json.dumps({"errors": [error], "data": None})
        if message["type"] == "websocket.send":
            said = json.loads(message.get("text") or message.get("bytes") or "{}")
            if said["type"] == "next":
                return json.dumps(said["payload"])
            if said["type"] == "error":
                return json.dumps({"errors": said["payload"], "data": None})
