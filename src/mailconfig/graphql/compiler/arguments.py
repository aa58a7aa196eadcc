"""Arguments of fields made into input classes, by functions that are put together once.

What it is for. Strawberry makes a `SubmitInput` of the dictionary that graphql-core hands over by
looking up again, for each member of each input of each request, how the member is called in
GraphQL and of what type it is. Neither ever changes, so here both are worked out when the schema
is built, and a request runs through what is left: dictionaries become keyword arguments.

How it stays right. The outcome is that of `strawberry.types.arguments.convert_arguments`, which a
test holds it to for every argument of the schema. Types that are none of ours (global ids of
Strawberry's Relay, inputs that build themselves, generics) have no function: their fields keep
Strawberry's own. Where Strawberry raises, it is asked to.

Must not coerce: graphql-core has done that, and has filled in the defaults.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from functools import partial
from typing import Any

from strawberry import UNSET, Some
from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.scalar import ScalarDefinition, ScalarWrapper

Scalars = Mapping[object, ScalarWrapper | ScalarDefinition]
"""The scalars of a schema, by their Python types."""
Convert = Callable[[Any], Any]
"""Makes a value for Python of one that graphql-core coerced; None stands for the value itself."""
Arguments = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes keyword arguments of a resolver of the arguments that graphql-core coerced."""
_Members = dict[str, tuple[str, Convert | None]]
"""By GraphQL name: the Python name, and what makes the value."""


class Foreign(TypeError):
    """The type is none of those that are known here."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Puts converters together for one schema."""

    config: StrawberryConfig
    """How names are made."""
    scalars: Scalars
    """What is a scalar."""

    def arguments(self, arguments: Iterable[StrawberryArgument]) -> Arguments:
        """Return what converts the arguments of a field; raises Foreign."""
        name_of = self.config.name_converter.from_argument
        members = {
            name_of(argument): (argument.python_name, self._converter(argument.type))
            for argument in arguments
        }
        return partial(_keywords, members) if members else dict

    def _converter(self, kind: Any) -> Convert | None:  # noqa: ANN401 - types of any kind
        """Return what converts a value of a type; raises Foreign."""
        if isinstance(kind, StrawberryMaybe):
            return self._maybe(kind)
        if isinstance(kind, StrawberryOptional):
            return self._converter(kind.of_type)
        if isinstance(kind, StrawberryList):
            item = self._converter(kind.of_type)
            return partial(_list, item)
        if kind is GlobalID:
            raise Foreign
        is_enum = isinstance(kind, StrawberryEnumDefinition) or has_enum_definition(kind)
        if is_enum or is_scalar(kind, self.scalars):
            return None
        if has_object_definition(kind):
            return self._input(kind, kind.__strawberry_definition__)
        raise Foreign

    def _maybe(self, kind: StrawberryMaybe) -> Convert:
        inner = self._converter(kind.of_type)
        if isinstance(kind.of_type, StrawberryOptional):
            return partial(_some, inner)
        general = partial(
            convert_argument, type_=kind, scalar_registry=self.scalars, config=self.config
        )
        return partial(_some_but_null, inner, general)

    def _input(self, made: type, definition: StrawberryObjectDefinition) -> Convert:
        known = definition.is_input and definition.from_input is None
        if not known or definition.is_graphql_generic or definition.type_var_map:
            raise Foreign
        name_of = self.config.name_converter.from_field
        members = {
            name_of(field): (
                field.python_name,
                self._converter(field.resolve_type(type_definition=definition)),
            )
            for field in definition.fields
        }
        absent = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }
        return partial(_made, made, members, absent)


def _keywords(members: _Members, given: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in given.items():
        member = members.get(name)
        if member is not None:
            python_name, convert = member
            found[python_name] = value if convert is None else convert(value)
    return found


def _made(
    made: type, members: _Members, absent: dict[str, None], given: dict[str, Any] | None
) -> object:
    if given is None or given is UNSET:
        return given
    return made(**(absent | _keywords(members, given)))


def _list(item: Convert | None, given: Iterable[Any] | None) -> object:
    if given is None or given is UNSET:
        return given
    # Also a copy where items stay as they are: a default is the same list for every request.
    return list(given) if item is None else [item(value) for value in given]


def _some(inner: Convert | None, given: object) -> Some[Any]:
    return Some(given if inner is None else inner(given))


def _some_but_null(inner: Convert | None, general: Convert, given: object) -> object:
    return general(given) if given is None else _some(inner, given)
