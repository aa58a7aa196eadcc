"""The subscription `discoveryProgress`, over sockets and server-sent events of a uvicorn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from kit.api import VIEWER, FakeProber
from kit.discovery import DOMAIN, FakeRecords, FakeSource, finding, pair
from kit.live import Live, listening
from mailconfig.domain.discovery import DiscoverySource
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings

PROGRESS = """
subscription ($address: String!) {
  discoveryProgress(emailAddress: $address) {
    evidence { source status detail }
    result { domain candidates { trust incoming { host username } } evidence { source } }
  }
}
"""
ADDRESS = {"address": f"ann@{DOMAIN}"}
EARLY = {"CATALOGUE", "MX", "SRV", "DNS_HINT"}
"""Sources that answer at once here, in any order."""


@pytest.fixture
def source() -> FakeSource:
    """A document that takes its time."""
    return FakeSource(finding(DiscoverySource.PACC, pair()), seconds=0.2)


@pytest.fixture
async def live(app_settings: Settings, source: FakeSource) -> AsyncIterator[Live]:
    """The application behind uvicorn, over a fake DNS."""
    records = FakeRecords()
    records.answer_mx(DOMAIN, f"mx.{DOMAIN}")
    async with listening(app_settings, FakeProber(), Outside(records, (source,))) as served:
        yield served


def check(events: list[dict[str, Any]]) -> None:
    """Assert that each source came once, the slow one last, and then the answer alone."""
    *found, last = [event["discoveryProgress"] for event in events]
    assert [item["result"] for item in found] == [None] * 5
    sources = [item["evidence"]["source"] for item in found]
    assert (set(sources[:4]), sources[4]) == (EARLY, "PACC")
    assert last["evidence"] is None
    assert last["result"]["domain"] == DOMAIN
    (candidate,) = last["result"]["candidates"]
    assert candidate["trust"] == "SECURE"
    assert candidate["incoming"]["host"] == "imap.example.test"
    assert {item["source"] for item in last["result"]["evidence"]} == {*EARLY, "PACC"}


async def test_a_socket_sees_every_source_and_the_answer(live: Live) -> None:
    """One event a source that has ended, one with the answer, then complete."""
    events = []
    async with live.socket(VIEWER) as socket:
        await socket.subscribe("1", PROGRESS, ADDRESS)
        while (message := await socket.receive())["type"] == "next":
            events.append(message["payload"]["data"])
    assert message == {"id": "1", "type": "complete"}
    check(events)


async def test_a_stream_sees_the_same(live: Live) -> None:
    """Server-sent events `next`, and `complete` at the end."""
    async with aclosing(live.events(VIEWER, PROGRESS, ADDRESS)) as stream:
        seen = [event async for event in stream]
    assert [name for name, _ in seen] == ["next"] * 6 + ["complete"]
    check([event["data"] for _, event in seen[:-1]])


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_watcher_who_leaves_ends_the_run(live: Live, source: FakeSource) -> None:
    """Nobody waits for the answer any more: nothing goes on being asked."""
    source.seconds = 30
    async with live.socket(VIEWER) as socket:
        await socket.subscribe("1", PROGRESS, ADDRESS)
        for _ in EARLY:
            assert (await socket.receive())["type"] == "next"
        assert source.cancelled == 0
        await socket.send({"id": "1", "type": "complete"})
        async with asyncio.timeout(10):
            await source.stopped.wait()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_lost_connection_ends_the_run(live: Live, source: FakeSource) -> None:
    """A socket or a stream that is gone without a word asks nothing any more, either."""
    source.seconds = 30
    async with live.socket(VIEWER) as socket:
        await socket.subscribe("1", PROGRESS, ADDRESS)
        assert (await socket.receive())["type"] == "next"
    async with asyncio.timeout(10):
        await source.stopped.wait()
    source.stopped.clear()
    async with aclosing(live.events(VIEWER, PROGRESS, ADDRESS)) as stream:
        assert (await anext(stream))[0] == "next"
    async with asyncio.timeout(10):
        await source.stopped.wait()
    assert (len(source.queries), source.cancelled, source.ended) == (2, 2, 0)


def codes(answer: dict[str, Any]) -> list[str]:
    """Return the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nobody_and_nonsense_are_refused(live: Live, source: FakeSource) -> None:
    """Without a session, or for what is no address, nothing is asked."""
    cases = [(None, ADDRESS, "UNAUTHENTICATED"), (VIEWER, {"address": "ann@"}, "INVALID_INPUT")]
    for who, variables, code in cases:
        events = [event async for event in live.events(who, PROGRESS, variables)]
        assert [name for name, _ in events] == ["next", "complete"]
        assert codes(events[0][1]) == [code]
    assert source.queries == []
