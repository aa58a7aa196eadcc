"""The stock library's view behind a plain uvicorn, for faults of its sockets and streams.

async with stock_sockets() as address:
async with any_socket(address) as socket:
await socket.start()
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, SchemaExtension
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    GRAPHQL_WS_PROTOCOL,
)
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.live import Socket

NOTED: list[object] = []
"""Extensions of the requests so far."""


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def hello(self) -> str:
        """Answer."""
        return "world"


@strawberry.type
class Subscription:
    """Events."""

    @strawberry.subscription
    async def count(self) -> AsyncGenerator[int, None]:
        """Count to two."""
        yield 1
        yield 2


class Noting(SchemaExtension):
    """Notes the extensions of requests."""

    def on_execute(self) -> Iterator[None]:
        """Note them."""
        NOTED.append(self.execution_context.operation_extensions)
        yield


class OrjsonView(GraphQL[None, None]):
    """The view as its documentation shows it with orjson."""

    def encode_json(self, data: object) -> bytes:
        """Encode as bytes."""
        return orjson.dumps(data)


@asynccontextmanager
async def stock_sockets(
    *, cached: bool = False, view: type[GraphQL[None, None]] = GraphQL
) -> AsyncIterator[str]:
    """Serve the stock view with everything as it comes; yield host and port."""
    extensions: list[type[SchemaExtension] | SchemaExtension] = [Noting]
    schema = strawberry.Schema(
        Query,
        subscription=Subscription,
        extensions=[*extensions, lambda: ParserCache(maxsize=10)] if cached else extensions,
    )
    protocols = (GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL)
    endpoint = view(schema, subscription_protocols=protocols)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def any_socket(
    address: str, protocols: Sequence[str] = ("graphql-transport-ws",)
) -> AsyncIterator[Socket]:
    """Open a socket without saying anything."""
    offered = [Subprotocol(name) for name in protocols]
    async with connect(f"ws://{address}/graphql", subprotocols=offered) as connection:
        yield Socket(connection)
