"""Compiled answers against graphql-core's own: time of one operation in this process, as JSON.

    python bench/projection.py

Rows come from services in memory. "rows alone" answers with rows that are there already, so that
nothing but the executors differs: graphql-core makes objects of them, compiled functions take them
by position. The others run our resolvers, which cost the same in both.
Both executors must give the same bytes. Times depend on the machine, ratios hardly do.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    parse,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from kit.pretend import config_row, pretend_context, pretend_services
from mailconfig.graphql.executor import CompilingExecutor
from mailconfig.graphql.ids import encode
from mailconfig.graphql.layouts import Listed
from mailconfig.graphql.schema import SchemaSettings, build_schema

ROWS = 50
ROUNDS = 7
LEAST = 8.0
"""How many times faster rows alone must be."""
SERVER = "{ protocol host port security authentication username secretSetAt }"
FIELDS = f"""id name emailAddress displayName status enabled shared externalId revision
    createdAt updatedAt incoming {SERVER} outgoing {SERVER}"""
PAGE = "{ configs(first: 50) { nodes { %s } pageInfo { hasNextPage endCursor } } }"
ONE = encode("EmailConfig", config_row(3).id)
OPERATIONS = {
    "page of 50": PAGE % FIELDS,
    "with provider": PAGE % f"{FIELDS} provider {{ id name }}",
    "with lastTest (loader)": PAGE % f"{FIELDS} lastTest {{ id status startedAt }}",
    "with edges": f"{{ configs(first: 50) {{ edges {{ cursor node {{ {FIELDS} }} }} }} }}",
    "one config": f'{{ config(id: "{ONE}") {{ {FIELDS} }} }}',
}
Run = Callable[[str], Awaitable[bytes]]


class Taking(StrawberryGraphQLCoreExecutionContext):
    """Keeps the page that our resolver answers with."""

    pages: ClassVar[list[object]] = []

    def execute_fields(self, *given: Any) -> Any:  # noqa: ANN401 - the base's
        """Keep the object whose fields are executed."""
        parent, source, *_ = given
        if parent.name == "EmailConfigConnection":
            self.pages.append(source)
        return super().execute_fields(*given)


async def page_of(schema: GraphQLSchema) -> object:
    """Return a page of rows as our resolver makes it."""
    query = parse(PAGE % FIELDS)
    await cast(
        "Awaitable[ExecutionResult]",
        execute(schema, query, context_value=pretend_context(ROWS), executor_class=Taking),
    )
    return Taking.pages[-1]


def fresh(page: Any) -> object:  # noqa: ANN401 - our connection
    """Return a page whose lists have not made any objects yet."""
    made = copy(page)
    made.nodes = Listed(page.nodes.layout, page.nodes.rows, page.nodes.known)
    return made


def ready(schema: GraphQLSchema, page: object, *, compiled: bool) -> Run:
    """Return what runs operations over rows that are read once."""
    connection: Any = schema.type_map["EmailConfigConnection"]
    field = GraphQLField(connection, resolve=lambda *_: fresh(page))
    around = GraphQLSchema(GraphQLObjectType("Ready", {"configs": field}))
    executor = CompilingExecutor if compiled else StrawberryGraphQLCoreExecutionContext
    documents: dict[str, DocumentNode] = {}

    async def run(query: str) -> bytes:
        document = documents.get(query) or documents.setdefault(query, parse(query))
        return answered(execute(around, document, executor_class=executor))

    return run


def ours(*, compiled: bool) -> Run:
    """Return what runs operations over our schema, with all of its limits."""
    schema = build_schema(SchemaSettings(compile_queries=compiled))
    services = pretend_services(ROWS)

    async def run(query: str) -> bytes:
        context = pretend_context(ROWS, services)
        return answered(await schema.execute(query, context_value=context))

    return run


def answered(result: Any) -> bytes:  # noqa: ANN401 - Strawberry's result
    """Return the JSON of a result without errors."""
    assert not result.errors, result.errors
    return orjson.dumps(result.data)


async def seconds(run: Run, query: str, repeats: int) -> float:
    """Return the processor time of one operation."""
    began = time.process_time()
    for _ in range(repeats):
        await run(query)
    return (time.process_time() - began) / repeats


async def measured(name: str, query: str, make: Callable[..., Run]) -> float:
    """Print the figures of an operation, rounds of both executors interleaved; return the ratio."""
    generic, compiled = make(compiled=False), make(compiled=True)
    for _ in range(3):
        assert await generic(query) == await compiled(query)
    times = [
        (await seconds(generic, query, 3), await seconds(compiled, query, 20))
        for _ in range(ROUNDS)
    ]
    before, after = (statistics.median(side) for side in zip(*times, strict=True))
    print(f"{name:24} {before * 1e6:8.0f} us -> {after * 1e6:6.0f} us  {before / after:5.1f} times")
    return before / after


async def main() -> int:
    """Measure; status 1 if rows alone gain too little."""
    schema = build_schema().graphql_schema
    rows = partial(ready, schema, await page_of(schema))
    alone = await measured("rows alone", (PAGE % FIELDS).replace("(first: 50)", ""), rows)
    for name, query in OPERATIONS.items():
        await measured(name, query, ours)
    return int(alone < LEAST)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
