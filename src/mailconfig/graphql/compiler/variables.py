"""Variables of an operation coerced by functions that are put together once for its document.

What it is for. graphql-core looks at the type of each value of each request, member by member: is
it a list, an enum, required, are there defaults, could the value be nested too deeply. The types
are the same each time; here those questions are asked when a type is met first. What a named type
takes is kept once for its schema: strangers write as many documents as they like, with as many
variables, and what is kept of a document is counted by its text.

How it stays right. A function is optimistic: whenever a value is not one that surely fits - of a
wrong type, null where none may be, a strange member, a scalar that refuses it - it gives up, and
graphql-core coerces all variables of the request from the beginning and words the errors. Types
that refer to themselves, or lists in very many lists, have no function. A test holds both ways to
the same outcome.

Must not word an error, nor keep a value: variables hold secrets.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
    is_leaf_type,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

_DEEPEST: Final = 20
"""Lists in lists that have a function; our schema has none in another."""
_INT: Final = range(-(2**31), 2**31)
"""What an Int can be (GraphQL, section 3.5.1)."""

Coerce = Callable[[Any], Any]
"""Coerces a value that is not null; raises Doubt."""


class Doubt(Exception):
    """The value may not fit, or the type is none that has a function."""


class Wish(NamedTuple):
    """What a place takes."""

    coerce: Coerce
    """Makes the value."""
    nullable: bool
    """Whether it may be null."""


class Member(NamedTuple):
    """A member of an input object."""

    name: str
    """In the request."""
    out_name: str
    """In what is made of it."""
    wish: Wish
    """What it takes."""
    default: Any
    """What stands for it where it is absent; Undefined: nothing does."""
    required: bool
    """Whether it must be given."""


class Variable(NamedTuple):
    """A variable of an operation."""

    signature: GraphQLVariableSignature
    """As graphql-core wants it."""
    wish: Wish
    """What it takes."""
    default: Any
    """What stands for it where it is absent; Undefined: nothing does."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of one operation."""

    known: tuple[Variable, ...]
    """All of them; empty where one has no function."""

    @classmethod
    def of(
        cls, schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode]
    ) -> "Variables":
        """Read the definitions of a valid operation."""
        try:
            return cls(tuple(_variable(schema, definition) for definition in definitions))
        except Doubt:
            return cls(())

    def coerced(self, given: Mapping[str, Any]) -> VariableValues | None:
        """Return the values as graphql-core would; None: let it do so, something may be wrong."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        if not self.known:
            return None
        try:
            for signature, wish, default in self.known:
                name = signature.name
                value = given.get(name, Undefined)
                sources[name] = VariableValueSource(signature, value)
                if value is not Undefined:
                    values[name] = _fitting(wish, value)
                elif default is not Undefined:
                    values[name] = default
                elif not wish.nullable:
                    return None
        except Doubt:
            return None
        return VariableValues(sources, values)


class _Types:
    """What the types of a schema take."""

    def __init__(self) -> None:
        self._named: dict[str, Coerce | None] = {}
        """Functions of named types; None for those that have none."""

    def wish(self, kind: GraphQLInputType, lists: int = 0) -> Wish:
        """Return what a type takes, inside so many lists; raises Doubt where it has no function."""
        if lists > _DEEPEST:
            raise Doubt
        nullable = not isinstance(kind, GraphQLNonNull)
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            return Wish(partial(_items, self.wish(inner.of_type, lists + 1)), nullable)
        return Wish(self._function(inner), nullable)

    def _function(self, kind: GraphQLNamedType) -> Coerce:
        if kind.name not in self._named:
            self._named[kind.name] = None  # stays, when the type is met again while it is read
            self._named[kind.name] = self._made(kind)
        found = self._named[kind.name]
        if found is None:
            raise Doubt
        return found

    def _made(self, kind: GraphQLNamedType) -> Coerce:
        if isinstance(kind, GraphQLInputObjectType):
            members = tuple(self._member(name, field) for name, field in kind.fields.items())
            return partial(_one_of if kind.is_one_of else _object, members, kind.out_type)
        if not is_leaf_type(kind):
            raise Doubt
        return _leaf(kind)

    def _member(self, name: str, field: GraphQLInputField) -> Member:
        wish, required = self.wish(field.type), is_required_input_field(field)
        return Member(name, field.out_name or name, wish, _default(field), required)


_types: Final[WeakKeyDictionary[GraphQLSchema, _Types]] = WeakKeyDictionary()
"""The types of each schema; a process that serves has one."""


def _types_of(schema: GraphQLSchema) -> _Types:
    known = _types.get(schema)
    if known is None:
        known = _types[schema] = _Types()
    return known


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> Variable:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        raise Doubt
    return Variable(signature, _types_of(schema).wish(signature.type), _default(signature))


def _default(place: GraphQLInputField | GraphQLVariableSignature) -> object:
    try:
        found: object = coerce_default_value(place)
    except TypeError:  # a default that does not fit; graphql-core tells whoever relies on it
        raise Doubt from None
    return found


def _leaf(kind: Any) -> Coerce:  # noqa: ANN401 - a scalar or an enum
    if kind in (GraphQLString, GraphQLID):
        return partial(_text, kind)
    if kind is GraphQLInt:
        return _int
    if kind is GraphQLBoolean:
        return _boolean
    if isinstance(kind, GraphQLEnumType):
        return partial(
            _enum, {name: kind.coerce_input_value(name) for name in map(str, kind.values)}
        )
    return partial(_scalar, kind)


def _fitting(wish: Wish, value: object) -> object:
    if value is not None:
        return wish.coerce(value)
    if not wish.nullable:
        raise Doubt
    return None


def _text(kind: GraphQLLeafType, value: object) -> object:
    return value if value.__class__ is str else _scalar(kind, value)


def _int(value: object) -> object:
    if value.__class__ is not int or value not in _INT:
        raise Doubt
    return value


def _boolean(value: object) -> object:
    if value.__class__ is not bool:
        raise Doubt
    return value


def _enum(members: Mapping[str, object], value: object) -> object:
    if not isinstance(value, str) or value not in members:
        raise Doubt
    return members[value]


def _scalar(kind: GraphQLLeafType, value: Any) -> object:  # noqa: ANN401 - whatever came
    try:
        found = kind.coerce_input_value(value)
    except Exception:  # noqa: BLE001 - whatever it is, graphql-core meets it again and words it
        raise Doubt from None
    if found is Undefined:
        raise Doubt
    return found


def _items(wish: Wish, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Doubt  # also one value for a list of one
    return [_fitting(wish, item) for item in value]


def _object(members: Sequence[Member], make: Callable[[dict[str, Any]], Any], value: object) -> Any:  # noqa: ANN401 - what a type makes
    if not isinstance(value, dict):
        raise Doubt
    found: dict[str, Any] = {}
    taken = 0
    for name, out_name, (coerce, nullable), default, required in members:
        if name in value:
            taken += 1
            item = value[name]
            if item is not None:
                found[out_name] = coerce(item)
            elif nullable:
                found[out_name] = None
            else:
                raise Doubt
        elif required:
            raise Doubt
        elif default is not Undefined:
            found[out_name] = default
    if taken != len(value):  # a member is strange
        raise Doubt
    try:
        return make(found)
    except Exception:  # noqa: BLE001 - Strawberry's own check of one-of inputs; as above
        raise Doubt from None


def _one_of(members: Sequence[Member], make: Callable[[dict[str, Any]], Any], value: Any) -> Any:  # noqa: ANN401 - what a type makes
    found = _object(members, dict, value)
    if len(value) != 1 or len(found) != 1 or None in found.values():
        raise Doubt
    return make(found)
