"""All simulated providers: which address meets which fate, in the words of the real servers.

The replies were seen at the real providers and are quoted as facts; session ids are made up, and
addresses in them are the simulator's own. docs/demo.md is made from this table.
"""

from dataclasses import replace
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.probes import StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.simulator.providers import GMAIL, ICLOUD, MICROSOFT, NETEASE, YAHOO
from mailconfig.simulator.services import Account, Credential, Manner, Server, Service

_IMAP, _SMTP = MailProtocol.IMAP, MailProtocol.SMTP
_TLS, _STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS


def _imap(name: str) -> Server:
    """Return an IMAP server that does all right."""
    return Server(
        protocol=_IMAP,
        host=f"imap.{name}.localhost",
        security=_TLS,
        greeting="* OK IMAP server ready",
        capabilities=(
            "IMAP4rev1",
            "SASL-IR",
            "LITERAL+",
            "ID",
            "UIDPLUS",
            "UNSELECT",
            "SPECIAL-USE",
            "AUTH=PLAIN",
        ),
        refusal=("NO [AUTHENTICATIONFAILED] Authentication failed.",),
    )


def _smtp(name: str) -> Server:
    """Return a submission server that does all right."""
    return Server(
        protocol=_SMTP,
        host=f"smtp.{name}.localhost",
        security=_STARTTLS,
        greeting=f"220 smtp.{name}.localhost ESMTP ready",
        capabilities=(
            "PIPELINING",
            "SIZE 262144",
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "AUTH PLAIN LOGIN",
        ),
        refusal=("535 5.7.8 Error: authentication failed: authentication failure",),
    )


WELL: Final = Service(
    id="well",
    name="All is well",
    imap=_imap("well"),
    smtp=_smtp("well"),
    accounts=(
        Account("ann", "Everything passes. A round trip finds its message in the inbox."),
        Account(
            "spam",
            "Everything passes. A round trip finds its message in the folder for spam.",
            folder="Junk",
        ),
        Account(
            "lost",
            "Everything passes. The message of a round trip is accepted and never arrives.",
            folder=None,
        ),
    ),
)

HOSTING: Final = Service(
    id="hosting",
    name="Hosting company",
    imap=_imap("hosting"),
    smtp=_smtp("hosting"),
    accounts=(
        Account(
            "greylisted",
            "Receiving works. Sending is put off: the server greylists the sender.",
            Code.GREYLISTED,
            _SMTP,
            StepKind.SENDER_CHECK,
            smtp_mail=("451 4.7.1 Greylisting in action, please come back later",),
        ),
        Account(
            "full",
            "Receiving works. Sending stops because the mailbox is full.",
            Code.MAILBOX_QUOTA,
            _SMTP,
            StepKind.SENDER_CHECK,
            smtp_mail=("552 5.2.2 Mailbox is full / quota exceeded",),
        ),
        Account(
            "used-up",
            "Receiving works. Sending stops because the messages of the day are used up.",
            Code.SEND_QUOTA,
            _SMTP,
            StepKind.SENDER_CHECK,
            smtp_mail=("550 5.7.1 Your account has reached its daily sending limit",),
        ),
        Account(
            "imap-off",
            "IMAP is switched off for the account. Sending works.",
            Code.IMAP_DISABLED,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [AUTHORIZATIONFAILED] IMAP access is disabled for this account",),
        ),
        Account(
            "throttled",
            "Too many failed sign-ins: the server takes none for a while.",
            Code.AUTH_THROTTLED,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=(
                "NO [AUTHENTICATIONFAILED] Authentication failed - Too many login failures",
            ),
            smtp_login=("454 4.7.0 Too many login attempts, please try again later.",),
        ),
        Account(
            "locked",
            "The provider has locked the account.",
            Code.ACCOUNT_DISABLED,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [AUTHENTICATIONFAILED] This account has been suspended",),
            smtp_login=("535 5.7.8 This account has been suspended",),
        ),
    ),
)


def _service(name: str, title: str, account: Account) -> Service:
    return Service(name, title, _imap(name), _smtp(name), (account,))


def _shown(service: Service, credential: Credential) -> Service:
    """Return a service with another certificate at both servers."""
    return replace(
        service,
        imap=replace(service.imap, credential=credential),
        smtp=replace(service.smtp, credential=credential),
    )


def _behaving(service: Service, manner: Manner) -> Service:
    """Return a service with other manners at both servers."""
    return replace(
        service,
        imap=replace(service.imap, manner=manner),
        smtp=replace(service.smtp, manner=manner),
    )


EXPIRED: Final = _shown(
    _service(
        "expired",
        "Expired certificate",
        Account(
            "ann",
            "Both servers show a certificate that ran out yesterday.",
            Code.CERT_EXPIRED,
            _IMAP,
            StepKind.TLS_HANDSHAKE,
        ),
    ),
    Credential.EXPIRED,
)

SELF_SIGNED: Final = _shown(
    _service(
        "self-signed",
        "Self-signed certificate",
        Account(
            "ann",
            "Both servers show a certificate that nobody else vouches for.",
            Code.CERT_SELF_SIGNED,
            _IMAP,
            StepKind.TLS_HANDSHAKE,
        ),
    ),
    Credential.SELF_SIGNED,
)

_OTHER_NAME: Final = _service(
    "other-name",
    "Certificate of another name",
    Account(
        "ann",
        "The certificate for receiving is of mail.other-name.localhost; the fix takes that name.",
        Code.CERT_NAME_MISMATCH,
        _IMAP,
        StepKind.TLS_HANDSHAKE,
    ),
)
OTHER_NAME: Final = replace(
    _OTHER_NAME,
    imap=replace(_OTHER_NAME.imap, credential=Credential.OTHER_NAME),
    alternative_hosts=("mail.other-name.localhost",),
)

_PLAIN_ON_TLS: Final = _service(
    "plain-on-tls",
    "STARTTLS on a TLS port",
    Account(
        "ann",
        "The settings for receiving say STARTTLS, the port speaks TLS; the fix sets it.",
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        _IMAP,
        StepKind.GREETING,
    ),
)
PLAIN_ON_TLS: Final = replace(_PLAIN_ON_TLS, imap=replace(_PLAIN_ON_TLS.imap, listed=_STARTTLS))

_TLS_ON_PLAIN: Final = _service(
    "tls-on-plain",
    "TLS on a STARTTLS port",
    Account(
        "ann",
        "The settings for sending say TLS, the port speaks STARTTLS; the fix sets it.",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
        _SMTP,
        StepKind.TLS_HANDSHAKE,
    ),
)
TLS_ON_PLAIN: Final = replace(_TLS_ON_PLAIN, smtp=replace(_TLS_ON_PLAIN.smtp, listed=_TLS))

_BUSY: Final = _service(
    "busy",
    "Too many connections",
    Account(
        "ann",
        "Both servers are busy and hang up after their first line.",
        Code.CONNECT_TOO_MANY,
        _IMAP,
        StepKind.GREETING,
    ),
)
BUSY: Final = replace(
    _BUSY,
    imap=replace(_BUSY.imap, greeting="* BYE Too many connections from your IP address"),
    smtp=replace(_BUSY.smtp, greeting="421 4.7.0 Too many concurrent connections from your IP"),
)

_TOKENS: Final = _service(
    "tokens",
    "Passwords not offered",
    Account(
        "ann",
        "The servers take access tokens only (LOGINDISABLED): no password is sent.",
        Code.AUTH_MECHANISM,
        _IMAP,
        StepKind.AUTHENTICATE,
    ),
)
TOKENS: Final = replace(
    _TOKENS,
    imap=replace(
        _TOKENS.imap, capabilities=("IMAP4rev1", "SASL-IR", "ID", "LOGINDISABLED", "AUTH=XOAUTH2")
    ),
    smtp=replace(_TOKENS.smtp, capabilities=("8BITMIME", "SIZE 262144", "AUTH XOAUTH2")),
)

TARPIT: Final = _behaving(
    _service(
        "tarpit",
        "Tarpit",
        Account(
            "ann",
            "After the greeting both servers send a byte a second, until a step's time is over.",
            Code.STEP_TIMEOUT,
            _SMTP,
            StepKind.STARTTLS,
        ),
    ),
    Manner.TARPIT,
)

SILENT: Final = _behaving(
    _service(
        "silent",
        "Silent server",
        Account(
            "ann",
            "Both servers take the connection and say nothing.",
            Code.TCP_TIMEOUT,
            _IMAP,
            StepKind.GREETING,
        ),
    ),
    Manner.SILENT,
)

ABSENT: Final = _behaving(
    _service(
        "absent",
        "Nothing listens",
        Account(
            "ann",
            "The machine answers, but nothing listens on the two ports.",
            Code.TCP_REFUSED,
            _IMAP,
            StepKind.CONNECT,
        ),
    ),
    Manner.ABSENT,
)

SERVICES: Final = (
    WELL,
    GMAIL,
    MICROSOFT,
    ICLOUD,
    YAHOO,
    NETEASE,
    HOSTING,
    BUSY,
    TOKENS,
    PLAIN_ON_TLS,
    TLS_ON_PLAIN,
    OTHER_NAME,
    EXPIRED,
    SELF_SIGNED,
    TARPIT,
    SILENT,
    ABSENT,
)
"""In the order of their ports, two each; new ones go to the end."""
