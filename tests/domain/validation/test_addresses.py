"""Claims about the e-mail address of a draft."""

import pytest

from kit.drafts import draft, found

CASES = [
    (None, ("ERROR", "REQUIRED", None)),
    (" ", ("ERROR", "REQUIRED", None)),
    ("alice", ("ERROR", "INVALID_FORMAT", None)),
    ("Alice <alice@gmail.com>", ("ERROR", "INVALID_FORMAT", "alice@gmail.com")),
    (" alice@gmail.com", ("ERROR", "INVALID_FORMAT", "alice@gmail.com")),
    ("a" * 65 + "@gmail.com", ("ERROR", "TOO_LONG", None)),
    ("alice@gmial.com", ("WARNING", "DOMAIN_TYPO", "alice@gmail.com")),
    ("alice@gmail.con", ("WARNING", "DOMAIN_TYPO", "alice@gmail.com")),
    # A Cyrillic letter.
    ("alice@gm\u0430il.com", ("WARNING", "DOMAIN_LOOKALIKE", "alice@gmail.com")),
    # Mixed, but like nothing that is known.
    ("alice@firm\u0430.example", ("WARNING", "DOMAIN_LOOKALIKE", None)),
    ("alice@intranet", ("WARNING", "INVALID_FORMAT", None)),
]


@pytest.mark.parametrize(("address", "issue"), CASES)
def test_faults(address: str | None, issue: tuple[str, str, str | None]) -> None:
    """Each fault gives exactly its issue at the address."""
    severity, code, suggestion = issue
    issues = [item for item in found(draft(email_address=address)) if item[2] == "emailAddress"]
    assert issues == [(severity, code, "emailAddress", suggestion)]


@pytest.mark.parametrize(
    "address",
    [
        "alice@gmail.com",
        "jörg@müller.example",  # one alphabet
        "alice@почта.example",
        "alice@例え.example",
        "alice@日本ひらカナ.example",  # alphabets of one language
        "alice@gmx.at",
    ],
)
def test_good_addresses(address: str) -> None:
    """International addresses and known domains pass."""
    issues = [item for item in found(draft(email_address=address)) if item[2] == "emailAddress"]
    assert issues == []


def test_a_mistyped_domain_gives_no_other_advice() -> None:
    """User names are not compared with an address that is probably wrong."""
    assert found(draft(email_address="alice@gmial.com")) == [
        ("WARNING", "DOMAIN_TYPO", "emailAddress", "alice@gmail.com")
    ]
