"""Fault 20: a part that is mapped to two paths is empty for its second reader."""

import json

from kit.stock import MULTIPART, ours, served, stock

OPERATIONS = json.dumps(
    {
        "query": """
          query ($one: [Upload!]!, $all: [Upload!]!) {
            first: read(files: $one)
            second: read(files: $all)
          }
        """,
        "variables": {"one": [None], "all": [None, None]},
    }
)
MAP = '{"0": ["variables.one.0", "variables.all.0", "variables.all.1"]}'
CONTENT = "as long as it is"


async def test_each_reader_reads_all_of_it() -> None:
    """Also those that read at the same time, as fields of a query do."""
    form = {"operations": OPERATIONS, "map": MAP}
    files = {"0": ("a.txt", CONTENT.encode())}
    async with served(stock()) as client:
        answer = await client.post("/graphql", data=form, files=files)
        read = answer.json()["data"]["first"] + answer.json()["data"]["second"]
        assert sorted(read) == ["", "", CONTENT]
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=form, files=files, headers=MULTIPART)
        assert answer.json()["data"] == {"first": [CONTENT], "second": [CONTENT, CONTENT]}
