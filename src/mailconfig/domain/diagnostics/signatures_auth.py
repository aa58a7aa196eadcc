"""Signatures of signing in, whatever the provider (RFC 4954, RFC 5530, RFC 9051, RFC 5248)."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
    METHODS,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    enhanced,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    FAILED,
    LATER,
    METHOD,
    NONE,
    OFF,
    PASSWORD,
    PERMISSION,
    REFUSED,
    REQUIRED,
    TEMPORARY,
    UNKNOWN,
    UNSUPPORTED,
    USER,
    WRONG,
    near,
)
from mailconfig.domain.diagnostics.vocabulary import (
    LOGIN as SIGN_IN,
)

_MECHANISM: Final = (
    r"\b(?:(?:CRAM|DIGEST)-MD5|NTLM|GSSAPI|KERBEROS\w*|XOAUTH2?|OAUTHBEARER|SCRAM-[\w-]{3,20}"
    r"|AUTH=\w+)"
)
"""A mechanism's own name (PLAIN and LOGIN are words as well)."""
_SHARED: Final = (
    r"(?:shared|freigegeben|partag|compartid|condivis|compartilh|gedeeld|współdziel|sdílen|delad"
    r"|共享|共有|공유)"
)
_SIGN_IN: Final = LOGIN | MAILBOX
_BEFORE_MAIL: Final = TRANSACTION | LOGIN

LOGINS: Final = (
    # Not this protocol, for this account or plan
    Signature(
        Code.IMAP_DISABLED,
        words(
            r"(?:imap|pop3?)\d?\b(?! ?error|::|\.\w).{0,40}(?:not |un|dis|de)-?\s?(?:enabled"
            r"|allowed|available"
            r"|permitted|supported|licensed|activated|abled|included|authori[sz]ed)",
            r"(?:imap|pop3?)\d?\b(?!::|\.\w).{0,30}(?:disabled|switched off|turned off|blocked"
            r"|denied|inactive|restricted|forbidden)",
            r"(?:not|n't|no|without) .{0,40}(?:allowed|enabled|licensed|permitted|entitled"
            r"|permission|access|authori[sz]ed)\b.{0,30}(?:imap|pop3?)",
            r"(?:protocol|service|access)\b.{0,24}(?:disabled|not (?:enabled|allowed"
            r"|permitted)) for (?:this|your|the) (?:user|account|mailbox|plan|domain)",
            near(r"(?:(?<![a-z])imap4?(?! ?(?:error|warning)|::|\.?[a-z])|\bpop3\b)", OFF, 60),
            r"not (?:include|cover|contain|come with).{0,24}(?:imap|pop3)",
            r"(?:not|n't|no|without|lack\w*|missing) (?:\w+ ){0,3}(?:imap|pop3?)\b(?!\.) (?:access"
            r"|rights?|privilege|permission|entitle|licen[cs]e|service|feature|enabled)",
            r"(?:not|n't) (?:support|offer|provide) (?:imap|pop3?)\b",
            near(
                r"(?<![a-z])(?:imap4?(?! ?error)|pop3)(?![a-z])",
                r"(?:subscription|\bplan\b|package|tarif|abonn|\bpaket)",
                60,
            ),
            r"(?:enable|activate|allow|turn on|switch on) (?:\w+ )?(?:imap|pop3?)\b",
            r"protocol (?:is |was |has been )?(?:disabled|switched off|not enabled|not allowed)",
        ),
        protocol=IMAP,
        phases=LOGIN | {Phase.SELECT, Phase.GREETING},
    ),
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        phases=_SIGN_IN | {Phase.APPEND},
        response_codes=responses("AUTHORIZATIONFAILED", "NOPERM"),
    ),
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(
            r"not (?:authori[sz]ed|permitted|allowed) to (?:access|open|use|act|log ?in as|read)",
            r"(?:permission|access) (?:is |was )?denied|no (?:permission|access|rights?)\b|acl\b",
            r"proxy auth\w* (?:denied|not)|keine berechtigung|zugriff verweigert|accès refusé",
            r"acceso denegado|accesso negato|доступ запрещ",
            r"(?:not|n't|no|insufficient|lack|missing|without|inadequate)\b.{0,40}(?:permission"
            r"|privilege"
            r"|rights?\b|authori[sz]ation)",
            near(
                PERMISSION,
                rf"(?:{OFF}|{REFUSED}|{NONE}|ありませ|없|\b(?:kein|nicht|pas|sin|no|non"
                r"|não|nie|geen|inte|ikke|ei|nem|nincs|nu|δεν|nemá|yok|нет|немає|недост))",
            ),
        ),
        protocol=IMAP,
        phases=MAILBOX,
    ),
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(
            r"not (?:authori[sz]ed|permitted|allowed) to (?:open|access|use|read) (?:\w+ ){0,3}"
            r"(?:mailbox|folder)|not (?:authori[sz]ed|permitted|allowed) to (?:proxy|impersonate"
            r"|act (?:as|for)|log ?in (?:as|for))",
            near(PERMISSION, _SHARED),
        ),
        phases=LOGIN,
        without=words(r"\bimap|\bpop3"),
    ),
    # One identity signs in, another is asked for (RFC 4422; Cyrus: SASL_NOAUTHZ)
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(
            r"requested identity|\bsasl\(-14\)|(?:authori[sz]ation|authz|proxy)[ -]?(?:id|identity"
            r"|user|failure)\b.{0,60}(?:not|fail|denied|mismatch|differ|invalid|refus)"
        ),
        phases=_SIGN_IN,
        without=words(r"sasl\(-13\)|AUTHENTICATION ?FAILED"),
    ),
    # Another mechanism (RFC 4954: 504; RFC 5248: x.7.4, x.5.4; 534 5.7.9 too weak)
    Signature(
        Code.AUTH_MECHANISM,
        words(
            r"(?:unrecogni[sz]ed|unsupported|unknown|invalid|unimplemented|unacceptable"
            r"|disabled) (?:sasl |smtp |login )?(?:authenticat\w*|auth|sasl"
            r"|mechanism)[ -]?(?:type|method|mechanism|scheme)?\b(?! (?:data|credential|failed"
            r"|fail|error))",
            r"mechanism(?:s|\(s\))?.{0,40}(?:not |un|dis)\s?(?:supported|available|recogni[sz]ed"
            r"|allowed"
            r"|implemented|permitted|enabled|abled|known|common)",
            r"no (?:\w+ ){0,3}(?:auth\w*|sasl|login)? ?(?:mechanisms?"
            r"|methods?)\b(?:.{0,30}(?:found|available|match|supported|common|worked|left))?",
            r"(?:doesn't|does not|not) support (?:any of )?(?:the "
            r"|our )?.{0,24}(?:auth\w* (?:method|mechanism|type)|mechanism|login method|CRAM"
            r"|PLAIN|XOAUTH2|NTLM|AUTH=)",
            rf"{_MECHANISM}.{{0,24}}(?:not |un|dis|n't )(?:\w+ )?(?:support|avail|allow|abled|enabl"
            r"|permit|implement|offer|accept|advertis)",
            rf"(?:not|n't) (?:allow|support|offer|accept|permit|advertise) (?:\w+ )?{_MECHANISM}",
            r"\b(?:log-?in|auth) ?bad ?method|mechanism (?:is )?too weak"
            r"|too weak .{0,20}mechanism|server failed\b",
            r"(?:method|mechanism) not (?:supported|allowed|accept)",
            near(METHOD, UNSUPPORTED),
            rf"{NONE}.{{0,16}}{METHOD}",
            near(
                rf"(?:{SIGN_IN}).{{0,20}}{METHOD}",
                r"(?:not allowed|nicht erlaubt|disabled|deaktiviert)",
            ),
            r"(?:auth|authentication) (?:type|method|mechanism) .{0,24}(?:not|un)\s?(?:supported"
            r"|recogni|available|allowed|accept)",
        ),
        phases=LOGIN | {Phase.EHLO, Phase.CAPABILITY},
        without=words(
            r"auth(?:entication)? extension",
            r"not support(?:ed)? (?:smtp )?auth(?:entication)?\b(?! (?:method|mech|type))",
        ),
    ),
    # The program's own library of mechanisms (Cyrus SASL's client)
    Signature(
        Code.AUTH_MECHANISM,
        words(r"unable to find a callback|\bsasl\(-\d+\):? generic failure"),
        phases=LOGIN,
        fixable_by=FixableBy.OPERATOR,
    ),
    # The form of the user name, said in so many words
    Signature(
        Code.AUTH_USERNAME_FORM,
        words(
            r"(?:full|complete|whole|entire) (?:e-?mail|address|user)",
            r"vollständige\w* (?:e-?mail|mail|adresse)|adresse .{0,12}complète"
            r"|(?:dirección|correo) .{0,12}complet|indirizzo .{0,12}complet|endereço .{0,12}complet"
            r"|pełn\w+ adres|полн\w+ (?:адрес|имя)|volledig\w* (?:e-?mail|adres)"
            r"|完整.{0,8}(?:邮箱|郵箱|邮件|地址|帐号|账号)|完全なメール",
            rf"{USER}.{{0,30}}(?:include|contain|missing|without|with).{{0,12}}(?:domain|realm|@)",
        ),
        phases=LOGIN,
        without=words(rf"{PASSWORD}.{{0,20}}(?:{WRONG}|{FAILED})|{WRONG}.{{0,30}}{PASSWORD}"),
    ),
    Signature(Code.AUTH_MECHANISM, phases=LOGIN, reply_codes=codes(504)),
    # A method that failed without a reply, and is not among those offered
    *(
        Signature(
            Code.AUTH_MECHANISM,
            words(near(rf"(?-i:\b{method}\b)", FAILED, 24)),
            protocol=SMTP,
            phases=LOGIN,
            offers=frozenset({"AUTH", f"NO {method}"}),
            without=words(r"(?<![\w.])[45]\d\d\b"),
        )
        for method in METHODS
    ),
    Signature(
        Code.AUTH_MECHANISM,
        words(r"authenticate"),
        phases=LOGIN,
        response_codes=responses("CANNOT"),
    ),
    Signature(
        Code.AUTH_MECHANISM, phases=LOGIN, enhanced_codes=enhanced("5.7.4", "5.5.4", "5.7.9")
    ),
    # No login at all on this connection (Postfix 503, Sendmail 500, Exim 503, clients' own words)
    Signature(
        Code.AUTH_NOT_OFFERED_BEFORE_TLS,
        words(
            r"auth\w*(?: extension| command)? (?:is )?(?:not|un)\s?(?:supported|enabled"
            r"|available|offered|advertised|activated|implemented|allowed|permitted)",
            r"auth\w* .{0,24}(?:not|n't) (?:been )?(?:offered|advertised|announced|enabled)",
            r"when not advertised",
            r"(?:doesn't|does not|not) (?:support|offer|advertise|announce"
            r"|provide) (?:smtp )?(?:auth|login|sign)",
            near(SIGN_IN, UNSUPPORTED, 30),
            rf"(?:\bkeine|aucune|ninguna|nessuna|nenhuma|\bgeen|\bžádn|\bingen)\w* {SIGN_IN}",
            r"(?:unterstützt keine|ne prend pas en charge l'|no admite la "
            r"|non supporta l'?)\s?auth",
        ),
        phases=LOGIN | TRANSACTION | {Phase.EHLO},
        without=words(r"mechanism|relay|imap", METHOD),
    ),
    Signature(
        Code.AUTH_NOT_OFFERED_BEFORE_TLS,
        protocol=SMTP,
        phases=LOGIN,
        reply_codes=codes(500, 502, 503),
        without=words(r"sequence|already|nested|must|first|order"),
    ),
    # Trouble behind the login
    Signature(
        Code.AUTH_TEMPORARY,
        words(
            r"temporar",
            r"(?:internal|server|backend|system|unexpected)\b.{0,16}(?:error|failure|fault"
            r"|problem|bug)",
            r"(?:server|service|backend|database|ldap|directory|mailbox"
            r"|storage)\b.{0,24}(?:unavailable|not available|down|unreachable|busy|offline"
            r"|locked|maintenance)",
            r"(?:try|retry) (?:again )?later|(?:internal|unexpected) (?:\w+ )?exception",
            r"cannot connect to .{0,20}(?:auth|sasl|saslauthd|backend|database)",
            r"auth\w* (?:daemon|process|service)\b.{0,30}(?:fail|unavail|not)",
            TEMPORARY,
            near(
                LATER, r"(?:again|erneut|versuch|réessay|intent|riprov|tente|spróbuj|попроб|试|試)"
            ),
            r"at present|\bcan't auth|authentication server",
            r"being (?:moved|migrated|upgraded|updated|restored|converted)|maintenance|wartung"
            r"|mantenim"
            r"|manutenzion|manuten[çc]|onderhoud|konserwacj|údržb|обслуживани|维护|維護|メンテナンス|점검",
            r"\bin (?:a few|some|a couple of) (?:minutes|seconds|moments)",
            r"(?:系统|系統|服务器|伺服器)(?:繁)?忙|混み合って|混雑して",
        ),
        phases=LOGIN,
        without=words(
            r"5\.7\.8.{0,40}server failed|temporary password",
            rf"{WRONG}.{{0,12}}(?:{USER}|{PASSWORD})",
        ),
    ),
    Signature(
        Code.AUTH_TEMPORARY,
        phases=LOGIN,
        reply_codes=codes(421, 430, 431, 432, 435, 450, 451, 452, 454, 455),
    ),
    # The user name's form, or nobody of that name
    Signature(
        Code.AUTH_USERNAME_FORM,
        words(
            r"(?:unknown|no such|nonexistent) (?:user|account|mailbox"
            r"|username)\b(?!.{0,6}(?:name)?.{0,6}(?:or|and|/).{0,20}passw)",
            r"invalid user\b(?! ?(?:name|cred|data))(?!.{0,6}(?:or|and|/).{0,20}passw)",
            r"(?:user|account|mailbox|login)(?:name)? (?:is )?(?:unknown|not found"
            r"|does not exist|doesn't exist|not exist)",
            r"(?:full|complete|whole|entire) (?:e-?mail|address|user)",
            r"(?:missing|without|requires?|specify|include).{0,16}(?:domain|realm)\b",
            r"user ?name (?:must|should|has to|needs)|\buser@(?:domain|realm|host)\b",
            near(
                r"(?:\bdomain|\brealm|\bdomäne|domaine|dominio|домен)",
                r"(?:missing|fehlt|manqu|falta|manca)",
                12,
            ),
            r"benutzer.{0,20}(?:unbekannt|existiert nicht)|utilisateur inconnu",
            r"usuario (?:desconocido|no existe)",
            r"utente (?:sconosciuto|inesistente)",
            r"(?:account|user)[ _](?:not|doesn.t)[ _](?:found|exist)|用户(?:名)?不存在",
            r"пользователь не найден",
        ),
        phases=LOGIN,
        without=words(r"passw\w+ (?:is )?(?:in|wrong)|or password|and password"),
    ),
    Signature(
        Code.AUTH_USERNAME_FORM,
        words(near(USER, UNKNOWN, 24)),
        phases=LOGIN,
        without=words(PASSWORD, r"ungültig|invalid (?:user|login)"),
    ),
    # A session that was not signed in, or not signed in any more
    Signature(
        Code.AUTH_REQUIRED,
        words(
            r"authenti\w+ (?:is |was )?(?:required|needed|necessary|mandatory)",
            r"(?:must|need to|have to|please|should|first) (?:\w+ ){0,2}(?:authenticate|log ?in"
            r"|sign in|auth\b|login)",
            r"(?:auth|log ?in|sign in)\w* (?:command )?(?:first|required|before)",
            r"requires? (?:smtp )?(?:auth|login|a login)|not (?:logged|signed) in",
            r"unauthenticated",
            r"(?:use|enable|turn on|activate|configure) (?:smtp )?auth|send auth command",
            r"sender (?:is )?not authenticated|not (?:been )?authenticated",
            r"authentifizier\w+ (?:ist )?(?:erforderlich|notwendig)",
            r"authentification (?:est )?(?:requise|nécessaire|obligatoire)",
            r"autenticaci[oó]n (?:es )?(?:requerida|necesaria|obligatoria)",
            r"autenticazione (?:è )?(?:richiesta|necessaria|obbligatoria)",
            r"autentica[cç][aã]o (?:é )?(?:necess|obrigat|exigida|requerida)",
            near(SIGN_IN, REQUIRED, 30),
            near(r"\b(?:smtp[- ]?)?auth\b", REQUIRED, 20),
            # the mailbox is to be opened before mail is sent
            r"(?:check|retriev|fetch|read|receiv|collect|get|pop)\w*\b.{0,40}(?:mail|inbox"
            r"|messages)"
            r"\b.{0,30}(?:before|first).{0,30}(?:send|smtp)|pop3?[- ]before[- ]smtp",
            r"before (?:you )?(?:can )?send.{0,30}(?:check|retriev|receiv|fetch|pop3?)",
        ),
        phases=TRANSACTION,
        without=words(
            r"\bspf\b|dkim|dmarc|protocol (?:error|viol)|mail is unauth|(?:this|your|the) message"
            r"|in reply to mail",
            r"relay .{0,12}in reply",
        ),
    ),
    Signature(
        Code.AUTH_REQUIRED,
        words(r"authenti\w+ (?:is )?required|must authenticate|not authenticated"),
        phases=TRANSACTION,
        fixable_by=FixableBy.OPERATOR,  # an MTA's log: the relaying machine has no credentials
    ),
    Signature(Code.AUTH_REQUIRED, phases=TRANSACTION, reply_codes=codes(530), protocol=SMTP),
)
"""Everything about signing in that is no plain refusal."""
