"""Inputs that are wrong in one place, with secrets in all places for secrets, made from the schema.

    for wrong in wrong_inputs(schema, "a secret"): await api.call(MEMBER, wrong.query, ...)

What a mutation takes is read off its type, so that new inputs and members are tried at once.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from kit.given import secret_members

_TEXTS: Final = {"Int": 7, "Float": 1.5, "Boolean": True, "JSONObject": {"a": 1}, "Upload": None}
"""Fine values by type; all other scalars are texts."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A call of a mutation."""

    mutation: str
    """Its name."""
    input_type: str
    """Type of its input."""
    place: str
    """Where the input is wrong, and how."""
    value: Any
    """The input."""

    @property
    def query(self) -> str:
        """The document for the input as a variable."""
        variable = f"mutation ($input: {self.input_type}!)"
        return f"{variable} {{ {self.mutation}(input: $input) {{ __typename }} }}"

    @property
    def literal(self) -> str:
        """The document with the input in it."""
        return f"mutation {{ {self.mutation}(input: {_literal(self.value)}) {{ __typename }} }}"


def wrong_inputs(schema: GraphQLSchema, secret: str) -> Iterator[Wrong]:
    """Yield calls of every mutation that takes a secret; the first of each is fine."""
    names = secret_members(schema)
    mutations = schema.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        kind = get_named_type(field.args["input"].type) if "input" in field.args else None
        if not isinstance(kind, GraphQLInputObjectType) or not _leads_to(kind, names):
            continue
        fine = _fine(kind, names, secret)
        yield Wrong(name, kind.name, "nowhere", fine)
        for place, value in _twisted(fine, secret):
            yield Wrong(name, kind.name, place, value)


def _leads_to(kind: GraphQLInputObjectType, names: frozenset[str]) -> bool:
    """Tell whether an input has a secret, at any depth; no input has itself."""
    return any(_is_on_the_way(name, field, names) for name, field in kind.fields.items())


def _is_on_the_way(name: str, field: GraphQLInputField, names: frozenset[str]) -> bool:
    inner = get_named_type(field.type)
    deeper = isinstance(inner, GraphQLInputObjectType) and _leads_to(inner, names)
    return name in names or deeper


def _fine(kind: GraphQLInputObjectType, names: frozenset[str], secret: str) -> dict[str, Any]:
    """Return a value of an input: all members, or the first way to a secret where one is taken."""
    fields = dict(kind.fields)
    if kind.is_one_of:
        ways = [name for name, field in fields.items() if _is_on_the_way(name, field, names)]
        only = (ways or list(fields))[0]
        fields = {only: fields[only]}
    return {name: _value(name, field, names, secret) for name, field in fields.items()}


def _value(name: str, field: GraphQLInputField, names: frozenset[str], secret: str) -> object:
    inner = get_named_type(field.type)
    value: object
    if isinstance(inner, GraphQLInputObjectType):
        value = _fine(inner, names, secret)
    elif isinstance(inner, GraphQLEnumType):
        value = next(iter(inner.values))
    else:
        value = secret if name in names else _TEXTS.get(inner.name, "text")
    return [value] if is_list_type(get_nullable_type(field.type)) else value


def _twisted(value: object, secret: str, path: str = "input") -> Iterator[tuple[str, Any]]:
    """Yield copies that are wrong in one place each."""
    for how, wrong in {
        "a list": [secret],
        "a strange member": {secret: 1},
        "a number": 7.5,
        "a text": secret,
    }.items():
        yield f"{path}: {how}", wrong
    if isinstance(value, dict):
        yield f"{path}: one more member", {**value, secret: secret}
        for name, child in value.items():
            for place, wrong in _twisted(child, secret, f"{path}.{name}"):
                yield place, {**value, name: wrong}
    elif isinstance(value, list):
        for place, wrong in _twisted(value[0], secret, f"{path}.0"):
            yield place, [wrong]


def _literal(value: object) -> str:
    """Write a value in GraphQL; a name that is none makes a document that is none."""
    if isinstance(value, dict):
        members = (f"{name}: {_literal(child)}" for name, child in value.items())
        return f"{{{' '.join(members)}}}"
    if isinstance(value, list):
        return f"[{' '.join(map(_literal, value))}]"
    if isinstance(value, str) and value.isupper():
        return value  # a member of an enum
    return json.dumps(value)
