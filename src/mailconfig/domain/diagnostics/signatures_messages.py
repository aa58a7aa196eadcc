"""Signatures of what a server thinks of a message, its sender and its recipients.

Sources: RFC 5321, RFC 3463, RFC 5248, RFC 7372 and the reject texts of Postfix, Exim, Sendmail,
Exchange and the large receivers. Words beat codes: 552 may be a sending quota.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import (
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
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import UNKNOWN, near

_TEMPORARY: Final = codes(4)

_SENDER: Final = (
    r"(?:\bsender|absender|expéditeur|remitente|mittente|remetente|afzender|nadawc|odesílatel"
    r"|отправител|发件人|寄件人|送信者|발신자)"
)
_DOMAIN: Final = r"(?:dom[aäeéiíì]i?n|домен|域名|網域|ドメイン|도메인)"

_BYTES: Final = r"\(?\d[\d.,]{0,14} ?(?:bytes?|octets?|[kmg]i?b)\b"
"""A number of bytes."""

MESSAGES: Final = (
    # A sender or recipient without a domain, shown by the command itself
    Signature(
        Code.MESSAGE_FORMAT,
        words(
            r"\b(?:mail from|rcpt to): ?<(?!(?:postmaster|\w{0,8}-?(?:address|path))>)[^<>@]{1,64}>"
        ),
        phases=TRANSACTION,
        protocol=SMTP,
        fixable_by=FixableBy.USER,
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        words(
            r"\bdmarc\b|\bdkim\b.{0,60}(?:fail|reject|invalid|not|missing|bad|verif)",
            r"\bspf\b.{0,80}(?:fail|reject|deny|denied|not|violat|mismatch|hard|soft|record"
            r"|error|forged|check|block)",
            r"(?:fail|violat|not (?:allowed|authori[sz]ed|permitted|designated)|reject"
            r"|did not pass).{0,60}\b(?:spf|dkim|sender policy)\b",
            r"\barc\b.{0,24}(?:fail|invalid|broken)",
            r"sender policy framework|openspf|unauthenticated (?:mail|e-?mail|message)",
            r"(?:mail|message) is unauthenticated|authentication(?:-results| checks)",
            r"fails? to pass authentication",
        ),
        phases=SESSION,
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        phases=TRANSACTION,
        enhanced_codes=enhanced(
            "x.7.20",
            "x.7.21",
            "x.7.22",
            "x.7.23",
            "x.7.24",
            "x.7.26",
            "x.7.29",
            "x.7.509",
            "x.7.515",
        ),
    ),
    Signature(Code.REVERSE_DNS, phases=SESSION, enhanced_codes=enhanced("x.7.25")),
    # RFC 5321: 452 to MAIL is about the server's own storage
    Signature(
        Code.SERVER_TEMPORARY,
        words(
            r"\bspace\b|storage|disk|speicher|\bplatz|espace|espacio|spazio|espaço|ruimte|miejsc"
            r"|свободн\w+ мест|мест\w? на |空间|空き|容量|공간"
        ),
        phases=phases(Phase.MAIL),
        protocol=SMTP,
        needs_phase=True,
        reply_codes=codes(452),
        without=words(
            r"quota|mail ?box|postfach|boîte|buz[oó]n|casella|caixa|skrzyn|ящик|邮箱|user"
        ),
    ),
    # Full mailboxes (x.2.2): the recipient's in a delivery, one's own in APPEND
    Signature(
        Code.MAILBOX_QUOTA,
        words(
            r"(?:mail ?box|inbox|account|user|recipient|maildir|storage|quota"
            r"|folder)\b.{0,40}(?:full|over ?quota|over its quota|quota (?:is )?exceeded"
            r"|exceed\w*.{0,20}(?:quota|storage|limit)|exceeded)",
            r"over ?(?:the |its |their |his |your )?(?:allowed |allotted |storage |disk "
            r"|mailbox )?quota",
            r"(?:quota|storage(?: allocation)?|disk quota) (?:is |has been |was )?(?:exceeded"
            r"|full|reached)",
            r"exceed(?:ed|s)? (?:the |its |their |his )?(?:storage|mailbox|quota|disk quota)",
            r"(?:postfach|mailbox|speicher)\w* .{0,20}(?:voll|überschritten)",
            r"bo[iî]te.{0,24}(?:pleine|saturée)|buz[oó]n .{0,40}llen|casella .{0,20}piena",
            r"caixa .{0,24}(?:cheia|lotada)",
            r"ящик.{0,20}(?:переполн|полон)|квот.{0,30}превыш|превыш.{0,20}квот",
            r"邮箱.{0,6}(?:已满|满|超)|容量.{0,6}超|out of (?:mailbox )?storage"
            r"|insufficient mailbox",
        ),
        phases=TRANSACTION | MAILBOX,
        without=words(
            r"message size|hourly|daily|\b(?:per|a|in) (?:day|hour)|\b(?:day|hour|month) quota",
            r"send(?:ing|er)? (?:rate |message )?(?:quota|limit)|submission|disk space|queue",
            r"messages? (?:sent|rate)|connections|outgoing",
        ),
    ),
    Signature(Code.MAILBOX_QUOTA, phases=MAILBOX, response_codes=responses("OVERQUOTA")),
    Signature(
        Code.MAILBOX_QUOTA,
        phases=TRANSACTION,
        enhanced_codes=enhanced("x.2.2"),
        without=words(r"disk|sender|daily|hourly"),
    ),
    # Numbers of messages
    Signature(
        Code.SEND_QUOTA,
        words(
            r"(?:send|message|mail|e-?mail|recipient|outgoing|sender|hourly|daily"
            r"|monthly)\w*\b.{0,40}\b(?:quota|limit|frequency|rate|allowance"
            r"|volume)\w*\b.{0,50}(?:exceed|reach|limited|over|hit|used)",
            r"(?:exceed|reach|over|hit|limited)\w*\b.{0,50}\b(?:send|message|mail|e-?mail"
            r"|recipient|hourly|daily|monthly|outgoing)\w*\b.{0,24}(?:quota|limit|rate|allowance"
            r"|per|number|amount|count|volume|maximum)",
            r"\b(?:day|hour|month) (?:quota|limit)",
            r"too many (?:messages|e-?mails|mails|recipients|rcpt)|per (?:hour|day)",
            r"\b(?:pro|par|por|na|в) (?:stunde|tag\b|heure|jour|hora|d[ií]a\b|godzin|час|сутки)",
            r"(?:recipient|rcpt)s? (?:count|number)|(?:number|count) of (?:recipient|rcpt)s",
            r"frequency limited|(?:max|maximum) (?:defers|emails)|quota d'envoi|límite de envío"
            r"|\brelay(?:ing)? (?:quota|limit)\b",
            r"limite d'envoi|limite giornalier",
            r"sendelimit|versandlimit|limit(?:e)? (?:de |di )?(?:mensajes|messages|messaggi)",
            r"发信(?:量|频率)|лимит.{0,20}(?:писем|сообщ)",
        ),
        phases=TRANSACTION,
        without=words(
            r"size|connection|storage|mailbox full|per second|bytes|\bmb\b|on the server"
        ),
    ),
    Signature(
        Code.TOO_BIG,
        words(
            r"(?:message|mail|size|attachment|e-?mail|data)\b.{0,40}(?:too (?:large|big|long)"
            r"|exceed\w*.{0,30}(?:size|limit|maximum|bytes|\bmb\b)|larger than|size (?:limit"
            r"|exceeds))",
            rf"(?:more than|larger than|bigger than|exceed\w*|over|limit\w*(?: is| of)?"
            rf"|max\w*(?: is| of)?) {_BYTES}",
            rf"{_BYTES} .{{0,16}}(?:limit|exceed|maxim|too|refused|rejected|not accepted)",
            rf"(?:largest|biggest|at most|up to).{{0,40}}{_BYTES}",
            r"size (?:exceeds|limit)|exceed\w*.{0,30}\bsize\b",
            r"(?:maximum|max|exceed\w*|over)\b.{0,24}(?:message|mail|attachment"
            r"|e-?mail)[ -]?size",
            r"TOOBIG|zu gro(?:ß|ss)|trop (?:volumineux|gros|grand)|demasiado grande",
            r"troppo grande|muito grande|слишком больш|过大|超过.{0,8}大小",
        ),
        phases=TRANSACTION | {Phase.APPEND},
        without=words(
            r"header|line|sandbox|\bspace\b|storage|lifetime|number of|\bhour|\bday\b|daily"
        ),
    ),
    Signature(
        Code.TOO_BIG, phases=TRANSACTION | {Phase.APPEND}, enhanced_codes=enhanced("x.3.4", "x.2.3")
    ),
    Signature(Code.TOO_BIG, response_codes=responses("TOOBIG")),
    Signature(
        Code.UTF8_ADDRESS,
        words(
            r"SMTPUTF8|utf-?8 address|unicode address|internationali[sz]ed",
            r"(?:non-?ascii|8-?bit|unicode|utf-?8) .{0,30}(?:address|local|mailbox|recipient"
            r"|sender)",
            r"(?:address|local part).{0,40}(?:non-?ascii|unicode|utf-?8|ascii)|\bEAI\b",
            near(
                r"(?:adress|indirizz|direcci|endere|\badres|адрес|地址|アドレス|주소)",
                r"(?:(?<![a-z])ascii|umlaut|unicode|utf-?8|accent|diakryt|diacrit|кирилл|全角|日本語|汉字|中文)",
                50,
            ),
            r"ascii.{0,40}(?:address|codec.{0,140}(?:rcpt|from:))",
        ),
        phases=TRANSACTION | {Phase.EHLO, Phase.CONFIG},
        without=words(r"sequence|out of order|(?<![\w.])503[ -]"),
    ),
    # A server that does not know SMTPUTF8 finds no fault but the letters (RFC 6531, section 3.5)
    Signature(
        Code.UTF8_ADDRESS,
        words(r"[^\W\d_a-z]@[\w-]{1,63}\.|[^\W\d_a-z][\w.+-]{0,40}@|@[\w.-]{0,60}[^\W\d_a-z]"),
        protocol=SMTP,
        phases=phases(Phase.MAIL, Phase.RCPT),
        needs_phase=True,
        reply_codes=codes(500, 501, 553, 555),
    ),
    Signature(
        Code.UTF8_ADDRESS, phases=TRANSACTION, enhanced_codes=enhanced("x.6.7", "x.6.8", "x.6.10")
    ),
    Signature(
        Code.MESSAGE_FORMAT,
        words(
            r"(?:header|line|from|date|message-id|mime|rfc ?\d+|json|boundary"
            r"|encod)\w*\b.{0,50}(?:malformed|missing|invalid|not (?:compliant|valid|conform)"
            r"|too long|improper|pars\w+ error|duplicate|multiple|syntax|violat|illegal|bad)",
            r"(?:malformed|missing|invalid|duplicate|multiple|bare|improper|bad|illegal"
            r"|unterminated|too many)\b.{0,40}(?:header|line ?feed|\blf\b|newline|mime"
            r"|message-id|date|8-bit data|encoding)",
            r"\blines?\b.{0,24}exceed|exceed\w* .{0,24}\blines?\b|\bNUL\b|null (?:char|byte)"
            r"|control (?:char|or white)|missing (?:final |the )?['\"]?@"
            r"|(?:illegal|invalid|forbidden|non-?printable|unprintable) char",
            r"not conform\w* to|conform to (?:the |any )?(?:internet |rfc )?standard"
            r"|(?:violat|comply|complian)\w* .{0,30}(?:standard|rfc)",
            r"improper use of 8|not rfc|non-?compliant|line (?:is )?too long|(?:json|xml) pars",
            r"bare (?:cr|lf)|smtplf|headers? (?:contain|too large)",
        ),
        phases=phases(Phase.DATA, Phase.APPEND, Phase.MAIL),
        without=words(r"virus|spam|reputation|sender address|helo|attachment"),
    ),
    Signature(
        Code.MESSAGE_FORMAT,
        phases=TRANSACTION,
        enhanced_codes=enhanced(
            "x.6.0", "x.6.1", "x.6.2", "x.6.3", "x.6.4", "x.6.5", "x.6.6", "x.6.9"
        ),
    ),
    # Senders
    Signature(
        Code.SENDER_DOMAIN_INVALID,
        words(
            r"sender(?:'s)?(?: address| domain)? (?:address )?(?:rejected|invalid"
            r"|refused)?:? ?.{0,30}(?:domain (?:name )?(?:not found|does not|must)|not (?:found"
            r"|exist|resolv)|mx|no valid|unresolv|cannot be resolved)",
            r"sender verify failed|domain of (?:the )?sender .{0,40}(?:not|unresolv)",
            r"(?:mail from|envelope|return-path|from)\b.{0,30}domain.{0,40}(?:not (?:found|exist"
            r"|resolv|valid)|does not|no mx|invalid|unroutable|unresolv)",
            r"sender domain (?:must|does|not|is)",
            r"(?:sender|from).{0,40}(?:fully-?qualified|null ?mx|unroutable)",
            r"(?:invalid|bad|non-?existent|unresolvable) (?:sender|from|return) (?:domain"
            r"|address domain)",
            r"absenderdomain|domaine (?:de l')?(?:expéditeur|emetteur)",
            rf"(?:{near(_SENDER, _DOMAIN, 24)}).{{0,30}}{UNKNOWN}",
        ),
        phases=TRANSACTION,
        without=words(r"not (?:verified|owned)|reverse|ptr|recipient address rejected"),
    ),
    Signature(
        Code.SENDER_DOMAIN_INVALID,
        phases=TRANSACTION,
        enhanced_codes=enhanced("x.1.8", "x.7.27", "x.1.7"),
        without=words(r"recipient|not owned|outbound sender"),
    ),
    Signature(
        Code.SENDER_NOT_OWNED,
        words(
            r"(?:sender|from|envelope|return|e-?mail)\b.{0,60}(?:not (?:owned|allowed|permitted"
            r"|authori[sz]ed|match\w*|yours|one of|belong|accepted|correspond)|does(?: not"
            r"|n't) match|doesn't belong|must match|must be|mismatch|differ|impersonat|not your)",
            r"not (?:owned by|allowed to (?:send|use)|authori[sz]ed to (?:send|use)"
            r"|permitted to (?:send|use)|owner of)",
            r"send(?:ing)? (?:as|from|on behalf) .{0,40}(?:not|denied|refused)|spoof",
            r"absender.{0,40}(?:nicht|stimmt|passt)|expéditeur.{0,40}(?:non|ne|pas)",
            r"remitente .{0,40}no|mittente .{0,40}non|отправител.{0,40}не|发件人.{0,12}(?:不|与)",
            r"(?:domain|address)\b.{0,60}not (?:allowed|permitted|authori[sz]ed).{0,30}\bfrom\b",
            r"mail from must (?:equal|be)|sender address rejected: not (?:owned|logged)",
        ),
        phases=TRANSACTION,
        protocol=SMTP,
        receiving=False,
        without=words(
            r"spam|virus|not verified|content|too large|relay|ip\b.{0,20}not allowed",
            r"connections?|spf|recipient (?:address )?rejected|user unknown|smtp service",
            r"mail ?box (?:full|unknown|not found)|verify",
        ),
    ),
    # Recipients
    Signature(
        Code.RECIPIENT_UNKNOWN,
        words(
            r"(?:user|recipient|mailbox|address|account|destinat\w+|addressee|alias"
            r"|rcpt)\b.{0,50}(?:unknown|not found|does(?: not|n't) exist|not exist|no such"
            r"|invalid|undeliverable|unrout|not (?:a )?valid|is disabled|inactive|not known"
            r"|doesn't have|not listed|inexist|deactivated|no longer)",
            r"(?:unknown|no such|invalid|nonexistent|non-existent|bad|unrouteable|unroutable"
            r"|undeliverable|disabled|not a (?:known|valid)) (?:\w+ ){0,2}(?:user|recipient"
            r"|mailbox|address|account|destination|person|local)",
            r"no mailbox|not our customer|tried to reach (?:does|is)",
            r"empfänger.{0,40}(?:unbekannt|existiert|nicht)",
            r"(?:destinataire|adresse).{0,40}(?:inconnu|invalide|n'existe)",
            r"destinatario.{0,30}(?:desconocid|no existe|inesist|sconosc|inválid)",
            r"usuario .{0,16}(?:desconocido|no existe)",
            r"utente .{0,20}(?:sconosciuto|inesistente)|usuário .{0,24}(?:inexistente|não)",
            r"(?:получател|пользовател|ящик).{0,30}не (?:найден|существ)|nie istnieje",
            r"(?:收件人|用户|邮箱).{0,10}不存在|宛先.{0,12}(?:存在|不明)"
            r"|onbekende? (?:gebruiker|ontvanger)",
        ),
        phases=phases(Phase.RCPT, Phase.DATA),
        without=words(
            r"sender|verify sender|relay|spam|policy|header|full|quota|try again|greylist",
            r"too many|temporar|blocked|content|attachment|domain not found|lookup failed",
            r"not owned|invalid (?:mail )?from",
        ),
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        phases=TRANSACTION,
        enhanced_codes=enhanced("x.1.1", "x.1.2", "x.1.3", "x.1.6", "x.1.10"),
        without=words(r"sender|spf|full|quota|pleine|spam"),
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        phases=phases(Phase.RCPT),
        enhanced_codes=enhanced("5.2.1", "5.2.0", "5.7.17"),
    ),
    # Relaying
    Signature(
        Code.RELAY_DENIED,
        words(
            r"relay\w*.{0,40}(?:denied|not (?:permitted|allowed|possible|available|authori)"
            r"|prohibit|disallow|reject|refus|forbid|restrict|deny)",
            r"(?:not|n't|unable|denied|cannot|no) (?:\w+ ){0,3}relay",
            r"(?:not (?:in|one of) )?(?:my|our) (?:list of allowed )?rcpthosts|rcpthosts",
            r"(?:not|no) (?:local|a local) (?:user|domain|recipient)",
            r"(?:transmit|relais|retransmission|weiterleit\w+|reenv[ií]o|inoltro"
            r"|пересылк)\w*.{0,40}(?:denied|refus|verweig|nicht|neg|denegad|запрещ|not)",
            r"not a gateway|(?:\bto|for) (?:external|foreign|remote|outside|non-?local) (?:domain"
            r"|recipient|address|host)",
            r"n[o']t (?:handle|host|serve|accept|receive) (?:e-?mail )?for (?:that|this) dom",
            r"we do not relay|relais refus|relaying|open relay|administrative prohibition",
            r"(?:deliver|accept|send|forward)\w* .{0,24}(?:non-?local|foreign|remote|external"
            r"|outside)\b",
            r"sender verify.{0,10}relay|forward[- ]?path .{0,30}not",
            r"dom[aä]in(?:e)? .{0,30}(?:not local|isn't in|not (?:allowed|hosted|accepted))",
        ),
        phases=TRANSACTION,
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        words(
            r"(?:disk|storage|file ?system|spool)\b.{0,24}(?:full|space|low)",
            r"(?:insufficient|not enough|out of) (?:system |disk |server )?(?:resources|storage"
            r"|space|memory|disk)",
            r"local (?:error|problem)",
            r"(?:database|lookup|internal|configuration|server|system|queue) .{0,16}(?:error"
            r"|failure|problem|trouble)",
            r"(?:service|server|system|host)\b.{0,30}(?:not available|unavailable|down|shutting"
            r"|maintenance|restart)",
            r"timeout exceeded",
            r"(?:cannot|unable to|could not) (?:verify|complete|process|accept|queue|route"
            r"|connect)",
            r"call-?out",
            r"temporar\w+ (?:\w+ ){0,2}(?:failure|error|problem|unavailable|fault|reject|defer"
            r"|lookup|local)",
        ),
        phases=SESSION | MAILBOX,
        reply_codes=_TEMPORARY,
        without=words(
            r"not healing|sender address rejected: domain",
            r"recipient address rejected: (?:user|policy)",
        ),
    ),
    Signature(
        Code.CONTENT_REJECTED,
        words(
            r"spam|virus|malware|phish|infect",
            r"(?:illegal|forbidden|blocked|dangerous|banned|executable|prohibited) (?:attachment"
            r"|content|file|extension)",
            r"attachment.{0,40}(?:not (?:allowed|permitted)|block|reject|type|illegal)",
            r"(?:content|message|mail|link|url|subject|attachment)\b.{0,60}(?:reject|blocked"
            r"|suspicious|not accepted|refused|policy|filter|denied|prohibited|objection"
            r"|disallowed)",
            r"policy (?:violation|reason|reject)",
            r"(?:reject|denied|refused|violat)\w* .{0,30}polic|local policy|unsolicited|\bUBE\b",
            r"\bDT:SP[AM]|DT:SUM|surbl|uribl",
            r"inhalt.{0,30}(?:abgelehnt|spam)|contenu .{0,30}(?:refus|rejet)",
            r"contenido .{0,30}rechaz|contenuto .{0,24}rifiut|垃圾邮件|спам|vírus|abuse",
        ),
        phases=TRANSACTION,
        without=words(r"relay|user unknown|greylist|milter-reject"),
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"timeout exceeded|disk space|system resources"),
        phases=SESSION,
    ),
)
"""What a server says about a message, its sender and its recipients, in order of precedence."""
