"""Limits of documents: one walk over the syntax tree that measures everything at once.

Whoever may send a document may send one that costs a second to check or a gigabyte to answer, in
few characters: fragments in fragments double with each line. So each fragment is measured once and
its measure used wherever it is spread, which makes the walk linear in the size of the document.
It runs before validation, whose rules are slower; it therefore meets unknown fields, unknown
fragments and cycles, counts them as little, and leaves it to validation to name them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from mailconfig.domain.pages import PAGE_DEFAULT, PAGE_MAX
from mailconfig.graphql.prices import CEILING, Price, Size

_SLICING: Final = ("first", "last", "ids")
"""Arguments that say how many rows a field answers with."""
_MUTATION_POINTS: Final = 10
"""What a mutation costs beside the objects that it answers with: it writes, and often dials."""
_COUNT_POINTS: Final = 10
"""What `totalCount` costs: the database counts all rows for it."""
_FREE: Final = Price()
_INT_DIGITS: Final = 9
"""Longer literals are no page size (and Python refuses to read thousands of digits)."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What a document may hold; counts are taken with every fragment spread out."""

    characters: int = 64 * 1024
    """Length of the text, which bounds the work of reading what is no token. A document with as
    many tokens as may be has 20 KiB; values belong into variables."""
    tokens: int = 2000
    """Words, numbers and signs, which bounds the work of parsing."""
    operations: int = 20
    """Operations of one document; explorers send all that stand in their editor."""
    fragments: int = 100
    """Fragment definitions of one document."""
    depth: int = 16
    """Fields within fields; introspection by common tools takes 15."""
    root_fields: int = 20
    """Fields at the top of an operation, each of which is a request of its own."""
    aliases: int = 60
    """Renamed fields of an operation, by which one field is run many times."""
    fields: int = 1000
    """Fields of an operation."""
    directives: int = 60
    """Directives of an operation."""
    points: int = 10_000
    """Cost of an operation: objects that its answer may hold."""
    list_rows: int = 5
    """Rows that a list without a page size is taken to have."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection amounts to."""

    depth: int = 0
    """Deepest field within a field."""
    width: int = 0
    """Fields at its top."""
    fields: int = 0
    """Fields in total."""
    aliases: int = 0
    """Renamed fields in total."""
    directives: int = 0
    """Directives in total."""
    price: Price = _FREE
    """Points of what stands here once."""
    row: Price = _FREE
    """Points of one row of the connection that is selected from; its field knows how many."""

    def plus(self, other: "Measure") -> "Measure":
        """Return the measure of both side by side."""
        return Measure(
            max(self.depth, other.depth),
            min(self.width + other.width, CEILING),
            min(self.fields + other.fields, CEILING),
            min(self.aliases + other.aliases, CEILING),
            min(self.directives + other.directives, CEILING),
            self.price.plus(other.price),
            self.row.plus(other.row),
        )


class TooDeepError(Exception):
    """The document is nested so deeply that it is not even measured."""


def excess(document: DocumentNode, limits: DocumentLimits) -> str | None:
    """Return which limit the document as a whole is past, None when it keeps them."""
    kinds = [type(definition) for definition in document.definitions]
    if kinds.count(OperationDefinitionNode) > limits.operations:
        return f"The document has more than {limits.operations} operations."
    if kinds.count(FragmentDefinitionNode) > limits.fragments:
        return f"The document has more than {limits.fragments} fragments."
    return None


def past(measure: Measure, limits: DocumentLimits) -> Iterator[str]:
    """Yield which limits an operation is past, whatever variables come with it."""
    if measure.depth > limits.depth:
        yield too_deep(limits)
    for found, most, noun in (
        (measure.width, limits.root_fields, "root fields"),
        (measure.aliases, limits.aliases, "aliases"),
        (measure.fields, limits.fields, "fields"),
        (measure.directives, limits.directives, "directives"),
    ):
        if found > most:
            yield f"The operation has more than {most} {noun}."
    if measure.price.known > limits.points:
        yield too_costly(limits)


def too_deep(limits: DocumentLimits) -> str:
    """Return the sentence about depth."""
    return f"The operation is nested more than {limits.depth} fields deep."


def too_costly(limits: DocumentLimits) -> str:
    """Return the sentence about cost."""
    return f"The operation costs more than {limits.points} points."


class Meter:
    """Measures the operations of one document; each fragment is walked once."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, limits: DocumentLimits
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}
        self._nested = 0

    def measure(self, operation: OperationDefinitionNode) -> Measure:
        """Return the measure of an operation; raises TooDeepError."""
        root = self._schema.get_root_type(operation.operation)
        measured = self._selected(operation.selection_set, root)
        work = _MUTATION_POINTS * measured.width if _writes(operation) else 0
        price = measured.price.plus(measured.row).plus(Price(work))
        directives = measured.directives + len(operation.directives or ())
        return replace(measured, price=price, row=Price(), directives=directives)

    def _selected(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        # Python's stack ends at about 1,000 calls and each level takes four of them.
        self._nested += 1
        if self._nested > 2 * self._limits.depth + 20:
            raise TooDeepError
        total = Measure()
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                measured = self._field(selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._type(condition.name.value) if condition else parent
                measured = self._selected(selection.selection_set, inner)
            else:
                measured = self._spread(cast("FragmentSpreadNode", selection))
            total = total.plus(_with_directives(measured, len(selection.directives or ())))
        self._nested -= 1
        return total

    def _spread(self, spread: FragmentSpreadNode) -> Measure:
        name = spread.name.value
        if name not in self._measured:
            fragment = self._fragments.get(name)
            if fragment is None:
                return Measure()
            self._measured[name] = Measure()  # what a cycle finds; validation refuses it
            parent = self._type(fragment.type_condition.name.value)
            found = self._selected(fragment.selection_set, parent)
            self._measured[name] = _with_directives(found, len(fragment.directives or ()))
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        definition = self._definition(node.name.value, parent)
        kind = definition.type if definition else None
        aliases = 1 if node.alias else 0
        if node.selection_set is None:
            points = _COUNT_POINTS if node.name.value == "totalCount" else 0
            return Measure(1, 1, 1, aliases, price=Price(points))
        inner = self._selected(node.selection_set, get_named_type(kind) if kind else None)
        price, row = self._priced(node, definition, inner, in_connection=_is_connection(parent))
        return Measure(
            inner.depth + 1,
            1,
            inner.fields + 1,
            inner.aliases + aliases,
            inner.directives,
            price,
            row,
        )

    def _priced(
        self, node: FieldNode, field: GraphQLField | None, inner: Measure, *, in_connection: bool
    ) -> tuple[Price, Price]:
        """Return the points of a field with what it selects: once, and a row of its connection."""
        size = self._size(node, field)
        rows = inner.row.times(self._limits.list_rows if size is None else size)
        one = inner.price.plus(rows).plus(Price(1))
        if field is None or not _is_list(field.type):
            return one, Price()
        if in_connection:
            return Price(), one
        return one.times(self._limits.list_rows if size is None else size), Price()

    def _size(self, node: FieldNode, field: GraphQLField | None) -> int | Size | None:
        """Return how many rows the field's arguments ask for; None for a field without them."""
        if field is None or not any(name in field.args for name in _SLICING):
            return None
        given = [a.value for a in node.arguments or () if a.name.value in _SLICING]
        names = tuple(value.name.value for value in given if isinstance(value, VariableNode))
        literals = [rows for rows in map(literal_rows, given) if rows is not None]
        floor = max(literals, default=None)
        size = Size(names, floor, PAGE_DEFAULT, PAGE_MAX)
        return size if names else size.rows({})

    def _definition(self, name: str, parent: GraphQLNamedType | None) -> GraphQLField | None:
        if parent is self._schema.query_type:
            if name == "__schema":
                return SchemaMetaFieldDef
            if name == "__type":
                return TypeMetaFieldDef
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return None
        found: GraphQLField | None = parent.fields.get(name)
        return found

    def _type(self, name: str) -> GraphQLNamedType | None:
        kind = self._schema.get_type(name)
        return kind if is_composite_type(kind) else None


def literal_rows(value: ValueNode) -> int | None:
    """Return the rows that a value in the document asks for; None for null and variables."""
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode):
        return int(value.value) if len(value.value) <= _INT_DIGITS else PAGE_MAX
    return None


def _with_directives(measure: Measure, more: int) -> Measure:
    return replace(measure, directives=measure.directives + more) if more else measure


def _writes(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.MUTATION


def _is_connection(kind: GraphQLNamedType | None) -> bool:
    return isinstance(kind, GraphQLObjectType) and "pageInfo" in kind.fields


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
