"""What a check of a deployment answers: a verdict, what was found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    FINE = "fine"
    """Nothing to do."""
    WARNING = "warning"
    """It works, and somebody should know."""
    BAD = "bad"
    """It does not work, or is not safe."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one check. Texts hold no secret: they are printed and sent to monitoring."""

    check: str
    """Name of the check, which stays the same from version to version."""
    verdict: Verdict
    """How it ended."""
    found: str
    """What was found, in a sentence."""
    advice: str | None = None
    """What to do, in a sentence; None where all is fine."""


def fine(check: str, found: str) -> Checked:
    """Return that there is nothing to do."""
    return Checked(check, Verdict.FINE, found)


def warning(check: str, found: str, advice: str) -> Checked:
    """Return what works, and should be known."""
    return Checked(check, Verdict.WARNING, found, advice)


def bad(check: str, found: str, advice: str) -> Checked:
    """Return what must be mended."""
    return Checked(check, Verdict.BAD, found, advice)
