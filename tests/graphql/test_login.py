"""The mutation `login`."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, STRANGER, Api, serving
from mailconfig.settings import Settings

ATTEMPT = """
mutation ($email: String!, $password: String!) {
  login(input: { email: $email, password: $password }) {
    session { expiresAt viewer { email } }
    errors { __typename message path ... on RateLimitedError { retryAfterSeconds } }
  }
}
"""
WHO = "{ viewer { email role workspaceId } }"


async def attempt(api: Api, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Try to sign in and return the payload."""
    data = await api.data(None, ATTEMPT, {"email": email, "password": password})
    return data["login"]


async def signed_in(api: Api, who: str = MEMBER) -> tuple[dict[str, Any], httpx.Response]:
    """Sign in and return the session and the whole answer."""
    given = {"input": {"email": f"{who}@example.org", "password": PASSWORD}}
    body = {"query": LOGIN, "variables": given}
    response = await api.client.post("/graphql", json=body)
    return response.json()["data"]["login"]["session"], response


async def test_a_session_is_a_cookie_and_an_access_token(api: Api) -> None:
    """The answer names the person; cookie and token each stand for them."""
    session, response = await signed_in(api)
    assert session["viewer"] == {"email": "member@example.org", "role": "MEMBER"}
    assert (await api.client.post("/graphql", json={"query": WHO})).json()["data"]["viewer"][
        "email"
    ] == "member@example.org"
    api.client.cookies.clear()
    headers = {"Authorization": f"Bearer {session['accessToken']}"}
    answer = await api.client.post("/graphql", json={"query": WHO}, headers=headers)
    assert answer.json()["data"]["viewer"]["email"] == "member@example.org"
    # The token of the cookie stands nowhere in the body.
    (cookie,) = [part.split("=", 1)[1] for part in response.headers["set-cookie"].split(";")[:1]]
    assert cookie not in response.text


async def test_a_session_belongs_to_one_workspace(api: Api) -> None:
    """Somebody who is not in `default` gets into their own."""
    _, _ = await signed_in(api)
    here = (await api.client.post("/graphql", json={"query": WHO})).json()["data"]["viewer"]
    api.client.cookies.clear()
    session, _ = await signed_in(api, STRANGER)
    there = (await api.client.post("/graphql", json={"query": WHO})).json()["data"]["viewer"]
    assert session["viewer"]["role"] == there["role"] == "OWNER"
    assert here["workspaceId"] != there["workspaceId"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_lifetimes_are_the_settings(app_settings: Settings) -> None:
    """Session and access token end when the operator says."""
    lives = {"access_token_seconds": 60, "session_seconds": 300}
    async with serving(app_settings.model_copy(update=lives)) as api:
        before = datetime.now(UTC)
        session, _ = await signed_in(api)
        ends = datetime.fromisoformat(session["expiresAt"]) - before
        assert timedelta(seconds=299) < ends < timedelta(seconds=330)
        payload = session["accessToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert claims["exp"] - claims["iat"] == 60
        assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}


async def test_the_address_is_taken_in_any_case(api: Api) -> None:
    """Spaces around it are forgiven as well, since a phone adds them."""
    payload = await attempt(api, "MEMBER@Example.ORG")
    assert payload["session"]["viewer"] == {"email": "member@example.org"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_wrong_password_and_an_unknown_user_read_alike(api: Api) -> None:
    """Whatever was wrong, the answer is the same, and there is no cookie."""
    expected = {
        "session": None,
        "errors": [
            {
                "__typename": "CredentialsError",
                "message": "The e-mail address or the password is wrong.",
                "path": [],
            }
        ],
    }
    for email, password in (
        ("member@example.org", "wrong horse battery"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        ("member@example.org", f"{PASSWORD} "),
        ("member@example.org", "x" * 100_000),
        ("member@example.org\x00", PASSWORD),
    ):
        assert await attempt(api, email, password) == expected, email
    assert not api.client.cookies


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_attempts_are_throttled(app_settings: Settings) -> None:
    """After as many attempts as allowed even the right password waits, and is told how long."""
    limits = {"login_attempts_per_minute": 2}
    async with serving(app_settings.model_copy(update=limits)) as api:
        for _ in range(2):
            payload = await attempt(api, "member@example.org", "wrong horse battery")
            assert payload["errors"][0]["__typename"] == "CredentialsError"
        payload = await attempt(api, "member@example.org")
        assert payload["session"] is None
        (error,) = payload["errors"]
        assert error["__typename"] == "RateLimitedError"
        assert 1 <= error["retryAfterSeconds"] <= 60
        # The client is counted, not the account alone.
        payload = await attempt(api, "admin@example.org")
        assert payload["errors"][0]["__typename"] == "RateLimitedError"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_batch_of_logins_in_one_request_is_throttled_too(app_settings: Settings) -> None:
    """Aliases are attempts like any other."""
    attempt = 'login(input: {email: "nobody@example.org", password: "x"}) { errors { __typename } }'
    query = f"mutation {{ {' '.join(f'a{number}: {attempt}' for number in range(5))} }}"
    limits = {"login_attempts_per_minute": 2}
    async with serving(app_settings.model_copy(update=limits)) as api:
        data = await api.data(None, query)
        names = [payload["errors"][0]["__typename"] for payload in data.values()]
        assert names == ["CredentialsError"] * 2 + ["RateLimitedError"] * 3
