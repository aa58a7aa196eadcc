"""Signatures of other mailbox providers: what only their servers say.

A plain refusal of the login needs no row: the engine refines it by the family. Rows stand here
where a provider's words mean something else than they seem to.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    IMAP,
    LOGIN,
    MAILBOX,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    families,
    words,
)
from mailconfig.domain.diagnostics.vocabulary import (
    APP,
    OFF,
    OUTSIDE_PROGRAM,
    PASSWORD,
    near,
)
from mailconfig.domain.diagnostics.vocabulary import LOGIN as SIGN_IN

_PROGRAM: Final = (
    r"(?:mail-?programm|mailclient|(?:programmes?|logiciels?|clients?) de (?:messagerie|courri)"
    r"|(?:programas?|clientes?) de (?:correo|e-?mail)|(?:programm[ai]|client) di posta"
    r"|program\w* poczt|klient\w* poczt|poštovní\w* (?:klient|program)|e-?mailprogramma"
    r"|почтов\w+ (?:клиент|программ)|邮件客户端|メールソフト|メールアプリ|메일 프로그램)"
)
"""A mail program."""

MAILBOXES: Final = (
    # Yahoo counts attempts; its number for that is AUTH005 (the lock opens by itself)
    Signature(
        Code.YAHOO_AOL,
        words(r"#auth005|too many (?:bad|failed)? ?(?:auth|login)"),
        families=families(Family.YAHOO),
        phases=LOGIN,
        retryable=True,
    ),
    Signature(Code.YAHOO_AOL, words(r"#auth0\d\d"), phases=LOGIN),
    # Yandex: captcha, karma ("Ommm"), switched-off IMAP, app password ("access rights")
    Signature(
        Code.ACCOUNT_DISABLED,
        words(r"temporarily restricted|suspects? it may have been hacked"),
        families=families(Family.YANDEX),
    ),
    Signature(
        Code.YANDEX,
        words(
            r"looks like spam|not a robot|\bommm\b|imap is disabled|access rights|service is not"
            r"|app(?:lication)?[- ]password|karma"
        ),
        families=families(Family.YANDEX),
        phases=LOGIN,
    ),
    # Mail.ru: "Application password is REQUIRED", "parol prilozheniya", NEOBHODIM parol
    Signature(Code.MAILRU, words(r"neobhodim parol|parol prilozheniya|prilozhenij")),
    # QQ: authorization code, service switched off, login frequency
    Signature(
        Code.QQ,
        words(
            r"authori[sz]ation code|授权码|mail\.qq\.com/cgi-bin/(?:help|readtemplate)",
            r"service is not open|system (?:is )?busy",
        ),
        families=families(Family.QQ),
        phases=LOGIN | MAILBOX,
    ),
    Signature(Code.QQ, words(r"please enter your authori[sz]ation code"), phases=LOGIN),
    # NetEase: a client that has not introduced itself by ID (RFC 2971); the program has to
    Signature(
        Code.NETEASE,
        words(r"unsafe login"),
        phases=LOGIN | MAILBOX,
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(
        Code.NETEASE,
        words(near(SIGN_IN, r"(?:not (?:safe|secure)|unsafe|insecure|不安全)", 12)),
        families=families(Family.NETEASE),
        phases=LOGIN | MAILBOX,
        fixable_by=FixableBy.OPERATOR,
    ),
    # Mail.ru counts what a mailbox sends
    Signature(
        Code.SEND_QUOTA,
        words(r"rate ?limit"),
        families=families(Family.MAILRU),
        phases=TRANSACTION,
        receiving=False,
    ),
    Signature(
        Code.NETEASE,
        words(
            r"authori[sz]ation code|授权码|ERR\.LOGIN\.(?:REQCODE|PASSERR|USERERR|DOMAINERR)",
            r"illegal user|user has no permission|permission denied",
        ),
        families=families(Family.NETEASE),
        phases=LOGIN,
    ),
    # Zoho: abuse lock, relaying as another sender, wrong data centre
    Signature(
        Code.ACCOUNT_DISABLED,
        words(r"unusual sending activity|unblockme"),
        families=families(Family.ZOHO),
    ),
    Signature(
        Code.ZOHO,
        words(
            r"relaying (?:disallowed|denied|issues?)|not allowed to relay|sender is not allowed",
            r"(?:from|sender) address",
        ),
        families=families(Family.ZOHO),
        phases=TRANSACTION,
        receiving=False,
    ),
    # A sender that is not the login: Zoho's wording at other hosts of the same software
    Signature(
        Code.SENDER_NOT_OWNED,
        words(r"relaying disallowed"),
        protocol=SMTP,
        phases=TRANSACTION,
        reply_codes=codes(553),
    ),
    # GMX, WEB.DE: the switch for mail programs
    Signature(
        Code.GMX_WEBDE,
        words(
            r"(?:imap|pop3?).{0,60}(?:nicht|not|de)-?\s?(?:aktiviert|activated|enabled"
            r"|freigeschaltet)",
            r"abruf.{0,40}(?:nicht|deaktiviert)",
        ),
        families=families(Family.GMX),
    ),
    # Proton Bridge: the account of the sender is not among those signed in
    Signature(Code.SENDER_NOT_OWNED, words(r"account is not available in bridge")),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, words(r"incorrect (?:bridge )?password|check bridge password")
    ),
    # A second password for mail programs, or a switch, named by the server itself
    Signature(
        Code.SEPARATE_PASSWORD,
        words(
            r"(?:use|need|require|generate|create|enter)\w*\b.{0,40}(?:app(?:lication)?|device"
            r"|mail|imap|smtp|external)[- ](?:specific |key )?password",
            r"app[- ]?password.{0,40}(?:required|needed|must)",
            r"(?:application|device|client)[- ](?:specific )?password\b.{0,16}(?:required|needed"
            r"|necessary|must)",
            r"(?:app(?:lication|likation)?s?|geräte|mail)[- ]?(?:spezifisch\w* )?passwort",
            r"mot de passe d'?\s?application|contraseña de aplicaci|password per le app",
            r"applösenord|\bapp-?(?:passord|adgangskode|wachtwoord|jelszó)|senha de (?:app"
            r"|aplicativo)|passworte? .{0,20}app",
            near(PASSWORD, APP, 16),
            near(PASSWORD, _PROGRAM, 16),
            r"\bmail key\b|\b(?:device|mail)[- ]password .{0,16}(?:required|needed|must)"
            r"|専用.{0,6}パスワード",
            rf"{PASSWORD}\w{{0,3}} (?:specifi\w+|spécifique|específic\w+) .{{0,10}}{APP}",
            r"客户端.{0,4}授权码|授权码.{0,4}登录",
        ),
        phases=LOGIN,
        without=words(r"icloud|apple"),
    ),
    Signature(
        Code.THIRD_PARTY_OFF,
        words(
            r"(?:third[- ]party|external|other|mail) (?:apps?|programs?|clients?|applications?"
            r"|access)\b.{0,60}(?:not (?:allowed|enabled|permitted)|disabled|switched off"
            r"|turned off|blocked|activate)",
            r"(?:enable|allow|activate|turn on).{0,40}(?:third[- ]party|external (?:access"
            r"|client|program)|less secure)",
            r"(?:imap|pop3?|smtp)[\w/ ]{0,12}.{0,40}(?:enable|activate|turn on"
            r"|switch on).{0,40}(?:settings|web ?mail)",
            r"(?:enable|activate|turn on|switch on) (?:imap|pop3?|smtp)\b",
            OUTSIDE_PROGRAM,
            near(r"\bsmtp", OFF, 30),
            near(_PROGRAM, OFF, 40),
            near(r"less secure", rf"(?:{OFF}|\boff\b)", 40),
            near(
                r"(?<![a-z])(?:imap|pop3|smtp)",
                r"(?:请|請)[^。]{0,12}(?:开启|開啟|启用|啟用|打开|开通)",
                12,
            ),
            r"(?:请|請)[^。]{0,16}(?:开启|開啟|启用|啟用|打开|开通).{0,6}(?:imap|pop3|smtp)",
            r"(?:imap|pop3|smtp).{0,12}사용이 설정되어 있지",
        ),
        phases=LOGIN,
        without=words(r"administrator"),
    ),
    Signature(
        Code.ICLOUD,
        words(r"app-specific password"),
        families=families(Family.APPLE),
        phases=LOGIN,
    ),
    # Exim's sentence from a host whose operator does not run Exim: the hoster answers
    Signature(
        Code.SMTP_INTERCEPTED,
        words(
            r"(?<![\w.])535 incorrect authentication data(?!:)",
            r"we do not authorize the use of this system",
        ),
        protocol=SMTP,
        families=families(Family.GOOGLE, Family.MICROSOFT, Family.APPLE, Family.SENDGRID),
    ),
    Signature(
        Code.FORWARD_ONLY,
        words(r"forward(?:ing)?[- ]only|only forwards? mail|no mailbox.{0,40}forward"),
        protocol=IMAP,
    ),
)
"""Rows in order of precedence."""
