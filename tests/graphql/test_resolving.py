"""Resolvers called directly: which ones, and that they are called as Strawberry calls them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.extensions.field_extension import FieldExtension

from kit.twins import core_schema
from mailconfig.graphql import resolving
from mailconfig.graphql.resolving import call_directly
from mailconfig.graphql.schema import SchemaSettings, build_schema

Given = dict[str, Any]


class Shouting(FieldExtension):
    """An extension that stands before an asynchronous resolver."""

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: Any,  # noqa: ANN401 - the base's
        info: strawberry.Info,
        **kwargs: Any,  # noqa: ANN401 - the base's
    ) -> Any:  # noqa: ANN401 - the base's
        """Change what goes in and what comes out."""
        answer: str = await next_(source, info, **kwargs | {"text": kwargs["text"] + "!"})
        return answer.upper()


class Mapping(FieldExtension):
    """An extension that changes arguments before the resolver's chain."""

    def map_arguments(self, kwargs: Given) -> Given:
        """Give other arguments."""
        return {"text": "mapped"} if kwargs else kwargs


@strawberry.input
class Words:
    """An input."""

    first_word: str
    others: list[str] = strawberry.field(default_factory=list)


@strawberry.type
class Inner:
    """An object with a resolver that looks at its source."""

    name: str

    @strawberry.field
    def path(self, told: strawberry.Info) -> str:
        """Tell the field's own name and source; the info has a name of its own."""
        return f"{told.field_name} {told.python_name} {self.name}"


def _rooted(root: None, words: Words) -> str:
    return f"{root} {words}"


def _alone(text: str = "default") -> str:
    return text


@strawberry.type
class Query:
    """Resolvers of all kinds."""

    rooted: str = strawberry.field(resolver=_rooted)
    alone: str = strawberry.field(resolver=_alone)

    @strawberry.field
    def sync(self, info: strawberry.Info, words: Words, lang: str | None = None) -> str:
        """Answer at once."""
        return f"{info.field_name} {words} {lang}"

    @strawberry.field
    async def later(self, words: list[Words]) -> str:
        """Answer later."""
        return str(words)

    @strawberry.field
    async def failing(self) -> str:
        """Fail."""
        raise ValueError("no")

    @strawberry.field
    def inner(self) -> Inner:
        """Lead on."""
        return Inner(name="n")

    @strawberry.field(extensions=[Shouting()])
    async def shouted(self, text: str) -> str:
        """Answer through an extension."""
        return text

    @strawberry.field(extensions=[Mapping()])
    async def mapped(self, text: str) -> str:
        """Answer with other arguments."""
        return text

    @strawberry.field(extensions=[Shouting(), Shouting()])
    async def twice(self, text: str) -> str:
        """Answer through two extensions."""
        return text


def _resolved(schema: GraphQLSchema) -> dict[str, bool]:
    """Return the fields with resolvers, and whether each is called directly."""
    return {
        f"{kind.name}.{name}": getattr(field.resolve, "__module__", "") == resolving.__name__
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if getattr(field.extensions.get("strawberry-definition"), "base_resolver", None)
    }


def test_which_of_ours_are_called_directly() -> None:
    """All resolvers of the schema are, but those of subscriptions; without compiling, none is."""
    direct = _resolved(core_schema(build_schema()))
    assert {name for name, is_direct in direct.items() if not is_direct} == {
        "Subscription.connectionTestProgress",
        "Subscription.discoveryProgress",
    }
    off = _resolved(core_schema(build_schema(SchemaSettings(compile_queries=False))))
    assert direct.keys() == off.keys()
    assert not any(off.values())


@pytest.mark.parametrize(
    "query",
    [
        '{ sync(words: {firstWord: "a"}) }',
        '{ sync(words: {firstWord: "a", others: ["b"]}, lang: null) }',
        '{ later(words: [{firstWord: "a"}, {firstWord: "b"}]) }',
        '{ later(words: {firstWord: "a"}) }',
        "{ failing }",
        "{ inner { name path } }",
        '{ rooted(words: {firstWord: "a"}) }',
        "{ alone }",
        '{ alone(text: "given") }',
        '{ shouted(text: "a") }',
        '{ mapped(text: "a") }',
        '{ twice(text: "a") }',
        "{ later(words: [{}]) }",
    ],
)
async def test_the_same_as_strawberry(query: str) -> None:
    """Answers and errors are those of Strawberry's own wrappers."""
    outcomes = []
    for directly in (False, True):
        schema = strawberry.Schema(Query)
        if directly:
            scalars = schema.schema_converter.scalar_registry
            call_directly(core_schema(schema), schema.config, scalars)
        result = await schema.execute(query)
        errors = [(error.message, error.path) for error in result.errors or ()]
        outcomes.append((result.data, errors))
    assert outcomes[0] == outcomes[1]


def test_which_keep_their_wrappers() -> None:
    """Fields with a root, two extensions, or one that changes arguments are left to Strawberry."""
    schema = strawberry.Schema(Query)
    call_directly(core_schema(schema), schema.config, schema.schema_converter.scalar_registry)
    kept = {name for name, is_direct in _resolved(core_schema(schema)).items() if not is_direct}
    assert kept - {name for name in kept if name.startswith("__")} == {
        "Query.rooted",
        "Query.mapped",
        "Query.twice",
    }
