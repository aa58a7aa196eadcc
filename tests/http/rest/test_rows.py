"""Each row of the REST table: what it answers, and what its failures are answered."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from kit.api import (
    COLLEAGUE,
    MEMBER,
    PASSWORD,
    STRANGER,
    VIEWER,
    Api,
    form,
    server,
    serving,
)
from kit.rest import Rest, open_rest
from mailconfig.domain.ids import new_id
from mailconfig.graphql import ids
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

CONFIGS = "/api/email-config/"
SECRET = "kept-for-later-9"


@pytest.fixture
async def rest(api: Api) -> Rest:
    """A client that holds all answers against the OpenAPI document; no answer has a secret."""
    return await open_rest(api)


async def stored(rest: Rest, who: str = MEMBER, **changes: object) -> Mapping[str, Any]:
    """Store a configuration and return it."""
    answer = await rest.send(who, "POST", CONFIGS, json=form(**changes))
    assert answer.status_code == 201
    assert SECRET not in answer.text
    return answer.json()


def without_times(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without the moments of its secrets, which reads tell exactly."""
    servers = {
        name: {key: value for key, value in config[name].items() if key != "secretSetAt"}
        for name in ("incoming", "outgoing")
    }
    return {**config, **servers}


def problem(answer: httpx.Response) -> tuple[int, str | None, list[str | None]]:
    """Return status, code and places of the errors of a problem."""
    found = answer.json()
    assert found["status"] == answer.status_code
    errors = found.get("errors", [])
    return (
        answer.status_code,
        found.get("code"),
        [error.get("pointer", error.get("parameter")) for error in errors],
    )


async def test_submit(rest: Rest) -> None:
    """201 with the configuration as GraphQL shows it, its address and its revision."""
    answer = await rest.send(MEMBER, "POST", CONFIGS, json=form())
    config = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{CONFIGS}{config['id']}/"
    assert answer.headers["etag"] == '"1"'
    assert (config["emailAddress"], config["status"]) == ("ann@example.net", "UNVERIFIED")
    assert config["incoming"]["secretSetAt"] is not None
    assert SECRET not in answer.text
    query = "query ($id: ID!) { config(id: $id) { name revision } }"
    data = await rest.api.data(MEMBER, query, {"id": config["id"]})
    assert data["config"] == {"name": "Work", "revision": 1}


async def test_submit_is_refused(rest: Rest) -> None:
    """Each failure has its status, its code and its place; nothing is stored."""
    body = form(incoming=server("http://imap.example.net"))
    asked = [
        (None, form(), (401, "UnauthenticatedError", ["#"])),
        (VIEWER, form(), (403, "ForbiddenError", ["#"])),
        (MEMBER, body, (422, "ValidationIssue", ["#/incoming/host"])),
        (MEMBER, {"name": 7}, (422, "BAD_REQUEST", ["#/name", "#/emailAddress"])),
        (MEMBER, form(nothing=1), (422, "BAD_REQUEST", ["#"])),
        (
            MEMBER,
            form(incoming=server(secret={"password": "a", "keep": True})),
            (422, "BAD_REQUEST", ["#/incoming/secret"]),
        ),
        (
            MEMBER,
            form(incoming=server(security="SSL", port="x")),
            (422, "BAD_REQUEST", ["#/incoming/port", "#/incoming/security"]),
        ),
        (MEMBER, [], (422, "BAD_REQUEST", [])),
        (MEMBER, None, (415, "BAD_REQUEST", [])),
    ]
    for who, given, expected in asked:
        answer = await rest.send(who, "POST", CONFIGS, json=given)
        assert problem(answer) == expected
        assert "SSL" not in answer.text
    listed = await rest.send(MEMBER, "GET", CONFIGS)
    assert listed.json()["nodes"] == []


async def test_a_duplicate_is_a_conflict(rest: Rest) -> None:
    """409 names what stands in the way."""
    first = await stored(rest)
    answer = await rest.send(MEMBER, "POST", CONFIGS, json=form())
    assert problem(answer) == (409, "DuplicateError", ["#/emailAddress"])
    (error,) = answer.json()["errors"]
    assert error["existing"] == {"id": first["id"], "revision": 1}


async def test_the_idempotency_key_is_a_header(rest: Rest) -> None:
    """The same key gives the first answer; with another body it is refused."""
    headers = {"Idempotency-Key": '"once"'}
    first, again = [
        await rest.send(MEMBER, "POST", CONFIGS, json=form(), headers=headers) for _ in range(2)
    ]
    assert first.json()["id"] == again.json()["id"]
    other = await rest.send(MEMBER, "POST", CONFIGS, json=form(name="B"), headers=headers)
    assert problem(other) == (422, "IdempotencyConflictError", ["#/idempotencyKey"])


async def test_list(rest: Rest) -> None:
    """Pages with links to their neighbours; filters by query parameters; counts when asked."""
    for name in ("a", "b", "c"):
        await stored(rest, name=name, emailAddress=f"{name}@example.net")
    wanted = {"first": 2, "totalCount": "true", "orderBy.field": "NAME", "status": "UNVERIFIED"}
    page = await rest.send(MEMBER, "GET", CONFIGS, params=wanted)
    assert [node["name"] for node in page.json()["nodes"]] == ["a", "b"]
    assert page.json()["totalCount"] == 3
    assert set(page.links) == {"next"}
    last = await rest.send(MEMBER, "GET", page.links["next"]["url"])
    assert [node["name"] for node in last.json()["nodes"]] == ["c"]
    assert set(last.links) == {"prev"}
    back = await rest.send(MEMBER, "GET", last.links["prev"]["url"])
    assert [node["name"] for node in back.json()["nodes"]] == ["a", "b"]
    for parameters, names in (
        ({"search": "B@"}, ["b"]),
        ({"status": ["WORKING", "FAILING"]}, []),
        ({"enabled": "false"}, []),
        ({"updatedAt.lt": "2020-01-01T00:00:00Z"}, []),
    ):
        found = await rest.send(MEMBER, "GET", CONFIGS, params=parameters)
        assert [node["name"] for node in found.json()["nodes"]] == names


async def test_list_is_refused(rest: Rest) -> None:
    """Typing errors in parameters are told, not ignored: they would widen a filter."""
    asked: list[tuple[dict[str, Any], tuple[int, str, list[str | None]]]] = [
        ({"firs": 1}, (400, "BAD_REQUEST", [None])),
        ({"updatedAt": "x"}, (422, "BAD_REQUEST", ["updatedAt"])),
        ({"updatedAt.gt": "x"}, (400, "BAD_REQUEST", [None])),
        ({"first": ["1", "2"]}, (400, "BAD_REQUEST", ["first"])),
        ({"first": "x"}, (422, "BAD_REQUEST", ["first"])),
        ({"first": 1000}, (422, "INVALID_INPUT", ["first"])),
        ({"status": "LOST"}, (422, "BAD_REQUEST", ["status.0"])),
        ({"enabled": "yes"}, (422, "BAD_REQUEST", ["enabled"])),
    ]
    for parameters, expected in asked:
        answer = await rest.send(MEMBER, "GET", CONFIGS, params=parameters)
        assert problem(answer) == expected, parameters
    answer = await rest.send(None, "GET", CONFIGS)
    assert problem(answer) == (401, "UNAUTHENTICATED", [])
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_read(rest: Rest) -> None:
    """A configuration with its entity tag; what is not there or not visible is 404."""
    config = await stored(rest)
    path = f"{CONFIGS}{config['id']}/"
    answer = await rest.send(MEMBER, "GET", path)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert without_times(answer.json()) == without_times(config)
    assert answer.headers["cache-control"] == "no-store"
    for who, wanted in (
        (COLLEAGUE, path),
        (STRANGER, path),
        (MEMBER, f"{CONFIGS}{ids.encode('EmailConfig', new_id())}/"),
        (MEMBER, f"{CONFIGS}nothing/"),
    ):
        assert problem(await rest.send(who, "GET", wanted)) == (404, "NOT_FOUND", [])
    assert problem(await rest.send(None, "GET", path)) == (401, "UNAUTHENTICATED", [])


async def test_update(rest: Rest) -> None:
    """Absent members stay and null clears; the entity tag grows with the revision."""
    config = await stored(rest, displayName="Ann")
    path = f"{CONFIGS}{config['id']}/"
    answer = await rest.send(
        MEMBER, "PUT", path, json={"name": "B", "displayName": None}, headers={"If-Match": '"1"'}
    )
    changed = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (changed["name"], changed["displayName"]) == ("B", None)
    assert without_times(changed)["incoming"] == without_times(config)["incoming"]
    assert (await rest.send(MEMBER, "PUT", path, json={}, headers={"If-Match": "*"})).is_success


async def test_update_is_refused(rest: Rest) -> None:
    """412 where the revision came in If-Match, 409 where it came in the body."""
    config = await stored(rest)
    path = f"{CONFIGS}{config['id']}/"
    conflict = "RevisionConflictError"
    place = ["#/expectedRevision"]
    for headers, body, expected in (
        ({"If-Match": '"2"'}, {"name": "B"}, (412, conflict, place)),
        ({"If-Match": 'W/"1"'}, {"name": "B"}, (412, conflict, place)),
        ({"If-Match": "x"}, {"name": "B"}, (412, conflict, place)),
        ({}, {"name": "B", "expectedRevision": 2}, (409, conflict, place)),
        ({}, {"name": ""}, (422, "ValidationIssue", ["#/name"])),
        (
            {},
            {"incoming": server("imap.other.example", secret={"keep": True})},
            (422, "SecretRequiredError", ["#/incoming/secret"]),
        ),
    ):
        answer = await rest.send(MEMBER, "PUT", path, json=body, headers=headers)
        assert problem(answer) == expected
    for who in (STRANGER, COLLEAGUE):
        answer = await rest.send(who, "PUT", path, json={"name": "B"})
        assert problem(answer) == (404, "NotFoundError", ["#/id"])
    answer = await rest.send(None, "PUT", path, json={"name": "B"})
    assert problem(answer) == (401, "UnauthenticatedError", ["#"])
    kept = (await rest.send(MEMBER, "GET", path)).json()
    assert without_times(kept) == without_times(config)


async def test_the_id_of_the_path_counts(rest: Rest) -> None:
    """One in the body is overwritten: a page cannot be led to change another object."""
    first = await stored(rest)
    second = await stored(rest, emailAddress="bob@example.net")
    body = {"id": second["id"], "name": "B"}
    answer = await rest.send(MEMBER, "PUT", f"{CONFIGS}{first['id']}/", json=body)
    assert (answer.json()["id"], answer.json()["name"]) == (first["id"], "B")


async def test_delete(rest: Rest) -> None:
    """204 without a body; then it is gone."""
    config = await stored(rest)
    path = f"{CONFIGS}{config['id']}/"
    tagged = {"If-Match": '"2"'}
    assert (await rest.send(MEMBER, "DELETE", path, headers=tagged)).status_code == 412
    body = {"expectedRevision": 2}
    assert (await rest.send(MEMBER, "DELETE", path, json=body)).status_code == 409
    assert (await rest.send(STRANGER, "DELETE", path)).status_code == 404
    assert (await rest.send(None, "DELETE", path)).status_code == 401
    answer = await rest.send(MEMBER, "DELETE", path, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.content) == (204, b"")
    again = await rest.send(MEMBER, "DELETE", path)
    assert problem(again) == (404, "NotFoundError", ["#/id"])


async def test_validate(rest: Rest) -> None:
    """Issues are the result; their places are those of the form, their words in its language."""
    draft = form(incoming=server("http://imap.example.net"))
    german = {"Accept-Language": "de"}
    answer = await rest.send(MEMBER, "POST", f"{CONFIGS}validate/", json=draft, headers=german)
    (issue,) = answer.json()["issues"]
    assert (answer.status_code, answer.json()["valid"]) == (200, False)
    assert (issue["code"], issue["path"]) == ("HOST_SYNTAX", ["incoming", "host"])
    assert answer.headers["content-language"] == "de"
    assert SECRET not in answer.text
    empty = await rest.send(MEMBER, "POST", f"{CONFIGS}validate/", json={})
    assert empty.json()["valid"] is False
    wrong = await rest.send(MEMBER, "POST", f"{CONFIGS}validate/", json={"name": [1]})
    assert problem(wrong) == (422, "BAD_REQUEST", ["#/name"])
    nobody = await rest.send(None, "POST", f"{CONFIGS}validate/", json=draft)
    assert problem(nobody) == (401, "UnauthenticatedError", ["#"])


async def test_test_connection(rest: Rest) -> None:
    """Waits for the end unless told otherwise; a form and a stored configuration alike."""
    config = await stored(rest)
    path = f"{CONFIGS}test-connection/"
    for target in ({"draft": form()}, {"configId": config["id"]}):
        answer = await rest.send(MEMBER, "POST", path, json={"target": target})
        assert (answer.status_code, answer.json()["status"]) == (200, "PASSED")
        assert SECRET not in answer.text
    now = {"target": {"draft": form()}, "waitSeconds": 0}
    answer = await rest.send(MEMBER, "POST", path, json=now)
    assert answer.json()["status"] in {"QUEUED", "RUNNING"}


async def test_test_connection_is_refused(rest: Rest) -> None:
    """Before anything is dialled."""
    config = await stored(rest)
    path = f"{CONFIGS}test-connection/"
    by_id = {"target": {"configId": config["id"]}}
    for who, body, expected in (
        (None, by_id, (401, "UnauthenticatedError", ["#"])),
        (VIEWER, by_id, (403, "ForbiddenError", ["#"])),
        (STRANGER, by_id, (404, "NotFoundError")),
        (MEMBER, {}, (422, "BAD_REQUEST", ["#/target"])),
        (MEMBER, {"target": {}}, (422, "BAD_REQUEST", ["#/target"])),
        (MEMBER, by_id | {"waitSeconds": 99}, (422, "ValidationIssue", ["#/waitSeconds"])),
    ):
        answer = await rest.send(who, "POST", path, json=body)
        assert problem(answer)[: len(expected)] == expected
    assert rest.api.prober.requests == []


async def test_providers(rest: Rest) -> None:
    """Without a sign-in; caches may ask whether anything changed."""
    page = await rest.send(None, "GET", "/api/providers/", params={"search": "gmail.com"})
    assert "gmail" in [node["catalogueId"] for node in page.json()["nodes"]]
    assert "totalCount" not in page.json()
    found = await rest.send(None, "GET", "/api/providers/gmail/")
    assert found.json()["name"] == "Gmail (personal)"
    for path, answer in (("/api/providers/?search=gmail.com", page), (found.url.path, found)):
        headers = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
        again = await rest.send(None, "GET", path, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    assert problem(await rest.send(None, "GET", "/api/providers/nobody/"))[0] == 404
    assert problem(await rest.send(None, "GET", "/api/providers/?first=0"))[0] == 422


async def test_a_browsers_session(rest: Rest) -> None:
    """Token, sign-in by cookie, a write with the token of the session, and the end."""
    csrf = await rest.send(None, "GET", "/api/auth/csrf/")
    assert csrf.json()["csrfToken"]
    credentials = {"email": "member@example.org", "password": PASSWORD}
    session = await rest.send(None, "POST", "/api/auth/login/", json=credentials)
    assert "accessToken" not in session.json()
    assert "HttpOnly" in session.headers["set-cookie"]
    assert PASSWORD not in session.text
    without = await rest.send(None, "POST", CONFIGS, json=form())
    assert problem(without) == (403, "ForbiddenError", ["#"])
    token = {"X-CSRF-Token": session.json()["csrfToken"]}
    assert (await rest.send(None, "POST", CONFIGS, json=form(), headers=token)).is_success
    again = await rest.send(None, "GET", "/api/auth/csrf/")
    assert again.json() == {"csrfToken": session.json()["csrfToken"]}
    assert (await rest.send(None, "POST", "/api/auth/logout/")).status_code == 403
    ended = await rest.send(None, "POST", "/api/auth/logout/", headers=token)
    assert (ended.status_code, ended.content) == (204, b"")
    assert (await rest.send(None, "GET", CONFIGS)).status_code == 401
    assert (await rest.send(None, "POST", "/api/auth/logout/")).status_code == 401


async def test_a_machines_session(rest: Rest) -> None:
    """An access token only for who asks for one."""
    credentials = {"email": "member@example.org", "password": PASSWORD}
    path = "/api/auth/login/?accessToken=true"
    session = (await rest.send(None, "POST", path, json=credentials)).json()
    rest.api.client.cookies.clear()
    headers = {"Authorization": f"Bearer {session['accessToken']}"}
    assert (await rest.send(None, "GET", CONFIGS, headers=headers)).status_code == 200
    wrong = await rest.send(None, "POST", path, json=credentials | {"password": "not this one"})
    assert problem(wrong) == (401, "CredentialsError", ["#"])
    assert "not this one" not in wrong.text


async def test_too_many_attempts_say_when_to_come_again(app_settings: Settings) -> None:
    """429 with Retry-After, for a field's own budget and for the points of a caller."""
    settings = app_settings.model_copy(update={"login_attempts_per_minute": 1})
    credentials = {"email": "nobody@example.org", "password": "wrong"}
    async with serving(settings) as api:
        rest = await open_rest(api)
        for _ in range(3):
            answer = await rest.send(None, "POST", "/api/auth/login/", json=credentials)
        assert problem(answer)[:2] == (429, "RateLimitedError")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    async with serving(app_settings.model_copy(update={"points_per_minute": 100})) as api:
        rest = await open_rest(api)
        for _ in range(5):
            answer = await rest.send(None, "GET", "/api/providers/?first=100")
        assert problem(answer)[:2] == (429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) >= 1
