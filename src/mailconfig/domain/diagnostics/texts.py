"""The shape of a taxonomy entry; its texts are marked for translation."""

from dataclasses import dataclass

from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.issues import Severity
from mailconfig.domain.phrases import N_

__all__ = ["N_", "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is always true of a code."""

    title: str
    """One sentence a normal person understands."""
    advice: str
    """What to do, in steps a normal person can take."""
    fixable_by: FixableBy
    """Who can mend it, if the case shows nobody else."""
    retryable: bool = False
    """Whether the same attempt has a fair chance later without any change."""
    fields: tuple[str, ...] = ()
    """Fields of the server to look at, in camelCase; "emailAddress" is the account's."""
    severity: Severity = Severity.ERROR
