"""The short way of a request: nothing is answered or refused otherwise than on the long way.

Two applications on one database, with `compile_queries` on and off, get the same requests.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, SUBMIT, VIEWER, Api, form, serving
from kit.pretend import pretend_context
from mailconfig.graphql.refusals import Profile
from mailconfig.graphql.schema import SchemaSettings, build_schema
from mailconfig.settings import Settings

PAGE = """
query Page($first: Int) {
  configs(first: $first) { nodes { id name incoming { host } lastTest { id } } totalCount }
}
"""
RESPONSE = {"Accept": "application/graphql-response+json"}
GERMAN = {"Accept-Language": "de"}
_VOLATILE = re.compile(r'"(remaining|resetSeconds|accessToken|csrfToken|expiresAt)":("[^"]*"|\d+)')

REQUESTS: list[tuple[str, dict[str, Any], dict[str, str], int, str | None]] = [
    ("a page", {"query": PAGE, "variables": {"first": 2}}, {}, 200, MEMBER),
    ("new media type", {"query": PAGE}, RESPONSE, 200, MEMBER),
    ("nobody signed in", {"query": PAGE}, RESPONSE, 200, None),
    ("guard", {"query": SUBMIT, "variables": {"input": form()}}, GERMAN, 200, VIEWER),
    ("a refusal in German", {"query": PAGE, "variables": {"first": 0}}, GERMAN, 200, MEMBER),
    ("a wrong variable", {"query": PAGE, "variables": {"first": "x"}}, {}, 200, MEMBER),
    ("the same, new type", {"query": PAGE, "variables": {"first": "x"}}, RESPONSE, 400, MEMBER),
    ("a syntax error", {"query": "{"}, RESPONSE, 400, MEMBER),
    ("an unknown field", {"query": "{ nothing }"}, RESPONSE, 400, MEMBER),
    ("an unknown operation", {"query": PAGE, "operationName": "No"}, RESPONSE, 400, MEMBER),
    (
        "two operations",
        {"query": "query A { a: __typename } query B { __typename }"},
        {},
        200,
        None,
    ),
    (
        "a subscription",
        {"query": 'subscription { connectionTestProgress(testId: "x") { __typename } }'},
        {},
        400,
        MEMBER,
    ),
    ("no query", {}, {}, 400, MEMBER),
    ("a bad token", {"query": PAGE}, {"Authorization": "Bearer no"}, 200, None),
    ("introspection", {"query": "{ __schema { queryType { name } } }"}, {}, 200, None),
    ("a request id", {"query": "{ __typename }"}, {"X-Request-Id": "chosen-by-me"}, 200, None),
]
"""Name, body, headers, status in the profile of the audits, who asks."""
UNPRICED = {"no query", "a subscription", "an unknown operation"}
"""Requests whose answer says no cost, since they name nothing to run."""


@pytest.fixture(params=list(Profile))
async def both(
    request: pytest.FixtureRequest, app_settings: Settings
) -> AsyncIterator[tuple[Api, Api]]:
    """The application with the short way and without, in each profile of statuses."""
    base = app_settings.model_copy(update={"http_status_profile": request.param.value})
    async with AsyncExitStack() as stack:
        found = [
            await stack.enter_async_context(
                serving(base.model_copy(update={"compile_queries": compiled}))
            )
            for compiled in (True, False)
        ]
        yield found[0], found[1]


async def _answer(
    api: Api, body: dict[str, Any], headers: dict[str, str], who: str | None
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of the third answer to the same request."""
    given = {"Authorization": f"Bearer {await api.token(who)}"} if who else {}
    for _ in range(3):
        response = await api.client.post("/graphql", json=body, headers=given | headers)
    shown = {name: value for name, value in response.headers.items() if name != "content-length"}
    if "X-Request-Id" not in headers:
        shown.pop("x-request-id")
    text = _VOLATILE.sub(r'"\1":0', response.text)
    return response.status_code, shown, re.sub(r'"requestId":"[^"]*"', "", text)


async def test_every_request_is_answered_alike(both: tuple[Api, Api]) -> None:
    """Status, headers and body are the same, cost, masking, language and request id included."""
    await both[0].stored(MEMBER)
    audit = both[0].settings.http_status_profile == Profile.AUDIT
    for name, body, headers, status, who in REQUESTS:
        short = await _answer(both[0], body, headers, who)
        assert short == await _answer(both[1], body, headers, who), name
        assert not audit or short[0] == status, (name, short)
        assert ('"cost"' in short[2]) is (name not in UNPRICED), short
    german = await _answer(both[0], REQUESTS[4][1], GERMAN, MEMBER)
    assert german[1]["content-language"] == "de"
    assert "Accept-Language" in german[1]["vary"]


async def test_a_browser_without_its_token(both: tuple[Api, Api]) -> None:
    """A session by cookie that writes without the CSRF token is refused on both ways."""
    credentials = {"email": "member@example.org", "password": PASSWORD}
    for api in both:
        login = {"query": LOGIN, "variables": {"input": credentials}}
        assert (await api.client.post("/graphql", json=login)).cookies
    body = {"query": SUBMIT, "variables": {"input": form()}}
    short, long = [await _answer(api, body, {}, None) for api in both]
    assert short == long
    assert '"__typename":"ForbiddenError"' in short[2]


async def test_points_are_spent(app_settings: Settings) -> None:
    """The budget of a caller ends on the short way, too: 429 with Retry-After, nothing run."""
    settings = app_settings.model_copy(update={"points_per_minute": 100})
    async with serving(settings) as api:
        headers = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
        body = {"query": "{ configs(first: 30) { nodes { id } } }"}
        statuses = [
            (await api.client.post("/graphql", json=body, headers=headers)).status_code
            for _ in range(4)
        ]
        response = await api.client.post("/graphql", json=body, headers=headers)
    assert statuses[0] == 200
    assert statuses[-1] == response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "data" not in response.json()


@pytest.mark.parametrize("compiled", [True, False])
async def test_the_deadline(compiled: bool) -> None:
    """A query past its time is cancelled and answered with an error that says so, on both ways."""
    schema = build_schema(SchemaSettings(request_seconds=0.05, compile_queries=compiled))
    context = pretend_context(3)
    cancelled = []

    async def hanging(*_given: object) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    context.services.configs.page = hanging  # type: ignore[method-assign, assignment]
    for _ in range(3):
        result = await schema.execute("{ configs { nodes { id } } }", context_value=context)
        assert result.data is None
        assert result.errors is not None
        (error,) = result.errors
        assert error.message == "This takes too long on our side."
        assert error.extensions == {"code": "TIMEOUT", "requestId": "-"}
    assert cancelled == [True] * 3
