"""Variants of each class of failure: the same said in other words, languages and by other programs.

Each was written from the meaning of its code; nobody's server need have said it.
"""

import json
from pathlib import Path

import pytest

from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.servers import MailProtocol

PATH = Path(__file__).with_name("texts_variants.jsonl")
ROWS: list[dict[str, str | None]] = [
    json.loads(line) for line in PATH.read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_a_variant_means_the_same(row: dict[str, str | None]) -> None:
    """Protocol, phase and words alone lead to the code."""
    seen = Observation(
        protocol=MailProtocol(row["protocol"].upper()) if row["protocol"] else None,
        phase=Phase(row["phase"]) if row["phase"] else None,
        text=row["text"] or "",
    )
    assert explain(seen).code.value == row["label"]
