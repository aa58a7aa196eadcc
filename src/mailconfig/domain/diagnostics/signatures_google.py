"""Signatures of Gmail and Google Workspace: words of "gimap" and "gsmtp" and their enhanced codes.

Source: Google Workspace Admin Help, "Gmail SMTP errors and codes", and the help pages that the
replies link (their numbers outlive the wording).
"""

import re
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    enhanced,
    families,
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary_languages import BANDWIDTH

_GOOGLE: Final = families(Family.GOOGLE)
_SESSION: Final = TRANSACTION | {Phase.EHLO, Phase.GREETING, Phase.CONNECT}

GOOGLE: Final = (
    # Two-step verification is on (534 5.7.9 at smtp, ALERT at imap)
    Signature(Code.GMAIL_APP_PASSWORD, words(r"answer/185833|InvalidSecondFactor")),
    Signature(Code.GMAIL_APP_PASSWORD, words(r"application-specific password"), families=_GOOGLE),
    # Google's own word, unless another server is known to have said it
    Signature(
        Code.GMAIL_APP_PASSWORD,
        words(r"application-specific password"),
        hosts=re.compile(r"^$"),
    ),
    Signature(
        Code.GMAIL_WEB_LOGIN,
        words(
            r"log in (?:via|with|through|using) your web browser|answer/78754|web login required"
            r"|accounts\.google\.com/signin/continue|WebLoginRequired"
        ),
    ),
    Signature(
        Code.GMAIL_WEB_LOGIN,
        words(r"answer/14257"),
        without=words(r"not accepted|5\.7\.[18]\b"),
    ),
    Signature(
        Code.GMAIL_WEB_LOGIN, phases=LOGIN, families=_GOOGLE, enhanced_codes=enhanced("5.7.14")
    ),
    Signature(Code.GMAIL_WEB_LOGIN, families=_GOOGLE, response_codes=responses("WEBALERT")),
    Signature(
        Code.GMAIL_APP_PASSWORD, phases=LOGIN, families=_GOOGLE, enhanced_codes=enhanced("5.7.9")
    ),
    # A domain's administrator has switched IMAP off; a single account's owner can switch it on
    Signature(
        Code.GMAIL_IMAP_OFF,
        words(r"(?:imap|pop).{0,60}(?:domain|administrator)"),
        protocol=IMAP,
        phases=LOGIN,
        families=_GOOGLE,
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    Signature(
        Code.GMAIL_IMAP_OFF,
        words(
            r"(?:enabled|allowed|available|configured) for (?:imap|pop)",
            r"(?:imap|pop).{0,40}(?:disabled|not (?:enabled|turned|allowed))",
        ),
        protocol=IMAP,
        phases=LOGIN,
        families=_GOOGLE,
    ),
    Signature(
        Code.GMAIL_CONNECTIONS,
        words(r"too many simultaneous|(?:too many|maximum).{0,40}connections"),
        protocol=IMAP,
        families=_GOOGLE,
    ),
    Signature(
        Code.GMAIL_BANDWIDTH,
        words(BANDWIDTH, r"exceeded command|session expired, please login"),
        phases=LOGIN | MAILBOX,
        families=_GOOGLE,
    ),
    # No other service counts commands and bytes in one breath
    Signature(
        Code.GMAIL_BANDWIDTH,
        words(r"(?:command|bandwidth) (?:or|and) (?:command|bandwidth) (?:limit|quota)"),
        protocol=IMAP,
    ),
    Signature(
        Code.GMAIL_BANDWIDTH,
        protocol=IMAP,
        phases=LOGIN | (MAILBOX - {Phase.APPEND}),
        families=_GOOGLE,
        response_codes=responses("OVERQUOTA"),
    ),
    # The relay of Workspace does not know address, domain or greeting name
    Signature(
        Code.GMAIL_RELAY,
        words(
            r"mail relay denied|credentials for relay|#maildenied|smtp[- ]relay settings",
            r"answer/6140680|p=RelayDenied|RelayDenied|registered in your .{0,30}relay",
        ),
        without=words(r"\b(?:limit|quota) (?:is |was )?(?:exceeded|reached)"),
    ),
    # Limits per day, by code or by the page that explains them
    Signature(
        Code.GMAIL_SEND_LIMIT,
        words(
            r"(?:daily|peak) (?:user |smtp |message )?(?:sending|relay|recipient)?.{0,20}"
            r"(?:limit|quota)"
            r"|answer/(?:22839|166852)|UserLimitExceeded|DailyLimit|sending (?:limit|quota)"
            r"|reached a limit for sending"
        ),
        families=_GOOGLE,
    ),
    Signature(
        Code.GMAIL_SEND_LIMIT,
        protocol=SMTP,
        phases=TRANSACTION,
        families=_GOOGLE,
        enhanced_codes=enhanced("x.4.5"),
    ),
    # Unknown client at the relay: "Try again later, closing connection. (EHLO)"; ours is the name
    Signature(
        Code.GMAIL_RELAY,
        words(r"try again later,? closing connection.{0,8}\([eh]{2}lo\)"),
        families=_GOOGLE,
        receiving=False,
        retryable=False,
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(
        Code.GMAIL_RELAY,
        words(r"try again later,? closing connection"),
        phases=phases(Phase.EHLO, Phase.MAIL, Phase.GREETING),
        families=_GOOGLE,
        receiving=False,
        retryable=False,
    ),
    # What Gmail says about mail that others hand in
    Signature(
        Code.REVERSE_DNS,
        words(r"\bPTR\b|does not have a (?:ptr|reverse)|reverse dns|IPv6AuthError.{0,40}ptr"),
        phases=_SESSION,
        families=_GOOGLE,
    ),
    Signature(
        Code.REVERSE_DNS, phases=_SESSION, families=_GOOGLE, enhanced_codes=enhanced("x.7.25")
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        words(
            r"unauthenticated|(?:spf|dkim|dmarc).{0,80}(?:pass|fail|record|check|align|policy)",
            r"(?:pass|fail)\w* .{0,30}authentication|UnauthenticatedMail",
            r"UnsolicitedIPError.{0,20}auth",
        ),
        phases=_SESSION,
        families=_GOOGLE,
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        phases=_SESSION,
        families=_GOOGLE,
        enhanced_codes=enhanced("x.7.26", "x.7.27", "x.7.30", "x.7.31", "x.7.32", "x.7.40"),
    ),
    Signature(
        Code.STARTTLS_REQUIRED, phases=_SESSION, families=_GOOGLE, enhanced_codes=enhanced("x.7.29")
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"unusual rate of (?:unsolicited|mail)|very low reputation",
            r"ip.{0,60}(?:block|reputation)|UnsolicitedRateLimitError|UnsolicitedIPError",
        ),
        phases=_SESSION,
        families=_GOOGLE,
        reply_codes=codes(421, 450, 451),
        retryable=True,
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(r"\bip you'?re using|email directly to our servers|p=NotAuthorizedError"),
        phases=_SESSION,
        families=_GOOGLE,
    ),
    Signature(
        Code.MESSAGE_FORMAT,
        words(
            r"RfcMessageNonCompliant|not RFC ?(?:2822|5322)|not compliant|multiple .{0,20}headers?"
        ),
        families=_GOOGLE,
    ),
)
"""Rows in order of precedence; a plain refusal is refined by the engine."""
