"""Sentences for people: English, and still translatable when they already hold their values.

    N_("Enter the port.")                              # a sentence without values
    phrase("Use port {port} for {name}.", port=587, name=row.name)
    joined(meaning.advice, phrase("See {url}", url=url))

A phrase is an ordinary English string everywhere; the edge, which knows the reader's language,
says it again from its template by `Languages.say`. Templates are gettext message ids: `N_` and
`phrase` are the markers that the extraction looks for, so their first argument is a literal; where
a table holds the templates, they are marked there by `N_` and filled by `phrase`.
Must not know a language.
"""

from collections.abc import Callable, Mapping
from typing import Self

Value = str | int | float
"""What a template may hold. A `Phrase` is translated as well; any other text stays as it is, since
it may come from strangers.
"""

Say = Callable[[str], str]
"""Says a sentence in the reader's language; English where no translation is known."""


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a text for extraction and return it unchanged; it is translated where it is shown."""
    return text


class Phrase(str):
    """An English sentence that remembers its template and its values."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, values: Mapping[str, Value]) -> Self:
        """Fill the template; raises KeyError for a value that is missing."""
        self = super().__new__(cls, template.format(**values))
        self.template = template
        self.values = dict(values)
        return self

    def __reduce__(self) -> tuple[type["Phrase"], tuple[str, dict[str, Value]]]:
        """Make copies of it phrases, too."""
        return type(self), (self.template, dict(self.values))


def phrase(template: str, /, **values: Value) -> Phrase:
    """Fill a template that is marked for extraction by this very call, or by `N_` in a table."""
    return Phrase(template, values)


def joined(*sentences: str) -> Phrase:
    """Put sentences one after another, with a space between; each is translated by itself."""
    parts = [text if isinstance(text, Phrase) else Phrase(text, {}) for text in sentences]
    values = {f"part_{number}": part for number, part in enumerate(parts)}
    return Phrase(" ".join(f"{{{name}}}" for name in values), values)
