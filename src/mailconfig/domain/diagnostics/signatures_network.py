"""Signatures of names, routes and connections: what system libraries say, in any language.

Numbers are of Linux, macOS and Windows (errno.h, winsock2.h, netdb.h); names are of POSIX, Node,
Java, Go, .NET and curl. The sentences of the systems' own translations stand beside them.
"""

from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as said
from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    MAILBOX,
    OAUTH,
    OPENING,
    SMTP,
    TLS_PORTS,
    Signature,
    families,
    phases,
    words,
)
from mailconfig.domain.diagnostics.signatures_names import NAMES, QUIET, REPLY
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CONNECTION,
    CUT,
    NO_ANSWER,
    REFUSED,
    TIMED_OUT,
    near,
)

_SILENCE: Final = r"\[EOF\]|response: ?(?:-1|$|null|\"\"|'')|empty (?:greeting|response|reply)"
"""No line came at all (JavaMail writes -1 or [EOF])."""
_REFUSED_LOGIN: Final = (
    r"AUTHENTICATION ?FAILED\]|AUTHORIZATIONFAILED|(?-i:\bNO) (?:\[\w+\] )?.{0,24}"
    r"(?:log-?in|auth\w*) .{0,16}(?:fail|denied|reject|incorrect)"
    r"|\b(?:log-?in|logon|authentication) (?:was |has been )?(?:denied|rejected|refused|incorrect)"
    r"|(?:bad|wrong|incorrect|invalid) (?:user ?name|password|credential)"
    r"|\(auth\w* failed"
)
"""A connection that is cut after this was cut because of it."""
_REFUSED: Final = words(
    r"0x800CCC0E|0x(?:8007)?274D|CannotConnectToHost",  # Outlook, Windows, CFNetwork
    near(CONNECTION, REFUSED, 90),
    r"ECONNREFUSED|WSAECONNREFUSED|errno (?:111|61)\b|\b10061\b|os error (?:111|61)\b",
    r"connection (?:was )?refused|connect refused|refused the connection|\(111\)",
    r"actively refused|nothing is listening",
    r"verbindungsaufbau abgelehnt|verbindung (?:wurde )?(?:abgelehnt|verweigert)",
    r"connexion refus|conexi[oó]n (?:rehusada|rechazada|denegada)|connessione rifiutata",
    r"conex[aã]o recusada|в соединении отказано|拒绝连接|积极拒绝|连接被拒绝|接続を拒否",
    r"verbinding (?:is )?geweigerd|połączenie odrzucone|anslutningen vägrad|denegó expresamente",
)
_TIMEOUT: Final = words(
    r"0x800CCC19|0x8004210[89AB]|0x(?:8007)?274C",  # Outlook, Windows
    r"\bE?TIMED?OUT\b|errno (?:110|60)\b|\b10060\b|os error (?:110|60)\b|\(110\)",
    # settings that are told beside an error ("timeout=60") are none
    r"timed[ -]?out|time-?out(?:error|exception)?\b(?! ?[=:-]+>? ?-?\d| -\d)"
    r"|deadline (?:exceeded|has elapsed)|took too long|no (?:answer|response) from",
    r"did not (?:properly )?respond|greeting never received|failed to respond",
    r"zeitüberschreitung|hat nicht (?:rechtzeitig )?(?:geantwortet|reagiert)|délai .{0,20}dépass",
    r"tiempo de espera|tempo (?:limite|scaduto|esgotado)|tempo de .{0,20}esgot|истекло время",
    r"превышен.{0,24}(?:время|ожидани)|超时|逾時|タイムアウト|przekroczono (?:limit )?czas",
    r"temps d'attente|délai d'attente",
)
_CUT: Final = words(
    r"0x800CCC0F|0x(?:8007)?274[56]|NetworkConnectionLost",  # Outlook, Windows, CFNetwork
    near(CONNECTION, CUT, 60),
    r"disconnected (?:before|while|during|unexpectedly)|hung up|\bECONN(?:CLOSED)?\b",
    r"ECONNRESET|EPIPE|ECONNABORTED|errno (?:104|54|32)\b|\b1005[34]\b|os error (?:104|54|32)\b",
    r"connection (?:was |has been |is )?(?:reset|aborted|lost|dropped|terminated|interrupted"
    r"|broken|dead)",
    r"\[CLOSED\]|socket (?:error|exception|(?:is |was )?closed)|\bread (?:returned )?(?:0|zero)\b",
    r"(?:unexpectedly|prematurely|forcibly) (?:closed|disconnected)|closed unexpectedly",
    r"(?:closed|terminated|dropped|lost) (?:the )?connection|socket hang up"
    r"|broken pipe|terminated the handshake",
    r"connection (?:was |is |has been )?closed|server (?:has )?disconnected"
    r"|closed by (?!(?:the |an? )?(?:admin|owner|user))",
    # GnuTLS, SecureTransport, Ruby, Windows, BSD
    r"non-properly terminated|error in the (?:pull|push) function|-98(?:05|06|16)\b"
    r"|SYSCALL returned|network name is no longer|caused connection abort",
    r"\bEOF\b|end of file|end of stream|lost connection|unexpected (?:socket|end|ssl connection)",
    r"SSL_ERROR_SYSCALL|SSL_ERROR_ZERO_RETURN|not (?:be )?read (?:the )?greeting",
    r"(?:failed|unable) to read (?:the )?(?:\w+ ){0,3}greeting",
    r"empty (?:startup )?(?:greeting|reply)",
    _SILENCE,
    r"reset by peer|closed by (?:the )?(?:foreign|remote|peer)|handshake eof",
    r"disconnected (?:from|by) (?:the )?server|remote (?:host|party|side) (?:has )?closed",
    r"verbindung .{0,30}(?:zurückgesetzt|unterbrochen|geschlossen|getrennt|abgebrochen)",
    r"connexion .{0,30}(?:réinitialisée|interrompue|fermée|perdue)",
    r"соединение (?:разорвано|сброшено)",
    r"conexi[oó]n .{0,30}(?:restablecida|reiniciada|interrumpida|cerrada)"
    r"|连接.{0,6}(?:重置|关闭|断开)",
    r"connessione .{0,30}(?:interrotta|chiusa|reimpostata)",
    r"conex[aã]o .{0,30}(?:redefinida|fechada)",
)
_NO_ROUTE: Final = words(
    r"network (?:is )?unreachable|\bE(?:NET|HOST)UNREACH\b|no route to host|host is unreachable",
    r"errno (?:101|113|51|65)\b|os error (?:101|113|51|65)\b|\b100(?:51|65)\b",
    r"cannot assign requested address|EADDRNOTAVAIL|EAFNOSUPPORT|address family not supported",
    r"unreachable network|(?:protocol|address) family (?:is )?(?:unavail|not supp|unsupp)"
    r"|EPFNOSUPPORT|incompatible with the requested protocol|\b10047\b",
    r"netzwerk ist nicht erreichbar|keine route zum|réseau .{0,20}inaccessible|no hay ruta",
    near(
        r"(?:netz|netwerk|réseau|\bred\b|\brete\b|\brede\b|sieć|síť|nätverk|nettverk|netværk|\bağ\b"
        r"|сеть|网络|網路|ネットワーク|네트워크)",
        r"(?:onbereikbaar|nicht (?:erreichbar|verfügbar)|unerreichbar|inacces|non raggiung|inacess"
        r"|nieosiągaln|nedosažit|inte (?:att )?nå|ikke (?:tilgjeng|nås)|ula[sş].lam|недоступн"
        r"|不可达|無法(?:連|到)|到達(?:でき|不能)|연결할 수 없)",
        24,
    ),
    said.NETWORK_UNREACHABLE,
    said.NO_WAY,
    r"la red es inaccesible|rete non raggiungibile|rede (?:está )?inacess"
    r"|сеть недоступна|网络不可达",
)
_IPV6: Final = (
    r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}"
    r"|(?<!\w)[0-9a-f]{0,4}::(?!ffff:\d)[0-9a-f]{1,4}"
)
"""An IPv6 address; two colons alone may be a time of day."""
_IPV4: Final = r"(?<![\d.:])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)"

NETWORK: Final = (
    *NAMES,
    # A route of IPv6 only: an IPv6 address is named, or no IPv4 address at all
    Signature(
        Code.TCP_TIMEOUT,
        words(
            _IPV4 + r".{0,80}(?:unreachable|no route|unreach|timed out)",
            near(_IPV4, rf"(?:{_NO_ROUTE.pattern})", 80),
        ),
        words(
            r"\[[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]*\].{0,60}(?:unreachable|no route)",
            r"(?:unreachable|no route).{0,60}\[[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]*\]",
            # the next address did it
            rf"(?:\bconnected (?:to|via)|established|fall\w* back to)\b.{{0,60}}{_IPV4}",
        ),
        phases=OPENING,
    ),
    Signature(
        Code.TCP_TIMEOUT,
        words(r"no route to host|EHOSTUNREACH|errno (?:113|65)\b|\b10065\b", said.NO_WAY),
        words(_IPV6),
        phases=OPENING,
    ),
    Signature(Code.IPV6_BROKEN, _NO_ROUTE),
    # A server that listens beyond doubt: something between refuses
    Signature(
        Code.TCP_REFUSED,
        _REFUSED,
        families=families(*Family),
        ports=frozenset({25}),
        receiving=True,
        phases=phases(Phase.CONNECT),
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    Signature(Code.TCP_REFUSED, _REFUSED, phases=QUIET, without=words(REPLY, r"(?:^|\* )BYE\b")),
    # What curl and CFNetwork call it; they name other reasons behind
    Signature(
        Code.TCP_REFUSED,
        words(
            r"(?:couldn't|could not) connect to (?:the )?server\b"
            r"(?!.{0,90}(?:tim|unreach|reset|route|ssl|tls|cert|resol))"
        ),
        phases=phases(Phase.CONNECT),
        needs_phase=True,
        without=words(_TIMEOUT.pattern, _CUT.pattern, _NO_ROUTE.pattern),
    ),
    # The server waits for TLS and says nothing, or hangs up, while the client waits for its line
    Signature(
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        words(_TIMEOUT.pattern, TIMED_OUT, NO_ANSWER, _CUT.pattern),
        phases=phases(Phase.GREETING, Phase.CONNECT, Phase.STARTTLS, Phase.EHLO),
        ports=TLS_PORTS,
        protected=False,
        without=words(r"connect(?:ion)? (?:to \S+ )?(?:timed ?out|timeout|ETIMEDOUT)"),
    ),
    # Outlook cuts a session whose token ran out, in the midst of work
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        _CUT,
        protocol=IMAP,
        phases=MAILBOX,
        families=families(Family.MICROSOFT),
    ),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(_TIMEOUT.pattern, _CUT.pattern, _REFUSED.pattern),
        phases=OAUTH,
        needs_phase=True,
    ),
    # Microsoft does not listen on 465, so that another port is the cure
    Signature(
        Code.TCP_TIMEOUT,
        words(_TIMEOUT.pattern, NO_ANSWER),
        families=families(Family.MICROSOFT),
        ports=frozenset({465}),
        phases=phases(Phase.CONNECT),
        fixable_by=FixableBy.USER,
    ),
    # The server says goodbye to a client that was quiet (RFC 9051, section 5.4)
    Signature(
        Code.TCP_RESET_EOF,
        words(r"(?:^|\* )BYE\b.{0,80}(?:timed? ?out|\bidle|inactiv)"),
        phases=MAILBOX,
        needs_phase=True,
    ),
    # ETIMEDOUT by number or in the system's words, which also speak of a connection that broke
    Signature(
        Code.TCP_TIMEOUT,
        words(r"\b10060\b|0x(?:8007)?274C", NO_ANSWER),
        phases=phases(Phase.CONNECT),
        needs_phase=True,
        without=words(REPLY, r"ECONNRESET|\b1005[34]\b"),
    ),
    Signature(
        Code.TCP_TIMEOUT,
        _TIMEOUT,
        without=words(
            REPLY, _CUT.pattern, _REFUSED_LOGIN, r"\[(?:INUSE|IN-USE|UNAVAILABLE|SERVERBUG)\]"
        ),
    ),
    Signature(
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        words(r"http request was sent to .{0,12}tls port", r"expecting tls|empty startup greeting"),
        ports=TLS_PORTS,
        protected=False,
    ),
    Signature(Code.TCP_RESET_EOF, _CUT, without=words(REPLY, _REFUSED_LOGIN)),
    Signature(Code.TCP_TIMEOUT, _TIMEOUT, phases=OPENING),
    Signature(
        Code.TCP_TIMEOUT,
        words(TIMED_OUT, NO_ANSWER),
        phases=OPENING | {Phase.EHLO, Phase.CAPABILITY, Phase.STARTTLS},
        needs_phase=True,
        without=words(REPLY),
    ),
)
"""Rows in order of precedence, looked at after those of TLS."""

BANNERS: Final = (
    # The banner of another operator's mail server in the place of a well-known one's
    Signature(
        Code.SMTP_INTERCEPTED,
        words(
            r"(?<![\w.])220[ -]\S+.{0,80}(?:exim|postfix|sendmail|qmail)",
            r"we do not authorize the use of this system|secureserver\.net|hostgator|bluehost",
        ),
        phases=OPENING | {Phase.EHLO, Phase.STARTTLS, Phase.AUTH},
        families=families(*Family) - {Family.MAILRU, Family.SERVICE},
        receiving=False,
    ),
)
"""What decides wherever it stands in a conversation, because all that follows is another's."""

GREETINGS: Final = (
    # Another protocol's first line on the port (RFC 9051, 1939, 5321, 9112, 4253)
    Signature(
        Code.WRONG_PROTOCOL,
        words(
            r"\* (?:ok|preauth|bye)\b.{0,40}(?:imap|dovecot|capability|courier|cyrus)",
            r"\[capability imap4|\bimap4rev1\b.{0,200}\b(?:ready|logindisabled)|\+ok\b",
            r"(?<!\w)-err\b|\bpop3?\b.{0,20}(?:ready|server)|http/[12](?:\.\d)? \d{3}|ssh-[12]\."
            r"|<html|<!doctype",
            r"(?:mysql|mariadb|ftp).{0,20}(?:server|ready)|server: (?:nginx|apache)",
        ),
        protocol=SMTP,
        phases=phases(Phase.CONNECT, Phase.GREETING, Phase.EHLO),
    ),
    Signature(
        Code.WRONG_PROTOCOL,
        words(
            r"(?<!\w)-err\b|(?<![\w.])220[ -]\S+.{0,80}(?:e?smtp|mail)|\besmtp\b|\+ok\b"
            r"|http/[12](?:\.\d)? \d{3}",
            r"ssh-[12]\.|<html|<!doctype|^\W{0,3}220[ -](?!ms|sec)",
            r"(?<![\w.])(?:220|500|502)[ -].{0,60}(?:smtp|unrecogni|ehlo)",
        ),
        protocol=IMAP,
        phases=phases(Phase.CONNECT, Phase.GREETING, Phase.CAPABILITY),
    ),
    Signature(
        Code.WRONG_PROTOCOL,
        words(
            r"(?:invalid|unexpected|unknown|bad|wrong|unrecogni[sz]ed|malformed) (?:\w+ ){0,2}"
            r"(?:greeting|banner|welcome)|greeting (?:is )?(?:invalid|not understood|unexpected)",
            r"not an? (?:imap|smtp|e?smtp|mail) server",
            r"unexpected (?:first|server) (?:line|response)",
        ),
        phases=phases(Phase.CONNECT, Phase.GREETING),
        without=words(r"\* bye\b", REPLY, _SILENCE),
    ),
    *BANNERS,
)
"""First lines that are not of the protocol."""
