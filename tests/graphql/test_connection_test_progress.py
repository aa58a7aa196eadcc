"""The subscription `connectionTestProgress`, over sockets and server-sent events of a uvicorn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from kit.api import ADMIN, COLLEAGUE, LOGIN, MEMBER, PASSWORD, STRANGER, Api, form
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
    assert found == [
        ("next", {"data": _event(test["id"], None, len(STEPS), "PASSED")}),
        ("complete", None),
    ]


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
    """And a socket with a bad token is refused as such."""
    async with live.socket(MEMBER) as socket:
        assert await _over_socket(socket, "nonsense") == ["NOT_FOUND"]
    live.tokens["forged"] = "a.b.c"
    async with live.socket("forged") as socket:
        assert await _over_socket(socket, "nonsense") == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_handshakes_header_counts_as_well(live: Live) -> None:
    """Clients that are no browsers may send Authorization with the handshake."""
    headers = {"Authorization": f"Bearer {await live.token(MEMBER)}"}
    async with live.socket(None, headers) as socket:
        await socket.subscribe("1", "{ viewer { email } }", {})
        message = await socket.receive()
    assert message["payload"]["data"] == {"viewer": {"email": "member@example.org"}}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_by_cookie_a_socket_reads_and_does_not_write(live: Live) -> None:
    """A browser cannot send X-CSRF-Token with a socket, so its cookie must not write there."""
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    await live.client.post("/graphql", json={"query": LOGIN, "variables": given})
    ((name, value),) = live.client.cookies.items()
    async with live.socket(None, {"Cookie": f"{name}={value}"}) as socket:
        await socket.subscribe("1", "{ viewer { email } }", {})
        assert (await socket.receive())["payload"]["data"]["viewer"] is not None
        await socket.receive()
        await socket.subscribe("2", START, {"target": {"draft": form()}})
        (error,) = (await socket.receive())["payload"]["data"]["testConnection"]["errors"]
    assert error == {"__typename": "ForbiddenError"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_logout_ends_the_rights_of_an_open_socket(live: Live) -> None:
    """Each operation asks anew who is calling."""
    async with live.socket(MEMBER) as socket:
        await socket.subscribe("1", "{ viewer { email } }", {})
        assert (await socket.receive())["payload"]["data"]["viewer"] is not None
        await socket.receive()
        await live.data(MEMBER, "mutation { logout { ok } }")
        await socket.subscribe("2", "{ viewer { email } }", {})
        assert (await socket.receive())["payload"]["data"]["viewer"] is None


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "message",
    [
        "null",
        "7",
        "[]",
        '"subscribe"',
        "{}",
        '{"type": 7}',
        '{"type": []}',
        '{"type": "nonsense"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": null}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": []}}',
        '{"type": "subscribe", "id": [], "payload": {"query": "{ a }"}}',
        '{"type": "complete", "id": {}}',
        "{",
    ],
)
async def test_messages_of_no_form_harm_nobody(
    live: Live, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The socket is closed with 4400, and no exception reaches the log."""
    async with live.socket(MEMBER) as socket:
        await socket.connection.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "payload",
    [
        {"query": ""},
        {"query": "{"},
        {"query": "fragment F on Viewer { id }"},
        {"query": "{ viewer { id } }", "operationName": "Nobody"},
    ],
)
async def test_operations_of_no_form_are_answered(
    live: Live, payload: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The operation fails as a bad request; socket and log do not suffer."""
    async with live.socket(MEMBER) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        message = await socket.receive()
        assert (message["type"], codes(message["payload"])) == ("error", ["BAD_REQUEST"])
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_operations_before_the_handshake_are_refused(live: Live) -> None:
    """graphql-transport-ws: 4401 without connection_init, 4429 for a second one."""
    address = f"ws://{live.address}/graphql"
    protocol = [Subprotocol("graphql-transport-ws")]
    async with connect(address, subprotocols=protocol) as connection:
        await Socket(connection).subscribe("1", "{ viewer { id } }", {})
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    async with live.socket(MEMBER) as socket:
        await socket.send({"type": "connection_init"})
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4429


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_page_of_another_origin_opens_no_socket(live: Live) -> None:
    """Its handshake would carry the cookie of a signed-in browser."""
    headers = {"Origin": "https://evil.example"}
    with pytest.raises(Exception, match="403"):
        async with live.socket(None, headers):
            pass


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_one_answer_cannot_carry_a_subscription(api: Api) -> None:
    """Without a stream or a socket it is refused, over POST and over GET."""
    query = 'subscription { connectionTestProgress(testId: "x") { step { kind } } }'
    answers = [
        await api.client.post("/graphql", json={"query": query}),
        await api.client.get("/graphql", params={"query": query}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert [codes(answer.json()["errors"]) for answer in answers] == [["BAD_REQUEST"]] * 2
