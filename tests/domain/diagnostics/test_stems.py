"""What cannot match is told by the letters that are missing; what could match never is."""

import re
from pathlib import Path

import pytest

from kit.texts import load
from mailconfig.domain.diagnostics.engine import GENERAL, SPECIFIC, WHOLE
from mailconfig.domain.diagnostics.stems import Words, alternatives, grams

HERE = Path(__file__).parent
TEXTS = [
    row["text"].replace("\n", " ")
    for name in ("connection", "delivery", "mixed")
    for row in load(HERE / f"texts_{name}.jsonl")
]
EXPRESSIONS = sorted(
    {
        words.pattern
        for row in (*WHOLE, *SPECIFIC, *GENERAL)
        for words in (row.words, row.without)
        if words is not None
    }
)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("refused", "Connection REFUSED"),
        ("colou?r", "color"),
        ("ab{0,2}c", "ac"),
        ("ab{2}c", "abbc"),
        ("(?:cat|dog)s?", "dogs"),
        ("x(?=yz)y", "xyz"),
        ("a(?!b)c", "ac"),
        (r"\bno\b.{0,9}way", "no such way"),
        (r"[xy]\.example", "y.example"),
        (r"(?-i:NO) mail", "NO MAIL"),
        ("iklim", "İKLIM"),
        ("spam", "\u017fpam"),
        ("密码", "密码错误"),
        ("a|", "anything"),
        (r"1\+1", "1+1"),
        ("a++b", "aab"),
    ],
)
def test_a_match_is_never_turned_away(pattern: str, text: str) -> None:
    """Whatever an expression is made of, a text that it matches passes the comparison."""
    assert re.search(pattern, text, re.IGNORECASE)
    assert Words(pattern).search(text)


@pytest.mark.parametrize("pattern", ["refused", "(?:cat|dog)s", "a(?:bc|de)f.{0,9}ghi", "密码"])
def test_a_text_without_the_letters_is_not_searched(pattern: str) -> None:
    """A text that lacks the letters of every alternative is known not to match."""
    noted = grams("Nothing of the kind")
    assert not any(part.may_match(noted) for part in alternatives(pattern))


def test_the_rows_say_the_same_with_and_without_the_comparison() -> None:
    """For one text of nine, each expression of the tables finds what a plain search finds."""
    plain = {pattern: re.compile(pattern, re.IGNORECASE) for pattern in EXPRESSIONS}
    quick = {pattern: Words(pattern) for pattern in EXPRESSIONS}
    differ = [
        (pattern[:60], text[:60])
        for text in TEXTS[::9]
        for noted in [grams(text)]
        for pattern in EXPRESSIONS
        if quick[pattern].found(text, noted) != bool(plain[pattern].search(text))
    ]
    assert differ == []
