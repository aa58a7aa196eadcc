"""Takes out of answers what differs from run to run, so that the pages are the same each time.

Ids keep their type and get numbers in the order in which they come; moments become one moment; what
is secret or signed becomes dots. A test that was just started is QUEUED, though it may run already.
"""

import re
from typing import Any, Final

from mailconfig.graphql import ids

JSON = Any
"""What `json` makes."""

_MOMENT: Final = "2026-01-05T09:00:00+00:00"
_DOTS: Final = frozenset(
    {
        "accessToken",
        "authorizationUrl",
        "csrfToken",
        "endCursor",
        "key",
        "prefix",
        "refreshToken",
        "requestId",
        "token",
    }
)
_CHANGES: Final = ("before.", "after.")
_LINK: Final = re.compile(r"(?P<path>.*)\?expires=\d+&signature=[\w-]+")
_DIGEST: Final = re.compile(r"[\w-]{43}")
"""A keyed digest of the audit trail."""
_MESSAGE_ID: Final = re.compile(r"<[\w.+-]{20,}@")
"""Begin of a Message-ID."""
_DATE: Final = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
"""Moment in a message (RFC 5322, section 3.3)."""
_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Settling:
    """Settles the answers of one run; an id has the same number in all of them."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def settle(self, value: JSON, name: str = "") -> JSON:
        """Return a value of JSON as the pages show it; `name` is the member that holds it."""
        if isinstance(value, dict):
            return {key: self.settle(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.settle(inner, name) for inner in value]
        return self._text(value, name) if isinstance(value, str) else value

    def _text(self, text: str, name: str) -> str:
        digest = name.startswith(_CHANGES) and _DIGEST.fullmatch(text)
        sign_in = name == "state" and not text.isupper()  # a message's is a word in upper case
        if name in _DOTS or digest or sign_in:
            return "..."
        if name.endswith("At"):
            return _MOMENT
        if name == "url":
            return _LINK.sub(self._link, text)
        if name == "status" and text == "RUNNING":
            return "QUEUED"
        if name in {"content", "messageId", "value"}:
            return _DATE.sub("Mon, 05 Jan 2026 09:00:00 +0000", _MESSAGE_ID.sub("<...@", text))
        decoded = ids.decode(text)
        return ids.encode(decoded[0], self._keys(decoded[1])) if decoded else text

    def _link(self, match: re.Match[str]) -> str:
        return f"{self._keys(match['path'])}?expires=...&signature=..."

    def _keys(self, text: str) -> str:
        return _KEY.sub(lambda match: self._numbered(match[0]), text)

    def _numbered(self, key: str) -> str:
        """Return the UUIDv7 that stands for a key: its number after a fixed time."""
        number = len(self._numbers) + 1
        return self._numbers.setdefault(key, f"019b8d5a-1c00-7000-8000-{number:012}")
