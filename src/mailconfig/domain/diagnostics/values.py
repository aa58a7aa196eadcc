"""Values of the diagnosis engine: what was observed, what it means, what would mend it."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailconfig.domain.diagnostics.codes import DiagnosticCode, FixableBy
from mailconfig.domain.issues import Severity
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity


class Phase(StrEnum):
    """Where in a conversation something happened."""

    DNS = "dns"
    """Looking the host name up."""
    CONNECT = "connect"
    """Opening the TCP connection."""
    TLS = "tls"
    """The TLS handshake, at once or after STARTTLS."""
    GREETING = "greeting"
    """The server's first line."""
    EHLO = "ehlo"
    """EHLO or HELO (SMTP)."""
    CAPABILITY = "capability"
    """CAPABILITY (IMAP)."""
    STARTTLS = "starttls"
    """The STARTTLS command, before the handshake."""
    AUTH = "auth"
    """Signing in."""
    MAIL = "mail"
    """MAIL FROM (SMTP)."""
    RCPT = "rcpt"
    """RCPT TO (SMTP)."""
    DATA = "data"
    """DATA and the reply to the message (SMTP)."""
    SELECT = "select"
    """ID, SELECT or EXAMINE (IMAP)."""
    APPEND = "append"
    """APPEND (IMAP)."""
    FETCH = "fetch"
    """FETCH or SEARCH (IMAP)."""
    IDLE = "idle"
    """IDLE (IMAP)."""
    LOGOUT = "logout"
    """LOGOUT or QUIT."""
    AUTHORIZE = "authorize"
    """The OAuth authorization endpoint."""
    TOKEN = "token"
    """The OAuth token endpoint."""
    DISCOVERY = "discovery"
    """Finding settings."""
    CONFIG = "config"
    """Reading a form or a configuration file."""


class Failure(StrEnum):
    """A failure that is known by its kind, not by a reply's words."""

    NAME_NOT_FOUND = "name_not_found"
    """NXDOMAIN."""
    NAME_WITHOUT_ADDRESS = "name_without_address"
    """No A or AAAA record."""
    NAME_TEMPORARY = "name_temporary"
    """No DNS answer."""
    EGRESS_REFUSED = "egress_refused"
    """Our own guard refused the target."""
    REFUSED = "refused"
    """ECONNREFUSED."""
    UNREACHABLE = "unreachable"
    """ENETUNREACH, EHOSTUNREACH."""
    TIMEOUT = "timeout"
    """No answer within the step's time."""
    CLOSED = "closed"
    """EOF or reset."""
    TLS_VERIFY = "tls_verify"
    """The certificate was refused; `tls_verify_code` tells why."""
    TLS_VERSION = "tls_version"
    """No common TLS version, cipher or key size."""
    TLS_PLAINTEXT = "tls_plaintext"
    """The peer answered the TLS handshake in clear text (or not in TLS records)."""
    TLS_ALERT = "tls_alert"
    """Any other failure of the handshake."""
    TOO_LARGE = "too_large"
    """More bytes than the budget."""
    VIOLATION = "violation"
    """A reply that is not of the protocol."""
    FOREIGN_PROTOCOL = "foreign_protocol"
    """The greeting is another protocol's (HTTP, SSH, POP3, IMAP on SMTP, SMTP on IMAP)."""
    INJECTION = "injection"
    """Clear text was buffered when TLS began."""
    PREAUTH = "preauth"
    """PREAUTH on a connection that was to be upgraded."""
    STARTTLS_MISSING = "starttls_missing"
    """STARTTLS is not among the capabilities."""
    NO_MECHANISM = "no_mechanism"
    """No mechanism that server, secret, setting and connection share."""
    UNSENDABLE = "unsendable"
    """User name or secret hold a character that no mechanism can carry (RFC 4616)."""
    NO_AUTH_OFFERED = "no_auth_offered"
    """The server offers no sign-in at all on this connection."""
    REPLY = "reply"
    """The server refused by a reply; `reply_code` and `text` tell why."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known about one failure; absent facts are None or empty."""

    protocol: MailProtocol | None = None
    phase: Phase | None = None
    host: str | None = None
    port: int | None = None
    security: TransportSecurity | None = None
    failure: Failure = Failure.REPLY
    text: str = ""
    """The words as met: a reply, several lines, a library's error text."""
    reply_code: int | None = None
    """SMTP reply code (RFC 5321, section 4.2)."""
    enhanced_code: str | None = None
    """Enhanced status code, such as 5.7.8 (RFC 3463)."""
    response_code: str | None = None
    """IMAP response code, such as AUTHENTICATIONFAILED (RFC 5530)."""
    capabilities: tuple[str, ...] = ()
    tls_active: bool = False
    """Whether TLS protected the connection when it happened."""
    tls_verify_code: int | None = None
    """OpenSSL's X509_V_ERR number."""
    issuer_missing: bool | None = None
    """Whether the server sent its own certificate alone although that names where its issuer's
    lies (RFC 5280, section 4.2.2.1); None: not known."""
    provider_id: str | None = None
    """Row of the catalogue that the host or address belongs to."""
    username: str | None = None
    """Only its form is looked at."""


@dataclass(frozen=True, slots=True)
class ServerPatch:
    """Settings of one server to change; None keeps a value."""

    host: str | None = None
    port: int | None = None
    security: TransportSecurity | None = None
    username: str | None = None
    authentication: AuthenticationMethod | None = None


@dataclass(frozen=True, slots=True)
class SettingsFix:
    """Settings that would mend the failure, ready for the form and for applyFix."""

    title: str
    incoming: ServerPatch | None = None
    outgoing: ServerPatch | None = None
    proven: bool = False
    """Whether what can be seen without signing in shows that it works."""
    same_address: bool = False
    """Of a proposal: it counts only if its host has the address of the server that failed."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What went wrong, who can mend it, and how."""

    code: DiagnosticCode
    severity: Severity
    title: str
    """One sentence a normal person understands."""
    advice: str
    """What to do."""
    fixable_by: FixableBy
    retryable: bool
    paths: tuple[tuple[str, ...], ...] = ()
    """Input fields to look at, in camelCase, such as ("outgoing", "port")."""
    help_url: str | None = None
    server_reply: str | None = None
    """The server's own words, cleaned and cut."""
    fix: SettingsFix | None = field(default=None)
