"""Texts for people: all of them are marked, and every language says all of them."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from tools import messages

from mailconfig.domain.languages import Language
from mailconfig.domain.phrases import Phrase, joined
from mailconfig.storage.languages import TRANSLATED, TranslationsInvalid, load_languages

ROOT = Path(__file__).parent.parent
FRENCH = ROOT / "src/mailconfig/locale/fr/LC_MESSAGES/mailconfig.po"

SPOKEN = ("domain", "services", "graphql")
"""Rooms whose sentences reach people."""
_SENTENCE = re.compile(r"(?s)[A-Z{].* .*[.?]")
_NOT_FOR_PEOPLE = frozenset(
    {"GraphQLError", "HTTPException", "Fault", "FileUnreadable", "compile", "TypeError"}
)
"""Calls whose sentences are for operators or for those who write clients."""
_OF_REQUESTS = (
    "budgets",
    "documents",
    "limits",
    "media",
    "multipart",
    "plans",
    "requests",
    "view",
)
_ELSEWHERE = {
    "domain/transcripts.py": "patterns of what other programs print",
    "graphql/masking.py": "masked errors stay English: they are for those who write clients",
    "graphql/phrases.py": "the description of an argument",
    **dict.fromkeys(
        (f"graphql/{name}.py" for name in _OF_REQUESTS),
        "refused requests stay English: they are for those who write clients",
    ),
}
"""Files with sentences that are not marked, with the reason."""


def unmarked(node: ast.AST) -> Iterator[str]:
    """Yield the sentences below a node that are neither docstrings nor marked."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(value=ast.Constant()) | ast.keyword(arg="description"):
                continue
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if (
                name in _NOT_FOR_PEOPLE | messages.MARKERS
            ):
                continue
            case ast.JoinedStr(values=parts):
                shown = (part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
                texts = ["".join(map(str, shown))]
            case ast.Constant(value=str(text)):
                texts = [text]
            case _:
                texts = []
                yield from unmarked(child)
        yield from filter(_SENTENCE.fullmatch, texts)


def test_every_sentence_is_marked() -> None:
    """A text that reaches people can be translated, since it stands in `N_` or `phrase`."""
    found = [
        f"{path.relative_to(ROOT)}: {sentence}"
        for room in SPOKEN
        for path in sorted((ROOT / "src/mailconfig" / room).rglob("*.py"))
        if path.relative_to(ROOT / "src/mailconfig").as_posix() not in _ELSEWHERE
        and not path.name.startswith("signatures")  # patterns of other people's sentences
        for sentence in unmarked(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_catalogues_are_what_the_code_says() -> None:
    """Template and translations hold each text once, translated and with the same placeholders."""
    assert messages.problems(ROOT) == []


@pytest.mark.parametrize("language", list(Language))
def test_every_language_is_complete(language: Language) -> None:
    """What is loaded says each text: English as it is, others in words of their own."""
    languages = load_languages()
    found = messages.texts(ROOT)
    assert len(found) > 400
    if language is Language.ENGLISH:
        assert all(languages.say(language, text) == text for text in found)
    else:
        said = messages.translations(ROOT, language)
        assert {text: languages.say(language, text) for text in found} == said


@pytest.mark.parametrize("language", TRANSLATED)
def test_sentences_end_as_their_english_does(language: Language) -> None:
    """A text that ends with a full stop, a question mark or a colon does so in every language."""
    pairs = messages.translations(ROOT, language).items()
    wrong = [text for text, said in pairs if text[-1] in ".?:" and not said.endswith(text[-1])]
    assert wrong == []


def filled(template: str) -> Phrase:
    """Fill a template with values that can be told apart; figures where it groups digits."""
    values: dict[str, str | int] = {
        name: 1234 if spec else f"<{name}>"
        for _, name, spec, _ in Formatter().parse(template)
        if name is not None
    }
    return Phrase(template, values)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_template_is_said_with_all_its_values(language: Language) -> None:
    """Nothing of the English is left, no value is lost; also as a part of a longer text."""
    languages, said = load_languages(), messages.translations(ROOT, language)
    for template in messages.texts(ROOT):
        phrase = filled(template)
        shown = languages.say(language, phrase)
        assert all(value in shown for value in phrase.values.values() if isinstance(value, str))
        assert re.split(r"<\w+>|1\W?234", shown) == re.split(r"\{[^}]+\}", said[template])
        assert languages.say(language, joined(phrase, phrase)) == f"{shown} {shown}"


def test_french_is_typeset() -> None:
    """Before : ; ? ! stands a no-break space, and apostrophes are curved."""
    ordinary_space = re.compile(r" [:;?!]|\S[;?!]|\w:(?=\s|$)|'")
    said = messages.translations(ROOT, Language.FRENCH).values()
    # Parts of addresses and records are quoted as they are written.
    quoted = re.compile(r"https?:|mailto:|\?all|=\?")
    assert [text for text in said if ordinary_space.search(quoted.sub("", text))] == []


def checkout(folder: Path, source: str, **translated: str) -> Path:
    """Lay out a checkout with one module and with translations of its texts into German."""
    module = folder / "src" / "mailconfig" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text(source)
    messages.write(folder)
    for language in TRANSLATED:
        page = folder / messages.catalogue(language)
        text = page.read_text()
        for english, said in translated.items():
            text = text.replace(
                f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{said}"'
            )
        page.write_text(text)
    return folder


def test_texts_are_found_where_they_are_marked(tmp_path: Path) -> None:
    """Literals over several lines and inside other calls are found; unmarked ones are not."""
    source = """
x = N_("One "
       "sentence.")
y = phrase("{a} and {b}.", a=f(phrase("inner")), b="no text")
z = f(N_("One sentence."), "not marked")
"""
    root = checkout(tmp_path, source)
    place = ["src/mailconfig/module.py"]
    assert messages.texts(root) == dict.fromkeys(["One sentence.", "{a} and {b}.", "inner"], place)


def test_the_files_change_only_with_the_texts(tmp_path: Path) -> None:
    """Writing them again, also after lines have moved, changes no byte; nothing is dated."""
    root = checkout(tmp_path, 'x = N_("A sentence.")\n', **{"A sentence.": "Ein Satz."})
    pages = messages.rendered(root)
    module = root / "src/mailconfig/module.py"
    module.write_text("\n\n\n" + module.read_text())
    assert messages.rendered(root) == pages
    assert all(re.search(r"\d{4}", page) is None for page in pages.values())


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "not translated: Use {port}."),
        ("Nehmen Sie {hafen}.", "has other placeholders: Use {port}."),
        ("Nehmen Sie {port.", "has other placeholders: Use {port}."),
        ("Nehmen Sie {port}. ", "begins or ends with space: Use {port}."),
    ],
)
def test_a_faulty_translation_is_named(tmp_path: Path, said: str, problem: str) -> None:
    """Each language that lacks it, or has it wrong, is told with the text."""
    root = checkout(tmp_path, 'x = phrase("Use {port}.", port=1)\n', **{"Use {port}.": said})
    found = [f"{messages.catalogue(language)}: {problem}" for language in TRANSLATED]
    assert messages.problems(root) == found


def test_a_good_translation_is_no_problem(tmp_path: Path) -> None:
    """The counterpart of the faulty ones."""
    translated = {"Use {port}.": "Nehmen Sie {port}."}
    root = checkout(tmp_path, 'x = phrase("Use {port}.", port=1)\n', **translated)
    assert messages.problems(root) == []


def test_a_text_that_is_new_or_gone_is_named(tmp_path: Path) -> None:
    """Files that are not what the code says are told, all of them."""
    root = checkout(tmp_path, 'x = N_("Old.")\n', **{"Old.": "Alt."})
    (root / "src/mailconfig/module.py").write_text('x = N_("New.")\n')
    stale = [line for line in messages.problems(root) if "run make messages" in line]
    assert len(stale) == 1 + len(TRANSLATED)
    messages.write(root)
    assert "Old." not in (root / messages.catalogue(Language.GERMAN)).read_text()


def test_a_fuzzy_translation_is_refused(tmp_path: Path) -> None:
    """What a tool guessed and nobody confirmed stops the check."""
    root = checkout(tmp_path, 'x = N_("A text.")\n', **{"A text.": "Ein Text."})
    page = root / messages.catalogue(Language.GERMAN)
    page.write_text(page.read_text().replace('msgid "A text."', '#, fuzzy\nmsgid "A text."'))
    assert f"{messages.catalogue(Language.GERMAN)}: fuzzy: A text." in messages.problems(root)


def test_catalogues_are_in_the_wheel(tmp_path: Path) -> None:
    """What is installed can be read in every language."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    wanted = {f"mailconfig/locale/{tag}/LC_MESSAGES/mailconfig.po" for tag in TRANSLATED}
    assert wanted <= set(names)


def test_a_catalogue_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    """Half an installation is told at the start, not by English texts later."""
    with pytest.raises(TranslationsInvalid, match="The de translations cannot be read"):
        load_languages(folder=tmp_path)


@pytest.mark.parametrize("page", [b'msgid "a\n', b'msgid "a"\nmsgstr "\xff"\n'])
def test_a_catalogue_that_is_broken_stops_the_start(tmp_path: Path, page: bytes) -> None:
    """Neither half a line nor another encoding is read as far as it goes."""
    for language in TRANSLATED:
        path = tmp_path / language / "LC_MESSAGES" / "mailconfig.po"
        path.parent.mkdir(parents=True)
        path.write_bytes(page)
    with pytest.raises(TranslationsInvalid, match="The de translations cannot be read"):
        load_languages(folder=tmp_path)
