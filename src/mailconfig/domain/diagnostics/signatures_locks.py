"""Signatures of locks: attempts that were too many, and accounts that somebody has closed.

Sources: RFC 5248, RFC 5530 and what providers say about it. Locks of the first kind open by
themselves.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    MAILBOX,
    TRANSACTION,
    Signature,
    enhanced,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    ACCOUNT,
    ATTEMPTS,
    COMPROMISED,
    EXPIRED,
    MAXIMUM,
    PASSWORD,
    RESTRICTED,
    TOO_MANY,
    USER,
    near,
)
from mailconfig.domain.diagnostics.vocabulary import (
    LOCKED as CLOSED,
)
from mailconfig.domain.diagnostics.vocabulary import (
    LOGIN as SIGN_IN,
)

_MINUTES: Final = (
    r"\d{1,4} ?(?:min|hour|h\b|stunde|heure|hora|\bora|ore\b|godz|час|sec|sek|seg|сек|分|小时|時間)"
)
"""A length of time."""
_OUTGOING: Final = (
    r"(?:outgoing|outbound|ausgehend|sortant|salient|in uscita|de sa[ií]da|uitgaand|wychodząc"
    r"|odchozí|giden|исходящ)\w*"
)
_MAIL: Final = (
    r"(?:e-?mail|mail|message|nachricht|messag|courri|correo|mensa|messaggi|poczt|почт|писем)"
)
_SENDING: Final = (
    r"(?:(?:mail )?sending|(?:mail)?versand|envoi|\benv[ií]o|invio|\benvio|verzenden|wysyłani"
    r"|odesílání|gönderim|отправк|发信|發信|送信機能|발신) ?"
)

LOCKED: Final = (
    # A lock that names its end is one for attempts
    Signature(
        Code.AUTH_THROTTLED,
        words(near(CLOSED, _MINUTES, 24)),
        phases=LOGIN,
        without=words(r"\bip\b|connection"),
    ),
    # Attempts, rates and locks that open by themselves
    Signature(
        Code.AUTH_THROTTLED,
        words(
            r"too many .{0,40}(?:login|log-?in|logon|auth|sign-?in|password|attempt|fail|tries"
            r"|bad|invalid)",
            r"(?:login|log-?in|logon|auth\w*|sign-?in) .{0,24}(?:rate|frequency"
            r"|attempts?)\b.{0,24}(?:limit|exceed|hit|reached)",
            r"(?:maximum|max\.?|excessive|multiple|repeated)\b.{0,30}(?:login|auth\w*|failed"
            r"|invalid).{0,20}(?:attempts?|fail|tries)",
            r"(?:locked|blocked|banned|disabled|suspended).{0,60}(?:attempt|fail(?:ed|ure)|brute"
            r"|minutes|seconds|for a while|login)",
            r"(?:failed|bad|wrong|invalid).{0,30}attempts.{0,60}(?:lock|block|ban|wait|try again)",
            r"brute[- ]?force|fail2ban|login rate|rate limit hit|authentication rate",
            r"zu viele .{0,30}(?:anmelde|login|fehl|versuche)",
            r"trop d(?:e |')(?:échecs|erreurs|tentatives|connexions? échou|essais)",
            r"demasiados (?:intentos|inicios)|troppi tentativi",
            r"(?:muitas|demasiadas|excesso de) tentativas",
            r"слишком (?:много|часто).{0,20}(?:попыт|вход|неуд)",
            r"превышено (?:число|количество) попыт|登录.{0,6}(?:频繁|过多)|尝试次数过多",
            near(TOO_MANY, rf"(?:{SIGN_IN}|{ATTEMPTS})"),
            near(PASSWORD, r"(?:locked|gesperrt|verrouill|bloque)", 12),
        ),
        phases=LOGIN | {Phase.GREETING, Phase.CONNECT},
        without=words(r"connections? (?:from|to|for)|simultaneous|concurrent|permanently"),
    ),
    Signature(
        Code.AUTH_THROTTLED,
        words(r"rate.?limit|throttl|slow down|too frequent|try again (?:in|after) \d"),
        phases=LOGIN,
        without=words(r"per (?:second|minute)|sending|AUTHENTICATIONFAILED\]"),
    ),
    Signature(
        Code.AUTH_THROTTLED, phases=LOGIN, response_codes=responses("LOGIN-DELAY", "THROTTLED")
    ),
    # Closed by the provider
    Signature(
        Code.ACCOUNT_DISABLED,
        words(
            r"(?:account|mailbox|user|login|domain|access"
            r"|service)\b.{0,40}(?<!password )(?:has been |is |was |currently "
            r"|temporarily )*(?:disabled|suspended|locked|blocked|restricted|deactivated|closed"
            r"|frozen|inactive|terminated|banned|cancel+ed)",
            r"(?:disabled|suspended|locked|blocked|deactivated|inactive|frozen) (?:account|user"
            r"|mailbox|domain)",
            r"outgoing mail suspension|may have been (?:hacked|compromised)",
            r"account .{0,20}compromised|unusual (?:sending )?activity",
            r"suspicious (?:activity|login|sign)|account (?:is )?(?:on hold|not active|abuse)",
            r"(?:unblock|reactivate) (?:your|the) account",
            r"(?:konto|postfach|zugang).{0,40}(?:gesperrt|deaktiviert|blockiert)",
            r"compte .{0,30}(?:bloqué|suspendu|désactivé|verrouillé)",
            r"cuenta .{0,30}(?:suspendida|bloqueada|deshabilitada|desactivada)",
            r"account .{0,20}(?:bloccato|sospeso|disabilitato)",
            r"conta .{0,30}(?:suspensa|bloqueada|desativada)",
            r"(?:аккаунт|ящик|пользователь|учетная запись).{0,30}(?:блокирован|отключ|заморож)",
            r"(?:账号|帐号|账户|帐户).{0,12}(?:锁定|冻结|停用|禁用|封)"
            r"|konto .{0,30}(?:zablokowane|zawieszone)",
            r"(?<!mail)account (?:is )?unavailable",
            near(ACCOUNT, CLOSED),
            near(USER, CLOSED, 24),
            near(ACCOUNT, COMPROMISED, 60),
            near(ACCOUNT, RESTRICTED, 30),
            near(ACCOUNT, EXPIRED, 24),
            near(ACCOUNT, r"(?:under|pending|awaiting|in) (?:review|investigation|approval)", 24),
        ),
        phases=LOGIN | MAILBOX | {Phase.MAIL, Phase.DATA},
        without=words(
            r"\bimap\b|\bpop3?\b|smtp ?(?:auth|access)|tried to reach|recipient|<[^>]+>: ",
            r"your ip|client host|spamhaus|attachment",
            r"message (?:was |has been )?(?:blocked|rejected)|mail (?:was |has been )?blocked",
            r"temporarily unavailable|basic|\bprotocol|connection (?:was |is )?closed",
            PASSWORD,
        ),
    ),
    # Sending is stopped, for a sender or an account
    Signature(
        Code.ACCOUNT_DISABLED,
        words(
            near(rf"(?:{near(_OUTGOING, _MAIL, 12)})", CLOSED, 60),
            near(_SENDING, CLOSED, 30),
        ),
        phases=LOGIN | TRANSACTION,
        receiving=False,
        without=words(
            MAXIMUM,
            r"quota|exceed|too many|your ip|client host|attachment|spam|virus|recipient|connection",
        ),
    ),
    Signature(Code.ACCOUNT_DISABLED, phases=LOGIN, enhanced_codes=enhanced("5.7.13")),  # RFC 5248
)
"""Locks: before the words of plain refusals, which often stand in the same reply."""
