"""Texts of names, networks, TLS and logins that no row was written for, against the engine."""

from collections import Counter
from pathlib import Path

import pytest

from kit.texts import load, score

HERE = Path(__file__).parent
ROWS = load(HERE / "texts_connection.jsonl")
LABEL_FLOOR = 0.97
RETRYABLE_FLOOR = 0.97
FIXABLE_FLOOR = 0.95


def test_most_texts_get_their_diagnosis() -> None:
    """At least 97 % get the right code and retryable, 95 % the right person who can mend it."""
    reached = score(ROWS)
    told = "\n".join(reached.misses)
    assert reached.label >= LABEL_FLOOR, told
    assert reached.retryable >= RETRYABLE_FLOOR, told
    assert reached.fixable_by >= FIXABLE_FLOOR, told


@pytest.mark.parametrize("protocol", ["dns", "tcp", "tls", "imap", "smtp"])
def test_no_layer_hides_behind_the_others(protocol: str) -> None:
    """The floor of the code holds for each layer by itself."""
    reached = score([row for row in ROWS if row["protocol"] == protocol])
    assert reached.label >= LABEL_FLOOR, "\n".join(reached.misses)


def test_the_texts_are_many_and_told_once() -> None:
    """There are at least 400 texts of at least 60 codes, each with its own id."""
    assert len(ROWS) >= 400
    assert len({row["label"] for row in ROWS}) >= 60
    assert Counter(row["id"] for row in ROWS).most_common(1)[0][1] == 1
