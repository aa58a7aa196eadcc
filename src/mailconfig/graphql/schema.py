"""The one schema: queries, mutations and subscriptions of all nouns, and its SDL."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import strawberry
from graphql import FieldNode, GraphQLError, GraphQLSchema
from graphql import OperationType as CoreOperationType
from starlette.websockets import WebSocket
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from mailconfig.graphql import belongings, enums, errors, objects
from mailconfig.graphql.admission import Admission, Admissions
from mailconfig.graphql.apikeys import ApiKeyMutation, ApiKeyQuery
from mailconfig.graphql.audit import AuditQuery
from mailconfig.graphql.budgets import Budgets, PointsGoneError
from mailconfig.graphql.cached import SharedAnswers, is_shared, shared_key
from mailconfig.graphql.configs import ConfigMutation, ConfigQuery
from mailconfig.graphql.context import Context
from mailconfig.graphql.discovery import DiscoveryMutation, DiscoverySubscription
from mailconfig.graphql.domains import DomainMutation
from mailconfig.graphql.emailchanges import MessageMutation
from mailconfig.graphql.emails import Message, MessageQuery
from mailconfig.graphql.embedding import EmbeddingMutation
from mailconfig.graphql.erasure import ErasureMutation
from mailconfig.graphql.executor import CompilingExecutor, run_operation
from mailconfig.graphql.explaining import ExplainQuery
from mailconfig.graphql.files import FileMutation
from mailconfig.graphql.identity import IdentityMutation, IdentityQuery, Viewer
from mailconfig.graphql.invitations import InvitationMutation
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.lookup import NodeQuery
from mailconfig.graphql.mailboxes import MailboxMutation
from mailconfig.graphql.masking import ShownError, masked, refused_field
from mailconfig.graphql.oauthclients import OAuthClientMutation, OAuthClientQuery
from mailconfig.graphql.passwords import PasswordMutation
from mailconfig.graphql.plans import Operation, Plan, PlanCacheLimits, Plans
from mailconfig.graphql.probes import ProbeMutation, ProbeSubscription
from mailconfig.graphql.providers import Provider, ProviderQuery
from mailconfig.graphql.resolving import call_directly
from mailconfig.graphql.scalars import CONFIG
from mailconfig.graphql.senders import SenderMutation
from mailconfig.graphql.sendingoptions import SendingOptionsMutation
from mailconfig.graphql.sessions import SessionMutation, SessionQuery
from mailconfig.graphql.validation import ValidationMutation
from mailconfig.graphql.workspaces import WorkspaceMutation, WorkspaceQuery


@strawberry.type(description="Reads.")
class Query(
    ConfigQuery,
    ProviderQuery,
    ExplainQuery,
    IdentityQuery,
    NodeQuery,
    AuditQuery,
    ApiKeyQuery,
    SessionQuery,
    OAuthClientQuery,
    WorkspaceQuery,
    MessageQuery,
):
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
    ApiKeyMutation,
    EmbeddingMutation,
    SessionMutation,
    PasswordMutation,
    MailboxMutation,
    OAuthClientMutation,
    WorkspaceMutation,
    InvitationMutation,
    ErasureMutation,
    MessageMutation,
    SenderMutation,
    SendingOptionsMutation,
):
    """All mutations."""


@strawberry.type(
    description="Live results over graphql-transport-ws or server-sent events (graphql-sse)."
)
class Subscription(ProbeSubscription, DiscoverySubscription):
    """All subscriptions."""


_AT_ONCE: Final = frozenset({OperationType.QUERY, OperationType.MUTATION})
"""Operations with one answer."""
_KINDS: Final = {kind: OperationType(kind.value) for kind in CoreOperationType}
"""What Strawberry calls graphql-core's kinds of operations."""


@dataclass(frozen=True, slots=True)
class SchemaSettings:
    """What of the schema operators choose."""

    request_seconds: float = 30
    """Time limit of a query or mutation."""
    documents: DocumentLimits = field(default_factory=DocumentLimits)
    """What a document may hold."""
    plans: PlanCacheLimits = field(default_factory=PlanCacheLimits)
    """How many documents are kept."""
    hints: bool = False
    """Whether errors propose names of the schema; in development only."""
    compile_queries: bool = True
    """Whether plain parts of answers are made by functions compiled for their selection."""


class MaskingSchema(strawberry.Schema):
    """A schema that runs what was admitted, and masks errors before a transport or log sees them.

    Documents are read by `plans`; Strawberry is handed what it would have parsed and validated.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - the base's
        settings: SchemaSettings,
        budgets: Budgets | None,
        **kwargs: Any,  # noqa: ANN401 - the base's
    ) -> None:
        super().__init__(*args, **kwargs)
        if settings.compile_queries:
            call_directly(self._schema, self.config, self.schema_converter.scalar_registry)
        self.hints = settings.hints
        self.plans = Plans(self._schema, settings.documents, settings.plans, hints=settings.hints)
        self.admissions = Admissions(self.plans, budgets)
        self.shared = SharedAnswers()
        self._request_seconds = settings.request_seconds
        # The one extension is the deadline, which `run_operation` keeps; others have hooks to run.
        self.is_direct = settings.compile_queries and len(self.extensions) == 1

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,  # noqa: ANN401 - the base's
        root_value: Any | None = None,  # noqa: ANN401 - the base's
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run a query or mutation; a subscription needs a stream or a socket and is refused.

        Raises PointsGoneError, and what the base raises for a request without an operation.
        """
        admitted = await self._admitted(query, variable_values, context_value, operation_name)
        if admitted.errors:
            return self._refused(admitted, context_value)
        allowed = _AT_ONCE.intersection(allowed_operation_types or _AT_ONCE)
        plan, operation = admitted.plan, admitted.operation
        if self.is_direct and plan and operation and _KINDS[operation.kind] in allowed:
            ran = await self._run(
                plan, operation, variable_values, context_value, operation_extensions
            )
            return _priced(ran, admitted)
        result = await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed,
            operation_extensions,
        )
        return _priced(result, admitted)

    async def _run(
        self,
        plan: Plan,
        operation: Operation,
        variables: Mapping[str, Any] | None,
        context: object,
        extensions: Mapping[str, Any] | None,
    ) -> ExecutionResult:
        """Run what was admitted, or take its data from those that are the same for everyone."""
        caller = context if isinstance(context, Context) and context.takes_bytes else None
        # The language is looked for last: most operations never ask for it.
        key = None
        if caller is not None and is_shared(operation):
            key = shared_key(plan, operation, variables, caller.language)
        shared = self.shared.get(key) if key else None
        if shared is None:
            seconds = self._request_seconds
            ran = await run_operation(
                self._schema,
                plan,
                operation,
                variables,
                context,
                extensions=extensions,
                seconds=seconds,
            )
            if ran.errors:
                return ExecutionResult(ran.data, self._masked(ran.errors, context))
            if key is None or ran.data is None:
                return ExecutionResult(ran.data, None)
            shared = self.shared.put(key, ran.data)
        if caller is not None:
            caller.shared = shared
        data: Any = shared.fragment()  # for the writer of JSON, which is all that reads it
        return ExecutionResult(data, None)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,  # noqa: ANN401 - the base's
        root_value: Any | None = None,  # noqa: ANN401 - the base's
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Run any operation and give its results; what is refused is one result with errors.

        Raises PointsGoneError where a status can still say so, which a socket has not.
        """
        try:
            admitted = await self._admitted(query, variable_values, context_value, operation_name)
        except PointsGoneError as gone:
            if not isinstance(getattr(context_value, "request", None), WebSocket):
                raise
            error = ShownError(gone.reason, extensions=gone.extensions)
            admitted = Admission(None, [error], gone.cost)
        if admitted.errors:
            return _once(self._refused(admitted, context_value))
        if isinstance(context_value, Context) and admitted.operation is not None:
            context_value.subscribed = _subscribed(admitted.operation)
        source = await super().stream(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            operation_extensions,
            allowed_operation_types,
        )
        return _each_priced(source, admitted)

    def create_extensions_runner(
        self, execution_context: ExecutionContext, extensions: list[SchemaExtension]
    ) -> SchemaExtensionsRunner:
        """Give Strawberry the document that was read already, so that it reads none again."""
        text = execution_context.query
        plan = self.plans.read(text) if text else None
        if plan is not None and not plan.errors:
            execution_context.graphql_document = plan.document
            execution_context.pre_execution_errors = []
        return super().create_extensions_runner(execution_context, extensions)

    async def _admitted(
        self,
        query: str | None,
        variables: Mapping[str, Any] | None,
        context: object,
        operation_name: str | None,
    ) -> Admission:
        """Return whether the operation may run; raises PointsGoneError."""
        caller = context if isinstance(context, Context) else None
        if caller is not None:
            caller.begin_operation()
        return await self.admissions.admit(query, variables, operation_name, caller)

    def _refused(self, admitted: Admission, context: object) -> ExecutionResult:
        shown = self._masked(admitted.errors, context)
        return _priced(PreExecutionError(data=None, errors=shown), admitted)

    def _masked(self, errors: Sequence[GraphQLError], context: object) -> list[GraphQLError]:
        if not isinstance(context, Context):
            return [masked(error, hints=self.hints) for error in errors]
        for error in errors:
            if (refused := refused_field(error)) is not None:
                refusal, name = refused
                context.denied(refusal, name or context.subscribed)
        say = context.say
        return [masked(error, say, hints=self.hints) for error in errors]

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        """Replace the errors in place; runs for HTTP, SSE and sockets alike."""
        context = execution_context.context if execution_context is not None else None
        errors[:] = self._masked(errors, context)


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


def _priced(result: ExecutionResult, admitted: Admission) -> ExecutionResult:
    if admitted.cost is not None:
        result.extensions = {**(result.extensions or {}), "cost": admitted.cost}
    return result


async def _once(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


async def _each_priced(
    source: AsyncGenerator[Any, None], admitted: Admission
) -> AsyncGenerator[Any, None]:
    async with aclosing(source):
        async for result in source:
            yield _priced(result, admitted)


def _subscribed(operation: Operation) -> str:
    """Return the one root field of a subscription; its kind where that is within a fragment."""
    first = operation.node.selection_set.selections[0]
    return first.name.value if isinstance(first, FieldNode) else operation.kind.value


def build_schema(
    settings: SchemaSettings | None = None, budgets: Budgets | None = None
) -> MaskingSchema:
    """Return the schema with its limits; without budgets nobody counts points."""
    chosen = settings or SchemaSettings()
    return MaskingSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            *errors.TYPES,
            objects.EmailConfig,
            belongings.File,
            Message,
            Provider,
            Viewer,
            *enums.NAMES,
        ],
        config=CONFIG,
        extensions=[deadline(chosen.request_seconds)],
        execution_context_class=CompilingExecutor if chosen.compile_queries else None,
        settings=chosen,
        budgets=budgets,
    )


def sdl() -> str:
    """Return the schema in SDL, as `schema.graphql` holds it."""
    return build_schema().as_str().strip() + "\n"
