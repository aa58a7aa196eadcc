"""JSON schemas of what REST takes and shows, made of GraphQL types and selections.

What a document selects is an object with exactly those members; what GraphQL may leave null may be
null here. A fragment named after its type becomes a component, as do inputs and enums.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
    parse,
)

from mailconfig.http.problems import BY_TYPE
from mailconfig.http.rest import documents
from mailconfig.http.rest.inputs import file_kinds
from mailconfig.http.rest.operations import Operation, takes_one

Schema = dict[str, Any]
Omitted = set[str] | frozenset[str]
_SCALARS: Final[Mapping[str, Schema]] = {
    "Int": {"type": "integer", "format": "int32"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "JSONObject": {"type": "object"},
    "Upload": {"type": "string", "contentMediaType": "application/octet-stream"},
}
"""Scalars that are no plain text."""
_PROBLEM: Final = "Problem"
_TYPENAME: Final = "__typename"


class Schemas:
    """Makes schemas, and keeps those that others refer to."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._components: dict[str, Schema] = {}
        self._fragments: dict[str, FragmentDefinitionNode] = {}

    def components(self) -> dict[str, Schema]:
        """Return what was referred to so far, by name."""
        return dict(sorted(self._components.items()))

    # ---- what is taken -----------------------------------------------------------------------

    def input(self, kind: GraphQLInputType, omit: Omitted = frozenset()) -> Schema:
        """Return the schema of an input; `omit` names members that come from elsewhere."""
        nullable = get_nullable_type(cast("Any", kind))
        if isinstance(nullable, GraphQLList):
            return _or_null({"type": "array", "items": self.input(nullable.of_type)}, kind)
        if isinstance(nullable, GraphQLInputObjectType):
            found = self._component(nullable.name, lambda: self._input_object(nullable, omit))
            return _or_null(found, kind)
        return _or_null(self._leaf(cast("Any", nullable)), kind)

    def parameter(self, kind: GraphQLInputType) -> Schema:
        """Return the schema of a query parameter: a text, so that null is its absence."""
        nullable = get_nullable_type(cast("Any", kind))
        if isinstance(nullable, GraphQLList):
            return {"type": "array", "items": self._leaf(get_named_type(nullable))}
        return self._leaf(nullable)

    def form(self, kind: GraphQLInputType, omit: Omitted) -> Schema:
        """Return the media type object of a form: members as texts or JSON, files by their kind."""
        given = cast("GraphQLInputObjectType", get_named_type(kind))
        fields = {name: field for name, field in given.fields.items() if name not in omit}
        parts = {
            name: _described(self.input(field.type), field.description)
            for name, field in fields.items()
        }
        structured = [name for name, part in parts.items() if _is_structured(part)]
        file = {"type": "array", "items": dict(_SCALARS["Upload"])}
        enum = cast("GraphQLEnumType", self._schema.type_map["FileKind"])
        for name, value in file_kinds(self._schema).items():
            parts[name] = _described(file, enum.values[value].description)
        shape = {
            "type": "object",
            "description": "Members of objects may be fields of their own: incoming.host, "
            "incoming.secret.password. An empty field is null, but for texts.",
            "properties": parts,
        }
        json = {"contentType": "application/json"}
        return {"schema": shape, "encoding": dict.fromkeys(structured, json)}

    def _input_object(self, kind: GraphQLInputObjectType, omit: Omitted) -> Schema:
        fields = {name: field for name, field in kind.fields.items() if name not in omit}
        found: Schema = {
            "type": "object",
            "description": kind.description or "",
            "properties": {
                name: _described(self.input(field.type), field.description)
                for name, field in fields.items()
            },
            "additionalProperties": False,
        }
        required = [name for name, field in fields.items() if is_required_input_field(field)]
        if required:
            found["required"] = required
        if takes_one(kind):
            found |= {"minProperties": 1, "maxProperties": 1}
        return found

    # ---- what is shown -----------------------------------------------------------------------

    def answer(self, found: Operation) -> Schema:
        """Return the schema of a row's answer."""
        document = parse(found.row.document)
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                self._fragments[node.name.value] = node
        kind: GraphQLOutputType = cast(
            "GraphQLObjectType", self._schema.get_root_type(found.node.operation)
        )
        selections = found.node.selection_set
        for name in found.row.shown.split(".") if found.row.shown else ():
            field = _selected_field(selections, name)
            kind = _named_object(kind).fields[name].type
            selections = cast("SelectionSetNode", field.selection_set)
        return self._object(_named_object(kind), selections, left_out={"errors"})

    def names(self, schema: Schema) -> frozenset[str]:
        """Return the names of an object's members, through a reference."""
        if "$ref" in schema:
            schema = self._components[schema["$ref"].rpartition("/")[2]]
        return frozenset(schema.get("properties", ()))

    def _object(
        self,
        kind: GraphQLObjectType,
        selections: SelectionSetNode,
        left_out: Omitted = frozenset(),
    ) -> Schema:
        only = selections.selections[0] if len(selections.selections) == 1 else None
        if isinstance(only, FragmentSpreadNode):
            name = only.name.value
            inner = self._fragments[name].selection_set
            return self._component(name, lambda: self._members(kind, inner, left_out))
        return self._members(kind, selections, left_out)

    def _members(
        self,
        kind: GraphQLObjectType,
        selections: SelectionSetNode,
        left_out: Omitted,
    ) -> Schema:
        nodes = [node for node in selections.selections if isinstance(node, FieldNode)]
        fields = {node.name.value: node for node in nodes if node.name.value not in left_out}
        return {
            "type": "object",
            "description": kind.description or "",
            "properties": {
                name: _described(
                    self._output(kind.fields[name].type, node), kind.fields[name].description
                )
                for name, node in fields.items()
            },
            "required": [name for name, node in fields.items() if not node.directives],
        }

    def _output(self, kind: GraphQLOutputType, node: FieldNode) -> Schema:
        nullable = get_nullable_type(kind)
        if isinstance(nullable, GraphQLList):
            found: Schema = {"type": "array", "items": self._output(nullable.of_type, node)}
        elif isinstance(nullable, GraphQLObjectType):
            found = self._object(nullable, cast("SelectionSetNode", node.selection_set))
        else:
            found = self._leaf(nullable)
        return _or_null(found, kind)

    # ---- both --------------------------------------------------------------------------------

    def description_of(self, found: Operation) -> str:
        """Return what the schema says about the field that a row asks for."""
        root = self._schema.get_root_type(found.node.operation)
        return (root.fields[found.root].description if root else None) or ""

    def description_at(self, found: Operation, place: tuple[str, ...]) -> str:
        """Return what the schema says about a parameter: an argument, or a member of one."""
        root = cast("GraphQLObjectType", self._schema.get_root_type(found.node.operation))
        name, *rest = place
        argument = root.fields[found.root].args.get(name)
        if argument is None:  # one of the document's own: whether it selects a field
            return f"Whether the answer has {name}."
        about, kind = argument.description, argument.type
        for member in rest:
            field = cast("GraphQLInputObjectType", get_named_type(kind)).fields[member]
            about, kind = field.description, field.type
        return about or ""

    def problem(self) -> Schema:
        """Return the schema of problems; the errors are those that documents ask for."""
        return self._component(_PROBLEM, self._problem)

    def _problem(self) -> Schema:
        text = {"type": "string"}
        return {
            "type": "object",
            "description": "What is wrong (RFC 9457).",
            "properties": {
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "code": text,
                "requestId": _described(text, "Under which the log has the request."),
                "errors": {"type": "array", "items": self._error()},
            },
            "required": ["title", "status", "detail", "requestId"],
        }

    def _error(self) -> Schema:
        """Return the schema of an error, from the fragment that asks for errors."""
        fragment = next(
            node
            for node in parse(documents.LOGOUT).definitions
            if isinstance(node, FragmentDefinitionNode)
        )
        properties: dict[str, Schema] = {
            "type": _described({"type": "string"}, f"{', '.join(BY_TYPE)} or a code."),
            "pointer": _described({"type": "string"}, "Place in the body (RFC 6901)."),
            "parameter": _described({"type": "string"}, "Name of a query parameter."),
            "part": _described({"type": "string"}, "Name of a field or file of a form."),
        }
        kinds = [(fragment.type_condition.name.value, fragment.selection_set)]
        kinds += [
            (cast("Any", node.type_condition).name.value, node.selection_set)
            for node in fragment.selection_set.selections
            if isinstance(node, InlineFragmentNode)
        ]
        for name, selections in kinds:
            kind = cast("GraphQLObjectType", self._schema.type_map[name])
            for node in selections.selections:
                if isinstance(node, FieldNode) and node.name.value != _TYPENAME:
                    field = kind.fields[node.name.value]
                    shown = self._output(field.type, node)
                    properties[node.name.value] = _described(shown, field.description)
        return {"type": "object", "properties": properties, "required": ["type", "message"]}

    def _leaf(self, kind: Any) -> Schema:  # noqa: ANN401 - graphql-core's types
        if isinstance(kind, GraphQLEnumType):
            return self._component(kind.name, lambda: _enum(kind))
        scalar = cast("GraphQLScalarType", kind)
        return dict(_SCALARS.get(scalar.name, {"type": "string"}))

    def _component(self, name: str, make: Any) -> Schema:  # noqa: ANN401 - a function without arguments
        if name not in self._components:
            self._components[name] = {}  # for types that hold themselves
            self._components[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}


def _enum(kind: GraphQLEnumType) -> Schema:
    lines = [f"- `{name}`: {value.description}" for name, value in kind.values.items()]
    about = "\n".join([kind.description or "", "", *lines])
    return {"type": "string", "enum": list(kind.values), "description": about}


def _or_null(schema: Schema, kind: Any) -> Schema:  # noqa: ANN401 - graphql-core's types
    if isinstance(kind, GraphQLNonNull):
        return schema
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]}


def _described(schema: Schema, about: str | None) -> Schema:
    return schema | {"description": about} if about else schema


def _is_structured(part: Schema) -> bool:
    """Tell whether a part of a form is JSON: an object, or a list."""
    kinds = part.get("type", "object")
    return bool({"object", "array"} & set(kinds if isinstance(kinds, list) else [kinds]))


def _selected_field(selections: SelectionSetNode, name: str) -> FieldNode:
    return next(
        node
        for node in selections.selections
        if isinstance(node, FieldNode) and node.name.value == name
    )


def _named_object(kind: GraphQLOutputType) -> GraphQLObjectType:
    return cast("GraphQLObjectType", get_named_type(kind))
