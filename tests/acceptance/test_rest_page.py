"""docs/rest.md does what it says: its requests run in order and get the answers beside them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kit.api import Api
from kit.rest import open_rest
from mailconfig.http.problems import title_of
from mailconfig.http.rest.table import ROWS

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

PAGE = Path(__file__).parents[2] / "docs" / "rest.md"
ANYTHING = "..."
NAME = re.compile(r"\b(?:CONFIG|TOKEN|CSRF|CURSOR)\b")
"""Values that an answer gives and later requests use."""


def blocks() -> list[str]:
    """Return the blocks of the page: requests and answers by turns."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```http\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)


def parsed(block: str) -> tuple[str, dict[str, str], str]:
    """Return the first line, the headers and the body of a block."""
    head, _, body = block.partition("\n\n")
    first, *lines = head.splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    return first, headers, body


def filled(text: str, names: dict[str, str]) -> str:
    """Put the values of earlier answers in."""
    return NAME.sub(lambda found: names[found[0]], text)


def compare(expected: Any, value: Any, names: dict[str, str], where: str) -> None:  # noqa: ANN401 - JSON
    """Hold a value against the page, and learn the names that it gives."""
    if expected == ANYTHING:
        return
    if isinstance(expected, str) and NAME.fullmatch(expected):
        assert names.setdefault(expected, value) == value, where
    elif isinstance(expected, dict):
        told = expected.keys() - {ANYTHING}
        assert told <= value.keys() if ANYTHING in expected else told == value.keys(), where
        for name in told:
            compare(expected[name], value[name], names, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(expected) == len(value), where
        for number, (left, right) in enumerate(zip(expected, value, strict=True)):
            compare(left, right, names, f"{where}.{number}")
    else:
        assert expected == value, where


async def test_the_pairs_of_the_page(api: Api) -> None:
    """Each request gets its answer: status, the headers that are shown, and the body."""
    rest = await open_rest(api)
    names: dict[str, str] = {}
    found = blocks()
    for asked, answered in zip(found[::2], found[1::2], strict=True):
        line, headers, body = parsed(asked)
        method, path = filled(line, names).split(" ")
        given = {name: filled(value, names) for name, value in headers.items()}
        if "boundary" in given.get("Content-Type", ""):
            body = body.replace("\n", "\r\n") + "\r\n"
        answer = await rest.send(None, method, path, headers=given, content=body.encode())
        if "accessToken" in path:
            api.client.cookies.clear()  # programs keep none
        status, shown, expected = parsed(answered)
        assert f"{answer.status_code} {title_of(answer.status_code)}" == status, asked
        if expected:
            compare(json.loads(expected), answer.json(), names, asked)
        for name, value in shown.items():
            start, dots, _ = filled(value, names).partition(ANYTHING)
            real = answer.headers[name]
            assert real.startswith(start) if dots else real == start, (asked, name)
    asked_rows = {(method, path) for method, path, _ in rest.seen}
    assert asked_rows == {(row.method, row.path) for row in ROWS}


def test_the_page_names_all_paths(engine: str) -> None:
    """Its first table has every path of the interface."""
    del engine
    text = PAGE.read_text(encoding="utf-8")
    assert [row.path for row in ROWS if f"`{row.path}`" not in text] == []
