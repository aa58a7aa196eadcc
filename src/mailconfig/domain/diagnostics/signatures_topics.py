"""What a refusal speaks of, where no row knows its sentence: topics by stems, and status codes.

A reply in a transaction is a refusal already, so its topic (relay, quota, size, sender ...) says
enough; it is looked for by stems of many languages. Looked at after all rows that know more. No
sentence belongs here.
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
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import MAXIMUM, RELAY, near

_TEMPORARY: Final = codes(4)
_WHO: Final = (
    r"(?:user|usager|recipient|mail ?box|address|account|alias|addressee|destinat\w+|customer"
    r"|empfänger|benutzer|adressat|konto|postfach|utilisateur|adresse|compte|usuari\w|cuenta"
    r"|buz[oó]n|dirección|utent\w|indirizzo|casella|usuário|conta|endereço|пользовател\w*"
    r"|получател\w*|адрес\w*|ящик\w*|użytkownik\w*|odbior\w+|adres\w*|skrzynk\w+|konta|gebruiker"
    r"|ontvanger|收件人|用户|使用者|用戶|邮箱|帳號|地址|宛先|ユーザ\w*|アドレス|al\wc\w"
    r"|kullan\wc\w)"
)
_ABSENT: Final = (
    r"(?:unknown|invalid|not (?:\w+ ){0,2}(?:found|exist|known|valid|listed|ok|our|here)|no such"
    r"|n't exist|no longer|inactiv|disabled|locked|suspend|expired|closed|unallocat|wrong|bad\b"
    r"|undeliver|unrout|reserved|unbekannt|nicht|ungültig|inconnu|inexist|introuvable|invalide"
    r"|desconocid|no existe|inválid|sconosciut|inesist|non (?:esist|valid|trov)|não (?:exist|enc)"
    r"|нет такого|не (?:найд|сущ|обслуж)|неизвест|nie (?:istnieje|znal)|nieznan|onbekend"
    r"|bestaat niet|不存在|未知|错误|無效|不明|存在しま|bulunamad|yok\b)"
)
_A_DAY: Final = (
    r"(?:(?:pro|je) (?:tag|stunde)|nachrichten|par (?:jour|heure)|por (?:d[ií]a|hora)|al giorno"
    r"|all'ora|(?:aujourd'hui|heute|vandaag|hoje|oggi|bugün|сегодня)|dzienn|na (?:dzień|godzin)"
    r"|per (?:dag|uur|dygn|timm)|dagelijks|denní|za (?:den|hodin)"
    r"|günlük|saatlik|суточн|в (?:день|сутки|час)|今日|每天|当日|1日)"
)
"""How much in a day or an hour, in which only sending is counted."""

PACE: Final = (
    # The server asks the recipient's or the sender's own server first (Postfix, Exim, gateways)
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"unverified address|verification (?:is )?in progress"),
        phases=TRANSACTION,
        protocol=SMTP,
        reply_codes=_TEMPORARY,
    ),
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"queue (?:quota|limit|is full|full)"),
        phases=SESSION,
        protocol=SMTP,
        reply_codes=_TEMPORARY,
    ),
    # The recipient gets too much at the moment: time heals it, whatever the code says
    Signature(
        Code.SERVER_TEMPORARY,
        words(
            r"(?:recipient|user|mailbox)\b.{0,60}(?:receiv\w+ .{0,24}(?:too (?:quickly|fast|many)"
            r"|rate|limit|quota)|exceeded .{0,60}(?:receive|rate limit))",
        ),
        phases=TRANSACTION,
        retryable=True,
        fixable_by=FixableBy.NOBODY,
        without=words(r"too many recipients|\bper message\b"),
        final=True,
    ),
)
"""What stands before the rows of sending quotas."""

TOPICS: Final = (
    Signature(
        Code.SERVER_TEMPORARY,
        words(r"callout|callback"),
        phases=SESSION,
        protocol=SMTP,
        reply_codes=_TEMPORARY,
    ),
    Signature(
        Code.CONNECT_TOO_MANY,
        words(
            r"verbindung|connexion|conexi[oó]n|conex[oõ]es|conness|соединени|połącze|连接|接続"
            r"|connection|session|simult|gleichzeitig|concurrent"
        ),
        protocol=SMTP,
        phases=SESSION,
        reply_codes=codes(421, 450, 451, 452),
        without=words(r"clos|timed? ?out|lost|reset|bad conn|broken|abort|dropped"),
    ),
    Signature(
        Code.GREYLISTED,
        words(
            r"(?:retry|come back|again|wiederkommen|réessay\w+|reint[eé]nt\w+|riprov\w+|повтор\w+"
            r"|ponown\w+|稍后|再試行)\b.{0,24}(?:\d+ ?(?:s|m)|minut|second|sekund|later|tard|tarde"
            r"|poi|позже|później)",
            r"do(?:n't| not) know you|unknown (?:sender|triplet)|first time",
        ),
        protocol=SMTP,
        phases=phases(Phase.RCPT),
        reply_codes=codes(421, 450, 451),
        without=words(r"unavailable|error|problem|fail|limit|rate|quota|busy|resource"),
    ),
    Signature(
        Code.UNAUTHENTICATED_MAIL,
        words(r"\bspf\b|\bdkim\b|\bdmarc\b|remote ip check"),
        protocol=SMTP,
        phases=SESSION,
    ),
    Signature(
        Code.REVERSE_DNS,
        words(
            r"\bptr\b|\brdns\b|(?:reverse|rück\w*|inverse?|inverso|обратн\w+)\W{0,3}(?:dns|host)"
        ),
        protocol=SMTP,
        phases=SESSION,
    ),
    Signature(
        Code.HELO_REJECTED, words(r"\b(?:he|eh)lo"), protocol=SMTP, phases=SESSION - {Phase.DATA}
    ),
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            r"(?:black|block|black-|sperr|deny|reject)[ -]?list\w*|\b[dxsp]?n?s?r?bl\b"
            r"|liste noire|lista negra|svartlist|kara ?liste|черн\w+ спис|czarn\w+ li|黑名单"
            r"|ブラックリスト",
            r"deny ?ip|\bip\b.{0,40}(?:block|bloqu|bloc|gesperrt|запре|заблок|zablok|拒|禁)",
        ),
        protocol=SMTP,
        phases=SESSION,
    ),
    # "Local users only" is about the address that was just named
    Signature(
        Code.SENDER_NOT_OWNED,
        words(r"local (?:users?|senders?|domains?) only|only local (?:users?|senders?|domains?)"),
        protocol=SMTP,
        phases=phases(Phase.MAIL),
        needs_phase=True,
    ),
    Signature(
        Code.RELAY_DENIED,
        words(
            RELAY,
            r"not (?:a )?(?:gateway|local (?:host|domain))|local (?:users?|recipients?) only",
        ),
        protocol=SMTP,
        phases=phases(Phase.RCPT, Phase.MAIL, Phase.DATA),
    ),
    Signature(
        Code.SEND_QUOTA,
        words(
            r"(?:limit|límite|quota|превыс|лимит|przekrocz|超|上限|throttl|frequen|exced|überschr"
            r"|dépass|superat).{0,60}(?:send|sent|outgoing|outbound|env[ií]|envo|invi\w|versand"
            r"|wys[ył]"
            r"|исходящ|отправ|писем|发信|发送|送信|hour|hora|heure|\bora\b|stunde|godzin|daily"
            r"|\bday\b"
            r"|d[ií]a\b|jour|giorn|сут|dzie|每日|小时|messages|e-?mails|mensaje|correos|lifetime)",
            r"(?:send|sent|outgoing|outbound|env[ií]|envo|invi\w|versand|wys[ył]|исходящ|отправ"
            r"|发信|发送|送信"
            r"|messages|e-?mails|mensaje|correos|писем|sender is).{0,60}(?:limit|límite|quota"
            r"|превыс|лимит|przekrocz|超|上限|throttl|frequen|exced|überschr|dépass|superat)",
            r"too many (?:\w+ )?(?:e-?mails|mails|messages|recipients)|zu viele (?:e-?mails|nachr)"
            r"|trop de (?:messages|mails|destin)|demasiados (?:correos|mensajes|dest)"
            r"|troppi (?:mess|dest)|слишком много (?:писем|сообщ|получ)",
            near(MAXIMUM, _A_DAY, 60),
        ),
        protocol=SMTP,
        phases=TRANSACTION,
        without=words(
            r"size|storage|octet|bytes|\bmb\b|mailbox|server|dimens|taille|tamañ|tamanho|größe|размер"
            r"|rozmiar|velikost|storlek|grootte|大小|サイズ|boyut"
        ),
    ),
    Signature(
        Code.TOO_BIG,
        words(
            r"\bsize\b|too (?:big|large|long)|taille|tamañ|tamanho|dimension|größe|gro(?:ß|ss)"
            r"|volumin|размер|больш|rozmiar|duż|大小|过大|サイズ|boyut|\btoo ?big\b",
        ),
        phases=TRANSACTION | {Phase.APPEND},
        without=words(r"header|line|command"),
    ),
    Signature(
        Code.MAILBOX_QUOTA,
        words(
            r"quota|\bfull\b|\bvoll\b|überfüllt|speicher(?:platz|volumen)|plein|satur|llen[oa]\b"
            r"|\bpien[oa]\b|chei[ao]\b|lotad|przepełn|pełn|переполн|заполн|мест\w\b|满|滿|容量"
            r"|空间|いっぱい|dolu\b|\bvol\b|storage|\bspace\b|espacio|espaço|spazio",
            r"(?:too many|zu ?viele) (?:messages|mails|nachrichten).{0,24}(?:server|mailbox|post)",
            r"l[ií]mite (?:da|de la|del|della) (?:caixa|casella|buzón|boîte)",
        ),
        phases=TRANSACTION | MAILBOX,
        without=words(r"system|disk"),
    ),
    Signature(
        Code.SENDER_DOMAIN_INVALID,
        words(r"domain.{0,40}(?:exist|dns|\bmx\b|resolv)|\bdns\b.{0,24}(?:fail|error|check)"),
        protocol=SMTP,
        phases=phases(Phase.MAIL),
    ),
    Signature(
        Code.SENDER_DOMAIN_INVALID,
        words(
            r"(?:sender|absender|mail ?from|from|exp[eé]dit|emetteur|émetteur|remitente|mittente"
            r"|remetente|отправител\w*|nadawc\w+|return-path)\b.{0,80}(?:domain|dns|\bmx\b"
            r"|resolv|record|exist|fqdn|routab|invalide?\b|ungültig|syntax)",
            r"(?:发件人|发送者|発信者|送信者|送信元).{0,12}(?:域名|ドメイン).{0,8}(?:不存在|无效|存在しま|無効)",
            r"domain\w* (?:of|des|du|del) .{0,20}(?:sender|absender|exp|remit|mitt)",
            r"verify (?:the )?(?:mail ?from|sender)",
            r"(?:requires?|needs?) (?:a )?valid sender",
        ),
        protocol=SMTP,
        phases=TRANSACTION,
        without=words(r"own|not (?:in|one of) my|authori|verified|login|signed"),
    ),
    Signature(
        Code.SENDER_NOT_OWNED,
        words(
            r"(?:sender|absender|mail from|from address|exp[eé]dit|émetteur|remitente|mittente"
            r"|remetente|отправител\w*|nadawc\w+|发件人|送信者|return-path|envelope from)",
        ),
        protocol=SMTP,
        phases=TRANSACTION,
        receiving=False,
        without=words(r"spam|virus|block|reject(?:ed)? by|recipient|too many|policy|\bsyntax: "),
    ),
    Signature(
        Code.CONTENT_REJECTED,
        words(
            r"spam|junk|virus|malware|content|inhalt|contenu|contenido|contenuto|conteúdo|содерж"
            r"|спам|вирус|anhang|pièce jointe|adjunto|allegat|anexo|вложен|załącz|垃圾|病毒|内容"
            r"|附件|迷惑|attachment|filter|phish|polic|does(?:n't| not) want|refused to receive"
            r"|blocked by (?:recipient|user)",
        ),
        protocol=SMTP,
        phases=TRANSACTION,
    ),
    Signature(
        Code.AUTH_REQUIRED,
        words(r"authenti[cf]|autentic|аутентиф|авториз|身份验证|認証|uwierzyteln"),
        protocol=SMTP,
        phases=TRANSACTION,
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        words(rf"{_WHO}.{{0,60}}{_ABSENT}", rf"{_ABSENT}.{{0,40}}{_WHO}"),
        protocol=SMTP,
        phases=phases(Phase.RCPT, Phase.DATA),
        without=words(r"sender|try again|later"),
    ),
    Signature(
        Code.MESSAGE_FORMAT,
        words(
            r"header|newline|line (?:too|length)|\bmime\b|rfc ?\d{3,4}|charset|encoding|boundary"
            r"|malformed|<[lc]r?f?>|8-?bit|kopfzeile|en-t[eê]te|encabezad|cabecera|заголов"
            r"|nagłów|cabeçalh|intestazion|hlavičk|邮件头|郵件標頭|ヘッダ|헤더",
        ),
        phases=phases(Phase.DATA, Phase.APPEND),
        retryable=False,
    ),
)
"""Topics by stems; the narrow ones first, because a broad one may stand beside them."""

STATUS: Final = (
    # A loop does not end by itself
    Signature(
        Code.SERVER_TEMPORARY,
        phases=SESSION,
        enhanced_codes=enhanced("5.4.6"),
        retryable=False,
    ),
    Signature(Code.TOO_BIG, phases=TRANSACTION, enhanced_codes=enhanced("x.7.16")),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        phases=TRANSACTION,
        enhanced_codes=enhanced("x.1.4", "x.1.5", "x.7.17", "x.7.18"),
    ),
    Signature(Code.SEND_QUOTA, phases=TRANSACTION, enhanced_codes=enhanced("x.5.3")),
    Signature(Code.CONTENT_REJECTED, phases=TRANSACTION, enhanced_codes=enhanced("5.7.2")),
    Signature(Code.STARTTLS_REQUIRED, phases=TRANSACTION, enhanced_codes=enhanced("x.7.10")),
    Signature(Code.STARTTLS_NOT_OFFERED, phases=TRANSACTION, enhanced_codes=enhanced("5.7.30")),
    Signature(Code.RECIPIENT_UNKNOWN, phases=TRANSACTION, reply_codes=codes(556), protocol=SMTP),
    Signature(Code.RECIPIENT_UNKNOWN, phases=phases(Phase.RCPT), enhanced_codes=enhanced("5.4.4")),
    Signature(
        Code.SERVER_TEMPORARY,
        phases=SESSION,
        enhanced_codes=enhanced("x.3.1", "x.3.2", "x.3.5", "x.4.3", "x.4.6", "x.4.7"),
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        phases=TRANSACTION,
        enhanced_codes=enhanced("x.5.1", "x.5.2", "x.5.4"),
    ),
)
"""Status codes of the registry that mean one thing (RFC 3463, 5248, 6710, 7293, 8689)."""
