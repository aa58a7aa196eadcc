"""Fault 3: failures of HTTP are plain text, with the wrong status and without Allow."""

from typing import Any

import pytest

from kit.stock import ours, served, stock

CASES: list[tuple[str, dict[str, Any], int, int, str | None]] = [
    # method, request, status of the stock view, ours, ours of Allow
    ("PUT", {"json": {"query": "{ hello }"}}, 405, 405, "GET, HEAD, POST"),
    ("GET", {"params": {"query": "mutation { slow }"}}, 400, 405, "POST"),
    (
        "POST",
        {"content": b"{ hello }", "headers": {"Content-Type": "application/graphql"}},
        400,
        415,
        None,
    ),
    ("POST", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, 400, None),
]


@pytest.mark.parametrize(("method", "request_", "before", "after", "allow"), CASES)
async def test_failures_are_json_with_their_own_status(
    method: str, request_: dict[str, Any], before: int, after: int, allow: str | None
) -> None:
    """Stock answers text that GraphQL clients cannot show; ours `errors`, and Allow with 405."""
    async with served(stock()) as client:
        answer = await client.request(method, "/graphql", **request_)
        assert answer.status_code == before
        assert answer.headers["content-type"].startswith("text/plain")
        assert "allow" not in answer.headers
    async with served(ours()) as client:
        answer = await client.request(method, "/graphql", **request_)
        assert (answer.status_code, answer.headers.get("allow")) == (after, allow)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {"code": "BAD_REQUEST"}
