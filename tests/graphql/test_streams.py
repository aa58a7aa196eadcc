"""graphql-sse in distinct connections mode: events, beats, ends, and who may have a stream."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, form
from kit.held import HeldProber
from kit.live import Live, listening
from kit.ticking import Ticking, ticking
from mailconfig.settings import Settings

EVENTS = {"Accept": "text/event-stream"}
ENDLESS = "subscription { ticks(pause: 30) }"
PROGRESS = "subscription ($id: ID!) { connectionTestProgress(testId: $id) { test { id } } }"
START = """
mutation ($target: ConnectionTestTarget!) {
  testConnection(input: { target: $target }) { test { id } errors { __typename } }
}
"""
LOGOUT = "mutation { logout { ok } }"
SOON = 5
"""Bounds in seconds what a broken server could hold up."""


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient,
    query: str,
    variables: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[AsyncIterator[str]]:
    """Open a stream and yield its blocks, as clients see them that split on LF LF."""
    body = {"query": query, "variables": variables or {}}
    given = {**EVENTS, **(headers or {})}
    async with client.stream("POST", "/graphql", json=body, headers=given) as response:
        assert response.status_code == 200
        yield _blocks(response)


async def _blocks(response: httpx.Response) -> AsyncIterator[str]:
    rest = ""
    async for text in response.aiter_text():
        *blocks, rest = (rest + text).split("\n\n")
        for block in blocks:
            yield block
    assert rest == ""


def told(block: str) -> list[str]:
    """Return the codes of the errors of a `next` event."""
    answer = json.loads(block.removeprefix("event: next\ndata: "))
    return [error["extensions"]["code"] for error in answer["errors"]]


async def quiet(served: Ticking) -> None:
    """Wait until nothing is open."""
    async with asyncio.timeout(SOON):
        await served.quiet()


# ---- the protocol ------------------------------------------------------------------------------


async def test_a_stream_is_not_kept_by_anybody_on_the_way() -> None:
    """Its headers forbid caching and buffering."""
    async with ticking() as served:
        body = {"query": "{ hello }"}
        answer = await served.client.post("/graphql", json=body, headers=EVENTS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers


async def test_event_source_may_ask_by_get() -> None:
    """EventSource of browsers knows no POST; mutations stay out of URLs."""
    async with ticking() as served:
        get = served.client.get
        answer = await get("/graphql", params={"query": "{ hello }"}, headers=EVENTS)
        assert answer.text.startswith('event: next\ndata: {"data":{"hello":"world"}}\n\n')
        query = "mutation { write { done } }"
        answer = await get("/graphql", params={"query": query}, headers=EVENTS)
        assert answer.status_code == 405
        assert not served.counts.writing.is_set()


async def test_a_quiet_stream_beats() -> None:
    """Comments at the interval of the setting; clients ignore them, proxies do not cut."""
    async with ticking(live_ping_seconds=0.1) as served:
        async with stream(served.client, ENDLESS) as blocks:
            assert (await anext(blocks)).startswith("event: next")
            assert [await anext(blocks) for _ in range(3)] == [": ping"] * 3
        await quiet(served)


async def test_a_failure_of_ours_is_masked_and_ends_the_stream() -> None:
    """The event before stands, and nothing comes after `complete`."""
    async with ticking() as served, stream(served.client, "subscription { breaks }") as blocks:
        all_blocks = [block async for block in blocks]
    assert [block.partition("\n")[0] for block in all_blocks] == [
        "event: next",
        "event: next",
        "event: complete",
    ]
    assert told(all_blocks[1]) == ["INTERNAL"]
    assert "hunter2" not in "".join(all_blocks)


# ---- clients that leave or do not read -----------------------------------------------------------


async def test_who_leaves_leaves_nothing_behind() -> None:
    """Twenty streams, all left after their first event: generators and places are given back."""
    async with ticking() as served:
        for _ in range(20):
            async with stream(served.client, ENDLESS) as blocks:
                await anext(blocks)
                assert served.counts.open == 1
            await quiet(served)
        assert served.counts.begun == 20


async def test_a_mutation_that_has_begun_is_not_cancelled() -> None:
    """Leaving its stream does not stop it."""
    async with ticking() as served:
        with pytest.raises(TimeoutError):
            async with (
                asyncio.timeout(0.5),
                stream(served.client, "mutation { write { done } }") as blocks,
            ):
                await anext(blocks)
        assert served.counts.writing.is_set()
        await asyncio.sleep(0.2)
        served.counts.may_write.set()
        await quiet(served)
        assert served.counts.written == 1


async def test_who_does_not_read_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """The subscription ends, others do not suffer, and it is no error of ours."""
    async with ticking(live_send_seconds=0.5) as served:
        host, port = served.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        body = json.dumps({"query": "subscription { ticks(size: 1000000) }"}).encode()
        head = (
            "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await reader.readline()
        async with asyncio.timeout(10):
            await served.counts.beginning.wait()
            await served.quiet()
        assert served.counts.ticks < 50
        writer.transport.abort()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_streams_and_sockets_share_their_places() -> None:
    """429 for the client that has too many; 503 where the process is full."""
    for limit, status in (("live_connections_per_client", 429), ("live_connections", 503)):
        async with ticking(**{limit: 2}) as served:
            async with served.socket(), stream(served.client, ENDLESS) as blocks:
                await anext(blocks)
                body = {"query": ENDLESS}
                answer = await served.client.post("/graphql", json=body, headers=EVENTS)
                assert (answer.status_code, answer.headers["Retry-After"]) == (status, "10")
                assert answer.json()["errors"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
                # A place is for what stays; a query comes and goes.
                answer = await served.client.post("/graphql", json={"query": "{ hello }"})
                assert answer.json() == {"data": {"hello": "world"}}
            await quiet(served)
            assert served.counts.begun == 1


# ---- sessions ------------------------------------------------------------------------------------


@asynccontextmanager
async def watched(settings: Settings, **changes: object) -> AsyncIterator[tuple[Live, str]]:
    """Serve with a test that waits for its first step; yield its id."""
    changed = settings.model_copy(update=changes)
    async with listening(changed, HeldProber()) as live:
        started = await live.data(MEMBER, START, {"target": {"draft": form()}})
        yield live, started["testConnection"]["test"]["id"]


async def ends_unauthenticated(blocks: AsyncIterator[str]) -> None:
    """Read to the end of a stream whose session ends."""
    async with asyncio.timeout(SOON):
        *_, error, complete = [block async for block in blocks if not block.startswith(":")]
    assert told(error) == ["UNAUTHENTICATED"]
    assert complete == "event: complete\ndata: "


only_sqlite = pytest.mark.parametrize("engine", ["sqlite"])


@only_sqlite
async def test_a_logout_ends_the_streams_of_the_session_at_once(app_settings: Settings) -> None:
    """With an error that says why, and the end."""
    async with watched(app_settings, live_recheck_seconds=3600) as (live, test_id):
        headers = {"Authorization": f"Bearer {await live.token(MEMBER)}"}
        async with stream(live.client, PROGRESS, {"id": test_id}, headers) as blocks:
            await anext(blocks)
            await live.data(MEMBER, LOGOUT)
            await ends_unauthenticated(blocks)


@only_sqlite
async def test_a_stream_ends_with_its_token(app_settings: Settings) -> None:
    """At that moment, not at the next look."""
    changes = {"access_token_seconds": 3, "live_recheck_seconds": 3600}
    async with watched(app_settings, **changes) as (live, test_id):
        headers = {"Authorization": f"Bearer {await live.token(MEMBER)}"}
        async with stream(live.client, PROGRESS, {"id": test_id}, headers) as blocks:
            await anext(blocks)
            await ends_unauthenticated(blocks)


@only_sqlite
async def test_a_bad_token_has_no_stream(app_settings: Settings) -> None:
    """401 before anything else; fetch clients see a status, not an event."""
    async with watched(app_settings) as (live, test_id):
        body = {"query": PROGRESS, "variables": {"id": test_id}}
        headers = EVENTS | {"Authorization": "Bearer a.b.c"}
        answer = await live.client.post("/graphql", json=body, headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


@only_sqlite
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # No page: a program with a cookie.
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        # Typed into the address bar.
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "{origin}"}, 200),
        ({"Origin": "https://mail.example.com"}, 200),
        # A sibling host shares the cookie's site and is not ours.
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{origin}"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_by_cookie_only_our_own_pages_have_streams(
    app_settings: Settings, headers: dict[str, str], status: int
) -> None:
    """EventSource sends the cookie without preflight; what is refused starts nothing."""
    async with watched(app_settings, public_url="https://mail.example.com") as (live, _):
        https = "/graphql"
        given = {"input": {"email": "member@example.org", "password": PASSWORD}}
        answer = await live.client.post(https, json={"query": LOGIN, "variables": given})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        origin = str(live.client.base_url).rstrip("/")
        headers = {name: value.format(origin=origin) for name, value in headers.items()}
        headers |= EVENTS | {"Cookie": cookie}
        params = {"query": "{ viewer { email } }"}
        answer = await live.client.get(https, params=params, headers=headers)
        assert answer.status_code == status
        assert ("member@example.org" in answer.text) is (status == 200)
        # A token is no cookie: no browser sends it by itself.
        del headers["Cookie"]
        headers["Authorization"] = f"Bearer {await live.token(MEMBER)}"
        answer = await live.client.get(https, params=params, headers=headers)
        assert answer.status_code == 200
