"""Plain text made from HTML, for readers that show none and for filters that want both.

Lines are as long as the paragraphs are: programs wrap them, and quoted-printable carries them.
Must not: be taken for a sanitiser. What it answers is text and is never shown as markup.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from mailconfig.domain.composition.markup import Tag, tags_and_texts

_DEEPEST: Final = 8
"""Further levels of lists and quotations are not indented: lines stay readable, and short."""
_RULE: Final = "-" * 20
_UNDERLINE_MAX_CHARS: Final = 72
_SPACE: Final = re.compile(r"[ \t\n\r\f\xa0]+")
_WIDTHLESS: Final = dict.fromkeys(map(ord, "\u200b\ufeff\u00ad\u034f"))
"""Signs without width that newsletters fill their previews with."""
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "table", "figure"})
"""Blocks with an empty line before and after."""
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "body", "caption", "center", "dd", "details", "div"),
        *("dt", "fieldset", "figcaption", "footer", "form", "header", "html", "legend", "main"),
        *("nav", "option", "section", "summary", "tbody", "tfoot", "thead", "tr"),
    }
)
"""Blocks that begin and end a line."""
_UNDERLINES: Final = {"h1": "=", "h2": "-"}
_LINKS: Final = ("http://", "https://", "mailto:", "tel:")
"""Links that are worth showing; others lead nowhere without their page."""


def plain_text(source: str) -> str:
    """Return the text of an HTML document or fragment, without white space around.

    Links are followed by their addresses, lists keep their marks, tables are read row by row.
    """
    page = _Page()
    for item in tags_and_texts(source):
        if isinstance(item, str):
            page.text(item)
        else:
            page.tag(item)
    return page.finished()


class _Page:
    """The lines so far and what surrounds the place that is written now."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._gap = ""  # goes before the next word of the same line
        self._blank = False  # an empty line goes before the next one
        self._pre = 0
        self._pre_begins = False
        self._quotes = 0
        self._quotes_before = 0
        self._lists: list[int | None] = []
        self._mark = ""
        self._link: tuple[str, int, int] | None = None

    def text(self, text: str) -> None:
        text = text.translate(_WIDTHLESS)
        if self._pre:
            first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if self._pre_begins and not first and rest:
                first, *rest = rest  # a line break after the tag is none
            self._pre_begins = False
            self._put(first)
            for line in rest:
                self._end_line(kept=True)
                self._put(line)
            return
        words = _SPACE.sub(" ", text)
        if words.startswith(" "):
            self._gap = self._gap or " "
        self._put(words.strip(" "))
        if words.endswith(" ") and words != " ":
            self._gap = " "

    def tag(self, tag: Tag) -> None:
        special = _SPECIAL.get(tag.name)
        if special is not None:
            special(self, tag)
        elif tag.name in _PARAGRAPHS:
            self._end_line()
            self._underline(tag)
            self._blank = True
        elif tag.name in _BLOCKS:
            self._end_line()

    def finished(self) -> str:
        self._end_line()
        return "\n".join(self._lines).strip("\n").rstrip()

    def _put(self, words: str) -> None:
        if not words:
            return
        if self._line:
            self._line.append(self._gap)
        self._gap = ""
        self._line.append(words)

    def _end_line(self, *, kept: bool = False) -> None:
        """Finish the line; an empty one is dropped unless it is `kept`."""
        words = "".join(self._line).rstrip()
        self._line, self._gap = [], ""
        if not words and not (kept and (self._pre or self._is_one_blank())):
            return
        if self._blank and self._lines:
            self._lines.append(">" * min(self._quotes, self._quotes_before, _DEEPEST))
        self._blank = False
        self._quotes_before = self._quotes
        self._lines.append((self._prefix() + words).rstrip())

    def _is_one_blank(self) -> bool:
        """Tell whether an empty line here would be the only one."""
        return not self._blank and bool(self._lines and self._lines[-1])

    def _prefix(self) -> str:
        depth = min(len(self._lists), _DEEPEST)
        mark, self._mark = self._mark, ""
        indent = "  " * (depth - 1) + (mark or "  ") if depth else ""
        quotes = min(self._quotes, _DEEPEST)
        return ">" * quotes + " " * bool(quotes) + indent

    def _underline(self, tag: Tag) -> None:
        sign = _UNDERLINES.get(tag.name)
        if sign is not None and tag.closing and self._lines and not self._blank:
            self._lines.append(sign * min(len(self._lines[-1]), _UNDERLINE_MAX_CHARS))

    def line_break(self, _: Tag) -> None:
        self._end_line(kept=True)

    def rule(self, _: Tag) -> None:
        self._end_line()
        self._put(_RULE)
        self._end_line()

    def enter_list(self, tag: Tag) -> None:
        self._end_line()
        if not tag.closing:
            self._blank = self._blank or not self._lists
            self._lists.append(0 if tag.name == "ol" else None)
        elif self._lists:
            self._lists.pop()
            self._blank = self._blank or not self._lists

    def item(self, tag: Tag) -> None:
        self._end_line()
        if tag.closing or not self._lists:
            return
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        self._mark = "- " if number is None else f"{number + 1}. "

    def cell(self, tag: Tag) -> None:
        if not tag.closing and self._line:
            self._gap = " | "

    def quotation(self, tag: Tag) -> None:
        self._end_line()
        self._quotes = max(0, self._quotes + (-1 if tag.closing else 1))
        self._blank = True

    def preformatted(self, tag: Tag) -> None:
        self._end_line()
        self._pre = max(0, self._pre + (-1 if tag.closing else 1))
        self._pre_begins = not tag.closing
        self._blank = True

    def image(self, tag: Tag) -> None:
        if not tag.closing:
            self.text(tag.attribute("alt"))

    def link(self, tag: Tag) -> None:
        if not tag.closing:  # links hold no links: another one ends the first
            target = _SPACE.sub("", tag.attribute("href"))
            self._link = (target, len(self._lines), len(self._line))
        elif self._link is not None:
            target, line, place = self._link
            self._link = None
            said = "".join(self._line[place if line == len(self._lines) else 0 :])
            if target.lower().startswith(_LINKS) and not _says(said, target):
                self._gap = " " if self._line else ""
                self._put(f"<{target.removeprefix('mailto:')}>")


def _says(said: str, target: str) -> bool:
    """Tell whether the words of a link are its address already."""
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", target, flags=re.IGNORECASE)
    words = re.sub(r"^https?://", "", said.strip(), flags=re.IGNORECASE)
    return words.rstrip("/").casefold() == bare.rstrip("/").casefold()


_SPECIAL: Final[Mapping[str, Callable[[_Page, Tag], None]]] = {
    "a": _Page.link,
    "blockquote": _Page.quotation,
    "br": _Page.line_break,
    "hr": _Page.rule,
    "img": _Page.image,
    "li": _Page.item,
    "ol": _Page.enter_list,
    "pre": _Page.preformatted,
    "td": _Page.cell,
    "th": _Page.cell,
    "ul": _Page.enter_list,
}
