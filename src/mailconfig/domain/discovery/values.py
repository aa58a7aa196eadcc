"""Values of discovery: what was asked, what each source says, what is offered in the end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity


class DiscoverySource(StrEnum):
    """Where settings come from, in the order of precedence."""

    CATALOGUE = "CATALOGUE"
    """Our catalogue, by the domain of the address."""
    PACC = "PACC"
    """The operator's document (draft-ietf-mailmaint-pacc), https."""
    AUTOCONFIG = "AUTOCONFIG"
    """The operator's document (draft-ietf-mailmaint-autoconfig), https."""
    SRV = "SRV"
    """The operator's SRV records (RFC 6186, RFC 8314)."""
    MX = "MX"
    """A row of the catalogue that the domain's mail exchanger names."""
    ISPDB = "ISPDB"
    """Thunderbird's public database; asked only where the operator of this service allows it."""
    DNS_HINT = "DNS_HINT"
    """Other records that point at a mailbox host: autodiscover, TXT verification and the like."""
    GUESS = "GUESS"
    """Usual names that answered a probe without credentials."""


class Trust(StrEnum):
    """How far a proposal may be trusted."""

    CATALOGUE = "CATALOGUE"
    """Known to us and checked."""
    SECURE = "SECURE"
    """Every hop was HTTPS or DNSSEC."""
    INSECURE = "INSECURE"
    """At least one hop could have been forged: the user has to agree to the host names."""
    GUESSED = "GUESSED"
    """Nobody vouches for it; it only answered."""


class FindingStatus(StrEnum):
    """How the question to one source ended."""

    FOUND = "FOUND"
    """It names servers."""
    NOTHING = "NOTHING"
    """It answered and knows nothing."""
    UNAVAILABLE = "UNAVAILABLE"
    """It did not answer: no such host, refused, cut."""
    TIMED_OUT = "TIMED_OUT"
    """It did not answer in its time."""
    INVALID = "INVALID"
    """It answered nonsense: a web page instead of XML, wrong values, too much."""
    REFUSED = "REFUSED"
    """Our own guard did not allow the target, or an unsafe redirect."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """One server that a source names."""

    protocol: MailProtocol
    host: str
    """Lower case, ASCII, placeholders filled."""
    port: int
    security: TransportSecurity
    username: str | None = None
    """What to sign in with where the source tells. Placeholders %EMAILADDRESS%, %EMAILLOCALPART%
    and %EMAILDOMAIN% are filled at the end, see `discovery.usernames`; a source that was told the
    address may fill them itself.
    """
    authentication: tuple[AuthenticationMethod, ...] = ()
    """Methods that the source names, best first; empty: it does not tell."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a source says: servers best first, and whose they are."""

    incoming: tuple[FoundServer, ...] = ()
    outgoing: tuple[FoundServer, ...] = ()
    provider_id: str | None = None
    """Row of the catalogue."""
    display_name: str | None = None
    """The operator's own name, cleaned."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one source; evidence for people."""

    source: DiscoverySource
    status: FindingStatus
    detail: str
    """One sentence, translatable: which record or address was asked, and what was there."""
    checked_at: datetime
    secure: bool = False
    """Whether every hop was HTTPS or DNSSEC."""
    ttl_seconds: int = 300
    """How long the finding holds."""
    proposal: Proposal | None = None
    """Set when FOUND."""
    code: DiagnosticCode | None = None
    """Set where a diagnosis fits, such as AUTOCONFIG_HTML."""
    provider_id: str | None = None
    """Row of the catalogue that it speaks of, also where that row has no servers."""
    probed: bool | None = None
    """True: the servers answered a probe without credentials; None: nobody asked them."""


@dataclass(frozen=True, slots=True)
class Query:
    """What sources are asked. There is never a password in it."""

    domain: str
    """Right-hand side of the address, lower-case A-labels."""
    address: str | None = None
    """The whole address, canonical; None where only a domain is known."""


class Source(Protocol):
    """A source of settings that asks the network."""

    @property
    def kind(self) -> DiscoverySource:
        """Which one it is."""
        ...

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask; never raises for what strangers do, never later than `seconds`; cancellable."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings that are offered: merged from all findings that agree on them."""

    incoming: FoundServer | None
    outgoing: FoundServer | None
    trust: Trust
    evidence: tuple[Finding, ...]
    """Findings that name these servers, strongest first."""
    provider_id: str | None = None
    display_name: str | None = None
    disagreements: tuple[Finding, ...] = field(default=())
    """Findings of sources at least as strong as the weakest evidence that name other servers."""
    probed: bool | None = None
    """Whether both servers answered a probe without credentials; None: not probed."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The answer about one domain or address."""

    domain: str
    candidates: tuple[Candidate, ...]
    """Best first."""
    findings: tuple[Finding, ...]
    """What became of every source that ended, strongest source first."""
    code: DiagnosticCode | None
    """Why nothing can be set up, or what to know before it is; None where nothing is wrong."""
    provider_id: str | None
    """Row of the catalogue that answers, also where it has no servers."""
    suggested_domain: str | None
    """Known domain that this one is probably a typing error of."""
    checked_at: datetime
    """When the oldest of the findings was made."""
    answered_at: datetime
    """When this answer was given; later than `checked_at` where findings were kept."""
