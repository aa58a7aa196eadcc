"""Fault 18: with incremental delivery on, the stock view sends multipart/mixed to everybody."""

import pytest
from strawberry.schema.config import StrawberryConfig

from kit.api import Api
from kit.stock import served, stock
from mailconfig.graphql.scalars import CONFIG

DEFERRED = {"query": "{ ... @defer { __typename } }"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_deferring_is_off(api: Api) -> None:
    """Stock answers in parts to who accepts JSON only; ours has no such directive."""
    config = StrawberryConfig(enable_experimental_incremental_execution=True)
    headers = {"Accept": "application/json"}
    async with served(stock(config=config)) as client:
        answer = await client.post("/graphql", json=DEFERRED, headers=headers)
        assert answer.headers["content-type"].startswith("multipart/mixed")
    assert CONFIG.enable_experimental_incremental_execution is False
    answer = await api.client.post("/graphql", json=DEFERRED, headers=headers)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "Unknown directive '@defer'" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_parts_are_not_sent(api: Api) -> None:
    """Who accepts nothing else is told so; who accepts JSON as well gets JSON."""
    parts = "multipart/mixed;deferSpec=20220824"
    for accept, status in ((parts, 406), (f"{parts}, application/json", 200)):
        answer = await api.client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Accept": accept}
        )
        assert answer.status_code == status
