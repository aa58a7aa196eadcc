"""uvicorn's connections, fed piece by piece: what counts as a head, and what is held back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from mailconfig.http.connections import HttpConnection, Joining, http_connection

HEAD_BYTES = 1000
"""Largest head here."""
START = b"POST / HTTP/1.1\r\nHost: x\r\n"
FIELD = b"X-Filler: %b\r\n" % (b"a" * 600)
"""Two of them are more than a head may have."""


class Wire(asyncio.Transport):
    """A transport that keeps what it is given, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep a piece."""
        self.sent.append(bytes(data))

    def close(self) -> None:
        """Note the end."""
        self.closed = True

    def is_closing(self) -> bool:
        """Tell whether it has ended."""
        return self.closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Have no buffer."""

    def pause_reading(self) -> None:
        """Have nothing to read."""

    def resume_reading(self) -> None:
        """Have nothing to read."""


async def silent(
    _scope: object, receive: Callable[[], Awaitable[dict[str, Any]]], _send: object
) -> None:
    """Take each request, and wait for its client to leave."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def refused(*pieces: bytes) -> bool:
    """Tell whether the head that the pieces end with is too large; each comes by itself."""
    config = uvicorn.Config(
        silent,  # type: ignore[arg-type] - its arguments are wider than uvicorn's
        http=http_connection(5.0, HEAD_BYTES, 5.0),
        log_config=None,
    )
    config.load()
    wire, connection = Wire(), config.http_protocol_class
    assert isinstance(connection, type)
    assert issubclass(connection, HttpConnection)
    state = ServerState()
    served = connection(config, state, {})
    served.connection_made(wire)
    for piece in pieces:
        served.data_received(piece)
    served.connection_lost(None)
    await asyncio.gather(*state.tasks)
    said = b"".join(wire.sent)
    assert said.startswith(b"HTTP/1.1 431 ") or not said
    return bool(said)


def posted(body: bytes, announced: int | None = None) -> bytes:
    """Return a request with (the start of) a body."""
    length = len(body) if announced is None else announced
    return b"%bContent-Length: %d\r\n\r\n%b" % (START, length, body)


async def test_the_tail_of_a_body_is_no_part_of_the_next_head() -> None:
    """A piece with the rest of a long body and the start of the next head is not refused."""
    body = b"b" * (5 * HEAD_BYTES)
    assert not await refused(posted(b"", len(body)), body + START, FIELD)


async def test_requests_before_a_head_are_no_part_of_it() -> None:
    """Nor is a whole request that came with the start of the next head."""
    assert not await refused(posted(b"b" * (5 * HEAD_BYTES)) + START, FIELD)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="first"),
        pytest.param((posted(b"b"),), id="after a request"),
        pytest.param((posted(b"", 5), b"bbbbb"), id="after a body"),
        # Here the first piece of the head is not counted, and the others are.
        pytest.param((posted(b"", 5), b"bbbbb" + START + FIELD), id="behind a body"),
        pytest.param((posted(b"b") + START + FIELD,), id="behind a request"),
    ],
)
async def test_a_head_that_does_not_end_is_refused(before: tuple[bytes, ...]) -> None:
    """Wherever it began, and however it is cut."""
    opened = before and before[-1].endswith(FIELD)
    head = FIELD * 2 if opened else START + FIELD * 2
    assert await refused(*before, head)
    cut = [head[at : at + 100] for at in range(0, len(head), 100)]
    assert await refused(*before, *cut)


async def test_a_head_of_the_largest_size_passes() -> None:
    """One byte more is refused while the head has not ended."""
    head = START + b"X: " + b"a" * (HEAD_BYTES - len(START) - 3)
    assert not await refused(head)
    assert not await refused(head[:50], head[50:])
    assert await refused(head + b"a")
    assert await refused(head[:50], head[50:] + b"a")


# ---- what is held back --------------------------------------------------------------------------


async def test_what_is_written_in_one_step_is_sent_together() -> None:
    """Nothing is sent before the step ends; the next step is sent by itself."""
    wire = Wire()
    joining = Joining(wire, asyncio.get_running_loop())
    for step in (b"12", b"34"):
        for byte in step:
            joining.write(bytes([byte]))
        assert step not in wire.sent
        await asyncio.sleep(0)
    assert wire.sent == [b"12", b"34"]


async def test_no_more_is_held_than_64_kib() -> None:
    """More is sent within the step, in order, so that the transport can say that it is enough."""
    wire = Wire()
    joining = Joining(wire, asyncio.get_running_loop())
    joining.write(b"a" * 65_536)
    assert wire.sent == []
    joining.write(b"b")
    assert [len(piece) for piece in wire.sent] == [65_537]
    joining.write(b"c" * 70_000)
    assert [len(piece) for piece in wire.sent] == [65_537, 70_000]
    joining.write(b"d")
    await asyncio.sleep(0)
    assert wire.sent == [b"a" * 65_536 + b"b", b"c" * 70_000, b"d"]


async def test_closing_sends_what_is_held() -> None:
    """In the same step, before the end."""
    wire = Wire()
    joining = Joining(wire, asyncio.get_running_loop())
    joining.write(b"a")
    joining.close()
    assert (wire.sent, wire.closed) == ([b"a"], True)
