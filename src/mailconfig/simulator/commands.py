"""Reading IMAP commands: tags, words, strings and literals (RFC 9051, sections 2.2 and 4)."""

import re
from dataclasses import dataclass
from typing import Final

from mailconfig.simulator.wire import HungUp, Wire

_LITERAL: Final = re.compile(r"\{(\d{1,6})(\+?)\}\Z")
LITERALS_MAX_BYTES: Final = 64 * 1024
"""For all literals of a command; user names, passwords and search words are short."""
_LITERALS_MAX: Final = 8
_TAG: Final = re.compile(r"[A-Za-z0-9.]{1,32}")
"""Tags that clients make; they are repeated in every answer."""
_TOKEN: Final = re.compile(
    r'"((?:[^"\\]|\\.)*)"'  # a quoted string
    r"|([()])"  # a parenthesis by itself
    r"|((?:[^\s()\"\[]|\[[^\]]*\])+)"  # an atom; brackets hold spaces and parentheses
)


class Malformed(Exception):
    """A line that is no command."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, split into words; strings are unquoted."""

    tag: str
    name: str
    """Upper case; UID commands have both words."""
    words: tuple[str, ...]
    """What follows the name; parentheses are words of their own."""

    def bare(self) -> tuple[str, ...]:
        """Return the words without parentheses."""
        return tuple(word for word in self.words if word not in ("(", ")"))


async def read_command(wire: Wire, literals_max_bytes: int = LITERALS_MAX_BYTES) -> Command:
    """Read the next command, asking for its literals. Raises HungUp and Malformed."""
    words: list[str] = []
    left = literals_max_bytes
    for _ in range(_LITERALS_MAX):
        line = await wire.line()
        literal = _LITERAL.search(line)
        words += split(line[: literal.start()] if literal else line)
        if literal is None:
            return _command(words)
        size = int(literal[1])
        left -= size
        if left < 0:
            raise HungUp
        if not literal[2]:  # a synchronising one waits for us (RFC 9051, section 4.3)
            await wire.send("+ Ready for literal data")
        words.append((await wire.exactly(size)).decode("utf-8", "surrogateescape"))
    raise HungUp


def split(text: str) -> list[str]:
    """Split a line into words. Raises Malformed."""
    words = []
    position = 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        match = _TOKEN.match(text, position)
        if match is None:
            raise Malformed
        quoted, parenthesis, atom = match.groups()
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parenthesis or atom
        words.append(word)
        position = match.end()
    return words


def _command(words: list[str]) -> Command:
    if words and not _TAG.fullmatch(words[0]):
        raise Malformed
    try:
        tag, name, *rest = words
        if name.upper() == "UID":
            second, *rest = rest
            return Command(tag, f"UID {second.upper()}", tuple(rest))
    except ValueError:
        raise Malformed from None
    return Command(tag, name.upper(), tuple(rest))


def uids_of(text: str, known: list[int]) -> list[int]:
    """Return which of the known UIDs a sequence set names (RFC 9051, section 9). Raises Malformed.

    An asterisk is the largest one.
    """
    last = max(known, default=0)
    chosen: set[int] = set()
    for part in text.split(","):
        if not re.fullmatch(r"(\d{1,10}|\*)(:(\d{1,10}|\*))?", part):
            raise Malformed
        ends = [last if end == "*" else int(end) for end in part.split(":")]
        chosen |= {uid for uid in known if min(ends) <= uid <= max(ends)}
    return sorted(chosen)
