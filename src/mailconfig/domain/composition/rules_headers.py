"""Rules for the headers of the sender's own choice, for threads and for unsubscribing."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.composition.headers import (
    IDENTIFYING,
    MESSAGE_ID,
    is_structured,
    may_be_set,
)
from mailconfig.domain.composition.lines import line_issues
from mailconfig.domain.composition.values import CompositionLimits, MessageDraft
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.validation.case import Path, error

_LINK: Final = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~%]{0,799}")
"""A link in ASCII without signs that a header reads otherwise (RFC 3986); it must fit one line."""
_MAILTO: Final = re.compile(
    r"(?:mailto:)?([^?\s]{1,254})(\?[!#-+\--;=?-\[\]_a-z~%]{0,400})?", re.IGNORECASE
)
"""An address, perhaps with the query of a link (RFC 6068)."""
_NO_MESSAGE_ID: Final = N_("This is no message ID, as in <name@example.com>.")


def headers_are_allowed(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Only headers that are the sender's to set, those that programs read once."""
    if len(draft.headers) > limits.headers_max:
        message: str = phrase("The list has more than {limit} headers.", limit=limits.headers_max)
        yield error(ValidationCode.OUT_OF_RANGE, ("headers",), message)
    known: set[str] = set()
    if draft.in_reply_to:
        known |= IDENTIFYING
    if draft.references:
        known.add("references")
    for number, header in enumerate(draft.headers):
        path, name = ("headers", str(number), "name"), header.name.lower()
        if not may_be_set(header.name):
            message = N_("Senders cannot set this header.")
            yield error(ValidationCode.NOT_ALLOWED, path, message)
        elif is_structured(name) and name in known:
            message = N_("This header is there already.")
            yield error(ValidationCode.NOT_ALLOWED, path, message)
        known.add(name)


def headers_have_values(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Values are one line; where programs read them, in ASCII."""
    for number, header in enumerate(draft.headers):
        path = ("headers", str(number), "value")
        if not header.value.strip():
            yield error(ValidationCode.REQUIRED, path, N_("Give the header a value."))
            continue
        yield from line_issues(path, header.value, limits.header_value_max_chars)
        if is_structured(header.name) and not header.value.isascii():
            message = N_("This header takes ASCII characters only.")
            yield error(ValidationCode.INVALID_FORMAT, path, message)
        elif header.name.lower() in IDENTIFYING:
            yield from _identifiers(path, header.value.split(" "))


def references_have_their_form(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Message-IDs of the thread are such (RFC 5322, section 3.6.4)."""
    if draft.in_reply_to is not None:
        yield from _identifiers(("inReplyTo",), [draft.in_reply_to])
    if len(draft.references) > limits.references_max:
        message = phrase("The list has more than {limit} message IDs.", limit=limits.references_max)
        yield error(ValidationCode.OUT_OF_RANGE, ("references",), message)
    for number, reference in enumerate(draft.references):
        yield from _identifiers(("references", str(number)), [reference])


def unsubscribing_is_possible(
    draft: MessageDraft, _: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Whoever offers to unsubscribe names a way that works (RFC 2369, RFC 8058)."""
    wanted, path = draft.list_unsubscribe, ("listUnsubscribe",)
    if wanted is None:
        return
    if not wanted.url and not wanted.mailto:
        message = N_("Give an address or a link for unsubscribing.")
        yield error(ValidationCode.REQUIRED, path, message)
    if wanted.url and ("=?" in wanted.url or not _LINK.fullmatch(wanted.url)):
        message = N_("This is no web link in ASCII of at most 800 characters.")
        yield error(ValidationCode.INVALID_FORMAT, (*path, "url"), message)
    if wanted.one_click and not (wanted.url or "").lower().startswith("https://"):
        message = N_("Unsubscribing by one click needs an https link.")
        yield error(ValidationCode.REQUIRED, (*path, "url"), message)
    if wanted.mailto and not _is_mailto(wanted.mailto):
        message = N_("This is no address or mailto link.")
        yield error(ValidationCode.INVALID_FORMAT, (*path, "mailto"), message)


def _identifiers(path: Path, values: Sequence[str]) -> Iterator[ValidationIssue]:
    if not all(MESSAGE_ID.fullmatch(value) and "=?" not in value for value in values):
        yield error(ValidationCode.INVALID_FORMAT, path, _NO_MESSAGE_ID)


def _is_mailto(text: str) -> bool:
    """Tell whether a text is an address, or a link to one address."""
    found = _MAILTO.fullmatch(text)
    if found is None or "=?" in text:
        return False
    is_link = text.lower().startswith("mailto:")
    try:
        parse_address(found[1])
    except AddressInvalid:
        return False
    return text.isascii() and (is_link or found[2] is None)
