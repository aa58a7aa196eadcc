"""Variants: what is known about an operation under one set of conditions, kept with its document.

Which fields are selected depends on the document and on the variables of @skip and @include alone.
So each combination of their values has its variant, which holds the collected fields, the same
objects for each request, and the shapes that were compiled for them.

A document is compiled when it comes for the second time: whoever never sends the same one twice
makes the server compile nothing. What was made of a document leaves memory with its syntax tree,
which the cache of plans bounds, and earlier when all of it together grows too large.
"""

import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphql import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet

from mailconfig.graphql.compiler.plain import Collect
from mailconfig.graphql.compiler.projections import Shape, shape_of

_MOST_VARIANTS: Final = 16
"""Variants of one document; further ones are executed field by field. Four independent switches
have as many."""
_MOST_FIELDS: Final = 50_000
"""Fields of all variants together, about half a kilobyte each."""
_DOCUMENT_FIELDS: Final = 100
"""What a document itself counts for, in fields."""


class Variant:
    """One operation under one set of conditions."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.root: GroupedFieldSet | None = None
        """Root fields as first collected."""
        self.collected: dict[tuple[GraphQLObjectType, int], CollectedFields] = {}
        """Fields within fields, by type and identity of the list of outer fields."""
        self.size = _DOCUMENT_FIELDS
        """Fields remembered and compiled."""
        self._shapes: dict[int, Shape | None] = {}
        self._alive: list[FieldDetailsList | GroupedFieldSet] = []
        """What is found by its identity and must therefore stay."""

    def keep(
        self, kind: GraphQLObjectType, details: FieldDetailsList, collected: CollectedFields
    ) -> None:
        """Remember fields within fields."""
        self._alive.append(details)
        self.collected[kind, id(details)] = collected
        self.size += len(collected.grouped_field_set)

    def shape(
        self, collect: Collect, parent: GraphQLObjectType, fields: GroupedFieldSet
    ) -> Shape | None:
        """Return how an object's fields are executed, None when field by field."""
        try:
            return self._shapes[id(fields)]
        except KeyError:
            self._alive.append(fields)
        made = self._shapes[id(fields)] = shape_of(self._schema, collect, parent, fields)
        if made is not None:
            self.size += made.size
        return made


class Compiled:
    """What was made of one document for one schema."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[DefinitionNode]) -> None:
        self.schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._conditions: dict[int, tuple[str, ...]] = {}
        self._variants: dict[tuple[object, ...], Variant] = {}

    @property
    def size(self) -> int:
        """Fields of all variants."""
        return _DOCUMENT_FIELDS + sum(variant.size for variant in self._variants.values())

    def variant(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Variant | None:
        """Return the variant of an operation, None when there are too many."""
        names = self._conditions.get(id(operation))
        if names is None:
            names = tuple(sorted(_conditions(operation, self._fragments)))
            self._conditions[id(operation)] = names
        # Validation lets nothing but Booleans stand here.
        key = (id(operation), *(variables.get(name) is True for name in names))
        found = self._variants.get(key)
        if found is None and len(self._variants) < _MOST_VARIANTS:
            found = self._variants[key] = Variant(self.schema)
        return found


class _Entry(NamedTuple):
    """A document that came at least once."""

    document: weakref.ref[DocumentNode]
    """The tree, which lives as long as its plan."""
    compiled: Compiled | None
    """What was made of it; None: nothing yet, or no more."""


class Documents:
    """What was made of documents; they are known by identity, since trees compare by content."""

    def __init__(self, most_fields: int = _MOST_FIELDS) -> None:
        self._most_fields = most_fields
        self._kept: OrderedDict[int, _Entry] = OrderedDict()
        # Trees die whenever the collector runs, be it in the midst of a loop over what is kept:
        # so their deaths are only noted then, and acted on when somebody comes.
        self._dead: list[int] = []

    def __len__(self) -> int:
        """Return how many documents are known."""
        self._bury()
        return len(self._kept)

    def compiled(self, schema: GraphQLSchema, document: DocumentNode) -> Compiled | None:
        """Return what was made of a document, None when it comes for the first time."""
        self._bury()
        key = id(document)
        entry = self._kept.get(key)
        if entry is None or entry.document() is not document:
            dead = self._dead
            reference = weakref.ref(document, lambda _: dead.append(key))
            self._kept[key] = _Entry(reference, None)
            return None
        self._kept.move_to_end(key)
        compiled = entry.compiled
        if compiled is None or compiled.schema is not schema:
            compiled = Compiled(schema, document.definitions)
            self._kept[key] = _Entry(entry.document, compiled)
            self._shrink()
        return compiled

    def _bury(self) -> None:
        """Forget documents that nobody holds any more; another may have got the identity of one."""
        while self._dead:
            key = self._dead.pop()
            entry = self._kept.get(key)
            if entry is not None and entry.document() is None:
                del self._kept[key]

    def _shrink(self) -> None:
        """Forget the least recently used until all fits; runs when another document comes."""
        sizes = {key: entry.compiled.size for key, entry in self._kept.items() if entry.compiled}
        total = sum(sizes.values())
        for key, size in sizes.items():
            if total <= self._most_fields:
                return
            self._kept[key] = _Entry(self._kept[key].document, None)
            total -= size


def _conditions(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> set[str]:
    """Return the variables of @skip and @include in an operation and the fragments it spreads."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [operation.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            found.update(_switches(selection.directives or ()))
            inner = getattr(selection, "selection_set", None)
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                fragment = fragments.get(name) if name not in seen else None
                seen.add(name)
                inner = fragment.selection_set if fragment else None
            if inner is not None:
                waiting.append(inner)
    return found


def _switches(directives: Sequence[DirectiveNode]) -> Iterator[str]:
    for directive in directives:
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value
