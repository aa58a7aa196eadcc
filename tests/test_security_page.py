"""docs/security.md: each requirement names a test that exists, or says why it is not met."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"\| (V\d{1,2}(?:\.\d{1,2}){0,2}) \| ([^|]+) \| ([^|]+) \|")


def rows() -> list[tuple[str, str, str]]:
    """Return requirement, topic and proof of each line of the table."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| V")]
    found = [match.groups() for line in lines if (match := ROW.fullmatch(line))]
    assert len(found) == len(lines) > 50
    return [(id, topic, proof) for id, topic, proof in found]


def test_each_requirement_stands_once_and_in_order() -> None:
    """By number, as ASVS has them."""
    ids = [tuple(map(int, id[1:].split("."))) for id, _, _ in rows()]
    assert ids == sorted(set(ids))


def test_each_proof_is_there() -> None:
    """A file of tests, else the reason why there is none."""
    reasons = ("not met: ", "does not apply: ")
    wrong = [
        id
        for id, _, proof in rows()
        if not proof.startswith(reasons)
        and not (proof.startswith("`tests/") and (ROOT / proof.strip("`")).is_file())
    ]
    assert wrong == []
