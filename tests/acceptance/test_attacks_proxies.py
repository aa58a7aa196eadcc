"""What proxies say of clients, to `mailconfig serve` as it runs: whom it believes, and how far.

The tests are the proxy: they come from 127.0.0.1, as one on the same machine does.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kit.serving import EMAIL, PASSWORD, Served, make_owner, serving

FREE = 3
"""Failed sign-ins of an address before it waits."""
SIGN_IN = """
mutation ($input: LoginInput!) {
  login(input: $input) { session { accessToken } errors { __typename } }
}
"""
SESSIONS = "{ sessions { client current } }"
PEER, CLIENT, OTHER = "127.0.0.1", "203.0.113.9", "203.0.113.10"


@pytest.fixture
def engine() -> str:
    """Addresses know no storage."""
    return "sqlite"


@contextmanager
def running(
    data: Path, monkeypatch: pytest.MonkeyPatch, uvicorn_s: str | None = None, **settings: object
) -> Iterator[Served]:
    """Run a server with an owner; `uvicorn_s` is the variable that uvicorn reads by itself."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    make_owner(data)
    if uvicorn_s is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", uvicorn_s)
    with serving(data, LOGIN_ATTEMPTS_PER_MINUTE=FREE, **settings) as served:
        yield served


def sign_in(address: str, headers: Mapping[str, str], email: str = EMAIL) -> httpx.Response:
    """Try to sign in."""
    given = {"input": {"email": email, "password": PASSWORD}}
    body = {"query": SIGN_IN, "variables": given}
    return httpx.post(f"{address}/graphql", json=body, headers=dict(headers), timeout=40)


def ends(served: Served, forwarded: list[str]) -> list[str]:
    """Return how sign-ins of nobody end, each with such a header and another address."""
    found = []
    for number, value in enumerate(forwarded):
        answer = sign_in(
            served.address, {"X-Forwarded-For": value}, f"n{number}-{hash(value)}@x.example"
        )
        (error,) = answer.json()["data"]["login"]["errors"]
        found.append(error["__typename"].removesuffix("Error"))
    return found


def noted(served: Served, forwarded: Mapping[str, str]) -> tuple[str, str]:
    """Return the address that a sign-in's session has, and its cookie."""
    answer = sign_in(served.address, forwarded)
    token = answer.json()["data"]["login"]["session"]["accessToken"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"query": SESSIONS}
    shown = httpx.post(f"{served.address}/graphql", json=body, headers=headers, timeout=40)
    (mine,) = [each for each in shown.json()["data"]["sessions"] if each["current"]]
    return mine["client"], answer.headers["set-cookie"]


def test_a_named_proxy_tells_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right-most address that is no proxy's: what a client wrote to the left counts nothing."""
    named = "127.0.0.1,198.51.100.0/24"
    with running(tmp_path / "data", monkeypatch, TRUSTED_PROXIES=named) as served:
        invented = [f"192.0.2.{number}, {CLIENT}" for number in range(FREE)]
        assert ends(served, invented) == ["Credentials"] * FREE
        beside = [
            CLIENT,
            f"{OTHER}, {CLIENT}",
            f"{CLIENT}, 198.51.100.7",  # behind two proxies of ours
            f"10.0.0.1,{OTHER},{CLIENT},198.51.100.7,127.0.0.1",
            f"{OTHER} ,  {CLIENT}",
        ]
        assert ends(served, beside) == ["RateLimited"] * len(beside)
        assert ends(served, [OTHER, f"{CLIENT}, {OTHER}"]) == ["Credentials"] * 2
        client, cookie = noted(served, {"X-Forwarded-For": f"192.0.2.1, {OTHER}"})
        assert client == OTHER
        assert "Secure" not in cookie


def test_without_a_named_proxy_nobody_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes from this machine is this machine, whatever else it says."""
    with running(tmp_path / "data", monkeypatch) as served:
        client, cookie = noted(served, {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"})
        assert client == PEER
        assert "Secure" not in cookie
        invented = [f"203.0.113.{number}" for number in range(FREE + 3)]
        assert ends(served, invented) == ["Credentials"] * FREE + ["RateLimited"] * 3


def test_a_proxy_elsewhere_is_not_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another proxy is named, 127.0.0.1 is none; the setting wins over uvicorn's variable."""
    settings = {"TRUSTED_PROXIES": "192.0.2.1"}
    with running(tmp_path / "data", monkeypatch, "*", **settings) as served:
        assert noted(served, {"X-Forwarded-For": CLIENT})[0] == PEER


def test_uvicorn_s_variable_counts_where_ours_is_unset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its documentation says; an empty one names nobody."""
    with running(tmp_path / "one" / "data", monkeypatch, "127.0.0.1") as served:
        assert noted(served, {"X-Forwarded-For": f"192.0.2.1, {CLIENT}"})[0] == CLIENT
    with running(tmp_path / "two" / "data", monkeypatch, "") as served:
        assert noted(served, {"X-Forwarded-For": CLIENT})[0] == PEER


def test_a_scheme_makes_no_cookie_secure(tmp_path: Path) -> None:
    """The public address decides, not X-Forwarded-Proto: neither on nor off, by a proxy of ours."""
    with socket.create_server((PEER, 0)) as reserved:
        port = reserved.getsockname()[1]
    for name, settings, secure in (
        ("bare", {}, False),
        ("https", {"PUBLIC_URL": "https://mail.example.org", "ALLOWED_HOSTS": PEER}, True),
    ):
        data = tmp_path / name / "data"
        make_owner(data)
        with serving(data, port=port, TRUSTED_PROXIES=PEER, **settings):
            for scheme in ("https", "http", "wss", "javascript:"):
                said = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": scheme}
                cookie = sign_in(f"http://{PEER}:{port}", said).headers["set-cookie"]
                assert ("Secure" in cookie) is secure, scheme
                assert cookie.startswith("__Host-") is secure, scheme


def test_what_is_no_address_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a proxy that passes anything on: an answer, and nothing unexpected in the log."""
    hostile = ["", ",", ", ,", "unknown", "_hidden", "[2001:db8::1]:443", "1.2.3.4:80", "::ffff:1"]
    hostile += ["2001:db8::1%eth0", "999.1.1.1", "127.0.0.1", "a" * 4000, "1" * 400, "<x>", "%s{0}"]
    with running(tmp_path / "data", monkeypatch, TRUSTED_PROXIES=PEER) as served:
        for value in hostile:
            (end,) = ends(served, [value])
            assert end in {"Credentials", "RateLimited"}, value
        levels = {event["level"] for event in served.events()}
        assert levels <= {"info", "warning"}
        assert "a" * 300 not in served.log.read_text()
