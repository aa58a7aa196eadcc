"""Tokens cannot be guessed: each has 256 bits that `secrets` gave, and nothing else is random.

What `secrets` hands out is kept on the way: what is in no token, or in a token and not of it, would
be seen here.
"""

import ast
import re
import secrets
from pathlib import Path

import pytest

from kit.attacks import open_purse
from mailconfig.domain.apikeys import key_of
from mailconfig.services import apikeys, authorizations, sessions
from mailconfig.settings import Settings

BITS = 256
TIMES = 10_000
SHAPES = {
    "cookie": r"([A-Za-z0-9_-]{43})",
    "refresh": r"mcr_([A-Za-z0-9_-]{43})",
    "reset": r"mcp_([A-Za-z0-9_-]{43})",
    "invitation": r"mci_([A-Za-z0-9_-]{43})",
    "api key": r"mck_([A-Za-z0-9_-]{43})[0-9A-Za-z]{6}",
    "state": r"([A-Za-z0-9_-]{43})",
}
"""Kinds of tokens that are random -> their shape; all others are signed and not random."""
PAUSES = {"random.uniform", "random.random"}
"""What makes a number between two others, and no text, byte or choice."""
SOURCES = Path(apikeys.__file__).parents[1]


@pytest.fixture
def engine() -> str:
    """What is stored is a digest in each."""
    return "sqlite"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """All texts that `secrets` makes from now on, with their bits."""
    made: dict[str, int] = {}
    make = secrets.token_urlsafe

    def token_urlsafe(nbytes: int | None = None) -> str:
        text = make(nbytes)
        made[text] = 8 * (nbytes or 0)
        return text

    monkeypatch.setattr(secrets, "token_urlsafe", token_urlsafe)
    return made


async def test_each_kind_is_of_secrets(
    app_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, int],
) -> None:
    """One of each, made as clients make it: all but the prefix and the checksum is theirs."""
    async with open_purse(app_settings, tmp_path, monkeypatch) as purse:
        held = dict(purse.held)
    for kind, shape in SHAPES.items():
        found = re.fullmatch(shape, held[kind])
        assert found is not None, kind
        assert given.pop(found[1], None) == BITS, kind


def test_ten_thousand_are_ten_thousand() -> None:
    """Of each maker: all different, of one length, and no letter of the text is ever fixed."""
    makers = {
        "session": lambda: sessions.fresh_token().reveal(),
        "refresh": lambda: sessions._refresh_token().reveal().removeprefix("mcr_"),
        "api key": lambda: key_of(secrets.token_urlsafe(apikeys._RANDOM_BYTES))[4:47],
        "state": lambda: secrets.token_urlsafe(authorizations._STATE_BYTES),
    }
    for name, make in makers.items():
        made = [make() for _ in range(TIMES)]
        assert len(set(made)) == TIMES, name
        assert {len(text) for text in made} == {43}, name
        for place in range(42):  # the last of 43 letters has four bits
            assert len({text[place] for text in made}) == 64, (name, place)


def test_nothing_but_secrets_is_random() -> None:
    """`random` is asked how long to pause, and for nothing else; the simulator keeps no secret."""
    asked = {}
    for path in SOURCES.rglob("*.py"):
        name = path.relative_to(SOURCES).as_posix()
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        from_it = [each for each in nodes if isinstance(each, ast.ImportFrom)]
        assert "random" not in {each.module for each in from_it}, name
        used = {ast.unparse(each) for each in nodes if isinstance(each, ast.Attribute)}
        asked[name] = {each for each in used if each.startswith("random.")}
    used_by = {name for name in asked if asked[name] and not name.startswith("simulator/")}
    assert "services/refreshing.py" in used_by
    assert set().union(*asked.values()) <= PAUSES
