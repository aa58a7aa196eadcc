"""What of an error reaches the client and the log: never a value that was sent."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from kit.api import MEMBER, SUBMIT, Api, FakeProber, form, server, serving
from kit.live import Live, Socket, listening
from mailconfig.domain.errors import Fault
from mailconfig.log import _QUIET, LogSettings, configure
from mailconfig.services.configs import ConfigService
from mailconfig.settings import Mode, Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant; storage has its own tests."""

CANARY = "hunter2-Xq9"
SECRET = {"password": CANARY}
LIST = "query { configs { totalCount } }"


def _without(field: str) -> dict[str, Any]:
    given = server(secret=SECRET)
    del given[field]
    return given


VARIABLES = {
    "a server's field is missing": form(incoming=_without("host")),
    "the form's field is missing": {"incoming": server(secret=SECRET)},
    "a number is text": form(incoming=server(secret=SECRET, port="993")),
    "a number is too large": form(incoming=server(secret=SECRET, port=2**40)),
    "an unknown enum value": form(incoming=server(secret=SECRET, security="SSL")),
    "an enum value is a number": form(incoming=server(secret=SECRET, security=7)),
    "an unknown field": form(incoming=server(secret=SECRET, password=CANARY)),
    "a field named almost right": form(incoming=server(secret={"passwort": CANARY})),
    "the secret is a string": form(incoming=server(secret=CANARY)),
    "the password is a list": form(incoming=server(secret={"password": [CANARY]})),
    "the password is an object": form(incoming=server(secret={"password": {"value": CANARY}})),
    "two kinds of secret": form(incoming=server(secret=SECRET | {"accessToken": CANARY})),
    "no kind of secret": form(incoming=server(secret={}), name=CANARY),
    "a null password": form(incoming=server(secret={"password": None}), name=CANARY),
    "the input is a string": CANARY,
    "the input is a list": [server(secret=SECRET), 7],
    "metadata is text": form(metadata=CANARY),
    "keep is text": form(incoming=server(secret={"keep": CANARY})),
    "a file is text": form(files=[{"upload": {"file": CANARY, "kind": "ATTACHMENT"}}]),
    "a name is an object": form(name={"text": CANARY}),
    "enabled is text": form(enabled=CANARY),
}
"""What stands in $input of submit."""
_SERVER = 'host: "imap.example.net" port: 993 security: TLS'
_FORM = 'name: "Work" emailAddress: "ann@example.net"'
_IMAP = f"{_FORM} incoming: {{ {_SERVER}"
LITERALS = {
    # Validation
    "a missing field": f'{_FORM} incoming: {{ port: 993 secret: {{ password: "{CANARY}" }} }}',
    "a missing form field": f'name: "{CANARY}"',
    "an unknown field": f'{_IMAP} password: "{CANARY}" }}',
    "an enum value as text": f'{_FORM} incoming: {{ host: "a" port: 993 security: "{CANARY}" }}',
    "an unknown enum value": f'{_FORM} incoming: {{ host: "a" port: 993 security: hunter2_Xq9 }}',
    "a number as text": f'{_FORM} incoming: {{ host: "a" port: "{CANARY}" security: TLS }}',
    "a secret as text": f'{_IMAP} secret: "{CANARY}" }}',
    "a password as a list": f'{_IMAP} secret: {{ password: ["{CANARY}"] }} }}',
    "two secrets": f'{_IMAP} secret: {{ password: "{CANARY}" accessToken: "x" }} }}',
    "a field twice": f'{_IMAP} secret: {{ password: "{CANARY}" password: "y" }} }}',
    "text for a flag": f'{_FORM} enabled: "{CANARY}"',
    "text for metadata": f'{_FORM} metadata: "{CANARY}"',
    "an undefined variable beside": f'{_FORM} displayName: $nobody externalId: "{CANARY}"',
    # Syntax
    "an unterminated string": f'{_FORM} externalId: "{CANARY}',
    "a wrong escape": f'{_FORM} externalId: "{CANARY}\\q"',
    "a wrong unicode escape": f'{_FORM} externalId: "\\u{CANARY}"',
    "a string without a name": f'{_FORM} "{CANARY}"',
    "a block string without a name": f'{_FORM} """{CANARY}"""',
    "an unquoted password": f"{_FORM} externalId: {CANARY}!",
    "single quotes": f"{_FORM} externalId: '{CANARY}'",
    "a name without a value": f"{_FORM} hunter2_Xq9",
    "a number with letters": f"{_FORM} port: 7hunter2",
}
"""What stands in the braces of submit's input."""


def _spellings() -> list[str]:
    """Return what of the canary must not be seen, also where its minus ended a name."""
    return ["hunter2", "Xq9"]


def _requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, given in VARIABLES.items():
        yield f"variables: {name}", SUBMIT, {"input": given}
    for name, given in LITERALS.items():
        query = f"mutation {{ submit(input: {{ {given} }}) {{ config {{ id }} }} }}"
        yield f"literals: {name}", query, {}


def _assert_clean(name: str, text: str) -> None:
    assert [part for part in _spellings() if part in text] == [], f"{name}: {text}"


@pytest.fixture
def debug_lines() -> Iterator[io.StringIO]:
    """Log as the server does at level DEBUG, into a buffer; afterwards all is as it was."""
    names = ("", *_QUIET)
    before = [(name, logging.getLogger(name).level) for name in names]
    root = logging.getLogger()
    handlers = root.handlers[:]
    stream = io.StringIO()
    configure(LogSettings(level="DEBUG", json=True), stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    for name, level in before:
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All records of all libraries, down to DEBUG."""
    caplog.set_level(logging.DEBUG)
    return caplog


async def test_over_http_no_answer_and_no_log_holds_the_password(
    api: Api, everything_logged: pytest.LogCaptureFixture
) -> None:
    """Each malformed request is refused as BAD_REQUEST, and the secret beside the fault is gone."""
    for name, query, variables in _requests():
        answer = await api.call(MEMBER, query, variables)
        _assert_clean(name, json.dumps(answer))
        codes = [error["extensions"]["code"] for error in answer["errors"]]
        assert set(codes) == {"BAD_REQUEST"}, f"{name}: {answer}"
        assert all(error["message"].endswith(".") for error in answer["errors"]), answer
    _assert_clean("log", everything_logged.text)
    assert await api.data(MEMBER, LIST) == {"configs": {"totalCount": 0}}


async def _over_socket(socket: Socket, key: str, query: str, variables: dict[str, Any]) -> str:
    """Run an operation that fails before it runs; return the answer's text."""
    await socket.subscribe(key, query, variables)
    message = await socket.receive()
    assert (message["id"], message["type"]) in {(key, "error"), (key, "next")}, message
    if message["type"] == "next":
        assert await socket.receive() == {"id": key, "type": "complete"}
    return json.dumps(message)


async def _over_events(live: Live, query: str, variables: dict[str, Any]) -> str:
    return json.dumps([event async for event in live.events(MEMBER, query, variables)])


async def test_over_sockets_and_streams_neither(
    app_settings: Settings, debug_lines: io.StringIO
) -> None:
    """The same over graphql-transport-ws and server-sent events; frames are not logged, either."""
    async with listening(app_settings, FakeProber()) as live, live.socket(MEMBER) as socket:
        for name, query, variables in _requests():
            answer = await _over_socket(socket, name, query, variables)
            _assert_clean(f"socket: {name}", answer)
            assert "BAD_REQUEST" in answer, f"socket: {name}: {answer}"
            answer = await _over_events(live, query, variables)
            _assert_clean(f"events: {name}", answer)
            assert "BAD_REQUEST" in answer, f"events: {name}: {answer}"
    # What this test's own client logs of its frames is not the server's.
    lines = debug_lines.getvalue().splitlines()
    _assert_clean("log", "".join(line for line in lines if '"websockets.client"' not in line))


class _BrokenError(Exception):
    """Something that nobody expected."""


async def _broken(*_: object) -> NoReturn:
    raise _BrokenError("the pump has stopped")


async def test_an_unexpected_exception_is_masked_with_the_request_id_of_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch, debug_lines: io.StringIO
) -> None:
    """The client learns an id and nothing else; under that id the log has the exception."""
    monkeypatch.setattr(ConfigService, "page", _broken)
    headers = {"Authorization": f"Bearer {await api.token(MEMBER)}", "X-Request-Id": "case-0042"}
    query = {"query": "query { configs { nodes { id } } }"}
    response = await api.client.post("/graphql", json=query, headers=headers)
    assert response.status_code == 200
    answer = response.json()
    del answer["extensions"]
    assert answer == {
        "data": {"configs": None},
        "errors": [
            {
                "message": "Something went wrong on our side.",
                "path": ["configs"],
                "locations": [{"line": 1, "column": 9}],
                "extensions": {"code": "INTERNAL", "requestId": "case-0042"},
            }
        ],
    }
    (line,) = [
        event
        for event in map(json.loads, debug_lines.getvalue().splitlines())
        if event["level"] == "error"
    ]
    assert line["request_id"] == "case-0042"
    assert "the pump has stopped" in line["exception"]


async def test_a_mutation_masks_as_a_query_does(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault is no refusal: the payload is null and the error is masked."""

    async def faulty(*_: object) -> NoReturn:
        raise Fault("the table configs has no column colour")

    monkeypatch.setattr(ConfigService, "submit", faulty)
    answer = await api.call(MEMBER, SUBMIT, {"input": form()})
    assert answer["data"] == {"submit": None}
    (error,) = answer["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"]["code"] == "INTERNAL"
    assert "colour" not in json.dumps(answer)


async def test_a_fault_over_a_socket_is_masked(
    app_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets and streams mask as requests do."""
    monkeypatch.setattr(ConfigService, "page", _broken)
    query = "query { configs { nodes { id } } }"
    async with listening(app_settings, FakeProber()) as live:
        async with live.socket(MEMBER) as socket:
            answer = await _over_socket(socket, "1", query, {})
        events = await _over_events(live, query, {})
    for text in (answer, events):
        assert "Something went wrong on our side." in text
        assert "pump" not in text


NOT_PROVIDED = "Expected a value of non-null type 'ID!' to be provided."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        # Names of the schema are no secrets, and clients need them to find their mistake.
        ("{ viewer { age } }", "Cannot query field 'age' on type 'Viewer'."),
        (
            "{ config { id } }",
            "Argument 'Query.config(id:)' of type 'ID!' is required, but it was not provided.",
        ),
        ("{ viewer { id } ", "Syntax Error: Expected Name."),
        (
            "query ($id: ID!) { config(id: $id) { id } }",
            f"Variable '$id' has invalid value: {NOT_PROVIDED}",
        ),
    ],
)
async def test_what_is_no_value_stays_readable(api: Api, query: str, message: str) -> None:
    """Masking keeps the part of a message that speaks of the schema."""
    (error,) = (await api.call(None, query))["errors"]
    assert error["message"] == message


LONG = "n" * 65
GIVEN_NAMES = [
    # what was named, and what is said in production and in development
    ("passwort", "an unknown field.", "unknown field 'passwort'."),
    ("n" * 64, "an unknown field.", f"unknown field '{'n' * 64}'."),
    (LONG, "an unknown field.", "an unknown field."),
    ("hunter2-Xq9", "an unknown field.", "an unknown field."),
    ("a', found: hunter2", "an unknown field.", "unknown field 'a'."),
    ("a' hunter2 Xq9", "an unknown field.", "an unknown field."),
    ("\n'hunter2", "an unknown field.", "an unknown field."),
    ("", "an unknown field.", "an unknown field."),
]


@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.DEVELOPMENT])
async def test_a_key_of_variables_is_no_name_of_ours(app_settings: Settings, mode: Mode) -> None:
    """A password in the place of a key is never told; development tells what looks like a Name."""
    settings = app_settings.model_copy(update={"mode": mode, "demo": False})
    async with serving(settings) as api:
        for key, production, development in GIVEN_NAMES:
            given = form(incoming=server(secret={"password": "kept-for-later-9"}, **{key: 1}))
            (error,) = (await api.call(MEMBER, SUBMIT, {"input": given}))["errors"]
            told = production if mode is Mode.PRODUCTION else development
            beginning = "Variable '$input' has invalid value at .incoming: Expected value of type"
            assert error["message"] == f"{beginning} 'ServerSettingsInput' not to include {told}", (
                key
            )


@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.DEVELOPMENT])
async def test_an_unknown_operation_is_named_in_development_only(
    app_settings: Settings, mode: Mode
) -> None:
    """Also there only if it looks like a Name; over sockets and streams, for HTTP never says it."""
    settings = app_settings.model_copy(update={"mode": mode, "demo": False})
    query = "query Viewer { viewer { id } }"
    told = []
    async with listening(settings, FakeProber()) as live, live.socket(MEMBER) as socket:
        for name in ("Vieuer", "hunter2 Xq9", 'hunter2"Xq9'):
            payload = {"query": query, "operationName": name}
            await socket.send({"id": "1", "type": "subscribe", "payload": payload})
            (error,) = (await socket.receive())["payload"]
            told.append(error["message"])
            stream = {"Accept": "text/event-stream"}
            events = (await live.client.post("/graphql", json=payload, headers=stream)).text
            assert json.dumps(error["message"]) in events
            _assert_clean("HTTP", (await live.client.post("/graphql", json=payload)).text)
    named = 'Unknown operation named "Vieuer".'
    first = named if mode is Mode.DEVELOPMENT else "Unknown operation."
    assert told == [first, "Unknown operation.", "Unknown operation."]


@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.DEVELOPMENT])
async def test_a_name_of_a_document_is_told_up_to_64_characters(
    app_settings: Settings, mode: Mode
) -> None:
    """Whatever it names; nobody can have a page of text sent back."""
    settings = app_settings.model_copy(update={"mode": mode, "demo": False})
    documents = {
        f"{{ {LONG} }}": "Cannot query field '...' on type 'Query'.",
        f"{{ viewer {{ ...{LONG} }} }}": "Unknown fragment '...'.",
        f"{{ viewer(a: ${LONG}) {{ id }} }}": "Unknown argument 'a' on field 'Query.viewer'.",
        f"{{ {LONG[1:]} }}": f"Cannot query field '{LONG[1:]}' on type 'Query'.",
    }
    async with serving(settings) as api:
        for query, message in documents.items():
            errors = (await api.call(None, query))["errors"]
            assert message in [error["message"] for error in errors]
            assert LONG not in json.dumps(errors)
