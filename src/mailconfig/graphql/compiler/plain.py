"""What may be compiled: reads a selection and tells the plain part from the rest.

Plain is a field without resolver, extension, argument or directive, whose type is a leaf, or an
object all of whose selected fields are plain, or a list of such. A list of an abstract type beside
them, which the errors of a mutation are, is plain as long as it is empty. The outcome is a small
tree that `projections` writes down. Knows Strawberry's definitions; must not look at any value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    TypeNameMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from mailconfig.graphql.compiler.classes import is_inert

_MOST_FIELDS: Final = 300
"""Fields of one function, fragments spread out. More are executed field by field: the function of
a page takes 50, and one of 300 takes a few milliseconds to compile."""
_DEEPEST: Final = 8
"""Levels of one function. Python refuses more than 20 loops in one another; what is deeper gets a
function of its own, since graphql-core comes back here for each object that it completes."""

_DIRECTIVES: Final = frozenset({"skip", "include"})
"""Directives that graphql-core has applied when fields are collected."""

Collect = Callable[[GraphQLObjectType, FieldDetailsList], GroupedFieldSet]
"""Returns the selected fields of an object type within fields of that type."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or enum."""

    kind: GraphQLLeafType
    """The GraphQL type."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list."""

    item: "Value"
    """What its items are."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty list of an abstract type: only graphql-core could complete an item."""


@dataclass(frozen=True, slots=True)
class Record:
    """An object of which everything selected is plain."""

    kind: GraphQLObjectType
    """The GraphQL type."""
    origin: type
    """Python class of its objects."""
    fields: tuple["Field", ...]
    """What is selected."""


@dataclass(frozen=True, slots=True)
class Value:
    """A type with its nullability."""

    kind: Leaf | Rows | Nothing | Record
    """The type without its nullability."""
    nullable: bool
    """Whether null is an answer."""


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field."""

    key: str
    """Name in the answer."""
    attribute: str | None
    """Name of the Python attribute; None for __typename."""
    value: Value | None
    """What the attribute holds; None for __typename."""


class Reader:
    """Reads the selections of one compiled function."""

    def __init__(self, schema: GraphQLSchema, collect: Collect) -> None:
        self._schema = schema
        self._collect = collect
        self.size = 0
        """Fields read so far."""
        self.listed = 0
        """Those within lists; what is in two lists counts twice."""

    def field(
        self, parent: GraphQLObjectType, key: str, details: FieldDetailsList, depth: int = 0
    ) -> Field | None:
        """Return the field when it is plain, None when graphql-core must execute it."""
        self.size += 1
        definition = self._schema.get_field(parent, details[0].node.name.value)
        if definition is None or self.size > _MOST_FIELDS or not _is_bare(details):
            return None
        if definition is TypeNameMetaFieldDef:
            return Field(key, None, None)
        attribute = _attribute(definition)
        if attribute is None:
            return None
        value = self._value(definition.type, details, depth)
        if value is None and depth == 0:
            value = _empty(definition.type)
        return Field(key, attribute, value) if value is not None else None

    def _value(
        self, kind: GraphQLOutputType, details: FieldDetailsList, depth: int
    ) -> Value | None:
        if depth > _DEEPEST:
            return None
        nullable = not isinstance(kind, GraphQLNonNull)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if is_leaf_type(inner):
            return Value(Leaf(inner), nullable)
        if isinstance(inner, GraphQLList):
            before = self.size
            item = self._value(inner.of_type, details, depth + 1)
            self.listed += self.size - before
            return Value(Rows(item), nullable) if item is not None else None
        if isinstance(inner, GraphQLObjectType):
            record = self._record(inner, details, depth + 1)
            return Value(record, nullable) if record is not None else None
        return None  # abstract: graphql-core asks the value for its type

    def _record(
        self, kind: GraphQLObjectType, details: FieldDetailsList, depth: int
    ) -> Record | None:
        origin = _origin(kind)
        if origin is None:
            return None
        fields = []
        for key, inner in self._collect(kind, details).items():
            field = self.field(kind, key, inner, depth)
            if field is None:
                return None
            fields.append(field)
        return Record(kind, origin, tuple(fields))


def _empty(kind: GraphQLOutputType) -> Value | None:
    """Return a list that is plain while it is empty; None where the type is no such list."""
    nullable = not isinstance(kind, GraphQLNonNull)
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(inner, GraphQLList) or not is_abstract_type(get_named_type(inner)):
        return None
    return Value(Nothing(), nullable)


def _is_bare(details: FieldDetailsList) -> bool:
    return all(
        detail.defer_usage is None
        and detail.fragment_variable_values is None
        and all(directive.name.value in _DIRECTIVES for directive in detail.node.directives or ())
        for detail in details
    )


def _attribute(definition: GraphQLField) -> str | None:
    """Return the attribute that a field reads; None when it does anything else."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition.args or not isinstance(field, StrawberryField) or not field.is_basic_field:
        return None
    usual = type(field).get_result is StrawberryField.get_result
    name = field.python_name
    return name if usual and field.default_resolver is getattr and name.isidentifier() else None


def _origin(kind: GraphQLObjectType) -> type | None:
    """Return the class of a type's objects; None when the type decides by itself what is one."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    own = definition.is_type_of is not None or definition.concrete_of is not None
    return definition.origin if not own and is_inert(definition.origin) else None
