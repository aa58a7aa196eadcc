"""The second look at a written message: it says what was meant, and nothing else.

Threat: a fault in our writing, or a value that slipped past the rules, adds a header, a recipient
or a part. Therefore what was written is read again by a reader that is not ours, and compared.
Must not: mend anything. A difference is a fault of ours, and the message is not sent.
"""

from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Final

from mailconfig.domain.composition.bodies import Entity
from mailconfig.domain.composition.fields import LINE_MAX_BYTES
from mailconfig.domain.errors import Fault

_HEADER_END: Final = b"\r\n\r\n"
_NAMING: Final = ("from", "sender", "reply-to", "to", "cc", "bcc")
"""Headers that name people."""
_PARSER: Final = BytesHeaderParser(policy=compat32)


def confirm(
    content: bytes, meant: Entity, addresses: Mapping[str, Sequence[str]], *, utf8: bool
) -> None:
    """Compare written bytes with what was meant. Raises Fault where they differ.

    `addresses` are those that each header names, by its name in lower case; `utf8`
    allows the header to be more than ASCII.
    """
    _confirm_bytes(content, utf8=utf8)
    header = _confirm_entity(content, meant)
    for name in _NAMING:
        values = [_decoded(value) for key, value in header.raw_items() if key.lower() == name]
        named = [address for _, address in getaddresses(values) if address]
        if named != list(addresses.get(name, ())):
            raise Fault(f"the written message names others in {name}")


def _confirm_bytes(content: bytes, *, utf8: bool) -> None:
    head, _, body = content.partition(_HEADER_END)
    if not (body.isascii() and (utf8 or head.isascii())) or b"\0" in content:
        raise Fault("the written message is not in ASCII")
    breaks = content.count(b"\r\n")
    if not content.endswith(b"\r\n") or {content.count(b"\r"), content.count(b"\n")} != {breaks}:
        raise Fault("the written message has bare line ends")
    if max(map(len, content.split(b"\r\n"))) > LINE_MAX_BYTES:
        raise Fault("the written message has too long a line")


def _confirm_entity(written: bytes, meant: Entity) -> Message:
    """Compare the names of headers and the number of parts, level by level."""
    head, _, body = written.partition(_HEADER_END)
    header = _PARSER.parsebytes(head + _HEADER_END)
    names = [field.name for field in meant.fields]
    if header.keys() != names or header.defects or header.get_payload():
        raise Fault("the written message has other headers")
    if meant.parts:
        _confirm_parts(header, body, meant.parts)
    return header


def _confirm_parts(header: Message, body: bytes, meant: Sequence[Entity]) -> None:
    boundary = header.get_boundary("").encode()
    before, *parts, after = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if before or after != b"--\r\n" or len(parts) != len(meant):
        raise Fault("the written message has other parts")
    for part, entity in zip(parts, meant, strict=True):
        _confirm_entity(part.removeprefix(b"\r\n"), entity)


def _decoded(value: object) -> str:
    return str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace")
