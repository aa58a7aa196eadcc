"""Texts of all kinds from two blind rounds (u, then v), collected without knowing the engine.

The note of a line says from where it is, and what decided the label.
"""

from pathlib import Path

from kit.texts import explained, load, score

ROWS = load(Path(__file__).with_name("texts_rounds.jsonl"))
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
    """There are at least 170 texts of at least 60 codes, each with its own id."""
    assert len(ROWS) >= 170
    assert len({row["label"] for row in ROWS}) >= 60
    assert len({row["id"] for row in ROWS}) == len(ROWS)
