"""One small schema behind two views: the stock library's, and ours.

Tests of faults send the same request to both, so that they show the fault and the remedy.

    async with served(stock()) as client:
        answer = await client.post("/graphql", json={"query": "{ hello }"})
"""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, cast

import httpx
import strawberry
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.routing import Route
from starlette.types import ASGIApp
from strawberry.asgi import GraphQL
from strawberry.file_uploads import Upload
from strawberry.schema.config import StrawberryConfig

from mailconfig.graphql.executor import CompilingExecutor
from mailconfig.graphql.refusals import Profile
from mailconfig.graphql.scalars import SCALARS
from mailconfig.graphql.scalars import Upload as CheckedUpload
from mailconfig.graphql.schema import MaskingSchema, SchemaSettings, deadline
from mailconfig.graphql.view import FormLimits, View

LIMITS = FormLimits(max_files=3, max_field_bytes=100_000, max_paths=5)
MULTIPART = {"GraphQL-Require-Preflight": "1"}
"""The header that a form needs."""


class Slow:
    """Operations that wait; tells which began and which were allowed to end."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.outcomes: list[str] = []

    async def run(self) -> str:
        """Wait until the test says to go on."""
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.outcomes.append("cancelled")
            raise
        self.outcomes.append("ended")
        return "done"


async def _content(file: object) -> str:
    """Read a file as resolvers do; whatever is no file is told by its type."""
    if not isinstance(file, UploadFile):
        return f"no file but {type(file).__name__}"
    return (await file.read()).decode()


def types(upload: object, slow: Slow | None = None) -> dict[str, Any]:
    """Return the root types of the schema with that scalar for uploads."""
    waiting = slow or Slow()

    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self, name: str = "you") -> str:
            return f"hello {name}"

        @strawberry.field
        def broken(self) -> str | None:
            raise ValueError("a resolver fails")

        @strawberry.field
        async def slow(self) -> str:
            return await waiting.run()

        @strawberry.field
        async def read(self, files: list[upload]) -> list[str]:  # type: ignore[valid-type]
            return [await _content(file) for file in files]

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def slow(self) -> str:
            return await waiting.run()

    return {"query": Query, "mutation": Mutation}


def stock(slow: Slow | None = None, config: StrawberryConfig | None = None) -> ASGIApp:
    """Return the library's view with everything as it comes, uploads switched on."""
    schema = strawberry.Schema(**types(Upload, slow), config=config)
    return GraphQL(schema, multipart_uploads_enabled=True)


def ours(slow: Slow | None = None, profile: Profile = Profile.AUDIT) -> ASGIApp:
    """Return our view before the same types, with our scalars and executor, without budgets."""
    settings = SchemaSettings()
    schema = MaskingSchema(
        **types(CheckedUpload, slow),
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[deadline(settings.request_seconds)],
        execution_context_class=CompilingExecutor,
        settings=settings,
        budgets=None,
    )
    nothing = cast("Any", None)  # the types above ask nobody who is calling
    return View(schema, nothing, nothing, None, LIMITS, profile=profile)


@asynccontextmanager
async def served(view: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a view at /graphql and yield a client."""
    app = Starlette(routes=[Route("/graphql", view)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with nullcontext() if isinstance(view, View) else leaking_files():
            yield client


@contextmanager
def leaking_files() -> Iterator[None]:
    """Bear with the temporary files that the stock view does not close."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
