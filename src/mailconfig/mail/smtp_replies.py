"""The grammar of what an SMTP server says (RFC 5321, sections 4.2 and 4.5.3): strict.

Must not know which command is under way.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.text import decoded
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.wire import Wire, strict_line

_LINE: Final = re.compile(r"([2-5][0-5][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
"""Reply-code, then a hyphen (more follows) or a space (last line); RFC 5321 section 4.2. A code
alone is allowed too: "clients SHOULD ... accept the code alone".
"""
_ENHANCED: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
"""Enhanced status code at the begin of a line's text (RFC 2034, section 3; RFC 3463, section 2)."""


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply of one or several lines."""

    code: int
    texts: tuple[str, ...]
    """The lines without code and separator."""
    lines: tuple[str, ...]
    """The lines as the server wrote them."""

    @property
    def enhanced_code(self) -> str | None:
        """The first enhanced status code in it."""
        matches = (_ENHANCED.match(text) for text in self.texts)
        return next((found[1] for found in matches if found), None)

    @property
    def is_positive(self) -> bool:
        """Whether the command was done: 2yz (RFC 5321, section 4.2.1)."""
        return 200 <= self.code < 300  # noqa: PLR2004 - the RFC's own numbers


async def read_reply(wire: Wire, lines_max: int, first: bytes | None = None) -> SmtpReply:
    """Read one reply, of which `first` may have been read already (with its line end).

    Raises DialogueFailed: VIOLATION, TOO_LARGE and what the wire raises.
    """
    lines: list[str] = []
    texts: list[str] = []
    code: str | None = None
    for _ in range(lines_max):
        line = decoded(strict_line(first) if first is not None else await wire.line())
        first = None
        found = _LINE.match(line)
        if found is None:
            raise violation("The server's line is no SMTP reply.")
        if code not in (None, found[1]):  # RFC 5321 section 4.2.1: all lines bear the same code
            raise violation("The server mixed reply codes in one reply.")
        code = found[1]
        lines.append(line)
        texts.append(found[3] or "")
        if found[2] != "-":
            return SmtpReply(int(code), tuple(texts), tuple(lines))
    raise DialogueFailed(Failure.TOO_LARGE, "The server sent too many lines.")
