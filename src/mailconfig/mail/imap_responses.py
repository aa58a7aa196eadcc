"""The grammar of what an IMAP server says (RFC 9051 sections 2.2 and 9, RFC 3501): strict.

Reads one response at a time off a wire: tagged, untagged or continuation, literals included. Must
not know which command is under way.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.text import decoded
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.wire import Wire

CONDITIONS: Final = frozenset({"OK", "NO", "BAD", "PREAUTH", "BYE"})
"""Status responses (RFC 9051, section 7.1)."""

_TAG: Final = re.compile(rb"[A-Za-z0-9]{1,40}\Z")
"""The tags that we send look like this; others answer nothing of ours, whatever they are."""
_NAME: Final = re.compile(r"[A-Z][A-Z0-9.+_-]{0,40}\Z")
"""An atom of sane length."""
_LITERAL: Final = re.compile(rb"~?\{(\d{1,20})\}\Z")
"""literal and literal8 at the end of a line (RFC 9051, section 4.3)."""
_RESPONSE_CODE: Final = re.compile(r"\[([^ \]]{1,60})(?: ([^\]]*))?\] ?(.*)\Z", re.DOTALL)
"""resp-text-code, then the human-readable rest (RFC 9051, section 7.1)."""


@dataclass(frozen=True, slots=True)
class ImapResponse:
    """One response: `tag` is "*" for untagged, "+" for a continuation request."""

    tag: str
    name: str
    """Upper case: a condition, or the name of the data (CAPABILITY, FLAGS, EXISTS); "" for "+"."""
    text: str
    """What follows the name; for "+" all of it; literals are left out."""
    code: str | None = None
    """Response code of a condition, upper case (RFC 5530)."""
    arguments: str = ""
    """What the response code's brackets hold after it."""
    pieces: tuple[bytes, ...] = ()
    """Only where it holds literals: its lines and literals in turn, a line first and last."""

    @property
    def is_status(self) -> bool:
        """Whether this is one of the five conditions."""
        return self.name in CONDITIONS

    @property
    def words(self) -> str:
        """The response without its tag, as the server wrote it."""
        return f"{self.name} {self.text}".strip()


async def read_response(wire: Wire, literal_bytes: int) -> ImapResponse:
    """Read one response. Raises DialogueFailed VIOLATION, TOO_LARGE and what the wire raises."""
    line = await wire.line()
    response = parsed(line)
    if response.tag == "*" and not response.is_status:  # resp-text cannot hold a literal
        pieces = await _literals(wire, line, literal_bytes)
        return replace(response, pieces=pieces) if pieces else response
    return response


def parsed(line: bytes) -> ImapResponse:
    """Read a response's first line. Raises DialogueFailed VIOLATION."""
    if line == b"+" or line.startswith(b"+ "):
        return ImapResponse("+", "", decoded(line[2:]))
    tag, _, rest = line.partition(b" ")
    if tag != b"*" and not _TAG.match(tag):
        raise violation("The server's line is no IMAP response.")
    response = _named(tag.decode("ascii"), decoded(rest))
    if response.tag != "*" and not response.is_status:
        raise violation("The server's tagged response has no OK, NO or BAD.")
    return response


def _named(tag: str, rest: str) -> ImapResponse:
    first, _, text = rest.partition(" ")
    if first.isdigit():  # "* 23 EXISTS": the number stands before the name
        name, _, after = text.partition(" ")
        first, text = name, f"{first} {after}".strip()
    name = first.upper()
    if not _NAME.match(name):
        raise violation("The server's line is no IMAP response.")
    code = _RESPONSE_CODE.match(text) if name in CONDITIONS else None
    if code is None:
        return ImapResponse(tag, name, text)
    return ImapResponse(tag, name, text, code[1].upper(), code[2] or "")


async def _literals(wire: Wire, line: bytes, literal_bytes: int) -> tuple[bytes, ...]:
    """Read what belongs to this response: literals, and the lines that go on after them."""
    pieces = [line]
    while found := _LITERAL.search(pieces[-1]):
        size = int(found[1])
        if size > literal_bytes:
            raise DialogueFailed(Failure.TOO_LARGE, "The server announced too much data.")
        pieces += [await wire.exactly(size), await wire.line()]
    return tuple(pieces) if len(pieces) > 1 else ()
