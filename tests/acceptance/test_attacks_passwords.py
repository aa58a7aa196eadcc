"""Passwords are compared as they came: no letter of theirs is folded, trimmed, cut or composed.

The hasher is a quick one of the same kind: what is compared is the same, and there is much of it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from kit.api import MEMBER, PASSWORD, Api
from kit.attacks import graphql, run
from mailconfig.services import passwords

LONGEST = 1024
CHANGE = """
mutation ($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    errors { __typename path ... on ValidationIssue { code } }
  }
}
"""
SIGN_IN = "mutation ($input: LoginInput!) { login(input: $input) { errors { __typename } } }"
CHOSEN = "Caf\u00e9 \ufb01ve \u212bngstr\u00f6m  Stra\u00dfe 12"
"""Composed letters, a ligature, the sign of \u00e5ngstr\u00f6m, two spaces, and both cases."""
OTHERS = (
    CHOSEN.lower(),
    CHOSEN.upper(),
    CHOSEN.swapcase(),
    CHOSEN.casefold(),
    f"{CHOSEN} ",
    f" {CHOSEN}",
    f"{CHOSEN}\n",
    f"{CHOSEN}\u00a0",
    f"{CHOSEN}\x00",
    f"{CHOSEN}\u200b",
    f"\ufeff{CHOSEN}",
    CHOSEN.replace("  ", " "),
    CHOSEN.replace("  ", "\u00a0 "),
    CHOSEN[:-1],
    CHOSEN[1:],
    CHOSEN[:8],
    CHOSEN * 2,
    CHOSEN.replace("\u00e9", "e\u0301"),  # NFD
    CHOSEN.replace("\ufb01", "fi"),  # NFKC
    CHOSEN.replace("\u212b", "\u00c5"),  # NFC of that sign
    CHOSEN.encode().decode("latin-1"),
    "",
)
"""What somebody's software could make of it on the way."""


class QuickHasher(PasswordHasher):
    """Argon2id with less work."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def engine() -> str:
    """Hashes are text in each."""
    return "sqlite"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let services made from now on hash quickly."""
    monkeypatch.setattr(passwords, "PasswordHasher", QuickHasher)
    return


async def change(api: Api, old: str, new: str) -> list[dict[str, Any]]:
    """Change the member's password and return the errors."""
    given = {"currentPassword": old, "newPassword": new}
    errors: list[dict[str, Any]] = (await run(api, MEMBER, CHANGE, given))["errors"]
    return errors


async def signs_in(api: Api, password: str) -> bool:
    """Tell whether the member signs in by that, over GraphQL and REST alike."""
    given = {"email": f"{MEMBER}@example.org", "password": password}
    answer = await graphql(api, SIGN_IN, {"input": given})
    rest = await api.client.post("/api/auth/login/", json=given)
    api.client.cookies.clear()
    errors = answer.json()["data"]["login"]["errors"]
    assert errors in ([], [{"__typename": "CredentialsError"}]), (password, errors)
    assert (rest.status_code == 200) is (errors == []), password
    return errors == []


async def test_a_password_is_compared_as_it_came(api: Api) -> None:
    """Case, spaces, ends and forms of Unicode count; only the password itself opens."""
    assert len(set(OTHERS)) == len(OTHERS)
    assert await change(api, PASSWORD, CHOSEN) == []
    assert await signs_in(api, CHOSEN)
    assert [each for each in OTHERS if await signs_in(api, each)] == []
    for other in OTHERS[:3]:
        (error,) = await change(api, other, "another long password")
        assert (error["__typename"], error["path"]) == ("CredentialsError", [])
    assert await signs_in(api, CHOSEN)


async def test_spaces_at_the_ends_are_part_of_it(api: Api) -> None:
    """Nothing is trimmed when it is set either: without its spaces it is another one."""
    spaced = "   twelve or more   "
    assert await change(api, PASSWORD, spaced) == []
    assert await signs_in(api, spaced)
    assert not await signs_in(api, spaced.strip())


@pytest.mark.parametrize("letter", ["x", "\u00df", "\U0001f600"], ids=["1", "2", "4"])
async def test_a_password_of_1024_characters_signs_in(api: Api, letter: str) -> None:
    """Of one, two or four bytes each; its last character counts, and one more is too long."""
    longest = "Aq" + letter * (LONGEST - 3) + "z"
    (error,) = await change(api, PASSWORD, f"{longest}z")
    assert error == {"__typename": "ValidationIssue", "path": ["newPassword"], "code": "TOO_LONG"}
    assert await signs_in(api, PASSWORD)
    assert await change(api, PASSWORD, longest) == []
    assert await signs_in(api, longest)
    for other in (longest[:-1], f"{longest[:-1]}y", f"{longest}z", longest[:72], longest[:128]):
        assert not await signs_in(api, other)
