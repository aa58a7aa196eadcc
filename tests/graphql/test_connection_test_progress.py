"""The subscription `connectionTestProgress`, over sockets and server-sent events of a uvicorn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, STRANGER, form
from kit.held import HeldProber
from kit.live import Live, Socket, listening
from mailconfig.settings import Settings

PROGRESS = """
subscription ($id: ID!) {
  connectionTestProgress(testId: $id) {
    step { kind status }
    test { id status steps { status } }
  }
}
"""
START = """
mutation ($target: ConnectionTestTarget!) {
  testConnection(input: { target: $target }) { test { id status } errors { __typename } }
}
"""
STEPS = [
    "RESOLVE",
    "CONNECT",
    "TLS_HANDSHAKE",
    "GREETING",
    "CAPABILITIES",
    "AUTHENTICATE",
    "SENDER_CHECK",
]
"""Steps of an account that only sends, over TLS."""
OTHERS = (COLLEAGUE, ADMIN, STRANGER)
"""Who must not watch the test of a member's draft."""


@pytest.fixture
async def prober() -> HeldProber:
    """A prober that waits at every step."""
    return HeldProber()


@pytest.fixture
async def live(app_settings: Settings, prober: HeldProber) -> AsyncIterator[Live]:
    """The application behind uvicorn."""
    async with listening(app_settings, prober) as served:
        yield served


async def running(live: Live, prober: HeldProber) -> str:
    """Start the test of a draft and return its id once its first step runs."""
    target = {"draft": form(incoming=None)}
    data = await live.data(MEMBER, START, {"target": target})
    test_id = data["testConnection"]["test"]["id"]
    query = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { steps { status } } } }"
    async with asyncio.timeout(20):
        while True:
            steps = (await live.data(MEMBER, query, {"id": test_id}))["node"]["steps"]
            if steps[0]["status"] == "RUNNING":
                return test_id
            await asyncio.sleep(0.02)


def states(running_step: int) -> list[dict[str, str]]:
    """Return the steps while the one of that number runs."""
    passed = ["PASSED"] * running_step
    rest = ["RUNNING", *["PENDING"] * len(STEPS)]
    return [{"status": status} for status in (passed + rest)[: len(STEPS)]]


def expected(test_id: str) -> list[dict[str, Any]]:
    """Return all events of a test whose steps are let go one by one, from the first running on."""
    events = [_event(test_id, None, 0)]
    for number, kind in enumerate(STEPS):
        events.append(_event(test_id, {"kind": kind, "status": "PASSED"}, number + 1))
        if number + 1 < len(STEPS):
            following = {"kind": STEPS[number + 1], "status": "RUNNING"}
            events.append(_event(test_id, following, number + 1))
    events.append(_event(test_id, None, len(STEPS), "PASSED"))
    return events


def _event(
    test_id: str, step: dict[str, str] | None, running_step: int, status: str = "RUNNING"
) -> dict[str, Any]:
    test = {"id": test_id, "status": status, "steps": states(running_step)}
    return {"connectionTestProgress": {"step": step, "test": test}}


async def test_a_socket_sees_every_step_once_and_the_end(live: Live, prober: HeldProber) -> None:
    """First the present state, then one event a changed step, then the verdict, then complete."""
    test_id = await running(live, prober)
    events = []
    async with live.socket(MEMBER) as socket:
        await socket.subscribe("1", PROGRESS, {"id": test_id})
        while (message := await socket.receive())["type"] == "next":
            assert message["id"] == "1"
            events.append(message["payload"]["data"])
            # A permission after the first event and after each step that begins or is the last.
            if len(events) % 2 == 1 or len(events) == 2 * len(STEPS):
                prober.release()
        assert message == {"id": "1", "type": "complete"}
    assert events == expected(test_id)


async def test_a_stream_sees_the_same(live: Live, prober: HeldProber) -> None:
    """Server-sent events `next`, with the same data, and `complete` at the end."""
    test_id = await running(live, prober)
    events, names = [], []
    async with aclosing(live.events(MEMBER, PROGRESS, {"id": test_id})) as stream:
        async for name, event in stream:
            names.append(name)
            if event is None:
                continue
            events.append(event["data"])
            if len(events) % 2 == 1 or len(events) == 2 * len(STEPS):
                prober.release()
    assert events == expected(test_id)
    assert names == ["next"] * len(events) + ["complete"]


async def test_a_finished_test_is_one_event(live: Live, prober: HeldProber) -> None:
    """Whoever comes late learns the end and is let go."""
    prober.release(len(STEPS) + 1)
    target = {"configId": await live.stored(MEMBER, incoming=None)}
    wait = START.replace("target: $target", "target: $target, waitSeconds: 20")
    test = (await live.data(MEMBER, wait, {"target": target}))["testConnection"]["test"]
    assert test["status"] == "PASSED"
    found = [event async for event in live.events(MEMBER, PROGRESS, {"id": test["id"]})]
    assert [name for name, _ in found] == ["next", "complete"]
    assert found[0][1]["data"] == _event(test["id"], None, len(STEPS), "PASSED")


async def test_a_cancelled_test_ends_the_stream(live: Live, prober: HeldProber) -> None:
    """The last event has the verdict, and no step is left running."""
    test_id = await running(live, prober)
    cancel = "mutation ($id: ID!) { cancelTest(input: { testId: $id }) { test { status } } }"
    events = []
    async with live.socket(MEMBER) as socket:
        await socket.subscribe("1", PROGRESS, {"id": test_id})
        assert (await socket.receive())["type"] == "next"
        await live.data(MEMBER, cancel, {"id": test_id})
        while (message := await socket.receive())["type"] == "next":
            events.append(message["payload"]["data"]["connectionTestProgress"])
    assert message == {"id": "1", "type": "complete"}
    assert events[-1]["test"]["status"] == "CANCELLED"
    assert {step["status"] for step in events[-1]["test"]["steps"]} == {"SKIPPED"}


async def test_leaving_a_stream_leaves_the_test(live: Live, prober: HeldProber) -> None:
    """Watching is not running: the test goes on without its watcher."""
    test_id = await running(live, prober)
    async with live.socket(MEMBER) as socket:
        await socket.subscribe("1", PROGRESS, {"id": test_id})
        await socket.receive()
        await socket.send({"id": "1", "type": "complete"})
    prober.release(len(STEPS) + 1)
    *_, last = [event async for event in live.events(MEMBER, PROGRESS, {"id": test_id})][:-1]
    assert last[1]["data"]["connectionTestProgress"]["test"]["status"] == "PASSED"
    assert prober.cancelled == 0


def codes(errors: list[dict[str, Any]]) -> list[str]:
    """Return the codes of errors."""
    return [error["extensions"]["code"] for error in errors]


async def _over_socket(socket: Socket, test_id: str) -> list[str]:
    await socket.subscribe("1", PROGRESS, {"id": test_id})
    message = await socket.receive()
    payload = message["payload"]
    return codes(payload if message["type"] == "error" else payload["errors"])


async def test_others_and_nobody_see_nothing(live: Live, prober: HeldProber) -> None:
    """A draft's test is its person's alone; without a session there is no test at all."""
    test_id = await running(live, prober)
    for who in (*OTHERS, None):
        wanted = ["NOT_FOUND" if who else "UNAUTHENTICATED"]
        async with live.socket(who) as socket:
            assert await _over_socket(socket, test_id) == wanted, who
        events = [event async for event in live.events(who, PROGRESS, {"id": test_id})]
        assert [name for name, _ in events] == ["next", "complete"]
        assert codes(events[0][1]["errors"]) == wanted, who
        assert not events[0][1].get("data"), who


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_id_of_nothing_is_not_found(live: Live) -> None:
    """Nor is an id of another kind's form an error of ours."""
    async with live.socket(MEMBER) as socket:
        assert await _over_socket(socket, "nonsense") == ["NOT_FOUND"]
