"""Plans: a document is read once, kept while it is used, and nothing else stays."""

import gc
import tracemalloc

import pytest
from graphql import GraphQLError
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged

from kit.costs import SCHEMA
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.plans import PlanCacheLimits, Plans, estimated_bytes
from mailconfig.graphql.schema import build_schema

WHO = "{ viewer { email } }"
BOTH = "query A { viewer { email } } query B { viewer { role } }"


def numbered(count: int) -> list[str]:
    """Return documents that differ."""
    return [f"query Q{number} {{ viewer {{ email }} }}" for number in range(count)]


def test_a_document_is_read_and_validated_once() -> None:
    """The second time it is found, and is the same object, with what hangs on it."""
    plans = Plans(SCHEMA)
    first = plans.read(WHO)
    first.compiled[None] = "code"
    assert plans.read(WHO) is first
    assert plans.kept(WHO) is first
    assert (plans.counts.reads, plans.counts.validations, plans.counts.hits) == (1, 1, 2)


WRONG = {
    "syntax": "{ viewer {",
    "a limit": "{ " + "viewer { email } " * 21 + "}",
    "validation": "{ nobody }",
    "no operation but a type": "type Viewer { id: ID }",
}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_run_is_not_kept(document: str) -> None:
    """Strangers can send any number of wrong documents; nothing of them stays."""
    plans = Plans(SCHEMA)
    for _ in range(2):
        plan = plans.read(document)
        assert len(plan.errors) >= 1
        assert plan.operations == {}
    assert (len(plans), plans.kept_bytes, plans.counts.reads) == (0, 0, 2)


def test_hostile_documents_are_refused_before_they_are_validated() -> None:
    """Validation is the dearest part of reading."""
    plans = Plans(SCHEMA)
    plans.read(WRONG["a limit"])
    assert plans.counts.validations == 0


def test_the_number_of_plans_is_bounded() -> None:
    """The least recently used leaves first."""
    plans = Plans(SCHEMA, cache=PlanCacheLimits(plans=2))
    first, second, third = numbered(3)
    plans.read(first)
    plans.read(second)
    plans.read(first)
    plans.read(third)
    assert [plans.kept(text) is not None for text in (first, second, third)] == [True, False, True]
    assert plans.counts.evictions == 1


def test_the_memory_of_plans_is_bounded() -> None:
    """What is kept and what has left add up."""
    one = estimated_bytes(Plans(SCHEMA).read(numbered(1)[0]))
    plans = Plans(SCHEMA, cache=PlanCacheLimits(bytes=3 * one))
    for text in numbered(10):
        plans.read(text)
    assert (len(plans), plans.kept_bytes, plans.counts.evictions) == (3, 3 * one, 7)


def test_a_plan_larger_than_the_cache_is_used_once() -> None:
    """It runs, and displaces nothing."""
    plans = Plans(SCHEMA, cache=PlanCacheLimits(bytes=10))
    assert plans.read(WHO).errors == ()
    assert (len(plans), plans.kept_bytes, plans.counts.evictions) == (0, 0, 0)


def test_the_estimate_of_memory_is_no_lie() -> None:
    """Small and large documents take at most what is estimated, and at least a quarter."""
    schema = build_schema().graphql_schema
    introspection = "{ __schema { types { name fields { name args { name } } } } } #"
    large = (
        "query ($n: Int) { configs(first: $n) { nodes { "
        + "id name emailAddress status " * 25
        + "} } } #"
    )
    for document in ("{ viewer { email } } #", introspection, large):
        plans = Plans(schema, cache=PlanCacheLimits(plans=1000, bytes=2**30))
        plans.read(document)
        gc.collect()
        tracemalloc.start()
        for number in range(20):
            assert plans.read(f"{document} {number}").errors == ()
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        estimated = plans.kept_bytes * 20 / 21
        assert estimated / 4 <= taken <= estimated, (document, taken, estimated)


def test_an_operation_is_chosen_by_name() -> None:
    """Anonymous when there is one; unknown names mean none."""
    plan = Plans(SCHEMA).read(BOTH)
    chosen = plan.operation("B")
    assert chosen is not None
    assert (chosen.name, chosen.node.name and chosen.node.name.value) == ("B", "B")
    assert plan.operation("C") is None
    assert plan.operation("") is None
    alone = Plans(SCHEMA).read(WHO).operation(None)
    assert alone is not None
    assert alone.name is None


def test_a_request_must_say_which_of_several_operations_it_means() -> None:
    """GraphQL, section 6.1: without operationName it is a request error."""
    with pytest.raises(GraphQLError, match=r"^Give operationName"):
        Plans(SCHEMA).read(BOTH).operation(None)


def test_the_second_line_is_lowered() -> None:
    """graphql-core's own budgets are a tenth of what it ships, and enough for what we allow."""
    assert validation_context.MAX_FRAGMENT_WORK == 5_000
    assert overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET == 50_000
    fragments = "".join(f"fragment F{n} on Viewer {{ email role }} " for n in range(100))
    spread = "{ viewer { " + " ".join(f"...F{n}" for n in range(100)) + " } } "
    assert Plans(SCHEMA, DocumentLimits()).read(spread + fragments).errors == ()


def test_few_errors_are_told() -> None:
    """Twenty, and that there are more."""
    plan = Plans(SCHEMA).read("{ viewer { " + " ".join(f"u{n}" for n in range(100)) + " } }")
    assert len(plan.errors) == 21
    assert plan.errors[-1].message.endswith("Validation aborted.")
