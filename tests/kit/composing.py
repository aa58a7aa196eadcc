"""Drafts of messages for tests, and two readers of what was written."""

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import compat32, default
from itertools import count

from mailconfig.domain.composition import (
    Composed,
    CompositionLimits,
    MessageDraft,
    NamedAddress,
    check,
    compose,
)

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
MESSAGE_ID = "<0123456789abcdef@example.com>"
ALICE = NamedAddress("alice@example.com", "Alice")
BOB = NamedAddress("bob@example.org")


def letter(**fields: object) -> MessageDraft:
    """Return a draft from Alice to Bob that says hello, with the fields of the case."""
    given: dict[str, object] = {"sender": ALICE, "to": (BOB,), "subject": "Hello", "text": "Hi!\n"}
    return MessageDraft(**(given | fields))  # type: ignore[arg-type]


def numbers() -> Callable[[], str]:
    """Return a source of tokens that counts."""
    counted = count(1)
    return lambda: f"{next(counted):04d}"


def write(**fields: object) -> Composed:
    """Compose a draft with a fixed time, identifier and tokens."""
    return compose(letter(**fields), MESSAGE_ID, NOW, numbers())


def issues(
    limits: CompositionLimits | None = None, **fields: object
) -> list[tuple[str, str, str, str | None]]:
    """Return what the rules say: severity, code, path with dots, suggestion."""
    return [
        (issue.severity.value, issue.code.value, ".".join(issue.path), issue.suggestion)
        for issue in check(letter(**fields), limits)
    ]


def modern(content: bytes) -> EmailMessage:
    """Read bytes with the newer reader of the standard library."""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def old(content: bytes) -> Message:
    """Read bytes with the older reader of the standard library."""
    return message_from_bytes(content, policy=compat32)


def words(raw: str) -> str:
    """Decode a raw header value by RFC 2047, with the older decoder."""
    return str(make_header(decode_header(raw)))


def names(message: Message) -> list[str]:
    """Return the names of all headers, those of the parts after those of the message."""
    return [name for part in message.walk() for name in part.keys()]  # noqa: SIM118 - repeated ones, too
