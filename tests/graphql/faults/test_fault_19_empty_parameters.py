"""Fault 19: the stock view refuses GET with an empty `variables=`, which clients send."""

import pytest

from kit.stock import ours, served, stock


@pytest.mark.parametrize("name", ["variables", "extensions"])
async def test_an_empty_parameter_is_none(name: str) -> None:
    """Specifying the empty string is equivalent to not specifying the parameter."""
    params = {"query": "{ hello }", name: ""}
    async with served(stock()) as client:
        assert (await client.get("/graphql", params=params)).status_code == 400
    async with served(ours()) as client:
        answer = await client.get("/graphql", params=params)
        assert answer.json() == {"data": {"hello": "hello you"}}


async def test_an_empty_operation_name_is_none() -> None:
    """The same; stock looks for an operation without a name."""
    params = {"query": "query A { hello }", "operationName": ""}
    async with served(stock()) as client:
        assert (await client.get("/graphql", params=params)).status_code == 400
    async with served(ours()) as client:
        answer = await client.get("/graphql", params=params)
        assert answer.json() == {"data": {"hello": "hello you"}}
