"""Every secret of every test is swept for: what the sweep finds, and what nobody else would try.

The sweep itself is `kit.sweeping`: it is on in every test of the suite that speaks to the API.
"""

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from graphql import build_schema

from kit.api import MEMBER, Api, serving
from kit.coercions import Wrong, wrong_inputs
from kit.given import (
    COOKIE,
    CSRF,
    INIT,
    INPUT,
    SCHEMA,
    TOKEN,
    Given,
    of_headers,
    of_http,
    of_message,
    secret_members,
)
from kit.sweeping import Sweep
from mailconfig.settings import Mode, Settings

SECRET = "Zq7hunter2"
"""Looks like a name, so that it may stand in the place of one."""
JSON = [(b"content-type", b"application/json")]
LEAKING = Path(__file__).with_name("leaking_app.txt")
"""Tests of an application that leaks; no tests of ours."""


def test_secret_members_are_told_by_the_schema() -> None:
    """Descriptions and types say which members of inputs are secret."""
    assert secret_members(build_schema(SCHEMA.read_text())) == {
        "password",
        "accessToken",
        "secret",
        "incomingSecret",
        "outgoingSecret",
        "clientSecret",
        "code",
        "currentPassword",
        "newPassword",
        "refreshToken",
        "state",
        "token",
    }
    later = """
    input A { "An API key." key: String "Not one." name: String "The token's id" id: ID b: [B!] }
    "Write-only." input B { anything: String }
    """
    assert secret_members(build_schema(later)) == {"key", "b", "anything"}


def _body(**members: object) -> bytes:
    return json.dumps(members).encode()


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
    + _body(variables={"input": {"password": SECRET}})
    + b'\r\n--b\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n'
    + b'{"password": "content of a file"}\r\n--b--\r\n'
)
BODIES = {
    "a variable": (JSON, _body(variables={"input": {"password": SECRET}})),
    "a wrong type": (JSON, _body(variables={"input": {"password": [{"value": SECRET}]}})),
    "another member": (JSON, _body(variables={"i": {"secret": {"passwort": SECRET}}})),
    "an object as text": (JSON, _body(variables={"i": {"secret": SECRET}})),
    "a name": (JSON, _body(variables={"i": {"secret": {SECRET: True}}})),
    "a literal": (JSON, _body(query=f'{{ login(input: {{password: "{SECRET}"}}) {{ a }} }}')),
    "a word": (JSON, _body(query=f"{{ login(input: {{password: {SECRET}, email: 1}}) }}")),
    "a block": (JSON, _body(query=f'{{ login(input: {{password: """{SECRET}"""}}) }}')),
    "a literal cut off": (JSON, _body(query=f'{{ login(input: {{password: "{SECRET}')),
    "a list": (JSON, _body(query=f'{{ a(secret: {{password: ["{SECRET}"]}}, name: "no") }}')),
    "a variable of another name": (
        JSON,
        _body(query="query ($p: A) { a(secret: {password: $p}) }", variables={"p": SECRET}),
    ),
    "JSON cut off": (JSON, b'{"password": "' + SECRET.encode()),
    "a form of GraphQL": ([(b"content-type", b"multipart/form-data; boundary=b")], FORM),
    "a form of REST": (
        [(b"content-type", b'multipart/form-data; boundary="b"')],
        FORM.replace(b'name="operations"', b'name="incoming.secret.password"').replace(
            _body(variables={"input": {"password": SECRET}}), SECRET.encode()
        ),
    ),
}


@pytest.mark.parametrize("where", BODIES)
def test_secrets_of_a_body_are_known(where: str) -> None:
    """However a request gives it, and whether or not a server would take the request."""
    headers, body = BODIES[where]
    assert {*of_http(headers, b"", body)} == {Given(INPUT, SECRET)}


def test_secrets_elsewhere_are_known() -> None:
    """In the URL, in headers, in messages of a socket."""
    query = b"query=%7Ba(password%3A%22" + SECRET.encode() + b"%22)%7D"
    assert [*of_http([], query, b"")] == [Given(INPUT, SECRET)]
    assert [*of_http([], b"input.password=" + SECRET.encode(), b"")] == [Given(INPUT, SECRET)]
    headers = [(b"Authorization", b"Bearer a.b"), (b"cookie", b"x=1; y=2"), (b"x-csrf-token", b"c")]
    assert [*of_headers(headers)] == [
        Given(TOKEN, "a.b"),
        Given(COOKIE, "1"),
        Given(COOKIE, "2"),
        Given(CSRF, "c"),
    ]
    (nothing,) = of_headers([(b"authorization", b"Bearer ")])
    assert nothing == Given(TOKEN, "")
    init = {"type": "connection_init", "payload": {"Authorization": "Bearer a.b"}}
    assert [*of_message(json.dumps(init))] == [Given(INIT, "a.b")]
    operation = {"variables": {"input": {"password": SECRET}}}
    asked = {"type": "subscribe", "payload": operation}
    assert [*of_message(json.dumps(asked))] == [Given(INPUT, SECRET)]


def test_only_what_comes_after_a_secret_can_leak_it() -> None:
    """A token is handed out before it is given back; what was searched is not kept."""
    sweep = Sweep()
    sweep.place("an earlier answer", SECRET.encode())
    sweep.give([Given(TOKEN, SECRET), Given(INPUT, "short")])
    assert sweep.leaks() == []
    sweep.place("login", f'{{"accessToken":"{SECRET}"}}'.encode())
    sweep.place("large", bytes(2**21))
    sweep.place("a later answer", b"-" + SECRET.encode())
    assert sweep.leaks() == ["token in a later answer: raw"]
    assert sweep.short == {"short"}


def test_an_application_that_leaks_fails_its_tests(tmp_path: Path) -> None:
    """In an answer, a header, an event, a message, a close, a log, by a process; nothing else."""
    (tmp_path / "test_leaking.py").write_text(LEAKING.read_text())
    words = [sys.executable, "-m", "pytest", "-p", "kit.sweeping"]
    options = [
        "-q",
        "-rE",
        "--show-capture=no",
        "-n0",
        "-c",
        "/dev/null",
        f"--rootdir={tmp_path}",
        "--tb=short",
    ]
    mode = ["-o", "asyncio_mode=auto", "-o", f"pythonpath={Path(__file__).parents[1]}"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}
    done = subprocess.run(
        [*words, *options, *mode, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
        cwd=tmp_path,
    )
    failed = sorted(
        line.partition("::")[2].partition(" ")[0]
        for line in done.stdout.splitlines()
        if line.startswith("ERROR test_leaking.py")
    )
    assert failed == [
        "test_leaks[answer]",
        "test_leaks[base64]",
        "test_leaks[event]",
        "test_leaks[header]",
        "test_leaks[log]",
        "test_leaks[traceback]",
        "test_leaks_into_a_socket[close]",
        "test_leaks_into_a_socket[message]",
    ], done.stdout + done.stderr
    assert "13 passed" in done.stdout
    assert "8 errors" in done.stdout
    assert "NOT SWEPT: 1 short secrets in 1 tests" in done.stdout
    assert "Zq7hunter2" not in done.stdout


@pytest.fixture
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture(params=[Mode.PRODUCTION, Mode.DEVELOPMENT])
async def unmetered(app_settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """The application in both modes, for callers with points for all requests."""
    update = {
        "points_per_minute": 10**9,
        "login_attempts_per_minute": 10**6,
        "mode": request.param,
        "demo": False,
    }
    async with serving(app_settings.model_copy(update=update)) as api:
        yield api


INPUTS = list(wrong_inputs(build_schema(SCHEMA.read_text()), SECRET + "-" * 9))
REST = {
    "submit": ("POST", "/api/email-config/", ""),
    "update": ("PUT", "/api/email-config/RW1haWxDb25maWc6MQ/", ""),
    "validate": ("POST", "/api/email-config/validate/", "draft"),
    "testConnection": ("POST", "/api/email-config/test-connection/", ""),
    "login": ("POST", "/api/auth/login/", ""),
}
"""Method and path of a mutation, and which part of its input is the body."""


WITHOUT_REST = (
    "rollback",
    "acceptInvitation",
    "changePassword",
    "completeMailboxAuthorization",
    "deleteAccount",
    "refreshSession",
    "resetPassword",
    # States of messages bear the name of a secret of sign-ins with providers.
    "retryMessages",
    "setOAuthClient",
)
"""Mutations that take a secret and have no path of their own."""


def test_inputs_are_wrong_in_every_place() -> None:
    """Each mutation that takes a secret is tried."""
    assert {wrong.mutation for wrong in INPUTS} == {*REST, *WITHOUT_REST}
    places = {wrong.place for wrong in INPUTS if wrong.mutation == "submit"}
    assert "input.incoming.secret.password: a list" in places
    assert "input.outgoing: one more member" in places


@pytest.mark.parametrize("mutation", [*REST, *WITHOUT_REST])
async def test_no_error_of_coercion_has_a_secret(
    unmetered: Api, mutation: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every place of every input with a secret, in variables, in the document and over REST."""
    caplog.set_level(logging.DEBUG, "mailconfig")
    headers = {"Authorization": f"Bearer {await unmetered.token(MEMBER)}"}
    for wrong in INPUTS:
        if wrong.mutation == mutation:
            for method, path, body in _requests(wrong):
                answer = await unmetered.client.request(method, path, json=body, headers=headers)
                assert answer.status_code < 500, wrong.place
                assert SECRET not in answer.text, f"{path} {wrong.place}"
    assert SECRET not in caplog.text


def _requests(wrong: Wrong) -> list[tuple[str, str, object]]:
    requests: list[tuple[str, str, object]] = [
        ("POST", "/graphql", {"query": wrong.query, "variables": {"input": wrong.value}}),
        ("POST", "/graphql", {"query": wrong.literal}),
    ]
    method, path, part = REST.get(wrong.mutation, ("", "", ""))
    whole = isinstance(wrong.value, dict)
    if path and (whole or not part):
        requests.append((method, path, wrong.value.get(part) if part else wrong.value))
    return requests
