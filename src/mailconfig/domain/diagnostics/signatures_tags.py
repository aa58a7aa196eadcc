"""Operators' own tags in replies, which outlive their sentences: "DT:SPM", "OFR_416", "[BL21]".

Sources: the postmaster pages of NetEase, Orange, Spectrum, Comcast, Yahoo and Google, and Exchange
Online's non-delivery reports. No sentence belongs here.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import SESSION, Signature, codes, enhanced, words

TAGS: Final = (
    # Exchange Online's own numbers (5.7.5xx to 5.7.7xx): nobody else uses them
    Signature(Code.HELO_REJECTED, enhanced_codes=enhanced("5.7.506")),
    Signature(Code.ACCOUNT_DISABLED, words(r"\bAS\(42\d{3}\)")),
    Signature(Code.SEND_QUOTA, enhanced_codes=enhanced("5.2.121"), final=True),
    Signature(Code.CONNECT_TOO_MANY, enhanced_codes=enhanced("5.7.508")),
    Signature(Code.MESSAGE_FORMAT, enhanced_codes=enhanced("5.7.512", "5.1.20", "5.6.11")),
    Signature(
        Code.ACCOUNT_DISABLED,
        enhanced_codes=enhanced("5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.750"),
    ),
    Signature(Code.CONNECT_BLOCKED_IP, enhanced_codes=enhanced("5.7.511", "5.7.513", "5.7.708")),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        enhanced_codes=enhanced(*(f"5.7.{number}" for number in range(606, 650))),
    ),
    Signature(
        Code.AUTH_REQUIRED,
        enhanced_codes=enhanced("5.7.133", "5.7.134", "5.7.135", "5.7.136"),
        fixable_by=FixableBy.PROVIDER_ADMIN,
        final=True,
    ),
    Signature(Code.UNAUTHENTICATED_MAIL, enhanced_codes=enhanced("5.7.509", "5.7.515", "4.7.515")),
    Signature(
        Code.CONTENT_REJECTED, enhanced_codes=enhanced("5.7.124", "5.7.129", "5.7.130", "5.7.507")
    ),
    # SPF and DKIM by number (RFC 7372)
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        phases=SESSION,
        enhanced_codes=enhanced("x.7.20", "x.7.21", "x.7.22", "x.7.23", "x.7.24", "x.7.26"),
    ),
    # NetEase: "554 DT:SPM", the host, an id
    Signature(Code.CONNECT_TOO_MANY, words(r"\bHL:ICC\b")),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(r"\bHL:(?:REP|IFC|MEP|ITC|IPB)\b"),
        reply_codes=codes(421, 450, 451),
        retryable=True,
    ),
    Signature(Code.CONNECT_BLOCKED_IP, words(r"\bHL:[A-Z]{3}\b|\bDT:RBL\b|\bWM:BLI\b")),
    Signature(Code.UNAUTHENTICATED_MAIL, words(r"\bMI:(?:SPF|SPB|DMA)\b")),
    Signature(Code.SEND_QUOTA, words(r"\b(?:MI:(?:DMC|SFQ|QFQ|MBR|SSB)|RP:(?:DRC|RCL|QRC|TRC))\b")),
    Signature(Code.CLIENT_PROTOCOL, words(r"\b(?:MI|RP):(?:CEL|CCL)\b")),
    Signature(Code.SENDER_NOT_OWNED, words(r"\bDT:SUM\b|\bWM:BLU\b|\bMI:(?:STC|STR|RNS)\b")),
    # Orange: "OFR_417", "OFR004_104"
    Signature(Code.CONNECT_TOO_MANY, words(r"\bOFR\d{3}_10[4-5]\b")),
    Signature(Code.CONNECT_BLOCKED_IP, words(r"\bOFR\d{3}_10[0-36-9]\b")),
    Signature(Code.SENDER_DOMAIN_INVALID, words(r"\bOFR_4(?:02|15)\b")),
    Signature(Code.RECIPIENT_UNKNOWN, words(r"\bOFR_416\b")),
    Signature(Code.UNAUTHENTICATED_MAIL, words(r"\bOFR_513\b.{0,40}dmarc|dmarc.{0,80}\bOFR_")),
    Signature(Code.TOO_BIG, words(r"\bOFR_514\b")),
    # Spectrum writes AUP, a direction and a number
    Signature(Code.ACCOUNT_DISABLED, words(r"AUP#O\w*-?(?:1010|10[2-8]0)\b")),
    Signature(Code.REVERSE_DNS, words(r"AUP#\w+-?11[0-5]0\b")),
    Signature(Code.CONNECT_BLOCKED_IP, words(r"AUP#\w+-?(?:1000|12[0-5]0)\b")),
    Signature(Code.CONNECT_TOO_MANY, words(r"AUP#\w+-?13[0-4]0\b")),
    Signature(Code.SENDER_NOT_OWNED, words(r"AUP#\w+-?15[0-2]0\b")),
    Signature(Code.TOO_BIG, words(r"AUP#\w+-?1530\b")),
    Signature(Code.SEND_QUOTA, words(r"AUP#\w+-?(?:13[5-9]0|14\d0|15[4-8]0)\b")),
    # Comcast: "BL000001", "RL000003", "DM000001"
    Signature(Code.CONNECT_BLOCKED_IP, words(r"\b(?:BL|ES)0000\d\d\b")),
    Signature(Code.CONNECT_TOO_MANY, words(r"\bRL0000\d\d\b")),
    Signature(Code.UNAUTHENTICATED_MAIL, words(r"\bDM0000\d\d\b")),
    # Yahoo: "[TSS04]", "[BL21]", "(554.30)"
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(r"\[(?:IP)?TSS?\d\d\]|\[GL01\]|\[VS1-IP\]"),
        reply_codes=codes(421, 451),
        retryable=True,
    ),
    Signature(Code.CONNECT_BLOCKED_IP, words(r"\[BL\d\d\]|\[TSS?\d\d\]")),
    Signature(Code.CONTENT_REJECTED, words(r"\[PH\d\d\]")),
    Signature(Code.RECIPIENT_UNKNOWN, words(r"\(554\.30\)")),
    # Google: the name of the help page
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"[?&]p=ReceivingRate"),
        retryable=True,
        fixable_by=FixableBy.NOBODY,
    ),
    Signature(Code.MAILBOX_QUOTA, words(r"[?&]p=OverQuota"), fixable_by=FixableBy.NOBODY),
    Signature(Code.RECIPIENT_UNKNOWN, words(r"[?&]p=(?:NoSuchUser|DisabledUser)")),
    Signature(Code.TOO_BIG, words(r"[?&]p=MaxSizeError")),
    Signature(Code.CONTENT_REJECTED, words(r"[?&]p=BlockedMessage")),
)
"""Operators' own tags: sure wherever they stand."""
