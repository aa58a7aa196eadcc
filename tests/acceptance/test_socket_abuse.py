"""Issue 4, line 6: clients that stay away, flood, send garbage or never read hold nothing.

Against `mailconfig serve` in a process of its own, by raw connections that break the rules of
WebSocket as well as ours. Beside all of them a well-behaved client works on; afterwards the process
has the connections and, within a few MiB, the memory that it had before.
"""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from kit.serving import Served, make_owner, serving, signed_in

SETTINGS = {
    "LIVE_CONNECTIONS_PER_CLIENT": 60,
    "LIVE_PING_SECONDS": 3,
    "LIVE_PONG_SECONDS": 4,
    "LIVE_SEND_SECONDS": 1,
    "SOCKET_INIT_SECONDS": 1,
    "SOCKET_MESSAGE_BYTES": 16384,
    # Points would end what these tests are to show.
    "POINTS_PER_MINUTE": 10**9,
}
CROWD = 40
"""Rude clients at once, below the places of one address."""
GONE_SECONDS = 30
"""By then the process must have let them all go, whatever the machine is busy with."""
ANSWER_SECONDS = 10
"""Longest that a well-behaved client may wait for an answer meanwhile."""
GROWTH_MAX_KIB = 40 * 1024
"""What the allocator may keep of what the crowd had used; one message of each is 16 KiB."""

INIT = {"type": "connection_init"}
PROVIDERS = {
    "query": "{ providers(first: 100) { nodes { id name domains auth notes helpUrl regions } } }"
}
"""A long answer for a short question."""
LONG_BYTES = 20_000
"""How long at least."""

Rude = Callable[["Raw"], Awaitable[None]]


class Raw:
    """A WebSocket client that sends whatever bytes it likes (RFC 6455)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def upgrade(self, headers: str = "") -> bytes:
        """Send the handshake and return the status line of its answer."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head.partition(b"\r\n")[0]

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True) -> None:
        """Send a masked frame; the mask is zero, which the RFC does not forbid."""
        size = len(payload)
        length = struct.pack("!B", 0x80 | size) if size < 126 else b"\xff" + struct.pack("!Q", size)
        self.writer.write(bytes([opcode | (0x80 if fin else 0)]) + length + b"\0" * 4 + payload)

    def say(self, message: object) -> None:
        """Send a message as a client should."""
        self.frame(1, json.dumps(message).encode())

    async def start(self) -> None:
        """Open the socket and say who is there: nobody."""
        assert (await self.upgrade()).endswith(b"101 Switching Protocols")
        self.say(INIT)
        await self.reader.readuntil(b"connection_ack")


@asynccontextmanager
async def raw(address: str) -> AsyncIterator[Raw]:
    """Connect; the receive buffer is small, so that not reading is noticed soon."""
    host, _, port = address.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)  # noqa: FBT003 - the library's
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def stays_silent(client: Raw) -> None:
    """Open a socket and say nothing, not even who it is."""
    await client.upgrade()


async def stays_away(client: Raw) -> None:
    """Say who it is and answer no ping, neither ours nor WebSocket's."""
    await client.start()


async def sends_garbage(client: Raw) -> None:
    """Send what is no frame."""
    await client.start()
    client.writer.write(os.urandom(65536))


async def sends_nonsense(client: Raw) -> None:
    """Send frames that are no messages."""
    await client.start()
    for text in (b"\xff\xff", b"null", b"{", b"[" * 5000):
        client.frame(1, text)


async def sends_binary(client: Raw) -> None:
    """Send binary messages."""
    await client.start()
    client.frame(2, b"\0" * 1000)


async def floods(client: Raw) -> None:
    """Send a thousand messages in one breath."""
    await client.start()
    for _ in range(1000):
        client.say({"type": "ping"})


async def floods_with_operations(client: Raw) -> None:
    """Start a thousand operations and read none."""
    await client.start()
    for number in range(1000):
        client.say({"type": "subscribe", "id": str(number), "payload": PROVIDERS})


async def floods_with_pings(client: Raw) -> None:
    """Send pings of WebSocket itself, each of which asks for a pong, and read none."""
    await client.start()
    for _ in range(3000):
        client.frame(9, b"x" * 125)


async def never_ends_a_message(client: Raw) -> None:
    """Send the beginning of a message and then fragments without content."""
    await client.start()
    client.frame(1, b"{", fin=False)
    for _ in range(3000):
        client.frame(0, b"", fin=False)


async def sends_a_large_message(client: Raw) -> None:
    """Announce a gigabyte and send a megabyte of it."""
    await client.start()
    client.writer.write(b"\x81\xff" + struct.pack("!Q", 2**30) + b"\0" * 4 + b"x" * 2**20)


async def never_reads(client: Raw) -> None:
    """Ask for long answers at a modest pace and read none of them."""
    await client.start()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined] # not reading is the case
    for number in range(30):
        client.say({"type": "subscribe", "id": str(number), "payload": PROVIDERS})


async def cuts_the_handshake(client: Raw) -> None:
    """Leave in the middle of the handshake."""
    client.writer.write(b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")
    client.writer.transport.abort()


RUDE: list[Rude] = [
    stays_silent,
    stays_away,
    sends_garbage,
    sends_nonsense,
    sends_binary,
    floods,
    floods_with_operations,
    floods_with_pings,
    never_ends_a_message,
    sends_a_large_message,
    never_reads,
    cuts_the_handshake,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, as an operator runs it."""
    data = tmp_path_factory.mktemp("abuse") / "data"
    make_owner(data)
    with serving(data, **SETTINGS) as server:
        answer = httpx.post(f"{server.address}/graphql", json=PROVIDERS, trust_env=False)
        assert "errors" not in answer.json()
        assert len(answer.content) > LONG_BYTES
        yield server


@pytest.fixture(scope="module")
def token(served: Served) -> Iterator[str]:
    """The access token of somebody who behaves."""
    with signed_in(served) as client:
        yield str(client.token)


def kib(served: Served) -> int:
    """Return the resident memory of the process."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def connections(served: Served) -> int:
    """Count the sockets that the process has open, listening ones included."""
    folder = Path(f"/proc/{served.process.pid}/fd")
    count = 0
    for entry in folder.iterdir():
        with suppress(OSError):
            count += str(entry.readlink()).startswith("socket:")
    return count


async def polite(address: str, token: str, answered: asyncio.Event, stop: asyncio.Event) -> int:
    """Ask over one socket and over HTTP until told to stop; return how often it was answered."""
    by = {"Authorization": f"Bearer {token}"}
    url = address.replace("http://", "ws://") + "/graphql"
    asked = 0
    async with (
        httpx.AsyncClient(
            base_url=address, timeout=ANSWER_SECONDS, trust_env=False, headers=by
        ) as http,
        connect(
            url, subprotocols=[Subprotocol("graphql-transport-ws")], ping_interval=None
        ) as ours,
    ):
        await ours.send(json.dumps({**INIT, "payload": by}))
        await ours.recv()
        while not stop.is_set():
            message = {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}
            await ours.send(json.dumps(message))
            async with asyncio.timeout(ANSWER_SECONDS):
                while json.loads(frame := await ours.recv())["type"] != "complete":
                    if json.loads(frame)["type"] == "ping":
                        await ours.send('{"type": "pong"}')
            answer = await http.post("/graphql", json={"query": "{ __typename }"})
            assert answer.json()["data"] == {"__typename": "Query"}
            asked += 1
            answered.set()
            await asyncio.sleep(0.05)
    return asked


async def let_go(served: Served, before: int) -> None:
    """Wait until the process has no more connections than before."""
    async with asyncio.timeout(GONE_SECONDS):
        while connections(served) > before:  # noqa: ASYNC110 - another process tells nothing
            await asyncio.sleep(0.1)


async def crowd(served: Served, rude: Rude) -> None:
    """Let the crowd do it, and hold its connections until the process has let them go."""
    before = connections(served)

    async def one() -> None:
        async with raw(served.address) as client:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await rude(client)
            await gone.wait()

    gone = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        for _ in range(CROWD):
            clients.create_task(one())
        try:
            await asyncio.sleep(1)
            await let_go(served, before)
        finally:
            gone.set()


async def round_of(served: Served, token: str, rude: Rude) -> int:
    """Let the crowd do it beside a polite client; return how often that was answered."""
    answered, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as both:
        asking = both.create_task(polite(served.address, token, answered, stop))
        await answered.wait()  # its connections are not the crowd's
        try:
            await crowd(served, rude)
        finally:
            stop.set()
    return asking.result()


@pytest.mark.parametrize("rude", RUDE, ids=lambda rude: rude.__name__)
async def test_rude_clients_hold_nothing(served: Served, token: str, rude: Rude) -> None:
    """Their connections are gone while they still hold them, and nobody else has waited."""
    await round_of(served, token, rude)  # what is loaded once is not what they hold
    before, told = kib(served), len(served.events())
    assert await round_of(served, token, rude) >= 2
    assert kib(served) - before < GROWTH_MAX_KIB
    assert [line for line in served.events()[told:] if line["level"] != "info"] == []


async def test_one_address_has_its_places(served: Served) -> None:
    """More sockets than that are refused in the handshake, 429, and the others live on."""
    answers: list[bytes] = []
    together = asyncio.Barrier(70)
    async with asyncio.TaskGroup() as group:

        async def one() -> None:
            async with raw(served.address) as client:
                answers.append(await client.upgrade())
                await together.wait()

        for _ in range(70):
            group.create_task(one())
    statuses = [answer.split()[1] for answer in answers]
    assert sorted(statuses) == [b"101"] * 60 + [b"429"] * 10


async def test_a_stream_that_is_not_read_is_let_go(served: Served) -> None:
    """By event streams as by sockets: forty long answers that nobody takes."""
    before = connections(served)
    body = json.dumps(PROVIDERS).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with asyncio.TaskGroup() as group:
        gone = asyncio.Event()

        async def one() -> None:
            async with raw(served.address) as client:
                client.reader._transport.pause_reading()  # type: ignore[attr-defined] # not reading is the case
                with suppress(ConnectionError):
                    for _ in range(20):
                        client.writer.write(head.encode() + body)
                await gone.wait()

        for _ in range(CROWD):
            group.create_task(one())
        await asyncio.sleep(1)
        try:
            await let_go(served, before)
        finally:
            gone.set()


async def test_no_secret_of_the_handshake_is_logged(tmp_path: Path) -> None:
    """Not at the lowest level, where libraries log frames; neither a good token nor a bad one."""
    data = tmp_path / "data"
    make_owner(data)
    with serving(data, LOG_LEVEL="DEBUG") as server, signed_in(server) as client:
        url = server.address.replace("http://", "ws://") + "/graphql"
        for token in (str(client.token), "a-token-that-is-none"):
            async with connect(
                url, subprotocols=[Subprotocol("graphql-transport-ws")]
            ) as client_socket:
                payload = {"Authorization": f"Bearer {token}", "password": "hunter2-hunter2"}
                await client_socket.send(json.dumps({**INIT, "payload": payload}))
                with suppress(Exception):
                    await client_socket.recv()
        log = server.log.read_text()
    assert log
    for secret in (str(client.token), "a-token-that-is-none", "hunter2-hunter2"):
        assert secret not in log
