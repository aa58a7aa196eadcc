"""Sessions under attack: planted cookies, stolen refresh tokens, and pages of other sites.

What test_origins and test_cross_site prove of /graphql is proven here of every mutation without its
CSRF token and of every REST route, with each content type that a page can send.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLSchema

from kit.api import LOGIN, MEMBER, OWNER, PASSWORD, STRANGER, Api, form, serving
from kit.attacks import Browser, errors_of, graphql, run, sign_in
from kit.attacks_inputs import Way, ways
from kit.rowdump import all_rows
from kit.worlds import mutation
from mailconfig.graphql.schema import build_schema
from mailconfig.http.rest.table import ROWS, Row
from mailconfig.settings import Settings

COOKIE = "mailconfig_session"
EVIL = "https://evil.example"
REFRESH = mutation("refreshSession", "RefreshSessionInput", "session { accessToken refreshToken }")
VIEWER_QUERY = "{ viewer { email } }"
FREE = {"login", "refreshSession", "requestPasswordReset", "resetPassword"}
"""Mutations that act for no cookie: they take a password or a token, which no page knows."""
WRITES = [row for row in ROWS if row.method != "GET"]
JSON_TEXT = '{"email":"member@example.org","password":"correct horse battery"}'
BODIES: Mapping[str, str] = {
    "application/json": "{}",
    "text/plain": JSON_TEXT,
    "application/x-www-form-urlencoded": "name=x&email=member%40example.org",
    "multipart/form-data; boundary=x": (
        '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--x--\r\n'
    ),
    "text/plain; application/json": JSON_TEXT,
    "application/merge-patch+json": "{}",
    "text/xml": "<a/>",
    "": JSON_TEXT,
}
"""Bodies by the content types that a form, a beacon or a script without asking can send; and two
that it cannot."""
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
"""Those that a page sends without asking first (Fetch standard, section 2.2.2)."""


@pytest.fixture
def engine() -> str:
    """Who may come in is decided before storage."""
    return "sqlite"


@pytest.fixture
async def served(app_settings: Settings) -> AsyncIterator[Api]:
    """The application."""
    async with serving(app_settings) as api:
        yield api


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema as it is served."""
    return build_schema().graphql_schema


def with_cookie(browser: Browser) -> dict[str, str]:
    """Return the header that a browser adds by itself."""
    return {"Cookie": f"{COOKIE}={browser.cookie}"}


async def email_of(api: Api, **headers: str) -> str | None:
    """Return who is let in."""
    viewer = (await graphql(api, VIEWER_QUERY, **headers)).json()["data"]["viewer"]
    return viewer and str(viewer["email"])


# ---- stolen and planted ------------------------------------------------------------------------


async def test_a_replayed_refresh_token_ends_its_family(served: Api) -> None:
    """Whoever of the two comes second: all that came of the sign-in is over, also its cookie."""
    browser, other = await sign_in(served, MEMBER), await sign_in(served, MEMBER)
    stolen = browser.shown["refreshToken"]
    renewed = (await run(served, None, REFRESH, {"refreshToken": stolen}))["session"]
    live = {"Authorization": f"Bearer {renewed['accessToken']}"}
    assert await email_of(served, **live) == "member@example.org"
    assert "Unauthenticated" in str(await run(served, None, REFRESH, {"refreshToken": stolen}))
    assert await email_of(served, **live) is None
    assert await email_of(served, **with_cookie(browser)) is None
    assert await email_of(served, Authorization=f"Bearer {browser.shown['accessToken']}") is None
    last = await run(served, None, REFRESH, {"refreshToken": renewed["refreshToken"]})
    assert last["session"] is None
    assert await email_of(served, **with_cookie(other)) == "member@example.org"


async def test_a_planted_session_is_never_gone_on_with(served: Api) -> None:
    """Fixation: an attacker's cookie, a made-up one, two at once; the victim gets a fresh one."""
    attacker = await sign_in(served, STRANGER)
    planted = [
        f"{COOKIE}={attacker.cookie}",
        f"{COOKIE}={'A' * 43}",
        f"{COOKIE}={attacker.cookie}; {COOKIE}={'A' * 43}",
        f"{COOKIE}={'A' * 43}; {COOKIE}={attacker.cookie}",
    ]
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    seen = {attacker.cookie, "A" * 43}
    for cookies in planted:
        answer = await graphql(served, LOGIN, given, Cookie=cookies)
        assert answer.json()["data"]["login"]["errors"] == []
        fresh = answer.headers["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")
        assert fresh not in seen
        seen.add(fresh)
        served.client.cookies.clear()
        assert await email_of(served, Cookie=f"{COOKIE}={fresh}") == "member@example.org"
    assert await email_of(served, **with_cookie(attacker)) is None


async def test_cookies_of_a_sibling_are_none(served: Api) -> None:
    """Other spellings of the name, as a page of a sibling host could set them."""
    browser = await sign_in(served, MEMBER)
    for name in (
        f"__Host-{COOKIE}",
        f"__Secure-{COOKIE}",
        COOKIE.upper(),
        f"{COOKIE}[]",
        "session",
    ):
        assert await email_of(served, Cookie=f"{name}={browser.cookie}") is None, name
    assert await email_of(served, **with_cookie(browser)) == "member@example.org"


# ---- pages of other sites ----------------------------------------------------------------------


def mutations(schema: GraphQLSchema) -> list[Way]:
    """Return one way into each mutation that has an input."""
    found = {way.name: way for way in reversed(list(ways(schema))) if way.root == "mutation"}
    return sorted(found.values(), key=lambda way: way.name)


def without_input(schema: GraphQLSchema) -> list[str]:
    """Return the mutations that have none."""
    assert schema.mutation_type is not None
    return sorted(name for name, one in schema.mutation_type.fields.items() if not one.args)


async def test_no_mutation_writes_by_the_cookie_alone(served: Api, schema: GraphQLSchema) -> None:
    """Without the session's token, with none, another session's or an anonymous one: refused."""
    browser = await sign_in(served, OWNER)
    anonymous = (await graphql(served, "{ csrfToken }")).json()["data"]["csrfToken"]
    others = [None, "", "null", anonymous, (await sign_in(served, MEMBER)).shown["csrfToken"]]
    before = await all_rows(served.settings.effective_database_url)
    documents = {way.name: (way.document, way.variables()) for way in mutations(schema)}
    for name in without_input(schema):
        documents[name] = (f"mutation {{ {name} {{ errors {{ message }} }} }}", {})
    tried = documents.keys() - FREE - {"uploadFile"}  # which takes a form: test_multipart
    for name in sorted(tried):
        query, variables = documents[name]
        for token in others:
            headers = with_cookie(browser) | ({} if token is None else {"X-CSRF-Token": token})
            answer = await graphql(served, query, variables, **headers)
            assert "X-CSRF-Token" in errors_of(answer), (name, token)
    assert await all_rows(served.settings.effective_database_url) == before
    assert await email_of(served, **with_cookie(browser)) == "owner@example.org"


async def test_reading_methods_change_nothing(served: Api, schema: GraphQLSchema) -> None:
    """A mutation by GET or HEAD, and a method hidden in a header or parameter, with all tokens."""
    browser = await sign_in(served, MEMBER)
    config = await served.stored(MEMBER)
    headers = with_cookie(browser) | {"X-CSRF-Token": browser.shown["csrfToken"]}
    before = await all_rows(served.settings.effective_database_url)
    for name in without_input(schema):
        query = f"mutation {{ {name} {{ __typename }} }}"
        for method in ("GET", "HEAD"):
            answer = await served.client.request(
                method, "/graphql", params={"query": query}, headers=headers
            )
            assert answer.status_code == 405, name
    path = f"/api/email-config/{config}/"
    for word in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await served.client.get(path, headers=headers | {word: "DELETE"})
        assert answer.status_code == 200
        answer = await served.client.get("/api/auth/csrf/", headers=headers | {word: "POST"})
        assert answer.status_code == 200
    answer = await served.client.get(path, params={"_method": "DELETE"}, headers=headers)
    assert answer.status_code == 400
    assert await all_rows(served.settings.effective_database_url) == before


def _body(row: Row, content_type: str) -> str:
    text = BODIES[content_type]
    return JSON_TEXT if row.path.endswith("login/") and text == "{}" else text


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.path}")
async def test_no_rest_route_writes_from_a_foreign_page(served: Api, row: Row) -> None:
    """Each content type, with the victim's cookie and even its CSRF token: 403, no cookie set.

    Without an Origin, as old browsers send: what a page sends without asking is refused, too.
    """
    browser = await sign_in(served, MEMBER)
    config = await served.stored(MEMBER)
    path = row.path.format(id=config)
    cookie, token = with_cookie(browser), {"X-CSRF-Token": browser.shown["csrfToken"]}
    before = await all_rows(served.settings.effective_database_url)
    for content_type in BODIES:
        typed = {"Content-Type": content_type} if content_type else {}
        for foreign in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await served.client.request(
                row.method,
                path,
                content=_body(row, content_type),
                headers={**cookie, **token, **typed, **foreign},
            )
            assert answer.status_code == 403, (content_type, foreign)
            assert "set-cookie" not in answer.headers
        if content_type in SIMPLE:
            answer = await served.client.request(
                row.method, path, content=_body(row, content_type), headers={**cookie, **typed}
            )
            assert answer.status_code in {400, 401, 403, 415, 422}, (content_type, answer.text)
            assert "set-cookie" not in answer.headers
    assert await all_rows(served.settings.effective_database_url) == before
    assert await email_of(served, **cookie) == "member@example.org"


async def test_the_same_requests_from_our_own_page_write(served: Api) -> None:
    """So that the refusals above are of the page: our own one, with cookie and token, writes."""
    browser = await sign_in(served, MEMBER)
    headers = with_cookie(browser) | {"X-CSRF-Token": browser.shown["csrfToken"]}
    own: dict[str, Any] = headers | {"Origin": "http://test", "Sec-Fetch-Site": "same-origin"}
    answer = await served.client.post("/api/email-config/", json=form(), headers=own)
    assert answer.status_code == 201
    refused = await served.client.post("/api/auth/logout/", headers={**own, "Origin": EVIL})
    assert refused.status_code == 403
    assert (await served.client.post("/api/auth/logout/", headers=own)).status_code == 204
    assert await email_of(served, **with_cookie(browser)) is None
