"""Rules for the free texts: name, display name, external id, metadata."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Final, NoReturn

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.validation.case import Case, Path, error

EXTERNAL_ID_MAX_CHARS: Final = 200
"""Longest reference of the host application: several UUIDs with a prefix fit."""

_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, lone surrogates (they have no UTF-8 form), line and paragraph separators."""
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make text read differently from what it is (Unicode UAX 9)."""

_NAME: Final = phrase("name")
_DISPLAY_NAME: Final = phrase("sender's name")
_EXTERNAL_ID: Final = phrase("external id")


def has_unfit_characters(text: str) -> bool:
    """Tell whether a text of one line holds characters that must not be in one."""
    # None of these is printable, so most texts need not be looked at sign by sign.
    return not text.isprintable() and any(
        unicodedata.category(sign) in _UNFIT or sign in _BIDI_CONTROLS for sign in text
    )


def name_is_given(case: Case) -> Iterator[ValidationIssue]:
    """The account has a name, by which people find it in lists."""
    if not (case.draft.name or "").strip():
        suggestion = case.address.text if case.address else None
        yield error(ValidationCode.REQUIRED, ("name",), N_("Give the account a name."), suggestion)


def texts_are_clean(case: Case) -> Iterator[ValidationIssue]:
    """Names and references hold no control characters."""
    for path, label, text, _ in _texts(case):
        if has_unfit_characters(text):
            cleaned = "".join(sign for sign in text if not has_unfit_characters(sign)).strip()
            message = phrase("The {label} contains characters that cannot be shown.", label=label)
            yield error(ValidationCode.INVALID_FORMAT, path, message, cleaned or None)


def texts_are_short(case: Case) -> Iterator[ValidationIssue]:
    """Names and references keep to their length."""
    for path, label, text, limit in _texts(case):
        if len(text) > limit:
            message = phrase(
                "The {label} is longer than {limit} characters.", label=label, limit=limit
            )
            yield error(ValidationCode.TOO_LONG, path, message)


def metadata_is_an_object(case: Case) -> Iterator[ValidationIssue]:
    """The host application's own data are one JSON object of limited size."""
    text = case.draft.metadata
    if text is None:
        return
    limit = case.policy.metadata_max_bytes
    if len(text.encode(errors="surrogatepass")) > limit:
        message: str = phrase("The metadata are longer than {limit} bytes.", limit=limit)
        yield error(ValidationCode.TOO_LONG, ("metadata",), message)
    elif not _is_object(text):
        message = N_("The metadata must be one JSON object.")
        yield error(ValidationCode.INVALID_FORMAT, ("metadata",), message)


def _texts(case: Case) -> Iterator[tuple[Path, str, str, int]]:
    """Yield path, label, text and length limit of each text that is given."""
    draft, limit = case.draft, case.policy.name_max_chars
    if (draft.name or "").strip():  # a blank one is missing, no more need be said
        yield ("name",), _NAME, draft.name or "", limit
    yield ("displayName",), _DISPLAY_NAME, draft.display_name or "", limit
    yield ("externalId",), _EXTERNAL_ID, draft.external_id or "", EXTERNAL_ID_MAX_CHARS


def _is_object(text: str) -> bool:
    try:
        value = json.loads(text, parse_constant=_refuse)
        # Lone surrogates can be escaped in JSON but not stored as UTF-8.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have (RFC 8259, section 6)."""
    raise ValueError(constant)
