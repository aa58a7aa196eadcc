"""Matching: what a report means for a message of ours, and when it counts.

Threat: anybody can write a mail that looks like a bounce, and so have an address suppressed. A
report counts only for a message that the mailbox's own account sent, named by its Message-ID: 128
bits of chance (`composition.new_message_id`) that only those know who have the message. And only
for a recipient of it to whom it went out. A complaint may leave its recipient out (RFC 5965,
section 3.2: the field is optional); then it counts where the message had but one.
Limit: who received a message can report on those who received it as well. What follows is at most
an entry in the suppression list, which an administrator takes away.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase, diagnose_code
from mailconfig.domain.messages import Message, Recipient, RecipientState
from mailconfig.domain.returns.values import (
    ComplaintReport,
    RecipientReport,
    Report,
    ReportAction,
)
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.suppressions import SuppressionReason

_NO_COMPLAINT: Final = frozenset({"", "not-spam", "auth-failure", "dmarc", "virus"})
"""Feedback types that say nothing against the sender: the opposite of a complaint (RFC 6430), a
signature that failed (RFC 6591), a worm that took the address."""

_DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Codes of addresses that no later message reaches (RFC 3463, sections 3.2 and 3.3; RFC 7505):
no such mailbox, no such domain, no address, moved away, takes no mail, closed."""

_OUT: Final = frozenset({RecipientState.ACCEPTED, RecipientState.AMBIGUOUS})
"""States of recipients of whom reports can come."""
BEFORE_COMPLAINT: Final = _OUT | {RecipientState.BOUNCED}
"""Whoever complains has the message, whatever some server reported."""
_GONE: Final = frozenset(
    {RecipientState.BOUNCED, RecipientState.REFUSED, RecipientState.SUPPRESSED}
)


@dataclass(frozen=True, slots=True)
class Returned:
    """What a report changes of a message."""

    recipients: tuple[Recipient, ...]
    """All of the message, as they are from now on."""
    changed: tuple[Recipient, ...]
    """Those of them that are another than before."""
    suppressed: tuple[tuple[str, SuppressionReason], ...]
    """Addresses that nothing is sent to any more, and why."""
    bounced: bool
    """Whether nobody has the message, and it came back for somebody."""


def matched(report: Report, message: Message) -> Returned:
    """Return what a report means for the message that it names; unchanged where it does not count.

    The caller has looked the message up by `report.message_ids` among those of the account.
    """
    if isinstance(report, ComplaintReport):
        after = _complained(report, message.recipients)
    else:
        after = _bounced(report.recipients, message.recipients)
    pairs = list(zip(message.recipients, after, strict=True))
    changed = tuple(new for old, new in pairs if new != old)
    return Returned(
        after,
        changed,
        tuple(dict.fromkeys(_suppressed(changed))),
        any(one.state is RecipientState.BOUNCED for one in changed)
        and all(one.state in _GONE for one in after),
    )


def is_dead(recipient: Recipient) -> bool:
    """Tell whether a bounce says that the address itself is of no use.

    Servers that name the class alone (5.0.0, or no code) are understood by their words.
    """
    code = recipient.enhanced_code
    if code is not None and not code.endswith(".0.0"):
        return code in _DEAD
    told = Observation(
        protocol=MailProtocol.SMTP,
        phase=Phase.RCPT,
        text=recipient.reply or "",
        reply_code=recipient.reply_code,
        enhanced_code=code,
    )
    return diagnose_code(told) is DiagnosticCode.RECIPIENT_UNKNOWN


def _bounced(
    reports: Iterable[RecipientReport], recipients: tuple[Recipient, ...]
) -> tuple[Recipient, ...]:
    told: dict[str, RecipientReport] = {}
    for report in reports:
        for address in report.addresses:
            known = told.get(address)
            if known is None or report.action is ReportAction.FAILED:
                told[address] = report
    return tuple(_after(one, told.get(one.address.lower())) for one in recipients)


def _after(one: Recipient, report: RecipientReport | None) -> Recipient:
    """Return a recipient after a report: a delay is noted only, all else but failures is not."""
    if report is None or one.state not in _OUT:
        return one
    if report.action is ReportAction.FAILED:
        one = replace(one, state=RecipientState.BOUNCED)
    elif report.action is not ReportAction.DELAYED:
        return one
    return replace(
        one,
        reply=report.reply or report.status,
        reply_code=report.reply_code,
        enhanced_code=report.status,
    )


def _complained(
    report: ComplaintReport, recipients: tuple[Recipient, ...]
) -> tuple[Recipient, ...]:
    if report.feedback_type in _NO_COMPLAINT:
        return recipients
    named = set(report.addresses)
    if not named and len(recipients) == 1:
        named = {recipients[0].address.lower()}
    return tuple(
        replace(one, state=RecipientState.COMPLAINED)
        if one.address.lower() in named and one.state in BEFORE_COMPLAINT
        else one
        for one in recipients
    )


def _suppressed(changed: Iterable[Recipient]) -> Iterable[tuple[str, SuppressionReason]]:
    for one in changed:
        if one.state is RecipientState.COMPLAINED:
            yield one.address.lower(), SuppressionReason.COMPLAINT
        elif one.state is RecipientState.BOUNCED and is_dead(one):
            yield one.address.lower(), SuppressionReason.BOUNCE
