"""Signatures by topic in twenty languages, for texts that carry no code of their own.

Systems, mail programs and web mail speak to people in their language; so do the small servers of
a country. Rows combine concepts (`vocabulary`, `vocabulary_languages`) and never a sentence. They
stand behind the rows that know codes and tags, and before those of a bare code and phase.
"""

from itertools import permutations
from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as said
from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
    OAUTH,
    SESSION,
    SMTP,
    TRANSACTION,
    Signature,
    families,
    phases,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    ACCOUNT,
    ATTEMPTS,
    CONNECTION,
    EXPIRED,
    LOCKED,
    MAXIMUM,
    METHOD,
    OFF,
    PERMISSION,
    TOO_MANY,
    UNKNOWN,
    USER,
    near,
)

_MICROSOFT: Final = families(Family.MICROSOFT)
_OFF: Final = rf"(?:{OFF}|{LOCKED})"
_IP: Final = r"(?<![a-z])ip(?![a-z])"


def _together(*concepts: str, gap: int = 60) -> str:
    """Combine several concepts in any order, each within `gap` characters of the one before."""
    return "|".join(rf".{{0,{gap}}}".join(order) for order in permutations(concepts))


SIGNING_IN: Final = (
    # Microsoft's switches, in the words of its pages
    Signature(
        Code.MS_SMTP_TENANT_OFF,
        words(_together(r"\bsmtp", said.TENANT, _OFF)),
        families=_MICROSOFT,
        phases=LOGIN,
    ),
    Signature(
        Code.MS_SMTP_MAILBOX_OFF,
        words(_together(r"\bsmtp", ACCOUNT, _OFF)),
        families=_MICROSOFT,
        phases=LOGIN,
    ),
    Signature(
        Code.MS_BASIC_OFF, words(near(said.BASIC, _OFF, 40)), families=_MICROSOFT, phases=LOGIN
    ),
    Signature(Code.OAUTH_TOKEN_EXPIRED, words(near(said.ACCESS_TOKEN, EXPIRED, 40)), phases=LOGIN),
    Signature(Code.OAUTH_SCOPE, words(near(said.SCOPE, said.INSUFFICIENT, 50)), phases=OAUTH),
    Signature(
        Code.CONNECT_TOO_MANY,
        words(rf"{CONNECTION}.{{0,8}}{TOO_MANY}"),
        phases=LOGIN | MAILBOX,
        without=words(ATTEMPTS),
    ),
    # The verb's "not" stands at the end
    Signature(
        Code.AUTH_MECHANISM,
        words(rf"(?:unterstützt|ondersteunt).{{0,40}}{METHOD}\w{{0,4}} (?:nicht|niet)\b"),
        phases=LOGIN,
    ),
    # "Not switched on for IMAP", with other words between
    Signature(
        Code.IMAP_DISABLED,
        words(
            rf"{said.NOT}.{{0,40}}\b(?:imap|pop3).{{0,30}}{said.ENABLED}",
            rf"{said.NOT}.{{0,16}}{said.ENABLED}.{{0,40}}\b(?:imap|pop3)",
            rf"\b(?:imap|pop3).{{0,40}}{said.ENABLED}\w{{0,8}}(?:memiş| değil)",
        ),
        protocol=IMAP,
        phases=LOGIN,
    ),
)
"""Before the rows of other mailbox providers."""

SENDING_AS: Final = (
    # MAPI's ecAccessDenied while a message is handed in for somebody else
    Signature(
        Code.SENDER_NOT_OWNED,
        words(
            r"0x80070005-(?:0x)?0*4dc-(?:0x)?0*524",
            near(said.ON_BEHALF, rf"(?:{PERMISSION}|{OFF}|autori)", 100),
        ),
        phases=TRANSACTION,
        receiving=False,
    ),
    # The mailbox of the one who is told so, who sends
    Signature(
        Code.MS_MAILBOX_FULL,
        words(rf"{said.YOUR}.{{0,12}}{ACCOUNT}.{{0,24}}{said.FULL}"),
        families=_MICROSOFT,
        phases=phases(Phase.MAIL, Phase.DATA),
        needs_phase=True,
        receiving=False,
    ),
)
"""Before the rows of messages."""

TOPICS_SPOKEN: Final = (
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            rf"{_IP}.{{0,40}}{LOCKED}|{LOCKED}.{{0,24}}{_IP}",
            rf"{_IP}.{{0,40}}(?:tiltólist|lista neagr|mustalla listal"
            r"|чорн\w+ спис|μαύρη λίστα|القائمة السوداء|רשימה שחורה)",
        ),
        protocol=SMTP,
        phases=SESSION,
        without=words(rf"{_IP}.{{0,12}}(?:error|fail)", r"disabled"),
    ),
    Signature(
        Code.TOO_BIG,
        words(
            near(said.MESSAGE, said.TOO_LARGE, 40),
            near(said.SIZE, rf"(?:{MAXIMUM}|{said.EXCEEDED})", 40),
        ),
        phases=TRANSACTION | {Phase.APPEND},
        without=words(r"header|kopfzeile|en-t[eê]te", ACCOUNT),
    ),
    Signature(
        Code.SEND_QUOTA,
        words(near(MAXIMUM, said.A_DAY, 40)),
        protocol=SMTP,
        phases=TRANSACTION,
        receiving=False,
        without=words(r"storage|octet|bytes|\bmb\b|log-?in|attempt|connection", said.SIZE),
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(near(ACCOUNT, said.FULL, 40)),
        phases=TRANSACTION | MAILBOX,
        without=words(said.A_DAY),
    ),
    Signature(
        Code.CONTENT_REJECTED,
        words(said.JUNK),
        protocol=SMTP,
        phases=TRANSACTION,
        without=words(_IP, r"black-?list|block-?list|\b[rd]nsbl|\brbl\b", TOO_MANY),
    ),
    Signature(
        Code.SENDER_DOMAIN_INVALID,
        words(_together(said.SENDER, said.DOMAIN, UNKNOWN, gap=40)),
        protocol=SMTP,
        phases=TRANSACTION,
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        words(near(said.RECIPIENT, UNKNOWN, 40)),
        protocol=SMTP,
        phases=phases(Phase.RCPT, Phase.DATA),
        without=words(said.SENDER),
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        words(near(USER, UNKNOWN, 24)),
        protocol=SMTP,
        phases=phases(Phase.RCPT, Phase.DATA),
        without=words(said.SENDER, r"user"),
    ),
    Signature(
        Code.SENDER_NOT_OWNED,
        words(
            near(said.SENDER, rf"(?:{ACCOUNT}|{OFF})", 60),
        ),
        protocol=SMTP,
        phases=TRANSACTION,
        receiving=False,
        without=words(said.RECIPIENT, said.JUNK),
    ),
)
"""What a refusal in a transaction speaks of."""
