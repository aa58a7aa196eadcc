"""Signatures of an open mailbox, and of refusals of which only code and phase are known.

Sources: RFC 5321, section 4.2.3, RFC 3463 and RFC 9051, section 7.1.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
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
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.signatures_languages import TOPICS_SPOKEN
from mailconfig.domain.diagnostics.signatures_topics import STATUS, TOPICS
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import LATER, TEMPORARY, UNKNOWN, WRONG, near

_TEMPORARY: Final = codes(4)
_INSIDE: Final = (
    r"(?:\bintern\w*|server|serveur|servidor|system|сервер|системн|внутренн|内部|服务器)"
)
_FAULT: Final = (
    r"(?:error|erreur|fehler|\berro\b|błąd|chyb|\bfel\b|\bfeil\b|ошибк|错误|錯誤|エラー|오류)"
)
_TROUBLE: Final = words(
    r"unexpected (?:\w+ )?(?:error|exception|failure|fault|problem)",
    r"(?:internal|server|system|backend|database|storage|back-?end|i/?o|disk|index)\b.{0,16}"
    r"(?:error|fail|exception|problem|fault|bug)",
    r"(?:null ?pointer|\bio|runtime|sql|illegal ?state|outofmemory) ?(?:exception|error)",
    r"(?:fail\w*|unable|cannot|could not) (?:to )?(?:connect|reach|contact)\b.{0,30}(?:back-?end"
    r"|storage|database|server|store)",
    r"corrupt|damaged|(?:invalid|bad|unknown) (?:mailbox )?format\b|lock(?:ed|ing)?\b.{0,24}"
    r"(?:timed? ?out|fail|held)",
    near(_INSIDE, _FAULT, 12),
)
"""Something behind the server is broken, said in an open mailbox."""
_SPACE: Final = (
    r"(?:speicher|stockage|\bespace\b|espacio|espaço|spazio|ruimte|miejsc|místo|míst[ao]|utrymme"
    r"|lagring"
    r"|\balan\b|места?\b|空间|空間|容量)"
)

_SHUT_OUT: Final = (
    r"(?:\blisted\b|black-?list|block-?list|deny-?list|\bbanned\b|\bblocked\b|gesperrt|blockiert"
    r"|bloqué|bloquead|bloccat|geblokkeerd|zablokowan|заблокирован|封禁|屏蔽|拒否|차단)"
)
"""Kept away by a list or a ban."""

_COMMAND: Final = (
    r"(?:befehl|kommando|\bcommande\b|comando|polecen|příkaz|opdracht|\bkomut"
    r"|команд|命令|指令|コマンド|명령)"
)
"""A command, other than in English, whose servers' sentences have rows of their own."""
_MISPLACED: Final = (
    rf"(?:{WRONG}|{UNKNOWN}|reihenfolge|séquence|ordre|secuencia|sequenza|ordine|sequência|kolejno"
    r"|последоват|порядк|顺序|順序|순서|non reconnu|no reconocid|non riconosciut|não reconhecid"
    r"|nierozpoznan|не распозна|无法识别|認識)"
)
_BAD_COMMAND: Final = rf"{_COMMAND}[^:]{{0,16}}{_MISPLACED}|{_MISPLACED}[^:]{{0,16}}{_COMMAND}"

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
    # A file of the mailbox is broken: no name would help
    Signature(
        Code.AUTH_TEMPORARY,
        words(r"mailbox .{0,16}(?:format|corrupt|damaged)|database error"),
        phases=MAILBOX,
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(
            r"(?:storage|disk|mailbox|account)\b.{0,16}(?:\blimit|exceeded)|(?:no|not enough|out of"
            r"|insufficient) (?:\w+ )?(?:space|storage)\b",
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
        words(
            r"temporar|unavailable|internal error|try again|server error|timeout|busy", TEMPORARY
        ),
        phases=MAILBOX,
    ),
    Signature(
        Code.AUTH_TEMPORARY, _TROUBLE, phases=MAILBOX, without=words(r"\bBAD\b|read[- ]only")
    ),
    # A goodbye instead of a greeting
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            near(r"(?:\bip\b|ip-?adress|\baddress|\bhost\b|\bclient\b)", _SHUT_OUT, 40),
            r"(?:connections?|access|clients?)\b.{0,40}(?:not (?:allowed|permitted|accepted"
            r"|authori[sz]ed)|denied|refused|rejected|prohibited|forbidden|blocked)",
        ),
        protocol=IMAP,
        phases=phases(Phase.GREETING),
        needs_phase=True,
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        words(
            r"unavailable|maintenance|shutting down|shutdown|overload|back-?end|not reachable"
            r"|try (?:again|later)|internal",
            TEMPORARY,
            LATER,
            _TROUBLE.pattern,
        ),
        protocol=IMAP,
        phases=phases(Phase.GREETING, Phase.CAPABILITY),
        needs_phase=True,
        without=words(r"timed? ?out|\bBAD\b"),
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        words(r"(?-i:\bBAD\b)"),
        protocol=IMAP,
        phases=phases(Phase.CAPABILITY),
        needs_phase=True,
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"\bBAD\b|syntax|unknown command|command (?:argument )?error|protocol error"
            r"|invalid (?:state|argument|command)|parse",
            _BAD_COMMAND,
        ),
        phases=MAILBOX,
    ),
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(r"not writ(?:e)?able|read[- ]only|nur lesen|lecture seule|solo lectura|sola lettura"),
        phases=MAILBOX,
    ),
    Signature(Code.TCP_RESET_EOF, words(r"\bBYE\b"), phases=MAILBOX, needs_phase=True),
    Signature(
        Code.TOO_BIG, words(r"too (?:big|large)\b"), phases=phases(Phase.APPEND), needs_phase=True
    ),
    Signature(
        Code.FOLDER_MISSING,
        words(r"\bNO\b"),
        phases=phases(Phase.SELECT, Phase.APPEND),
        needs_phase=True,
    ),
)
"""Signed in at IMAP."""

PHASES: Final = (
    Signature(
        Code.CLIENT_PROTOCOL,
        words(_BAD_COMMAND),
        phases=TRANSACTION,
        protocol=SMTP,
    ),
    # Whatever command is named beside it
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"\b(?:bad|out of|wrong|incorrect|improper|invalid) .{0,16}(?:sequence|order)\b",
            r"\balready (?:given|specified|issued|started|set|been given)",
        ),
        protocol=SMTP,
        phases=SESSION,
        reply_codes=codes(503),
    ),
    # A loop does not end by itself
    Signature(
        Code.SERVER_TEMPORARY,
        words(
            r"\bhop count|too many (?:hops|received)|\bloops?\b.{0,24}(?:detect|back|possible)"
            r"|(?:mail|forwarding|routing|possible|message) loop|mail ?schleife|boucle|bucle"
        ),
        phases=SESSION,
        retryable=False,
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    *TOPICS_SPOKEN,
    *TOPICS,
    *STATUS,
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"bad sequence|nested mail|command (?:not |un)\s?(?:recogni|implement|known)",
            r"unrecogni[sz]ed command|syntax error|bad syntax|out of (?:order|sequence)",
            r"unexpected (?:command|argument)",
            r"improper (?:use of )?(?:smtp )?(?:command )?pipelining",
            r"(?:mail|rcpt|data) (?:command )?(?:first|before|expected)",
            r"(?<![\w.])50[01] (?:5\.5\.\d )?(?:error: )?syntax: (?:mail|rcpt|data)",
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
