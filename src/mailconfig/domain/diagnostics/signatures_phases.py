"""Signatures of an open mailbox, and of refusals of which only code and phase are known.

Sources: RFC 5321, section 4.2.3, RFC 3463 and RFC 9051, section 7.1.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    MAILBOX,
    SESSION,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    enhanced,
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.signatures_topics import STATUS, TOPICS
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import near

_TEMPORARY: Final = codes(4)
_SPACE: Final = (
    r"(?:speicher|stockage|\bespace\b|espacio|espaço|spazio|ruimte|miejsc|místo|míst[ao]|utrymme"
    r"|lagring"
    r"|\balan\b|места?\b|空间|空間|容量)"
)

OPEN_MAILBOXES: Final = (
    Signature(
        Code.FOLDER_MISSING,
        response_codes=responses("NONEXISTENT", "TRYCREATE"),
        phases=MAILBOX | LOGIN,
    ),
    Signature(
        Code.AUTH_TEMPORARY,
        phases=MAILBOX,
        response_codes=responses(
            "UNAVAILABLE", "SERVERBUG", "INUSE", "IN-USE", "CORRUPTION", "CONTACTADMIN"
        ),
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(
            r"quota|(?:mailbox|postfach|boîte|buzón|casella|ящик|邮箱).{0,24}(?:full|voll|plein"
            r"|满)",
            near(
                _SPACE,
                r"(?:insuf|esaur|agotad|esgotad|ausgesch|erschöpft|niet genoeg|onvoldoende"
                r"|niewystarcz|brak\b|nedostat|otillräckl|slut\b|yetersiz|недостаточ|нет |законч"
                r"|不足)",
            ),
        ),
        phases=MAILBOX,
        without=words(r"rate|command|per (?:day|hour)"),
    ),
    Signature(
        Code.FOLDER_MISSING,
        words(
            r"(?:mailbox|folder|ordner|dossier|carpeta|cartella|pasta|папк"
            r"|文件夹)\b.{0,60}(?:not (?:be )?(?:exist|found|open|select)"
            r"|doesn't exist|does not exist"
            r"|unknown|no such|invalid|nonexist|existiert|introuvable|no existe|non esist"
            r"|не (?:найд|сущ)|不存在)",
            r"(?:unknown|no such|invalid|nonexistent|missing) (?:mailbox|folder)|not selectable",
            r"trycreate|\\noselect|illegal in state auth",
        ),
        phases=MAILBOX,
    ),
    Signature(
        Code.AUTH_TEMPORARY,
        words(r"temporar|unavailable|internal error|try again|server error|timeout|busy"),
        phases=MAILBOX,
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        words(r"\bBAD\b|syntax|unknown command|invalid (?:state|argument|command)|parse"),
        phases=MAILBOX,
    ),
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(r"not writ(?:e)?able|read[- ]only|nur lesen|lecture seule|solo lectura|sola lettura"),
        phases=MAILBOX,
    ),
    Signature(Code.TCP_RESET_EOF, words(r"\bBYE\b"), phases=MAILBOX, needs_phase=True),
    Signature(
        Code.FOLDER_MISSING,
        words(r"\bNO\b"),
        phases=phases(Phase.SELECT, Phase.APPEND),
        needs_phase=True,
    ),
)
"""Signed in at IMAP."""

PHASES: Final = (
    *TOPICS,
    *STATUS,
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"bad sequence|nested mail|command (?:not |un)\s?(?:recogni|implement|known)",
            r"unrecogni[sz]ed command|syntax error|out of (?:order|sequence)",
            r"unexpected (?:command|argument)",
            r"improper (?:use of )?(?:smtp )?(?:command )?pipelining",
            r"(?:mail|rcpt|data) (?:command )?(?:first|before|expected)",
            r"protocol (?:error|synchroni)|too many (?:bad|syntax|unrecognized) commands",
            r"not a (?:valid )?command|invalid (?:command|param)",
        ),
        phases=SESSION | {Phase.LOGOUT},
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        protocol=SMTP,
        phases=TRANSACTION,
        reply_codes=codes(500, 501, 502, 503, 555),
    ),
    Signature(
        Code.CONNECT_TOO_MANY,
        phases=phases(Phase.GREETING, Phase.CONNECT),
        enhanced_codes=enhanced("4.3.2", "4.7.0"),
        reply_codes=codes(421),
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        phases=phases(Phase.GREETING, Phase.CONNECT, Phase.EHLO),
        reply_codes=codes(421, 450, 451, 452, 454),
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        phases=phases(Phase.GREETING, Phase.CONNECT),
        reply_codes=codes(521, 550, 553, 554, 571),
    ),
    Signature(
        Code.HELO_REJECTED,
        phases=phases(Phase.EHLO),
        reply_codes=codes(500, 501, 502, 504, 550, 553, 554),
    ),
    Signature(Code.HELO_REJECTED, words(r"helo|ehlo|host ?name"), phases=phases(Phase.EHLO)),
    Signature(
        Code.SERVER_TEMPORARY,
        phases=SESSION,
        enhanced_codes=enhanced(
            "4.3.0", "4.3.1", "4.3.2", "4.3.5", "4.4.1", "4.4.2", "4.4.3", "4.4.5", "4.7.0"
        ),
    ),
    Signature(
        Code.GREYLISTED,
        words(r"try (?:again )?later|retry|later|come back"),
        phases=phases(Phase.RCPT, Phase.DATA),
        enhanced_codes=enhanced("4.2.0", "4.2.1", "4.7.1"),
        without=words(r"service (?:is )?unavailable"),
    ),
    Signature(
        Code.GREYLISTED,
        phases=phases(Phase.RCPT),
        reply_codes=codes(450, 451),
        enhanced_codes=enhanced("4.2.0", "4.2.1", "4.7.1"),
    ),
    Signature(Code.SERVER_TEMPORARY, phases=SESSION, reply_codes=_TEMPORARY),
    Signature(Code.MAILBOX_QUOTA, phases=phases(Phase.RCPT), reply_codes=codes(552, 522)),
    Signature(Code.TOO_BIG, phases=phases(Phase.MAIL, Phase.DATA), reply_codes=codes(552)),
    Signature(
        Code.RELAY_DENIED, phases=phases(Phase.RCPT), enhanced_codes=enhanced("5.7.1", "5.7.0")
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        phases=phases(Phase.RCPT),
        reply_codes=codes(511, 550, 551, 553, 577),
    ),
    Signature(Code.RELAY_DENIED, phases=phases(Phase.RCPT), reply_codes=codes(554, 571)),
    Signature(Code.AUTH_REQUIRED, phases=phases(Phase.MAIL), reply_codes=codes(535)),
    Signature(
        Code.SENDER_NOT_OWNED,
        phases=phases(Phase.MAIL),
        reply_codes=codes(501, 550, 551, 553),
        receiving=False,
    ),
    Signature(
        Code.CONTENT_REJECTED,
        phases=phases(Phase.DATA, Phase.MAIL),
        reply_codes=codes(541, 550, 554, 571, 521),
    ),
)
"""Nothing but a code and a phase: the general meaning of that code there (RFC 5321, 4.2)."""
