"""Random operations give the same data, errors, paths and calls with and without compiling.

`FUZZ_OPERATIONS` says how many, `FUZZ_SEED` which; the default is a fixed set.
"""

import asyncio
import gc
import os
from random import Random
from typing import Any

import pytest
from graphql import parse, validate

from kit.fuzzrows import SCHEMA
from kit.fuzzschema import Calls
from kit.operations import Made, Operations
from kit.pretend import pretend_context, pretend_services
from kit.twins import core_schema, outcomes
from mailconfig.graphql.ids import encode
from mailconfig.graphql.schema import build_schema

# graphql-core leaves awaitables behind where an error ends what would have awaited them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PARTS = 8
"""Tests that share the work, so that they run beside each other."""
OPERATIONS = int(os.environ.get("FUZZ_OPERATIONS", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261123"))
SHARE = max(1, OPERATIONS // (2 * PARTS))
"""Operations of one test."""


def _valid(schema: Any, source: Operations) -> tuple[Made, Any]:  # noqa: ANN401 - graphql-core's
    while True:
        made = source.make()
        document = parse(made.text)
        if not validate(schema, document, max_errors=1):
            return made, document


async def _settled() -> None:
    """Let what graphql-core left behind end here, where its warnings are expected."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left)
    gc.collect()


@pytest.mark.parametrize("part", range(PARTS))
async def test_wrong_values_and_failing_resolvers(part: int) -> None:
    """Whatever attributes hold and resolvers do, both executors answer and call alike."""
    schema = core_schema(SCHEMA)
    random = Random(SEED + part)  # noqa: S311 - not for secrets
    source = Operations(schema, random)
    failed = 0
    for number in range(SHARE):
        made, document = _valid(schema, source)
        # One object in three is as promised, so that whole pages are compiled, too.
        wrong = random.choice([0.0, 0.01, 0.06])

        def context(seed: int = number, wrong: float = wrong) -> tuple[Calls, list[str]]:
            calls = Calls(seed, wrong)
            return calls, calls.calls

        generic, *compiled = await outcomes(schema, document, made.variables, context)
        for outcome in compiled:
            assert outcome == generic, made
        failed += bool(generic.errors)
    await _settled()
    assert SHARE < 50 or SHARE // 20 < failed < SHARE * 19 // 20


IDS = [encode(kind, key) for kind, key in [("Provider", "gmail"), ("Provider", "none")]]
IDS += [
    encode("EmailConfig", f"00000000-0000-0000-0000-0000000003{n:02x}") for n in range(0xE8, 0xF6)
]
IDS += [encode("File", "00000000-0000-0000-0000-000000001b58")]
IDS += [encode("ConnectionTest", "00000000-0000-0000-0000-000000001389")]
ROOTS = frozenset({"config", "configs", "node", "nodes", "provider", "providers"})
"""Queries that services in memory can answer."""


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_schema_itself(part: int) -> None:
    """Operations over our own schema answer alike; rows come from services in memory."""
    schema = core_schema(build_schema())
    random = Random(SEED - 1 - part)  # noqa: S311 - not for secrets
    samples = {"ID": IDS, "Int": [1, 2, 3, 50, 0]}
    source = Operations(schema, random, samples=samples, favourites=ROOTS)
    services = pretend_services(12)
    answered = 0
    for _ in range(SHARE):
        made, document = _valid(schema, source)
        found = await outcomes(
            schema, document, made.variables, lambda: (pretend_context(12, services), [])
        )
        for outcome in found[1:]:
            assert outcome == found[0], made
        answered += len(found[0].body) > 100
    await _settled()
    assert SHARE < 50 or answered > SHARE // 3
