"""Budgets: points of operations, told with each answer, and budgets of single fields."""

import asyncio
from typing import Any

import pytest

from kit.api import COLLEAGUE, MEMBER, PASSWORD, Api, FakeProber, serving
from kit.held import HeldProber
from kit.live import listening
from kit.redis import Redis
from mailconfig.graphql.budgets import FIELDS
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant; storage has its own tests."""

WHO = "{ viewer { email } }"
PAGE = "query ($n: Int) { configs(first: $n) { nodes { id } } }"
EXPLAIN = 'query { explain(input: { text: "250 ok" }) { code } }'
DISCOVER = """mutation { discover(input: { emailAddress: "ann@firm.test" }) {
    errors { __typename ... on RateLimitedError { retryAfterSeconds } } } }"""
CHECK = """mutation { checkDomain(input: { domain: "firm.test" }) {
    errors { __typename ... on RateLimitedError { retryAfterSeconds } } } }"""
SEND = """mutation ($id: ID!) { sendEmail(input: { configId: $id }) {
    errors { __typename ... on RateLimitedError { retryAfterSeconds } } } }"""
TEST = """mutation ($id: ID!) { testConnection(input: { target: { configId: $id } }) {
    test { id } errors { __typename ... on RateLimitedError { retryAfterSeconds } } } }"""

OF_CONFIG = {
    "testConnection": TEST,
    "sendEmail": SEND,
    "previewEmail": SEND.replace("sendEmail", "previewEmail"),
}
"""Fields about a configuration."""


async def asked(
    api: Api, who: str | None, query: str, variables: dict[str, Any] | None = None
) -> Any:  # noqa: ANN401 - a response of httpx
    """Return the response to an operation."""
    headers = {"Authorization": f"Bearer {await api.token(who)}"} if who else {}
    body = {"query": query, "variables": variables}
    return await api.client.post("/graphql", json=body, headers=headers)


async def cost(api: Api, who: str | None, query: str, **variables: object) -> dict[str, int]:
    """Return what an answer says about its cost."""
    return (await asked(api, who, query, variables)).json()["extensions"]["cost"]


async def test_each_answer_tells_its_cost_and_what_is_left(app_settings: Settings) -> None:
    """By variables too; errors of fields and of requests cost as well."""
    settings = app_settings.model_copy(update={"points_per_minute": 600})
    async with serving(settings) as api:
        await asked(api, MEMBER, PAGE, {"n": 1})  # reads the document, for a point
        first = await cost(api, MEMBER, PAGE, n=50)
        assert first | {"remaining": 0, "resetSeconds": 0} == {
            "requested": 51,
            "remaining": 0,
            "limit": 600,
            "resetSeconds": 0,
        }
        assert 600 - 1 - 2 - 51 <= first["remaining"] < 600 - 51
        assert first["resetSeconds"] in {5, 6}
        second = await cost(api, MEMBER, PAGE, n=20)
        assert second["requested"] == 21
        assert second["remaining"] <= first["remaining"] - 21 + 10
        refused = await cost(api, MEMBER, "{ nobody }")
        assert (refused["requested"], refused["remaining"] < second["remaining"]) == (1, True)


async def test_without_points_nothing_runs(app_settings: Settings) -> None:
    """429 with Retry-After, before a field is touched or a document is read."""
    prober = FakeProber()
    settings = app_settings.model_copy(update={"points_per_minute": 100})
    async with serving(settings, prober) as api:
        config_id = await api.stored(COLLEAGUE)
        await asked(api, MEMBER, PAGE, {"n": 90})
        response = await asked(api, MEMBER, TEST, {"id": config_id})
        assert response.status_code == 429
        (error,) = response.json()["errors"]
        seconds = error["extensions"]["retryAfterSeconds"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": seconds}
        assert response.headers["retry-after"] == str(seconds)
        assert 1 <= seconds <= 15
        assert "data" not in response.json()
        assert response.json()["extensions"]["cost"]["limit"] == 100
        assert prober.requests == []
        # Others have points of their own.
        assert (await asked(api, COLLEAGUE, WHO)).status_code == 200
        assert (await asked(api, None, WHO)).status_code == 200


async def test_a_bad_token_pays_from_the_address(app_settings: Settings) -> None:
    """Nobody gets a fresh budget by inventing tokens."""
    settings = app_settings.model_copy(update={"points_per_minute": 100})
    async with serving(settings) as api:
        statuses = []
        for number in range(12):
            headers = {"Authorization": f"Bearer invented{number}"}
            body = {"query": PAGE, "variables": {"n": 9}}
            response = await api.client.post("/graphql", json=body, headers=headers)
            statuses.append(response.status_code)
        assert statuses[:9] == [200] * 9
        assert statuses[-1] == 429
        assert (await asked(api, None, PAGE, {"n": 9})).status_code == 429


async def test_an_operation_past_the_cost_limit_is_refused_by_its_variables(api: Api) -> None:
    """The document is fine, and known; only this request asks too much."""
    query = """query ($n: Int, $m: Int) { configs(first: $n) {
        nodes { tests(first: $m) { nodes { steps { id } } } } } }"""
    for _ in range(2):
        assert (await asked(api, MEMBER, query, {"n": 10, "m": 10})).json()["data"] is not None
        answer = (await asked(api, MEMBER, query, {"n": 100, "m": 100})).json()
        assert "data" not in answer
        most = DocumentLimits().points
        (error,) = answer["errors"]
        assert error["message"] == f"The operation costs more than {most} points."
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}
        assert answer["extensions"]["cost"]["requested"] == 1


async def test_points_of_sockets_and_streams(app_settings: Settings) -> None:
    """A socket gets an `error` and lives on; a stream that has not begun is 429."""
    settings = app_settings.model_copy(update={"points_per_minute": 100})
    async with listening(settings, FakeProber()) as live, live.socket(MEMBER) as socket:
        await socket.subscribe("1", PAGE, {"n": 90})
        message = await socket.receive()
        assert message["payload"]["extensions"]["cost"]["requested"] == 91
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe("2", PAGE, {"n": 90})
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("2", "error")
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.subscribe("3", WHO, {})
        assert (await socket.receive())["payload"]["data"] is not None
        headers = {
            "Accept": "text/event-stream",
            "Authorization": f"Bearer {await live.token(MEMBER)}",
        }
        body = {"query": PAGE, "variables": {"n": 90}}
        response = await live.client.post("/graphql", json=body, headers=headers)
        assert (response.status_code, "retry-after" in response.headers) == (429, True)


GUESSES: dict[str, tuple[str | None, dict[str, str]]] = {
    # Field -> who asks, and what is wrong each time.
    "login": (None, {"email": "nobody@example.org", "password": PASSWORD}),
    "refreshSession": (None, {"refreshToken": "no such token"}),
    "resetPassword": (None, {"token": "no such token", "newPassword": PASSWORD}),
    "acceptInvitation": (None, {"token": "no such token", "password": PASSWORD}),
    "changePassword": (MEMBER, {"currentPassword": "not mine at all", "newPassword": PASSWORD}),
    "deleteAccount": (MEMBER, {"password": "not mine at all"}),
}


async def _guessed(api: Api, field: str) -> Any:  # noqa: ANN401 - JSON
    """Run a field with what is wrong and return its payload."""
    who, given = GUESSES[field]
    kind = f"{field[0].upper()}{field[1:]}Input"
    query = (
        f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ errors {{ __typename"
        " ... on RateLimitedError { retryAfterSeconds } } } }"
    )
    return (await api.data(who, query, {"input": given}))[field]


async def _spent(api: Api, field: str) -> Any:  # noqa: ANN401 - JSON
    """Run a field once and return the error of its budget, None while there is some."""
    if field == "explain":
        answer = await api.call(None, EXPLAIN)
        return answer["errors"][0]["extensions"] if "errors" in answer else None
    if field in GUESSES:
        payload = await _guessed(api, field)
    elif field in OF_CONFIG:
        configs = await api.data(MEMBER, "{ configs { nodes { id } } }")
        config_id = configs["configs"]["nodes"][0]["id"]
        payload = (await api.data(MEMBER, OF_CONFIG[field], {"id": config_id}))[field]
    else:
        query = {"discover": DISCOVER, "checkDomain": CHECK}[field]
        payload = (await api.data(MEMBER, query))[field]
    limited = [error for error in payload["errors"] if error["__typename"] == "RateLimitedError"]
    return limited[0] if limited else None


@pytest.mark.parametrize("field", FIELDS)
async def test_each_field_has_its_budget(app_settings: Settings, field: str) -> None:
    """Two a minute are taken; the third is told when to come again, as an expected failure."""
    settings = app_settings.model_copy(update={FIELDS[field]: 2})
    async with serving(settings) as api:
        await api.stored(MEMBER)
        assert [await _spent(api, field) for _ in range(2)] == [None, None]
        refused = await _spent(api, field)
        # What is guessed begins with a short wait: of an account 15 s, of a client 30 s.
        least, most = (1, 30) if field in GUESSES else (55, 60)
        assert least <= refused["retryAfterSeconds"] <= most


async def test_tests_at_once_are_bounded_for_a_user(app_settings: Settings) -> None:
    """One user's tests cannot take all places; those of another start."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"tests_per_user": 2})
    async with serving(settings, prober) as api:
        own, other = await api.stored(MEMBER), await api.stored(COLLEAGUE)

        async def start(who: str, config_id: str) -> str | None:
            payload = (await api.data(who, TEST, {"id": config_id}))["testConnection"]
            return payload["errors"][0]["__typename"] if payload["errors"] else None

        started = await asyncio.gather(*(start(MEMBER, own) for _ in range(4)))
        assert sorted(started, key=str) == [None, None, "RateLimitedError", "RateLimitedError"]
        assert await start(COLLEAGUE, other) is None
        assert len(prober.requests) <= 3


async def test_budgets_in_redis_are_shared_by_instances(
    app_settings: Settings, redis: Redis
) -> None:
    """Two processes behind one address count together, for points and for fields."""
    changes = {
        "rate_limit_storage_url": redis.url,
        "points_per_minute": 100,
        "explains_per_minute": 1,
    }
    settings = app_settings.model_copy(update=changes)
    async with serving(settings) as one, serving(settings) as other:
        assert await _spent(one, "explain") is None
        assert (await _spent(other, "explain"))["code"] == "RATE_LIMITED"
        assert (await asked(one, MEMBER, PAGE, {"n": 90})).status_code == 200
        response = await asked(other, MEMBER, PAGE, {"n": 90})
        assert (response.status_code, "retry-after" in response.headers) == (429, True)
