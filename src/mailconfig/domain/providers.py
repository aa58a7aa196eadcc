"""Known mail providers: the values of the catalogue. The look-ups are in `domain.catalogue`.

Built by `storage.catalogue` from data; used by everything that knows an address or a host.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailconfig.domain.servers import MailProtocol, TransportSecurity


class ProviderKind(StrEnum):
    """What a provider offers."""

    MAILBOX = "MAILBOX"
    """Mailboxes with addresses of the operator."""
    HOSTING = "HOSTING"
    """Mailboxes for own domains."""
    RELAY = "RELAY"
    """Sending only, for an organisation."""
    TRANSACTIONAL = "TRANSACTIONAL"
    """Sending only, for applications."""
    SANDBOX = "SANDBOX"
    """Test servers that deliver nothing."""
    LOCAL_BRIDGE = "LOCAL_BRIDGE"
    """A server on the user's own machine."""
    NO_CLIENT_ACCESS = "NO_CLIENT_ACCESS"
    """No IMAP and SMTP at all."""
    ALIAS_ONLY = "ALIAS_ONLY"
    """Forwarding addresses without a mailbox."""


SILENT_KINDS: Final = frozenset({ProviderKind.NO_CLIENT_ACCESS, ProviderKind.ALIAS_ONLY})
"""Kinds that have no servers."""


class ProviderStatus(StrEnum):
    """Whether the service still runs."""

    ACTIVE = "ACTIVE"
    """In service."""
    CLOSED = "CLOSED"
    """Ended."""
    MOVED = "MOVED"
    """Run by another operator now; its servers are not known."""
    NO_TLS_KNOWN = "NO_TLS_KNOWN"
    """Only servers without TLS are known."""


class Confidence(StrEnum):
    """How sure the catalogue is of a row."""

    HIGH = "HIGH"
    """Two or more independent sources agree."""
    MEDIUM = "MEDIUM"
    """One source, or a doubt."""
    LOW = "LOW"
    """No second source: offered only after a probe without credentials."""


@dataclass(frozen=True, slots=True)
class ProviderServer:
    """One server of a provider; `host_template` may hold {domain}, {region}, ..."""

    protocol: MailProtocol
    host_template: str
    port: int
    security: TransportSecurity

    def host_for(self, domain: str | None) -> str | None:
        """Fill {domain}; None while another placeholder, or the domain, is missing."""
        host = self.host_template
        if domain is not None:
            host = host.replace("{domain}", domain)
        return None if "{" in host else host


_FORM_BY_PROTOCOL: Final = {
    ("local_for_imap_else_email", MailProtocol.IMAP): "local",
    ("local_for_imap_else_email", MailProtocol.SMTP): "email",
    ("email for IMAP, name part for SMTP", MailProtocol.IMAP): "email",
    ("email for IMAP, name part for SMTP", MailProtocol.SMTP): "local",
}
"""Forms of the catalogue that differ between the two servers."""


@dataclass(frozen=True, slots=True)
class OAuth2Endpoints:
    """OAuth 2.0 of a provider (RFC 6749)."""

    authorize: str
    token: str
    issuer: str | None = None
    revoke: str | None = None
    device: str | None = None
    scopes: tuple[str, ...] = ()
    sasl: tuple[str, ...] = ()
    pkce: bool = False
    tenant: str | None = None
    """Fills {tenant} of the addresses where the client names none."""
    parameters: tuple[tuple[str, str], ...] = ()
    """What the authorisation request holds beside the parameters of RFC 6749."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A row of the catalogue."""

    id: str
    name: str
    kind: ProviderKind
    status: ProviderStatus
    regions: tuple[str, ...]
    domains: tuple[str, ...]
    domain_suffixes: tuple[str, ...]
    mx_suffixes: tuple[str, ...]
    incoming: tuple[ProviderServer, ...]
    """IMAP servers, best first."""
    outgoing: tuple[ProviderServer, ...]
    """SMTP servers, best first."""
    username_form: str
    """email, local, local.domain, email_or_local, literal:x, or words to show."""
    auth: tuple[str, ...]
    """Accepted ways to sign in, best first: password, app_password, oauth2, ..."""
    requires: tuple[str, ...]
    """What the user or an administrator has to do first: enable_imap, app_password, ..."""
    quirks: tuple[str, ...]
    confidence: Confidence
    closed: str | None = None
    """When the service ended, as the catalogue tells it."""
    password_format: str | None = None
    help_url: str | None = None
    app_password_url: str | None = None
    notes: str | None = None
    alternative_hosts: tuple[str, ...] = ()
    limits: Mapping[str, int | str] | None = None
    oauth2: OAuth2Endpoints | None = None
    mx_exclude: tuple[str, ...] = ()
    """Names below `mx_suffixes` that do not belong to the row."""
    mx_patterns: tuple[str, ...] = ()
    """Regular expressions that recognise an MX host as a whole."""

    @property
    def silent(self) -> bool:
        """Whether the row is an answer without servers: tell why, ask for no password."""
        return self.status is not ProviderStatus.ACTIVE or self.kind in SILENT_KINDS

    @property
    def servers(self) -> tuple[ProviderServer, ...]:
        """All servers, incoming first, best first."""
        return self.incoming + self.outgoing

    def username_form_for(self, protocol: MailProtocol) -> str:
        """Return the form of the user name at the server of one protocol."""
        return _FORM_BY_PROTOCOL.get((self.username_form, protocol), self.username_form)
