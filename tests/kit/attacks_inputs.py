"""Inputs that fit a schema, made from it: for each argument, and along each way into one.

    for way in ways(schema):
        way.variables({"ownerId": "x"})     # with one more member at the end of the way

Values are as small as the types allow and name nothing that there is. Must not know any operation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_leaf_type,
    is_required_input_field,
)

from mailconfig.domain.ids import new_id
from mailconfig.graphql import ids

_SCALARS: Final[Mapping[str, Any]] = {
    "String": "text",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "ID": ids.encode("File", new_id()),
    "DateTime": "2026-01-02T03:04:05Z",
    "JSONObject": {},
    "Upload": None,
}
_DEPTH: Final = 6
"""Ways that are longer lead round in a circle."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """A way into the arguments of an operation, to an input or a scalar."""

    root: str
    """query, mutation or subscription."""
    name: str
    """The operation."""
    path: Path
    """The argument and the members down to its end."""
    kind: GraphQLInputType
    """What stands at the end, nullable and without its list."""
    arguments: Mapping[str, GraphQLInputType]
    shown: str
    """What is selected of the answer."""

    @property
    def label(self) -> str:
        """For messages and tables: `mutation.submit(input.incoming.host)`."""
        return f"{self.root}.{self.name}({'.'.join(self.path)})"

    @property
    def document(self) -> str:
        """The operation, all of whose arguments are variables."""
        signature = ", ".join(f"${name}: {kind}" for name, kind in self.arguments.items())
        given = ", ".join(f"{name}: ${name}" for name in self.arguments)
        head = f"({signature})" if signature else ""
        call = f"({given})" if given else ""
        return f"{self.root} {head} {{ {self.name}{call} {self.shown} }}"

    def variables(self, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return fitting variables; `more` joins the members of the input at the end."""
        first, *rest = self.path
        variables = {name: sample(kind) for name, kind in self.arguments.items()}
        variables[first] = along(self.arguments[first], tuple(rest), more)
        return variables


def sample(kind: GraphQLInputType) -> Any:  # noqa: ANN401 - JSON
    """Return a value that fits: required members only, one row for a list."""
    inner = get_nullable_type(kind)
    if isinstance(inner, GraphQLList):
        return [sample(inner.of_type)]
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    if isinstance(inner, GraphQLInputObjectType):
        return {name: sample(inner.fields[name].type) for name in _needed(inner)}
    return _SCALARS.get(get_named_type(kind).name, "text")


def along(kind: GraphQLInputType, path: Path, more: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Return a value that fits and goes down a way; `more` joins what is at its end."""
    inner = get_nullable_type(kind)
    if isinstance(inner, GraphQLList):
        return [along(inner.of_type, path, more)]
    if not isinstance(inner, GraphQLInputObjectType):
        return sample(kind)
    if not path:
        return sample(kind) | dict(more or {})
    first, *rest = path
    base = {} if is_one_of(inner) else sample(kind)
    return base | {first: along(inner.fields[first].type, tuple(rest), more)}


def put(value: Any, path: Path, leaf: object) -> Any:  # noqa: ANN401 - JSON
    """Return the value with something else at the end of a way; lists have one row."""
    if isinstance(value, list):
        return [put(row, path, leaf) for row in value]
    if not path:
        return leaf
    first, *rest = path
    return {**value, first: put(value[first], tuple(rest), leaf)}


def ways(schema: GraphQLSchema, *, leaves: bool = False) -> Iterator[Way]:
    """Yield all ways to inputs; with `leaves` those to their scalars instead."""
    roots = {
        "query": schema.query_type,
        "mutation": schema.mutation_type,
        "subscription": schema.subscription_type,
    }
    for root, kind in roots.items():
        assert kind is not None
        for name, field in kind.fields.items():
            arguments = {one: argument.type for one, argument in field.args.items()}
            shown = _shown(get_named_type(field.type))
            for first, argument in field.args.items():
                for path, end in _down(argument.type, (first,), leaves=leaves):
                    yield Way(root, name, path, end, arguments, shown)


def _down(
    kind: GraphQLInputType, path: Path, *, leaves: bool
) -> Iterator[tuple[Path, GraphQLInputType]]:
    named = get_named_type(kind)
    if len(path) > _DEPTH:
        return
    if is_leaf_type(named) == leaves:
        yield path, named
    if isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            if leaves or is_input_object_type(get_named_type(field.type)):
                yield from _down(field.type, (*path, name), leaves=leaves)


def is_one_of(kind: GraphQLInputObjectType) -> bool:
    """Tell whether exactly one member is given."""
    definition = kind.extensions.get("strawberry-definition")
    return kind.is_one_of or bool(getattr(definition, "is_one_of", False))


def _needed(kind: GraphQLInputObjectType) -> list[str]:
    if not is_one_of(kind):
        return [name for name, field in kind.fields.items() if is_required_input_field(field)]
    return [next(name for name in reversed(list(kind.fields)))]


def _shown(kind: object) -> str:
    if not isinstance(kind, GraphQLObjectType):
        return "" if is_leaf_type(kind) else "{ __typename }"  # type: ignore[arg-type]
    return (
        "{ __typename errors { __typename message } }"
        if "errors" in kind.fields
        else ("{ __typename }")
    )


def output_members(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of all that the schema shows anywhere."""
    kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
    return frozenset(name for kind in kinds if kind.name[0] != "_" for name in kind.fields)
