"""Fault 6: the stock limiters walk every way through nested fragments, which double each level."""

import time

import strawberry
from strawberry.extensions import QueryDepthLimiter
from strawberry.extensions.query_depth_limiter import IgnoreContext

from kit.costs import SCHEMA
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.plans import Plans

DEADLINE_SECONDS = 0.1
"""What the issue allows on a quiet machine; measured in time of the processor, for busy ones."""


@strawberry.type
class Viewer:
    """Somebody."""

    email: str = "ann@example.net"


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def viewer(self) -> Viewer:
        """Answer somebody."""
        return Viewer()


def nested(levels: int) -> str:
    """Return fragments, each of which spreads the next one twice."""
    body = "".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    return f"{{ viewer {{ ...F0 }} }} {body} fragment F{levels} on Viewer {{ email }}"


async def stock_visits(levels: int) -> int:
    """Return how many fields the stock limiter looks at."""
    seen: list[str] = []

    def note(field: IgnoreContext) -> bool:
        seen.append(field.field_name)
        return False

    def limiter() -> QueryDepthLimiter:
        return QueryDepthLimiter(max_depth=100, should_ignore=note)

    schema = strawberry.Schema(Query, extensions=[limiter])
    assert (await schema.execute(nested(levels))).errors is None
    return len(seen)


async def test_the_stock_limiter_doubles_with_each_level() -> None:
    """Seventy characters more are twice the work; thirty levels are hours."""
    visits = [await stock_visits(levels) for levels in (6, 7, 8)]
    assert visits == [1 + 2**6, 1 + 2**7, 1 + 2**8]


def test_ours_walks_each_fragment_once() -> None:
    """Ninety levels, whose fields have 28 digits, are counted and refused in time."""
    began = time.process_time()
    (error,) = Plans(SCHEMA, DocumentLimits(depth=90)).read(nested(90)).errors
    assert error.message == "The operation has more than 1000 fields."
    assert time.process_time() - began < DEADLINE_SECONDS
