"""Plans: a document read once - parsed, measured, validated - and kept for the next who sends it.

Clients send the same few documents again and again; reading one takes milliseconds, running one
takes less. Only documents that are fine are kept, as many and as large as settings allow, the
least recently used leaving first: whoever sends nonsense fills nothing.

A plan is the same object for as long as it is kept, so that compiled code can hang on it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from mailconfig.graphql.limits import (
    DocumentLimits,
    Meter,
    TooDeepError,
    excess,
    literal_rows,
    past,
    too_deep,
)
from mailconfig.graphql.masking import ShownError
from mailconfig.graphql.prices import Price

_RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
"""Rule classes, built once; a new tuple for each request would never be found in a cache."""
_MOST_ERRORS: Final = 20
"""Errors told of one document: enough to mend it, little to compute."""
_NODE_BYTES: Final = 1400
"""Memory of a token with its share of the syntax tree, as measured on large documents."""
_PLAN_BYTES: Final = 4000
"""Memory of a plan beside its text and tree."""

validation_context.MAX_FRAGMENT_WORK = 5_000
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000
# Both are a second line behind our own limits, a tenth of what graphql-core allows; it documents
# assignment as the way to set them. The largest document within our limits spends less.


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document."""

    node: OperationDefinitionNode
    """Its syntax tree."""
    name: str | None
    """Its name, None for an anonymous one."""
    kind: OperationType
    """Query, mutation or subscription."""
    price: Price
    """What it costs."""
    defaults: Mapping[str, int]
    """Sizes that variables have when the request does not give them."""

    def points(self, variables: Mapping[str, Any] | None) -> int:
        """Return what a request with these variables costs: a point at least."""
        if not self.price.terms:
            return self.price.known or 1
        return self.price.points({**self.defaults, **(variables or {})}) or 1


@dataclass(slots=True, eq=False)
class Plan:
    """What is known about a document; one object for as long as it is kept."""

    text: str
    """The document as sent."""
    document: DocumentNode | None = None
    """Its syntax tree; None when it is none or too large to be one."""
    errors: tuple[GraphQLError, ...] = ()
    """Why it cannot be run; empty for a valid document within the limits."""
    operations: Mapping[str | None, Operation] = field(default_factory=dict)
    """Its operations by name, in their order; only of a document without errors."""
    compiled: dict[str | None, Any] = field(default_factory=dict)
    """Whatever others make of its operations, by name; leaves memory with the plan."""

    def operation(self, name: str | None) -> Operation | None:
        """Return the operation that a request means; None when there is none of that name.

        Raises GraphQLError when a request must say which and does not (GraphQL, section 6.1).
        """
        if name is not None:
            return self.operations.get(name)
        if len(self.operations) > 1:
            raise ShownError(
                "Give operationName: the document has several operations.",
                extensions={"code": "BAD_REQUEST"},
            )
        return next(iter(self.operations.values()), None)


@dataclass(frozen=True, slots=True)
class PlanCacheLimits:
    """How much of what was read is kept."""

    plans: int = 500
    """Documents; an application has some dozens."""
    bytes: int = 32 * 1024 * 1024
    """Memory of them all, by estimate."""


@dataclass(slots=True)
class PlanCounts:
    """How the cache is doing."""

    hits: int = 0
    """Documents that were found."""
    reads: int = 0
    """Documents that were parsed."""
    validations: int = 0
    """Documents that were validated."""
    evictions: int = 0
    """Plans that had to leave."""


class Plans:
    """Reads documents, and keeps what is fine."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: DocumentLimits | None = None,
        cache: PlanCacheLimits | None = None,
        *,
        hints: bool = False,
    ) -> None:
        self.counts = PlanCounts()
        self.limits = limits or DocumentLimits()
        self._schema = schema
        self._cache = cache or PlanCacheLimits()
        self._hints = hints
        self._kept: OrderedDict[str, tuple[Plan, int]] = OrderedDict()
        self._bytes = 0

    @property
    def kept_bytes(self) -> int:
        """Memory of the kept plans, by estimate."""
        return self._bytes

    def __len__(self) -> int:
        """Return how many plans are kept."""
        return len(self._kept)

    def kept(self, text: str) -> Plan | None:
        """Return the plan of a document that was read before and was fine."""
        found = self._kept.get(text)
        if found is None:
            return None
        self.counts.hits += 1
        self._kept.move_to_end(text)
        return found[0]

    def read(self, text: str) -> Plan:
        """Return the plan of a document; its errors say why it cannot be run."""
        plan = self.kept(text)
        if plan is not None:
            return plan
        plan = self._made(text)
        if not plan.errors:
            self._keep(plan)
        return plan

    def _made(self, text: str) -> Plan:
        """Read a document; whatever is quick to see is looked at first."""
        self.counts.reads += 1
        if len(text) > self.limits.characters:
            return _refused(text, f"The document is longer than {self.limits.characters} letters.")
        try:
            document = parse(text, max_tokens=self.limits.tokens)
        except GraphQLError as error:
            return Plan(text, errors=(error.with_traceback(None),))
        broken = excess(document, self.limits)
        if broken is not None:
            return _refused(text, broken)
        try:
            operations, breaches = self._measured(document)
        except TooDeepError:
            return _refused(text, too_deep(self.limits))
        if breaches:
            return _refused(text, *breaches)
        self.counts.validations += 1
        errors = validate(
            self._schema,
            document,
            _RULES,
            max_errors=_MOST_ERRORS,
            hide_suggestions=not self._hints,
        )
        return Plan(text, document, tuple(errors), {} if errors else operations)

    def _measured(
        self, document: DocumentNode
    ) -> tuple[dict[str | None, Operation], Sequence[str]]:
        """Return the operations and which limits they are past; raises TooDeepError."""
        meter = Meter(self._schema, document, self.limits)
        operations: dict[str | None, Operation] = {}
        breaches: dict[str, None] = {}
        for node in document.definitions:
            if not isinstance(node, OperationDefinitionNode):
                continue
            measure = meter.measure(node)
            breaches.update(dict.fromkeys(past(measure, self.limits)))
            name = node.name.value if node.name else None
            defaults = _default_rows(node)
            operations[name] = Operation(node, name, node.operation, measure.price, defaults)
        return operations, list(breaches)

    def _keep(self, plan: Plan) -> None:
        size = estimated_bytes(plan)
        if size > self._cache.bytes:
            return
        self._kept[plan.text] = (plan, size)
        self._bytes += size
        while self._bytes > self._cache.bytes or len(self._kept) > self._cache.plans:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
            self.counts.evictions += 1


def estimated_bytes(plan: Plan) -> int:
    """Return about how much memory a plan takes; a test compares it with what it really takes."""
    tokens = plan.document.token_count if plan.document else 0
    return _PLAN_BYTES + 4 * len(plan.text) + _NODE_BYTES * tokens


def _default_rows(operation: OperationDefinitionNode) -> dict[str, int]:
    """Return the sizes among the defaults of an operation's variables."""
    found = {}
    for definition in operation.variable_definitions or ():
        value = definition.default_value
        rows = literal_rows(value) if value is not None else None
        if rows is not None:
            found[definition.variable.name.value] = rows
    return found


def past_limit(reason: str) -> ShownError:
    """Return the error of an operation that is past a limit."""
    return ShownError(reason, extensions={"code": "LIMIT_EXCEEDED"})


def _refused(text: str, *reasons: str) -> Plan:
    return Plan(text, errors=tuple(map(past_limit, reasons)))
