"""The REST interface beside its rows: methods, paths, wrong bodies, forms, and sizes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kit.api import MEMBER, Api, form, serving
from kit.rest import Rest, open_rest
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

CONFIGS = "/api/email-config/"
FIELDS = {
    "name": "Work",
    "emailAddress": "ann@example.net",
    "enabled": "false",
    "providerId": "",
    "metadata": '{"team": 7}',
    "incoming.host": "imap.example.net",
    "incoming.port": "993",
    "incoming.security": "TLS",
    "incoming.secret.password": "kept-for-later-9",
    "outgoing": json.dumps(
        {"host": "smtp.example.net", "port": 465, "security": "TLS", "secret": {"password": "s3"}}
    ),
}
"""A form as a page without a framework sends it."""


@pytest.fixture
async def rest(api: Api) -> Rest:
    """A client that holds all answers against the OpenAPI document."""
    return await open_rest(api)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", CONFIGS, "GET, HEAD, POST"),
        ("OPTIONS", CONFIGS, "GET, HEAD, POST"),
        ("POST", f"{CONFIGS}x/", "DELETE, GET, HEAD, PUT"),
        ("POST", "/api/providers/", "GET, HEAD"),
        ("GET", "/api/auth/login/", "POST"),
        ("PUT", "/api/auth/logout/", "POST"),
    ],
)
async def test_other_methods(rest: Rest, method: str, path: str, allowed: str) -> None:
    """405 says which there are."""
    answer = await rest.send(MEMBER, method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["title"] == "Method Not Allowed"


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/email-config/a/b/"])
async def test_other_paths(rest: Rest, path: str) -> None:
    """404 as a problem."""
    answer = await rest.send(MEMBER, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_final_slash_may_be_left_out(rest: Rest) -> None:
    """Both forms are served, without a redirect that would lose a body."""
    for path in ("/api/providers", "/api/providers/", "/api/providers/gmail"):
        answer = await rest.send(None, "GET", path)
        assert (answer.status_code, answer.history) == (200, [])


async def test_head_is_get(rest: Rest) -> None:
    """Its headers are those of GET."""
    found = await rest.api.client.head("/api/providers/gmail/")
    whole = await rest.api.client.get("/api/providers/gmail/")
    assert (found.status_code, found.headers["etag"]) == (200, whole.headers["etag"])


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b'{"metadata": ' + b'{"a":' * 200 + b"1" + b"}" * 201, "application/json", 400),
        (b"name=Work", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=latin-1", 415),
        (b"--b--", "multipart/form-data", 400),
        (b"--b\r\nContent-Disposition: form-data", "multipart/form-data; boundary=b", 400),
        (b"x" * 300_000, "application/json", 413),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_bodies_that_cannot_be_read(
    rest: Rest, content: bytes, content_type: str, status: int
) -> None:
    """A problem, never a 5xx."""
    headers = {"Content-Type": content_type}
    answer = await rest.send(MEMBER, "POST", CONFIGS, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_a_form_with_files(rest: Rest) -> None:
    """Fields become what the schema says they are; parts are files by the names of their kinds."""
    files = [
        ("attachment", ("é.txt", b"one", "text/plain")),
        ("attachment", ("two.txt", b"two", "text/plain")),
    ]
    answer = await rest.send(MEMBER, "POST", CONFIGS, data=FIELDS, files=files)
    config = answer.json()
    assert answer.status_code == 201, config
    assert (config["enabled"], config["provider"]) == (False, None)
    assert (config["metadata"], config["incoming"]["port"]) == ({"team": 7}, 993)
    assert config["outgoing"]["host"] == "smtp.example.net"
    assert [(f["filename"], f["kind"], f["size"]) for f in config["files"]] == [
        ("é.txt", "ATTACHMENT", 3),
        ("two.txt", "ATTACHMENT", 3),
    ]
    path = f"{CONFIGS}{config['id']}/"
    added = {"attachment": ("three.txt", b"three", "text/plain")}
    changed = await rest.send(MEMBER, "PUT", path, data={"name": "B"}, files=added)
    assert (changed.json()["name"], len(changed.json()["files"])) == ("B", 3)


@pytest.mark.parametrize(
    ("fields", "part", "expected"),
    [
        # Unknown names are not repeated: a value may have slipped in where a name belongs.
        ({"nothing": "1"}, "attachment", (400, None)),
        ({"incoming.nothing": "1"}, "attachment", (400, None)),
        ({"name.first": "1"}, "attachment", (400, None)),
        ({"outgoing.host": "x"}, "attachment", (400, "outgoing.host")),
        ({}, "portrait", (400, None)),
        ({"incoming.port": "many"}, "attachment", (422, "#/incoming/port")),
        ({"metadata": "{"}, "attachment", (422, "#/metadata")),
        ({}, "signatureImage", (422, "#/file")),
    ],
)
async def test_forms_that_are_refused(
    rest: Rest, fields: dict[str, str], part: str, expected: tuple[int, str | None]
) -> None:
    """Each with the name of the part, or the place in the input."""
    files = {part: ("a.txt", b"no image", "text/plain")}
    answer = await rest.send(MEMBER, "POST", CONFIGS, data=FIELDS | fields, files=files)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error.get("part") or error.get("pointer")) == expected
    assert "kept-for-later-9" not in answer.text


async def test_unknown_names_are_not_repeated(rest: Rest) -> None:
    """A value may have slipped in where a name belongs: in a form, a body, or a URL."""
    secret = "hunter2"
    form_, body, url = [
        await rest.send(MEMBER, "POST", CONFIGS, data={secret: "1"}, files={"x": b""}),
        await rest.send(MEMBER, "POST", CONFIGS, json=form() | {secret: "1"}),
        await rest.send(MEMBER, "GET", CONFIGS, params={secret: "1"}),
    ]
    assert [answer.status_code for answer in (form_, body, url)] == [400, 422, 400]
    assert secret not in form_.text + body.text + url.text


async def test_a_form_of_another_site_is_refused(rest: Rest) -> None:
    """By cookie alone, without a header that only our page can send."""
    answer = await rest.send(None, "POST", CONFIGS, data=FIELDS, files={"x": b""})
    assert (answer.status_code, answer.json()["code"]) == (403, "BAD_REQUEST")


async def test_only_forms_with_files_are_forms(rest: Rest) -> None:
    """A page of another site could send a form to the sign-in."""
    answer = await rest.send(None, "POST", "/api/auth/login/", files={"email": b"a"})
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/json")


async def test_limits_of_sizes_are_problems_too(app_settings: Settings) -> None:
    """Long URLs, large headers, and bodies without a length."""
    changes: dict[str, Any] = {"max_url_bytes": 1024, "max_header_bytes": 4096}
    async with serving(app_settings.model_copy(update=changes)) as api:
        for path, headers, status in (
            (f"{CONFIGS}?search={'x' * 2000}", {}, 414),
            (CONFIGS, {"X-Large": "x" * 5000}, 431),
        ):
            answer = await api.client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert answer.headers["content-type"] == "application/problem+json"

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(10):
                yield b"x" * 50_000

        answer = await api.client.post(
            CONFIGS, content=endless(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "LIMIT_EXCEEDED")


async def test_a_body_that_is_just_fine_without_trusted_documents_is_with_them(
    app_settings: Settings, tmp_path: Path
) -> None:
    """The documents of REST are ours, and run where nothing else but a manifest's is."""
    manifest = tmp_path / "documents.json"
    manifest.write_text('{"a": "{ csrfToken }"}')
    changes: dict[str, Any] = {"documents_mode": "require", "documents_files": (manifest,)}
    async with serving(app_settings.model_copy(update=changes)) as api:
        rest = await open_rest(api)
        answer = await rest.send(MEMBER, "POST", CONFIGS, json=form())
        assert answer.status_code == 201
