"""Origins, hosts and CORS: who may write, who may read, and by which name we are asked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, Api, serving
from mailconfig.http.origins import OriginRules, Origins
from mailconfig.settings import Settings, load

OURS = "https://mail.example.com"
LISTED = "https://app.example.org"
CREDENTIALS = {"email": "member@example.org", "password": PASSWORD}
SIGN_IN = json.dumps({"query": LOGIN, "variables": {"input": CREDENTIALS}})
LOGOUT = '{"query":"mutation { logout { ok errors { message } } }"}'
BODIES = {
    "application/json": SIGN_IN,
    "application/json;charset=utf-8": SIGN_IN,
    "text/plain": SIGN_IN,
    "text/plain;application/json": SIGN_IN,
    "application/x-www-form-urlencoded": f"query={SIGN_IN}",
    "application/graphql-response+json": SIGN_IN,
    "application/graphql": "mutation { logout { ok } }",
    "multipart/form-data; boundary=x": (
        f'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{SIGN_IN}\r\n'
        '--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{}\r\n--x--\r\n'
    ),
    "": SIGN_IN,
}
"""Bodies as forms and scripts of other pages send them, by content type."""
FOREIGN = {
    "another site": {"Origin": "https://evil.example"},
    "a sandboxed page": {"Origin": "null"},
    "a host below ours": {"Origin": "https://x.mail.example.com"},
    "our name without TLS": {"Origin": "http://mail.example.com"},
    "our name at another port": {"Origin": "https://mail.example.com:8443"},
    "a name that begins like ours": {"Origin": "https://mail.example.com.evil.example"},
    "a user that is called like us": {"Origin": "https://mail.example.com@evil.example"},
    "no origin at all": {"Origin": "mail.example.com"},
    "an extension": {"Origin": "chrome-extension://mail.example.com"},
    "a browser that names the site": {"Sec-Fetch-Site": "cross-site"},
    "a sibling's page": {"Sec-Fetch-Site": "same-site"},
    "an old browser": {"Referer": "https://evil.example/mail.example.com"},
    "a foreign origin with our referer": {"Origin": "https://evil.example", "Referer": OURS},
}
OWN = {
    "our page": {"Origin": OURS},
    "our page, with its site": {"Origin": OURS, "Sec-Fetch-Site": "same-origin"},
    "the host that is asked": {"Origin": "https://test"},
    "a listed page": {"Origin": LISTED, "Sec-Fetch-Site": "cross-site"},
    "an address that was typed": {"Sec-Fetch-Site": "none"},
    "an old browser on our page": {"Referer": f"{OURS}/settings"},
    "a program": {},
}


@pytest.fixture
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture
async def edge(app_settings: Settings) -> AsyncIterator[Api]:
    """The application with a public address and one listed origin."""
    changed = {"public_url": OURS, "cors_origins": (LISTED,)}
    async with serving(app_settings.model_copy(update=changed)) as served:
        yield served


async def cookie(api: Api) -> str:
    """Sign in and return the cookie, as a browser sends it back."""
    answer = await api.client.post("/graphql", content=SIGN_IN, headers={"Content-Type": JSON})
    return answer.headers["set-cookie"].partition(";")[0]


JSON = "application/json"


# ---- writing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", BODIES)
@pytest.mark.parametrize("page", FOREIGN)
async def test_nobody_is_signed_in_from_a_foreign_page(
    edge: Api, page: str, content_type: str
) -> None:
    """Login CSRF, whatever the content type: 403, and no cookie."""
    headers = FOREIGN[page] | ({"Content-Type": content_type} if content_type else {})
    answer = await edge.client.post("/graphql", content=BODIES[content_type], headers=headers)
    assert answer.status_code == 403
    assert answer.json()["errors"] == [
        {
            "message": "A page of another origin cannot write.",
            "extensions": {"code": "FORBIDDEN"},
        }
    ]
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("content_type", BODIES)
async def test_a_cookie_writes_from_our_pages_only(edge: Api, content_type: str) -> None:
    """The session of a signed-in browser is still there after a foreign page's logout."""
    kept = {"Cookie": await cookie(edge)}
    body = BODIES[content_type].replace(json.dumps(LOGIN), json.dumps("mutation { logout { ok } }"))
    headers = kept | {"Origin": "https://evil.example", "Content-Type": content_type}
    assert (await edge.client.post("/graphql", content=body, headers=headers)).status_code == 403
    who = await edge.client.get("/graphql", params={"query": "{ viewer { email } }"}, headers=kept)
    assert who.json()["data"] == {"viewer": {"email": "member@example.org"}}


@pytest.mark.parametrize("page", OWN)
async def test_our_pages_and_programs_sign_in(edge: Api, page: str) -> None:
    """Our origin, the host that was asked, a listed origin, and whoever is no browser."""
    headers = OWN[page] | {"Content-Type": JSON}
    answer = await edge.client.post("/graphql", content=SIGN_IN, headers=headers)
    assert answer.json()["data"]["login"]["errors"] == []


async def test_a_cookie_needs_its_token_from_our_page_too(edge: Api) -> None:
    """The origin check stands beside the CSRF token, not in its place."""
    for origin in ({"Origin": OURS}, {"Origin": LISTED}, {}):
        headers = {"Cookie": await cookie(edge), "Content-Type": JSON} | origin
        answer = await edge.client.post("/graphql", content=LOGOUT, headers=headers)
        (error,) = answer.json()["data"]["logout"]["errors"]
        assert "X-CSRF-Token" in error["message"]


@pytest.mark.parametrize("page", FOREIGN)
async def test_a_token_in_authorization_is_its_own_proof(edge: Api, page: str) -> None:
    """No page can make a browser send that header without asking first (CORS)."""
    headers = FOREIGN[page] | {
        "Authorization": f"Bearer {await edge.token(MEMBER)}",
        "Content-Type": JSON,
    }
    answer = await edge.client.post("/graphql", content=LOGOUT, headers=headers)
    assert answer.json()["data"]["logout"] == {"ok": True, "errors": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/login/"),
        ("POST", "/api/auth/logout/"),
        ("PATCH", "/api/email-config/x/"),
        ("PUT", "/api/email-config/x/"),
        ("POST", "/nowhere"),
    ],
)
async def test_every_path_that_writes_is_guarded(edge: Api, method: str, path: str) -> None:
    """REST as well: a problem, and before anything is read."""
    answer = await edge.client.request(
        method, path, content=b"{", headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    if path.startswith("/api/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "FORBIDDEN"


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization", "Sec-Fetch-Site", "Referer"])
async def test_what_decides_is_given_once(edge: Api, name: str) -> None:
    """Two values, of which another reader might take the other one, are refused: 400."""
    headers = [("Content-Type", JSON), (name, OURS), (name, "https://evil.example")]
    if name != "Host":
        headers.append(("Host", "test"))
    answer = await edge.client.post("/graphql", content=SIGN_IN, headers=headers)
    assert answer.status_code == 400


# ---- reading -----------------------------------------------------------------------------------


def shared(answer: httpx.Response) -> dict[str, str]:
    """Return the headers of an answer that let pages read it."""
    return {n: v for n, v in answer.headers.items() if n.startswith("access-control-")}


@pytest.mark.parametrize("way", ["short", "general", "rest", "health", "nowhere"])
async def test_a_listed_origin_reads_every_answer(edge: Api, way: str) -> None:
    """By the short way as by the general one; with credentials, by name, and caches are told."""
    headers = {"Origin": LISTED, "Accept": "application/json"}
    query: dict[str, Any] = {"params": {"query": "{ viewer { email } }"}}
    if way == "general":
        query = {"params": {"query": "{ viewer { email } }", "extra": "1" * 20}}
        headers["Accept"] = "text/html, application/json"
    path = {"rest": "/api/providers/", "health": "/healthz", "nowhere": "/nowhere"}.get(way)
    answer = await edge.client.get(path or "/graphql", headers=headers, **({} if path else query))
    assert shared(answer) == {
        "access-control-allow-origin": LISTED,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": (
            "Content-Disposition, Content-Language, ETag, Location, Retry-After, X-Request-Id"
        ),
    }
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{LISTED}.evil.example", ""])
async def test_nobody_else_does(edge: Api, origin: str) -> None:
    """No header for others; Vary is there all the same, so that no cache mixes them up."""
    headers = {"Origin": origin} if origin else {}
    for params in ({"query": "{ viewer { email } }"}, {}):
        answer = await edge.client.get("/graphql", params=params, headers=headers)
        assert shared(answer) == {}
        assert "Origin" in answer.headers["vary"]


async def test_a_listed_origin_is_told_what_it_may_send(edge: Api) -> None:
    """The preflight of a browser, before any request with a token or JSON."""
    asking = {
        "Origin": LISTED,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-csrf-token",
    }
    answer = await edge.client.options("/graphql", headers=asking)
    assert (answer.status_code, answer.content) == (204, b"")
    allowed = {n.strip().lower() for n in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "x-csrf-token", "if-match"} <= allowed
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["vary"] == "Origin"
    assert "*" not in str(answer.headers)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_origin_is_told_nothing(edge: Api, origin: str) -> None:
    """Its browser then does not send the request at all."""
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = await edge.client.options("/graphql", headers=asking)
    assert answer.status_code == 405
    assert shared(answer) == {}


async def test_by_default_no_page_of_another_origin_reads(api: Api) -> None:
    """Without a list there is no CORS, not even for our own origin, which needs none."""
    for origin in ("http://test", LISTED):
        asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert shared(await api.client.options("/graphql", headers=asking)) == {}
        answer = await api.client.get("/healthz", headers={"Origin": origin})
        assert shared(answer) == {}
        assert "vary" not in answer.headers


# ---- hosts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mail.example.com", 200),
        ("MAIL.Example.com:8443", 200),
        ("mail.example.com.", 200),
        ("test", 200),
        ("evil.example", 421),
        ("mail.example.com.evil.example", 421),
        ("mail.example.com@evil.example", 421),
        ("mail.example.com:80:80", 421),
        ("[::1]", 421),
        ("10.0.0.1", 421),
    ],
)
@pytest.mark.parametrize("path", ["/graphql?query=%7B__typename%7D", "/api/providers/"])
async def test_other_hosts_are_not_served(edge: Api, host: str, status: int, path: str) -> None:
    """The name of the public address and the listed names are ours, at any port."""
    answer = await edge.client.get(path, headers={"Host": host})
    assert answer.status_code == status
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_asked_by_any_name(edge: Api, path: str) -> None:
    """Load balancers and containers ask by address."""
    assert (await edge.client.get(path, headers={"Host": "10.0.0.7:8000"})).status_code == 200


@pytest.mark.parametrize("changes", [{"mode": "development"}, {"public_url": None}])
async def test_hosts_that_nobody_named_are_all_served(
    app_settings: Settings, changes: dict[str, Any]
) -> None:
    """In development, and where neither address nor names are set."""
    settings = load(**app_settings.model_dump() | {"allowed_hosts": (), "demo": False} | changes)
    async with serving(settings) as api:
        answer = await api.client.get(
            "/graphql", params={"query": "{__typename}"}, headers={"Host": "any.example"}
        )
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/graphql/", "/healthz/", "/files/x/y/", "/api/email-config//"])
async def test_no_answer_repeats_the_host(api: Api, path: str) -> None:
    """No redirect and no link is built from what the caller said."""
    for name in ("Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded"):
        headers = {name: "evil.example" if name != "Forwarded" else "host=evil.example"}
        if name == "Host":
            headers = {name: "localhost:666"}
        answer = await api.client.get(path, headers=headers)
        assert answer.status_code == 404
        assert "location" not in answer.headers
        assert "evil.example" not in answer.text + str(answer.headers)
        assert ":666" not in answer.text + str(answer.headers)


# ---- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "app.example.com",
        "https://*.example.com",
        "https://a.example/x",
        "https://ann@a.example",
        "https://a.example:443",
        "ftp://a.example",
    ],
)
def test_only_exact_origins_can_be_listed(text: str) -> None:
    """No pattern, no path, no other scheme."""
    with pytest.raises(ValueError, match="an origin is a scheme, a host and a port"):
        load(cors_origins=text)


def test_origins_are_listed_as_browsers_send_them() -> None:
    """In lower case; several with commas."""
    settings = load(cors_origins="https://App.Example.com, http://localhost:5173")
    assert settings.cors_origins == ("https://app.example.com", "http://localhost:5173")


@pytest.mark.parametrize("text", ["a.example:80", "https://a.example", "a b", "a.example/x"])
def test_hosts_are_names_alone(text: str) -> None:
    """Without scheme, port or path."""
    with pytest.raises(ValueError, match="hosts are names or addresses without scheme and port"):
        load(allowed_hosts=text)


async def test_a_socket_of_another_host_is_not_opened() -> None:
    """Before the handshake."""
    sent: list[Any] = []

    async def nothing(*_: object) -> None:
        pytest.fail("it went on")

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    origins = Origins(nothing, OriginRules(hosts=frozenset({"mail.example.com"})))
    scope = {"type": "websocket", "path": "/graphql", "headers": [(b"host", b"evil.example")]}
    await origins(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
