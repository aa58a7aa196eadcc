"""Rule for domains that are drawn like others: a Cyrillic letter in a Latin name.

Which letters are drawn alike is told by `domain.spelling`.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

import idna

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_
from mailconfig.domain.validation.case import Case, Path, warning

_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""Alphabets that one language writes side by side (UTS 39, section 5.2)."""


def domains_use_one_alphabet(case: Case) -> Iterator[ValidationIssue]:
    """No domain mixes alphabets or is drawn like a known provider's."""
    for path, domain, mended in _domains(case):
        shown = _decoded(domain)
        if shown is None:
            continue
        known = case.catalogue.imitated(domain)
        if known or not all(map(_one_alphabet, shown.split("."))):
            message = N_("The domain uses letters of different alphabets that look alike.")
            suggestion = mended + known if known else None
            yield warning(ValidationCode.DOMAIN_LOOKALIKE, path, message, suggestion)


def _domains(case: Case) -> Iterator[tuple[Path, str, str]]:
    """Yield path, domain and what stands before the domain in that field."""
    if case.address is not None:
        yield ("emailAddress",), case.address.domain, f"{case.address.local}@"
    for server in case.servers:
        if server.host is not None:
            yield server.path("host"), server.host, ""


def _decoded(domain: str) -> str | None:
    """Return the U-labels of a domain that has some."""
    if "xn--" not in domain:
        return None
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return None


def _one_alphabet(label: str) -> bool:
    names = {unicodedata.name(sign, "?").partition(" ")[0] for sign in label if sign.isalpha()}
    return len(names) < 2 or any(names <= group for group in _TOGETHER)  # noqa: PLR2004 - two mix
