"""pytest plugin: what tests need not pay for each time, since it is the same in all of them.

* The application's schema: its types are made once a process. Each application has a schema of its
  own around them, with its own plans, budgets and limits, as `MaskingSchema` makes them.
* Password hashes: made with Argon2's smallest costs in this process. `tests/services` states the
  real ones, and commands and servers in processes of their own use them.
* The newest migration and the documents of REST, which each application reads when it starts.
* What collecting the tests left in memory: the garbage collector no longer walks through it.

Must not change what the product answers; a test that is about one of these takes the real one.
"""

import gc
from collections.abc import Iterator
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import pytest
import strawberry
from argon2 import PasswordHasher
from graphql import GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

from mailconfig import app
from mailconfig.bootstrap import instance
from mailconfig.graphql import schema as schemas
from mailconfig.graphql.budgets import Budgets
from mailconfig.graphql.schema import MaskingSchema, SchemaSettings, build_schema
from mailconfig.http.rest import operations
from mailconfig.services import passwords

CHEAP_HASHER = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
"""A core and 64 MiB for a quarter of a second are what the product's takes."""


class _Types(strawberry.Schema):
    """What Strawberry makes of the types, made once for each way to run operations."""

    _made: dict[object, dict[str, Any]] = {}  # noqa: RUF012 - meant to be shared

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the base's
        way = kwargs["execution_context_class"]
        if way not in self._made:
            super().__init__(*args, **kwargs)
            self._made[way] = dict(vars(self))
            return
        vars(self).update(self._made[way], extensions=tuple(kwargs["extensions"]))
        # Not `copy`, by which graphql-core would look through all types once more.
        types = self._schema
        self._schema = object.__new__(GraphQLSchema)
        vars(self._schema).update(
            vars(types), extensions={GraphQLCoreConverter.DEFINITION_BACKREF: self}
        )


class _ThriftySchema(MaskingSchema, _Types):
    """The product's schema around types that are there already."""


def thrifty_schema(
    settings: SchemaSettings | None = None, budgets: Budgets | None = None
) -> MaskingSchema:
    """Return what `build_schema` returns, in a tenth of its time."""
    with patch.object(schemas, "MaskingSchema", _ThriftySchema):
        return build_schema(settings, budgets)


@pytest.fixture(scope="session", autouse=True)
def thrift() -> Iterator[None]:
    """Make and read these cheaply in this process."""
    with (
        patch.object(app, "build_schema", thrifty_schema),
        patch.object(instance, "head_revision", cache(instance.head_revision)),
        patch.object(operations, "parse", cache(operations.parse)),
        patch.object(passwords, "PasswordHasher", CHEAP_HASHER),
    ):
        yield


def pytest_collection_finish() -> None:
    """Leave all that was collected out of later garbage collections."""
    gc.collect()
    gc.freeze()
