"""Claims about names, references and metadata."""

import unicodedata

import pytest

from kit.drafts import draft, found
from mailconfig.domain.validation import ValidationPolicy
from mailconfig.domain.validation.texts import has_unfit_characters

CASES = [
    ({"name": None}, ("ERROR", "REQUIRED", "name", "alice@gmail.com")),
    ({"name": " \t"}, ("ERROR", "REQUIRED", "name", "alice@gmail.com")),
    ({"name": "a" * 201}, ("ERROR", "TOO_LONG", "name", None)),
    ({"name": "a\nb"}, ("ERROR", "INVALID_FORMAT", "name", "ab")),
    ({"display_name": "a" * 201}, ("ERROR", "TOO_LONG", "displayName", None)),
    ({"display_name": "Ali\u202ece"}, ("ERROR", "INVALID_FORMAT", "displayName", "Alice")),
    ({"display_name": "Ali\ud800"}, ("ERROR", "INVALID_FORMAT", "displayName", "Ali")),
    ({"external_id": "a" * 201}, ("ERROR", "TOO_LONG", "externalId", None)),
    ({"external_id": "a\0"}, ("ERROR", "INVALID_FORMAT", "externalId", "a")),
    ({"metadata": "[1]"}, ("ERROR", "INVALID_FORMAT", "metadata", None)),  # no object
    ({"metadata": ""}, ("ERROR", "INVALID_FORMAT", "metadata", None)),
    ({"metadata": "{"}, ("ERROR", "INVALID_FORMAT", "metadata", None)),
    ({"metadata": '{"a": NaN}'}, ("ERROR", "INVALID_FORMAT", "metadata", None)),  # RFC 8259
    ({"metadata": '{"a": "\\ud800"}'}, ("ERROR", "INVALID_FORMAT", "metadata", None)),
    ({"metadata": '{"a":' + "[" * 3000}, ("ERROR", "INVALID_FORMAT", "metadata", None)),
    ({"metadata": '{"a": "' + "é" * 2045 + '"}'}, ("ERROR", "TOO_LONG", "metadata", None)),
]


@pytest.mark.parametrize(("fields", "issue"), CASES)
def test_faults(fields: dict[str, str], issue: tuple[str, str, str, str | None]) -> None:
    """Each fault gives exactly its issue."""
    assert found(draft(**fields)) == [issue]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a" * 200},
        {"display_name": "Jörg Müller 🦊"},
        {"display_name": ""},
        {"external_id": "crm:42"},
        {"metadata": "{}"},
        {"metadata": '{"a": "' + "a" * 4080 + '"}'},  # 4089 bytes
    ],
)
def test_good_texts(fields: dict[str, str]) -> None:
    """Texts at their limits and in any script pass."""
    assert found(draft(**fields)) == []


def test_limits_are_the_operators() -> None:
    """The policy sets the lengths."""
    policy = ValidationPolicy(name_max_chars=3, metadata_max_bytes=5)
    checked = draft(name="abcd", metadata='{"a":1}')
    assert found(checked, policy=policy) == [
        ("ERROR", "TOO_LONG", "metadata", None),
        ("ERROR", "TOO_LONG", "name", None),
    ]


def test_every_character_is_judged_by_itself() -> None:
    """Controls, surrogates, separators of lines and marks of direction are unfit, all else fits."""
    marks = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    for sign in map(chr, range(0x10000)):
        unfit = unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} or sign in marks
        assert has_unfit_characters(f"a{sign}") is unfit, hex(ord(sign))
