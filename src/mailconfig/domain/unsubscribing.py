"""Links by which a recipient leaves a list with one request (RFC 8058), and what they stand for.

    https://mail.example.com/unsubscribe/<43 characters of base64url: 256 random bits>

Threat: guessed links, and programs that open every link of a mail: only a POST unsubscribes.
Limit: a link is a bearer capability; who is forwarded a message can unsubscribe its recipient.

Must not: know HTTP or tables.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from mailconfig.domain.secrets import Secret

PATH: Final = "/unsubscribe"
"""Where the links lead, below the public address of this service."""


@dataclass(frozen=True, slots=True)
class ManagedUnsubscribe:
    """This service takes the unsubscription, instead of an address or page of the sender's own."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was made for one message to one recipient; it works once it is stored."""

    token: Secret
    url: str

    def __repr__(self) -> str:
        return "NewLink(...)"


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """What a stored link stands for."""

    workspace_id: UUID
    address: str
    """As the message named it."""
    message_id: UUID
    """The message may be gone."""
