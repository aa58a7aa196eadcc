"""Signatures of the STARTTLS command, and of servers that want encryption first.

Sources: RFC 3207, RFC 8314, RFC 9051, section 6.2.1, RFC 5530 and RFC 5248. It must not judge
handshakes or certificates: those are `signatures_tls`'s.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    TLS_PORTS,
    Signature,
    codes,
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CONNECTION,
    ENCRYPTION,
    LATER,
    MAXIMUM,
    REFUSED,
    REQUIRED,
    TEMPORARY,
    TOO_MANY,
    UNSUPPORTED,
    WITHOUT,
    near,
)

_STARTTLS: Final = phases(Phase.STARTTLS)
_UNAVAILABLE: Final = (
    r"(?:unavailable|not available|nicht verfügbar|indisponib|no disponible|non disponibil"
    r"|não disponível|niedostępn|niet beschikbaar|nedostupn|není dostupn|inte tillgänglig"
    r"|ikke tilgjengelig|ikke tilgængelig|kullan.lam|недоступ|不可用|利用でき|사용할 수 없)"
)
_ONLY: Final = (
    r"(?:\bnur|\bonly|seulement|uniquement|\bs[oó]lo|solamente|\bsolo|somente|apenas|tylko|alleen"
    r"|pouze|endast|\bkun\b|только|仅|只能|のみ|だけ)"
)
_USE: Final = (
    r"(?:benutz|verwend|utilisez|utilice|\bus[ae]r?\b|utilizz|gebruik|użyj|použij|använd|kullan"
    r"|используйте|использовать|请使用|使用して)"
)
_LOGIN_OR_MAIL: Final = phases(
    Phase.AUTH, Phase.MAIL, Phase.RCPT, Phase.EHLO, Phase.GREETING, Phase.SELECT, Phase.DATA
)

UPGRADE: Final = (
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        phases=_STARTTLS,
        needs_phase=True,
        offers=frozenset({"NO STARTTLS"}),
        protected=False,
    ),
    # The client spoke before it was its turn (Exim, Postfix's postscreen)
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"synchroni[sz]ation error|spoke too (?:soon|early)|\bpre-?greet|early talk"
            r"|talks? before"
            r"|(?:un)?authori[sz]ed (?:command )?pipelining|improper (?:command )?pipelining"
        ),
        without=words(r"spam|block ?list"),
    ),
    # STARTTLS inside TLS, whatever the server says about it
    Signature(
        Code.DOUBLE_STARTTLS,
        words(r"(?<![\w.])(?:454|5\d\d)\b|\bBAD\b|(?-i:\bNO\b)"),
        phases=_STARTTLS,
        needs_phase=True,
        ports=TLS_PORTS,
        protected=True,
    ),
    # IMAP: NO means that the command is known, but TLS could not begin (RFC 9051, section 7.1)
    Signature(
        Code.STARTTLS_FAILED_SERVER,
        words(r"(?-i:\bNO\b)"),
        protocol=IMAP,
        phases=_STARTTLS,
        needs_phase=True,
        without=words(r"not (?:support|offer|avail|enabl|permit|allow)|unknown|unrecogni|disabled"),
    ),
    # TLS asked for twice (RFC 3207, section 4.2: not a second time)
    Signature(
        Code.DOUBLE_STARTTLS,
        words(
            r"(?:tls|ssl)\b.{0,20} already|already .{0,30}\b(?:tls|ssl|secure|encrypt)",
            r"tls (?:is )?(?:currently )?active|(?:when|while|once) (?:using )?(?:tls|ssl)\b",
            r"starttls not (?:allowed|permitted|valid) (?:here|now|after|in|when|inside)",
            r"starttls .{0,40}(?:inside|within|over|during) .{0,12}(?:tls|ssl)",
        ),
        without=words(r"already (?:disabled|failed)"),
    ),
    # A server that cannot: 454 (RFC 3207, section 4), or in words
    Signature(
        Code.STARTTLS_FAILED_SERVER,
        words(
            r"tls .{0,30}(?:not|un)\s?available.{0,30}(?:temporar|local problem|due to|reason)",
            r"tls (?:is )?currently (?:un|not )\s?available|unable to initiali[sz]e (?:tls|ssl)",
            r"tls initiali[sz]ation (?:error|failed)|tls handshake failed",
            r"tls (?:library|engine|subsystem) .{0,20}(?:fail|problem)",
            r"tls .{0,20}temporar|(?:cannot|can't|failed to) (?:start|load|negotiate) .{0,12}tls",
        ),
        reply_codes=codes(421, 451, 454, 550, 554, 530),
    ),
    Signature(
        Code.STARTTLS_FAILED_SERVER,
        phases=_STARTTLS,
        reply_codes=codes(421, 450, 451, 454),
        without=words(near(CONNECTION, MAXIMUM, 24), TOO_MANY),
    ),
    Signature(
        Code.STARTTLS_FAILED_SERVER,
        words(r"tls not available due to", r"tls .{0,16}temporarily", r"unable to start tls"),
    ),
    # The server says goodbye because its own TLS does not work
    Signature(Code.STARTTLS_FAILED_SERVER, words(r"\* bye\b.{0,60}(?:tls|ssl).{0,40}fail")),
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        words(
            r"(?:tls|secure (?:link|connection)).{0,80}(?:not|n't) (?:advertise|offer|support"
            r"|announce)",
            r"starttls .{0,30}(?:not|n't|un)\s?(?:supported|offered|advertised|available"
            r"|announced|enabled)",
            r"(?:not|n't|no|without) (?:support |offer |advertise "
            r"|announce )(?:for )?(?:starttls|tls\b)",
            r"(?:tls|starttls) (?:is |was )?(?:required|requested),? but .{0,30}not (?:offered"
            r"|supp|avail)",
            r"(?-i:[Nn]o) starttls|did(?:n't| not) f(?:i|ou)nd starttls|starttls (?:is )?missing"
            r"|tls not (?:available|supported"
            r"|offered)",
            r"(?:unterstützt|bietet) .{0,20}(?:kein )?starttls",
            r"ne (?:supporte|prend) .{0,20}starttls",
            r"does(?:n't| not) support (?:secure|encrypted) connections|starttls extension",
        ),
    ),
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        words(near(r"\bstarttls\b", UNSUPPORTED, 100)),
        phases=_STARTTLS,
        needs_phase=True,
    ),
    # A client that found no way to encrypt (mutt); a server says why, or until when
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        words(
            near(rf"(?:{ENCRYPTION}|secure connection)", _UNAVAILABLE, 30),
            r"requested ssl level failed",
        ),
        phases=_STARTTLS,
        needs_phase=True,
        without=words(
            TEMPORARY, LATER, r"currently|due to|(?<![\w.])4\d\d[ -]|(?-i:\bNO\b)|handshake"
        ),
    ),
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        phases=_STARTTLS,
        reply_codes=codes(500, 501, 502, 503, 504, 538, 550, 554),
    ),
    Signature(
        Code.STARTTLS_NOT_OFFERED,
        words(r"\bBAD\b.{0,80}", r"unknown command|not implemented|unrecogni[sz]ed"),
        phases=_STARTTLS,
    ),
)
"""The STARTTLS command, in order of precedence."""

ENCRYPTION_FIRST: Final = (
    Signature(Code.STARTTLS_REQUIRED, response_codes=responses("PRIVACYREQUIRED")),  # RFC 5530
    Signature(
        Code.STARTTLS_REQUIRED,
        words(
            r"(?:must|need to|have to|please) (?:first )?(?:issue|use|do|send|run) (?:a "
            r"|the )?starttls",
            r"starttls (?:command )?(?:is )?(?:first|required|needed|mandatory|before)",
            r"(?:plain ?text|clear ?text|unencrypted|insecure)\b.{0,40}(?:not |dis|un)\s?"
            r"(?:allowed|permitted|supported|enabled|accepted|abled)|plaintext authentication",
            r"(?:disallow\w*|disabled|forbidden|reject\w*|refus\w*|no"
            r"|not allow\w*) (?:\w+ ){0,2}(?:plain ?text"
            r"|clear ?text|unencrypted|insecure)",
            r"under a (?:security )?layer|unencrypted connection|encryption needed",
            r"(?:plain ?text|clear ?text|unencrypted|insecure)\b.{0,40}(?:denied|deny|reject|refus"
            r"|prohibit|forbid|block)",
            r"(?:only|not|n't)\b.{0,24} (?:after|before|without|until|unless) (?:\w+ )?(?:starttls"
            r"|tls|ssl|encrypt)",
            near(ENCRYPTION, REQUIRED, 30),
            r"(?:encryption|tls|ssl|secure (?:channel|connection|link))\b.{0,30}"
            r"(?:is |are )?(?:required|needed|mandatory|necessary|obligatory)",
            r"requires? (?:an? |the use of )?(?:\w+ )?(?:encrypt\w+|tls|ssl|secure)\b",
            r"without (?:ssl|tls|encryption)",
            r"(?:only|first).{0,30}(?:over|via|through|with) (?:tls|ssl)\b",
            r"(?:use|enable|switch to|configure) (?:\w+ )?(?:tls|ssl|encryption|starttls)\b.{0,60}"
            r"(?:first|before|connection|in your|to (?:send|log|auth))",
            r"verschlüssel\w* .{0,30}(?:erforderlich|notwendig|pflicht)",
            r"(?:chiffr|crypt)\w+ .{0,20}requis",
            r"cifrad\w* .{0,20}(?:requerid|necesari)|nur (?:über|mit) (?:tls|ssl)",
            r"требуется шифрование",
        ),
        without=words(r"server requires a secure connection or|already"),
        phases=_LOGIN_OR_MAIL,
    ),
    Signature(
        Code.STARTTLS_REQUIRED,
        words(rf"{WITHOUT} (?:\w+ )?{ENCRYPTION}"),
        phases=phases(Phase.AUTH, Phase.MAIL, Phase.RCPT),
        needs_phase=True,
        protected=False,
    ),
    Signature(
        Code.STARTTLS_REQUIRED,
        words(
            near(_ONLY, ENCRYPTION, 24),
            near(ENCRYPTION, _USE, 24),
            near(r"non-?secure|not secure", REFUSED, 24),
        ),
        phases=phases(Phase.AUTH, Phase.MAIL, Phase.RCPT),
        needs_phase=True,
        protected=False,
    ),
    # RFC 4954: 538 needs encryption for this mechanism; RFC 5248: x.7.10, x.7.11
    Signature(Code.STARTTLS_REQUIRED, phases=_LOGIN_OR_MAIL, reply_codes=codes(523, 538)),
    Signature(
        Code.STARTTLS_REQUIRED,
        phases=_LOGIN_OR_MAIL,
        enhanced_codes=frozenset({"x.7.10", "x.7.11"}),
    ),
)
"""Servers that want TLS before they go on; also a sender's policy on TLS."""
