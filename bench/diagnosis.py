"""Explaining a text: time, and how many times a plain search of the same text that is.

    python bench/diagnosis.py

The plain search is one expression with a word of each code's name, sought through the whole text:
what an answer from words costs at least. Ratios hardly depend on the machine; times do.
"""

import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.diagnostics.values import Observation

TEXTS = Path(__file__).parents[1] / "tests" / "domain" / "diagnostics"
REPEATS = 5
LIMIT = 12
"""How many plain searches an answer may cost; where every row is searched it is thirty and more."""

PROSE = "the user could not send mail from the account because of it, and then "
PLAIN = re.compile(
    "|".join(code.value.lower().replace("_", " ") for code in DiagnosticCode), re.IGNORECASE
)


def best_seconds(work: Callable[[], object]) -> float:
    """Run work several times; the shortest counts, as the others were disturbed."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def known_texts() -> list[str]:
    """Return the texts of the tests."""
    return [
        json.loads(line)["text"]
        for path in sorted(TEXTS.glob("texts_*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def measured(name: str, text: str) -> float:
    """Print the figures of one text; return the ratio."""
    ours = best_seconds(lambda: explain(Observation(text=text)))
    plain = best_seconds(lambda: PLAIN.findall(text))
    print(f"{name:24} {len(text):6} characters {ours * 1e3:7.2f} ms, {ours / plain:6.1f} searches")
    return ours / plain


def main() -> int:
    """Measure; status 1 if an answer costs too many searches."""
    texts = known_texts()
    for text in texts:  # expressions are compiled when they are first searched
        explain(Observation(text=text))
    each = [best_seconds(lambda text=text: explain(Observation(text=text))) for text in texts[::7]]
    print(f"median of {len(each)} texts of the tests: {statistics.median(each) * 1e3:.2f} ms")
    ratios = [
        measured("300 characters", (PROSE * 9)[:300]),
        measured("4,000 characters", (PROSE * 99)[:4_000]),
        measured("20,000 characters", (PROSE * 999)[:20_000]),
        measured("4,000 of a dialogue", "\n".join(texts)[:4_000]),
    ]
    return int(max(ratios) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
