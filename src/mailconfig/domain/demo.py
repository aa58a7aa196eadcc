"""The demonstration: mail servers on this machine that behave as real providers do. Plain values.

Built by `simulator`, handed in by `cli`; lower floors learn from here which endpoints may be
dialled, whom TLS trusts, and which rows the catalogue shows. Hosts and domains end in `.localhost`,
which never leaves the machine (RFC 6761, section 6.3).
"""

from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.probes import StepKind
from mailconfig.domain.providers import (
    Confidence,
    Provider,
    ProviderKind,
    ProviderServer,
    ProviderStatus,
)
from mailconfig.domain.resolution import IPAddress
from mailconfig.domain.servers import MailProtocol

ID_PREFIX: Final = "demo_"
"""Begin of the ids of demonstration rows; the rest is the id of the provider that is played."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One address and what a connection test of it ends with."""

    address: str
    happens: str
    """What will happen, for people."""
    code: DiagnosticCode
    """Code of the diagnosis; OK when all is well."""
    protocol: MailProtocol | None = None
    """Which server tells it; None when all is well."""
    step: StepKind | None = None
    """Which step fails; None when all is well."""


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """One row that the catalogue shows beside the real ones."""

    id: str
    """Begins with `ID_PREFIX`."""
    name: str
    domain: str
    """What stands behind the @ of its accounts."""
    incoming: ProviderServer
    outgoing: ProviderServer
    accounts: tuple[DemoAccount, ...]
    like: str | None = None
    """Id of the real row whose requirements and help pages it shares."""
    alternative_hosts: tuple[str, ...] = ()
    """Further names of its servers."""

    def row(self, catalogue: Catalogue) -> Provider:
        """Return the row; `catalogue` holds the real one that it is like."""
        real = catalogue.by_id(self.like) if self.like is not None else None
        return replace(
            real or _plain_row(self.id),
            id=self.id,
            name=self.name,
            kind=ProviderKind.MAILBOX,
            domains=(self.domain,),
            domain_suffixes=(),
            mx_suffixes=(),
            mx_exclude=(),
            mx_patterns=(),
            alternative_hosts=self.alternative_hosts,
            incoming=(self.incoming,),
            outgoing=(self.outgoing,),
            oauth2=None,  # nobody plays the provider's sign-in page
        )


@dataclass(frozen=True, slots=True)
class Demo:
    """All that the demonstration needs of the rest."""

    endpoints: frozenset[tuple[IPAddress, int]]
    """Exactly these may be dialled."""
    trust_anchor: str
    """PEM of the authority that signed the servers' certificates; it vouches for .localhost only.
    """
    providers: tuple[DemoProvider, ...]
    password: str
    """The right one of every account that has one."""

    @property
    def hosts(self) -> frozenset[str]:
        """Names of all servers."""
        listed = (
            (row.incoming.host_template, row.outgoing.host_template, *row.alternative_hosts)
            for row in self.providers
        )
        return frozenset(name for names in listed for name in names)

    def catalogue(self, real: Catalogue) -> Catalogue:
        """Return the catalogue with the demonstration's rows before the real ones."""
        return real.preceded(row.row(real) for row in self.providers)


def _plain_row(row_id: str) -> Provider:
    return Provider(
        id=row_id,
        name=row_id,
        kind=ProviderKind.MAILBOX,
        status=ProviderStatus.ACTIVE,
        regions=(),
        domains=(),
        domain_suffixes=(),
        mx_suffixes=(),
        incoming=(),
        outgoing=(),
        username_form="email",
        auth=("password",),
        requires=(),
        quirks=(),
        confidence=Confidence.HIGH,
    )
