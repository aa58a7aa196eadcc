"""How sessions travel: flags of the cookie, CSRF, and which of two credentials counts."""

from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, SUBMIT, Api, form, serving
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

WHO = "{ viewer { email } }"
COUNT = "{ configs { totalCount } }"
FORBIDDEN = {
    "__typename": "ForbiddenError",
    "message": "Send the csrfToken of this session in X-CSRF-Token.",
    "path": [],
}


async def login(api: Api, who: str = MEMBER) -> tuple[str, Morsel[str]]:
    """Sign in as a browser does; return the CSRF token and the cookie."""
    given = {"input": {"email": f"{who}@example.org", "password": PASSWORD}}
    answer = await api.client.post("/graphql", json={"query": LOGIN, "variables": given})
    jar = SimpleCookie(answer.headers["set-cookie"])
    (morsel,) = jar.values()
    return answer.json()["data"]["login"]["session"]["csrfToken"], morsel


async def post(api: Api, query: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send a submit or a query with whatever the client holds."""
    variables = {"input": form()} if query == SUBMIT else {}
    body = {"query": query, "variables": variables}
    return await api.client.post("/graphql", json=body, headers=headers)


async def test_over_http_the_cookie_has_a_plain_name(api: Api) -> None:
    """HttpOnly and SameSite always; Secure would keep it from arriving at all."""
    _, morsel = await login(api)
    assert morsel.key == "mailconfig_session"
    assert (morsel["httponly"], morsel["secure"]) == (True, "")
    assert (morsel["samesite"].lower(), morsel["path"], morsel["domain"]) == ("lax", "/", "")
    assert morsel["expires"]


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(
    app_settings: Settings,
) -> None:
    """The prefix __Host- demands Secure, the root path and no domain (RFC 6265bis, 4.1.3.2)."""
    https = {"public_url": "https://mail.example.com"}
    async with serving(app_settings.model_copy(update=https)) as api:
        _, morsel = await login(api)
        assert morsel.key == "__Host-mailconfig_session"
        assert (morsel["httponly"], morsel["secure"]) == (True, True)
        assert (morsel["samesite"].lower(), morsel["path"], morsel["domain"]) == ("lax", "/", "")
        # A cookie of the plain name, which any neighbour on http could set, is not looked at.
        cookie = {"Cookie": f"mailconfig_session={morsel.value}"}
        assert (await post(api, WHO, cookie)).json()["data"] == {"viewer": None}
        cookie = {"Cookie": f"__Host-mailconfig_session={morsel.value}"}
        answer = (await post(api, WHO, cookie)).json()
        assert answer["data"]["viewer"] == {"email": "member@example.org"}


async def test_a_cookie_alone_reads_and_does_not_write(api: Api) -> None:
    """Another site can make the browser send the cookie, but not the header."""
    await login(api)
    assert (await post(api, WHO)).json()["data"]["viewer"] == {"email": "member@example.org"}
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 43}):
        payload = (await post(api, SUBMIT, headers)).json()["data"]["submit"]
        assert payload == {"config": None, "errors": [FORBIDDEN]}
    assert (await post(api, COUNT)).json()["data"]["configs"]["totalCount"] == 0


async def test_with_its_token_the_cookie_writes(api: Api) -> None:
    """The token of login is that of the query csrfToken."""
    token, _ = await login(api)
    assert (await post(api, "{ csrfToken }")).json()["data"]["csrfToken"] == token
    payload = (await post(api, SUBMIT, {"X-CSRF-Token": token})).json()["data"]["submit"]
    assert payload["errors"] == []


async def test_the_token_of_another_session_is_of_no_use(api: Api) -> None:
    """Neither an older one of the same person nor that of nobody."""
    older, _ = await login(api)
    api.client.cookies.clear()
    nobodys = (await post(api, "{ csrfToken }")).json()["data"]["csrfToken"]
    await login(api)
    for token in (older, nobodys):
        payload = (await post(api, SUBMIT, {"X-CSRF-Token": token})).json()["data"]["submit"]
        assert payload == {"config": None, "errors": [FORBIDDEN]}


async def test_the_header_decides_over_the_cookie(api: Api) -> None:
    """A request with both is its bearer's; a bad token is not rescued by a good cookie."""
    await login(api)
    bearer = {"Authorization": f"Bearer {await api.token('admin')}"}
    assert (await post(api, WHO, bearer)).json()["data"]["viewer"] == {"email": "admin@example.org"}
    bad = {"Authorization": "Bearer nonsense"}
    assert (await post(api, WHO, bad)).json()["data"] == {"viewer": None}
    answer = (await post(api, COUNT, bad)).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_bearers_need_no_csrf_token(api: Api) -> None:
    """No browser adds an Authorization header by itself."""
    bearer = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
    assert (await post(api, SUBMIT, bearer)).json()["data"]["submit"]["errors"] == []


@pytest.mark.parametrize("value", ["", "x", "x" * 4000, "%00", '"quoted"'])
async def test_a_made_up_cookie_is_nobody(api: Api, value: str) -> None:
    """It is looked up by its digest and found nowhere."""
    answer = await post(api, WHO, {"Cookie": f"mailconfig_session={value}"})
    assert answer.json()["data"] == {"viewer": None}


async def test_a_network_of_ipv6_is_one_client(app_settings: Settings) -> None:
    """Sign-ins are counted by the /64, of IPv4 by the address; the next network is another one."""
    limits = {"login_attempts_per_minute": 2}
    async with serving(app_settings.model_copy(update=limits)) as api:

        async def attempt(peer: str, email: str) -> str:
            given = {"input": {"email": email, "password": "wrong horse battery"}}
            app = api.client._transport.app  # type: ignore[attr-defined] # what serves here
            transport = httpx.ASGITransport(app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
                answer = await one.post("/graphql", json={"query": LOGIN, "variables": given})
            return str(answer.json()["data"]["login"]["errors"][0]["__typename"])

        peers = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3", "2001:db8:1:3::1")
        told = [await attempt(peer, f"{number}@example.org") for number, peer in enumerate(peers)]
        assert told == [*["CredentialsError"] * 2, "RateLimitedError", "CredentialsError"]
