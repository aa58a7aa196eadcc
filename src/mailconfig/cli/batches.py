"""Batches: a file with one JSON object a line, answered by one object a line, in order."""

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


class LineRefused(ValueError):
    """A line of a batch that cannot be read; the text says why."""


Answer = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Answers one object; raises LineRefused."""


def run_batch(path: Path, answer: Answer) -> int:
    """Answer every line of a file, - for standard input; return the exit status.

    A line that cannot be read is answered by its error and makes the status 1; empty lines are
    passed over. Raises OSError for a file that cannot be opened.
    """
    status = 0
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                said = answer(_object(line))
            except LineRefused as refused:
                said, status = {"error": f"line {number}: {refused}"}, 1
            # At once, so that a program can ask and read in turns.
            # ASCII, because an id may hold what the output's encoding has not.
            print(json.dumps(said), flush=True)
    return status


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open the file so that bytes of no text spoil their own line and not the others."""
    if str(path) != "-":
        with path.open(encoding="utf-8", errors="replace") as file:
            yield file
        return
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    yield sys.stdin


def _object(line: str) -> Mapping[str, object]:
    try:
        given = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise LineRefused("this is not JSON") from error
    if not isinstance(given, dict):
        raise LineRefused("this is not an object")
    return given


def _no_number(constant: str) -> object:
    """Refuse NaN and Infinity, which are no JSON (RFC 8259, section 6)."""
    raise ValueError(constant)
