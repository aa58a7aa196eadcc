"""Host and header injection: what a client says of hosts and addresses is in no answer, and no text
that ends in a header brings another one along.

Answers are looked at as the server gets them, as raw names and values.
"""

import re
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from kit.api import MEMBER, OWNER, PASSWORD, Api, form, serving
from kit.attacks import EXPORT, UPLOAD, graphql, sign_in
from kit.live import listening
from kit.rowdump import all_rows
from mailconfig.settings import Settings

EVIL = "evil.example"
HOSTS = (
    EVIL,
    f"{EVIL}:80",
    f"test.{EVIL}",
    f"test@{EVIL}",
    f"{EVIL}#test",
    f"{EVIL}?test",
    f"{EVIL}/test",
    f"test:80@{EVIL}",
    f"test, {EVIL}",
    f"test {EVIL}",
    f"test\\@{EVIL}",
    f"x{EVIL}\ttest",
    "[::1]",
    "*",
    "null",
)
"""Names under which we are not known."""
FORWARDED: Mapping[str, str] = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "4444",
    "X-Forwarded-Prefix": f"/{EVIL}",
    "X-Forwarded-For": "203.0.113.66",
    "X-Real-IP": "203.0.113.66",
    "X-Client-IP": "203.0.113.66",
    "True-Client-IP": "203.0.113.66",
    "CF-Connecting-IP": "203.0.113.66",
    "Forwarded": f"for=203.0.113.66;host={EVIL};proto=https",
    "X-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "X-Original-URL": "/api/auth/logout/",
    "X-Rewrite-URL": "/api/auth/logout/",
    "X-Original-Host": EVIL,
    "Base-Url": f"https://{EVIL}/",
    "Proxy": f"http://{EVIL}:3128",
}
"""What proxies say, and what a client may say as well."""
PLAIN = re.compile(rb"[\t\x20-\x7e]*")
"""A value that ends no header (RFC 9110, section 5.5)."""
TEXTS = (
    "a\r\nX-Evil: 1\r\n\r\n<script>",
    "a\nX-Evil: 1",
    "a\rX-Evil: 1",
    "a\x00b",
    "a\u2028X-Evil: 1",
    "a\u0085X-Evil: 1",
    'a"; filename="evil.html',
    "a'; filename*=UTF-8''evil.html",
    "a%0d%0aX-Evil: 1",
    "\u560d\u560aX-Evil: 1",
    "\u202egnp.exe",
    "../../etc/passwd",
    "a" * 3000,
)
"""What breaks out of a value."""


@pytest.fixture
def engine() -> str:
    """Headers know no storage."""
    return "sqlite"


@pytest.fixture
async def served(app_settings: Settings) -> AsyncIterator[Api]:
    """The application, at one name, with a configuration more than a page has."""
    async with serving(app_settings.model_copy(update={"allowed_hosts": ("test",)})) as api:
        yield api


def checked(answer: httpx.Response, known: frozenset[bytes]) -> None:
    """Claim that each header is one of those that we send, and one line."""
    for name, value in answer.headers.raw:
        assert name.lower() in known, name
        assert PLAIN.fullmatch(value), (name, value)
    names = [name.lower() for name, _ in answer.headers.raw if name.lower() != b"set-cookie"]
    assert len(names) == len(set(names))


def names_of(*answers: httpx.Response) -> frozenset[bytes]:
    """Return the names of the headers of answers."""
    return frozenset(name.lower() for answer in answers for name, _ in answer.headers.raw)


async def requests(api: Api) -> list[tuple[str, str, dict[str, Any]]]:
    """Return one request of each kind that builds a link or a header."""
    headers = {"Authorization": f"Bearer {await api.token(OWNER)}"}
    for number in range(2):
        await api.stored(OWNER, emailAddress=f"{number}@example.net")
    list_query = {"query": "{ configs(first: 1) { nodes { id } pageInfo { endCursor } } }"}
    return [
        ("POST", "/graphql", {"json": list_query, "headers": headers}),
        ("POST", "/graphql", {"json": {"query": EXPORT}, "headers": headers}),
        ("GET", "/graphql", {"headers": {"Accept": "text/html"}}),
        ("GET", "/api/email-config/?first=1", {"headers": headers}),
        ("POST", "/api/email-config/", {"json": form(), "headers": headers}),
        ("GET", "/api/providers/?first=1", {}),
        ("GET", "/api/providers", {}),
        ("GET", "/api/openapi.json", {}),
        ("GET", "/healthz", {}),
        ("GET", "/no/such/path", {}),
        ("GET", "//evil.example/%2f..", {}),
    ]


async def test_other_hosts_get_nothing(served: Api) -> None:
    """421 for each route but the health of the process; a misspelt one is never taken for ours."""
    kinds = await requests(served)
    before = await all_rows(served.settings.effective_database_url)
    for host in HOSTS:
        for method, path, given in kinds:
            if path == "/healthz":
                continue
            headers = given.get("headers", {}) | {"Host": host}
            answer = await served.client.request(method, path, **given | {"headers": headers})
            assert answer.status_code == 421, (host, path)
            assert EVIL not in answer.text
            assert "set-cookie" not in answer.headers
            assert "location" not in answer.headers
    assert await all_rows(served.settings.effective_database_url) == before


async def test_nothing_is_built_from_the_host(app_settings: Settings) -> None:
    """Also where no names are set, and whatever proxies are said to have said: no answer has it."""
    settings = app_settings.model_copy(update={"allowed_hosts": ()})
    async with serving(settings) as api:
        kinds = await requests(api)
        given_by = [{"Host": EVIL}, {"Host": f"{EVIL}:1"}, *({n: v} for n, v in FORWARDED.items())]
        for more in given_by:
            for method, path, given in kinds:
                headers = given.get("headers", {}) | more
                answer = await api.client.request(method, path, **given | {"headers": headers})
                assert answer.status_code < 500, (more, path)
                said = str(answer.headers.raw) + answer.text
                for needle in (EVIL, "203.0.113.66", "4444", "https://test"):
                    assert needle not in said.replace("//evil.example/", ""), (more, path)
                assert not answer.is_redirect
        login = {"email": "member@example.org", "password": PASSWORD}
        claimed = {**FORWARDED, "Host": EVIL}
        answer = await api.client.post("/api/auth/login/", json=login, headers=claimed)
        cookie = answer.headers["set-cookie"]
        assert "Secure" not in cookie  # X-Forwarded-Proto does not make it https
        assert "Domain" not in cookie


async def test_addresses_that_a_client_claims_do_not_count(app_settings: Settings) -> None:
    """Behind no trusted proxy the throttle counts the peer, however often it renames itself."""
    changed = {
        "login_attempts_per_minute": 2,
        "allowed_hosts": ("127.0.0.1",),
        "trusted_proxies": (ip_network("192.0.2.1"),),
    }
    settings = app_settings.model_copy(update=changed)
    query = """mutation ($input: LoginInput!) { login(input: $input) { errors { __typename } } }"""
    seen = []
    async with serving(app_settings) as api, listening(settings, api.prober) as live:
        for number in range(5):
            claimed = f"203.0.113.{number}"
            body = {
                "query": query,
                "variables": {
                    "input": {"email": f"nobody{number}@example.org", "password": "x" * 12}
                },
            }
            headers = {
                name: claimed if value == "203.0.113.66" else f"for={claimed}"
                for name, value in FORWARDED.items()
                if "203.0.113.66" in value
            }
            answer = await live.client.post("/graphql", json=body, headers=headers)
            (error,) = answer.json()["data"]["login"]["errors"]
            seen.append(error["__typename"])
    assert seen == ["CredentialsError"] * 2 + ["RateLimitedError"] * 3


async def test_names_of_files_stay_in_their_header(served: Api) -> None:
    """Content-Disposition has one type and two forms of one name, and no header joins it."""
    known: frozenset[bytes] = frozenset()
    for text in ("plain.txt", *TEXTS):
        place = {"variables.input.file": ("x.txt", b"hello\n", "text/plain")}
        variables = {"input": {"file": None, "kind": "ATTACHMENT", "filename": text}}
        uploaded = await served.upload(OWNER, UPLOAD, variables, place)
        url = uploaded["data"]["uploadFile"]["file"]["url"]
        assert url.isascii()
        answer = await served.client.get(url)
        assert answer.status_code == 200, text
        known = known or names_of(answer)
        checked(answer, known)
        value = answer.headers["content-disposition"]
        shape = r"attachment; filename=\"[^\"\\%]*\"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*"
        assert re.fullmatch(shape, value), value
        assert "/" not in value


async def test_names_of_parts_stay_in_their_header(served: Api) -> None:
    """The name that a form gives, with line ends in the form that browsers write them, and raw."""
    for raw in (
        b"a%0D%0AX-Evil: 1.txt",
        b'a\\"b.txt',
        b"a;b=c.txt",
        b"\xe2\x80\xa8x.txt",
        b"..\\x",
    ):
        body = (
            b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
            b'{"query":"mutation ($input: UploadFileInput!) { uploadFile(input: $input) '
            b'{ file { url } errors { message } } }",'
            b'"variables":{"input":{"file":null,"kind":"ATTACHMENT"}}}\r\n'
            b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n'
            b'{"0":["variables.input.file"]}\r\n'
            b'--x\r\nContent-Disposition: form-data; name="0"; filename="' + raw + b'"\r\n'
            b"Content-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
        )
        headers = {
            "Authorization": f"Bearer {await served.token(OWNER)}",
            "Content-Type": "multipart/form-data; boundary=x",
            "GraphQL-Require-Preflight": "1",
        }
        answer = await served.client.post("/graphql", content=body, headers=headers)
        url = answer.json()["data"]["uploadFile"]["file"]["url"]
        got = await served.client.get(url)
        assert got.status_code == 200
        assert "x-evil" not in got.headers
        assert PLAIN.fullmatch(dict(got.headers.raw)[b"content-disposition"]), raw


ECHOED: Mapping[str, str] = {
    "X-Request-Id": "taken over where it is one",
    "Accept-Language": "chooses Content-Language",
    "Origin": "is told back where it is listed",
    "If-None-Match": "is compared with ETag",
    "Idempotency-Key": "is stored",
    "Accept": "chooses Content-Type",
    "Access-Control-Request-Headers": "is answered by our list",
}
"""Headers of requests that have to do with one of the answer."""


async def test_headers_of_requests_bring_none_along(served: Api) -> None:
    """Each text in each, to GraphQL, REST and a refusal: only our headers, one line each."""
    every = await requests(served)
    kinds = [every[0], *every[3:5], every[6], every[-2]]
    plain = [await served.client.request(method, path, **given) for method, path, given in kinds]
    known = names_of(*plain) | {
        b"vary",
        b"allow",
        b"content-language",
        b"etag",
        b"link",
        b"location",
    }
    for name in ECHOED:
        for text in TEXTS:
            for method, path, given in kinds:
                raw = {**given.get("headers", {}), name: text.encode("utf-8")}
                sent = given | {"headers": raw}
                answer = await served.client.request(method, path, **sent)
                checked(answer, known)
                assert b"x-evil" not in names_of(answer)


async def test_texts_in_links_stay_there(served: Api) -> None:
    """Link of a page repeats the filters of the request: encoded, within its angle brackets."""
    browser = await sign_in(served, MEMBER)
    authorization = {"Authorization": f"Bearer {browser.shown['accessToken']}"}
    for number in range(2):
        await served.stored(MEMBER, emailAddress=f"{number}@example.net", name="a")
    for text in ("a", *TEXTS):
        for path, params in (
            ("/api/providers/", {"search": text, "first": "1"}),
            ("/api/email-config/", {"search": text, "first": "1"}),
            ("/api/email-config/", {"externalId": text, "first": "1"}),
            ("/api/email-config/", {"first": "1", "enabled": "true"}),
        ):
            answer = await served.client.get(path, params=params, headers=authorization)
            for name, value in answer.headers.raw:
                assert PLAIN.fullmatch(value), (name, text)
            link = answer.headers.get("link")
            if link is not None:
                assert re.fullmatch(r'</api/[a-z-]+/\?[\w%&=.*+~-]+>; rel="next"', link), link
            assert "x-evil" not in answer.headers


async def test_nobody_is_sent_elsewhere(served: Api) -> None:
    """No answer of any method redirects: not by a slash, two, or a path that looks like one."""
    paths = (
        "//evil.example", "/\\evil.example", "/graphql/", "/api", "/api//evil.example",
        "/files//evil.example/..", "/.//evil.example", "/%2f%2fevil.example", "/healthz/",
    )  # fmt: skip
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            url = httpx.URL("http://test").copy_with(raw_path=path.encode())
            answer = await served.client.request(method, url)
            assert not answer.is_redirect, path
            assert "location" not in answer.headers, path
            assert answer.status_code in {400, 404, 405}, (path, method)


async def test_graphql_takes_no_url_of_its_own(served: Api) -> None:
    """No argument of a query sends anybody anywhere: `next`, `redirect` and `url` are unknown."""
    for name in ("next", "redirect", "redirect_uri", "return_to", "url", "continue"):
        answer = await served.client.get("/api/providers/", params={name: f"https://{EVIL}"})
        assert answer.status_code == 400
        assert EVIL not in answer.text
        shown = await graphql(served, "{ viewer { id } }", Cookie=f"{name}=https://{EVIL}")
        assert EVIL not in str(shown.headers)
