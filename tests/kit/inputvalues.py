"""Values for arguments and variables, made from their types and a seed; some do not fit.

    value = Values(Random(7)).of(field.args["input"].type)

What fits is made of all that a type allows: members absent, null or given, one value for a list of
one, numbers for ids. With `wrong`, about one place in ten holds something else.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)
from starlette.datastructures import UploadFile
from strawberry.schema.schema_converter import GraphQLCoreConverter

_JUNK: Final[list[Any]] = [
    None, True, 7, -1, 2**31, 1.0, 1.5, float("nan"),
    "", "text", "TLS", [], [1], [[]], {}, {"a": 1},
]  # fmt: skip
"""What is put where it may not belong."""
_SCALARS: Final[dict[str, list[Any]]] = {
    "Int": [0, 993, -(2**31), 2**31 - 1, 7.0],
    "Float": [1.5, 2],
    "Boolean": [True, False],
    "ID": ["an id", "", 7, 7.0],
    "String": ["text", "", "\u00e9\U0001f511"],
    "JSONObject": [{}, {"b": [1, None], "a": {"c": "d"}}],
    "DateTime": [datetime(2026, 1, 2, tzinfo=UTC).isoformat(), "2026-01-02T03:04:05+02:00"],
}
"""What fits, by scalar."""


@dataclass
class Values:
    """Makes values one after another."""

    random: Random
    wrong: bool = False
    """Whether some do not fit."""

    def of(self, kind: GraphQLInputType, depth: int = 0) -> Any:  # noqa: ANN401 - any input
        """Return a value for a type."""
        if self.wrong and self.random.random() < 0.1:
            return self.random.choice(_JUNK)
        if isinstance(kind, GraphQLNonNull):
            return self._given(kind.of_type, depth)
        return None if self.random.random() < 0.2 else self._given(kind, depth)

    def _given(self, kind: Any, depth: int) -> Any:  # noqa: ANN401 - any input
        if isinstance(kind, GraphQLList):
            if self.random.random() < 0.1:
                return self._given(_bare(kind.of_type), depth)
            return [self.of(kind.of_type, depth + 1) for _ in range(self.random.randrange(3))]
        if isinstance(kind, GraphQLInputObjectType):
            return self._members(kind, depth)
        if isinstance(kind, GraphQLEnumType):
            return self.random.choice(list(kind.values))
        if kind.name == "Upload":
            return UploadFile(io.BytesIO(b"content"), filename="a.txt")
        return self.random.choice(_SCALARS.get(kind.name, _SCALARS["String"]))

    def _members(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        if kind.is_one_of or _is_one_of(kind):
            name = self.random.choice(list(kind.fields))
            found = {name: self._given(_bare(kind.fields[name].type), depth + 1)}
        else:
            found = {
                name: self.of(field.type, depth + 1)
                for name, field in kind.fields.items()
                if is_required_input_field(field) or self.random.random() < 0.6
            }
        if self.wrong and self.random.random() < 0.1:
            found |= self.random.choice([{"strange": 1}, dict.fromkeys(list(kind.fields)[:2], "x")])
        if self.wrong and found and self.random.random() < 0.1:
            del found[self.random.choice(list(found))]
        return found


def _is_one_of(kind: GraphQLInputObjectType) -> bool:
    """Tell it of Strawberry's types, which graphql-core does not know to be such."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return definition is not None and definition.is_one_of


def _bare(kind: Any) -> Any:  # noqa: ANN401 - any input type
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind
