"""Fault 4: the stock view streams to whoever lists text/event-stream, in lines that urql misses."""

import httpx
import pytest

from kit.stocksockets import stock_sockets
from kit.ticking import ticking

URQL_QUERY = (
    "application/graphql-response+json, application/graphql+json, application/json,"
    " text/event-stream, multipart/mixed"
)
"""What urql sends with every query and mutation."""
URQL_SUBSCRIPTION = "text/event-stream, multipart/mixed"
"""What it sends with a subscription."""


async def answered(address: str, accept: str, query: str = "{ hello }") -> httpx.Response:
    """Ask with an Accept header."""
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
        body = {"query": query}
        return await client.post("/graphql", json=body, headers={"Accept": accept})


async def test_a_query_that_lists_streams_last_has_an_answer() -> None:
    """Stock answers urql's queries with a stream; ours with JSON."""
    async with stock_sockets() as address:
        answer = await answered(address, URQL_QUERY)
        assert answer.headers["content-type"].startswith("text/event-stream")
    async with ticking() as served:
        answer = await answered(served.address, URQL_QUERY)
        assert answer.headers["content-type"].startswith("application/graphql-response+json")
        assert answer.json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        (URQL_SUBSCRIPTION, True),
        ("TEXT/Event-Stream; charset=utf-8", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("text/event-stream;q=0.5, application/json", False),
        ("application/json, text/event-stream;q=0", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_streams_are_for_who_prefers_them(accept: str, *, streams: bool) -> None:
    """Weights count, then places (RFC 9110, section 12.5.1)."""
    async with ticking() as served:
        answer = await answered(served.address, accept)
        kind = answer.headers["content-type"].partition(";")[0]
        assert (kind == "text/event-stream") is streams


async def test_events_end_in_two_line_feeds() -> None:
    """That is where urql splits events; stock ends them in CRLF CRLF, which has no LF LF."""
    async with stock_sockets() as address:
        answer = await answered(address, URQL_SUBSCRIPTION, "subscription { count }")
        assert b"\n\n" not in answer.content
    async with ticking() as served:
        answer = await answered(served.address, URQL_SUBSCRIPTION)
        events = answer.text.split("\n\n")
        assert events == [
            'event: next\ndata: {"data":{"hello":"world"}}',
            "event: complete\ndata: ",
            "",
        ]
