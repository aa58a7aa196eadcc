"""Bodies: texts and files as parts of MIME, as few as the message needs.

    multipart/mixed(multipart/related(multipart/alternative(text, HTML), images...), files...)

A level with one member is left out. Must not: know anything of recipients or of the header of the
message itself.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from mailconfig.domain.composition.fields import (
    LINE_MAX_CHARS,
    Field,
    ascii_name,
    plain,
    with_parameters,
)
from mailconfig.domain.composition.plaintext import plain_text
from mailconfig.domain.composition.values import Attachment, Fresh, MessageDraft, Signature

_NEWLINE: Final = re.compile(r"\r\n?|\n")
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
_DELIMITER: Final = "-- "
"""Stands above a signature, so that programs can cut it off (RFC 3676, section 4.3)."""
_BOUNDARY_TRIES: Final = 4
"""Chance never needs a second one."""
_OPAQUE: Final = "application/octet-stream"
MEDIA_TYPE: Final = re.compile(
    r"([a-z0-9][\w!#$&^.+-]{0,126}/[a-z0-9][\w!#$&^.+-]{0,126})(?:;\s?charset=\"?([\w.:-]{1,40})\"?)?",
    re.ASCII | re.IGNORECASE,
)
"""A media type and perhaps its charset (RFC 6838, section 4.2)."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One part of a message, or all of it (RFC 2045, section 2.4)."""

    fields: tuple[Field, ...]
    body: bytes = field(repr=False)
    """As sent."""
    parts: tuple["Entity", ...] = ()
    """What the body was made of; none where it is no multipart."""

    def written(self) -> bytes:
        """Return header, empty line and body."""
        return b"".join([*(each.written() for each in self.fields), b"\r\n", self.body])


def body_of(draft: MessageDraft, fresh: Fresh) -> Entity:
    """Return the content of a message, whose fields are only those of MIME.

    Raises ValueError for text or names that `check` refuses.
    """
    text, html = _texts(draft)
    image = draft.signature.image if draft.signature and html is not None else None
    files = [*draft.attachments, *([image] if image else [])]
    inline = [each for each in files if each.content_id and html is not None]
    other = [each for each in files if not each.content_id or html is None]
    texts = [_text(text, "plain")] if text is not None else []
    texts += [_text(html, "html")] if html is not None else []
    core = [_multipart("alternative", texts, fresh)] if texts else []
    related = [*core, *(_file(each, "inline") for each in inline)]
    shown = [_multipart("related", related, fresh)] if related else []
    attached = [*shown, *(_file(each, "attachment") for each in other)]
    # A file alone is still one member of a list: programs expect files there.
    return _multipart("mixed", attached, fresh, least=2 if shown else 1)


def _texts(draft: MessageDraft) -> tuple[str | None, str | None]:
    """Return plain text and HTML with the signature; None where there is none."""
    html = draft.html if (draft.html or "").strip() else None
    text = draft.text if (draft.text or "").strip() else None
    if text is None and html is not None:
        text = plain_text(html) or None
    if draft.signature is not None and text is not None:
        text = _signed_text(text, draft.signature)
    if draft.signature is not None and html is not None:
        html = _signed_html(html, draft.signature)
    return text, html


def _signed_text(text: str, signature: Signature) -> str:
    words = signature.text or plain_text(signature.html or "")
    return f"{text.rstrip()}\n\n{_DELIMITER}\n{words}" if words.strip() else text


def _signed_html(html: str, signature: Signature) -> str:
    words = signature.html or escape(signature.text or "").replace("\n", "<br>\n")
    image = signature.image
    if image is not None and image.content_id and f"cid:{image.content_id}" not in words:
        words += f'<div><img src="cid:{escape(image.content_id)}" alt=""></div>'
    if not words.strip():
        return html
    block = f'\n<div class="signature">{_DELIMITER}<br>\n{words}</div>\n'
    ends = [found.start() for found in _BODY_END.finditer(html)]
    place = ends[-1] if ends else len(html)
    return html[:place] + block + html[place:]


def _text(text: str, subtype: str) -> Entity:
    """Make a part of a text; its lines end with CR LF, the last one, too."""
    if "\0" in text:
        raise ValueError("a text holds NUL")
    lines = _NEWLINE.split(text)
    if lines[-1]:
        lines.append("")
    data = "\n".join(lines).encode()
    charset = "us-ascii" if data.isascii() else "utf-8"
    encoding, body = _as_it_is(lines) or min(_quoted(data), _base64(data), key=_length)
    return Entity(
        (
            with_parameters("Content-Type", f"text/{subtype}", [("charset", charset)]),
            plain("Content-Transfer-Encoding", encoding),
        ),
        body,
    )


def _as_it_is(lines: Sequence[str]) -> tuple[str, bytes] | None:
    """Return the text for 7bit, None where a server on the way might change or fold it."""
    for line in lines:
        if len(line) > LINE_MAX_CHARS or line.endswith((" ", "\t")):
            return None
        if line.startswith((".", "From ")) or not line.replace("\t", "").isprintable():
            return None
    whole = "\r\n".join(lines)
    return ("7bit", whole.encode()) if whole.isascii() else None


def _quoted(data: bytes) -> tuple[str, bytes]:
    """Encode a text as quoted-printable (RFC 2045, section 6.7)."""
    quoted = _FROM.sub(b"=46rom ", binascii.b2a_qp(data, istext=True))
    return "quoted-printable", quoted.replace(b"\n", b"\r\n")


_FROM: Final = re.compile(rb"^From ", re.MULTILINE)
"""Mailboxes in files put a sign before it."""


def _base64(data: bytes) -> tuple[str, bytes]:
    """Encode as base64 (RFC 2045, section 6.8); a text's line ends are CR LF inside."""
    return "base64", _base64_lines(data.replace(b"\n", b"\r\n"))


def _base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _length(encoded: tuple[str, bytes]) -> int:
    return len(encoded[1])


def _file(file: Attachment, disposition: str) -> Entity:
    """Make a part of a file.

    The whole name stands in the Content-Disposition (RFC 2183, RFC 2231), one in plain ASCII in
    the Content-Type for programs that read only that.
    """
    parameters = [("name", ascii_name(file.name))]
    media_type, charset = _media_type(file.media_type)
    if charset:
        parameters.insert(0, ("charset", charset))
    fields = [
        with_parameters("Content-Type", media_type, parameters),
        plain("Content-Transfer-Encoding", "base64"),
        with_parameters("Content-Disposition", disposition, [("filename", file.name)]),
    ]
    if file.content_id:
        fields.append(plain("Content-ID", f"<{file.content_id}>"))
    return Entity(tuple(fields), _base64_lines(file.content))


def _media_type(typed: str) -> tuple[str, str | None]:
    """Return type and charset; messages as files are opaque, since RFC 2046 bans base64 there."""
    found = MEDIA_TYPE.fullmatch(typed)
    if found is None:
        raise ValueError("not a media type")
    media_type = found[1].lower()
    if media_type.startswith(("message/", "multipart/")):
        return _OPAQUE, None
    return media_type, found[2]


def _multipart(subtype: str, parts: Sequence[Entity], fresh: Fresh, *, least: int = 2) -> Entity:
    """Join parts (RFC 2046, section 5.1); fewer than `least` need no joining."""
    if not parts:
        raise ValueError("a message needs a text or a file")
    if len(parts) < least:
        return parts[0]
    written = [part.written() for part in parts]
    boundary = _boundary(written, fresh)
    delimiter = b"--" + boundary.encode()
    pieces = [piece for part in written for piece in (delimiter, b"\r\n", part, b"\r\n")]
    parameters = [("boundary", boundary)]
    if subtype == "related":  # RFC 2387, section 3.1
        parameters.insert(0, ("type", parts[0].fields[0].tokens[0].rstrip(";")))
    content_type = with_parameters("Content-Type", f"multipart/{subtype}", parameters)
    return Entity((content_type,), b"".join([*pieces, delimiter, b"--\r\n"]), tuple(parts))


def _boundary(written: Sequence[bytes], fresh: Fresh) -> str:
    """Return a boundary that no part holds; its first signs are in no encoded text, either."""
    for _ in range(_BOUNDARY_TRIES):
        boundary = f"=_{fresh()}"
        if not any(boundary.encode() in part for part in written):
            return boundary
    raise ValueError("the source of tokens repeats itself")
