"""Fault 13: the stock view takes forms that any page can send with its visitor's cookie."""

import json

import pytest

from kit.stock import ours, served, stock

FORM = {
    "operations": json.dumps(
        {
            "query": "query ($files: [Upload!]!) { read(files: $files) }",
            "variables": {"files": [None]},
        }
    ),
    "map": '{"0": ["variables.files.0"]}',
}
FILES = {"0": ("a.txt", b"a")}


async def test_a_form_without_a_header_is_refused() -> None:
    """Browsers send multipart across sites without asking; such a header makes them ask."""
    async with served(stock()) as client:
        answer = await client.post("/graphql", data=FORM, files=FILES)
        assert answer.json() == {"data": {"read": ["a"]}}
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=FORM, files=FILES)
        assert answer.status_code == 403
        assert "GraphQL-Require-Preflight" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "header", ["Apollo-Require-Preflight", "graphql-require-preflight", "X-CSRF-Token"]
)
async def test_each_of_the_headers_will_do(header: str) -> None:
    """Those of Apollo's client, of the specification's working group, and our own."""
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=FORM, files=FILES, headers={header: "1"})
        assert answer.json() == {"data": {"read": ["a"]}}
