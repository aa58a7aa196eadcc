"""The query `sessions`, and the mutations that end, renew and move sessions or set passwords."""

from typing import Any

import httpx
import pytest

from kit.api import MEMBER, PASSWORD, STRANGER, Api
from kit.worlds import mutation

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

SESSION = "session { accessToken refreshToken csrfToken expiresAt viewer { email } }"
LOGIN = mutation("login", "LoginInput", SESSION)
REFRESH = mutation("refreshSession", "RefreshSessionInput", SESSION)
END = mutation("endSession", "EndSessionInput", "endedId")
SWITCH = mutation("switchWorkspace", "SwitchWorkspaceInput", SESSION)
CHANGE = mutation("changePassword", "ChangePasswordInput", "ok")
RESET = mutation("resetPassword", "ResetPasswordInput", "ok")
EVERYWHERE = "mutation { logoutEverywhere { ok errors { __typename } } }"
SESSIONS = "{ sessions { id userAgent client current createdAt lastUsedAt expiresAt } }"
WHO = "{ viewer { email } }"


async def send(
    api: Api, query: str, input: object = None, **headers: str
) -> tuple[dict[str, Any], httpx.Response]:
    """Send an operation with whatever the client holds; return the payload and the answer."""
    body = {"query": query, "variables": {"input": input} if input is not None else {}}
    response = await api.client.post("/graphql", json=body, headers=headers)
    ((_, payload),) = response.json()["data"].items()
    return payload, response


async def login(api: Api, **headers: str) -> dict[str, Any]:
    """Sign in as a browser does, which keeps the cookie; return the session."""
    given = {"email": "member@example.org", "password": PASSWORD}
    payload, _ = await send(api, LOGIN, given, **headers)
    assert payload["errors"] == []
    session: dict[str, Any] = payload["session"]
    return session


def bearer(session: dict[str, Any]) -> dict[str, str]:
    """Return the header of a client without cookies."""
    return {"Authorization": f"Bearer {session['accessToken']}"}


async def test_a_client_without_cookies_goes_on(api: Api) -> None:
    """Two tokens for one, no cookie; the used one ends all of it, and says no more than others."""
    first = await login(api)
    api.client.cookies.clear()
    payload, response = await send(api, REFRESH, {"refreshToken": first["refreshToken"]})
    second = payload["session"]
    assert (payload["errors"], second["viewer"]) == ([], {"email": "member@example.org"})
    assert "set-cookie" not in response.headers
    assert second["expiresAt"] == first["expiresAt"]
    viewer, _ = await send(api, WHO, **bearer(second))
    assert viewer == {"email": "member@example.org"}
    unknown, _ = await send(api, REFRESH, {"refreshToken": "mcr_" + "x" * 43})
    replayed, _ = await send(api, REFRESH, {"refreshToken": first["refreshToken"]})
    assert unknown == replayed
    assert [error["__typename"] for error in replayed["errors"]] == ["UnauthenticatedError"]
    for session in (first, second):
        viewer, _ = await send(api, WHO, **bearer(session))
        assert viewer is None


async def test_sessions_are_listed_and_ended(api: Api) -> None:
    """The caller's alone, the present one marked; the cookie goes with its session."""
    await login(api, **{"User-Agent": "Phone/1"})
    api.client.cookies.clear()
    mine = await login(api, **{"User-Agent": "Laptop/2"})
    csrf = {"X-CSRF-Token": mine["csrfToken"]}
    listed, _ = await send(api, SESSIONS)
    assert [(each["userAgent"], each["current"]) for each in listed] == [
        ("Laptop/2", True),
        ("Phone/1", False),
        (None, False),  # what the fixture opened
    ]
    ended, response = await send(api, END, {"id": listed[1]["id"]}, **csrf)
    assert ended == {"endedId": listed[1]["id"], "errors": []}
    assert "set-cookie" not in response.headers
    ended, response = await send(api, END, {"id": listed[0]["id"]}, **csrf)
    assert ended["endedId"] == listed[0]["id"]
    assert 'mailconfig_session=""' in response.headers["set-cookie"]
    assert await api.data(None, WHO) == {"viewer": None}


async def test_everywhere_ends_this_one_too(api: Api) -> None:
    """Cookie, tokens and the other sessions."""
    session = await login(api)
    csrf = {"X-CSRF-Token": session["csrfToken"]}
    refused, _ = await send(api, EVERYWHERE)
    assert [error["__typename"] for error in refused["errors"]] == ["ForbiddenError"]
    done, response = await send(api, EVERYWHERE, **csrf)
    assert done == {"ok": True, "errors": []}
    assert 'mailconfig_session=""' in response.headers["set-cookie"]
    api.client.cookies.clear()
    for header in (bearer(session), {"Authorization": f"Bearer {await api.token(MEMBER)}"}):
        viewer, _ = await send(api, WHO, **header)
        assert viewer is None
    assert (await api.data(STRANGER, WHO))["viewer"] is not None


async def test_a_planted_cookie_is_replaced(api: Api) -> None:
    """Session fixation: the sign-in brings another cookie, and the planted one is worth nothing."""
    await login(api)
    planted = dict(api.client.cookies)
    await login(api)
    fresh = dict(api.client.cookies)
    assert fresh != planted
    api.client.cookies.clear()
    for cookies, email in ((planted, None), (fresh, "member@example.org")):
        ((name, value),) = cookies.items()
        viewer, _ = await send(api, WHO, Cookie=f"{name}={value}")
        assert (viewer and viewer["email"]) == email


async def test_switching_sets_the_cookie_of_browsers_alone(api: Api) -> None:
    """Within the only workspace it is a fresh session; others' workspaces are not there."""
    session = await login(api)
    csrf = {"X-CSRF-Token": session["csrfToken"]}
    place = (await api.data(MEMBER, "{ viewer { workspaceId } }"))["viewer"]
    theirs = (await api.data(STRANGER, "{ viewer { workspaceId } }"))["viewer"]
    for wrong in (theirs, {"workspaceId": "x"}):
        refused, _ = await send(api, SWITCH, wrong, **csrf)
        assert refused["session"] is None
        assert [(error["__typename"], error["path"]) for error in refused["errors"]] == [
            ("NotFoundError", ["workspaceId"])
        ]
    moved, response = await send(api, SWITCH, place, **csrf)
    assert "set-cookie" in response.headers
    assert moved["session"]["csrfToken"] != session["csrfToken"]
    api.client.cookies.clear()
    again, response = await send(api, SWITCH, place, **bearer(moved["session"]))
    assert again["errors"] == []
    assert "set-cookie" not in response.headers


async def test_passwords_are_changed_and_reset(api: Api) -> None:
    """Refusals are typed; nothing that was typed comes back."""
    session = await login(api)
    api.client.cookies.clear()
    words = {"currentPassword": PASSWORD, "newPassword": "correct horse staple"}
    wrong, _ = await send(api, CHANGE, words | {"currentPassword": "?!"}, **bearer(session))
    assert [error["__typename"] for error in wrong["errors"]] == ["CredentialsError"]
    weak, _ = await send(api, CHANGE, words | {"newPassword": "x"}, **bearer(session))
    assert [error["path"] for error in weak["errors"]] == [["newPassword"]]
    done, _ = await send(api, CHANGE, words, **bearer(session))
    assert done == {"ok": True, "errors": []}
    token = {"token": "mcp_" + "x" * 43, "newPassword": "correct horse staple"}
    refused, _ = await send(api, RESET, token)
    assert [(error["__typename"], error["path"]) for error in refused["errors"]] == [
        ("ValidationIssue", ["token"])
    ]
