"""Connections of `mailconfig serve`, byte by byte: heads have bounds, nonsense an answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kit.serving import Served, serving

SECONDS = 1
"""How long a head may take here."""
PATIENCE = 15
"""Longest that a test waits for a connection to be closed."""
QUERY = b'{"query":"{ __typename }"}'
POST = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(QUERY), QUERY)
)


@pytest.fixture(scope="module")
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that does not wait long for heads."""
    folder: Path = tmp_path_factory.mktemp("connections")
    with serving(folder / "data", HEAD_SECONDS=SECONDS) as found:
        yield found


@asynccontextmanager
async def connected(
    served: Served,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said(served: Served, *parts: bytes) -> bytes:
    """Return all that the server says to what is sent, until it closes."""
    async with connected(served) as (reader, writer), asyncio.timeout(PATIENCE):
        for part in parts:
            writer.write(part)
        return await reader.read()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return status line and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head.partition(b"\r\n")[0], await reader.readexactly(length)


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_head_that_does_not_end_in_time_is_cut(served: Served, start: bytes) -> None:
    """On a new connection, whether or not anything came."""
    assert await said(served, start) == b""


async def test_the_head_of_a_later_request_has_the_same_time(served: Served) -> None:
    """A connection that was answered is not free to dawdle."""
    async with connected(served) as (reader, writer), asyncio.timeout(PATIENCE):
        writer.write(POST)
        assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"
        writer.write(b"POST /graphql HTTP/1.1\r\n")
        assert await reader.read() == b""


async def test_a_head_without_end_is_refused(served: Served) -> None:
    """What is kept of it has a bound: 431, and the connection is over."""
    endless = (b"X-Filler: %b\r\n" % (b"a" * 8000)) * 13
    said_to_it = await said(served, b"GET / HTTP/1.1\r\nHost: x\r\n", endless)
    assert said_to_it.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x00: b\r\n\r\n",
    ],
    ids=["TLS", "path", "two lengths", "length and chunks", "negative", "space", "zero byte"],
)
async def test_what_is_no_request_is_refused(served: Served, nonsense: bytes) -> None:
    """400 and the end, so that nothing in front of us can read it in another way."""
    assert (await said(served, nonsense)).startswith(b"HTTP/1.1 400 ")


async def test_requests_that_come_at_once_are_answered_in_order(served: Served) -> None:
    """Pipelining (RFC 9112, section 9.3.2), and a body in two pieces, and one in chunks."""
    chunked = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(QUERY), QUERY)
    )
    async with connected(served) as (reader, writer), asyncio.timeout(PATIENCE):
        writer.write(POST + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + chunked + POST[:-4])
        first, second, third = [await answer(reader) for _ in range(3)]
        await asyncio.sleep(0.2)
        writer.write(POST[-4:])
        fourth = await answer(reader)
    for status, body in (first, third, fourth):
        assert status == b"HTTP/1.1 200 OK"
        assert b'"__typename":"Query"' in body
    assert b"__typename" not in second[1]
