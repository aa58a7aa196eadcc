"""The known texts told again by others: another server, another program, another language.

Written by people who did not see the engine; a corrected label says so in the line's note.
"""

from pathlib import Path

from kit.texts import explained, load, score

HERE = Path(__file__).parent
ROWS = load(HERE / "texts_paraphrases.jsonl")
LABEL_FLOOR = 0.97
RETRYABLE_FLOOR = 0.97
FIXABLE_FLOOR = 0.95


def test_most_paraphrases_are_explained() -> None:
    """At least 97 % get the right code and retryable, 95 % the right person who can mend it."""
    reached = score(ROWS, explained)
    told = "\n".join(reached.misses)
    assert reached.label >= LABEL_FLOOR, told
    assert reached.retryable >= RETRYABLE_FLOOR, told
    assert reached.fixable_by >= FIXABLE_FLOOR, told


def test_each_paraphrase_has_words_of_its_own() -> None:
    """There are 415 texts, each with its own id, and none is its known text word by word."""
    known = {f"{row['id']}p": row["text"] for row in load(HERE / "texts_known.jsonl")}
    assert len(ROWS) == 415
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert [row["id"] for row in ROWS if row["text"] == known.get(row["id"])] == []
