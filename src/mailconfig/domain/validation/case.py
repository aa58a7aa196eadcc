"""A draft with all that the rules need to know about it, worked out once.

Rules must not parse or look up again, and must never put typed text into a message: somebody may
have typed a password into the wrong field.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, EmailAddress, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.hosts import HostInvalid, parse_host
from mailconfig.domain.issues import Severity, ValidationCode, ValidationIssue
from mailconfig.domain.providers import Provider, ProviderServer
from mailconfig.domain.secrets import NewSecret, SecretKind
from mailconfig.domain.servers import AuthenticationMethod, DraftServer, MailProtocol
from mailconfig.domain.validation.values import Draft, ValidationPolicy

Path = tuple[str, ...]
"""Input field names in camelCase."""

TOKEN_METHODS: Final = (AuthenticationMethod.XOAUTH2, AuthenticationMethod.OAUTHBEARER)
"""Methods that carry an OAuth access token."""
PASSWORD_METHODS: Final = (
    AuthenticationMethod.PLAIN,
    AuthenticationMethod.LOGIN,
    AuthenticationMethod.CRAM_MD5,
    AuthenticationMethod.SCRAM_SHA_256,
)
"""Methods that prove a password. As all words in tuples here: members of enums hash slowly."""


@dataclass(frozen=True, slots=True)
class ServerCase:
    """One server of the draft."""

    side: str
    """incoming or outgoing: first part of its paths."""
    protocol: MailProtocol
    draft: DraftServer
    host: str | None
    """Canonical form; None while missing or faulty."""
    provider: Provider | None
    """Row that lists the host; the draft's provider while there is no host; else None."""
    rows: tuple[Provider, ...]
    """All rows that list the host, best first."""
    listed: tuple[ProviderServer, ...]
    """The catalogue's servers of this protocol at this host."""
    new_secret: NewSecret | None
    """The secret that was typed, if one was."""

    @property
    def secret_kind(self) -> SecretKind | None:
        """What signs in: told by the secret, else by the method, else not known.

        A grant signs in with the access token that is had for it.
        """
        if self.new_secret is not None:
            kind = self.new_secret.kind
            return SecretKind.ACCESS_TOKEN if kind is SecretKind.GRANT else kind
        if self.draft.authentication in TOKEN_METHODS:
            return SecretKind.ACCESS_TOKEN
        return SecretKind.PASSWORD if self.draft.authentication in PASSWORD_METHODS else None

    def path(self, *fields: str) -> Path:
        """Return the path of a field of this server."""
        return (self.side, *fields)


@dataclass(frozen=True, slots=True)
class Case:
    """The whole draft."""

    draft: Draft
    catalogue: Catalogue
    policy: ValidationPolicy
    today: date
    address: EmailAddress | None
    """None while missing or faulty."""
    doubtful: bool
    """Whether the domain of the address looks mistyped or imitated: no user name comes of it."""
    provider: Provider | None
    """Row that was chosen, else that of the address, else that of a host."""
    provider_path: Path
    """Field that told the provider."""
    servers: tuple[ServerCase, ...]

    @property
    def chosen(self) -> Provider | None:
        """The row that was chosen by its id."""
        return self.provider if self.provider_path == ("providerId",) else None

    def offered(self, protocol: MailProtocol) -> ProviderServer | None:
        """Return the best server of the draft's provider for a protocol."""
        return None if self.provider is None else best_server(self.provider, protocol)

    def host_of(self, server: ProviderServer | None) -> str | None:
        """Return the host of a server of the catalogue, as far as the address fills it."""
        if server is None:
            return None
        return server.host_for(self.address.domain if self.address else None)


Rule = Callable[[Case], Iterator[ValidationIssue]]
"""Looks at a draft and yields what is wrong with it. Never raises."""


def case_of(draft: Draft, catalogue: Catalogue, policy: ValidationPolicy, today: date) -> Case:
    """Work out what the rules look at."""
    address = _address(draft.email_address)
    meant = _meant(address, catalogue)
    domain = address.domain if address else None
    chosen = catalogue.by_id(draft.provider_id) if draft.provider_id else None
    provider = chosen
    path: Path = ("providerId",)
    if provider is None and address is not None:
        provider, path = catalogue.by_address(address), ("emailAddress",)
    sides = (
        ("incoming", MailProtocol.IMAP, draft.incoming),
        ("outgoing", MailProtocol.SMTP, draft.outgoing),
    )
    servers = tuple(
        _server(side, protocol, server, catalogue, (meant or domain, chosen, provider))
        for side, protocol, server in sides
        if server is not None
    )
    for server in servers:
        if provider is None and server.provider is not None:
            provider, path = server.provider, server.path("host")
    return Case(
        draft, catalogue, policy, today, address, meant is not None, provider, path, servers
    )


def best_server(provider: Provider, protocol: MailProtocol) -> ProviderServer | None:
    """Return the server that a provider prefers for a protocol."""
    return next(iter(servers_of(provider, protocol)), None)


def servers_of(provider: Provider, protocol: MailProtocol) -> tuple[ProviderServer, ...]:
    """Return the servers of a provider for a protocol, best first."""
    return provider.incoming if protocol is MailProtocol.IMAP else provider.outgoing


def error(
    code: ValidationCode, path: Path, message: str, suggestion: str | None = None
) -> ValidationIssue:
    """Make an issue that submit refuses."""
    return ValidationIssue(code, Severity.ERROR, message, path, suggestion)


def warning(
    code: ValidationCode, path: Path, message: str, suggestion: str | None = None
) -> ValidationIssue:
    """Make an issue that lets the draft pass."""
    return ValidationIssue(code, Severity.WARNING, message, path, suggestion)


def info(
    code: ValidationCode, path: Path, message: str, suggestion: str | None = None
) -> ValidationIssue:
    """Make an issue that is only good to know."""
    return ValidationIssue(code, Severity.INFO, message, path, suggestion)


def _address(text: str | None) -> EmailAddress | None:
    try:
        return parse_address(text or "")
    except AddressInvalid:
        return None


def _meant(address: EmailAddress | None, catalogue: Catalogue) -> str | None:
    """Return the known domain that was probably meant by another one."""
    if address is None:
        return None
    return catalogue.nearest_domain(address.domain) or catalogue.imitated(address.domain)


def _host(text: str | None) -> str | None:
    try:
        return parse_host(text or "")
    except HostInvalid:
        return None


def _server(
    side: str,
    protocol: MailProtocol,
    draft: DraftServer,
    catalogue: Catalogue,
    known: tuple[str | None, Provider | None, Provider | None],
) -> ServerCase:
    domain, chosen, provider = known
    host = _host(draft.host)
    rows = catalogue.rows_of_host(host) if host is not None else ()
    if chosen in rows:
        provider = chosen
    elif host is not None:
        provider = catalogue.by_host(host, domain)
    listed = tuple(
        server
        for row in rows
        for server in servers_of(row, protocol)
        if host in (server.host_template, server.host_for(domain)) or "{" in server.host_template
    )
    secret = draft.secret if isinstance(draft.secret, NewSecret) else None
    return ServerCase(side, protocol, draft, host, provider, rows, listed, secret)
