"""DNS records that point at a mailbox host where the mail exchanger does not: read, not looked up.

A hint tells that a domain has to do with a provider, not that its mailboxes are there: a weak one
is never enough, and hints that point at several providers of one weight cancel each other.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.catalogue import DnsHint
from mailconfig.domain.resolution import Answer

_WEIGHTS: Final = ("strong", "medium")
"""Weights that are enough, strongest first."""
_TYPES: Final = frozenset({"CNAME", "TXT"})
"""SRV hints name servers themselves: they are a source of their own."""


@dataclass(frozen=True, slots=True, order=True)
class HintQuestion:
    """One look-up that answers one or several hints."""

    record_type: str
    """CNAME or TXT."""
    name: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """The provider that the hints agree on."""

    provider_id: str
    question: HintQuestion
    """The look-up whose answer told it."""


def questions(hints: Iterable[DnsHint], domain: str) -> tuple[HintQuestion, ...]:
    """Return the look-ups for all hints that can be enough, each once."""
    enough = (hint for hint in hints if hint.weight in _WEIGHTS and hint.provider_id)
    asked = dict.fromkeys(_question(hint, domain) for hint in enough)
    return tuple(question for question in asked if question.record_type in _TYPES)


def pointed_at(
    hints: Sequence[DnsHint], domain: str, answers: Mapping[HintQuestion, Answer[str]]
) -> Pointed | None:
    """Return the one provider that the strongest hints name; None where they name none or many."""
    for weight in _WEIGHTS:
        found = {
            hint.provider_id: Pointed(hint.provider_id, _question(hint, domain))
            for hint in hints
            if hint.weight == weight and hint.provider_id and _holds(hint, domain, answers)
        }
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return None


def _question(hint: DnsHint, domain: str) -> HintQuestion:
    record_type, name, *_ = hint.record.split()
    return HintQuestion(record_type, name.replace("{domain}", domain))


def _holds(hint: DnsHint, domain: str, answers: Mapping[HintQuestion, Answer[str]]) -> bool:
    answer = answers.get(_question(hint, domain))
    if answer is None:
        return False
    beginning = hint.record.split()[2:3]
    return any(
        _fits(hint, text) and text.lower().startswith(beginning[0] if beginning else "")
        for text in answer.records
    )


def _fits(hint: DnsHint, text: str) -> bool:
    """Compare as names and mechanisms of SPF are: without regard to case, in whole words."""
    lowered = text.lower()
    if hint.ends_with is not None and not _is_below(lowered, hint.ends_with.lower()):
        return False
    if hint.starts_with is not None and not lowered.startswith(hint.starts_with.lower()):
        return False
    if hint.contains is not None:
        word = re.escape(hint.contains.lower())
        return re.search(rf"(?<![\w.-]){word}(?![\w.-])", lowered) is not None
    return True


def _is_below(name: str, suffix: str) -> bool:
    name = name.rstrip(".")
    return name == suffix or name.endswith(f".{suffix}")
