"""The executor: graphql-core's, with the plain parts of answers made by compiled functions.

Switched on by `Schema(execution_context_class=CompilingExecutor)`; left out, everything works the
same, only slower. Resolvers, arguments, abstract types, lists of objects with resolvers, errors,
null propagation and the order of mutations are graphql-core's own work: this class replaces one
step, the execution of the fields of an object, and there does the plain ones at once. A page whose
rows have plain fields and one from a loader takes a projection and one resolver a row.

See `graphql.compiler` for how selections become functions.

`run_operation` is the way of an operation that was admitted: graphql-core's without looking up
again what its plan knows, and without Strawberry's hooks, of which we use one, the deadline.
Whoever calls it sees to admission before it, and to masking and cost after it.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, Self, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
)
from graphql.execution.incremental.incremental_executor import DeliveryGroupMap
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mailconfig.graphql.compiler.variables import Variables
from mailconfig.graphql.compiler.variants import Documents, Variant
from mailconfig.graphql.plans import Operation, Plan

_MOST_ERRORS: Final = 50
"""Errors told of one request's variables, as many as graphql-core tells."""
_FRAGMENTS: Final = ""
"""Key of a plan's fragments; no operation has an empty name."""
_VARIABLES: Final = "$"
"""Begin of the keys of the variables of operations, whose names have no such sign."""


class Fragments(NamedTuple):
    """The fragments of a document, as executors want them."""

    definitions: dict[str, FragmentDefinitionNode]
    """Their syntax trees."""
    details: dict[str, FragmentDetails]
    """The same."""


class CompilingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes one operation; what is compiled is shared by all requests for its document."""

    documents: ClassVar[Documents] = Documents()
    variant: Variant | None = None
    """What is known about the operation; None: execute it field by field."""

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        *args: Any,  # noqa: ANN401 - the base's
        **kwargs: Any,  # noqa: ANN401 - the base's
    ) -> list[GraphQLError] | Executor[Any]:
        """Return the executor of an operation, or the errors of its variables."""
        made = super().build(schema, document, *args, **kwargs)
        if isinstance(made, CompilingExecutor):
            made.compile(document)
        return made

    @classmethod
    def of_plan(
        cls,
        schema: GraphQLSchema,
        plan: Plan,
        operation: Operation,
        variables: VariableValues,
        context: object,
        extensions: Mapping[str, Any] | None,
    ) -> Self:
        """Return the executor of a valid operation with valid variables; cheaper than `build`."""
        fragments = _fragments(plan)
        made = cls(
            schema,
            fragments.definitions,
            fragments.details,
            None,
            context,
            operation.node,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            operation_extensions=extensions,
        )
        made.compile(cast("DocumentNode", plan.document))
        return made

    def compile(self, document: DocumentNode) -> None:
        """Find what is compiled of the operation, from the second request for it on."""
        if not self.is_usual():
            return
        compiled = self.documents.compiled(self.schema, document)
        if compiled is not None:
            self.variant = compiled.variant(self.operation, self.variable_values.coerced)

    def is_usual(self) -> bool:
        """Tell whether nothing stands between fields and their values.

        Middleware (a SchemaExtension with `resolve`) sees each field, an abort signal is looked at
        between them, and fragments with variables of their own are an experiment.
        """
        manager = self.middleware_manager
        return (
            (manager is None or not manager.middlewares)
            and self.abort_signal is None
            and not any(fragment.variable_signatures for fragment in self.fragments.values())
        )

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: object,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Execute the root fields, by the objects of the first request for them."""
        variant = self.variant
        if variant is not None and not new_defer_usages:
            if variant.root is None:
                variant.root = grouped_field_set
            grouped_field_set = variant.root
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def execute_operation(self, serially: bool | None = None) -> AwaitableOrValue[ExecutionResult]:
        """Execute the operation; one of a single root field without collecting and gathering.

        That is so once an earlier request has collected it. Its order needs no care then.
        """
        root = None if self.variant is None else self.variant.root
        kind = self.schema.get_root_type(self.operation.operation)
        if root is None or len(root) != 1 or kind is None:
            return cast("AwaitableOrValue[ExecutionResult]", super().execute_operation(serially))
        ((key, details),) = root.items()
        path = Path(None, key, kind.name)
        try:
            value = self.execute_field(kind, self.root_value, details, path, None)
        except GraphQLError as error:
            return self._failed(error)
        if self.is_awaitable(value):
            return self._awaited(key, value)
        return self._responded({key: value})

    async def _awaited(self, key: str, value: Awaitable[object]) -> ExecutionResult:
        try:
            data = {key: await value}
        except GraphQLError as error:
            return self._failed(error)
        return self._responded(data)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return self._responded(None)

    def _responded(self, data: dict[str, Any] | None) -> ExecutionResult:
        return cast("ExecutionResult", self.build_response(data))

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Return the fields within fields of an object; collected once for all requests."""
        variant = self.variant
        if variant is None:
            return super().collect_subfields(return_type, field_details_list)
        found = variant.collected.get((return_type, id(field_details_list)))
        if found is None:
            found = super().collect_subfields(return_type, field_details_list)
            variant.keep(return_type, field_details_list, found)
        return found

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: object,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: DeliveryGroupMap | None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Execute the fields of an object: the plain ones at once, the others one by one."""
        variant = self.variant
        if variant is None or position_context is not None:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        shape = variant.shape(self._selected, parent_type, grouped_field_set)
        answer = shape.project(source_value) if shape is not None else None
        if shape is None or answer is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, None)
        if not shape.rest:
            return answer
        rest = super().execute_fields(parent_type, source_value, path, shape.rest, None)
        if isinstance(rest, dict):
            answer.update(rest)
            return answer
        return _completed(answer, rest)

    def let_go(self) -> None:
        """Open the one circle of references, once all is executed.

        With it the request, its variables and the secrets in them leave memory at once, not at
        some later round of the garbage collector, which then has nothing to do.
        """
        if not self.background_futures:
            del self.async_helpers

    def _selected(self, kind: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        return self.collect_subfields(kind, details).grouped_field_set


async def _completed(answer: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    answer.update(await rest)
    return answer


async def run_operation(
    schema: GraphQLSchema,
    plan: Plan,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    context: object,
    *,
    extensions: Mapping[str, Any] | None = None,
    seconds: float | None = None,
) -> ExecutionResult:
    """Run a query or mutation of a valid document and return its result, errors unmasked.

    Never raises but cancellation: after `seconds` the resolvers are cancelled, and the result is an
    error without data.
    """
    coerced = _coerced(schema, plan, operation, variables)
    if isinstance(coerced, list):
        return ExecutionResult(None, coerced)
    executor = CompilingExecutor.of_plan(schema, plan, operation, coerced, context, extensions)
    try:
        async with asyncio.timeout(seconds):
            result: Any = executor.execute_operation()
            if not isinstance(result, ExecutionResult):
                result = await result
            executor.let_go()
            return cast("ExecutionResult", result)
    except Exception as error:  # noqa: BLE001 - an operation's top: it is masked and logged
        return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])


def _coerced(
    schema: GraphQLSchema, plan: Plan, operation: Operation, given: Mapping[str, Any] | None
) -> list[GraphQLError] | VariableValues:
    definitions = operation.node.variable_definitions
    if not definitions:
        return VariableValues({}, {})
    key = f"{_VARIABLES}{operation.name or ''}"
    known: Variables | None = plan.compiled.get(key)
    if known is None:
        known = plan.compiled[key] = Variables.of(schema, definitions)
    return known.coerced(given or {}) or get_variable_values(
        schema, definitions, dict(given or {}), max_errors=_MOST_ERRORS
    )


def _fragments(plan: Plan) -> Fragments:
    """Return the fragments of a document, found once."""
    found: Fragments | None = plan.compiled.get(_FRAGMENTS)
    if found is None:
        definitions = {
            definition.name.value: definition
            for definition in cast("DocumentNode", plan.document).definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        details = {name: FragmentDetails(node) for name, node in definitions.items()}
        found = plan.compiled[_FRAGMENTS] = Fragments(definitions, details)
    return found
