"""The table of `bench/sending.py`: one line for each thing that was measured."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line; figures of several rounds are their medians."""

    job: str
    who: str
    rate: float
    """A second."""
    cpu_ms: float
    """Of the process that is measured, for each one."""
    beside_ms: float | None = None
    """Of the database and of the sink, for each one."""
    p99_ms: float | None = None


def median(rows: Iterable[Row]) -> Row:
    """Return the row in the middle of several rounds of the same thing."""
    rows = list(rows)
    beside = [row.beside_ms for row in rows if row.beside_ms is not None]
    return Row(
        rows[0].job,
        rows[0].who,
        statistics.median(row.rate for row in rows),
        statistics.median(row.cpu_ms for row in rows),
        statistics.median(beside) if beside else None,
    )


def show(rows: Iterable[Row], rival: str) -> None:
    """Print all rows, with the ratio to the rival's row of the same job."""
    rows = list(rows)
    rivals = {row.job: row.rate for row in rows if row.who == rival}
    print(
        f"{'':44}{'':24}{'a second':>10}{'CPU ms':>9}{'beside ms':>11}{'p99 ms':>9}"
        f"{'of ' + rival:>16}"
    )
    for row in rows:
        ratio = row.rate / rivals[row.job] if row.job in rivals else None
        print(
            f"{row.job:44}{row.who:24}{row.rate:10.0f}{row.cpu_ms:9.2f}"
            f"{_shown(row.beside_ms, 2):>11}{_shown(row.p99_ms, 1):>9}{_shown(ratio, 2):>16}"
        )


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
