"""Failure texts with their diagnoses, as lines of JSON, and how far the engine agrees with them.

    rows = load(Path(__file__).with_name("texts_connection.jsonl"))
    assert score(rows).label >= 0.97

A line has the fields id, protocol, phase, host, port, security, text, capabilities, label, also_ok,
retryable, fixable_by, source and note. `also_ok` holds other fair answers; where one of them was
given, that code's own defaults are expected for `retryable` and `fixable_by`.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypedDict

from mailconfig.domain.diagnostics import DiagnosticCode, diagnose
from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.diagnostics.taxonomy import entry
from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.servers import MailProtocol, TransportSecurity

_PROTOCOLS = {"imap": MailProtocol.IMAP, "smtp": MailProtocol.SMTP}
_MODES = {
    "tls": TransportSecurity.TLS,
    "starttls": TransportSecurity.STARTTLS,
    "plain": TransportSecurity.NONE,
}


class Row(TypedDict):
    """One line of such a file."""

    id: str
    protocol: str
    phase: str | None
    host: str | None
    port: int | None
    security: str | None
    text: str
    capabilities: list[str] | None
    label: str
    also_ok: list[str]
    retryable: bool
    fixable_by: str
    source: str
    note: str


class Answer(NamedTuple):
    """What the engine says about a text."""

    code: DiagnosticCode
    retryable: bool
    fixable_by: str


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of right answers, and the lines that were not answered right."""

    label: float
    retryable: float
    fixable_by: float
    misses: list[str] = field(default_factory=list)


def load(path: Path) -> list[Row]:
    """Read a file of texts."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def observed(row: Row, text: str | None = None, host: str | None = None) -> Observation:
    """Build the observation of a line, with another text or host if given."""
    return Observation(
        protocol=_PROTOCOLS.get(row["protocol"]),
        phase=Phase(row["phase"]) if row["phase"] else None,
        host=row["host"] if host is None else host,
        port=row["port"],
        security=_MODES[row["security"]] if row["security"] else None,
        text=row["text"] if text is None else text,
        capabilities=tuple(row["capabilities"] or ()),
    )


def answer(observation: Observation) -> Answer:
    """Ask the engine."""
    found = diagnose(observation)
    return Answer(found.code, found.retryable, found.fixable_by.value.lower())


def score(rows: Iterable[Row], ask: Callable[[Observation], Answer] = answer) -> Score:
    """Compare the engine's answers with the lines."""
    misses: list[str] = []
    right = [_compare(row, ask(observed(row)), misses) for row in rows]
    label, retryable, fixable_by = (sum(column) / len(right) for column in zip(*right, strict=True))
    return Score(label, retryable, fixable_by, misses)


def _compare(row: Row, given: Answer, misses: list[str]) -> tuple[bool, bool, bool]:
    exact = given.code.value == row["label"]
    fair = exact or given.code.value in row["also_ok"]
    wanted = (row["retryable"], row["fixable_by"])
    if fair and not exact:
        meaning = entry(given.code)
        wanted = (meaning.retryable, meaning.fixable_by.value.lower())
    marks = (fair, given.retryable == wanted[0], given.fixable_by == wanted[1])
    if not all(marks):
        misses.append(
            f"{row['id']}: {row['label']} {wanted} wanted, {given.code.value}"
            f" ({given.retryable}, {given.fixable_by}) given for {row['text'][:100]!r}"
        )
    return marks


def explained(observation: Observation) -> Answer:
    """Ask as `explain` does: bounces are unwrapped and circumstances guessed first."""
    found = explain(observation)
    return Answer(found.code, found.retryable, found.fixable_by.value.lower())
