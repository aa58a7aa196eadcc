"""The application behind a real uvicorn in this process, for sockets and streams.

    async with listening(settings, prober) as live:
        async with live.socket(MEMBER) as socket:
            await socket.subscribe("1", PROGRESS, {"id": test_id})
            assert await socket.receive() == {...}

Must not be used where the in-process client of `kit.api` is enough: it is slower.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from kit.api import Api, FakeProber, NoPorts, open_sessions
from kit.discovery import FakeRecords
from kit.sweeping import watched
from mailconfig.app import create_app
from mailconfig.bootstrap.listening import server_config
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings

_PATIENCE_SECONDS = 20
"""Bounds what a broken server could hold up; no test waits for it otherwise."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A graphql-transport-ws client."""

    connection: ClientConnection

    async def send(self, message: object) -> None:
        """Send a message as JSON."""
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return json.loads(await self.connection.recv())

    async def end(self) -> tuple[int, str]:
        """Return code and reason with which the server closes, whatever it says before."""
        with suppress(ConnectionClosed):
            while True:
                await self.receive()
        connection = self.connection
        assert connection.close_code is not None, "the socket is open"
        return connection.close_code, connection.close_reason or ""

    async def start(self, payload: Mapping[str, Any] | None = None) -> None:
        """Send connection_init and wait for its acknowledgement."""
        await self.send({"type": "connection_init", "payload": payload or {}})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, key: str, query: str, variables: Mapping[str, Any]) -> None:
        """Start an operation."""
        payload = {"query": query, "variables": variables}
        await self.send({"id": key, "type": "subscribe", "payload": payload})


@dataclass
class Live(Api):
    """A client of the listening application."""

    address: str = ""
    """Host and port."""

    @asynccontextmanager
    async def socket(
        self, who: str | None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Socket]:
        """Open a socket; the person is told by the payload of connection_init, None by nothing."""
        payload = {"Authorization": f"Bearer {await self.token(who)}"} if who else {}
        async with connect(
            f"ws://{self.address}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            additional_headers=headers,
        ) as connection:
            socket = Socket(connection)
            await socket.start(payload)
            yield socket

    async def events(
        self, who: str | None, query: str, variables: Mapping[str, Any]
    ) -> AsyncIterator[tuple[str, Any]]:
        """Run an operation over server-sent events; yield name and data of each."""
        headers = {"Accept": "text/event-stream"}
        if who is not None:
            headers["Authorization"] = f"Bearer {await self.token(who)}"
        body = {"query": query, "variables": variables}
        async with self.client.stream("POST", "/graphql", json=body, headers=headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" or line == "data:":
                    yield name, json.loads(value) if value else None


@asynccontextmanager
async def listening(
    settings: Settings, prober: FakeProber, outside: Outside | None = None
) -> AsyncIterator[Live]:
    """Serve the application with all people on a free port of the loopback address."""
    tokens = await open_sessions(settings)
    app = create_app(
        settings, prober, port_scout=NoPorts(), outside=outside or Outside(FakeRecords())
    )
    watched(app)
    config = server_config(app, settings, 2)
    config.port = 0
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "the server did not start"
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://{host}:{port}", timeout=_PATIENCE_SECONDS, trust_env=False
        ) as client:
            yield Live(app, client, settings, prober, tokens, f"{host}:{port}")
    finally:
        server.should_exit = True
        await serving
