"""Code made while running: no words of a client's get into it but response names, as dict keys.

All sources that are compiled on the way are kept and read as syntax trees. What a hostile document
may name is what GraphQL's grammar lets through; everything else is refused before it gets there.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from kit.api import MEMBER, Api, serving
from mailconfig.graphql.compiler.source import Source
from mailconfig.settings import Settings

CANARY = "hunter2Xq9"
WORDS = (
    "__import__", "__builtins__", "__class__", "__subclasses__", "__globals__", "_", "__",
    "None", "True", "False", "class", "def", "del", "exec", "eval", "import", "lambda", "return",
    "yield", "await", "async", "raise", "with", "match", "project", "source", "known", "made",
    "row", "v1", "v2", "k0", "k1", "os", "n" * 4000,
)  # fmt: skip
"""Names of GraphQL that mean something in Python, or in the functions that are made."""
NO_NAMES = (
    'x": exec("1") or "', "x'", "a\\u0022b", "a b", "a-b", "a.b", "a\nb", "1a", "\u00e9", "\uff41",
    "\u0430", "a\u0301", "\ufb01", "a\u200b", "a\x00", "\U0001d41a", "a{", "a)", "$a", "@a",
)  # fmt: skip
"""What is no Name: quotes, escapes, ends of lines, letters that Python takes for ASCII (NFKC)."""
TEXTS = (
    f"{CANARY}'",
    f'{CANARY}"',
    f"{CANARY}\\",
    f'{CANARY}"""',
    f"{CANARY}\n    raise SystemExit",
    f"{CANARY}\r#",
    f"{CANARY}{{0}}%s",
    f"{CANARY}\u2028import os",
    f"{CANARY}\x00",
    f"{CANARY}\U0001f600\u202e",
)
"""What breaks out of a string of Python."""
OURS = re.compile(
    r"[vk]\d+|source|row|known|made|project|Exception|id|getattr|list|tuple|str|int|bool"
)
"""Names in the functions that are made."""

SUBMITTED = {"config", "revision", "status", "files", "filename", "kind", "errors"}
"""Response names of what the test itself sends before."""


@pytest.fixture
def engine() -> str:
    """What is compiled knows rows, not engines."""
    return "sqlite"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The sources of all functions that are made meanwhile."""
    sources: list[str] = []
    write = Source.text

    def text(self: Source) -> str:
        sources.append(write(self))
        return sources[-1]

    monkeypatch.setattr(Source, "text", text)
    return sources


def keys_of(source: str) -> set[str]:
    """Return the response names in a function's source, whose every other part is ours."""
    tree = ast.parse(source)
    keys: set[str] = set()
    known = {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.Dict) for node in node.keys
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            assert OURS.fullmatch(node.id), node.id
        elif isinstance(node, ast.Attribute):
            assert CANARY not in node.attr
        elif isinstance(node, ast.Constant) and id(node) in known:
            assert isinstance(node.value, str)
            assert re.fullmatch(r"[_A-Za-z][_0-9A-Za-z]*", node.value), node.value
            keys.add(node.value)
        elif isinstance(node, ast.Constant):
            # Names of types and enum values; never a text of the client's.
            assert CANARY not in str(node.value)
        assert not isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Lambda)
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    return keys


async def thrice(api: Api, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run an operation until it is compiled; each answer must be the first one."""
    answers = [await api.call(MEMBER, query, variables) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


async def test_names_of_python_are_keys_and_nothing_else(api: Api, made: list[str]) -> None:
    """As aliases of fields, alone and nested: the answer has them, the functions as dict keys."""
    await api.stored(MEMBER)
    for word in WORDS:
        nested = f"{{ {word}: configs {{ {word}: nodes {{ {word}: name {word}2: __typename }} }} }}"
        shown = (await thrice(api, nested))["data"]
        assert shown == {word: {word: [{word: "Work", f"{word}2": "EmailConfig"}]}}
    every = " ".join(f"{word}: name" for word in WORDS)
    row = (await thrice(api, f"{{ configs {{ nodes {{ {every} }} }} }}"))["data"]["configs"]
    assert row == {"nodes": [dict.fromkeys(WORDS, "Work")]}
    assert set().union(*map(keys_of, made)) >= set(WORDS)


async def test_what_is_no_name_is_refused(api: Api, made: list[str]) -> None:
    """As an alias, an operation's name, a fragment's, a variable's: nothing is compiled."""
    await api.stored(MEMBER)
    for text in NO_NAMES:
        for query in (
            f"{{ configs {{ nodes {{ {text}: name }} }} }}",
            f"query {text} {{ configs {{ nodes {{ name }} }} }}",
            f"{{ configs {{ nodes {{ ...{text} }} }} }} fragment {text} on EmailConfig {{ name }}",
            f"query (${text}: Boolean!) {{ configs {{ nodes {{ name @skip(if: ${text}) }} }} }}",
        ):
            answer = await thrice(api, query)
            assert "errors" in answer, query
            assert not answer.get("data"), query
    assert made == []


async def test_texts_and_variables_are_in_no_source(api: Api, made: list[str]) -> None:
    """In arguments, defaults, variables and comments: found rows, and functions without them."""
    await api.stored(MEMBER)
    rows = f"nodes {{ name {CANARY}: emailAddress @include(if: $wide) }}"
    query = (
        f"# {CANARY}\nquery {CANARY}($text: String, $wide: Boolean! = true, $more: String = %s) "
        f"{{ configs {{ {rows} }} found: configs(filter: {{ search: $text }}) {{ {rows} }} "
        f"providers(search: $more, first: 3) {{ nodes {{ id name }} }} }}"
    )
    for text in TEXTS:
        escaped = '"' + "".join(f"\\u{{{ord(each):x}}}" for each in text) + '"'
        answer = await thrice(api, query % escaped, {"text": text})
        assert answer["data"] == {
            "configs": {"nodes": [{"name": "Work", CANARY: "ann@example.net"}]},
            "found": {"nodes": []},
            "providers": {"nodes": []},
        }
    assert made
    for source in made:
        assert CANARY not in source.replace(repr(CANARY), "")
        assert keys_of(source) <= {CANARY, "name", "id", "nodes", *SUBMITTED}


async def test_deep_and_wide_documents_end_before_the_compiler(api: Api, made: list[str]) -> None:
    """Blocks of Python end at 20 in each other, ours at a depth that is refused long before."""
    deep = '{ node(id: "x") { ... on EmailConfig ' + "{ lastTest { config " * 40
    wide = "{ configs { nodes { " + " ".join(f"a{n}: name" for n in range(1001)) + " } } }"
    for query in (deep + "{ id }" + " } }" * 40 + " } }", wide):
        answer = await thrice(api, query)
        assert not answer.get("data")
        assert answer["errors"][0]["extensions"]["code"] in {"BAD_REQUEST", "LIMIT_EXCEEDED"}
    assert made == []


async def test_without_the_compiler_the_answers_are_the_same(
    app_settings: Settings, made: list[str]
) -> None:
    """The setting turns it off wholly: no function is made, and names mean as little."""
    settings = app_settings.model_copy(update={"compile_queries": False})
    async with serving(settings) as api:
        await api.stored(MEMBER)
        every = " ".join(f"{word}: name" for word in WORDS)
        row = (await thrice(api, f"{{ configs {{ nodes {{ {every} }} }} }}"))["data"]["configs"]
        assert row == {"nodes": [dict.fromkeys(WORDS, "Work")]}
    assert made == []
