"""Signatures of what a server thinks of the client: greeting name, address, number of connections.

Sources: RFC 5321, section 4.1.4, and the reject texts of Postfix, Exim, Exchange and the large
receivers' postmaster pages. Words beat codes: 450 4.7.1 may be greylisting or a refused name.
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
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CONNECTION,
    LATER,
    MAXIMUM,
    REFUSED,
    TOO_MANY,
    near,
)
from mailconfig.domain.diagnostics.vocabulary import LOGIN as SIGN_IN

_ADDRESS: Final = (
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{1,8}"
)
_LISTED: Final = (
    r"\blist(?:ed|ing)\b|black-?list|block-?list|deny-?list|\bbanned\b"
    r"|\bblocked\b(?! by (?:recipient|user))|gesperrt|blockiert"
    r"|bloqué|liste noire|lista n[ei]gra|bloquead|blacklist|bloccat|geblokkeerd|zablokowan|чёрн"
    r"|черн\w+ спис"
    r"|заблокирован|黑名单|黑名單|封禁|屏蔽|ブラックリスト|拒否リスト|차단"
)
_GUARD: Final = (
    r"intrusion (?:prevention|detection)|\bfirewall(?:ed)?\b.{0,40}(?:block|ban|den|reject)"
)
_ACCESS: Final = r"(?:access|client|zugriff|accès|acceso|accesso|acesso|доступ|访问|アクセス)"
_TEMPORARY: Final = codes(421, 432, 450, 451, 452, 454, 471)

CLIENTS: Final = (
    Signature(
        Code.GREYLISTED,
        words(
            r"gr[ea]y-?\s?list|gr[aå]listning|liste grise|lista (?:gris|cinz|grig)|graue liste"
            r"|gri ?liste|grijze lijst|szar\w+ list|šed\w+ (?:list|seznam)|\w+рый спис|灰名单"
            r"|灰名單"
            r"|グレーリスト|grey\.rbl|postgrey",
            r"try again in \d+ ?(?:s|m)|graulist",
            r"temporarily (?:deferred|rejected).{0,40}(?:first|unknown)|early ?retry",
            r"not yet authori[sz]ed to deliver",
        ),
        phases=SESSION,
    ),
    # Policy servers say less: a delay, or "later"
    Signature(
        Code.GREYLISTED,
        words(
            near(
                r"\bpolic\w+|anti-?spam (?:reasons?|measure|protection)",
                rf"(?:{LATER}|retry|again|delay|come back|\bsoon\b)",
                60,
            ),
        ),
        protocol=SMTP,
        phases=phases(Phase.RCPT),
        needs_phase=True,
        reply_codes=codes(4),
        without=words(
            r"too many|limit|\brate|quota|busy|connection|block|banned|\bip\b|relay|\bspf\b|dkim"
            r"|dmarc|\b(?:he|eh)lo|reverse|\bptr\b|sender address|error|unavailable|full|content"
            r"|virus|reputation|listed"
        ),
    ),
    # A recipient's server that names the seconds to wait
    Signature(
        Code.GREYLISTED,
        words(
            r"\b(?:in|after|nach|dans|en|dopo|em|через|za|over) (?:\w+ )?\d{1,5} ?(?:s\b|sec|sek"
            r"|seg|min"
            r"|сек|мин)|\d{1,5} ?(?:秒|分)(?:後|后|钟)",
        ),
        protocol=SMTP,
        phases=phases(Phase.RCPT),
        needs_phase=True,
        reply_codes=codes(4),
        without=words(r"too many|limit|rate|quota|busy|connection|blocked|banned|\bip\b"),
    ),
    Signature(
        Code.HELO_REJECTED,
        words(
            r"(?:helo|ehlo)\b.{0,60}(?:reject|invalid|require|not (?:conform|allowed|accept"
            r"|fully|resolv|found|exist)|refus|bad|syntactic|need|must|mismatch|malformed|forbid"
            r"|denied|fake|fail|does|argument)",
            r"(?:invalid|bad|illegal|fake|forged|syntactically|malformed|non-?fqdn"
            r"|conform).{0,40}\b(?:helo|ehlo)\b",
            r"need fully-?qualified host",
            r"(?:greeting|helo|ehlo) (?:name|hostname|argument|domain).{0,40}(?:not|invalid"
            r"|reject|unknown)",
            r"(?:helo|ehlo) .{0,20}(?:first|dynamic)|\bhelo ?(?:host|name|error|should|changes)",
        ),
        phases=SESSION,
        without=words(r"relay|obtained from|greylist|send (?:helo|ehlo) first|polite"),
    ),
    Signature(
        Code.REVERSE_DNS,
        words(
            r"reverse[- ]?(?:dns|host|lookup|name|mapping|record|resol)|\bPTR\b|\brDNS\b",
            r"(?:ip|address) name lookup failed|no (?:valid )?hostname for",
            r"(?:cannot|could not|unable to|failed to|can't) (?:find|resolve|determine|look ?up"
            r"|verify) (?:your |the )?(?:reverse|client )?(?:host ?name|ptr)",
            r"client host rejected: cannot find|hostname .{0,30}does not (?:match|resolve)",
            r"forward[- ]confirmed|fcrdns|dns inverse|inverso|dns reverso|rekord\w* odwrotn"
            r"|odwrotn\w+ (?:rekord|dns|wpis)|обратн\w+ (?:dns|запис|зон)"
            r"|反向 ?(?:dns|解析)|逆引き|역방향",
        ),
        phases=SESSION,
    ),
    # Mail without a login
    Signature(
        Code.AUTH_REQUIRED,
        words(
            rf"\b(?:without|ohne|sans|sin|senza|sem|bez|zonder|utan|uden|uten"
            rf"|без) (?:\w+ )?(?:{SIGN_IN})",
            rf"未(?:经|經)?{SIGN_IN}|{SIGN_IN}(?:なし|せずに|されてい?な|していな|없이)",
        ),
        protocol=SMTP,
        phases=TRANSACTION,
        without=words(r"\bspf\b|dkim|dmarc"),
    ),
    # At a port of submission strangers are refused, whoever they are (RFC 6409, section 4.3)
    Signature(
        Code.AUTH_REQUIRED,
        words(
            near(_ACCESS, REFUSED, 30),
            near(_ACCESS, r"(?:denied|not (?:allowed|permitted)|prohibited|forbidden)", 30),
        ),
        protocol=SMTP,
        phases=phases(Phase.MAIL, Phase.RCPT),
        needs_phase=True,
        ports=frozenset({465, 587}),
        without=words(
            r"list|relay|spam|reputation|banned|blocked|helo|sender|reverse|ptr|aup#"
            r"|country|\bgeo|mail ?box"
        ),
    ),
    # Our address: lists, reputation, ranges, countries, local bans
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(r"error: open resolver|returnc/pub"),
        phases=SESSION,
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(_GUARD),
        phases=SESSION,
        reply_codes=codes(4),
        retryable=True,
    ),
    # An address beside a list or a ban, whatever else is said
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            near(rf"(?:{_ADDRESS})", rf"(?:{_LISTED})", 40),
            r"(?:\bip\b|address|client|host).{0,24}(?:not|n't) .{0,16}(?:white|allow)-? ?list",
            r"ホワイトリスト.{0,12}(?:あり|ない)|不在.{0,4}白名单|нет в белом списке",
            r"not whitelisted",
            r"(?:from|in) (?:your|this|that) (?:country|region)\b|\bgeo-?(?:block|fenc|ip)",
            # GMX and WEB.DE name the reason in the address of their help page
            r"\?ip=[\da-f.:]{3,45}&c=b(?:ip|l)\b",
            r"\bip\b.{0,30}(?:n'est pas|nicht|no est[aá]|non è|não está|nie jest|не) (?:\w+ )?"
            r"(?:autoris|zugelass|erlaubt|berecht|autoriz|permit|habilit|abilit|dozwol|разреш)",
            _GUARD,
        ),
        phases=SESSION | LOGIN | MAILBOX,
        without=words(
            r"\bspf\b|dkim|dmarc|sender (?:address|domain)|\burls?\b|\blinks?\b|too many (?:conn"
            r"|sess)|temporarily defer",
            r"helo|ehlo|(?:domain|sender) .{0,40}list|\bheaders?\b",
        ),
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(near(r"\bservice\b", REFUSED, 12)),
        protocol=SMTP,
        phases=SESSION,
        reply_codes=codes(5),
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"(?:block|black|deny|reject)[- _]?list|spamhaus|\bdnsbl\b|\brbl\b|spamcop",
            r"\b(?:black|bad|blocked|banned|deny) ?ips?\b|dns block|complaints",
            r"barracudacentral|sorbs|uceprotect|blocked using|senderscore|cloudmark",
            r"(?:ip|address|client|host|network|range|connection|mta)\b.{0,60}(?:blocked|banned"
            r"|listed|poor reputation|bad reputation|reputation|refused|not allowed|barred"
            r"|not accepted)",
            r"(?:blocked|banned|refus\w+|reject\w+|block)\b.{0,40}\b(?:your ip|ip address"
            r"|client host|this ip|your host|your (?:mail )?server|your network|from your)",
            r"dynamic (?:ip|address|range|host)|residential|dial-?up",
            r"not accepting (?:connections|mail from)|geographic|country",
            r"your access .{0,20}(?:denied|blocked)",
            r"ip .{0,30}bloqu|adresse ip .{0,30}(?:bloqu|rejet|refus)|gesperrt.{0,40}\bip\b",
            r"\bip\b.{0,40}gesperrt|(?:access|zugriff) (?:denied|verweigert).{0,40}\bip\b",
            r"no smtp service|access denied(?!.{0,60}(?:relay|sender|user|spf|account))",
            r"reputation|bad dns|dnsbl|listed (?:in|on|at|by) ",
            r"(?:do(?:es)? not|don't|won't) accept (?:mail|connections) from (?:your?\b|this"
            r"|dynamic)",
        ),
        phases=phases(
            Phase.GREETING, Phase.CONNECT, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA
        ),
        protocol=SMTP,
        without=words(
            r"spf|dkim|dmarc|content|attachment",
            r"\b(?:message|mail|e-?mail) (?:was |has been |is )?(?:blocked|rejected|suspicious)",
            r"user unknown|too many|sender (?:address|domain|name|rejected)|relay|concurrent",
            r"connection (?:rate|limit)|url|link|recipient (?:address )?rejected: (?:user|un)",
            r"\bheaders?\b|mailbox|quota|virus|quiet|spam message|not listed|5322\.?from"
            r"|signed in with",
            r"authentication (?:level|requirement)",
        ),
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"(?:your|this|our) (?:ip|address|host)\b.{0,40}(?:blocked|banned|block ?list"
            r"|blacklist)",
            r"(?:blocked|banned).{0,30}\bip\b",
        ),
        phases=LOGIN | {Phase.GREETING},
    ),
    # imaplib, and servers: a command that does not belong here
    Signature(
        Code.CLIENT_PROTOCOL,
        words(r"illegal in state|not (?:allowed|valid|permitted) in (?:this|current) state"),
        protocol=IMAP,
        phases=MAILBOX | LOGIN,
    ),
    # Connections and commands at once
    Signature(
        Code.CONNECT_TOO_MANY,
        words(
            r"too many (?:\w+ ){0,3}(?:connection|session|process|client|imap|smtp|command)",
            r"(?:connection|session)s? (?:rate|limit|count|number)",
            r"(?:maximum|max|limit)\b.{0,40}(?:connections|sessions|processes)",
            rf"{MAXIMUM}.{{0,30}}{CONNECTION}|{CONNECTION}.{{0,12}}{MAXIMUM}",
            r"(?:concurrent|simultaneous|parallel)\b.{0,24}(?:connection|session|login)",
            r"trop de connexions|zu viele (?:gleichzeitige )?(?:verbindungen|sitzungen)",
            r"demasiadas (?:conexiones|sesiones)|troppe connessioni|muitas conex",
            r"слишком много (?:соединений|подключений)|连接(?:数)?过多|接続.{0,8}(?:多|超過)",
            r"(?:server|system|too|host) (?:is )?(?:too )?busy\b|rate limit(?:ed|ing)?\b",
            r"too much mail from",
            r"slow down|throttl|mail_max_userip",
            rf"{TOO_MANY}.{{0,16}}{CONNECTION}",
            r"exceeded the (?:maximum )?(?:number|rate) of (?:conn|sess|comm)",
        ),
        phases=SESSION | LOGIN | MAILBOX | {Phase.STARTTLS},
        without=words(
            r"recipient|per (?:day|hour)|daily|hourly|messages? (?:sent|limit)|sender|quota",
            r"deliver to",
        ),
    ),
    Signature(
        Code.CONNECT_TOO_MANY,
        protocol=IMAP,
        response_codes=responses("LIMIT"),
        without=words(
            r"\bsize\b|too (?:big|large|long)|bytes|octets|\d ?[kmg]i?b\b|storage|quota|\bspace\b"
        ),
    ),
)
"""What a server says about the client, in order of precedence."""
