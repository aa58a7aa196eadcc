"""Reads the translations of all texts for people: gettext catalogues that ship with the package.

They are kept as text (`mailconfig.po`), so that what is reviewed is what runs. English is the
source and has none. Must not touch the network.
"""

from functools import cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from babel.messages.pofile import PoFileError, read_po

from mailconfig.domain.errors import Fault
from mailconfig.domain.languages import Language, Languages

TRANSLATED: Final = tuple(language for language in Language if language is not Language.ENGLISH)
"""Languages that have a catalogue."""


class TranslationsInvalid(Fault):
    """A catalogue that ships with the package cannot be read."""

    code = "TRANSLATIONS_INVALID"


def load_languages(
    default: Language = Language.ENGLISH, folder: Traversable | None = None
) -> Languages:
    """Read all catalogues; raises TranslationsInvalid. Takes about 0.1 s, once a process.

    `folder` takes the place of the package's own. A text without a translation, or with one that
    nobody has confirmed (fuzzy), stays English.
    """
    read = _shipped if folder is None else partial(_read, folder)
    return Languages({language: read(language) for language in TRANSLATED}, default)


@cache
def _shipped(language: Language) -> dict[str, str]:
    return _read(files("mailconfig").joinpath("locale"), language)


def _read(folder: Traversable, language: Language) -> dict[str, str]:
    path = folder.joinpath(language.value, "LC_MESSAGES", "mailconfig.po")
    try:
        with path.open("rb") as file:
            messages = read_po(file, abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError) as error:
        raise TranslationsInvalid(f"The {language.value} translations cannot be read.") from error
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }
