"""Texts in languages other than English, and each concept in some twenty languages.

The first were collected by somebody who did not see the engine; where a line was corrected by the
meaning of the taxonomy, its note says so. The second were written from the words of glibc, Windows
and mail programs, or in their manner.
"""

import json
from pathlib import Path
from typing import Any

from kit.texts import explained, load, score
from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.servers import MailProtocol

ROWS = load(Path(__file__).with_name("texts_languages.jsonl"))
SPOKEN: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("texts_spoken.jsonl").read_text("utf-8").splitlines()
]
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
    """There are at least 90 texts of at least 60 codes, each with its own id."""
    assert len(ROWS) >= 90
    assert len({row["label"] for row in ROWS}) >= 60
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def _code(row: dict[str, Any]) -> str:
    seen = Observation(
        protocol=MailProtocol(row["protocol"].upper()) if row["protocol"] else None,
        phase=Phase(row["phase"]) if row["phase"] else None,
        host=row["host"],
        text=row["text"],
    )
    return explain(seen).code.value


def test_each_language_is_understood() -> None:
    """No language that a concept is known in falls below 97 % of its texts."""
    for language in sorted({row["language"] for row in SPOKEN}):
        rows = [row for row in SPOKEN if row["language"] == language]
        missed = [row["text"] for row in rows if _code(row) not in row["labels"]]
        assert len(missed) <= len(rows) * (1 - LABEL_FLOOR), (language, missed)
