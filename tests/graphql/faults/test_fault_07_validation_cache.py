"""Fault 7: rules made anew for each request are new keys, so that the stock cache never hits."""

import pytest
import strawberry
from strawberry.extensions import MaxAliasesLimiter, SchemaExtension, ValidationCache
from strawberry.extensions.validation_cache import _get_validate_cache  # the cache of all schemas

from kit.api import Api
from mailconfig.graphql.schema import build_schema

TIMES = 20
MAX_SIZE = 77
"""A size of our own, so that no other test shares the cache."""


@strawberry.type
class Query:
    """Reads."""

    hello: str = "you"


async def test_the_stock_cache_never_hits_beside_a_limiter() -> None:
    """Each request validates again, and fills the cache with what nobody can find."""

    def limiter() -> SchemaExtension:
        return MaxAliasesLimiter(max_alias_count=10)

    def cache() -> SchemaExtension:
        return ValidationCache(maxsize=MAX_SIZE)

    schema = strawberry.Schema(Query, extensions=[limiter, cache])
    for _ in range(TIMES):
        assert (await schema.execute("{ __typename }")).errors is None
    counted = _get_validate_cache(MAX_SIZE).cache_info()
    assert (counted.hits, counted.misses) == (0, TIMES)


async def test_ours_validates_a_document_once() -> None:
    """With every limit on; each request after the first finds the plan."""
    schema = build_schema()
    for _ in range(TIMES):
        assert (await schema.execute("{ __typename }")).data == {"__typename": "Query"}
    counts = schema.plans.counts
    assert (counts.reads, counts.validations) == (1, 1)
    assert counts.hits >= TIMES - 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_whatever_differs_is_another_document(api: Api) -> None:
    """The text is the key, so that no document is taken for another."""
    assert await api.data(None, "{ a: __typename }") == {"a": "Query"}
    assert await api.data(None, "{ b: __typename }") == {"b": "Query"}
