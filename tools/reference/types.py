"""Markdown of types: tables of fields and values, each type linked to where it stands."""

from collections.abc import Iterable, Iterator
from typing import Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    GraphQLWrappingType,
    Undefined,
    ast_from_value,
    get_named_type,
    is_specified_scalar_type,
    print_ast,
)

_PAGES: Final = (
    (GraphQLObjectType, "types.md"),
    (GraphQLInterfaceType, "types.md"),
    (GraphQLInputObjectType, "inputs.md"),
    (GraphQLEnumType, "enums.md"),
    (GraphQLScalarType, "enums.md"),
)
_ARGUMENTS: Final = "\n| argument | type | default | |\n| --- | --- | --- | --- |\n"


def listed(schema: GraphQLSchema, *kinds: type[GraphQLNamedType]) -> list[GraphQLNamedType]:
    """Return the types of these kinds by name, without the roots and what the language has."""
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    return [
        kind
        for name, kind in sorted(schema.type_map.items())
        if isinstance(kind, kinds)
        and kind not in roots
        and not name.startswith("__")
        and not is_specified_scalar_type(kind)
    ]


def named_link(kind: GraphQLNamedType) -> str:
    """Return a link to a type; those that the language has are only named."""
    if is_specified_scalar_type(kind):
        return kind.name
    page = next(page for own, page in _PAGES if isinstance(kind, own))
    return f"[{kind.name}]({page}#{kind.name.lower()})"


def link(kind: GraphQLType) -> str:
    """Return a type as it is written in the schema, its name linked."""
    name = get_named_type(kind)
    if not isinstance(kind, GraphQLWrappingType):
        return named_link(name)
    before, _, after = str(kind).partition(name.name)
    # Brackets that are no link must not look like one.
    return f"{before.replace('[', '&#91;')}{named_link(name)}{after.replace(']', '&#93;')}"


def cell(text: str | None) -> str:
    """Return a description on one line of a table."""
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")


def arguments(given: dict[str, GraphQLArgument]) -> str:
    """Return the table of arguments, empty for none."""
    return _ARGUMENTS + "".join(map(_row, given.items())) if given else ""


def objects(schema: GraphQLSchema) -> Iterator[str]:
    """Yield the sections of objects and interfaces."""
    for kind in listed(schema, GraphQLObjectType, GraphQLInterfaceType):
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)  # noqa: S101 - for mypy
        yield f"\n## {kind.name}\n\n{cell(kind.description)}\n"
        yield _relations(schema, kind)
        yield "\n| field | type | |\n| --- | --- | --- |\n"
        yield from (_field(name, field) for name, field in kind.fields.items())


def inputs(schema: GraphQLSchema) -> Iterator[str]:
    """Yield the sections of input objects."""
    for kind in listed(schema, GraphQLInputObjectType):
        assert isinstance(kind, GraphQLInputObjectType)  # noqa: S101 - for mypy
        definition = kind.extensions.get("strawberry-definition")
        one = " Give exactly one field." if getattr(definition, "is_one_of", False) else ""
        yield f"\n## {kind.name}\n\n{cell(kind.description)}{one}\n"
        yield "\n| field | type | default | |\n| --- | --- | --- | --- |\n"
        yield from map(_row, kind.fields.items())


def enums(schema: GraphQLSchema) -> Iterator[str]:
    """Yield the sections of scalars and enums."""
    for kind in listed(schema, GraphQLScalarType, GraphQLEnumType):
        yield f"\n## {kind.name}\n\n{cell(kind.description)}\n"
        if isinstance(kind, GraphQLScalarType) and kind.specified_by_url:
            yield f"\nSpecified by <{kind.specified_by_url}>.\n"
        if isinstance(kind, GraphQLEnumType):
            yield "\n| value | |\n| --- | --- |\n"
            for name, value in kind.values.items():
                yield f"| `{name}` | {cell(value.description)} |\n"


def _relations(schema: GraphQLSchema, kind: GraphQLObjectType | GraphQLInterfaceType) -> str:
    own = _links(kind.interfaces)
    text = f"\nImplements {own}.\n" if own else ""
    if isinstance(kind, GraphQLInterfaceType):
        text += f"\nImplemented by {_links(schema.get_possible_types(kind))}.\n"
    return text


def _links(kinds: Iterable[GraphQLNamedType]) -> str:
    return ", ".join(named_link(kind) for kind in sorted(kinds, key=lambda kind: kind.name))


def _field(name: str, field: GraphQLField) -> str:
    given = ", ".join(_inline(each, argument) for each, argument in field.args.items())
    more = f" Arguments: {given}." if given else ""
    return f"| `{name}` | {link(field.type)} | {cell(field.description)}{more} |\n"


def _inline(name: str, argument: GraphQLArgument) -> str:
    return f"`{name}` ({link(argument.type)})"


def _row(pair: tuple[str, GraphQLArgument | GraphQLInputField]) -> str:
    name, given = pair
    return f"| `{name}` | {link(given.type)} | {_default(given)} | {cell(given.description)} |\n"


def _default(given: GraphQLArgument | GraphQLInputField) -> str:
    if given.default_value is Undefined:
        return ""
    node = ast_from_value(given.default_value, given.type)
    return f"`{print_ast(node)}`" if node is not None else ""
