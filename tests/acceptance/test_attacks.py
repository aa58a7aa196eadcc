"""The index of attacks (`kit.attacks_index`): each has tests, and each such test is in it."""

import ast
from pathlib import Path

from kit.attacks_index import ATTACKS

TESTS = Path(__file__).parents[1]
ASKED_FOR = {
    "algorithm confusion",
    "none",
    "wrong audience",
    "key id injection",
    "replayed refresh token",
    "session fixation",
    "CSRF from a foreign origin with each content type",
    "login CSRF",
    "user enumeration by text, status and time class",
    "forged cursors",
    "guessed file URLs",
    "IDOR over every id",
    "mass assignment",
    "header and host injection",
    "open redirect in OAuth",
    "state mismatch",
    "SMTP and IMAP injection through every text argument",
}
"""What acceptance names."""


def functions(path: Path) -> set[str]:
    """Return the names of the tests of a file."""
    found = ast.parse(path.read_text()).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        each.name for each in found if isinstance(each, kinds) and each.name.startswith("test_")
    }


def test_every_attack_has_tests() -> None:
    """Each that acceptance names, by its own words."""
    assert set(ATTACKS) >= ASKED_FOR
    assert all(ATTACKS.values())


def test_every_test_of_the_index_is_there() -> None:
    """A test that is renamed or taken away fails here."""
    for attack, named in ATTACKS.items():
        for name in named:
            file, _, function = name.partition("::")
            assert function in functions(TESTS / file), (attack, name)


def test_every_test_of_an_attack_is_in_the_index() -> None:
    """So that the index tells all that there is."""
    listed = {name for named in ATTACKS.values() for name in named}
    for path in sorted((TESTS / "acceptance").glob("test_attacks_*.py")):
        written = {f"acceptance/{path.name}::{name}" for name in functions(path)}
        assert written <= listed, path.name
