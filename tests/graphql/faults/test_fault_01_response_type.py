"""Fault 1: the stock view does not know application/graphql-response+json."""

import pytest

from kit.stock import ours, served, stock

RESPONSE = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("body", "status", "members"),
    [
        ({"query": "{ hello }"}, 200, {"data"}),
        # Errors of fields leave the data, request errors have none.
        ({"query": "{ broken }"}, 200, {"data", "errors"}),
        ({"query": "{ nobody }"}, 400, {"errors"}),
        ({"query": "{"}, 400, {"errors"}),
    ],
)
async def test_the_type_for_answers_is_answered_in(
    body: dict[str, str], status: int, members: set[str]
) -> None:
    """Stock answers JSON at 200 whatever happened; ours the type that was asked for."""
    headers = {"Accept": RESPONSE}
    async with served(stock()) as client:
        answer = await client.post("/graphql", json=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    async with served(ours()) as client:
        answer = await client.post("/graphql", json=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
        assert answer.json().keys() == members


async def test_what_nobody_can_read_is_not_sent() -> None:
    """Stock sends JSON to who accepts images only; ours says what there is."""
    headers = {"Accept": "image/png"}
    async with served(stock()) as client:
        answer = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
        assert answer.status_code == 200
    async with served(ours()) as client:
        answer = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
        assert answer.status_code == 406
        assert RESPONSE in answer.json()["errors"][0]["message"]
