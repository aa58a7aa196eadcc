"""graphql-transport-ws: each message and each close code of its protocol."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.live import Socket
from kit.ticking import SOCKET, Ticking, ticking

INIT = '{"type": "connection_init"}'
HELLO = {"query": "{ hello }"}
LONG_ID = "é" * 300
"""Its bytes do not fit into a close frame."""


@pytest.fixture
async def served() -> AsyncIterator[Ticking]:
    """The small schema with the settings as they come."""
    async with ticking() as server:
        yield server


async def result(socket: Socket, payload: dict[str, Any]) -> dict[str, Any]:
    """Run an operation with one answer and return that, having seen its end."""
    await socket.send({"type": "subscribe", "id": "r", "payload": payload})
    answer = await socket.receive()
    assert (answer["type"], answer["id"]) == ("next", "r")
    assert await socket.receive() == {"type": "complete", "id": "r"}
    return answer["payload"]


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as an error."""
    return [record.message for record in caplog.records if record.levelname == "ERROR"]


async def test_an_operation_has_its_results_and_its_end(served: Ticking) -> None:
    """Next with the data, then complete; the id is free again at once."""
    async with served.socket() as socket:
        for _ in range(3):
            assert await result(socket, HELLO) == {"data": {"hello": "world"}}


async def test_extensions_of_a_request_are_kept(served: Ticking) -> None:
    """What a client sends in payload.extensions reaches the operation."""
    async with served.socket() as socket:
        await result(socket, HELLO | {"extensions": {"trace": {"id": 7}}})
    assert served.counts.extensions == {"trace": {"id": 7}}


async def test_results_are_text_frames(served: Ticking) -> None:
    """Clients in browsers parse text; a binary frame would be a Blob to them."""
    async with served.socket() as socket:
        await socket.subscribe("1", "{ hello }", {})
        frame = await socket.connection.recv()
    assert isinstance(frame, str)


@pytest.mark.parametrize("payload", [None, {"a": 1}])
async def test_a_ping_is_answered(served: Ticking, payload: object) -> None:
    """With a pong, whatever it carries; pongs that nobody asked for are taken."""
    async with served.socket() as socket:
        await socket.send({"type": "pong", "payload": payload})
        await socket.send({"type": "ping", "payload": payload})
        assert await socket.receive() == {"type": "pong"}


async def test_null_is_no_payload(served: Ticking) -> None:
    """A connection_init whose payload is null is one without."""
    url = f"ws://{served.address}/graphql"
    async with connect(url, subprotocols=[SOCKET]) as connection:
        await Socket(connection).send({"type": "connection_init", "payload": None})
        assert await Socket(connection).receive() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "7",
        "[]",
        '"subscribe"',
        "{}",
        '{"type": 7}',
        '{"type": []}',
        '{"type": "nonsense"}',
        '{"type": "' + "x" * 500 + '"}',
        # Messages of the server.
        '{"type": "connection_ack"}',
        '{"type": "next", "id": "1", "payload": {}}',
        # Messages of the older protocol.
        '{"type": "start", "id": "1", "payload": {"query": "{ hello }"}}',
        '{"type": "ping", "payload": 7}',
        '{"type": "pong", "payload": []}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": null}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "extensions": "x"}}',
        '{"type": "subscribe", "payload": {"query": "{ a }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}',
        '{"type": "subscribe", "id": [], "payload": {"query": "{ a }"}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": {}}',
        # Half a character, and more levels than anybody answers with.
        '{"type": "subscribe", "id": "\\ud800", "payload": {"query": "{ a }"}}',
        '{"type": "ping", "payload": ' + '{"a":' * 200 + "1" + "}" * 201,
        b"\x00\xff",
    ],
    ids=lambda message: repr(message)[:60],
)
async def test_messages_of_no_form_close_the_socket(
    served: Ticking, message: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """With 4400 and a reason that quotes nothing; no exception reaches the log."""
    async with served.socket() as socket:
        await socket.connection.send(message)
        code, reason = await socket.end()
    assert code == 4400
    assert reason
    assert "nonsense" not in reason
    assert errors_of(caplog) == []


@pytest.mark.parametrize("payload", [7, [], "x", {"Authorization": 7}, {"authorization": []}])
async def test_an_init_of_no_form_closes_the_socket(served: Ticking, payload: object) -> None:
    """With 4400: a client that shows something else than text shows nothing by mistake."""
    async with connect(f"ws://{served.address}/graphql", subprotocols=[SOCKET]) as connection:
        socket = Socket(connection)
        await socket.send({"type": "connection_init", "payload": payload})
        assert (await socket.end())[0] == 4400


@pytest.mark.parametrize(
    "payload",
    [
        {"query": ""},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "fragment F on Query { hello }"},
        {"query": "{ hello }", "operationName": "Nobody"},
        {"query": "query A { hello } query B { hello }"},
        {"query": "query ($n: Int!) { hello }"},
        {"query": "subscription { ticks(size: true) }"},
    ],
    ids=lambda payload: str(payload["query"])[:40],
)
async def test_an_operation_that_cannot_begin_is_an_error_of_its_own(
    served: Ticking, payload: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """One `error` message, no `complete` after it, and the socket and its others go on."""
    async with served.socket() as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == ["BAD_REQUEST"]
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
        assert await result(socket, HELLO) == {"data": {"hello": "world"}}
    assert errors_of(caplog) == []


async def test_a_failure_of_ours_is_masked(
    served: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets the id under which the log has what happened."""
    async with served.socket() as socket:
        await socket.subscribe("1", "{ boom }", {})
        (error,) = (await socket.receive())["payload"]["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"]
    assert len(errors_of(caplog)) == 1


async def test_a_subscription_that_breaks_says_so_without_its_reason(served: Ticking) -> None:
    """Its first event stands; then one masked error, and nothing after it."""
    async with served.socket() as socket:
        await socket.subscribe("1", "subscription { breaks }", {})
        assert (await socket.receive())["payload"]["data"] == {"breaks": "first"}
        last = await socket.receive()
        errors = last["payload"] if last["type"] == "error" else last["payload"]["errors"]
        assert [error["message"] for error in errors] == ["Something went wrong on our side."]
        if last["type"] == "next":
            assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_operations_need_the_handshake(served: Ticking) -> None:
    """4401 before connection_init; 4429 for a second one."""
    async with connect(f"ws://{served.address}/graphql", subprotocols=[SOCKET]) as connection:
        await Socket(connection).subscribe("1", "{ hello }", {})
        assert await Socket(connection).end() == (4401, "Unauthorized")
    async with served.socket() as socket:
        await socket.connection.send(INIT)
        assert await socket.end() == (4429, "Too many initialisation requests")


async def test_a_second_init_counts_even_before_the_first_is_answered(served: Ticking) -> None:
    """Two of them in one breath are too many as well."""
    async with connect(f"ws://{served.address}/graphql", subprotocols=[SOCKET]) as connection:
        await connection.send(INIT)
        await connection.send(INIT)
        assert (await Socket(connection).end())[0] == 4429


@pytest.mark.parametrize("key", ["1", LONG_ID])
async def test_an_id_in_use_closes_the_socket(served: Ticking, key: str) -> None:
    """With 4409, however long the id is; its subscription is let go."""
    async with served.socket() as socket:
        await socket.subscribe(key, "subscription { ticks(pause: 0.01) }", {})
        await socket.receive()
        await socket.subscribe(key, "{ hello }", {})
        code, reason = await socket.end()
    assert code == 4409
    assert f"Subscriber for {key} already exists".startswith(reason)
    async with asyncio.timeout(5):
        await served.quiet()


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["nonsense"], []])
async def test_other_protocols_are_not_spoken(served: Ticking, protocols: list[str]) -> None:
    """4406, for the legacy protocol as for none at all."""
    offered = [Subprotocol(name) for name in protocols]
    url = f"ws://{served.address}/graphql"
    async with connect(url, subprotocols=offered or None) as connection:
        assert connection.subprotocol is None
        assert await Socket(connection).end() == (4406, "Subprotocol not acceptable")


async def test_complete_lets_a_subscription_go(served: Ticking) -> None:
    """Its generator ends, nothing more comes of it, and its id is free."""
    async with served.socket() as socket:
        await socket.subscribe("1", "subscription { ticks(pause: 0.01) }", {})
        await socket.receive()
        assert served.counts.open == 1
        await socket.send({"type": "complete", "id": "1"})
        async with asyncio.timeout(5):
            await served.quiet(places=1)
        await socket.send({"type": "complete", "id": "1"})
        await socket.send({"type": "ping"})
        while (message := await socket.receive()) != {"type": "pong"}:
            assert message["type"] == "next"
        await socket.subscribe("1", "{ hello }", {})
        assert (await socket.receive())["payload"] == {"data": {"hello": "world"}}


async def test_who_leaves_leaves_nothing_behind(served: Ticking) -> None:
    """Ten subscriptions on each of ten sockets: all generators and places are given back."""
    for rude in (False, True):
        for _ in range(5):
            async with served.socket() as socket:
                for key in range(10):
                    await socket.subscribe(str(key), "subscription { ticks(pause: 5) }", {})
                    await socket.receive()
                assert served.counts.open == 10
                if rude:
                    socket.connection.transport.abort()
            async with asyncio.timeout(5):
                await served.quiet()
    assert served.counts.begun == 100


async def test_a_mutation_that_has_begun_is_not_cancelled(served: Ticking) -> None:
    """Neither by complete nor by leaving: half a write is worse than one nobody waits for."""
    async with served.socket() as socket:
        await socket.subscribe("1", "mutation { write { done } }", {})
        await served.counts.writing.wait()
        await socket.send({"type": "complete", "id": "1"})
        assert await result(socket, HELLO) == {"data": {"hello": "world"}}
    assert len(served.places) == 1  # held until its work is done
    served.counts.may_write.set()
    async with asyncio.timeout(5):
        await served.quiet()
    assert served.counts.written == 1
