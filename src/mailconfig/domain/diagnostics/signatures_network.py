"""Signatures of names, routes and connections: what system libraries say, in any language.

Numbers are of Linux, macOS and Windows (errno.h, winsock2.h, netdb.h); names are of POSIX, Node,
Java, Go, .NET and curl. The sentences of the systems' own translations stand beside them.
"""

from typing import Final

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
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CONNECTION,
    CUT,
    REFUSED,
    TEMPORARY,
    TIMED_OUT,
    UNKNOWN,
    near,
)

_HOST: Final = (
    r"(?:\bhost|\bname\b|\bnom\b|nombre|\bnome\b|naam|nazwa|dienst|server|serveur|servidor|sunucu"
    r"|domain|dom[eéí]n|хост|имя|сервер|домен|主机|主機|域名|名称|服务器|ホスト|サーバ|호스트|서버)"
)
"""What a resolver looks for."""

_SILENCE: Final = r"\[EOF\]|response: ?(?:-1|$|null|\"\"|'')|empty (?:greeting|response|reply)"
"""No line came at all (JavaMail writes -1 or [EOF])."""
_REFUSED_LOGIN: Final = (
    r"AUTHENTICATION ?FAILED\]|AUTHORIZATIONFAILED|(?-i:\bNO) (?:\[\w+\] )?.{0,24}(?:log-?in|auth\w*)"
    r" .{0,16}(?:fail|denied|reject|incorrect)"
)
"""A connection that is cut after this was cut because of it."""
_NAME_NOT_FOUND: Final = words(
    r"0x800CCC0D|0x(?:8007)?2AF9|CannotFindHost",  # Outlook, Windows in hexadecimal, CFNetwork
    r"name or service not known",  # glibc
    r"(?:getaddresses|gethostbyname\w*|getaddrinfo|getnameinfo|res_n?search)\b.{0,12}(?:fail|error)",
    r"name does not resolve",  # musl
    r"nodename nor servname",  # macOS
    r"\bENOTFOUND\b|\bNXDOMAIN\b|EAI_NONAME|WSAHOST_NOT_FOUND|\b11001\b",
    r"\[errno (?:-2|8)\]|gaierror.{0,6}-2\b",
    r"no such host|unknown ?host|host (?:is )?unknown|could not resolve host|couldn't resolve host",
    r"host(?: or domain)?(?: name)? not found|cannot find (?:the )?host|getaddrinfo failed",
    r"could not be resolved|cannot resolve|unable to resolve|failed to (?:resolve|lookup)",
    r"remote name could not be resolved",  # .NET
    r"host ist unbekannt|dienst nicht bekannt|name nicht gefunden|konnte nicht aufgel",
    r"nom ou service inconnu|h[oô]te inconnu|nom de serveur introuvable|pu être résolu",
    r"nombre o servicio desconocido|host desconocido|nome o servizio sconosciuto|host sconosciuto",
    r"nome ou servi[cç]o desconhecido|não foi possível resolver|имя или служба не известны",
    r"этот хост неизвестен|未知的名称或服务|不知道这样的主机|无法解析|名前またはサービスが不明",
    r"onbekende host|naam of dienst is niet bekend|nieznana nazwa lub usługa|nieznany host",
)
_REFUSED: Final = words(
    r"0x800CCC0E|0x(?:8007)?274D|CannotConnectToHost",  # Outlook, Windows, CFNetwork
    near(CONNECTION, REFUSED, 60),
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
    r"connection (?:was |has been )?(?:reset|aborted|lost|dropped|terminated|interrupted)",
    r"(?:unexpectedly|prematurely|forcibly) (?:closed|disconnected)|closed unexpectedly",
    r"(?:closed|terminated|dropped|lost) (?:the )?connection|socket hang up"
    r"|broken pipe|terminated the handshake",
    r"connection (?:was |is |has been )?closed|server (?:has )?disconnected|closed by (?:the )?",
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
    r"netzwerk ist nicht erreichbar|keine route zum|réseau .{0,20}inaccessible|no hay ruta",
    r"la red es inaccesible|rete non raggiungibile|rede (?:está )?inacess"
    r"|сеть недоступна|网络不可达",
)
_IPV6: Final = r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|(?<!\w)[0-9a-f]{0,4}::[0-9a-f]{1,4}"
"""An IPv6 address; two colons alone may be a time of day."""
_IPV4: Final = r"(?<![\d.:])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"

_REPLY: Final = r"(?<![\w.:@/])[45][0-57]\d[ -](?!port|after|ms\b|sec)"
"""An SMTP reply: the server spoke, so that its own words count."""

_TRANSACTION_QUIET: Final = OPENING | {Phase.CONFIG, Phase.STARTTLS, Phase.AUTH, Phase.CAPABILITY}
"""Where no reply speaks of other hosts; later on, "host not found" is about somebody's domain."""

NETWORK: Final = (
    # Our own guard, and that of other web applications
    Signature(
        Code.EGRESS_BLOCKED,
        words(
            r"(?:private|loopback|internal|reserved|link-local|non-public"
            r"|local)\b.{0,30}\b(?:address|ip|network|host|range)s?\b.{0,60}(?:not allowed"
            r"|blocked|forbidden|denied)",
            r"(?:resolves?|points?|refers?) to (?:a |an )?(?:\w+[ ,/]+){0,3}"
            r"(?:private|loopback|internal|reserved|local|non-public)",
            r"\bssrf\b|blocked by (?:our |the )?egress|egress (?:policy|denied|blocked)",
            r"(?:not allowed|blocked|forbidden|refusing).{0,40}(?:private|loopback|internal"
            r"|reserved) (?:ip|address|network|host)",
        ),
    ),
    # Encryption at rest: MAC or padding refused, key exchanged (Laravel, Fernet, OpenSSL, AES-GCM)
    Signature(
        Code.SECRET_UNREADABLE,
        words(
            r"the mac is invalid|decrypt(?:ion|ing)?\b.{0,40}(?:fail|error|invalid|could not)",
            r"(?:fail|error|could not|cannot|unable)\w*\b.{0,30}\bdecrypt|bad decrypt",
            r"InvalidTag\b|fernet.{0,30}invalidtoken|cryptography\.fernet|payload is invalid",
            r"AEADBadTag|BadPadding|tag mismatch|unable to authenticate data|mac check failed",
            r"message authentication failed.{0,40}cipher|entschlüssel\w* .{0,30}(?:fehl|nicht)",
        ),
        phases=phases(Phase.CONFIG, Phase.DISCOVERY, Phase.AUTH, Phase.CONNECT, Phase.TOKEN),
    ),
    # Autoconfiguration that is a web page (SPA fallback, parking page)
    Signature(
        Code.AUTOCONFIG_HTML,
        words(
            r"<!doctype html|</?html|text/html|not (?:well-formed|valid xml)|parser? error",
            r"(?:mismatched|xml) .{0,12}",
            r"xml (?:parse|syntax)|unexpected (?:root|token <|element)|instead of xml",
        ),
        phases=phases(Phase.DISCOVERY),
    ),
    # Names that are none
    Signature(
        Code.HOST_SYNTAX,
        words(
            r"label empty or too long|label too long|'idna' codec|idna.{0,20}(?:failed|invalid)",
            r"(?:ENOTFOUND|EAI_AGAIN|lookup|resolve(?: host)?:?) [\"']?(?:\w+://|[^\s\"']+[@/])",
            r"invalid (?:host ?name|url|uri|server name)|illegal character in (?:authority|host)",
            r"host ?name .{0,40}(?:invalid|contains|illegal|malformed)|too many colons in address",
            r"(?:lookup|ENOTFOUND) [\w.-]+:\d{2,4}\b(?!->)(?: on|:|$)|not a valid host ?name",
            r"\bport\b.{0,40}(?:integer|not a (?:valid )?number|out of range|0-65535)",
            r"hostname could not be parsed|invalid (?:character|label)s? in (?:the )?(?:host"
            r"|domain)",
            r"(?:lookup|ENOTFOUND|resolve(?: host)?:?) [\"']?[\w.-]+[,;]",
            r"connecting to \S+@\S+ (?:on )?port|invalid port|no protocol:|unknown url type",
        ),
        phases=OPENING | {Phase.CONFIG},
    ),
    # Our resolver cannot tell (RFC 1035 SERVFAIL; EAI_AGAIN, EAI_FAIL, WSATRY_AGAIN)
    Signature(
        Code.DNS_TEMPORARY,
        words(
            r"temporary failure in name resolution|temporary .{0,20}(?:dns|resol|lookup)",
            r"EAI_AGAIN|EAI_FAIL|SERVFAIL|WSATRY_AGAIN|WSANO_RECOVERY|\b1100[23]\b",
            r"\[errno (?:-3|-4)\]|non-recoverable failure in name|server misbehaving|try_again",
            r"host not found,? try again",
            r"query(?:A{1,4}|mx|srv|txt)\w* E(?:TIMEOUT|SERVFAIL|CONNREF)",
            r"lookup \S+.{0,80}(?:i/o timeout|connection refused|deadline exceeded|timed? ?out)",
            r"(?:dns|resolution|resolver|name ?server).{0,60}(?:timed? ?out|lifetime|unreachable"
            r"|did not answer|not respond|failed temporar)",
            r"could not contact (?:any )?dns|lookup.{0,60}try again|dns (?:is )?(?:down"
            r"|unavailable)",
            r"nonameservers|resolv\w+ .{0,20}timed out",
            near(TEMPORARY, r"(?:resol|r[eé]sol|auflös|разрешен|解析|名前解決|dns)", 30),
        ),
        phases=_TRANSACTION_QUIET | OAUTH,
        without=words(_REPLY),
    ),
    Signature(
        Code.DNS_NO_ADDRESS,
        words(
            r"no address associated|EAI_NODATA|EAI_ADDRFAMILY|WSANO_DATA|\b11004\b|\[errno -5\]",
            r"\bENODATA\b|no (?:A|AAAA|MX|address)(?: or \w+)? records?\b|noanswer\b",
            r"valid name,? (?:but )?no (?:data|address)|does not contain an answer|\bnullmx\b",
            r"no (?:usable|ip) address|address family for hostname not supported|null mx",
            r"zu diesem hostnamen gehört keine adresse|aucune adresse associée",
        ),
        phases=_TRANSACTION_QUIET | OAUTH,
    ),
    Signature(Code.DNS_NXDOMAIN, _NAME_NOT_FOUND, phases=_TRANSACTION_QUIET | OAUTH),
    Signature(
        Code.DNS_NXDOMAIN,
        words(near(_HOST, UNKNOWN, 30)),
        phases=phases(Phase.DNS, Phase.CONNECT),
        needs_phase=True,
        without=words(_REPLY),
    ),
    # A delivery report about the next host: "Host or domain name not found. Name service error"
    Signature(
        Code.DNS_NXDOMAIN, words(r"name service error for name=\S+ type=\S+: host not found")
    ),
    # A route of IPv6 only: an IPv6 address is named, or no IPv4 address at all
    Signature(
        Code.TCP_TIMEOUT,
        words(_IPV4 + r".{0,80}(?:unreachable|no route|unreach|timed out)"),
        words(r"\[[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]*\].{0,60}(?:unreachable|no route)"),
        phases=OPENING,
    ),
    Signature(
        Code.TCP_TIMEOUT,
        words(r"no route to host|EHOSTUNREACH|errno (?:113|65)\b|\b10065\b"),
        words(_IPV6),
        phases=OPENING,
    ),
    Signature(Code.IPV6_BROKEN, _NO_ROUTE),
    Signature(Code.TCP_REFUSED, _REFUSED, phases=_TRANSACTION_QUIET, without=words(_REPLY)),
    # The server waits for TLS and says nothing, or hangs up, while the client waits for its line
    Signature(
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        words(_TIMEOUT.pattern, TIMED_OUT, _CUT.pattern),
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
        _TIMEOUT,
        families=families(Family.MICROSOFT),
        ports=frozenset({465}),
        phases=phases(Phase.CONNECT),
        fixable_by=FixableBy.USER,
    ),
    Signature(
        Code.TCP_TIMEOUT,
        _TIMEOUT,
        without=words(_REPLY, _CUT.pattern, _REFUSED_LOGIN),
    ),
    Signature(
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        words(r"http request was sent to .{0,12}tls port", r"expecting tls|empty startup greeting"),
        ports=TLS_PORTS,
        protected=False,
    ),
    Signature(Code.TCP_RESET_EOF, _CUT, without=words(_REPLY, _REFUSED_LOGIN)),
    Signature(Code.TCP_TIMEOUT, _TIMEOUT, phases=OPENING),
    Signature(
        Code.TCP_TIMEOUT,
        words(TIMED_OUT),
        phases=OPENING | {Phase.EHLO, Phase.CAPABILITY, Phase.STARTTLS},
        needs_phase=True,
        without=words(_REPLY),
    ),
)
"""Rows in order of precedence, looked at after those of TLS."""

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
            r"ssh-[12]\.|<html|<!doctype",
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
        without=words(r"\* bye\b", _REPLY, _SILENCE),
    ),
    # The banner of another operator's mail server in the place of a well-known one's
    Signature(
        Code.SMTP_INTERCEPTED,
        words(
            r"(?<![\w.])220[ -]\S+.{0,80}(?:exim|postfix|sendmail|qmail)",
            r"we do not authorize the use of this system|secureserver\.net|hostgator|bluehost",
        ),
        phases=OPENING | {Phase.EHLO, Phase.STARTTLS, Phase.AUTH},
        families=families(*Family) - {Family.MAILRU},
        receiving=False,
    ),
)
"""First lines that are not of the protocol."""
