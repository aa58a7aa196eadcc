"""What the rules look at and answer: the draft as typed, the operator's policy, the report."""

from dataclasses import dataclass

from mailconfig.domain.issues import Severity, ValidationIssue
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import DraftServer


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as typed; nothing is checked, None is absent. Field paths are those of DraftInput."""

    name: str | None = None
    email_address: str | None = None
    display_name: str | None = None
    provider_id: str | None = None
    """Id of a catalogue row."""
    external_id: str | None = None
    metadata: str | None = None
    """JSON as text."""
    incoming: DraftServer | None = None
    """None: no IMAP server (a sending-only account)."""
    outgoing: DraftServer | None = None
    """None: no SMTP server (a reading-only account)."""


@dataclass(frozen=True, slots=True)
class ValidationPolicy:
    """What the operator allows."""

    allow_plaintext: bool = False
    """Whether TransportSecurity.NONE may be stored and tested."""
    allow_private_hosts: bool = False
    """Whether literal private addresses are worth no warning (egress decides anyway)."""
    reachable_hosts: frozenset[str] = frozenset()
    """Private hosts that are worth no warning all the same."""
    name_max_chars: int = 200
    metadata_max_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What the rules say about a draft."""

    issues: tuple[ValidationIssue, ...]
    """By path, then the worst first; the same draft always gives the same tuple."""
    provider: Provider | None
    """Row of the catalogue that was chosen, else that of the address, else that of a host."""

    @property
    def valid(self) -> bool:
        """Whether submit and update would take the draft."""
        return all(issue.severity is not Severity.ERROR for issue in self.issues)
