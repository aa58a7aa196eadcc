"""Resolvers called directly, where Strawberry's wrapper would do nothing else.

Strawberry wraps each resolver in functions that look after what a field may have: permissions,
extensions, handlers of exceptions, sources and roots as arguments, converted inputs. Our fields
have a resolver, arguments, and at most one extension, the guard of a mutation; which of these a
field has is known when the schema is built. So the wrappers of such fields are replaced by what
they come down to, and the fields that have anything else keep theirs.

Switched off by the setting `compile_queries`; without this module everything works the same.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.extensions.field_extension import FieldExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from mailconfig.graphql.compiler.arguments import Arguments, Foreign, Inputs, Scalars

Resolve = Callable[..., Any]
"""A resolver as graphql-core calls it."""


def call_directly(schema: GraphQLSchema, config: StrawberryConfig, scalars: Scalars) -> None:
    """Replace the wrappers of the resolvers of a schema that nobody uses yet."""
    inputs = Inputs(config, scalars)
    for field, definition in _resolved(schema):
        found = _resolver(definition, config, inputs)
        if found is not None:
            field.resolve = found


def _resolved(schema: GraphQLSchema) -> Iterator[tuple[GraphQLField, StrawberryField]]:
    """Yield the fields that have a resolver."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for field in kind.fields.values():
                definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if isinstance(definition, StrawberryField) and definition.base_resolver:
                    yield field, definition


def _resolver(field: StrawberryField, config: StrawberryConfig, inputs: Inputs) -> Resolve | None:
    """Return what calls a resolver directly; None where more than we know has to be done."""
    resolver = cast("StrawberryResolver[Any]", field.base_resolver)
    unusual = resolver.root_parameter or resolver.parent_parameter
    if type(field) is not StrawberryField or field.is_subscription or unusual:
        return None
    try:
        arguments = inputs.arguments(field.arguments)
    except Foreign:
        return None
    call = _call(resolver)
    if not field.extensions:
        return _bare(field, call, arguments, config)
    guard = _guard(field)
    return None if guard is None else _guarded(field, guard, call, arguments, config)


def _guard(field: StrawberryField) -> FieldExtension | None:
    """Return the one extension of a field, if it only stands before an asynchronous resolver."""
    if len(field.extensions) != 1 or not field.is_async:
        return None
    (extension,) = field.extensions
    maps = type(extension).map_arguments is not FieldExtension.map_arguments
    return extension if extension.supports_async and not maps else None


def _call(resolver: StrawberryResolver[Any]) -> Resolve:
    """Return the function `(source, info, **arguments)` that calls a resolver."""
    called: Any = resolver.wrapped_func
    takes_self, info = resolver.self_parameter is not None, resolver.info_parameter
    name = info.name if info is not None else None

    def with_info(source: object, info: object, **given: Any) -> Any:  # noqa: ANN401 - its result
        return called(source, info=info, **given)

    def general(source: object, info: object, **given: Any) -> Any:  # noqa: ANN401 - its result
        if name is not None:
            given[name] = info
        return called(source, **given) if takes_self else called(**given)

    return with_info if takes_self and name == "info" else general


def _bare(
    field: StrawberryField, call: Resolve, arguments: Arguments, config: StrawberryConfig
) -> Resolve:
    info_of = config.info_class

    def resolve(source: object, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any resolver's
        return call(source, info_of(_raw_info=info, _field=field), **arguments(given))

    async def resolve_async(source: object, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any resolver's
        return await call(source, info_of(_raw_info=info, _field=field), **arguments(given))

    return resolve_async if field.is_async else resolve


def _guarded(
    field: StrawberryField,
    guard: FieldExtension,
    call: Resolve,
    arguments: Arguments,
    config: StrawberryConfig,
) -> Resolve:
    info_of = config.info_class

    async def resolve(source: object, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any resolver's
        taken = arguments(given)
        return await guard.resolve_async(
            call, source, info_of(_raw_info=info, _field=field), **taken
        )

    return resolve
