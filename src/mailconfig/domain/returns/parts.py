"""The little of MIME that reports need (RFC 5322, 2045, 2046): fields, parts, transfer encodings.

Threat: whoever can write to a mailbox chooses every byte. So nothing here recurses, each level is
asked for by name, and counts and lengths are bounded. What does not fit is left out: nothing
raises. Must not: know what a report is.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.text import decoded

_FIELDS_MAX: Final = 500
"""Of one header or block; long chains of forwarders write about 150."""
_VALUE_MAX_BYTES: Final = 4096
"""Of one field; longer ones are cut: References of long threads, signatures."""
_PARTS_MAX: Final = 20
"""Of one multipart; a report has three (RFC 6522), some systems add pictures."""
_BOUNDARY_MAX: Final = 200
"""RFC 2046, section 5.1.1 allows 70."""

_FOLD: Final = re.compile(rb"\n[ \t]+")
_NAME: Final = re.compile(rb"[!-9;-~]{1,100}\Z")
"""field-name (RFC 5322, section 2.2)."""
_TYPE: Final = re.compile(r"[ \t]*([\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100})")
_PARAMETER: Final = re.compile(
    r";[ \t]*([\w-]{1,40})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]+))"
)


@dataclass(frozen=True, slots=True)
class Fields:
    """A block of header fields, unfolded; names in lower case."""

    pairs: tuple[tuple[str, str], ...]

    def first(self, name: str) -> str | None:
        """Return the value of the first field of that name."""
        return next((value for each, value in self.pairs if each == name), None)

    def all(self, name: str) -> Iterator[str]:
        """Yield the values of all fields of that name, in their order."""
        return (value for each, value in self.pairs if each == name)


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one."""

    fields: Fields
    body: bytes
    """As transferred, with LF."""

    @property
    def type(self) -> str:
        """Media type in lower case; text/plain where none is told (RFC 2045, section 5.2)."""
        found = _TYPE.match(self.fields.first("content-type") or "")
        return found[1].lower() if found else "text/plain"

    def content(self) -> bytes:
        """Return the body without its transfer encoding (RFC 2045, section 6)."""
        encoding = (self.fields.first("content-transfer-encoding") or "").strip().lower()
        try:
            if encoding == "base64":
                return lf(binascii.a2b_base64(self.body))
            if encoding == "quoted-printable":
                return lf(binascii.a2b_qp(self.body))
        except binascii.Error:
            return b""
        return self.body

    def parts(self) -> tuple["Part", ...]:
        """Return the parts of a multipart (RFC 2046, section 5.1); empty for anything else."""
        if not self.type.startswith("multipart/"):
            return ()
        boundary = self._boundary()
        if boundary is None:
            return ()
        line = rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$"
        return tuple(map(parsed, self._between(re.compile(line, re.MULTILINE))))

    def _boundary(self) -> bytes | None:
        told = _PARAMETER.findall(self.fields.first("content-type") or "")
        for name, quoted, plain in told:
            if name.lower() == "boundary":
                text = re.sub(r"\\(.)", r"\1", quoted) or plain
                data = text.encode("utf-8", "replace").rstrip()
                return data if 0 < len(data) <= _BOUNDARY_MAX else None
        return None

    def _between(self, line: re.Pattern[bytes]) -> Iterator[bytes]:
        """Yield what stands between boundary lines; the last part may lack its end."""
        start: int | None = None
        for number, found in enumerate(line.finditer(self.body)):
            if start is not None:
                yield self.body[start : max(start, found.start() - 1)]
            start = found.end() + 1
            if found[1] or number == _PARTS_MAX:
                return
        if start is not None:
            yield self.body[start:]


def lf(data: bytes) -> bytes:
    """Return data with LF as the end of each line."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def parsed(data: bytes) -> Part:
    """Take a message or part apart; `data` has LF. Without an empty line all of it is header."""
    if data.startswith(b"\n"):
        return Part(Fields(()), data[1:])
    header, _, body = data.partition(b"\n\n")
    return Part(fields_of(header), body)


def fields_of(block: bytes) -> Fields:
    """Read a block of fields; lines that are none are left out."""
    pairs: list[tuple[str, str]] = []
    for line in _FOLD.sub(b" ", block).split(b"\n"):
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _NAME.match(name):
            text = decoded(value[:_VALUE_MAX_BYTES]).strip()
            pairs.append((name.decode("ascii").lower(), text))
        if len(pairs) == _FIELDS_MAX:
            break
    return Fields(tuple(pairs))
