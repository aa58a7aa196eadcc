"""HTML as a row of tags and texts, in time that grows with its length whatever it holds.

`html.parser` of older Pythons takes a square of the time for hostile input (CVE-2025-6069). What is
not closed ends the text, as browsers do it. Must not: know what tags mean, apart from those whose
content is no text.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TAG: Final = re.compile(
    r"""<(/?)([A-Za-z][^\s/>]*+)((?:[^>=]++|=\s*+"[^"]*+"|=\s*+'[^']*+'|=(?!\s*+["']))*+)>"""
)
_NAME_BEGINS: Final = re.compile(r"</?[A-Za-z]")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s/"'])([^\s=/>"']++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))"""
)
"""It begins only where a name begins, so that a failure is not repeated letter by letter."""
_LONG_NUMBER: Final = re.compile(r"&#0*+[0-9]{8,};?")
"""No character has such a number, and Python refuses to read very long ones."""
_WITHOUT_TEXT: Final = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
)
_ENDS: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _WITHOUT_TEXT}


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag."""

    name: str
    """In lower case."""
    closing: bool
    """Whether it is an end tag."""
    source: str
    """Its attributes as written."""

    def attribute(self, name: str) -> str:
        """Return the value of an attribute, "" where it has none."""
        for found in _ATTRIBUTE.finditer(self.source):
            if found[1].lower() == name:
                return characters(found[2] or found[3] or found[4] or "")
        return ""


def tags_and_texts(source: str) -> Iterator[Tag | str]:
    """Yield tags and the texts between them, with their character references resolved."""
    position = 0
    while position < len(source):
        start = source.find("<", position)
        if start < 0:
            start = len(source)
        if start > position:
            yield characters(source[position:start])
        if start == len(source):
            return
        found = _TAG.match(source, start)
        if found is None:
            position = _after_other(source, start)
            if position == start + 1:
                yield "<"
            continue
        tag = Tag(found[2].lower(), bool(found[1]), found[3])
        position = found.end()
        yield tag
        if tag.name in _WITHOUT_TEXT and not tag.closing:
            end = _ENDS[tag.name].search(source, position)
            position = end.start() if end else len(source)


def characters(text: str) -> str:
    """Resolve character references."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _after_other(source: str, start: int) -> int:
    """Return where a comment or declaration ends; one further where "<" is only a sign."""
    if source.startswith("<!--", start):
        end = source.find("-->", start + 2)  # <!--> is a whole comment
        return end + 3 if end >= 0 else len(source)
    if source.startswith(("<!", "<?", "</"), start) or _NAME_BEGINS.match(source, start):
        end = source.find(">", start)
        if end < 0 or _NAME_BEGINS.match(source, start):
            return len(source)
        return end + 1
    return start + 1
