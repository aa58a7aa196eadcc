"""Hostile documents against the shipped schema: refused in time, by every way in, and not kept."""

import gc
import time
import tracemalloc

import pytest

from kit.api import Api, FakeProber
from kit.heavy import HEAVY
from kit.live import listening
from mailconfig.graphql.plans import Plans
from mailconfig.graphql.schema import build_schema
from mailconfig.settings import Settings

DEADLINE_SECONDS = 0.1
"""What the issue allows on a quiet machine; measured in time of the processor, for busy ones."""
HARMLESS = {"60 KiB of commas"}
"""Long, and read quickly: nothing is wrong with them."""
TRIES = 3


@pytest.fixture(scope="module")
def plans() -> Plans:
    """A reader with the limits and the schema that are shipped."""
    return Plans(build_schema().graphql_schema)


@pytest.mark.parametrize("name", HEAVY)
def test_each_is_refused_in_time(plans: Plans, name: str) -> None:
    """New each time, so that no cache helps; the quickest try counts, as others were disturbed."""
    taken = []
    for number in range(TRIES):
        began = time.process_time()
        plan = plans.read(f"{HEAVY[name]} # {number}")
        taken.append(time.process_time() - began)
        assert (plan.errors == ()) is (name in HARMLESS)
    assert min(taken) < DEADLINE_SECONDS


def send_rounds(plans: Plans, mark: str) -> None:
    """Read every document that is refused, five times in five texts."""
    for number in range(5):
        for name, document in HEAVY.items():
            if name not in HARMLESS:
                plans.read(f"{document} # {mark} {number}")


def test_nothing_of_them_stays(plans: Plans) -> None:
    """What the first rounds leave, caches of the library by kind of node, is all that is left."""
    tracemalloc.start()
    send_rounds(plans, "first")
    gc.collect()
    kept, before = plans.kept_bytes, tracemalloc.get_traced_memory()[0]
    send_rounds(plans, "second")
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert plans.kept_bytes == kept
    assert grown < 64 * 1024


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_each_is_refused_over_http(api: Api) -> None:
    """No traceback and no 5xx, whatever it is; the documents are not quoted back."""
    for name, document in HEAVY.items():
        response = await api.client.post("/graphql", json={"query": document})
        assert response.status_code in ({200} if name in HARMLESS else {200, 400, 413}), name
        assert ("errors" in response.json()) is (name not in HARMLESS), name
        assert len(response.content) < 8192, name


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_each_is_refused_on_a_socket(app_settings: Settings) -> None:
    """As an `error` of its operation; the socket lives on, unless the message was too large."""
    async with listening(app_settings, FakeProber()) as live, live.socket(None) as socket:
        for name, document in HEAVY.items():
            if name in HARMLESS or len(document) > 100_000:
                continue
            await socket.subscribe(name, document, {})
            message = await socket.receive()
            assert (message["id"], message["type"]) == (name, "error")
