"""The one schema: queries, mutations and subscriptions of all nouns, and its SDL."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import anyio
import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter, SchemaExtension
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from mailconfig.graphql import enums, errors, objects
from mailconfig.graphql.configs import ConfigMutation, ConfigQuery
from mailconfig.graphql.context import Context
from mailconfig.graphql.discovery import DiscoveryMutation, DiscoverySubscription
from mailconfig.graphql.domains import DomainMutation
from mailconfig.graphql.explaining import ExplainQuery
from mailconfig.graphql.files import FileMutation
from mailconfig.graphql.identity import IdentityMutation, IdentityQuery, Viewer
from mailconfig.graphql.lookup import NodeQuery
from mailconfig.graphql.masking import masked
from mailconfig.graphql.probes import ProbeMutation, ProbeSubscription
from mailconfig.graphql.providers import Provider, ProviderQuery
from mailconfig.graphql.scalars import CONFIG
from mailconfig.graphql.validation import ValidationMutation


@strawberry.type(description="Reads.")
class Query(ConfigQuery, ProviderQuery, ExplainQuery, IdentityQuery, NodeQuery):
    """All queries."""


@strawberry.type(
    description="Writes. Every field answers with a payload; expected failures are in its errors."
)
class Mutation(
    ConfigMutation,
    ValidationMutation,
    ProbeMutation,
    DiscoveryMutation,
    DomainMutation,
    FileMutation,
    IdentityMutation,
):
    """All mutations."""


@strawberry.type(
    description="Live results over graphql-transport-ws or server-sent events (graphql-sse)."
)
class Subscription(ProbeSubscription, DiscoverySubscription):
    """All subscriptions."""


_AT_ONCE: Final = frozenset({OperationType.QUERY, OperationType.MUTATION})
"""Operations with one answer."""


class MaskingSchema(strawberry.Schema):
    """A schema whose errors are masked before any transport or log sees them."""

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:  # noqa: ANN401 - the base's
        """Run a query or mutation; a subscription needs a stream or a socket and is refused."""
        given = kwargs.get("allowed_operation_types", _AT_ONCE)
        kwargs["allowed_operation_types"] = _AT_ONCE.intersection(given)
        return await super().execute(*args, **kwargs)

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        """Replace the errors in place; runs for HTTP, SSE and sockets alike."""
        context = execution_context.context if execution_context is not None else None
        say = context.say if isinstance(context, Context) else str
        errors[:] = [masked(error, say) for error in errors]


def deadline(seconds: float) -> type[SchemaExtension]:
    """Return an extension that cancels the resolvers of a query or mutation after that time."""

    class Deadline(SchemaExtension):
        """Bounds execution; subscriptions end by themselves."""

        async def on_execute(self) -> AsyncIterator[None]:
            """Run the resolvers under the deadline."""
            if self.execution_context.operation_type is OperationType.SUBSCRIPTION:
                yield
                return
            with anyio.fail_after(seconds):
                yield

    return Deadline


class FreshContext(SchemaExtension):
    """Makes every operation look its caller up anew, so that a logout ends a socket's rights."""

    def on_operation(self) -> Iterator[None]:
        """Reset the context."""
        context = self.execution_context.context
        if isinstance(context, Context):
            context.begin_operation()
        yield


def build_schema(*, request_seconds: float = 30, max_query_tokens: int = 2000) -> MaskingSchema:
    """Return the schema with its limits."""

    def tokens() -> SchemaExtension:
        return MaxTokensLimiter(max_token_count=max_query_tokens)

    return MaskingSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*errors.TYPES, objects.EmailConfig, objects.File, Provider, Viewer, *enums.NAMES],
        config=CONFIG,
        extensions=[FreshContext, tokens, deadline(request_seconds)],
    )


def sdl() -> str:
    """Return the schema in SDL, as `schema.graphql` holds it."""
    return build_schema().as_str().strip() + "\n"
