"""Random operations over a schema: fields, aliases, fragments, switches, arguments, variables.

    operation = Operations(schema, Random(7)).make()
    operation.text, operation.variables

What comes out parses, and mostly validates; callers skip what does not. The same seed makes the
same operations.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

SAMPLES: dict[str, list[Any]] = {
    "Int": [0, 1, 2, 3, 50, 101, -1],
    "Float": [0.5, 2.0],
    "Boolean": [True, False],
    "String": ["", "a", "gmail", "x.example"],
    "ID": ["1", "gmail", "RW1haWxDb25maWc6MQ"],
    "DateTime": ["2026-03-01T00:00:00Z", "yesterday"],
    "JSONObject": [{"a": 1}],
}
"""Values of scalars for arguments; some are refused by resolvers."""


Composite = GraphQLObjectType | GraphQLAbstractType
JSON = Any
"""A value of a variable."""
_CURSORS = frozenset({"after", "before"})
"""Arguments for which no sample is ever right."""


@dataclass(frozen=True, slots=True)
class Made:
    """A random operation."""

    text: str
    variables: dict[str, Any]


@dataclass
class _Draft:
    """What the operation in the making has so far."""

    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)
    fields: int = 0


class Operations:
    """A source of operations."""

    def __init__(
        self,
        schema: GraphQLSchema,
        random: Random,
        *,
        samples: dict[str, list[Any]] | None = None,
        favourites: frozenset[str] = frozenset(),
        most_fields: int = 40,
    ) -> None:
        """Take values of scalars for arguments, and root fields to choose mostly."""
        self._schema = schema
        self._random = random
        self._samples = SAMPLES | (samples or {})
        self._favourites = favourites
        self._most_fields = most_fields
        self._draft = _Draft()

    def make(self) -> Made:
        """Return the next operation: a mutation one time in five."""
        self._draft = draft = _Draft()
        mutation = self._schema.mutation_type
        writes = mutation is not None and self._random.random() < 0.2
        root = mutation if writes else self._schema.query_type
        assert root is not None
        body = self._selection(root, 0)
        signature = ", ".join(f"${name}: {kind}" for name, (kind, _) in draft.variables.items())
        head = f"{'mutation' if writes else 'query'} Fuzz" + (f"({signature})" if signature else "")
        text = "\n".join([f"{head} {body}", *draft.fragments.values()])
        return Made(text, {name: value for name, (_, value) in draft.variables.items()})

    def _selection(self, parent: Composite, depth: int) -> str:
        count = self._random.randint(1, 5)
        parts = [self._part(parent, depth) for _ in range(count)]
        return "{ " + " ".join(parts) + " }"

    def _part(self, parent: Composite, depth: int) -> str:
        chance = self._random.random()
        if chance < 0.1:
            return f"__typename{self._switch()}"
        if chance < 0.22 and depth < 6:
            kind = self._narrowed(parent)
            on = f" on {kind.name}" if kind is not parent or self._random.random() < 0.5 else ""
            return f"...{on}{self._switch()} {self._selection(kind, depth + 1)}"
        if chance < 0.32 and depth < 6:
            return f"...{self._fragment(self._narrowed(parent), depth)}{self._switch()}"
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return "__typename"
        return self._field(parent, depth)

    def _narrowed(self, parent: Composite) -> Composite:
        """Return a type that objects of this one may be of, too."""
        kinds: list[Composite] = [parent]
        if is_abstract_type(parent):
            kinds += self._schema.get_possible_types(parent)
        elif isinstance(parent, GraphQLObjectType):
            kinds += parent.interfaces
        return self._random.choice(kinds)

    def _fragment(self, kind: Composite, depth: int) -> str:
        fragments = self._draft.fragments
        known = [name for name in fragments if name.endswith(f"_{kind.name}")]
        if known and self._random.random() < 0.4:
            return self._random.choice(known)
        body = self._selection(kind, depth + 1)
        name = f"F{len(fragments)}_{kind.name}"
        fragments[name] = f"fragment {name} on {kind.name} {body}"
        return name

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        draft = self._draft
        draft.fields += 1
        full = draft.fields > self._most_fields or depth > 7
        names = [
            name
            for name, definition in parent.fields.items()
            if not (full and is_composite_type(get_named_type(definition.type)))
        ]
        if not names:
            return "__typename"
        liked = [name for name in names if name in self._favourites]
        if depth == 0 and liked and self._random.random() < 0.8:
            names = liked
        name = self._random.choice(names)
        definition = parent.fields[name]
        arguments = self._arguments(definition)
        # Fields that merge must have the same arguments, so those with any get names of their own.
        alias = f"a{draft.fields}_{name}: " if arguments or self._random.random() < 0.15 else ""
        inner = get_named_type(definition.type)
        body = f" {self._selection(inner, depth + 1)}" if is_composite_type(inner) else ""
        return f"{alias}{name}{arguments}{self._switch()}{body}"

    def _switch(self) -> str:
        if self._random.random() > 0.12:
            return ""
        directive = self._random.choice(["skip", "include"])
        value = self._random.random() < (0.3 if directive == "skip" else 0.7)
        if self._random.random() < 0.5:
            return f" @{directive}(if: {str(value).lower()})"
        name = f"if{self._random.randint(0, 3)}"
        self._draft.variables.setdefault(name, ("Boolean!", value))
        return f" @{directive}(if: ${name})"

    def _arguments(self, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if not required and self._random.random() < (0.98 if name in _CURSORS else 0.75):
                continue
            variable = f"v{len(self._draft.variables)}"
            value = self._value(argument.type)
            if self._random.random() < 0.5 and isinstance(value, int | bool):
                given.append(f"{name}: {str(value).lower()}")
                continue
            self._draft.variables[variable] = (str(argument.type), value)
            given.append(f"{name}: ${variable}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, kind: GraphQLInputType, depth: int = 0) -> JSON:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type, depth + 1) for _ in range(self._random.randint(0, 2))]
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self._input(kind, depth)
        return self._random.choice(self._samples.get(kind.name, ["?"]))

    def _input(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        definition = kind.extensions.get("strawberry-definition")
        if kind.is_one_of or getattr(definition, "is_one_of", False):
            name = self._random.choice(list(kind.fields))
            return {name: self._value(kind.fields[name].type, depth + 1)}
        return {
            name: self._value(inner.type, depth + 1)
            for name, inner in kind.fields.items()
            if isinstance(inner.type, GraphQLNonNull) or (depth < 3 and self._random.random() < 0.3)
        }
