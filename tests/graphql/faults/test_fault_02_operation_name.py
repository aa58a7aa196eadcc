"""Fault 2: several operations without operationName; GraphQL, section 6.1, asks for an error."""

import pytest

from kit.api import MEMBER, Api, FakeProber
from kit.live import listening
from kit.stock import served, stock
from mailconfig.settings import Settings

SEVERAL = "query A { a: __typename } query B { b: __typename }"
SAID = "Give operationName: the document has several operations."


async def test_the_stock_library_runs_the_first() -> None:
    """Nobody asked for it."""
    async with served(stock()) as client:
        answer = await client.post("/graphql", json={"query": SEVERAL})
        assert (answer.status_code, answer.json()) == (200, {"data": {"a": "Query"}})


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_ours_asks_which(api: Api) -> None:
    """A request error: no data, nothing was run; with a name it runs, each time anew."""
    for _ in range(2):
        answer = await api.client.post("/graphql", json={"query": SEVERAL})
        assert "data" not in answer.json()
        (error,) = answer.json()["errors"]
        assert (error["message"], error["extensions"]) == (SAID, {"code": "BAD_REQUEST"})
        named = {"query": SEVERAL, "operationName": "B"}
        answer = await api.client.post("/graphql", json=named)
        assert answer.json()["data"] == {"b": "Query"}
    for name in ("C", ""):
        answer = await api.client.post("/graphql", json={"query": SEVERAL, "operationName": name})
        assert "data" not in answer.json()
        assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_socket_is_asked_too(app_settings: Settings) -> None:
    """The operation ends with its error, and the socket lives on."""
    async with listening(app_settings, FakeProber()) as live, live.socket(MEMBER) as socket:
        await socket.subscribe("1", SEVERAL, {})
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["message"]) == ("error", SAID)
        await socket.subscribe("2", "{ __typename }", {})
        assert (await socket.receive())["payload"]["data"] == {"__typename": "Query"}
