"""What may stand in one line of a header: subjects, names of people and files, values."""

import re
from collections.abc import Iterator
from typing import Final

from mailconfig.domain.composition.fields import ENCODED_WORD
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.validation.case import Path, error
from mailconfig.domain.validation.texts import has_unfit_characters

READ_AS_ENCODING: Final = N_("The text contains =? and would be read as an encoding of mail.")
"""CVE-2024-6923: such a text can become a header of its own on its way."""

_UNFIT_PART: Final = re.compile(r"\s+")


def line_issues(path: Path, text: str, limit: int) -> Iterator[ValidationIssue]:
    """Yield what keeps a text from being one line of at most `limit` characters."""
    if len(text) > limit:
        message: str = phrase("The text is longer than {limit} characters.", limit=limit)
        yield error(ValidationCode.TOO_LONG, path, message)
    elif has_unfit_characters(text):
        message = N_("The text contains a line break or another character that cannot be shown.")
        yield error(ValidationCode.INVALID_FORMAT, path, message, _one_line(text))
    if ENCODED_WORD in text:
        yield error(ValidationCode.NOT_ALLOWED, path, READ_AS_ENCODING)


def _one_line(text: str) -> str | None:
    """Return the text on one line, None where it would still not be good."""
    shown = "".join(
        sign for sign in _UNFIT_PART.sub(" ", text) if not has_unfit_characters(sign)
    ).strip()
    return shown if shown and ENCODED_WORD not in shown else None
