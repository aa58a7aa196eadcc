"""Answers that are the same for everyone: kept as bytes, told apart, bounded, and known by ETag."""

from typing import Any

import orjson
import pytest

from kit.api import MEMBER, Api, serving
from mailconfig.domain.errors import Fault
from mailconfig.graphql.budgets import Budgets
from mailconfig.graphql.cached import SharedAnswers, shared_key
from mailconfig.graphql.context import Context
from mailconfig.graphql.schema import build_schema
from mailconfig.graphql.shared import SharedData
from mailconfig.settings import Settings

PROVIDERS = "query ($first: Int) { providers(first: $first) { nodes { name } totalCount } }"
SCHEMA = build_schema()


def key_of(text: str, variables: dict[str, Any] | None = None, name: str | None = None) -> object:
    """Return what the answer of a document is kept under."""
    plan = SCHEMA.plans.read(text)
    assert not plan.errors, plan.errors
    operation = plan.operation(name)
    assert operation is not None
    return shared_key(plan, operation, variables, "en")


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        pytest.param("{ providers { nodes { id } } }", True, id="providers"),
        pytest.param('{ a: provider(by: {id: "gmail"}) { id } __typename }', True, id="provider"),
        pytest.param("{ __typename providers { totalCount } }", True, id="typename"),
        pytest.param("{ providers { totalCount } viewer { id } }", False, id="viewer"),
        pytest.param("{ configs { nodes { id } } }", False, id="configs"),
        pytest.param('{ config(id: "x") { provider { id } } }', False, id="provider of a config"),
        pytest.param("{ ...F } fragment F on Query { viewer { id } }", False, id="fragment"),
        pytest.param("{ ... { providers { totalCount } } }", False, id="inline fragment"),
        pytest.param("mutation { __typename }", False, id="mutation"),
    ],
)
def test_only_the_catalogue_is_shared(text: str, shared: bool) -> None:
    """Whatever asks for anything that depends on the caller has no key."""
    assert (key_of(text) is not None) is shared


def test_keys_tell_requests_apart() -> None:
    """Document, operation, variables and language each make another key."""
    named = "query A { providers { totalCount } } query B { providers { nodes { id } } }"
    plan = SCHEMA.plans.read(PROVIDERS)
    operation = plan.operation(None)
    assert operation is not None
    keys = [
        key_of(PROVIDERS),
        key_of(PROVIDERS, {"first": 1}),
        key_of(PROVIDERS, {"first": 2}),
        key_of(f"{PROVIDERS} "),
        key_of(named, name="A"),
        key_of(named, name="B"),
        shared_key(plan, operation, None, "de"),
    ]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert key_of(PROVIDERS, {"first": 1}) == key_of(PROVIDERS, {"first": 1})
    assert key_of(PROVIDERS, {"first": object()}) is None


def test_bytes_are_bounded() -> None:
    """The least recently used leave; what is too large is not kept at all."""
    answers = SharedAnswers(most_bytes=5_000)
    for number in range(10):
        answers.put(("{ a }", None, str(number).encode(), "en"), {"a": "x" * 400})
    assert 0 < len(answers) < 10
    assert answers.kept_bytes <= 5_000
    assert answers.get(("{ a }", None, b"9", "en")) is not None
    assert answers.get(("{ a }", None, b"0", "en")) is None
    before = len(answers)
    answers.put(("{ b }", None, b"", "en"), {"b": "x" * 2_000_000})
    assert len(answers) == before


async def test_the_second_answer_is_the_first(api: Api) -> None:
    """A repeated request has the same data, its own cost, and other variables other data."""
    answers = [
        (await api.client.post("/graphql", json={"query": PROVIDERS, "variables": given})).json()
        for given in ({"first": 2}, {"first": 2}, {"first": 3}, {"first": 2})
    ]
    assert answers[0]["data"] == answers[1]["data"] == answers[3]["data"]
    assert [len(answer["data"]["providers"]["nodes"]) for answer in answers] == [2, 2, 3, 2]
    assert all("errors" not in answer for answer in answers)


async def test_an_error_is_never_shared(api: Api) -> None:
    """What a request got wrong is told each time, and nothing of it is kept."""
    body = {"query": PROVIDERS, "variables": {"first": 1000}}
    for _ in range(2):
        answer = (await api.client.post("/graphql", json=body)).json()
        assert answer["errors"][0]["path"] == ["providers"]


async def test_a_get_is_told_that_nothing_changed(api: Api) -> None:
    """The ETag of a GET is answered by 304 without a body; another request has another ETag."""
    query = "{ providers(first: 2) { nodes { name } } }"
    first = await api.client.get("/graphql", params={"query": query})
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await api.client.get(
            "/graphql", params={"query": query}, headers={"If-None-Match": sent}
        )
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await api.client.get(
        "/graphql",
        params={"query": "{ providers(first: 3) { nodes { name } } }"},
        headers={"If-None-Match": tag},
    )
    assert other.status_code == 200
    assert other.headers["etag"] != tag


async def test_both_ways_say_alike_that_nothing_changed(api: Api) -> None:
    """Status and headers of a 304, for who accepts a page and so goes the general way, too."""
    params = {"query": "{ providers(first: 2) { nodes { name } } }"}
    tag = (await api.client.get("/graphql", params=params)).headers["etag"]
    headers = {"If-None-Match": tag, "X-Request-Id": "one-request"}
    short = await api.client.get("/graphql", params=params, headers=headers)
    headers["Accept"] = "*/*, text/html"
    general = await api.client.get("/graphql", params=params, headers=headers)
    assert (short.status_code, general.status_code) == (304, 304)
    assert sorted(short.headers.items()) == sorted(general.headers.items())


async def test_that_nothing_changed_costs_points_once(app_settings: Settings) -> None:
    """As much as the answer did; when the points are gone it is 429, whoever has the data."""
    settings = app_settings.model_copy(update={"points_per_minute": 100})
    async with serving(settings) as api:
        params = {"query": "{ providers(first: 4) { nodes { name } } }"}
        first = await api.client.get("/graphql", params=params)
        cost = first.json()["extensions"]["cost"]
        headers = {"If-None-Match": first.headers["etag"]}
        granted = cost["remaining"] // cost["requested"]
        statuses = [
            (await api.client.get("/graphql", params=params, headers=headers)).status_code
            for _ in range(granted + 5)
        ]
        assert statuses[:granted] == [304] * granted
        assert 429 in statuses[granted:]


async def test_another_operation_of_the_document_is_another_answer(api: Api) -> None:
    """A tag is compared with what is meant; who does not say which is told to."""
    query = """query A { providers(first: 1) { nodes { name } } }
        query B { providers(first: 2) { nodes { name } } }"""
    params = {"query": query, "operationName": "A"}
    first = await api.client.get("/graphql", params=params)
    headers = {"If-None-Match": first.headers["etag"]}
    assert (await api.client.get("/graphql", params=params, headers=headers)).status_code == 304
    params["operationName"] = "B"
    other = await api.client.get("/graphql", params=params, headers=headers)
    assert len(other.json()["data"]["providers"]["nodes"]) == 2
    vague = await api.client.get("/graphql", params={"query": query}, headers=headers)
    assert vague.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_failing_budget_is_masked_for_who_has_the_data(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be paid nothing is answered, and the error says no more than others."""
    params = {"query": "{ providers(first: 2) { nodes { name } } }"}
    tag = (await api.client.get("/graphql", params=params)).headers["etag"]

    async def failing(_self: Budgets, _context: Context, _points: int) -> dict[str, int]:
        raise Fault("the store of points is away")

    monkeypatch.setattr(Budgets, "spend", failing)
    answer = await api.client.get("/graphql", params=params, headers={"If-None-Match": tag})
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "store" not in answer.text


def test_headers_of_one_answer_are_its_own() -> None:
    """Whoever adds a header to one 304 adds it to no other."""
    shared = SharedData(b"{}", 'W/"x"')
    shared.known().headers["X-More"] = "1"
    assert "x-more" not in shared.known().headers


async def test_what_belongs_to_a_caller_has_no_etag(api: Api) -> None:
    """An answer about the caller is never taken for anybody's."""
    headers = {"Authorization": f"Bearer {await api.token(MEMBER)}", "If-None-Match": "*"}
    mine = await api.client.get(
        "/graphql", params={"query": "{ viewer { email } }"}, headers=headers
    )
    assert mine.status_code == 200
    assert "etag" not in mine.headers
    assert mine.json()["data"]["viewer"]["email"] == "member@example.org"
    body = {"query": "{ providers { totalCount } viewer { email } }"}
    anonymous = (await api.client.post("/graphql", json=body)).json()
    assert anonymous["data"]["viewer"] is None


def test_fragments_are_written_as_they_are() -> None:
    """The bytes that are kept are the bytes that were written."""
    answers = SharedAnswers()
    key = ("{ a }", None, b"", "en")
    made = answers.put(key, {"a": ["ä", 1, None]})
    assert orjson.dumps({"data": made.fragment()}) == '{"data":{"a":["ä",1,null]}}'.encode()
    assert answers.get(key) is made
