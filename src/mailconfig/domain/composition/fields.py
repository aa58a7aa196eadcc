"""Header fields: words, addresses and parameters as tokens, and lines that are folded between them.

Written by hand since the `email` package of older Pythons turns a one-line text into two headers
(CVE-2024-6923), encodes addresses as words and folds identifiers. Here whatever is not plain is
encoded, tokens are checked once more when they are written, and lines break only between tokens.
Must not: decide which headers a message has.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from mailconfig.domain.addresses import EmailAddress

LINE_MAX_CHARS: Final = 76
"""Where lines are folded: RFC 2047, section 2; RFC 5322 would allow 78."""
LINE_MAX_BYTES: Final = 998
"""Longest line that mail carries, without CR LF (RFC 5322, section 2.1.1)."""
ENCODED_WORD: Final = "=?"
"""How an encoded word begins (RFC 2047): no text that is written plainly holds it."""

_WORD_MAX_CHARS: Final = 64
"""A longer word of a text is encoded, so that lines can break in it."""
_PIECE_MAX_CHARS: Final = 55
"""Length of one part of a file name; with its label it fits a line."""
_FRAME: Final = len("=?utf-8?q??=")
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_ATOMS: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
"""Words of a name that need no quotes (RFC 5322, section 3.2.3)."""
_PLAIN_SIGNS: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
)
"""What stands for itself in an encoded word, also in a name (RFC 2047, section 5)."""
_TOKEN: Final = re.compile(r"[\w!#$&+.^`{}~-]+", re.ASCII)
_SINGLE_SPACE: Final = re.compile(r"(?<=[^ ]) (?=[^ ])")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field."""

    name: str
    tokens: tuple[str, ...]
    """What lines are not broken in; between two of them is one space."""
    value: str
    """What a reader sees."""

    def written(self) -> bytes:
        """Return the lines with CR LF. Raises ValueError for what no header can hold."""
        if not _FIELD_NAME.fullmatch(self.name) or not self.tokens:
            raise ValueError(f"not a header field: {self.name!r}")
        # The value is looked at as well: a line break inside an encoded word comes out of it in
        # programs that decode and write again.
        every = "".join((*self.tokens, self.value))
        if not all(map(str.strip, self.tokens)) or _holds_controls(every):
            raise ValueError(f"not a value of {self.name}")
        return "\r\n".join([*self._lines(), ""]).encode()

    def _lines(self) -> Iterator[str]:
        # The first token stays beside the name: some servers take an empty first line for the
        # end of the header.
        line = f"{self.name}: {self.tokens[0]}"
        for token in self.tokens[1:]:
            if len(line) + 1 + len(token) > LINE_MAX_CHARS:
                yield line
                line = ""
            line += f" {token}"
        yield line


def plain(name: str, value: str) -> Field:
    """Make a field whose value is written as it is; lines break at single spaces."""
    return Field(name, tuple(_SINGLE_SPACE.split(value)), value)


def listed(name: str, tokens: Sequence[str], separator: str = "") -> Field:
    """Make a field of tokens with a separator after each but the last."""
    ended = [*(f"{token}{separator}" for token in tokens[:-1]), *tokens[-1:]]
    return Field(name, tuple(ended), " ".join(ended))


def unstructured(name: str, text: str) -> Field:
    """Make a field of free text (RFC 5322, section 3.2.5), encoded where it is not plain."""
    if _is_plain(text):
        return plain(name, text)
    return Field(name, tuple(encoded_words(text, LINE_MAX_CHARS - len(name) - 2)), text)


def address_list(name: str, boxes: Sequence[tuple[EmailAddress, str | None]]) -> Field:
    """Make a field of addresses with names (RFC 5322, section 3.4)."""
    tokens: list[str] = []
    for number, (address, shown) in enumerate(boxes, start=1):
        words = _name((shown or "").strip())
        tokens += [*words, f"<{address.text}>{',' if number < len(boxes) else ''}"]
    value = ", ".join(_shown(address, shown) for address, shown in boxes)
    return Field(name, tuple(tokens), value)


def with_parameters(name: str, value: str, parameters: Iterable[tuple[str, str]]) -> Field:
    """Make a field with parameters (RFC 2045, section 5.1; RFC 2231)."""
    given = tuple(parameters)
    written = [token for key, text in given for token in _parameter(key, text)]
    tokens = listed(name, [value, *written], ";").tokens
    return Field(name, tokens, "; ".join([value, *(f"{key}={text}" for key, text in given)]))


def encoded_words(text: str, budget: int) -> Iterator[str]:
    """Yield a text as encoded words of whole characters, each at most `budget` long (RFC 2047).

    The encoding is the shorter one of Q and B.
    """
    data = text.encode()
    short_q = sum(map(_q_length, data)) <= 4 * ((len(data) + 2) // 3)
    room = budget - _FRAME if short_q else (budget - _FRAME) // 4 * 3
    word, used = b"", 0
    for sign in text:
        piece = sign.encode()
        length = sum(map(_q_length, piece)) if short_q else len(piece)
        if used + length > room:
            yield _encoded(word, as_q=short_q)
            word, used = b"", 0
        word += piece
        used += length
    yield _encoded(word, as_q=short_q)


def ascii_name(name: str) -> str:
    """Return a file name in plain ASCII that tells as much of `name` as can be told."""
    flat = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, dot, extension = flat.rpartition(".")
    kept, ending = (
        re.sub(r"[^A-Za-z0-9_-]+", "_", part)[:40].strip("_") for part in (stem, extension)
    )
    if not dot:
        return ending or "attachment"
    return f"{kept or 'attachment'}.{ending}" if ending else kept or "attachment"


def _is_plain(text: str) -> bool:
    return (
        text.isascii()
        and text.isprintable()
        and ENCODED_WORD not in text
        and text == text.strip()
        and all(len(word) <= _WORD_MAX_CHARS for word in _SINGLE_SPACE.split(text))
    )


def _holds_controls(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(sign) == "Cc" for sign in text)


def _name(name: str) -> list[str]:
    """Return a display name as atoms, one quoted string, or encoded words; none for ""."""
    if not name:
        return []
    if _is_plain(name) and len(name) <= _WORD_MAX_CHARS:
        if _ATOMS.fullmatch(name):
            return name.split(" ")
        if "  " not in name:
            return ['"' + re.sub(r'(["\\])', r"\\\1", name) + '"']
    return list(encoded_words(name, _WORD_MAX_CHARS))


def _shown(address: EmailAddress, name: str | None) -> str:
    bare = f"{address.local}@{address.unicode_domain}"
    words = (name or "").strip()
    return f"{words} <{bare}>" if words else bare


def _parameter(key: str, text: str) -> list[str]:
    """Return a parameter in plain ASCII, or in the pieces of RFC 2231."""
    if _is_plain(text) and len(text) <= _WORD_MAX_CHARS and not set(text) & set('"\\%'):
        return [f"{key}={text}" if _TOKEN.fullmatch(text) else f'{key}="{text}"']
    pieces = [""]
    for sign in text:
        piece = quote(sign, safe="")
        if len(pieces[-1]) + len(piece) > _PIECE_MAX_CHARS:
            pieces.append("")
        pieces[-1] += piece
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return [f"{key}*={pieces[0]}"]
    return [f"{key}*{number}*={piece}" for number, piece in enumerate(pieces)]


def _q_length(byte: int) -> int:
    return 1 if byte in _PLAIN_SIGNS or byte == ord(" ") else 3


def _encoded(word: bytes, *, as_q: bool) -> str:
    if not as_q:
        return f"=?utf-8?b?{base64.b64encode(word).decode()}?="
    signs = (chr(each) if each in _PLAIN_SIGNS else f"={each:02X}" for each in word)
    return f"=?utf-8?q?{''.join(signs).replace('=20', '_')}?="
