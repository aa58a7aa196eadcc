"""Signatures of Outlook.com, Microsoft 365 and Exchange.

Sources: Microsoft Learn, "Email non-delivery reports and SMTP errors in Exchange Online",
"Enable or disable authenticated client SMTP submission", "Exchange Online limits". Exchange
names its inner exceptions (STOREDRV, MapiException, RESOLVER), which outlive the sentences.
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
    SESSION,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    enhanced,
    families,
    phases,
    words,
)
from mailconfig.domain.diagnostics.values import Phase

_MICROSOFT: Final = families(Family.MICROSOFT)
_PERSONAL: Final = re.compile(r"(?:smtp-mail\.outlook|hotmail|live|msn)\.com$", re.IGNORECASE)
"""Hosts of accounts that belong to no organisation."""
_BOX: Final = (
    r"(?:mail ?box|postfach|bo[iî]te|buz[oó]n|casella|caixa|skrzynk|postvak|ящик|邮箱|信箱"
    r"|メールボックス|메일함)"
)
_FULL: Final = (
    r"(?:\bfull|quota|\bsize|exceed|storage|voll|größ|überschr|plein|dépass|satur|llen[oa]|superad"
    r"|lotad|chei[ao]|exced|pien[oa]|superat|pełn|przekr|\bvol\b|переполн|превыс|满|超出|いっぱい"
    r"|가득)"
)
_LOGIN_OR_MAIL: Final = LOGIN | {Phase.MAIL}

MICROSOFT: Final = (
    # The switches of authenticated SMTP; only the last word tells them apart
    Signature(
        Code.MS_SMTP_MAILBOX_OFF,
        words(
            r"smtp ?client ?authentication is disabled for the (?:mailbox|user|account)"
            r"|smtp ?auth\w* .{0,30}disabled for (?:the|this) (?:mailbox|user|account)"
        ),
    ),
    Signature(
        Code.MS_SMTP_TENANT_OFF,
        words(
            r"smtp ?client ?authentication is disabled|smtp_auth_disabled"
            r"|smtp ?auth\w* .{0,30}disabled for (?:the|this) (?:tenant|organi[sz]ation)"
        ),
    ),
    # Passwords are gone (5.7.139 with these words, or 5.7.30 since 2025)
    Signature(
        Code.MS_BASIC_OFF,
        words(
            r"basic auth\w* (?:is |has been |was )?(?:disabled|blocked|not supported|turned off"
            r"|retired)",
            r"basicauth(?:entication)?(?:blocked|disabled)|logondenied-basicauth",
        ),
    ),
    Signature(
        Code.MS_BASIC_OFF,
        phases=_LOGIN_OR_MAIL,
        families=_MICROSOFT,
        enhanced_codes=enhanced("5.7.30"),
    ),
    # Inner words of 5.7.139, before the number itself
    Signature(
        Code.AUTH_EXPIRED,
        words(r"password (?:has |is )?expired|password.{0,20}must be (?:changed|reset)"),
        families=_MICROSOFT,
        phases=LOGIN,
    ),
    Signature(
        Code.ACCOUNT_DISABLED,
        words(
            r"account (?:is |has been |was )?(?:locked|blocked|disabled|suspended)",
            r"user account.{0,20}disabled|accountdisabled|userdisabled",
        ),
        families=_MICROSOFT,
        phases=LOGIN,
    ),
    Signature(
        Code.MS_BAD,
        words(
            r"(?:user )?credentials (?:were|are) (?:incorrect|invalid|wrong)",
            r"incorrect (?:user ?name|password)",
        ),
        families=_MICROSOFT,
        phases=LOGIN,
    ),
    # Personal accounts have no administrator, so the same refusal means that passwords are gone
    Signature(
        Code.MS_POLICY,
        words(r"security defaults|conditional access|contact your administrator|location|risk"),
        enhanced_codes=enhanced("5.7.139"),
    ),
    Signature(
        Code.MS_BASIC_OFF,
        words(r"did not meet (?:the )?criteria"),
        hosts=_PERSONAL,
        enhanced_codes=enhanced("5.7.139"),
    ),
    Signature(
        Code.MS_POLICY,
        words(r"security defaults polic|did not meet the criteria"),
    ),
    Signature(Code.MS_POLICY, enhanced_codes=enhanced("5.7.139")),
    # Signed in, but no mailbox: shared, unlicensed, or IMAP off
    Signature(
        Code.MS_NOT_CONNECTED,
        words(r"authenticated but not connected|not connected to (?:a|the|any) mailbox"),
    ),
    # Sending as somebody else
    Signature(
        Code.MS_SEND_AS,
        words(r"send ?as ?denied|permissions? to send as|SendOnBehalfOfDenied"),
    ),
    Signature(Code.MS_SEND_AS, families=_MICROSOFT, enhanced_codes=enhanced("5.2.252", "5.7.60")),
    # Quota: of sending, of the sender's store, of the recipient's store
    Signature(
        Code.MS_THROTTLE,
        words(
            r"submissionquota|request is throttled|suggested backoff|sender thread limit"
            r"|exceeded.{0,40}(?:recipient rate|message rate|sending limit)|MessageRateLimit"
            r"|daily (?:limit|message)|StoreDrv\.ClientSubmit.{0,40}(?:limit|throttl)"
        ),
        without=words(r"imap.{0,20}gmail"),
        families=_MICROSOFT,
    ),
    Signature(
        Code.MS_THROTTLE,
        families=_MICROSOFT,
        phases=TRANSACTION | LOGIN | {Phase.GREETING, Phase.EHLO, Phase.CONNECT},
        enhanced_codes=enhanced("5.1.90", "4.5.3"),
        receiving=False,
    ),
    Signature(
        Code.MS_THROTTLE,
        words(
            r"concurrent (?:connections?|sessions?)|connections? limit",
            r"too many (?:messages|connections)",
        ),
        families=_MICROSOFT,
        protocol=SMTP,
        receiving=False,
        phases=SESSION | LOGIN,
    ),
    # One's own mailbox, in words of any language; a recipient's is somebody's, not "yours"
    Signature(
        Code.MS_MAILBOX_FULL,
        words(
            rf"(?:\b(?:your|ihr|dein|votre|tu|su|tua|sua|twoja|uw)\b|ваш|您的|你的).{{0,4}}{_BOX}.{{0,60}}{_FULL}",
            rf"{_BOX}.{{0,60}}{_FULL}.{{0,60}}(?:\bsend|\bsende|envoy|\benvi|\binvi|wysł|отправ|发送|送信)",
        ),
        families=_MICROSOFT,
        phases=TRANSACTION,
        receiving=False,
        without=words(r"recipient|empfänger|destinat|per (?:day|hour)|daily|storedrv\.deliver"),
    ),
    Signature(
        Code.MS_MAILBOX_FULL,
        words(
            r"storedrv\.(?:submi\w+|clientsubmi\w+|send).{0,120}quota|quotaexceeded.{0,80}submi"
            r"|(?<!shutoff)(?:error ?quota ?exceeded"
            r"|quota ?exceeded ?exception)\b(?!.{0,80}deliver)"
            r"|sender'?s? mailbox (?:is )?full|submit.{0,60}(?:shutoff)?quotaexceeded"
        ),
        without=words(r"storedrv\.deliver"),
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(r"storedrv\.deliver.{0,160}(?:full|quota)|(?:shutoff)?quotaexceeded"),
        phases=TRANSACTION,
        fixable_by=FixableBy.NOBODY,
    ),
    # Not signed in; where a refused login stands inside, it is the cause
    Signature(
        Code.MS_BAD,
        words(r"client (?:was|is|has)? ?not (?:been )?authenticated.{0,160}\b535 5\.7\.3\b"),
        families=frozenset(),
    ),
    Signature(
        Code.MS_NOT_AUTHENTICATED,
        words(r"client (?:was|is|has)? ?not (?:been )?authenticated"),
        families=frozenset(),
    ),
    Signature(Code.MS_NOT_AUTHENTICATED, families=_MICROSOFT, enhanced_codes=enhanced("5.7.57")),
    # A group that takes mail from its members only
    Signature(
        Code.AUTH_REQUIRED,
        words(r"resolver\.rst\.(?:authrequired|notauthori[sz]ed)|RestrictedToAuthenticated"),
        fixable_by=FixableBy.PROVIDER_ADMIN,
        final=True,
    ),
    Signature(Code.TOO_BIG, words(r"resolver\.rst\.(?:recip|send)\w*sizelimit|MessageTooLarge")),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        words(r"resolver\.(?:adr|rst)\.\w*(?:notfound|invalid|ExRecipNotFound)"),
    ),
    # Directory-based edge blocking
    Signature(
        Code.RECIPIENT_UNKNOWN,
        families=_MICROSOFT,
        phases=phases(Phase.RCPT),
        enhanced_codes=enhanced("5.4.1"),
    ),
    # Outbound reputation of the account or the organisation
    Signature(
        Code.ACCOUNT_DISABLED,
        words(
            r"bad outbound sender|AS\(42004\)|tenant has exceeded threshold|suspected spam",
            r"account suspend",
        ),
        families=_MICROSOFT,
        phases=TRANSACTION,
    ),
    Signature(
        Code.ACCOUNT_DISABLED,
        families=_MICROSOFT,
        phases=TRANSACTION,
        enhanced_codes=enhanced("5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.750"),
    ),
    # Our address
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"rate limited due to (?:ip )?reputation|\(S8\d\d\)|\bRP-00\d\b"
            r"|rate limit.{0,80}reputation|reputation.{0,80}rate limit"
        ),
        phases=SESSION,
        reply_codes=codes(421, 450, 451),
        retryable=True,
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"S31[45]\d|block list \(S|banned sending ip|traffic not accepted from this ip"
            r"|part of their network is on our block"
        ),
        phases=SESSION,
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        families=_MICROSOFT,
        phases=SESSION,
        enhanced_codes=enhanced("5.7.511", "5.7.708", "5.7.606", "5.7.649", "5.7.512", "4.7.650"),
    ),
    Signature(
        Code.CONNECT_TOO_MANY,
        words(r"server busy"),
        families=_MICROSOFT,
        phases=SESSION,
        enhanced_codes=enhanced("4.7.500", "4.3.2"),
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        families=_MICROSOFT,
        phases=SESSION,
        enhanced_codes=enhanced("5.7.515", "5.7.509", "5.7.23", "5.7.510", "4.7.515"),
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"temporary server error.{0,60}PRX|PRX[0-9]"),
        phases=SESSION,
        reply_codes=codes(421, 451, 452),
        without=words(r"concurrent|too many|connections"),
    ),
    Signature(
        Code.CONTENT_REJECTED,
        families=_MICROSOFT,
        phases=TRANSACTION,
        enhanced_codes=enhanced("5.7.508", "5.7.506", "5.7.507", "5.7.520"),
    ),
    # A bare refusal of Exchange (5.7.3; IMAP: "LOGIN failed.", "Command Error. 12")
    Signature(
        Code.MS_BAD,
        words(r"authentication unsuccessful|logon (?:failure|denied)|authfailed:?logondenied"),
        phases=LOGIN,
        protocol=SMTP,
        without=words(r"temporar|unavailable"),
    ),
    Signature(Code.MS_BAD, phases=LOGIN, protocol=SMTP, enhanced_codes=enhanced("5.7.3")),
    Signature(
        Code.MS_BAD,
        words(r"command error\. ?1\d|logondenied"),
        phases=LOGIN,
        protocol=IMAP,
        families=_MICROSOFT,
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(r"server unavailable\. ?15\b"),
        protocol=IMAP,
        phases=phases(Phase.APPEND),
    ),
    Signature(
        Code.MS_NOT_CONNECTED,
        words(r"server unavailable\. ?\d\d\b"),
        protocol=IMAP,
        families=_MICROSOFT,
        phases=LOGIN | MAILBOX,
    ),
)
"""Rows in order of precedence; a plain refusal is refined by the engine."""
