"""Refinement: the general code of a refusal, and the provider's own where host or words show it.

So a plain refusal needs no sentence: whatever the language, "login refused" at Apple is ICLOUD.
"""

from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import WELL_KNOWN_HOSTS, Family
from mailconfig.domain.diagnostics.signatures import TRANSACTION, Evidence, words
from mailconfig.domain.diagnostics.stems import Words
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import LATER, TEMPORARY
from mailconfig.domain.servers import MailProtocol

LOGIN_REFUSED: Final[dict[Family, Code]] = {
    Family.GOOGLE: Code.GMAIL_BAD,
    Family.MICROSOFT: Code.MS_BAD,
    Family.YAHOO: Code.YAHOO_AOL,
    Family.APPLE: Code.ICLOUD,
    Family.GMX: Code.GMX_WEBDE,
    Family.YANDEX: Code.YANDEX,
    Family.MAILRU: Code.MAILRU,
    Family.QQ: Code.QQ,
    Family.NETEASE: Code.NETEASE,
    Family.ZOHO: Code.ZOHO,
    Family.BREVO: Code.BREVO,
    Family.SES: Code.SES,
    Family.SENDGRID: Code.SENDGRID,
}
"""A plain refusal of the login."""

_ACCESS_OFF: Final[dict[Family, Code]] = {
    family: code
    for family, code in LOGIN_REFUSED.items()
    if family not in {Family.GOOGLE, Family.MICROSOFT}
} | {Family.GOOGLE: Code.GMAIL_IMAP_OFF}
_SENDERS: Final[dict[Family, Code]] = {
    family: LOGIN_REFUSED[family] for family in (Family.SES, Family.SENDGRID, Family.BREVO)
}
_SERVICES: Final = {Family.SERVICE: Code.ESP_SENDER_UNVERIFIED}
"""An account at a service owns the senders that it has verified, and no others."""

LOGIN_CODES: Final[dict[Code, dict[Family, Code]]] = {
    Code.AUTH_BAD_CREDENTIALS: LOGIN_REFUSED,
    Code.AUTH_THROTTLED: {Family.YAHOO: Code.YAHOO_AOL},
    Code.IMAP_DISABLED: _ACCESS_OFF,
    Code.THIRD_PARTY_OFF: _ACCESS_OFF,
    Code.SEPARATE_PASSWORD: LOGIN_REFUSED | {Family.GOOGLE: Code.GMAIL_APP_PASSWORD},
    Code.AUTH_USERNAME_FORM: {Family.SENDGRID: Code.SENDGRID, Family.MAILRU: Code.MAILRU},
}
"""While signing in."""

MAIL_CODES: Final[dict[Code, dict[Family, Code]]] = {
    Code.AUTH_REQUIRED: {
        Family.MICROSOFT: Code.MS_NOT_AUTHENTICATED,
        Family.SENDGRID: Code.SENDGRID,
    },
    Code.SENDER_NOT_OWNED: {Family.MICROSOFT: Code.MS_SEND_AS, Family.ZOHO: Code.ZOHO}
    | _SENDERS
    | _SERVICES,
    Code.RELAY_DENIED: {Family.ZOHO: Code.ZOHO},
    Code.ESP_SENDER_UNVERIFIED: _SENDERS,
    Code.SEND_QUOTA: {Family.GOOGLE: Code.GMAIL_SEND_LIMIT, Family.MICROSOFT: Code.MS_THROTTLE},
}
"""While a message is handed in at the sender's own server."""

IMAP_CODES: Final[dict[Code, dict[Family, Code]]] = {
    Code.CONNECT_TOO_MANY: {Family.GOOGLE: Code.GMAIL_CONNECTIONS},
}
"""At IMAP, signed in or not."""


IMPATIENT: Final = frozenset({Code.RECIPIENT_UNKNOWN, Code.MAILBOX_QUOTA})
"""Codes that a 4xx turns into "later perhaps"; others, such as HELO_REJECTED, never heal."""


_PASSING: Final[dict[Code, Words]] = {
    Code.CONNECT_BLOCKED_IP: words(r"deferred|rate limited", TEMPORARY),
    Code.CONTENT_REJECTED: words(r"try again|retry", LATER),
}
"""Words that say that a refusal of our address or message will pass, beside a 4xx."""


_TEMPORARY_CLASS: Final = 4
_FINAL_CLASS: Final = 5
"""First digits of reply codes (RFC 5321, section 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A code, and where the case differs from what the taxonomy says about it."""

    code: Code
    retryable: bool | None = None
    """None: as the taxonomy says."""
    fixable_by: FixableBy | None = None
    """None: as the taxonomy says."""


def in_context(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Replace a general code by the provider's, and mind whose mailbox and which class it is."""
    if verdict.code is Code.DNS_NXDOMAIN and WELL_KNOWN_HOSTS.fullmatch(evidence.host):
        return Verdict(Code.DNS_TEMPORARY)
    if verdict.code is Code.MAILBOX_QUOTA and evidence.phase in TRANSACTION:
        # The recipient's mailbox: the sender can only wait or write elsewhere
        verdict = replace(verdict, fixable_by=FixableBy.NOBODY)
    if _heals(verdict, evidence):
        verdict = replace(verdict, retryable=True)
    return replace(verdict, code=_own_code(verdict.code, evidence))


def _heals(verdict: Verdict, evidence: Evidence) -> bool:
    """Tell whether time mends what the code by itself does not: a 4xx, and words that say so."""
    if not _only_temporary(evidence.reply_codes):
        return False
    passing = _PASSING.get(verdict.code)
    said = passing is not None and passing.found(evidence.words, evidence.letters)
    return said or verdict.code in IMPATIENT


def _only_temporary(reply_codes: frozenset[int]) -> bool:
    return _TEMPORARY_CLASS in reply_codes and _FINAL_CLASS not in reply_codes


def _own_code(code: Code, evidence: Evidence) -> Code:
    if evidence.receiving and evidence.phase is not Phase.AUTH:
        return code
    if evidence.protocol is MailProtocol.IMAP and code in IMAP_CODES:
        return _replaced(code, IMAP_CODES, evidence.families)
    if evidence.phase in {None, Phase.AUTH} and code in LOGIN_CODES:
        return _replaced(code, LOGIN_CODES, evidence.families)
    if evidence.phase in TRANSACTION | {None} and code in MAIL_CODES:
        return _replaced(code, MAIL_CODES, evidence.families)
    return code


def _replaced(
    code: Code, table: dict[Code, dict[Family, Code]], families: frozenset[Family]
) -> Code:
    own = table[code]
    return next((own[family] for family in Family if family in families and family in own), code)
