"""One operation run by graphql-core's executor and by the compiling one, and what differs."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mailconfig.graphql.compiler.variants import Documents
from mailconfig.graphql.executor import CompilingExecutor

_ADDRESS = re.compile(r"0x[0-9a-f]+")


class FreshExecutor(CompilingExecutor):
    """A compiling executor with a memory of its own."""

    documents = Documents()


@dataclass(frozen=True)
class Outcome:
    """What a client would see of a result, and what its context says afterwards."""

    body: bytes
    errors: tuple[tuple[object, ...], ...]
    calls: tuple[str, ...]


def core_schema(schema: Schema) -> GraphQLSchema:
    """Return graphql-core's schema of a Strawberry schema."""
    return schema._schema


async def run(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: dict[str, Any],
    context: Any,  # noqa: ANN401 - whatever resolvers want
    executor: type[StrawberryGraphQLCoreExecutionContext],
) -> ExecutionResult:
    """Execute an operation the way Strawberry does."""
    result = execute(
        schema,
        document,
        context_value=context,
        variable_values=variables,
        executor_class=executor,
        is_awaitable=cast("Any", optimized_is_awaitable),
        operation_extensions=None,
    )
    return await cast("Awaitable[ExecutionResult]", result) if isawaitable(result) else result


def seen(result: ExecutionResult, calls: list[str]) -> Outcome:
    """Return the outcome of a result."""
    errors = tuple(
        (
            _ADDRESS.sub("0x", error.message),
            tuple(error.path or ()),
            tuple((place.line, place.column) for place in error.locations or ()),
            type(error.original_error).__name__,
        )
        for error in result.errors or ()
    )
    body = orjson.dumps(result.data, default=repr)
    return Outcome(_ADDRESS.sub("0x", body.decode()).encode(), errors, tuple(calls))


async def outcomes(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: dict[str, Any],
    context: Callable[[], tuple[Any, list[str]]],
) -> list[Outcome]:
    """Return the outcomes of the generic executor, then of the compiling one: it compiles the
    document in the first of two requests, and finds it compiled in the other.
    """
    found = []
    FreshExecutor.documents.compiled(schema, document)  # as an earlier request would
    for executor in [StrawberryGraphQLCoreExecutionContext, *[FreshExecutor] * 2]:
        surroundings, calls = context()
        found.append(seen(await run(schema, document, variables, surroundings, executor), calls))
    return found
