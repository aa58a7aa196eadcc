"""Texts of resolvers, TLS and IMAP libraries and providers, in the words of their runtimes.

Written class by class while the engine was mended, so they guard what was reached; they measure no
unseen texts.
"""

from pathlib import Path

from kit.texts import explained, load, score

ROWS = load(Path(__file__).with_name("texts_libraries.jsonl"))
LABEL_FLOOR = 0.97
RETRYABLE_FLOOR = 0.97
FIXABLE_FLOOR = 0.95


def test_most_texts_are_explained() -> None:
    """At least 97 % get the right code and retryable, 95 % the right person who can mend it."""
    reached = score(ROWS, explained)
    told = "\n".join(reached.misses)
    assert reached.label >= LABEL_FLOOR, told
    assert reached.retryable >= RETRYABLE_FLOOR, told
    assert reached.fixable_by >= FIXABLE_FLOOR, told


def test_the_texts_are_many_and_told_once() -> None:
    """There are at least 970 texts of at least 60 codes, each with its own id."""
    assert len(ROWS) >= 970
    assert len({row["label"] for row in ROWS}) >= 60
    assert len({row["id"] for row in ROWS}) == len(ROWS)
