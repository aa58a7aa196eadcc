"""Text from strangers, made safe to store and to show.

Threat: a server's words reach logs, pages and terminals; they may be endless, hold control or
bidirectional characters that forge what a reader sees, or echo the secret that was just sent.
Limit: a server that has received a secret and wants to publish it can do so in a cipher of its
own; what is removed are the forms in which protocols and programs write it. This module must not
know any protocol's grammar.
"""

import base64
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

REPLY_MAX_CHARACTERS: Final = 300
"""Longest server text that is shown; the longest telling reply we know has about 280."""
REDACTED: Final = "***"
"""Stands where a secret stood."""

_WORD_ONLY_BELOW: Final = 6
"""Shorter forms are removed as whole words only: "on" must not eat "connection"."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories control, format (bidi marks, zero width), surrogate, private, unassigned."""


def decoded(data: bytes) -> str:
    """Read a server's bytes: UTF-8 (RFC 6531, RFC 6855), else Latin-1, which takes every byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def tidy(text: str) -> str:
    """Return `text` on one line: runs of space are one blank, invisible characters are gone."""
    spaced = " ".join(text.split())
    if spaced.isprintable():  # the usual case, at the speed of one call
        return spaced
    return "".join(each for each in spaced if unicodedata.category(each) not in _INVISIBLE)


def cut(text: str, limit: int = REPLY_MAX_CHARACTERS) -> str:
    """Return at most `limit` characters, with an ellipsis as the last one where more stood."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Cleaner:
    """Cleans texts of one conversation, in which `secret` was or will be sent.

    The secret is removed before and after the text is tidied, and before it is cut: else a part of
    it could hide behind a control character or stay at the edge.
    """

    __slots__ = ("_forms",)

    def __init__(self, secret: str | None = None, username: str | None = None) -> None:
        forms = secret_forms(secret, username) if secret else ()
        self._forms = tuple(dict.fromkeys(_lower(form) for form in forms))

    def __repr__(self) -> str:
        return "Cleaner(***)"

    def redact(self, text: str) -> str:
        """Return `text` with every form of the secret replaced by ***; case is ignored."""
        lowered = _lower(text) if self._forms else ""
        spans = sorted(span for form in self._forms for span in _occurrences(form, lowered))
        kept, position = [], 0
        for start, end in spans:
            if start >= position:  # else the spans overlap: one mark stands for both
                kept += [text[position:start], REDACTED]
            position = max(position, end)
        return "".join([*kept, text[position:]])

    def clean(self, text: str, limit: int = REPLY_MAX_CHARACTERS) -> str:
        """Return `text` redacted, on one line, at most `limit` characters long."""
        return cut(self.redact(tidy(self.redact(text))), limit)

    def clean_lines(self, lines: Iterable[str], limit: int) -> str:
        """Return the lines, each cleaned, joined by newlines and together at most `limit` long.

        Where a secret is spread over several lines, they become one line.
        """
        cleaned = [self.redact(tidy(self.redact(line))) for line in lines]
        flat = " ".join(cleaned)
        whole = self.redact(flat)
        return cut("\n".join(cleaned) if whole == flat else whole, limit)


def secret_forms(secret: str, username: str | None = None) -> tuple[str, ...]:
    """Return the forms in which programs and protocols write a secret, the longest first.

    Raw and on one line, base64 and base64url alone or inside of any longer message, the SASL PLAIN
    message (RFC 4616) with and without an authorization identity, hexadecimal, percent-encoded
    (RFC 3986 and form), JSON strings (RFC 8259) and IMAP quoted strings (RFC 9051).
    """
    found = {secret, tidy(secret), *_escaped(secret)}
    raw = secret.encode("utf-8", "surrogatepass")
    messages = [raw, *_plain_messages(raw, username)]
    found.update(base64.b64encode(each).decode().rstrip("=") for each in messages)
    found.update(_inner_base64(raw))
    found.add(raw.hex())
    found.update([each.translate(_TO_URL_ALPHABET) for each in found])
    return tuple(sorted((each for each in found if each), key=len, reverse=True))


_TO_URL_ALPHABET: Final = str.maketrans("+/", "-_")
"""From base64 to base64url (RFC 4648, section 5)."""
_INNER_MIN: Final = 6
"""Shortest inner base64 form that is telling enough to be searched for."""


def _escaped(secret: str) -> Iterator[str]:
    for encode in (quote, quote_plus):
        yield encode(secret, safe="")
        yield encode(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield secret.replace("\\", "\\\\").replace('"', '\\"')


def _plain_messages(raw: bytes, username: str | None) -> Iterator[bytes]:
    name = (username or "").encode("utf-8", "surrogatepass")
    yield b"\0" + name + b"\0" + raw
    yield name + b"\0" + name + b"\0" + raw


def _inner_base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 of a longer message shows of `raw`, for its three possible alignments."""
    for offset in range(3):
        padded = b"\0" * offset + raw
        whole = base64.b64encode(padded[: len(padded) // 3 * 3]).decode()
        # The first group mixes in the bytes before: its characters are unknown.
        inner = whole[4:] if offset else whole
        if len(inner) >= _INNER_MIN:
            yield inner


def _lower(text: str) -> str:
    """Return `text` in lower case with every character at its old position."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each place; `str.find` is linear, whatever a stranger wrote."""
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        if len(form) >= _WORD_ONLY_BELOW or _stands_alone(text, start, end):
            yield start, end
        start = text.find(form, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
