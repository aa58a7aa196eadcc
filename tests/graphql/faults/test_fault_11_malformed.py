"""Fault 11: malformed bodies and forms break the stock view, which answers 500."""

import json

import pytest

from kit.stock import MULTIPART, ours, served, stock

JSON = {"Content-Type": "application/json"}
BODIES = {
    "deep nesting": b"[" * 100_000,
    "an integer of 5,000 digits": b'{"query": "{ hello }", "variables": {"a": '
    + b"9" * 5000
    + b"}}",
    "not UTF-8 inside a string": b'{"query": "{ hello(name: \\"\xff\\") }"}',
    "null": b"null",
    "a number": b"7",
    "a string": b'"x"',
    "a boolean": b"true",
}
READ = "query ($files: [Upload!]!) { read(files: $files) }"
OPERATIONS = json.dumps({"query": READ, "variables": {"files": [None]}})
MAP = '{"0": ["variables.files.0"]}'
FORMS = {
    "operations null": ("null", MAP),
    "operations a number": ("7", MAP),
    "operations a string": ('"x"', MAP),
    "operations a list": (f"[{OPERATIONS}]", MAP),
    "map null": (OPERATIONS, "null"),
    "map a list": (OPERATIONS, "[]"),
    "map a number": (OPERATIONS, "7"),
    "paths null": (OPERATIONS, '{"0": null}'),
    "paths a number": (OPERATIONS, '{"0": 7}'),
    "path null": (OPERATIONS, '{"0": [null]}'),
    "path a number": (OPERATIONS, '{"0": [7]}'),
    "path through null": (OPERATIONS, '{"0": ["variables.files.0.a"]}'),
    "path past the list": (OPERATIONS, '{"0": ["variables.files.7"]}'),
    "index no number": (OPERATIONS, '{"0": ["variables.files.x"]}'),
    "operations nested": ("[" * 50_000, MAP),
}


@pytest.mark.parametrize("name", BODIES)
async def test_malformed_bodies_are_the_clients_fault(name: str) -> None:
    """Stock breaks with 500; ours answers 400 with `errors`."""
    async with served(stock()) as client:
        answer = await client.post("/graphql", content=BODIES[name], headers=JSON)
        assert answer.status_code == 500
    async with served(ours()) as client:
        answer = await client.post("/graphql", content=BODIES[name], headers=JSON)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize("name", FORMS)
async def test_malformed_forms_are_the_clients_fault(name: str) -> None:
    """The same with multipart."""
    operations, paths = FORMS[name]
    form = {"operations": operations, "map": paths}
    files = {"0": ("a.txt", b"a")}
    async with served(stock()) as client:
        answer = await client.post("/graphql", data=form, files=files)
        assert answer.status_code == 500
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=form, files=files, headers=MULTIPART)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_negative_index_counts_from_nowhere() -> None:
    """Stock takes -1 for the last item, as Python does; a path has digits only."""
    form = {"operations": OPERATIONS, "map": '{"0": ["variables.files.-1"]}'}
    files = {"0": ("a.txt", b"a")}
    async with served(stock()) as client:
        answer = await client.post("/graphql", data=form, files=files)
        assert answer.json() == {"data": {"read": ["a"]}}
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=form, files=files, headers=MULTIPART)
        assert answer.status_code == 400


async def test_a_file_cannot_take_the_place_of_a_value() -> None:
    """Stock replaces whatever is at the path; only a null may be replaced."""
    operations = json.dumps({"query": READ, "variables": {"files": ["value"]}})
    files = {"0": ("a.txt", b"a")}
    async with served(stock()) as client:
        form = {"operations": operations, "map": MAP}
        answer = await client.post("/graphql", data=form, files=files)
        assert answer.json() == {"data": {"read": ["a"]}}
    async with served(ours()) as client:
        answer = await client.post("/graphql", data=form, files=files, headers=MULTIPART)
        assert answer.status_code == 400
