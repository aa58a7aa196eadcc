"""Mail servers as an account holder describes them: protocol, host, port, TLS mode, sign-in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailconfig.domain.secrets import SecretChange


class MailProtocol(StrEnum):
    """Which protocol a server speaks."""

    IMAP = "IMAP"
    """RFC 9051 and RFC 3501."""
    SMTP = "SMTP"
    """RFC 5321 with message submission, RFC 6409."""


class TransportSecurity(StrEnum):
    """How the connection is protected."""

    NONE = "NONE"
    """Clear text; only where the operator allows it."""
    STARTTLS = "STARTTLS"
    """Clear text first, then a mandatory upgrade (RFC 3207, RFC 9051 section 6.2.1)."""
    TLS = "TLS"
    """TLS from the first byte (RFC 8314)."""


class AuthenticationMethod(StrEnum):
    """How to sign in. AUTO takes the first mechanism that server, secret and connection allow."""

    AUTO = "AUTO"
    """The best mechanism that the server offers."""
    NONE = "NONE"
    """No sign-in."""
    PLAIN = "PLAIN"
    """RFC 4616."""
    LOGIN = "LOGIN"
    """The LOGIN mechanism of SMTP, the LOGIN command of IMAP."""
    CRAM_MD5 = "CRAM_MD5"
    """RFC 2195."""
    SCRAM_SHA_256 = "SCRAM_SHA_256"
    """RFC 7677."""
    XOAUTH2 = "XOAUTH2"
    """Google's and Microsoft's bearer token mechanism."""
    OAUTHBEARER = "OAUTHBEARER"
    """RFC 7628."""


DEFAULT_PORTS: Final[dict[tuple[MailProtocol, TransportSecurity], int]] = {
    (MailProtocol.IMAP, TransportSecurity.TLS): 993,
    (MailProtocol.IMAP, TransportSecurity.STARTTLS): 143,
    (MailProtocol.IMAP, TransportSecurity.NONE): 143,
    (MailProtocol.SMTP, TransportSecurity.TLS): 465,
    (MailProtocol.SMTP, TransportSecurity.STARTTLS): 587,
    (MailProtocol.SMTP, TransportSecurity.NONE): 25,
}
"""Registered port of each protocol and TLS mode (RFC 8314, section 3)."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Checked settings of one server: the host is a lower-case ASCII name or an IP literal."""

    protocol: MailProtocol
    host: str
    port: int
    security: TransportSecurity
    authentication: AuthenticationMethod = AuthenticationMethod.AUTO
    username: str | None = None


@dataclass(frozen=True, slots=True)
class DraftServer:
    """Settings of one server as somebody typed them; nothing is checked yet, None is absent."""

    protocol: MailProtocol
    host: str | None = None
    port: int | None = None
    security: TransportSecurity | None = None
    authentication: AuthenticationMethod | None = None
    username: str | None = None
    secret: SecretChange | None = None
