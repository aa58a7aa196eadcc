"""The rules for drafts of messages: who, what, how much. The function that applies them all.

Pure: no network, no clock. Must not put typed text into a sentence; suggestions may hold it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, AddressProblem, address_key, parse_address
from mailconfig.domain.composition.fields import ENCODED_WORD
from mailconfig.domain.composition.lines import READ_AS_ENCODING, line_issues
from mailconfig.domain.composition.rules_files import (
    content_ids_are_used,
    content_ids_have_their_form,
    file_names_are_names,
    media_types_have_their_form,
)
from mailconfig.domain.composition.rules_headers import (
    headers_are_allowed,
    headers_have_values,
    references_have_their_form,
    unsubscribing_is_possible,
)
from mailconfig.domain.composition.values import CompositionLimits, MessageDraft, NamedAddress
from mailconfig.domain.issues import Severity, ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.validation.case import Path, error, info, warning

Rule = Callable[[MessageDraft, CompositionLimits], Iterator[ValidationIssue]]
"""Looks at a draft and yields what is wrong with it. Never raises."""

_WORST_FIRST: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Halves of characters: they have no UTF-8 form."""
_MEBIBYTE: Final = 1024 * 1024
_PART_OVERHEAD_BYTES: Final = 1024
"""Headers and boundary of one part, with a long file name."""
_ENCODED_SIGN_BYTES: Final = 8
"""What one sign takes in an encoded word: four bytes of UTF-8, base64, frame and fold."""
_FIELD_OVERHEAD_BYTES: Final = 32
"""Name, frame and line end of one value."""
_ENCODED_LINE_BYTES: Final = 57
"""What one line of base64 carries."""
_ENCODED_LINE_LENGTH: Final = 78
"""How long that line is, with CR LF."""
_MESSAGES: Final = {
    AddressProblem.EMPTY: N_("Enter the e-mail address."),
    AddressProblem.NO_AT_SIGN: N_("An e-mail address needs an @, as in name@example.com."),
    AddressProblem.SPACE: N_("The e-mail address must not contain spaces."),
    AddressProblem.DISPLAY_NAME: N_("Enter only the address itself, without a name or brackets."),
    AddressProblem.LOCAL_PART: N_("The part before the @ is not valid."),
    AddressProblem.DOMAIN: N_("The part after the @ is not a valid domain name."),
    AddressProblem.TOO_LONG: N_("The e-mail address is too long."),
}
"""The sentences of `validation.addresses`, so that both forms say the same."""


def check(
    draft: MessageDraft, limits: CompositionLimits | None = None
) -> tuple[ValidationIssue, ...]:
    """Apply all rules; `compose` writes what has no issue of severity ERROR.

    By path, then the worst first; the same draft always gives the same tuple. Never raises.
    """
    bounds = limits or CompositionLimits()
    found = {issue: None for rule in RULES for issue in rule(draft, bounds)}
    return tuple(sorted(found, key=_place))


def recipients_are_given(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """There is at least one recipient, and not too many."""
    count = len(draft.to) + len(draft.cc) + len(draft.bcc)
    if not count:
        yield error(ValidationCode.REQUIRED, ("to",), N_("Name at least one recipient."))
    if count > limits.recipients_max:
        message = phrase(
            "The message has more than {limit} recipients.", limit=limits.recipients_max
        )
        yield error(ValidationCode.OUT_OF_RANGE, ("to",), message)
    if len(draft.reply_to) > limits.recipients_max:
        message = phrase("The list has more than {limit} addresses.", limit=limits.recipients_max)
        yield error(ValidationCode.OUT_OF_RANGE, ("replyTo",), message)


def addresses_have_their_form(
    draft: MessageDraft, _: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Each address is one address and nothing else (RFC 5321, RFC 6531)."""
    for path, named in _named(draft):
        place = (*path, "address")
        try:
            address = parse_address(named.address)
        except AddressInvalid as fault:
            too_long = fault.reason is AddressProblem.TOO_LONG
            code = ValidationCode.TOO_LONG if too_long else ValidationCode.INVALID_FORMAT
            if fault.reason is AddressProblem.EMPTY:
                code = ValidationCode.REQUIRED
            yield error(code, place, _MESSAGES[fault.reason], fault.suggestion)
            continue
        if ENCODED_WORD in address.local:
            yield error(ValidationCode.NOT_ALLOWED, place, READ_AS_ENCODING)


def addresses_differ(draft: MessageDraft, _: CompositionLimits) -> Iterator[ValidationIssue]:
    """Whoever is named twice is told so: one message goes there."""
    known: set[str] = set()
    for path, named in _named(draft):
        if path[0] not in ("to", "cc", "bcc"):
            continue
        try:
            key = address_key(parse_address(named.address))
        except AddressInvalid:
            continue
        if key in known:
            message = N_("This address is there already; it gets the message once.")
            yield info(ValidationCode.NOT_ALLOWED, (*path, "address"), message)
        known.add(key)


def lines_are_lines(draft: MessageDraft, limits: CompositionLimits) -> Iterator[ValidationIssue]:
    """Subject and names are single lines of limited length that nobody reads as encoded."""
    yield from line_issues(("subject",), draft.subject, limits.subject_max_chars)
    for path, named in _named(draft):
        yield from line_issues((*path, "name"), named.name or "", limits.name_max_chars)


def subject_is_given(draft: MessageDraft, _: CompositionLimits) -> Iterator[ValidationIssue]:
    """Mail without a subject is often taken for spam."""
    if not draft.subject.strip():
        yield warning(ValidationCode.REQUIRED, ("subject",), N_("The message has no subject."))


def something_is_sent(draft: MessageDraft, _: CompositionLimits) -> Iterator[ValidationIssue]:
    """There is a text or a file."""
    if not ((draft.text or "").strip() or (draft.html or "").strip() or draft.attachments):
        message = N_("Write a text, or attach a file.")
        yield error(ValidationCode.REQUIRED, ("text",), message)


def texts_can_be_carried(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Texts are Unicode without NUL and of limited size (RFC 5322, section 2.2)."""
    for path, text in _texts(draft):
        if "\0" in text or _SURROGATE.search(text):
            message = N_("The text contains characters that mail cannot carry.")
            yield error(ValidationCode.INVALID_FORMAT, path, message)
        if len(text.encode(errors="surrogatepass")) > limits.body_max_bytes:
            message = phrase(
                "The text is larger than {limit} KiB.", limit=limits.body_max_bytes // 1024
            )
            yield error(ValidationCode.TOO_LONG, path, message)


def size_is_limited(draft: MessageDraft, limits: CompositionLimits) -> Iterator[ValidationIssue]:
    """The message with its files stays below the limit, also when they are encoded."""
    if len(draft.attachments) > limits.attachments_max:
        message = phrase(
            "The message has more than {limit} attachments.", limit=limits.attachments_max
        )
        yield error(ValidationCode.OUT_OF_RANGE, ("attachments",), message)
    if _encoded_bytes(draft) > limits.size_max_bytes:
        message = phrase(
            "With its files the message would be larger than {limit} MiB.",
            limit=limits.size_max_bytes // _MEBIBYTE,
        )
        yield error(ValidationCode.TOO_LONG, ("attachments",), message)


def _named(draft: MessageDraft) -> Iterator[tuple[Path, NamedAddress]]:
    """Yield each named address with its path."""
    yield ("sender",), draft.sender
    lists = (
        ("to", draft.to),
        ("cc", draft.cc),
        ("bcc", draft.bcc),
        ("replyTo", draft.reply_to),
    )
    for field, named in lists:
        for number, each in enumerate(named):
            yield (field, str(number)), each


def _texts(draft: MessageDraft) -> Iterator[tuple[Path, str]]:
    yield ("text",), draft.text or ""
    yield ("html",), draft.html or ""
    if draft.signature is not None:
        yield ("signature", "text"), draft.signature.text or ""
        yield ("signature", "html"), draft.signature.html or ""


def _encoded_bytes(draft: MessageDraft) -> int:
    """Return a bound of the message's size: each part as base64, which is never exceeded.

    Texts count twice, for what is made of them; HTML made to grow can still pass the bound, which
    is why whoever sends compares `Composed.size_bytes` with the server's SIZE.
    """
    image = draft.signature.image if draft.signature else None
    files = [*draft.attachments, *([image] if image else [])]
    sizes = [len(file.content) for file in files]
    sizes += [2 * len(text.encode(errors="surrogatepass")) for _, text in _texts(draft)]
    lines = sum(size // _ENCODED_LINE_BYTES + 1 for size in sizes)
    parts = len(sizes) * _PART_OVERHEAD_BYTES
    return lines * _ENCODED_LINE_LENGTH + parts + _header_bytes(draft)


def _header_bytes(draft: MessageDraft) -> int:
    """Return a bound of the size of the header."""
    words = [text for _, each in _named(draft) for text in (each.address, each.name or "")]
    words += [text for header in draft.headers for text in (header.name, header.value)]
    words += [draft.subject, *draft.references]
    signs = sum(map(len, words))
    return signs * _ENCODED_SIGN_BYTES + len(words) * _FIELD_OVERHEAD_BYTES


def _place(issue: ValidationIssue) -> tuple[object, ...]:
    path = tuple((each.zfill(4) if each.isdecimal() else each) for each in issue.path)
    return (path, _WORST_FIRST[issue.severity], issue.code, issue.message)


RULES: Final[tuple[Rule, ...]] = (
    recipients_are_given,
    addresses_have_their_form,
    addresses_differ,
    lines_are_lines,
    subject_is_given,
    something_is_sent,
    texts_can_be_carried,
    size_is_limited,
    file_names_are_names,
    media_types_have_their_form,
    content_ids_have_their_form,
    content_ids_are_used,
    headers_are_allowed,
    headers_have_values,
    references_have_their_form,
    unsubscribing_is_possible,
)
"""Every rule; each tells in its docstring what it demands. The order does not matter."""
