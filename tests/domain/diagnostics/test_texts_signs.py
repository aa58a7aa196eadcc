"""Texts by the sign that decides: Entra numbers, status codes, exceptions before anything was sent,
several failures in one text, and the wordings of Asian and Russian providers.

They were written while the engine was mended, in the manner of the named servers and libraries.
"""

from pathlib import Path

from kit.texts import explained, load, score

ROWS = load(Path(__file__).with_name("texts_signs.jsonl"))
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
    """There are at least 340 texts of at least 50 codes, each with its own id."""
    assert len(ROWS) >= 340
    assert len({row["label"] for row in ROWS}) >= 50
    assert len({row["id"] for row in ROWS}) == len(ROWS)
