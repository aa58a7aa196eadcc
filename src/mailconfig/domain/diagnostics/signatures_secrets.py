"""Signatures of signing in that hold with each provider: protocol, secret, age of the password.

Sources: RFC 4954, RFC 5530, RFC 9051, RFC 5248. They are looked at before the providers' own
rows, so none may hold for a plain refusal.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
    Signature,
    enhanced,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CHANGE,
    CONNECTION,
    EXPIRED,
    NONE,
    PASSWORD,
    REQUIRED,
    TOO_MANY,
    USER,
    near,
)

_SIGN_IN: Final = LOGIN | MAILBOX

_EMPTY: Final = (
    r"(?:\bleer|fehlt\b|\bvide\b|manquant|vac[ií][oa]|en blanco|\bfalta\b|vuot[ao]|mancante|manca\b"
    r"|em branco|vazi[ao]|ausente|\bpust[aey]|\bbrak\b|prázdn|(?<!\w)пуст|не указан|не введ"
    r"|为空|為空"
    r"|空白"
    r"|未输入|未填|入力されてい|空です|비어)"
)
"""Nothing where something belongs."""

BEFORE_PROVIDERS: Final = (
    # A program that cannot speak the protocol did not try passwords
    Signature(
        Code.CLIENT_PROTOCOL,
        words(
            r"too many (?:bad|syntax|unrecogni[sz]ed|invalid|unknown|unimplemented|error|wrong"
            r"|junk)"
            r" (?:\w+ ){0,2}commands?"
        ),
        without=words(r"auth\w* command"),
    ),
    # What checks passwords is broken; that it hung up is a consequence
    Signature(
        Code.AUTH_TEMPORARY,
        words(
            r"\bauth\w* (?:daemon|process|service|server|worker|backend|socket)\b.{0,40}(?:broken"
            r"|not (?:ready|running|respond|avail)|fail|unavail|timed? ?out|down|crash|lost)",
            r"\b(?:database|back-?end|my?sql|storage)\b.{0,20}(?:lost|gone away|down\b|fail|unavail"
            r"|unreach|timed? ?out)",
            r"(?:cannot|can't|could not|unable to|failed to) (?:connect to|reach|contact) (?:the )?"
            r"(?:\w+ )?(?:back-?end|database|ldap|auth|storage|directory)",
            r"before auth\w* was ready|auth-?client: .{0,40}(?:not|fail|lost|disconn)",
            r"(?:saslauthd|auth-worker|authdaemon\w*|\bpam\b|\bldap\w*|radius"
            r"|\bsssd\b)\b.{0,60}(?:unavail"
            r"|cannot connect|can't connect|timed? ?out|no such file|refused|not running|down\b)",
        ),
        phases=LOGIN,
    ),
    # Another session holds the mailbox
    Signature(
        Code.AUTH_TEMPORARY,
        words(
            r"(?:lock(?:ed)?|in use|opened|held) by (?:another|other|a different)|already in use"
        ),
        phases=_SIGN_IN,
    ),
    # Exchange says so to a login in clear text
    Signature(
        Code.STARTTLS_REQUIRED,
        words(r"\bBAD\b.{0,40}(?:invalid|wrong|illegal|incorrect) state"),
        protocol=IMAP,
        phases=LOGIN,
        needs_phase=True,
        protected=False,
    ),
    # LOGINDISABLED beside STARTTLS means encryption first (RFC 9051, section 6.2.3)
    Signature(
        Code.STARTTLS_REQUIRED,
        protocol=IMAP,
        phases=LOGIN,
        needs_phase=True,
        offers=frozenset({"LOGINDISABLED", "STARTTLS"}),
        protected=False,
    ),
    # Text that the client itself could not send
    Signature(
        Code.AUTH_NON_ASCII,
        words(
            r"UnicodeEncodeError|can't encode character|ordinal not in range|non-?ascii"
            r"|(?:outside|beyond) (?:of )?(?:the )?(?:ascii|latin-?1)|InvalidCharacterError"
            r"|\bbtoa\b|codec can't encode|not (?:all )?ascii|nicht-ascii"
            r"|(?:invalid|unsupported|illegal) (?:utf-?8|unicode|8-?bit)",
            # Dovecot, and the exceptions of Ruby, Java, .NET, Perl, PHP
            r"8-?bit (?:data|char|byte|octet|content|input|text)|to (?:US-)?ASCII\b",
            r"UndefinedConversion|UnmappableCharacter|EncoderFallback|wide character"
            r"|(?:iconv|mb_\w+)\b.{0,40}(?:illegal|incomplete) (?:multibyte )?char",
            r"unable to translate unicode|(?:high|top) bit|InvalidByteSequence",
            near(
                rf"(?:{PASSWORD}|{USER})",
                r"(?:\bascii|\blatin-?1|umlaut|special char|sonderzeichen)",
                30,
            ),
        ),
        phases=LOGIN,
    ),
    # Nothing, or something broken, arrived where a user name or password belongs
    Signature(
        Code.AUTH_SECRET_SUSPECT,
        words(
            r"(?:empty|missing|blank) (?:user ?name|password|credential|secret|login)",
            r"no (?:user ?name|password|credentials?) (?:was |were |has been )?(?:given|suppl|set"
            r"|provided|found|entered|configured|specified)",
            r"(?:user ?name|password|credentials?)\b.{0,20}(?:is |are |was |must not be "
            r"|cannot be )(?:empty|missing|blank|null)",
            r"missing (?:required )?arguments?\b|(?:too few|not enough|insufficient"
            r"|wrong number of) (?:\w+ )?(?:argument|param)",
            r"\bexchange line is too long",
            r"client -> server: (?:\"\" )?server -> client: (?:535|501|503|454)",
            # a password with spaces that was not quoted
            r"(?:extra|too many|unexpected|surplus|excess|trailing) (?:\w+ )?(?:argument|param"
            r"|token|data|characters?)",
            r"invalid characters? in (?:atom|quoted|string|password|user)|unbalanced quot",
            r"missing '\"'",
            r"(?:in|can ?not |failed to |unable to |error )(?:valid |\w*-?)?(?:base-?64)",
            r"base-?64(?: data| string| encod\w+| input)?:? .{0,8}(?:invalid|decod|error|fail)",
            rf"{NONE} {PASSWORD}|{PASSWORD}\w{{0,4}} (?:\w+ )?(?:leer\b|vide\b|vac[ií]|vuot|vazi"
            r"|pust|prázdn|leeg|пуст)|(?:密码|密碼|パスワード).{0,4}(?:为空|為空|が空)",
            near(PASSWORD, _EMPTY, 12),
            r"cannot decode|leeres passwort|mot de passe vide|contraseña vac",
        ),
        phases=LOGIN,
    ),
    # A configuration file ate a part of it
    Signature(
        Code.AUTH_SECRET_SUSPECT,
        words(
            near(
                PASSWORD,
                r"(?:interpolat|escap(?:e|ing)|unquoted|quoting|trailing|whitespace|line ?break"
                r"|truncat|too (?:short|long)|leading)",
                80,
            ),
        ),
        phases=LOGIN | {Phase.CONFIG},
    ),
    Signature(
        Code.AUTH_LOGIN_DISABLED_SASL_OK,
        words(
            r"\blog(?:ging )?-?in(?: command)? (?:is |was |has been )?(?:disabled|not (?:allowed"
            r"|permitted"
            r"|supported|enabled))\b",
            r"LOGINDISABLED|use (?:the )?authenticate",
        ),
        protocol=IMAP,
        phases=LOGIN,
        without=words(
            r"plain ?text|tls|ssl|secure|encrypt|(?:your|this|the) (?:account|user|domain)",
            r"(?:account|user|domain) (?:is|has|was)",
        ),
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
    Signature(Code.CLIENT_PROTOCOL, response_codes=responses("CLIENTBUG"), phases=_SIGN_IN),
    # RFC 5530 says it without words
    Signature(
        Code.AUTH_TEMPORARY,
        response_codes=responses(
            "UNAVAILABLE", "INUSE", "IN-USE", "SERVERBUG", "SYS/TEMP", "CORRUPTION"
        ),
        phases=LOGIN,
        without=words(
            rf"{CONNECTION}.{{0,40}}(?:exceed|limit|reach|maxim)|(?:maxim|limit"
            rf"|number).{{0,24}}{CONNECTION}",
            TOO_MANY,
        ),
    ),
    # The password is right, but old
    Signature(
        Code.AUTH_EXPIRED,
        response_codes=responses("EXPIRED"),
        phases=_SIGN_IN,
        without=words(r"\btoken\b|oauth|bearer|\bjwt\b"),
    ),
    Signature(
        Code.AUTH_EXPIRED,
        words(
            r"passw\w+.{0,30}(?:expired|must be (?:changed|reset)|needs? to be (?:changed|reset)"
            r"|ha(?:s|ve) to be (?:changed|reset)|too old|lifetime)",
            r"(?:must|need to|have to|please) (?:first )?(?:change|reset|update|renew) (?:your "
            r"|the )?password",
            r"password (?:transition|change|reset) (?:is )?(?:needed|required)|expired password",
            r"pass?wor[dt].{0,20}abgelaufen|mot de passe.{0,20}expir",
            r"contraseña.{0,20}(?:expir|caduc)",
            near(PASSWORD, EXPIRED, 30),
            rf"{PASSWORD}.{{0,30}}{REQUIRED}.{{0,20}}{CHANGE}"
            rf"|{REQUIRED}.{{0,30}}{CHANGE}.{{0,20}}{PASSWORD}",
            rf"{PASSWORD}.{{0,24}}{CHANGE}.{{0,24}}{REQUIRED}",
            r"pass ?phrase .{0,20}(?:expired|reset)",
        ),
        phases=_SIGN_IN,
        without=words(r"too many|app(?:lication)?[- ](?:specific )?password"),
    ),
    Signature(Code.AUTH_EXPIRED, phases=LOGIN, enhanced_codes=enhanced("x.7.12")),  # RFC 5248
)
"""Rows before those of the providers: what holds with each of them."""
