"""Schema elements described by their docstrings, so that code and schema say the same.

A class's docstring describes the type; the string under an attribute describes the field, the enum
value or the input field; a resolver's docstring describes its field. An element without one fails
when the schema is built.
"""

import ast
import inspect
from collections.abc import Callable
from enum import Enum
from functools import cache
from types import ModuleType
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition

_T = TypeVar("_T")
_EnumT = TypeVar("_EnumT", bound=type[Enum])


@cache
def _attribute_docs(module: ModuleType) -> dict[str, dict[str, str]]:
    """Return, by class name, the docstrings under its attributes."""
    tree = ast.parse(inspect.getsource(module))
    return {
        node.name: dict(_documented(node)) for node in tree.body if isinstance(node, ast.ClassDef)
    }


def _documented(node: ast.ClassDef) -> list[tuple[str, str]]:
    found = []
    for statement, following in zip(node.body, node.body[1:], strict=False):
        name = _assigned(statement)
        if name and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found.append((name, inspect.cleandoc(str(following.value.value)).strip()))
    return found


def _assigned(statement: ast.stmt) -> str | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return None


def _docs_of(cls: type) -> dict[str, str]:
    """Return the docstrings of a class's attributes, those of its bases included."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        module = inspect.getmodule(base)
        if module is not None and module.__name__.startswith("mailconfig."):
            docs |= _attribute_docs(module).get(base.__name__, {})
    return docs


def _summary(text: str | None, what: str) -> str:
    if not text:
        raise TypeError(f"{what} has no docstring to describe it in the schema")
    return inspect.cleandoc(text)


def _describe(cls: type) -> None:
    definition: StrawberryObjectDefinition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    docs = _docs_of(cls)
    for field in definition.fields:
        if field.description:
            continue
        resolver = field.base_resolver
        doc = resolver.wrapped_func.__doc__ if resolver else docs.get(field.python_name)
        field.description = _summary(doc, f"{cls.__name__}.{field.python_name}")


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def object_type(cls: type[_T]) -> type[_T]:
    """Make a GraphQL object type."""
    made = strawberry.type(cls, description=_summary(cls.__doc__, cls.__name__))
    _describe(made)
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def interface_type(cls: type[_T]) -> type[_T]:
    """Make a GraphQL interface."""
    made = strawberry.interface(cls, description=_summary(cls.__doc__, cls.__name__))
    _describe(made)
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def input_type(cls: type[_T]) -> type[_T]:
    """Make a GraphQL input object type."""
    made = strawberry.input(cls, description=_summary(cls.__doc__, cls.__name__))
    _describe(made)
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def one_of_type(cls: type[_T]) -> type[_T]:
    """Make a GraphQL input object type of which exactly one field is given."""
    made = strawberry.input(cls, description=_summary(cls.__doc__, cls.__name__), one_of=True)
    _describe(made)
    return made


def enum_type(name: str) -> Callable[[_EnumT], _EnumT]:
    """Give an enum of the domain its place in the schema, described by its docstrings."""

    def make(cls: _EnumT) -> _EnumT:
        made: Any = strawberry.enum(cls, name=name, description=_summary(cls.__doc__, name))
        definition: StrawberryEnumDefinition = made.__strawberry_definition__
        docs = _docs_of(cls)
        for value in definition.values:
            value.description = _summary(docs.get(value.name), f"{name}.{value.name}")
        return cls

    return make
