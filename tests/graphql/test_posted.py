"""The short way of posted operations: the same answers as the general way, and nothing refused."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from kit.api import MEMBER, Api
from mailconfig.graphql import view

GENERAL = "application/json;charset=utf-8"
"""Says what application/json says, and is left to the general way."""
TYPENAME = '{"query":"{ __typename }"}'


@pytest.fixture
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Bodies that went the short way."""
    taken: list[bytes] = []
    general = view.View.answer

    async def noted(self: view.View, request: Request, accept: str | None, body: bytes) -> Response:
        taken.append(body)
        return await general(self, request, accept, body)

    monkeypatch.setattr(view.View, "answer", noted)
    return taken


async def post(api: Api, content: str | bytes, **headers: str) -> httpx.Response:
    """Post a body as somebody who is signed in."""
    given = {"Authorization": f"Bearer {await api.token(MEMBER)}", "X-Request-Id": "one-request"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.client.post("/graphql", content=content, headers=given)


def operation(query: str, variables: dict[str, Any] | None = None) -> str:
    """Return a body."""
    return json.dumps({"query": query, "variables": variables})


SAME = {
    "a query": operation("{ viewer { email } }"),
    "what all may see": operation("{ providers(first: 2) { nodes { name } } }"),
    "a mutation that fails": operation('mutation { delete(input: {id: "x"}) { errors { path } } }'),
    "an error of a field": operation('{ configs(first: 1, after: "x") { nodes { id } } }'),
    "an unknown field": operation("{ nothing }"),
    "no document": operation("{"),
    "words in a language": operation('{ explain(input: {text: "535 no"}) { title } }'),
    "a subscription": operation("subscription { discoveryProgress(x: 1) }"),
    "no JSON": "{",
    "a batch": "[]",
    "nothing": "",
    "wrong types": '{"query":1}',
    "not UTF-8": b'{"query":"\xff"}',
}


@pytest.mark.parametrize("accept", [None, "*/*", "application/graphql-response+json", "text/css"])
@pytest.mark.parametrize("name", SAME)
async def test_both_ways_say_the_same(
    api: Api, short: list[bytes], name: str, accept: str | None
) -> None:
    """Status, headers and body, whatever is asked."""
    wish = {"Accept": accept} if accept else {}
    general = await post(api, SAME[name], Content_Type=GENERAL, **wish)
    assert short == []
    found = await post(api, SAME[name], Content_Type="application/json", **wish)
    assert len(short) == 1
    assert found.status_code == general.status_code
    assert sorted(found.headers.items()) == sorted(general.headers.items())
    assert shown(found) == shown(general)


def shown(response: httpx.Response) -> object:
    """Return an answer without what is left of the points, which grows back."""
    answer: dict[str, Any] = response.json()
    answer.get("extensions", {}).get("cost", {}).pop("remaining", None)
    return answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/json", "Content_Encoding": "gzip"}, 415),
        ({"Content_Type": "application/json", "X_Long": "a" * 40_000}, 431),
    ],
    ids=["another type", "a coding", "long headers"],
)
async def test_what_is_refused_is_refused_by_the_general_way(
    api: Api, short: list[bytes], headers: dict[str, str], status: int
) -> None:
    """The short way leaves alone what is not plainly for it."""
    assert (await post(api, TYPENAME, **headers)).status_code == status
    assert short == []


async def test_a_long_body_is_left_alone(api: Api, short: list[bytes]) -> None:
    """Whether or not the request says how long it is."""
    large = operation("{ __typename }" + " " * 300_000)

    async def pieces() -> AsyncIterator[bytes]:
        yield large.encode()

    headers = {"Content-Type": "application/json"}
    assert (await post(api, large, Content_Type="application/json")).status_code == 413
    found = await api.client.post("/graphql", content=pieces(), headers=headers)
    assert found.status_code == 413
    assert short == []


async def test_queries_by_get(api: Api, short: list[bytes]) -> None:
    """Answered alike; pages and mutations are not for them, and who has the data is told so."""
    params = {"query": "{ providers(first: 1) { nodes { name } } }"}
    found = await api.client.get("/graphql", params=params)
    general = await api.client.get("/graphql", params=params, headers={"Accept": "*/*, text/html"})
    assert len(short) == 1
    assert shown(found) == shown(general)
    assert found.headers["etag"] == general.headers["etag"]
    headers = {"If-None-Match": found.headers["etag"]}
    known = await api.client.get("/graphql", params=params, headers=headers)
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == found.headers["etag"]
    assert "content-type" not in known.headers
    writing = await api.client.get("/graphql", params={"query": "mutation { logout { ok } }"})
    assert (writing.status_code, writing.headers["allow"]) == (405, "POST")
    page = await api.client.get("/graphql", headers={"Accept": "text/html"})
    assert page.status_code in {200, 404}
    assert len(short) == 3


async def test_other_ways_stay_open(api: Api, short: list[bytes]) -> None:
    """Events and a body in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        yield TYPENAME[:5].encode()
        yield TYPENAME[5:].encode()

    headers = {"Content-Type": "application/json"}
    in_pieces = await api.client.post("/graphql", content=pieces(), headers=headers)
    assert in_pieces.json()["data"] == {"__typename": "Query"}
    events = await post(api, TYPENAME, Content_Type="application/json", Accept="text/event-stream")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert short == []


async def test_what_fails_in_the_short_way_is_the_servers_to_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours is an error of the server, and the next request is served."""

    async def failing(_self: view.View, _request: Request, _accept: str, _body: bytes) -> Response:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(view.View, "answer", failing)
        broken = await post(api, TYPENAME, Content_Type="application/json")
    assert broken.status_code == 500
    assert (await post(api, TYPENAME, Content_Type="application/json")).status_code == 200


async def test_each_answer_has_an_id(api: Api, short: list[bytes]) -> None:
    """The caller's where it is one, else a fresh one."""
    found = await post(api, TYPENAME, Content_Type="application/json")
    assert found.headers["x-request-id"] == "one-request"
    forged = await post(api, TYPENAME, Content_Type="application/json", X_Request_Id="a b")
    assert len(forged.headers["x-request-id"]) == 16
    assert len(short) == 2
