"""Structured logs: one pipeline for our own events and for those of every library.

    event -> level, time, request id -> traceback as text -> Redactor -> JSON or console line

Threat: passwords, tokens and keys that reach a log by an event's fields, an error's text, a
library that prints its arguments or a link with a signature; text from strangers that forges
lines or drives the reader's terminal.
Limit: a secret in free text without a name beside it ("signed in with hunter2") is masked only
if it is one of the redactor's literals. Pass secrets as `Secret`, or under a name that says so.

This module must not import settings: it is configured by its own `LogSettings`.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from mailconfig.domain.request import request_id
from mailconfig.domain.secrets import Secret

MASK: Final = "***"
"""What stands where a secret stood."""

_DEPTH_MAX: Final = 6
"""Deepest nesting that is kept; ours nest to 3. Deeper values become text, which ends cycles."""
_TEXT_MAX_CHARS: Final = 16 * 1024
"""Longest text of one field; a traceback of 100 frames takes about 12 KiB."""
_NUMBER_LIMIT: Final = 2**53
"""Readers of JSON round larger ones (RFC 8259, section 6): text, as are NaN and infinity."""
_MANY_LINES: Final = frozenset({"exception", "stack"})
"""Fields that are many lines by nature."""
_QUIET: Final = {
    # Log statements with parameters, commands or whole addresses below it.
    "sqlalchemy": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "aioimaplib": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    # Count their own steps, where ours say what matters.
    "alembic": logging.WARNING,
    "uvicorn": logging.WARNING,
    # Quotes bytes of forms in its warnings.
    "python_multipart": logging.ERROR,
}
"""Lowest level at which these libraries are heard."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged and how it looks."""

    level: str = "INFO"
    """Lowest level that is written: DEBUG, INFO, WARNING or ERROR."""
    json: bool = False
    """One JSON object a line for machines; otherwise lines for people."""


# -- names and texts -------------------------------------------------------------------------

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_STEM: Final = re.compile(
    r"passw|passphrase|secret|token|authori[sz]ation|cookie|signature|credential|api_?key",
    re.IGNORECASE,
)
_SECRET_LAST_PARTS: Final = frozenset({"key", "keys", "pwd", "seed", "keyring"})
_HARMLESS_LAST_PARTS: Final = frozenset({"id", "ids", "kind", "count", "seconds"})
"""`secret_id` and `token_count` tell nothing of the secret itself."""


def names_a_secret(name: str) -> bool:
    """Tell whether a field of this name holds a secret, in snake_case, camelCase or Header-Case."""
    parts = [part.lower() for part in _PART.findall(name)]
    if not parts or parts[-1] in _HARMLESS_LAST_PARTS:
        return False
    return parts[-1] in _SECRET_LAST_PARTS or _SECRET_STEM.search(name) is not None


# Strangers choose these texts: no pattern may scan the same stretch from many starts.
_RULES: Final = (
    # A link to a file: who has its signature has the file (the whole query goes).
    (re.compile(r"\?[^\s\"'<>?]*signature=[^\s\"'<>]*", re.IGNORECASE), f"?{MASK}"),
    # User information of an address: the database URL, a proxy.
    (
        re.compile(r"([a-z][a-z0-9+.-]{0,20}://)[^/\s@:\"']*:[^/\s\"']*@", re.IGNORECASE),
        rf"\1{MASK}@",
    ),
    # RFC 6750 and RFC 7617 credentials, a JWT anywhere (RFC 7519), a SASL exchange.
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    # Our own tokens, also cut ones: of sessions, resets and machines; embed tokens have dots.
    (re.compile(r"(?<![\w-])mc[a-z]_[\w.-]{8,}"), MASK),
    (re.compile(r"\b(AUTH(?:ENTICATE)?\s+[A-Z0-9-]+\s+)[\w+/=]{8,}(?![\w-])"), rf"\1{MASK}"),
    # A password hash in the PHC string format.
    (re.compile(r"\$argon2[a-z]*\$[\w$+/=,.-]+"), MASK),
    # Errors of GraphQL, pydantic and SQLAlchemy echo what they were given.
    (re.compile(r"(got invalid value |input_value=|\[parameters: ).*"), rf"\1{MASK}"),
)
_NAMED: Final = re.compile(r"(?<![\w-])([A-Za-z_][\w-]*)[\"']?[ \t]{0,8}[:=][ \t]{0,8}")
_QUOTED: Final = re.compile(r"[bru]{0,2}(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')")
_REST_OF_LINE: Final = re.compile(r"[^\n]*")


def mask_text(text: str) -> str:
    """Mask what follows the name of a secret, and the forms that are secrets by themselves."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _mask_named(text)


def _mask_named(text: str) -> str:
    """Mask values in `password='x'`, `"token": "x"`, `Cookie: x`.

    A quoted value ends with its quote. Anything else is masked to the end of its line, because
    nobody can tell where a password with spaces and commas ends.
    """
    done: list[str] = []
    at = 0
    while found := _NAMED.search(text, at):
        done.append(text[at : found.end()])
        at = found.end()
        if names_a_secret(found[1]) and not _is_class_name(text, found):
            value = _QUOTED.match(text, at) or _REST_OF_LINE.match(text, at)
            end = value.end() if value else len(text)
            done.append(MASK if end > at else "")
            at = end
    return "".join([*done, text[at:]])


def _is_class_name(text: str, found: re.Match[str]) -> bool:
    """Tell whether the name is the class in front of an error's message: `jwt.TokenError: ...`."""
    return found[1][0].isupper() and text[found.start() - 1 : found.start()] == "."


_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control and bidirectional characters (Unicode TR 9), lone surrogates; not tab and newline."""


def printable(text: str, *, many_lines: bool) -> str:
    r"""Write control and bidirectional characters as escapes, so that no text forges a line.

    A newline stays where `many_lines` is true and becomes `\n` in two characters elsewhere.
    """
    text = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return text if many_lines else text.replace("\n", "\\n")


# -- the pipeline ----------------------------------------------------------------------------


class Redactor:
    """The structlog processor that every event passes right before it is rendered.

    `literals` are texts that are masked wherever they occur, besides what the names tell.
    """

    def __init__(self, literals: Iterable[str] = ()) -> None:
        # Longest first: a literal that is part of another one must not leave the rest of it.
        self._literals = tuple(sorted(filter(None, literals), key=len, reverse=True))

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the event as numbers, booleans, masked texts, and lists and dicts of them."""
        return {self._text(name): self._field(name, value, 0) for name, value in event.items()}

    def _field(self, name: str, value: object, depth: int) -> object:
        if value is not None and not isinstance(value, bool) and names_a_secret(name):
            return MASK
        return self._value(value, depth, many_lines=name in _MANY_LINES)

    def _value(self, value: object, depth: int, *, many_lines: bool = False) -> object:
        match value:
            case None | bool() | int() | float() if value is None or abs(value) < _NUMBER_LIMIT:
                return value
            case str():
                return self._text(value, many_lines=many_lines)
            case Secret():
                return MASK
            case Mapping() if depth < _DEPTH_MAX:
                return {
                    self._text(str(key)): self._field(str(key), item, depth + 1)
                    for key, item in value.items()
                }
            case list() | tuple() | set() | frozenset() if depth < _DEPTH_MAX:
                return [self._value(item, depth + 1) for item in value]
            case _:
                return self._text(_described(value))

    def _text(self, text: str, *, many_lines: bool = False) -> str:
        for literal in self._literals:
            text = text.replace(literal, MASK)
        # Masked first and cut afterwards: a cut could take the name away from its value.
        return printable(mask_text(text), many_lines=many_lines)[:_TEXT_MAX_CHARS]


def _described(value: object) -> str:
    """Return an error with its class, anything else as its text; never fail for a strange one."""
    try:
        return repr(value) if isinstance(value, BaseException) else str(value)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{type(value).__name__} without text: {type(error).__name__}>"


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a record that cannot be formatted is reported without its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say which record was lost; the standard library would print its raw arguments."""
        line = {"event": "log record lost", "logger": record.name, "line": record.lineno}
        with suppress(OSError, ValueError):  # the stream itself may be what is broken
            self.stream.write(orjson.dumps(line).decode() + "\n")


def configure(
    settings: LogSettings, redactor: Redactor | None = None, stream: TextIO | None = None
) -> None:
    """Send all events of structlog and of the standard library through one pipeline.

    Lines go to `stream`, by default standard error, so that standard output stays a command's
    answer. May be called again: the last call counts. Raises ValueError for an unknown level.
    """
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(_formatter(settings, redactor or Redactor()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(max(root.level, lowest))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a later call must reach loggers of modules
    )


def _common() -> list[Processor]:
    """Return what happens to an event where it is raised, whoever raised it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (current := request_id.get()) != "-":
        event.setdefault("request_id", current)
    return event


def _formatter(settings: LogSettings, redactor: Redactor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_common(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # The standard library's traceback: it shows no local variables.
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redactor,
            _json_line if settings.json else _console(),
        ],
    )


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    # The redactor leaves only what JSON knows.
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS).decode()


def _console() -> Processor:
    # The default exception formatter prints local variables.
    return structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
