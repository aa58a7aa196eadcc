"""How long hostile documents take to be refused, as ratios to a small query, and what they leave.

    python bench/limits.py

Also what a known document costs before it runs, with every limit and budget switched on. Needs no
servers. Each hostile document is new each time, so that no cache helps it. Ends with status 1 when
one takes longer than 100 ms, or when the refused documents stay in memory.
"""

import asyncio
import gc
import itertools
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from mailconfig.graphql.budgets import Budgets
from mailconfig.graphql.context import Context
from mailconfig.graphql.plans import Plans
from mailconfig.graphql.schema import build_schema
from mailconfig.storage.limiter import MemoryPoints

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kit.heavy import HEAVY, SMALL

ROUNDS = 7
MOST_MILLISECONDS = 100
MOST_GROWTH_BYTES = 1024 * 1024
"""The few documents that are only long, not wrong, may stay as plans."""
USUAL = (
    "query ($n: Int) { configs(first: $n) { nodes { id name emailAddress provider { name }"
    " incoming { host port } outgoing { host port } } pageInfo { hasNextPage endCursor } } }"
)


class Caller:
    """Surroundings of an operation of somebody whose token was checked."""

    async def caller_or_none(self) -> object:
        """Return who it is."""
        return SimpleNamespace(user_id="somebody")


def documents() -> Plans:
    """Return a reader with the limits that are shipped."""
    return Plans(build_schema().graphql_schema)


def new_each_time(document: str) -> Iterator[str]:
    """Yield the document in texts that differ."""
    for number in itertools.count():
        yield f"{document} #{number}"


def milliseconds(run: Callable[[str], object], document: str) -> float:
    """Return the median processor time of a run, which other programs change little."""
    taken = []
    for text in itertools.islice(new_each_time(document), ROUNDS):
        began = time.process_time()
        run(text)
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def known_microseconds() -> float:
    """Return what everything before execution takes for a known document: find, price, pay."""
    schema = build_schema(budgets=Budgets(MemoryPoints(), 10**12))
    context = cast("Context", Caller())

    async def admit(times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            admitted = await schema.admissions.admit(USUAL, {"n": 50}, None, context)
            assert not admitted.errors
        return (time.process_time() - began) / times * 1e6

    return asyncio.run(admit(20_000))


def growth(plans: Plans) -> int:
    """Return the bytes that the refused documents leave behind."""
    texts = [f"{document} #growth {n}" for document in HEAVY.values() for n in range(3)]
    for text in texts:
        plans.read(text)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for text in texts:
        plans.read(f"{text} again")
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def main() -> int:
    """Print the table and return the exit status."""
    plans = documents()
    small = milliseconds(plans.read, SMALL)
    print(f"small query, unknown: {small:.2f} ms = 1; known: {known_microseconds():.1f} us")
    worst = 0.0
    for name, document in HEAVY.items():
        taken = milliseconds(plans.read, document)
        worst = max(worst, taken)
        errors = plans.read(document).errors
        said = errors[0].message[:60] if errors else "ACCEPTED"
        print(f"{name:32} {len(document):>9,} B {taken:8.2f} ms {taken / small:7.1f} x  {said}")
    left = growth(plans)
    print(f"slowest {worst:.1f} ms of {MOST_MILLISECONDS}; left in memory {left / 1024:.0f} KiB")
    return 0 if worst <= MOST_MILLISECONDS and left <= MOST_GROWTH_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
