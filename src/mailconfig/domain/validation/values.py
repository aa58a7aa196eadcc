"""What the rules look at: the draft as typed, and the operator's policy."""

from dataclasses import dataclass

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
    name_max_chars: int = 200
    metadata_max_bytes: int = 4096
