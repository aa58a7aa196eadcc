"""Cleaning of server text: bounded, visible characters only, without any form of the secret."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from mailconfig.domain.text import Cleaner, cut, decoded, secret_forms, tidy

SECRET = 'pä55 "wörd"\\%+/&'
USERNAME = "ann@example.test"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ECHOES = [
    # what the server says, how it got there
    (SECRET, "raw"),
    (SECRET.upper(), "shouted back"),
    (_b64(SECRET), "base64, as AUTH LOGIN sends it"),
    (_b64(SECRET).rstrip("="), "base64 without padding"),
    (base64.urlsafe_b64encode(SECRET.encode()).decode(), "base64url"),
    (_b64(f"\0{USERNAME}\0{SECRET}"), "SASL PLAIN"),
    (_b64(f"{USERNAME}\0{USERNAME}\0{SECRET}"), "SASL PLAIN with an authorization identity"),
    (quote(SECRET), "percent-encoded"),
    (quote(SECRET, safe=""), "percent-encoded, slash too"),
    (quote_plus(SECRET), "form-encoded"),
    (json.dumps(SECRET), "JSON string in ASCII"),
    (json.dumps(SECRET, ensure_ascii=False), "JSON string"),
    (SECRET.encode().hex(), "hexadecimal"),
    ("\u202e".join(SECRET), "bidi marks between the characters"),
    ("\0".join(SECRET), "NULs between the characters"),
]


@pytest.mark.parametrize(("echo", "how"), ECHOES, ids=[how for _, how in ECHOES])
def test_secret_is_removed_in_every_form(echo: str, how: str) -> None:
    """A server that echoes the secret in a usual form is shown with *** in its place."""
    said = Cleaner(SECRET, USERNAME).clean(f"535 no: [{echo}] is wrong")
    assert "***" in said
    for form in (echo, SECRET, _b64(SECRET)[:12], SECRET.encode().hex()[:12]):
        assert form.lower() not in said.lower()
    assert said.startswith("535 no: [")
    assert said.endswith("is wrong")


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "user=ann\x01auth=Bearer "])
def test_secret_is_found_inside_any_base64_message(before: str) -> None:
    """Whatever stands before the token in a base64 message, its characters do not stay visible."""
    token = "ya29.a0AfH6SMBx-known-canary-token-0123456789"
    said = Cleaner(token).clean("334 " + _b64(f"{before}{token}\x01\x01"))
    middle = _b64(" " * (-len(before) % 3) + token)[8:-8]
    assert "***" in said
    assert middle not in said
    assert len(said) < len("334 ") + len(_b64(before)) + 16


def test_secret_at_the_edge_leaves_no_part() -> None:
    """The secret is removed before the text is cut, so that no beginning of it stays."""
    said = Cleaner("correct-horse-battery").clean("x" * 290 + " correct-horse-battery")
    assert said == "x" * 290 + " ***"


def test_secret_over_two_lines_is_removed() -> None:
    """A secret with a line end that is echoed line by line does not stay in either line."""
    said = Cleaner("first half\nsecond half").clean_lines(["535 first half", "second half no"], 99)
    assert said == "535 *** no"


def test_short_secret_is_removed_as_a_word_only() -> None:
    """A secret of few letters does not turn the whole text into stars."""
    assert Cleaner("on").clean("no connection on 993") == "no connection *** 993"


def test_spaces_in_a_secret_do_not_hide_it() -> None:
    """A secret with two blanks is found although runs of blanks become one."""
    assert Cleaner("abcd  efgh").clean("got abcd \t efgh") == "got ***"


def test_text_without_secret_is_only_tidied() -> None:
    """Without a secret nothing is replaced."""
    assert Cleaner().clean("  535\t5.7.8\r\n bad  ") == "535 5.7.8 bad"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),  # control characters, terminal escapes
        ("evil\u202etxt.exe", "eviltxt.exe"),  # right-to-left override
        ("\u2066iso\u2069\u200b\ufeff", "iso"),  # isolates, zero width space, byte order mark
        ("line\u2028next\u2029para", "line next para"),  # Unicode line ends
        ("über 日本", "über 日本"),  # letters of all scripts stay
        ("\ud800x\ue000", "x"),  # lone surrogate, private use
    ],
)
def test_tidy_keeps_visible_characters_only(text: str, expected: str) -> None:
    """Control, bidi and other invisible characters are gone, letters stay."""
    assert tidy(text) == expected


def test_cut_is_exact() -> None:
    """300 characters stay whole, 301 become 299 and an ellipsis."""
    assert cut("x" * 300) == "x" * 300
    assert cut("x" * 301) == "x" * 299 + "…"


def test_bytes_are_read_as_utf8_or_latin1() -> None:
    """UTF-8 is read as such; other bytes never raise and old servers' words stay legible."""
    assert decoded("Größe".encode()) == "Größe"
    assert decoded("Größe".encode("latin-1")) == "Größe"
    assert decoded(bytes(range(256))) == bytes(range(256)).decode("latin-1")


def test_lines_stay_apart_and_bounded() -> None:
    """Several lines are kept as lines for the diagnosis, within the limit."""
    cleaner = Cleaner("hunter2-long")
    assert cleaner.clean_lines(["535-a\x07", "535 b"], 100) == "535-a\n535 b"
    assert len(cleaner.clean_lines(["y" * 80] * 50, 100)) == 100


def test_longest_secret_against_look_alike_text_changes_nothing() -> None:
    """4 KiB of secret against 256 KiB of nearly the same text: no false hit, no slow search."""
    text = "a" * 256 * 1024
    assert Cleaner("a" * 4095 + "b").redact(text) == text


def test_forms_and_cleaner_do_not_show_the_secret_by_accident() -> None:
    """The repr of a cleaner is a mask; an empty secret has no forms that would eat all text."""
    assert repr(Cleaner("hunter2")) == "Cleaner(***)"
    assert Cleaner("").clean("anything") == "anything"
    assert "" not in secret_forms("x")
