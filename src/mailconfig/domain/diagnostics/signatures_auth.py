"""Signatures of signing in, whatever the provider (RFC 4954, RFC 5530, RFC 9051, RFC 5248)."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
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

_SIGN_IN: Final = LOGIN | MAILBOX
_BEFORE_MAIL: Final = TRANSACTION | LOGIN

BEFORE_PROVIDERS: Final = (
    # Text that the client itself could not send
    Signature(
        Code.AUTH_NON_ASCII,
        words(
            r"UnicodeEncodeError|can't encode character|ordinal not in range|non-?ascii"
            r"|(?:outside|beyond) (?:the )?ascii|codec can't encode|not (?:all )?ascii|nicht-ascii"
            r"|(?:invalid|unsupported|illegal) (?:utf-?8|unicode|8-?bit)"
        ),
        phases=LOGIN,
    ),
    # Nothing, or something broken, arrived where a user name or password belongs
    Signature(
        Code.AUTH_SECRET_SUSPECT,
        words(
            r"(?:empty|missing|blank) (?:user ?name|password|credential|secret|login)",
            r"no (?:user ?name|password|credentials?) (?:was |were |has been )?(?:given|suppl|set"
            r"|provided|found|entered|configured)",
            r"(?:user ?name|password|credentials?)\b.{0,20}(?:is |are |was |must not be "
            r"|cannot be )(?:empty|missing|blank|null)",
            r"client -> server: (?:\"\" )?server -> client: (?:535|501|503|454)",
            r"invalid characters? in (?:atom|quoted|string|password|user)|unbalanced quot",
            r"missing '\"'",
            r"(?:in|can ?not |failed to |unable to |error )(?:valid |\w*-?)?(?:base-?64)",
            r"base-?64.{0,20}(?:invalid|decod|error|fail)",
            r"cannot decode|leeres passwort|mot de passe vide|contraseña vac",
        ),
        phases=LOGIN,
    ),
    Signature(
        Code.AUTH_LOGIN_DISABLED_SASL_OK,
        words(
            r"\blogin(?: command)? (?:is |was |has been )?(?:disabled|not (?:allowed|permitted"
            r"|supported|enabled))\b",
            r"LOGINDISABLED|use (?:the )?authenticate",
        ),
        protocol=IMAP,
        phases=LOGIN,
        without=words(r"plain ?text|tls|ssl|secure|encrypt|account|user|domain"),
    ),
    Signature(
        Code.AUTH_LOGIN_DISABLED_SASL_OK,
        protocol=IMAP,
        phases=LOGIN,
        offers=frozenset({"LOGINDISABLED", "AUTH="}),
        protected=True,
        words=words(r"\bBAD\b|\bLOGIN\b"),
        without=words(r"AUTHENTICATIONFAILED|unknown auth"),
    ),
    # RFC 5530 says it without words
    Signature(
        Code.AUTH_TEMPORARY,
        response_codes=responses(
            "UNAVAILABLE", "INUSE", "IN-USE", "SERVERBUG", "SYS/TEMP", "CORRUPTION"
        ),
        phases=LOGIN,
    ),
    # The password is right, but old
    Signature(Code.AUTH_EXPIRED, response_codes=responses("EXPIRED"), phases=_SIGN_IN),
    Signature(
        Code.AUTH_EXPIRED,
        words(
            r"passw\w+.{0,30}(?:expired|must be (?:changed|reset)|needs? to be (?:changed|reset)"
            r"|too old)",
            r"(?:must|need to|have to|please) (?:first )?(?:change|reset|update|renew) (?:your "
            r"|the )?password",
            r"password (?:transition|change|reset) (?:is )?(?:needed|required)|expired password",
            r"pass?wor[dt].{0,20}abgelaufen|mot de passe.{0,20}expir",
            r"contraseña.{0,20}(?:expir|caduc)",
            r"password scaduta|senha expir|срок действия пароля|密码已?过期",
        ),
        phases=_SIGN_IN,
        without=words(r"too many|app(?:lication)?[- ](?:specific )?password"),
    ),
    Signature(Code.AUTH_EXPIRED, phases=LOGIN, enhanced_codes=enhanced("x.7.12")),  # RFC 5248
)
"""Rows before those of the providers: what holds with each of them."""

LOCKED: Final = (
    # Attempts, rates and locks that open by themselves
    Signature(
        Code.AUTH_THROTTLED,
        words(
            r"too many .{0,40}(?:login|log-?in|logon|auth|sign-?in|password|attempt|fail|tries"
            r"|bad|invalid)",
            r"(?:login|log-?in|logon|auth\w*|sign-?in) .{0,24}(?:rate|frequency"
            r"|attempts?)\b.{0,24}(?:limit|exceed|hit|reached)",
            r"(?:maximum|max\.?|excessive|multiple|repeated)\b.{0,30}(?:login|auth\w*|failed"
            r"|invalid).{0,20}(?:attempts?|fail|tries)",
            r"(?:locked|blocked|banned|disabled|suspended).{0,60}(?:attempt|fail(?:ed|ure)|brute"
            r"|minutes|seconds|for a while|login)",
            r"(?:failed|bad|wrong|invalid).{0,30}attempts.{0,60}(?:lock|block|ban|wait|try again)",
            r"brute[- ]?force|fail2ban|login rate|rate limit hit|authentication rate",
            r"zu viele .{0,30}(?:anmelde|login|fehl|versuche)",
            r"trop de (?:tentatives|connexions? échou|essais)",
            r"demasiados (?:intentos|inicios)|troppi tentativi",
            r"(?:muitas|demasiadas|excesso de) tentativas",
            r"слишком (?:много|часто).{0,20}(?:попыт|вход|неуд)",
            r"превышено (?:число|количество) попыт|登录.{0,6}(?:频繁|过多)|尝试次数过多",
            r"ログイン.{0,12}回数|za dużo prób|te veel (?:mislukte )?(?:inlog|pogingen)|çok fazla",
        ),
        phases=LOGIN | {Phase.GREETING, Phase.CONNECT},
        without=words(r"connections? (?:from|to|for)|simultaneous|concurrent|permanently"),
    ),
    Signature(
        Code.AUTH_THROTTLED,
        words(r"rate.?limit|throttl|slow down|too frequent|try again (?:in|after) \d"),
        phases=LOGIN,
        without=words(r"per (?:second|minute)|sending"),
    ),
    Signature(
        Code.AUTH_THROTTLED, phases=LOGIN, response_codes=responses("LOGIN-DELAY", "THROTTLED")
    ),
    # Closed by the provider
    Signature(
        Code.ACCOUNT_DISABLED,
        words(
            r"(?:account|mailbox|user|login|domain|access"
            r"|service)\b.{0,40}(?<!password )(?:has been |is |was |currently "
            r"|temporarily )*(?:disabled|suspended|locked|blocked|restricted|deactivated|closed"
            r"|frozen|inactive|terminated|banned|cancel+ed)",
            r"(?:disabled|suspended|locked|blocked|deactivated|inactive|frozen) (?:account|user"
            r"|mailbox|domain)",
            r"outgoing mail suspension|may have been (?:hacked|compromised)",
            r"account .{0,20}compromised|unusual (?:sending )?activity",
            r"suspicious (?:activity|login|sign)|account (?:is )?(?:on hold|not active|abuse)",
            r"(?:unblock|reactivate) (?:your|the) account",
            r"(?:konto|postfach|zugang).{0,40}(?:gesperrt|deaktiviert|blockiert)",
            r"compte .{0,30}(?:bloqué|suspendu|désactivé|verrouillé)",
            r"cuenta .{0,30}(?:suspendida|bloqueada|deshabilitada|desactivada)",
            r"account .{0,20}(?:bloccato|sospeso|disabilitato)",
            r"conta .{0,30}(?:suspensa|bloqueada|desativada)",
            r"(?:аккаунт|ящик|пользователь|учетная запись).{0,30}(?:блокирован|отключ|заморож)",
            r"(?:账号|帐号|账户|帐户).{0,12}(?:锁定|冻结|停用|禁用|封)"
            r"|konto .{0,30}(?:zablokowane|zawieszone)",
            r"account .{0,20}geblokkeerd",
        ),
        phases=LOGIN | MAILBOX | {Phase.MAIL, Phase.DATA},
        without=words(
            r"\bimap\b|\bpop3?\b|smtp ?(?:auth|access)|tried to reach|recipient|<[^>]+>: ",
            r"your ip|client host|spamhaus|attachment",
            r"message (?:was |has been )?(?:blocked|rejected)|mail (?:was |has been )?blocked",
            r"temporarily unavailable|basic",
        ),
    ),
    Signature(Code.ACCOUNT_DISABLED, phases=LOGIN, enhanced_codes=enhanced("5.7.13")),  # RFC 5248
)
"""Locks: before the words of plain refusals, which often stand in the same reply."""

LOGINS: Final = (
    # Not this protocol, for this account or plan
    Signature(
        Code.IMAP_DISABLED,
        words(
            r"(?:imap|pop3?)\d?\b.{0,40}(?:not |un|dis|de)-?\s?(?:enabled|allowed|available"
            r"|permitted|supported|licensed|activated|abled|included|authori[sz]ed)",
            r"(?:imap|pop3?)\d?\b.{0,30}(?:disabled|switched off|turned off|blocked|denied"
            r"|inactive|restricted|forbidden)",
            r"(?:not|n't|no|without) .{0,40}(?:allowed|enabled|licensed|permitted|entitled"
            r"|permission|access|authori[sz]ed)\b.{0,30}(?:imap|pop3?)",
            r"(?:protocol|service|access)\b.{0,24}(?:disabled|not (?:enabled|allowed"
            r"|permitted)) for (?:this|your|the) (?:user|account|mailbox|plan|domain)",
            r"imap.{0,30}(?:nicht|deaktiviert|désactivé|deshabilitad|disabilitat|desativad"
            r"|отключ|запрещ|未开启|未启用|关闭)",
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
        ),
        protocol=IMAP,
        phases=MAILBOX,
    ),
    # Another mechanism (RFC 4954: 504; RFC 5248: x.7.4, x.5.4; 534 5.7.9 too weak)
    Signature(
        Code.AUTH_MECHANISM,
        words(
            r"(?:unrecogni[sz]ed|unsupported|unknown|invalid|unimplemented|unacceptable"
            r"|disabled) (?:sasl |smtp |login )?(?:authenticat\w*|auth|sasl"
            r"|mechanism)[ -]?(?:type|method|mechanism|scheme)?\b(?! (?:data|credential|failed"
            r"|fail|error))",
            r"mechanisms?\b.{0,40}(?:not |un|dis)\s?(?:supported|available|recogni[sz]ed|allowed"
            r"|implemented|permitted|enabled|abled|known|common)",
            r"no (?:\w+ ){0,3}(?:auth\w*|sasl|login)? ?(?:mechanisms?"
            r"|methods?)\b(?:.{0,30}(?:found|available|match|supported|common|worked|left))?",
            r"(?:doesn't|does not|not) support (?:any of )?(?:the "
            r"|our )?.{0,24}(?:auth\w* (?:method|mechanism|type)|mechanism|login method|CRAM"
            r"|PLAIN|XOAUTH2|NTLM|AUTH=)",
            r"mechanism (?:is )?too weak|too weak .{0,20}mechanism|server failed\b",
            r"(?:method|mechanism) not (?:supported|allowed|accept)",
            r"(?:auth|authentication) (?:type|method|mechanism) .{0,24}(?:not|un)\s?(?:supported"
            r"|recogni|available|allowed|accept)",
        ),
        phases=LOGIN | {Phase.EHLO, Phase.CAPABILITY},
        without=words(
            r"auth(?:entication)? extension",
            r"not support(?:ed)? (?:smtp )?auth(?:entication)?\b(?! (?:method|mech|type))",
        ),
    ),
    Signature(Code.AUTH_MECHANISM, phases=LOGIN, reply_codes=codes(504)),
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
            r"(?:unterstützt keine|ne prend pas en charge l'|no admite la "
            r"|non supporta l'?)\s?auth",
        ),
        phases=LOGIN | TRANSACTION | {Phase.EHLO},
        without=words(r"mechanism|method|relay|imap"),
    ),
    Signature(
        Code.AUTH_NOT_OFFERED_BEFORE_TLS,
        protocol=SMTP,
        phases=LOGIN,
        reply_codes=codes(500, 502, 503),
        without=words(r"bad sequence|already|nested|must|first"),
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
            r"(?:try|retry) (?:again )?later",
            r"cannot connect to .{0,20}(?:auth|sasl|saslauthd|backend|database)",
            r"auth\w* (?:daemon|process|service)\b.{0,30}(?:fail|unavail|not)",
            r"vorübergehend|temporaire|momentan|temporane|temporár|временн|暂时|一時的",
            r"später (?:noch einmal|erneut)",
        ),
        phases=LOGIN,
        without=words(r"5\.7\.8.{0,40}server failed|temporary password"),
    ),
    Signature(Code.AUTH_TEMPORARY, phases=LOGIN, reply_codes=codes(421, 432, 450, 451, 452, 454)),
    # The user name's form, or nobody of that name
    Signature(
        Code.AUTH_USERNAME_FORM,
        words(
            r"(?:unknown|no such|nonexistent) (?:user|account|mailbox"
            r"|username)\b(?!.{0,6}(?:name)?.{0,6}(?:or|and|/).{0,20}passw)",
            r"invalid user\b(?! ?name)(?!.{0,6}(?:or|and|/).{0,20}passw)",
            r"(?:user|account|mailbox|login)(?:name)? (?:is )?(?:unknown|not found"
            r"|does not exist|doesn't exist|not exist)",
            r"(?:full|complete|whole|entire) (?:e-?mail|address|user)",
            r"(?:missing|without|requires?|specify|include).{0,16}(?:domain|realm)\b",
            r"user ?name (?:must|should|has to|needs)",
            r"benutzer.{0,20}(?:unbekannt|existiert nicht)|utilisateur inconnu",
            r"usuario (?:desconocido|no existe)",
            r"utente (?:sconosciuto|inesistente)",
            r"(?:account|user)[ _](?:not|doesn.t)[ _](?:found|exist)|用户(?:名)?不存在",
            r"пользователь не найден",
        ),
        phases=LOGIN,
        without=words(r"passw\w+ (?:is )?(?:in|wrong)|or password|and password"),
    ),
    # A session that was not signed in, or not signed in any more
    Signature(
        Code.AUTH_REQUIRED,
        words(
            r"authenti\w+ (?:is |was )?(?:required|needed|necessary|mandatory)",
            r"(?:must|need to|have to|please|should|first) (?:\w+ ){0,2}(?:authenticate|log ?in"
            r"|sign in|auth\b|login)",
            r"(?:auth|login)\w* (?:command )?(?:first|required|before)",
            r"requires? (?:smtp )?(?:auth|login|a login)|not (?:logged|signed) in",
            r"unauthenticated",
            r"(?:use|enable|turn on|activate|configure) (?:smtp )?auth|send auth command",
            r"sender (?:is )?not authenticated|not (?:been )?authenticated",
            r"authentifizier\w+ (?:ist )?(?:erforderlich|notwendig)",
            r"authentification (?:est )?(?:requise|nécessaire|obligatoire)",
            r"autenticaci[oó]n (?:es )?(?:requerida|necesaria|obligatoria)",
            r"autenticazione (?:è )?(?:richiesta|necessaria|obbligatoria)",
            r"autentica[cç][aã]o (?:é )?(?:necess|obrigat|exigida|requerida)",
            r"требуется (?:авторизация|аутентификация)|需要(?:身份)?(?:验证|认证)|認証が必要",
        ),
        phases=TRANSACTION,
        without=words(
            r"\bspf\b|dkim|dmarc|protocol|mail is unauth|message|in reply to mail",
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

REFUSALS: Final = (
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        words(
            r"(?:auth\w*|log-?in|logon|sign-?in|credential|password)\w*\b.{0,40}(?:fail"
            r"|incorrect|invalid|wrong|reject|denied|refused|unsuccessful|error|bad|not accepted"
            r"|mismatch)",
            r"(?:fail\w*|incorrect|invalid|wrong|reject\w*|denied|refused|bad|could not|cannot"
            r"|unable to) .{0,30}(?:auth\w*|log-?in|logon|credential|password|user)",
            r"535\b|authentifizierung|anmeldung .{0,20}fehl|benutzername oder|authentification",
            r"identification|identifiants|mot de passe (?:incorrect|invalide)",
            r"contraseña|autenticaci|autenticazione|credenziali|autentica[cç]|senha|авторизаци",
            r"аутентификаци|парол|密码|登录失败|認証|パスワード|비밀번호|인증|hasło|kimlik doğrula",
        ),
        phases=LOGIN,
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, phases=LOGIN, response_codes=responses("AUTHENTICATIONFAILED")
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        phases=LOGIN,
        reply_codes=codes(530, 534, 535, 550, 553, 554, 571),
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        phases=phases(Phase.AUTH),
        enhanced_codes=enhanced("5.7.8", "5.7.1", "5.7.0", "5.7.3", "5.0.0"),
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        words(r"\bBAD\b|(?<![\w.])50[0123][ -]|syntax"),
        phases=LOGIN,
        needs_phase=True,
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, words(r"\bNO\b|-ERR|5\d\d"), phases=LOGIN, needs_phase=True
    ),
)
"""Plain refusals; the engine refines them by the provider."""
