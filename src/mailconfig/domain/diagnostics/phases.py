"""Guessing the phase of a reply that was pasted without its circumstances.

A guess is made only from codes and from what a reply speaks of; where it is not sure, the phase
stays unknown, so that only signatures with signs of their own can hold.
"""

import re
from typing import Final

from mailconfig.domain.diagnostics.replies import Reply
from mailconfig.domain.diagnostics.values import Phase

_LOGIN_CODES: Final = frozenset({432, 534, 535, 538})
_LOGIN_RESPONSES: Final = frozenset({"AUTHENTICATIONFAILED", "EXPIRED", "PRIVACYREQUIRED"})

_HINTS: Final = (
    # an MTA says itself what it answers to
    (Phase.RCPT, r"in reply to rcpt"),
    (Phase.MAIL, r"in reply to mail"),
    (Phase.DATA, r"in reply to (?:end of )?data"),
    (Phase.TOKEN, r"aadsts\d|\binvalid_(?:grant|client|scope)\b|refresh[_ ]token"),
    (Phase.STARTTLS, r"tls (?:is )?(?:currently )?(?:not|un)\s?available"),
    (Phase.RCPT, r"recipient|rcpt|relay|user unknown|no such user|grey-?list"),
    (Phase.MAIL, r"sender|mail from|starttls command first|authentication required"),
    (Phase.AUTH, r"authenticat|\blog-?in\b|password|credential|sasl"),
    (Phase.SELECT, r"\bNO\b.{0,80}(?:mailbox|folder)"),
    (Phase.DATA, r"message|content|spam|virus|attachment"),
)
"""What a reply speaks of, the surest first."""

_COMPILED: Final = tuple((phase, re.compile(hint, re.IGNORECASE)) for phase, hint in _HINTS)


def guess_phase(reply: Reply) -> Phase | None:
    """Guess where in a conversation a reply was given; None if only words could tell."""
    if _LOGIN_CODES & set(reply.reply_codes) or _LOGIN_RESPONSES & set(reply.response_codes):
        return Phase.AUTH
    if not reply.reply_codes and not reply.enhanced_codes and not reply.response_codes:
        return None
    return next((phase for phase, hint in _COMPILED if hint.search(reply.words)), None)
