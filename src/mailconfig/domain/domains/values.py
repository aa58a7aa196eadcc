"""Values of domain checks: each check has a verdict, what was found, and what to publish."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CheckKind(StrEnum):
    """What is looked at."""

    MX = "MX"
    """Where mail for the domain goes (RFC 5321, section 5.1)."""
    SPF = "SPF"
    """Which machines may send for it (RFC 7208)."""
    DKIM = "DKIM"
    """Which keys sign for it (RFC 6376)."""
    DMARC = "DMARC"
    """What receivers are to do with mail that neither fits (RFC 9989)."""
    MTA_STS = "MTA_STS"
    """Whether mail to it must come over verified TLS (RFC 8461)."""
    TLS_RPT = "TLS_RPT"
    """Where failures of TLS are reported to (RFC 8460)."""


class CheckVerdict(StrEnum):
    """How a check ended, from well to worse."""

    GOOD = "GOOD"
    """Nothing to do."""
    WEAK = "WEAK"
    """It works and could be better."""
    MISSING = "MISSING"
    """There is no such record."""
    BROKEN = "BROKEN"
    """There is one, and receivers cannot use it."""
    UNKNOWN = "UNKNOWN"
    """It could not be found out: no answer, or names that only the owner knows."""


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record that was found, or one to publish."""

    type: str
    """MX, TXT or CNAME."""
    name: str
    """Full name, without the final dot."""
    value: str
    """As in a zone file without quotes; found ones are cleaned and cut."""


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """One check."""

    kind: CheckKind
    verdict: CheckVerdict
    found: tuple[DnsRecord, ...] = ()
    """What the DNS holds."""
    remarks: tuple[str, ...] = ()
    """Sentences for the owner of the domain, the most important first; translatable."""
    publish: tuple[DnsRecord, ...] = ()
    """Records that would make it good, where they can be known."""
    lookups: int | None = None
    """SPF: DNS look-ups that receivers need, at most ten (RFC 7208, section 4.6.4)."""


@dataclass(frozen=True, slots=True)
class DomainReport:
    """All checks of one domain."""

    domain: str
    """Lower-case A-labels."""
    checks: tuple[DomainCheck, ...]
    """One of each kind, in the order of CheckKind."""
    checked_at: datetime
    provider_id: str | None = None
    """Row of the catalogue that the domain or its MX names."""
