"""The mutation `logout`."""

import pytest

from kit.api import LOGIN, MEMBER, PASSWORD, VIEWER, Api

LOGOUT = "mutation { logout { ok errors { __typename message } } }"
WHO = "{ viewer { email } }"


async def test_cookie_and_tokens_end_at_once(api: Api) -> None:
    """One session, all its keys: cookie, old and new access tokens; the browser forgets."""
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    answer = await api.client.post("/graphql", json={"query": LOGIN, "variables": given})
    session = answer.json()["data"]["login"]["session"]
    cookies = dict(api.client.cookies)
    by_token = {"Authorization": f"Bearer {session['accessToken']}"}
    headers = {"X-CSRF-Token": session["csrfToken"]}
    answer = await api.client.post("/graphql", json={"query": LOGOUT}, headers=headers)
    assert answer.json()["data"]["logout"] == {"ok": True, "errors": []}
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not api.client.cookies
    for name, value in cookies.items():
        api.client.cookies.set(name, value)
    for headers in ({}, by_token):
        answer = await api.client.post("/graphql", json={"query": WHO}, headers=headers)
        assert answer.json()["data"] == {"viewer": None}
        assert "errors" not in answer.json()
        answer = await api.client.post("/graphql", json={"query": LOGOUT}, headers=headers)
        (error,) = answer.json()["data"]["logout"]["errors"]
        assert (error["__typename"], error["message"]) == (
            "UnauthenticatedError",
            "The session has ended.",
        )


async def test_other_sessions_live_on(api: Api) -> None:
    """Leaving here is not leaving everywhere."""
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    session = (await api.data(None, LOGIN, given))["login"]["session"]
    api.client.cookies.clear()
    headers = {"Authorization": f"Bearer {session['accessToken']}"}
    await api.client.post("/graphql", json={"query": LOGOUT}, headers=headers)
    assert (await api.data(MEMBER, WHO))["viewer"] == {"email": "member@example.org"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_everybody_signed_in_may_leave(api: Api) -> None:
    """A viewer, too; nobody cannot."""
    assert (await api.data(VIEWER, LOGOUT))["logout"] == {"ok": True, "errors": []}
    payload = (await api.data(None, LOGOUT))["logout"]
    assert payload["ok"] is False
    assert [error["__typename"] for error in payload["errors"]] == ["UnauthenticatedError"]
