"""Brings the gettext catalogues to what the code says: `make messages`; `--check` only compares.

The template `mailconfig.pot` lists every text that is marked with `N_` or `phrase`. Each language
keeps its translations in `LC_MESSAGES/mailconfig.po`: texts that are gone are dropped, new ones are
added without a translation, and nothing is guessed. The files hold no dates and no line numbers,
so that they change only when texts do.
"""

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from mailconfig.domain.languages import Language, placeholders
from mailconfig.storage.languages import TRANSLATED

_SOURCE = Path("src")
_LOCALE = _SOURCE / "mailconfig" / "locale"
MARKERS = frozenset({"N_", "phrase"})
"""Calls whose first argument is a text for people."""
_HEAD = """\
# Texts of mailconfig for people{kind}. Written by `make messages`.
msgid ""
msgstr ""
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def texts(root: Path) -> dict[str, list[str]]:
    """Return every marked text with the files that hold it; `root` is the checkout."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / _SOURCE).rglob("*.py")):
        place = path.relative_to(root).as_posix()
        for text in marked(ast.parse(path.read_text(encoding="utf-8"))):
            places = found.setdefault(text, [])
            places += [] if place in places else [place]
    return found


def marked(tree: ast.Module) -> Iterator[str]:
    """Yield the texts that a module marks, in their order."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in MARKERS and call.args and isinstance(call.args[0], ast.Constant):
            yield call.args[0].value


def rendered(root: Path) -> dict[Path, str]:
    """Return what every file has to hold, by its path below `root`."""
    found = texts(root)
    pages = {_LOCALE / "mailconfig.pot": _written(found, {}, "", "")}
    for language in TRANSLATED:
        known = translations(root, language)
        pages[catalogue(language)] = _written(
            found, known, f", in {language.name.title()}", language
        )
    return pages


def translations(root: Path, language: Language) -> dict[str, str]:
    """Return the translations that are there."""
    return {str(message.id): str(message.string) for message in _messages(root, language)}


def problems(root: Path) -> list[str]:
    """Return a line for each file that is not what the code says, and each faulty translation."""
    pages = rendered(root)
    stale = [
        f"{path}: is not what the code says: run make messages"
        for path, page in pages.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != page
    ]
    return stale + [
        f"{catalogue(language)}: {problem}: {text}"
        for language in TRANSLATED
        for problem, text in _faults(root, language)
    ]


def write(root: Path) -> None:
    """Write every file."""
    for path, page in rendered(root).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(page, encoding="utf-8")


def catalogue(language: Language) -> Path:
    """Return the path of a language's file, below the checkout."""
    return _LOCALE / language.value / "LC_MESSAGES" / "mailconfig.po"


def _messages(root: Path, language: Language) -> list[Message]:
    path = root / catalogue(language)
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [message for message in read_po(file, abort_invalid=True) if message.id]


def _faults(root: Path, language: Language) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the translations, each with its text."""
    known = {message.id: message for message in _messages(root, language)}
    for text in texts(root):
        problem = _problem(text, known.get(text))
        if problem is not None:
            yield problem, text


def _problem(text: str, message: Message | None) -> str | None:
    if message is None or not message.string:
        return "not translated"
    if message.fuzzy:
        return "fuzzy"
    translation = str(message.string)
    if text.strip() == text and translation.strip() != translation:
        return "begins or ends with space"
    try:
        fits = placeholders(translation) == placeholders(text)
    except ValueError:
        fits = False
    return None if fits else "has other placeholders"


def _written(found: dict[str, list[str]], known: dict[str, str], kind: str, tag: str) -> str:
    catalogue = Catalog(fuzzy=False)
    for text, places in found.items():
        catalogue.add(text, known.get(text, ""), [(place, 1) for place in places])
    page = BytesIO()
    write_po(page, catalogue, width=100, omit_header=True, include_lineno=False)
    return _HEAD.format(kind=kind, tag=tag) + page.getvalue().decode().lstrip("\n")


def _main() -> int:
    root = Path.cwd()
    if "--check" not in sys.argv[1:]:
        write(root)
    found = problems(root)
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main())
