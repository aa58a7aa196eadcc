"""Signatures of names and of our own service: what resolvers say, and what never left our machine.

Numbers are of Linux, macOS and Windows (netdb.h, winsock2.h); names are of POSIX, Node, Java, Go,
.NET and curl. Later in a conversation a name is somebody's domain, so no row holds there.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    OAUTH,
    OPENING,
    Signature,
    phases,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    FAILED,
    NONE,
    OFF,
    REFUSED,
    TEMPORARY,
    UNKNOWN,
    WRONG,
    near,
)
from mailconfig.domain.diagnostics.vocabulary_languages import LOCAL_ACCESS, VIOLATES

_HOST: Final = (
    r"(?:\bhost|\bname\b|\bnom\b|nombre|\bnome\b|naam|nazwa|dienst|server|serveur|servidor|sunucu"
    r"|domain|dom[eéí]n|\bjméno|služb|hostitel|\bad\b|hizmet|ana bilgisayar|\bnamn|tjänst|värd"
    r"|\bnavn|tjenest|\bvært|\bvert\b|\bnimi\b|palvel|isän|\bnév\b|szolgáltat|állomás|gazdagép"
    r"|\bnume\b|servici|gazd[aă]|όνομα|υπηρεσ|κεντρικ|διακομιστ|назв|служб|вузол|الاسم|المضيف"
    r"|الخادم|השם|השירות|המארח|השרת|이름|名稱|這台主機|名前|хост|имя|сервер|домен|主机|主機|域名|名称|服务器|ホスト|サーバ|호스트|서버)"
)
"""What a resolver looks for."""

_NAME_NOT_FOUND: Final = words(
    r"0x800CCC0D|0x(?:8007)?2AF9|CannotFindHost",  # Outlook, Windows in hexadecimal, CFNetwork
    r"name or service not known",  # glibc
    r"(?:getaddresses|gethostbyname\w*|getaddrinfo|getnameinfo|res_n?search)\b.{0,12}(?:fail"
    r"|error)",
    r"name does not resolve|name[_ ]not[_ ]resolved",  # musl, Chromium
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
    r"알려진 호스트가 없|onbekende host",
    r"naam of dienst is niet bekend|nieznana nazwa lub usługa|nieznany host",
)
_INSIDE: Final = (
    r"(?:(?:privat|priv[ée]|intern|lokal|lokaal|loka|reserv|gereserv|wewn|pryw|soukrom|vnitřn|özel)"
    r"\w* (?:ip|adress?|adres|netz|netwerk|bereich|nät|ağ|sieci?|síť)|adresses? (?:ip )?(?:privée"
    r"|interne"
    r"|locale)|direcci[oó]n(?:es)? (?:ip )?(?:privad|intern|local)|indirizz\w (?:ip )?(?:privat"
    r"|intern)"
    r"|endere[cç]os? (?:ip )?(?:privad|intern)|внутренн\w+ (?:адрес|сет)|локальн\w+ адрес"
    r"|(?:adres|sie[cć]i?\b|sít|адрес|сет[ьи]|réseau|\bred\b|\brete\b|\brede\b)\w*.{1,8}"
    r"(?:prywat|wewn|privé|privad|privat|intern|lokal|local|soukrom|частн|внутренн|локальн)"
    r"|内网|内部(?:地址|网络|アドレス)|私有地址|プライベート ?(?:ip|アドレス)|사설)"
)
_PROHIBITED: Final = (
    r"prohibit|forbid|disallow|not (?:\w+ )?(?:allowed|permitted)|deny|denied by|den(?:y|ied) ?list"
    r"|refus\w+ to|\bblocked\b|block ?list|not (?:be )?connect to"
)
"""What a rule does, and no machine that refuses a connection."""
_CHARACTERS: Final = (
    r"(?:zeichen|caract[eè]r|caratter|\bznak|\bteken|символ|字符|文字|tecken|tegn|karakter)"
)
_NAME_LOOKUP: Final = (
    r"(?:resol|r[eé]sol|auflös|risoluz|resolu[çc]|naamsherleid|naamomzet|rozwiązyw|namnupp"
    r"|navneoppsl|navneopsl|překlad|çözümle|разрешен|解析|名前解決|이름 (?:해석|확인)|dns)"
)
"""To look a name up, as the systems' translations call it."""
_DATA: Final = (
    r"(?:\bdata\b|daten\b|donnée|\bdatos|\bdati\b|\bdados|danych|gegevens|данны|資料|数据|データ"
    r"|데이터)"
)
_KIND: Final = r"(?:\btype\b|\btyps?\b|\btipo\b|\btypu\b|\bтип|類型|类型|種類|종류|형식)"
"""With `_DATA`: what Windows says where a name has no record of the kind (WSANO_DATA)."""
_UNABLE: Final = (
    r"(?:\bnot\b|n't\b|nicht\b|unable|cannot|imposs|ne peut|no se p|non è stato|não foi|\bniet\b"
    r"|nie mo[żg]"
    r"|nelze|не удал|无法|できま|할 수 없)"
)
_DECRYPT: Final = (
    r"(?:decrypt|decipher|entschlüssel|déchiffr|descifr|desencript|decifr|descriptograf|ontsleutel"
    r"|odszyfr|dešifr|dekryptér|расшифр|дешифр|解密|復号|복호)"
)
_PRIVATE: Final = (
    r"(?<![\d.])(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}(?![\d.])"
)
"""An address of a private network or of the machine itself (RFC 6890)."""
REPLY: Final = (
    r"(?<![\w.:@/])[45][0-57]\d[ -](?!port|after|ms\b|sec)|(?<![\w.])[45]\.\d\.\d{1,3}(?![\w.])"
)
"""An SMTP reply: the server spoke, so that its own words count."""

QUIET: Final = OPENING | {Phase.CONFIG, Phase.STARTTLS, Phase.AUTH, Phase.CAPABILITY}
"""Where no reply speaks of other hosts; later on, "host not found" is about somebody's domain."""

NAMES: Final = (
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
            r"(?:not (?:allowed|permitted)|blocked|forbidden|refus\w+|denied|disallow\w*"
            r"|prohibit\w*)"
            r".{0,80}(?:private|loopback|internal|reserved|link-local|non-public|local)[ -]?"
            r"(?:ip|address|network|host|range|destination|target)",
            near(_INSIDE, rf"(?:{REFUSED}|{OFF})", 90),
            near(LOCAL_ACCESS, VIOLATES, 50),
            r"(?:violat|not (?:allowed|permitted) by|den(?:y|ied) by|reject\w* by|block\w* by)\w*"
            r" (?:\w+ ){0,3}(?:access|egress|network|address) (?:rule|polic|guard|filter)",
            r"resolved (?:ip|address)\w* .{0,24}(?:disallow|block|forbid|denied|not allowed)",
            near(r"\brfc ?(?:1918|4193|6890|5735)\b", rf"(?:{REFUSED}|{OFF}|denied|block)", 120),
        ),
    ),
    Signature(
        Code.EGRESS_BLOCKED,
        words(
            r"(?:local|private|internal) access rules?",
            r"(?:not|no) (?:an? )?(?:public|globally|publicly)[ -]?(?:rout|reach|ip\b|address)",
            r"(?:address|host|destination|target)\w* (?:is|are|lies) (?:\w+ )?(?:internal|private"
            r"|loopback|link-local|reserved|non-public)",
            near(
                rf"(?:{_PRIVATE}|\blocalhost\b|\bloopback\b|local network)",
                rf"(?:{_PROHIBITED})",
                60,
            ),
        ),
        phases=OPENING | {Phase.CONFIG},
        without=words(REPLY, r"(?:^|\* )BYE\b|(?:connections?|client|host) (?:from )?\[?\d"),
    ),
    # An inner address that a program will not call; a server would have refused with a code
    Signature(
        Code.EGRESS_BLOCKED,
        words(
            near(
                _PRIVATE, r"(?:block|prohibit|disallow|forbid|denied|not (?:an? )?(?:allow|permit))"
            )
        ),
        phases=OPENING | {Phase.CONFIG},
        without=words(REPLY, r"firewall|\blist|\bbann?ed|spam|(?:permission|operation)"),
    ),
    # Encryption at rest: MAC or padding refused, key exchanged (Laravel, Fernet, OpenSSL, AES-GCM)
    Signature(
        Code.SECRET_UNREADABLE,
        words(
            r"the mac is invalid|decrypt(?:ion|ing)?\b.{0,40}(?:fail|error|invalid|could not)",
            r"(?:fail|error|could not|cannot|unable)\w*\b.{0,30}\bdecrypt|bad decrypt",
            r"InvalidTag\b|fernet.{0,30}invalidtoken|cryptography\.fernet|payload is invalid",
            r"\bhmac\b.{0,30}(?:match|invalid|fail|wrong|differ)|cipher ?text.{0,40}(?:not|n't"
            r"|invalid|fail)",
            r"(?:encryption|decryption|secret|app|fernet|master)[ _-]?key\b.{0,40}(?:changed|wrong"
            r"|invalid"
            r"|mismatch|not found|missing|incorrect|rotat|differ|does not match)",
            r"(?:secret|password|credential)s?\b.{0,30}(?:not|n't|un|failed to"
            r"|cannot) ?(?:be )?decrypt",
            r"(?:wrong|bad|invalid|incorrect) (?:padding|decrypt|tag\b|mac\b|cipher"
            r"|encryption key)",
            near(_DECRYPT, rf"(?:{FAILED}|{WRONG}|{_UNABLE})", 50),
            r"(?:malformed|corrupt\w*|damaged|unreadable|unmarshal\w*|garbled) .{0,16}(?:secret"
            r"|credential|vault"
            r"|key ?(?:store|ring|chain))",
            r"(?:secret|credential|vault|key ?(?:store|ring|chain))s?\b.{0,24}(?:malformed|corrupt"
            r"|damaged"
            r"|unreadable|locked|unlock)",
            # classes of .NET, PyNaCl, Ruby, Laravel, libsodium, Windows
            r"CryptographicException|ProtectedData|CryptUnprotectData|NTE_BAD_|0x8009000B"
            r"|nacl\.exceptions|CipherError|DecryptException|secretbox|KeyStoreException",
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
    # Perl calls a name bad that is not found
    Signature(
        Code.DNS_NXDOMAIN,
        words(r"bad host ?name:? ['\"]?[a-z0-9-]+(?:\.[a-z0-9-]+)+['\"]?(?![\w.:/@])"),
        phases=OPENING,
    ),
    # Names that are none
    Signature(
        Code.HOST_SYNTAX,
        words(
            r"missing port in address|invalid socket address|(?:invalid|not a valid) dns ?name",
            r"\blabel (?:is |was )?(?:empty|>|too)|BAD_PORT|\b6553[56]\b",
            r"unable to find the socket transport|getaddrinfo for [^\s\"']*[@/]",
            near(_HOST, _CHARACTERS, 40),
            r"(?:host|server) ?name .{0,16}(?:not|n't|cannot) (?:contain|include|have"
            r"|end|begin|start)",
            r"label empty or too long|label too long|'idna' codec|idna.{0,20}(?:failed|invalid)",
            r"(?:ENOTFOUND|EAI_AGAIN|lookup|resolve(?: host)?:?) [\"']?(?:\w+://|[^\s\"']+[@/])",
            r"invalid (?:host ?name|url|uri|server name)|illegal character in (?:authority|host)",
            r"host ?name .{0,40}(?:invalid|contains|illegal|malformed)|too many colons in address",
            r"(?:lookup|ENOTFOUND) [\w.-]+:\d{2,4}\b(?!->)(?: on|:|$)|not a valid host ?name",
            r"\bport\b.{0,40}(?:integer|not a (?:valid )?number|out of range|0-65535)",
            r"(?:\bto|\bhost) ['\"]?:\d{1,5}\b|host ?name (?:is )?(?:empty|missing|null)"
            r"|(?:empty|missing|no) host ?name",
            r"(?:no|not a) (?:valid |legal )?(?:host ?name|server ?name)",
            rf"\b(?:host|server)[ -]?(?:name)?\w{{0,2}}\b.{{0,12}}(?:{WRONG})"
            rf"|(?:{WRONG})\w* (?:host|server)[ -]?name",
            rf"(?:nom d'h[oô]te|nombre (?:de|del) (?:host|servidor)|nome (?:host|do servidor"
            rf"|del server)|имя хоста"
            rf"|主机名|ホスト名).{{0,16}}{WRONG}",
            rf"(?:{WRONG})\w* (?:nazw\w|имя) (?:hosta|serwera|хоста|сервера)|недопустим\w+ имя",
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
            r"host not found,? try again|getaddrinfo\b.{0,90}: ?try again",
            r"host ?name lookup failure",
            r"query(?:A{1,4}|mx|srv|txt)\w* E(?:TIMEOUT|SERVFAIL|CONNREF)",
            r"lookup \S+.{0,80}(?:i/o timeout|connection refused|deadline exceeded|timed? ?out)",
            r"(?:dns|resolution|resolver|name ?server).{0,60}(?:timed? ?out|lifetime|unreachable"
            r"|did not answer|not respond|failed temporar)",
            r"could not contact (?:any )?dns|lookup.{0,60}try again|dns (?:is )?(?:down"
            r"|unavailable)",
            r"nonameservers|resolv\w+ .{0,20}timed out",
            near(TEMPORARY, _NAME_LOOKUP, 30),
        ),
        phases=QUIET | OAUTH,
        without=words(REPLY),
    ),
    Signature(
        Code.DNS_NO_ADDRESS,
        words(
            r"no address associated|EAI_NODATA|EAI_ADDRFAMILY|WSANO_DATA|\b11004\b|\[errno -5\]",
            r"\bENODATA\b|no (?:A|AAAA|MX|address)(?: or \w+)? records?\b|noanswer\b",
            r"valid name,? (?:but )?no (?:data|address)|does not contain an answer|\bnullmx\b",
            r"no (?:usable|ip) address|address family for hostname not supported|null mx",
            r"zu diesem hostnamen gehört keine adresse|aucune adresse associée",
            r"no records? found|NOERROR.{0,40}ANSWER: 0\b|не связан\w*.{0,16}адрес",
            rf"{NONE} (?:ip-?)?(?:adress|direcci|indirizz|endere|adres|адрес|地址)",
            rf"{NONE}.{{0,12}}\b(?:A|AAAA|MX)\b.{{0,24}}(?:record|eintr|enregistr|registr|rekord|запис"
            r"|记录|記錄)",
        ),
        phases=QUIET | OAUTH,
    ),
    Signature(
        Code.DNS_NO_ADDRESS,
        words(near(_DATA, _KIND, 24)),
        phases=phases(Phase.DNS, Phase.CONNECT),
        needs_phase=True,
    ),
    Signature(Code.DNS_NXDOMAIN, _NAME_NOT_FOUND, phases=QUIET | OAUTH),
    Signature(
        Code.DNS_NXDOMAIN,
        words(near(_HOST, UNKNOWN, 30)),
        phases=phases(Phase.DNS, Phase.CONNECT),
        needs_phase=True,
        without=words(REPLY),
    ),
    # A delivery report about the next host: "Host or domain name not found. Name service error"
    Signature(
        Code.DNS_NXDOMAIN, words(r"name service error for name=\S+ type=\S+: host not found")
    ),
)
"""Rows in order of precedence, looked at before those of connections."""
