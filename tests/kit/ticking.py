"""A small schema behind our own view, sockets, streams and server, for what the API never does.

    async with ticking(live_send_seconds=0.5) as served:
        async with served.socket() as socket:
            await socket.subscribe("1", "subscription { ticks(size: 100000) }", {})

Its subscription never ends by itself and counts how many of it are open; its queries fail, echo
and wait. Nobody signs in here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import httpx
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute
from strawberry.extensions import SchemaExtension
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.live import Socket
from mailconfig.bootstrap.listening import server_config
from mailconfig.bootstrap.presence import live_limits
from mailconfig.domain.languages import Language
from mailconfig.graphql.doors import SocketDoor
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.presence import Places
from mailconfig.graphql.schema import MaskingSchema, SchemaSettings
from mailconfig.graphql.view import FormLimits, View
from mailconfig.http.middleware import RequestIds
from mailconfig.http.sessions import HttpSessions
from mailconfig.services.identity import IdentityService
from mailconfig.services.registry import Services
from mailconfig.settings import Settings
from mailconfig.storage.languages import load_languages

SOCKET = Subprotocol("graphql-transport-ws")


@dataclass
class Counts:
    """What of the schema is under way, and has been."""

    open: int = 0
    """Subscriptions whose generator has begun and not ended."""
    begun: int = 0
    """Subscriptions so far."""
    beginning: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a subscription has begun."""
    ticks: int = 0
    """Events made so far."""
    written: int = 0
    """Mutations that came to their end."""
    writing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a mutation has begun."""
    extensions: object = None
    """Extensions of the last request."""
    may_write: asyncio.Event = field(default_factory=asyncio.Event)
    """What mutations wait for."""


def ticking_schema(counts: Counts) -> MaskingSchema:
    """Return the schema."""

    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self) -> str:
            return "world"

        @strawberry.field
        def boom(self) -> str:
            raise ValueError("the password is hunter2")

    @strawberry.type
    class Written:
        done: bool = True
        errors: list[str] = strawberry.field(default_factory=list)

    @strawberry.type
    class Mutation:
        @mutation(Guard.ANYONE, Written)
        async def write(self) -> Written:
            counts.writing.set()
            await counts.may_write.wait()
            counts.written += 1
            return Written()

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def ticks(self, size: int = 1, pause: float = 0) -> AsyncGenerator[str, None]:
            counts.open += 1
            counts.begun += 1
            counts.beginning.set()
            try:
                while True:
                    counts.ticks += 1
                    yield "x" * size
                    await asyncio.sleep(pause)
            finally:
                counts.open -= 1

        @strawberry.subscription
        async def breaks(self) -> AsyncGenerator[str, None]:
            yield "first"
            raise ValueError("the password is hunter2")

    class Noting(SchemaExtension):
        def on_execute(self) -> Iterator[None]:
            counts.extensions = self.execution_context.operation_extensions
            yield

    return MaskingSchema(
        Query,
        Mutation,
        Subscription,
        extensions=[Noting],
        settings=SchemaSettings(),
        budgets=None,
    )


@dataclass
class Ticking:
    """The running server."""

    address: str
    """Host and port."""
    places: Places
    counts: Counts
    client: httpx.AsyncClient

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Socket]:
        """Open a socket of nobody."""
        url = f"ws://{self.address}/graphql"
        async with connect(url, subprotocols=[SOCKET], compression=None) as connection:
            socket = Socket(connection)
            await socket.start()
            yield socket

    async def quiet(self, places: int = 0) -> None:
        """Wait until no subscription is open and so many places are held; the caller bounds it."""
        while self.counts.open or len(self.places) != places:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ticking(**chosen: object) -> AsyncIterator[Ticking]:
    """Serve the schema on a free port with these settings."""
    settings = Settings.model_validate({"port": 0, **chosen})
    counts, places = Counts(), Places(live_limits(settings))
    services = SimpleNamespace(languages=load_languages(Language.ENGLISH))
    sessions = HttpSessions(cast("IdentityService", None), https=False)
    view = View(
        ticking_schema(counts),
        cast("Services", services),
        sessions,
        None,
        FormLimits(1, 1024),
        places=places,
    )
    app = Starlette(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", SocketDoor(view, places, sessions.client)),
        ],
        middleware=[Middleware(RequestIds)],
    )
    config = server_config(app, settings, 2)
    config.port = 0
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as client:
            yield Ticking(f"{host}:{port}", places, counts, client)
    finally:
        counts.may_write.set()
        server.should_exit = True
        await running
