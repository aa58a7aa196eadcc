"""Reading: a mail becomes the report that it is, or None.

Three forms: multipart/report with message/delivery-status (RFC 3464, also RFC 6533), the same with
message/feedback-report (RFC 5965), and the plain texts of older Exim (X-Failed-Recipients) and
qmail. Threat: anybody can write a mail that looks like a report; what is read here is a claim, and
`matching` says when it counts. Size, parts and nesting are bounded, nothing raises.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mailconfig.domain.diagnostics.bounces import find_bounce
from mailconfig.domain.returns.parts import Fields, Part, fields_of, lf, parsed
from mailconfig.domain.returns.values import (
    ComplaintReport,
    DeliveryReport,
    RecipientReport,
    Report,
    ReportAction,
)
from mailconfig.domain.text import cut, decoded, tidy

REPORT_MAX_BYTES: Final = 256 * 1024
"""What is looked at of a mail: the report's own parts come before the returned message."""
_RECIPIENTS_MAX: Final = 1000
"""Blocks of one report; a message has fewer recipients."""
_IDS_MAX: Final = 20
"""Message-IDs that are tried."""
_PLAIN_MAX_BYTES: Final = 64_000
"""Of a plain text; the returned message comes last, its header at once."""

_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK: Final = "message/feedback-report"
_RETURNED: Final = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/global",  # RFC 6533, section 5
        "message/global-headers",
    }
)
"""Types of the part that holds the message that was sent, or its header."""

_BLANK: Final = re.compile(rb"\n(?:[ \t]*\n)+")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,500}@[^<>\s]{1,500}>")
_ADDRESS_TYPE: Final = re.compile(r"\A[ \t]*[\w-]{1,40}[ \t]*;")
"""As in "rfc822;ada@example.com" (RFC 3464, section 2.1.2)."""
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
"""A character of an utf-8-addr-xtext (RFC 6533, section 3)."""
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,255}\Z")
_ENHANCED: Final = re.compile(r"(?<![\w.])#?([245])\.(\d{1,3})\.(\d{1,3})(?![\w.])")
_REPLY_CODE: Final = re.compile(r"[ \t]*([245]\d\d)(?!\d)")
_COPY: Final = re.compile(r"(?im)^Message-ID:[ \t]*(?:\n[ \t]+)?(<[^<>\s]{1,1000}>)")
_QMAIL: Final = "Hi. This is the "
"""How a report of qmail begins (cr.yp.to/proto/qsbmf.txt)."""
_QMAIL_RECIPIENT: Final = re.compile(r"(?m)^<([^<>\s]{1,320})>:[ \t]*$")


def read_report(content: bytes) -> Report | None:
    """Return what a mail reports; None where it is no report, whatever it is instead."""
    whole = parsed(lf(content[:REPORT_MAX_BYTES]))
    for parts in _levels(whole):
        report = _of_parts(whole.fields, parts)
        if report is not None:
            return report
    return _of_plain_text(whole)


def _levels(whole: Part) -> Iterator[tuple[Part, ...]]:
    """Yield the parts of the mail, then those of its multiparts: gateways wrap what they scan."""
    parts = whole.parts()
    yield parts
    for part in parts:
        inner = part.parts()
        if inner:
            yield inner


def _of_parts(header: Fields, parts: tuple[Part, ...]) -> Report | None:
    by_type = {part.type: part for part in reversed(parts)}  # the first one of each type
    status = next((by_type[type] for type in by_type if type in _STATUS), None)
    feedback = by_type.get(_FEEDBACK)
    returned = next((part for part in parts if part.type in _RETURNED), None)
    if status is not None:
        return _delivery(header, status, returned)
    if feedback is not None:
        return _complaint(header, feedback, returned)
    return None


# -- delivery reports


def _delivery(header: Fields, status: Part, returned: Part | None) -> DeliveryReport | None:
    blocks = _BLANK.split(status.content().strip(b"\n"), _RECIPIENTS_MAX)
    groups = [fields_of(block) for block in blocks[:_RECIPIENTS_MAX]]
    recipients = tuple(one for group in groups if (one := _recipient(group)) is not None)
    if not recipients:
        return None
    return DeliveryReport(_message_ids(header, groups[0], returned), recipients)


def _recipient(group: Fields) -> RecipientReport | None:
    """Return what a block says of a recipient; None for one that is about the message."""
    action = _action(group.first("action"))
    told = [group.first("original-recipient"), group.first("final-recipient")]
    addresses = tuple(dict.fromkeys(_addresses(told)))
    if action is None or not addresses:
        return None
    diagnostic = group.first("diagnostic-code") or ""
    reply = cut(tidy(_ADDRESS_TYPE.sub("", diagnostic, count=1)))
    status = _telling(_enhanced(group.first("status")), _enhanced(reply))
    return RecipientReport(addresses, action, status, reply or None, _reply_code(reply))


def _action(text: str | None) -> ReportAction | None:
    word = (text or "").split("(")[0].strip().lower()
    return ReportAction(word) if word in {each.value for each in ReportAction} else None


def _addresses(told: Iterable[str | None]) -> Iterator[str]:
    """Yield addresses in lower case, without their type; what is none is left out."""
    for text in told:
        bare = _ESCAPED.sub(_unescaped, _ADDRESS_TYPE.sub("", text or "", count=1))
        bare = bare.strip().removeprefix("<").removesuffix(">").strip().lower()
        if _ADDRESS.match(bare):
            yield bare


def _unescaped(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 else ""  # noqa: PLR2004 - the end of Unicode


def _enhanced(text: str | None) -> str | None:
    found = _ENHANCED.search(text or "")
    return ".".join(str(int(number)) for number in found.groups()) if found else None


def _telling(status: str | None, inner: str | None) -> str | None:
    """Prefer Status, unless it is the class alone (5.0.0) and the server's words tell more."""
    if inner and (status is None or status.endswith(".0.0")):
        return inner
    return status


def _reply_code(reply: str) -> int | None:
    found = _REPLY_CODE.match(reply)
    return int(found[1]) if found else None


# -- complaints


def _complaint(header: Fields, feedback: Part, returned: Part | None) -> ComplaintReport:
    fields = fields_of(feedback.content().strip(b"\n"))
    addresses = tuple(dict.fromkeys(_addresses(fields.all("original-rcpt-to"))))
    return ComplaintReport(
        _message_ids(header, fields, returned),
        tidy(fields.first("feedback-type") or "").lower()[:40],
        addresses,
    )


# -- plain texts


def _of_plain_text(whole: Part) -> DeliveryReport | None:
    """Return what a report without parts says; only failures are told so."""
    text = decoded(whole.content()[:_PLAIN_MAX_BYTES])
    named = (each for line in whole.fields.all("x-failed-recipients") for each in line.split(","))
    failed = list(dict.fromkeys(_addresses(named)))
    if not failed and text.lstrip().startswith(_QMAIL):
        failed = list(dict.fromkeys(_addresses(_QMAIL_RECIPIENT.findall(text))))
    if not failed:
        return None
    # With several recipients nobody knows which of them the reply was about.
    bounce = find_bounce(text) if len(failed) == 1 else None
    reply = cut(tidy(bounce.reply)) if bounce else ""
    status = _telling(bounce.status if bounce else None, _enhanced(reply))
    action = ReportAction.DELAYED if bounce and bounce.delayed else ReportAction.FAILED
    ids = dict.fromkeys([*_COPY.findall(text), *_ids_of(whole.fields)])
    return DeliveryReport(
        tuple(ids)[:_IDS_MAX],
        tuple(
            RecipientReport((each,), action, status, reply or None, _reply_code(reply))
            for each in failed[:_RECIPIENTS_MAX]
        ),
    )


# -- which message


def _message_ids(header: Fields, about: Fields, returned: Part | None) -> tuple[str, ...]:
    """Return the Message-IDs that may be of the message: of its copy, then as it is referred to."""
    found: list[str] = []
    if returned is not None:
        copy = parsed(returned.content().lstrip(b"\n")).fields
        found += _MESSAGE_ID.findall(copy.first("message-id") or "")
    found += _MESSAGE_ID.findall(about.first("x-original-message-id") or "")
    found += _ids_of(header)
    return tuple(dict.fromkeys(found))[:_IDS_MAX]


def _ids_of(header: Fields) -> list[str]:
    """Return what the report answers to: Gmail and Exchange tell so, and may return nothing."""
    names = ("in-reply-to", "references")
    return [id for name in names for id in _MESSAGE_ID.findall(header.first(name) or "")]
