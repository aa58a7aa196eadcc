"""The log pipeline: shape of its lines, and that no secret passes it by any way."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID

import pytest
import structlog

from mailconfig.domain.request import request_id
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.log import LogSettings, Redactor, configure, mask_text, names_a_secret, printable

CANARY = "hunter2-Xq9"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Configure JSON logs into a buffer; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure(LogSettings(json=True), stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def only(stream: io.StringIO) -> dict[str, object]:
    """Return the one event that was written."""
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert isinstance(event, dict)
    return event


def test_an_event_has_level_time_logger_and_request_id(lines: io.StringIO) -> None:
    """An event carries its fields, level, UTC time, logger and the id of the current request."""
    token = request_id.set("req-7")
    try:
        structlog.get_logger("mailconfig.sample").info("test_started", step=3, host="a.example")
    finally:
        request_id.reset(token)
    event = only(lines)
    assert str(event.pop("timestamp")).endswith("Z")
    assert event == {
        "event": "test_started",
        "level": "info",
        "logger": "mailconfig.sample",
        "request_id": "req-7",
        "step": 3,
        "host": "a.example",
    }


def test_outside_of_a_request_there_is_no_request_id(lines: io.StringIO) -> None:
    """An event outside of any request has no request id at all."""
    structlog.get_logger().info("started")
    assert "request_id" not in only(lines)


def test_standard_library_events_take_the_same_way(lines: io.StringIO) -> None:
    """A library's record becomes the same kind of line, with its extra fields."""
    logging.getLogger("uvicorn.error").warning("port %d", 8000, extra={"worker": 2})
    event = only(lines)
    assert event["event"] == "port 8000"
    assert event["worker"] == 2
    assert event["level"] == "warning"


def test_levels_below_the_setting_and_chatty_libraries_are_silent(lines: io.StringIO) -> None:
    """DEBUG is not written at INFO, nor statements of SQLAlchemy and its drivers at INFO."""
    structlog.get_logger().debug("detail")
    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT secret")
    logging.getLogger("aiosqlite").info("executing")
    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("INFO", ["ERROR", "CRITICAL"]),
        ("ERROR", ["ERROR", "CRITICAL"]),
        ("CRITICAL", ["CRITICAL"]),
    ],
)
def test_a_library_that_quotes_forms(lines: io.StringIO, level: str, heard: list[str]) -> None:
    """Its warnings are silent, and it is not heard below the level that was asked for either."""
    configure(LogSettings(level=level, json=True), stream=lines)
    for name in ("DEBUG", "WARNING", "ERROR", "CRITICAL"):
        logging.getLogger("python_multipart").log(logging.getLevelName(name), "%s", name)
    assert [json.loads(line)["event"] for line in lines.getvalue().splitlines()] == heard


def test_an_unknown_level_is_refused(lines: io.StringIO) -> None:
    """A level that logging does not know is a ValueError when the process starts."""
    with pytest.raises(ValueError, match="LOUD"):
        configure(LogSettings(level="loud"), stream=lines)


def test_configuring_again_does_not_double_lines(lines: io.StringIO) -> None:
    """The last configuration counts alone: one event is one line."""
    configure(LogSettings(json=True), stream=lines)
    structlog.get_logger().info("once")
    assert only(lines)["event"] == "once"


def test_warnings_become_events(lines: io.StringIO) -> None:
    """A Python warning is written as an event, not as loose text on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old option", UserWarning, stacklevel=1)
    assert "old option" in str(only(lines)["event"])


def fail(text: str) -> None:
    """Raise a ValueError with this text, which is then a local variable of this frame."""
    raise ValueError(text)


@dataclass
class Draft:
    """A record with a careless field, as other people's libraries have."""

    user: str
    password: str


# Each row: a name, and whether a field of that name holds a secret.
NAMES = [
    ("password", True),
    ("newPassword", True),
    ("PASSWD", True),
    ("client_secret", True),
    ("clientsecret", True),
    ("accessToken", True),
    ("Authorization", True),
    ("Set-Cookie", True),
    ("X-CSRF-Token", True),
    ("credentials", True),
    ("signature", True),
    ("key", True),
    ("encryption_keys", True),
    ("apiKey", True),
    ("key_id", False),  # tells which key, not the key
    ("secret_id", False),
    ("secret_kind", False),
    ("monkey", False),  # "key" counts as a word only
    ("KeyError", False),
    ("host", False),
    ("", False),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_of_secrets(name: str, *, expected: bool) -> None:
    """Names of secrets are known in every spelling, names about secrets are not."""
    assert names_a_secret(name) is expected


# Each row: the value of a field called "data" that carries the canary.
VALUES = [
    Secret(CANARY),
    NewSecret(SecretKind.PASSWORD, Secret(CANARY)),
    {"password": CANARY},
    {"incoming": {"servers": [{"secret": {"value": CANARY}}]}},  # all below the name goes
    [("ok", {"token": CANARY})],
    Draft("bob", CANARY),  # a repr with the name in it
    ValueError(f"password={CANARY}"),
    ValueError({"password": CANARY}),
    f"retrying with {Secret(CANARY)} and {Secret(CANARY)!r}",
    {"x": f"token={CANARY}"},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_secret_in_a_value_is_masked(lines: io.StringIO, value: object) -> None:
    """No value that carries a secret, itself or nested, takes it into the log."""
    structlog.get_logger().info("saved", data=value)
    assert CANARY not in lines.getvalue()
    assert "***" in lines.getvalue()
    assert only(lines)["event"] == "saved"


# Each row: text in, text out.
TEXTS = [
    ("password=hunter2", "password=***"),
    ("password=correct horse, battery\nnext", "password=***\nnext"),
    ("{'password': 'it\\'s', 'user': 'bob'}", "{'password': ***, 'user': 'bob'}"),
    ('{"access_token": "abc", "n": 1}', '{"access_token": ***, "n": 1}'),
    ("Authorization: Basic Ym9iOng=", "Authorization: ***"),
    ("sent Bearer abcdef.ghijkl to a", "sent Bearer *** to a"),
    ("is eyJhbGciOi.eyJzdWIi.c2ln a token", "is *** a token"),
    ("postgresql://bob:pw@db/mail", "postgresql://***@db/mail"),
    ("GET /files/1?expires=9&signature=abc HTTP/1.1", "GET /files/1?*** HTTP/1.1"),
    ("GET /graphql?query=x HTTP/1.1", "GET /graphql?query=x HTTP/1.1"),
    ("AUTH PLAIN AGJvYgBodW50ZXI=", "AUTH PLAIN ***"),
    ("250 AUTH PLAIN LOGIN CRAM-MD5", "250 AUTH PLAIN LOGIN CRAM-MD5"),
    ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA stored", "*** stored"),
    ("Variable '$i' got invalid value {'s': 'x'}; no y", "Variable '$i' got invalid value ***"),
    ("[parameters: ('x', 'y')]", "[parameters: ***"),
    ("[type=missing, input_value='x', input_type=str]", "[type=missing, input_value=***"),
    ("jwt.exceptions.InvalidTokenError: expired", "jwt.exceptions.InvalidTokenError: expired"),
    ("KeyError: 'password'", "KeyError: 'password'"),
    ("the token has expired", "the token has expired"),
    ("password=", "password="),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_texts_are_masked(text: str, expected: str) -> None:
    """Secrets in free text are masked by their names and forms; other text stays readable."""
    assert mask_text(text) == expected


def test_a_secret_in_extra_of_the_standard_library_is_masked(lines: io.StringIO) -> None:
    """Extra fields and dictionaries given as arguments of a library's record are masked."""
    logging.getLogger("lib").error(
        "refused %s", {"password": CANARY}, extra={"authorization": CANARY, "secret": Secret("x")}
    )
    assert CANARY not in lines.getvalue()
    assert only(lines)["authorization"] == "***"


def test_a_traceback_shows_causes_but_neither_secrets_nor_locals(lines: io.StringIO) -> None:
    """A logged error has its traceback with cause and notes, without local variables."""
    hidden = "local-" + CANARY
    try:
        try:
            fail(f"password={hidden}")
        except ValueError as error:
            error.add_note(f"token: {hidden}")
            raise RuntimeError("saving failed") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
    event = only(lines)
    assert "RuntimeError: saving failed" in str(event["exception"])
    assert "ValueError: password=***" in str(event["exception"])
    assert "\n" in str(event["exception"])
    assert CANARY not in lines.getvalue()


def test_a_standard_library_traceback_is_masked_too(lines: io.StringIO) -> None:
    """A record with exc_info, as Strawberry logs resolver errors, is masked the same way."""
    error = ValueError(f"Variable '$input' got invalid value {{'value': '{CANARY}'}}; Field.")
    logging.getLogger("strawberry.execution").error(error, exc_info=error)
    assert CANARY not in lines.getvalue()
    assert "got invalid value ***" in str(only(lines)["exception"])


def test_a_record_that_cannot_be_formatted_loses_its_arguments(lines: io.StringIO) -> None:
    """A record with wrong arguments is reported by logger and line only, not with its values."""
    configure(LogSettings(json=True), stream=lines)  # without the handlers of pytest
    template = "%d of %d"
    logging.getLogger("lib").error(template, CANARY)
    event = only(lines)
    assert event["event"] == "log record lost"
    assert event["logger"] == "lib"


def test_a_broken_text_does_not_cost_the_event(lines: io.StringIO) -> None:
    """A value whose __str__ fails is named by its type; the event is written."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    structlog.get_logger().info("kept", thing=Broken())
    assert only(lines)["thing"] == "<Broken without text: RuntimeError>"


def test_plain_values_stay_what_they_are(lines: io.StringIO) -> None:
    """Numbers, booleans, null and nested containers stay; ids and addresses become their text."""
    structlog.get_logger().info(
        "values",
        numbers=[1, 2.5, True, None],
        big=2**70,
        none=float("nan"),
        nested={"a": {"b": (1, "two")}},
        id=UUID(int=1),
        address=ip_address("192.0.2.1"),
        token_count=3,
        has_password=None,
    )
    event = only(lines)
    assert event["numbers"] == [1, 2.5, True, None]
    assert event["big"] == str(2**70)
    assert event["none"] == "nan"
    assert event["nested"] == {"a": {"b": [1, "two"]}}
    assert event["id"] == "00000000-0000-0000-0000-000000000001"
    assert event["address"] == "192.0.2.1"
    assert event["token_count"] == 3
    assert event["has_password"] is None


def test_a_cycle_ends(lines: io.StringIO) -> None:
    """A container that holds itself is cut instead of recursing for ever."""
    loop: list[object] = []
    loop.append(loop)
    structlog.get_logger().info("cycle", loop=loop)
    assert "[[...]]" in lines.getvalue()


def test_text_from_strangers_forges_no_line_and_drives_no_terminal() -> None:
    """Newlines, escapes, bidi characters and lone surrogates are written out as escapes."""
    assert printable("a\nb\x1b[2J\u202ec\ud800\td", many_lines=False) == (
        "a\\nb\\x1b[2J\\u202ec\\ud800\td"
    )
    assert printable("a\nb\r", many_lines=True) == "a\nb\\r"


def test_the_console_writes_one_masked_line(lines: io.StringIO) -> None:
    """The form for people is one line of text, masked like the other one, without colours."""
    stream = io.StringIO()
    configure(LogSettings(), stream=stream)
    structlog.get_logger("sample").info("saved\nforged", password=CANARY, host="a.example")
    (line,) = stream.getvalue().splitlines()
    assert "saved\\nforged" in line
    assert "host=a.example" in line
    assert "password=***" in line
    assert "\x1b" not in line
    assert lines.getvalue() == ""


def test_the_console_traceback_has_no_locals(lines: io.StringIO) -> None:
    """The form for people prints tracebacks without local variables, too."""
    stream = io.StringIO()
    configure(LogSettings(), stream=stream)
    hidden = "local-" + CANARY
    try:
        fail(hidden[:0])
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_literals_are_masked_wherever_they_occur() -> None:
    """A redactor with literals masks them in values, names and longer texts, longest first."""
    redactor = Redactor(["abc", "abc-def", ""])
    event = redactor(None, "info", {"event": "x abc-def y abc", "abc": ["abc"]})
    assert event == {"event": "x *** y ***", "***": ["***"]}


def test_a_long_text_is_masked_before_it_is_cut() -> None:
    """A text is cut to 16 KiB after masking, so that no secret survives at the edge."""
    text = "x" * (16 * 1024 - 6) + " password=" + CANARY
    event = Redactor()(None, "info", {"event": text})
    assert len(str(event["event"])) == 16 * 1024
    assert CANARY[:3] not in str(event["event"])


@pytest.mark.parametrize("piece", ["?", "a.", "-eyJ", "x://:", "password "])
def test_a_hostile_text_costs_time_in_proportion_to_its_length(piece: str) -> None:
    """A mebibyte of a pattern's beginnings is scanned once; a quadratic pattern takes hours."""
    text = piece * (1024 * 1024 // len(piece))
    assert mask_text(text) == text
