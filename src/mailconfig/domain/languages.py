"""The languages that people are spoken to in: which one a reader wants, and how to say a text.

Sources of wishes: `Accept-Language` (RFC 9110, section 12.5.4), a tag such as a browser's
`navigator.language` (BCP 47), the locale of a process (POSIX). Translations are handed in; where
one is missing or does not fit its template, the English text stands. Must not read files.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from string import Formatter
from typing import Any, Final

from mailconfig.domain.phrases import Phrase, Value


class Language(StrEnum):
    """A language with a complete catalogue; its value is its BCP 47 tag."""

    ENGLISH = "en"
    """The language of the source: texts are their own translation."""
    GERMAN = "de"
    """Address: Sie."""
    FRENCH = "fr"
    """Address: vous."""


_RANGE: Final = re.compile(r"\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
"""Basic language range (RFC 4647, section 2.1), of which every language tag is one."""
_WEIGHT: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
"""RFC 9110, section 12.4.2."""
_RANGES_MAX: Final = 32
"""Browsers send at most a dozen; more is an attempt to keep us busy."""
_TAG_MAX_CHARS: Final = 35
"""Longest tag that programs have to take (RFC 5646, section 4.4.1)."""
_KEPT: Final = 256
"""Fields that stay read; browsers send few different ones, and strangers only push each other out.
"""
_KEPT_CHARS: Final = 256
"""Longer ones are read each time."""
_ANY: Final = "*"
_NO_LANGUAGE: Final = frozenset({"c", "posix"})
"""Locales of POSIX that stand for the language of the program."""


class _Digits(Formatter):
    """Fills templates; `{bytes:,}` groups digits as the language does."""

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - the base's
        text: str = super().format_field(value, format_spec)
        return text.replace(",", self._separator) if format_spec == "," else text


_DIGITS: Final = {
    Language.ENGLISH: _Digits(","),
    Language.GERMAN: _Digits("."),
    Language.FRENCH: _Digits("\N{NARROW NO-BREAK SPACE}"),
}


class Languages:
    """All languages of this process."""

    def __init__(
        self,
        translations: Mapping[Language, Mapping[str, str]],
        default: Language = Language.ENGLISH,
    ) -> None:
        """Take translations by language and English template; `default` is for who asks for none.

        English needs none.
        """
        self._translations = translations
        self.default = default

    def say(self, language: Language, text: str) -> str:
        """Return a text of ours in a language; never raises.

        A text that no catalogue knows, such as one from a stranger, is returned as it is.
        """
        known = self._translations.get(language, {})
        if not isinstance(text, Phrase):
            return known.get(text, text)
        values = {name: self._value(language, value) for name, value in text.values.items()}
        template = known.get(text.template, text.template)
        try:
            return _DIGITS[language].vformat(template, (), values)
        except (LookupError, ValueError, AttributeError):  # a translation that does not fit
            return str(text)

    def _value(self, language: Language, value: Value) -> Value:
        return self.say(language, value) if isinstance(value, Phrase) else value

    def best(self, accept_language: str | None) -> Language:
        """Return the language that an `Accept-Language` field likes best; the default if none fits.

        Faulty and superfluous parts of the field are passed over.
        """
        if not accept_language:
            return self.default
        kept = len(accept_language) <= _KEPT_CHARS
        return (_best if kept else _best.__wrapped__)(accept_language, self.default)

    def named(self, tag: str) -> Language | None:
        """Return the language of a BCP 47 tag, such as de-AT, by lookup (RFC 4647, section 3.4)."""
        return _named(tag)

    def of_locale(self, name: str | None) -> Language:
        """Return the language of a POSIX locale, such as de_AT.UTF-8 or C; else the default."""
        tag = re.split(r"[.@]", name or "", maxsplit=1)[0].replace("_", "-")
        if tag.lower() in _NO_LANGUAGE:
            return Language.ENGLISH
        return self.named(tag) or self.default


def placeholders(template: str) -> frozenset[str]:
    """Return the names of the values that a template wants; raises ValueError for a faulty one."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _named(tag: str) -> Language | None:
    if len(tag) > _TAG_MAX_CHARS or not _RANGE.fullmatch(tag):
        return None
    # Truncation from the end reaches the first subtag in the end, and no catalogue is narrower.
    primary = tag.partition("-")[0].lower()
    return next((language for language in Language if language.value == primary), None)


@lru_cache(_KEPT)
def _best(accept_language: str, default: Language) -> Language:
    wishes = list(_wishes(accept_language))
    refused = {_named(tag) for tag, weight in wishes if weight == 0}
    for tag, _ in sorted(wishes, key=lambda wish: -wish[1]):
        found = default if tag == _ANY else _named(tag)
        if found is not None and found not in refused:
            return found
    return default


def _wishes(field: str) -> Iterator[tuple[str, float]]:
    """Yield ranges with their weights, in their order."""
    for item in field.split(",", _RANGES_MAX)[:_RANGES_MAX]:
        tag, *parameters = (part.strip() for part in item.split(";"))
        if not _RANGE.fullmatch(tag) or len(parameters) > 1:
            continue
        weight = _WEIGHT.fullmatch(parameters[0]) if parameters else None
        if weight is not None or not parameters:
            yield tag, float(weight[1]) if weight else 1.0
