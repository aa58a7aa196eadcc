"""The shape of the catalogue's YAML, and its mapping to the values of the domain.

Shape only: what rows say about each other is checked in `storage.catalogue_checks`.
"""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from mailconfig.domain.catalogue import DnsHint
from mailconfig.domain.hosts import registrable_domain
from mailconfig.domain.mx import MxGroup, MxRules
from mailconfig.domain.providers import (
    Confidence,
    OAuth2Endpoints,
    Provider,
    ProviderKind,
    ProviderServer,
    ProviderStatus,
)
from mailconfig.domain.servers import MailProtocol, TransportSecurity

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]

_SECURITY: Final = {
    "tls": TransportSecurity.TLS,
    "starttls": TransportSecurity.STARTTLS,
    "plain": TransportSecurity.NONE,
}
_OPERATOR_SITES: Final = {
    "outlook_com": "microsoft.com",
    "microsoft365": "microsoft.com",
    "microsoft365_china": "microsoft.com",
    "icloud": "apple.com",
    "fastmail": "fastmail.help",
    "zoho_eu": "zoho.com",
    "zoho_in": "zoho.com",
    "zoho_au": "zoho.com",
    "zoho_jp": "zoho.com",
    "zoho_ca": "zoho.com",
    "proton_smtp": "proton.me",
    "t_online": "telekom.de",
}
"""Where an operator keeps its help when that is not below a domain of the row itself."""


class Row(BaseModel):
    """Base of all parts: unknown fields are faults, values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerRow(Row):
    """One server."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["tls", "starttls", "plain"]

    def server(self, protocol: MailProtocol) -> ProviderServer:
        """Map to the domain."""
        return ProviderServer(protocol, self.host, self.port, _SECURITY[self.security])


class OAuth2Row(Row):
    """Endpoints, scopes and mechanisms for OAuth 2.0."""

    authorize: Text
    token: Text
    scopes: list[Text]
    sasl: list[Text]
    issuer: Text | None = None
    revoke: Text | None = None
    device: Text | None = None
    extra: Text | None = None
    pkce: bool = False
    app_only_scopes: list[Text] = []
    app_roles: list[Text] = []
    tenant_hint: Text | None = None
    parameters: dict[Text, Text] = {}

    def endpoints(self) -> OAuth2Endpoints:
        """Map to the domain."""
        return OAuth2Endpoints(
            authorize=self.authorize,
            token=self.token,
            issuer=self.issuer,
            revoke=self.revoke,
            device=self.device,
            scopes=tuple(self.scopes),
            sasl=tuple(self.sasl),
            pkce=self.pkce,
            tenant=self.tenant_hint,
            parameters=tuple(self.parameters.items()),
        )


class ProviderRow(Row):
    """A row, as the catalogue's documentation describes it."""

    id: Identifier
    name: Text
    kind: Literal[
        "mailbox",
        "hosting",
        "relay",
        "transactional",
        "sandbox",
        "local_bridge",
        "no_client_access",
        "alias_only",
    ]
    status: Literal["active", "closed", "moved", "no_tls_known"] = "active"
    closed: Text | None = None
    region: list[Text]
    domains: list[Text]
    domain_suffixes: list[Text] = []
    mx_suffixes: list[Text]
    mx_exclude: list[Text] = []
    mx_regex: list[Text] = []
    imap: list[ServerRow]
    smtp: list[ServerRow]
    username: Text
    auth: list[Text]
    oauth2: OAuth2Row | None = None
    requires: list[Text] = []
    quirks: list[Text] = []
    password_format: Text | None = None
    limits: dict[str, int | str] | None = None
    alt: dict[str, Text | list[Text]] = {}
    help: Text | None = None
    help_app_password: Text | None = None
    notes: Text | None = None
    disagree: list[Text] = []
    sources: list[Text]
    confidence: Literal["high", "medium", "low"]
    hidden: Literal[False] = False

    @field_validator("mx_regex", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("mx_regex")
    @classmethod
    def _compiles(cls, value: list[str]) -> list[str]:
        for pattern in value:
            compiled(pattern)
        return value

    def alternative_hosts(self) -> tuple[str, ...]:
        """Find the hosts in the free text of `alt`: "a / b for c" names a and b."""
        lines = [
            line
            for value in self.alt.values()
            for line in ([value] if isinstance(value, str) else value)
        ]
        words = (word for line in lines for word in line.partition(" for ")[0].split())
        return tuple(dict.fromkeys(word for word in words if "." in word))

    def provider(self, *, trusted: bool) -> Provider:
        """Map to the domain; links of a trusted row are the operator's own choice and stay."""
        return Provider(
            id=self.id,
            name=self.name,
            kind=ProviderKind[self.kind.upper()],
            status=ProviderStatus[self.status.upper()],
            regions=tuple(self.region),
            domains=tuple(self.domains),
            domain_suffixes=tuple(self.domain_suffixes),
            mx_suffixes=tuple(self.mx_suffixes),
            incoming=tuple(row.server(MailProtocol.IMAP) for row in self.imap),
            outgoing=tuple(row.server(MailProtocol.SMTP) for row in self.smtp),
            username_form=self.username,
            auth=tuple(self.auth),
            requires=tuple(self.requires),
            quirks=tuple(self.quirks),
            confidence=Confidence[self.confidence.upper()],
            closed=self.closed,
            password_format=self.password_format,
            help_url=self._link(self.help, trusted=trusted),
            app_password_url=self._link(self.help_app_password, trusted=trusted),
            notes=self.notes,
            alternative_hosts=self.alternative_hosts(),
            limits=None if self.limits is None else MappingProxyType(self.limits),
            oauth2=self.oauth2.endpoints() if self.oauth2 else None,
            mx_exclude=tuple(self.mx_exclude),
            mx_patterns=tuple(self.mx_regex),
        )

    def _link(self, url: str | None, *, trusted: bool) -> str | None:
        """Keep a link only where it is the operator's own documentation."""
        if url is None or trusted:
            return url
        if any(source.startswith("vendor-doc") for source in self.sources):
            return url
        return url if registrable_domain(urlsplit(url).hostname or "") in self._sites() else None

    def _sites(self) -> Iterator[str]:
        """Yield the registrable domains that are the operator's."""
        names = [*self.domains, *self.mx_suffixes]
        names += [row.host for row in (*self.imap, *self.smtp) if "{" not in row.host]
        if self.oauth2 is not None:
            names.append(urlsplit(self.oauth2.authorize).hostname or "")
        yield from map(registrable_domain, filter(None, names))
        if self.id in _OPERATOR_SITES:
            yield _OPERATOR_SITES[self.id]


class HiddenRow(Row):
    """A row of the overlay that takes a shipped one away."""

    id: Identifier
    hidden: Literal[True]


class MxGroupRow(Row):
    """MX hosts of a service without mailboxes."""

    name: Text
    suffixes: list[Text]
    maybe_provider: Identifier | None = None


class HintRow(Row):
    """A DNS record that points at a provider; `generic` speaks for none."""

    provider: Identifier
    record: Text
    weight: Literal["strong", "medium", "weak"]
    contains: Text | None = None
    starts_with: Text | None = None
    ends_with: Text | None = None


class GuessRow(Row):
    """Hosts to guess at last, as `template:port/security`."""

    imap: list[Annotated[str, Field(pattern=r"^[^:]+:[0-9]{1,5}/(tls|starttls)$")]]
    smtp: list[Annotated[str, Field(pattern=r"^[^:]+:[0-9]{1,5}/(tls|starttls)$")]]
    rules: list[Text] = []

    def servers(self) -> Iterator[ProviderServer]:
        """Map to the domain, incoming first."""
        for protocol, lines in ((MailProtocol.IMAP, self.imap), (MailProtocol.SMTP, self.smtp)):
            for line in lines:
                host, _, rest = line.partition(":")
                port, _, security = rest.partition("/")
                yield ProviderServer(protocol, host, int(port), _SECURITY[security])


class CatalogueFile(Row):
    """The whole shipped file."""

    schema_version: Literal[2]
    checked: Text
    providers: list[ProviderRow]
    mx_gateways: list[MxGroupRow]
    mx_forwarders: list[MxGroupRow]
    mx_customer_line: Text
    mx_ambiguous: list[MxGroupRow]
    dns_hints: list[HintRow]
    guess: GuessRow

    @field_validator("mx_customer_line")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return compiled(value)

    def mx_rules(self, ids: set[str]) -> MxRules:
        """Map the MX tables; `maybe_provider` of a hidden row falls away."""
        return MxRules(
            gateways=tuple(_group(row, ids) for row in self.mx_gateways),
            forwarders=tuple(_group(row, ids) for row in self.mx_forwarders),
            ambiguous=tuple(_group(row, ids) for row in self.mx_ambiguous),
            customer_line=re.compile(self.mx_customer_line),
        )

    def hints(self, ids: set[str]) -> tuple[DnsHint, ...]:
        """Map the DNS hints; those of hidden rows fall away."""
        return tuple(
            DnsHint(
                provider_id=None if row.provider == "generic" else row.provider,
                record=row.record,
                weight=row.weight,
                contains=row.contains,
                starts_with=row.starts_with,
                ends_with=row.ends_with,
            )
            for row in self.dns_hints
            if row.provider == "generic" or row.provider in ids
        )


def _overlaid(value: object) -> str:
    hidden = value.get("hidden") if isinstance(value, dict) else getattr(value, "hidden", False)
    return "hidden" if hidden is True else "row"


class OverlayFile(Row):
    """An operator's file: whole rows, or ids to hide."""

    schema_version: Literal[2] = 2
    providers: list[
        Annotated[
            Annotated[ProviderRow, Tag("row")] | Annotated[HiddenRow, Tag("hidden")],
            Discriminator(_overlaid),
        ]
    ] = []


def compiled(pattern: str) -> str:
    """Return the pattern if it is a regular expression; raises ValueError."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


def _group(row: MxGroupRow, ids: set[str]) -> MxGroup:
    maybe = row.maybe_provider if row.maybe_provider in ids else None
    return MxGroup(row.name, tuple(row.suffixes), maybe)
