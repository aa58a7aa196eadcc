"""The rows of the table with what the schema says about them, found once at the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    parse,
    type_from_ast,
)

from mailconfig.http.rest.table import Row


@dataclass(frozen=True, slots=True)
class Operation:
    """A row with the types of its variables."""

    row: Row
    """The row."""
    node: OperationDefinitionNode
    """The operation of its document."""
    variables: Mapping[str, GraphQLInputType]
    """Types of the variables by name."""

    @property
    def root(self) -> str:
        """Name of the one field that the document asks for."""
        field = self.node.selection_set.selections[0]
        assert isinstance(field, FieldNode)  # noqa: S101 - ours  # nosec B101
        return field.name.value

    @property
    def parameters(self) -> dict[str, tuple[tuple[str, ...], GraphQLInputType]]:
        """Places and types of the query parameters by name; of members only the first level."""
        row = self.row
        taken = {place.partition(".")[0] for place in (row.id_at, row.body_at) if place}
        found: dict[str, tuple[tuple[str, ...], GraphQLInputType]] = {}
        for name, kind in self.variables.items():
            if name == row.spread:
                for member, inner in members(kind).items():
                    found[member] = ((name, member), inner)
            elif name not in taken:
                found[name] = ((name,), kind)
        return found

    @property
    def body(self) -> GraphQLInputType:
        """Type of the body."""
        first, *rest = (self.row.body_at or "").split(".")
        kind = self.variables[first]
        for name in rest:
            kind = members(kind)[name]
        return kind


def operation(row: Row, schema: GraphQLSchema) -> Operation:
    """Return a row with its types; raises KeyError for types that the schema has not."""
    nodes = [
        node
        for node in parse(row.document).definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    variables: dict[str, Any] = {
        definition.variable.name.value: type_from_ast(schema, definition.type)
        for definition in nodes[0].variable_definitions or ()
    }
    return Operation(row, nodes[0], variables)


def members(kind: GraphQLInputType) -> dict[str, GraphQLInputType]:
    """Return the types of an input object's members; nothing for other types."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        return {}
    return {name: field.type for name, field in named.fields.items()}


def takes_one(kind: GraphQLInputObjectType) -> bool:
    """Tell whether an input has exactly one of its members; Strawberry keeps that to itself."""
    definition = kind.extensions.get("strawberry-definition")
    return kind.is_one_of or bool(getattr(definition, "is_one_of", False))
