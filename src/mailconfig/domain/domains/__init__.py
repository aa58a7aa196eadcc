"""Whether a domain is fit to send and receive mail: what its DNS says, judged. Values and rules."""

from mailconfig.domain.domains.values import (
    CheckKind,
    CheckVerdict,
    DnsRecord,
    DomainCheck,
    DomainReport,
)

__all__ = ["CheckKind", "CheckVerdict", "DnsRecord", "DomainCheck", "DomainReport"]
