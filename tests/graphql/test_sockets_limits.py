"""Sockets of clients that send too much, say nothing, or do not read."""

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kit.live import Socket
from kit.ticking import SOCKET, ticking

ENDLESS = "subscription { ticks(pause: 5) }"


async def test_who_does_not_say_who_it_is_is_closed() -> None:
    """4408 after the time that the setting gives; a ping is no connection_init."""
    async with (
        ticking(socket_init_seconds=0.3) as served,
        connect(f"ws://{served.address}/graphql", subprotocols=[SOCKET]) as connection,
    ):
        socket = Socket(connection)
        await socket.send({"type": "ping"})
        assert await socket.end() == (4408, "Connection initialisation timeout")


async def test_silence_after_a_ping_is_the_end() -> None:
    """4408 where no pong comes; the place and the subscriptions are given back."""
    async with ticking(live_ping_seconds=0.2, live_pong_seconds=0.2) as served:
        async with served.socket() as socket:
            await socket.subscribe("1", ENDLESS, {})
            assert (await socket.receive())["type"] == "next"
            assert await socket.receive() == {"type": "ping"}
            assert await socket.end() == (4408, "Pong timeout")
        async with asyncio.timeout(5):
            await served.quiet()


async def test_who_answers_pings_stays() -> None:
    """Ten pings long, and whatever it says counts as an answer."""
    async with (
        ticking(live_ping_seconds=0.05, live_pong_seconds=2) as served,
        served.socket() as socket,
    ):
        for number in range(10):
            assert await socket.receive() == {"type": "ping"}
            kind = {"type": "pong"} if number % 2 else {"type": "complete", "id": "none"}
            await socket.send(kind)


async def test_an_operation_too_many_is_refused_alone() -> None:
    """Its `error` says LIMIT_EXCEEDED; the others run on, and a free place can be taken."""
    async with ticking(socket_operations=3) as served, served.socket() as socket:
        for key in ("1", "2", "3"):
            await socket.subscribe(key, ENDLESS, {})
            assert (await socket.receive())["type"] == "next"
        await socket.subscribe("4", "{ hello }", {})
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("4", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == ["LIMIT_EXCEEDED"]
        assert served.counts.open == 3
        await socket.send({"type": "complete", "id": "2"})
        await socket.subscribe("4", "{ hello }", {})
        assert (await socket.receive())["payload"] == {"data": {"hello": "world"}}


async def test_running_operations_hold_no_more_than_two_messages() -> None:
    """However small their number: long texts of few operations fill the same memory."""
    async with ticking(socket_message_bytes=4096) as served, served.socket() as socket:
        long = ENDLESS + " " * 3000
        for key in ("1", "2"):
            await socket.subscribe(key, long, {})
            assert (await socket.receive())["type"] == "next"
        await socket.subscribe("3", long, {})
        assert (await socket.receive())["type"] == "error"
        assert served.counts.open == 2


@pytest.mark.parametrize("frames", [1, 4])
async def test_a_message_too_large_closes_the_socket(frames: int) -> None:
    """1009, in one frame or in several; a message of just the size is taken."""
    async with ticking(socket_message_bytes=2048) as served, served.socket() as socket:
        empty = len(json.dumps({"type": "ping", "payload": {"a": ""}}))
        await socket.send({"type": "ping", "payload": {"a": "x" * (2048 - empty)}})
        assert await socket.receive() == {"type": "pong"}
        text = json.dumps({"type": "ping", "payload": {"a": "x" * (2049 - empty)}})
        size = -(-len(text) // frames)
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        await socket.connection.send(parts if frames > 1 else text)
        assert (await socket.end())[0] == 1009


async def test_a_flood_closes_the_socket() -> None:
    """1008 for more messages in a second than the setting allows."""
    async with (
        ticking(socket_messages_per_second=20) as served,
        served.socket() as socket,
    ):
        with suppress(ConnectionClosed):  # the server may be faster than the flood
            for _ in range(200):
                await socket.send({"type": "ping"})
        assert await socket.end() == (1008, "Too many messages")


async def test_one_client_takes_no_more_than_its_places() -> None:
    """The handshake is answered 429 with Retry-After; whoever leaves makes room."""
    async with ticking(live_connections_per_client=2) as served:
        async with served.socket(), served.socket():
            with pytest.raises(InvalidStatus) as refused:
                async with served.socket():
                    pass
            response = refused.value.response
            assert (response.status_code, response.headers["Retry-After"]) == (429, "10")
            assert len(served.places) == 2
        async with asyncio.timeout(5):
            await served.quiet()
        async with served.socket():
            assert len(served.places) == 1


async def test_a_full_process_says_so() -> None:
    """503: it is us who cannot, not the client who should not."""
    async with ticking(live_connections=1) as served, served.socket():
        with pytest.raises(InvalidStatus) as refused:
            async with served.socket():
                pass
        assert refused.value.response.status_code == 503


async def test_who_does_not_read_is_dropped() -> None:
    """Its subscription stops at its next event, and ends with the socket, which is cut."""
    async with ticking(live_send_seconds=0.5) as served, served.socket() as other:
        url = f"ws://{served.address}/graphql"
        async with connect(url, subprotocols=[SOCKET], max_queue=1, compression=None) as connection:
            socket = Socket(connection)
            await socket.start()
            await socket.subscribe("1", "subscription { ticks(size: 1000000) }", {})
            await socket.receive()
            async with asyncio.timeout(10):
                await served.quiet(places=1)
            made = served.counts.ticks
            assert served.counts.open == 0
            assert made < 50  # what fits into the kernel's buffers, not what it could make
        await other.subscribe("1", "{ hello }", {})
        assert (await other.receive())["payload"] == {"data": {"hello": "world"}}
