"""Fault 10: the stock scalar Upload takes any value, so a string reaches the resolver."""

import pytest

from kit.stock import ours, served, stock

READ = "query ($files: [Upload!]!) { read(files: $files) }"


@pytest.mark.parametrize("value", ["text", 7, True, {"a": 1}, [1]])
async def test_what_is_no_file_is_no_upload(value: object) -> None:
    """Stock hands it to the resolver; ours refuses it before anything runs."""
    body = {"query": READ, "variables": {"files": [value]}}
    async with served(stock()) as client:
        answer = await client.post("/graphql", json=body)
        assert answer.json()["data"] == {"read": [f"no file but {type(value).__name__}"]}
    async with served(ours()) as client:
        answer = await client.post("/graphql", json=body)
        assert "data" not in answer.json()
        assert "file of a multipart request" in answer.json()["errors"][0]["message"]


async def test_literals_are_no_files_either() -> None:
    """A file cannot be written into a document."""
    body = {"query": '{ read(files: ["text"]) }'}
    async with served(stock()) as client:
        assert (await client.post("/graphql", json=body)).json()["data"] is not None
    async with served(ours()) as client:
        assert "data" not in (await client.post("/graphql", json=body)).json()
