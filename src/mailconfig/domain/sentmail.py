"""What is done about mail once it was sent, by account: a copy in Sent, and looking for bounces.

Must not: know how a mailbox is opened (`domain.postbox`), or what reports mean (`domain.returns`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.postbox import Bookmark

SAVING_PROVIDERS: Final = frozenset(
    {
        "gmail",
        "google_workspace",
        "outlook_com",
        "microsoft365",
        "microsoft365_china",
        "yahoo",
        "aol",
    }
)
"""Rows of the catalogue whose outgoing servers put what they send into Sent by themselves.

A copy of ours would be the second one. Rows that are missing here cost one search: a message that
is in Sent already is not put there again.
"""


@dataclass(frozen=True, slots=True)
class SendingOptions:
    """What the owner of an account has chosen."""

    save_to_sent: bool | None = None
    """Whether sent mail is put into the Sent folder; None: where the provider does not do so."""
    read_bounces: bool = False
    """Whether INBOX may be looked into for bounces and complaints: it is somebody's mail, so
    nobody does so unasked."""

    def saves(self, config: EmailConfig) -> bool:
        """Tell whether copies of an account's mail are saved."""
        if config.incoming is None:
            return False
        if self.save_to_sent is not None:
            return self.save_to_sent
        return config.provider_id not in SAVING_PROVIDERS


@dataclass(frozen=True, slots=True)
class PostboxState:
    """What is kept about the visits to an account's mailbox."""

    sent_at: datetime
    """When the account sent last."""
    visited_at: datetime | None = None
    """When its mailbox was opened last."""
    looked_at: datetime | None = None
    """When INBOX was looked into last."""
    bookmark: Bookmark | None = None
    failures: int = 0
    """Visits in a row that failed."""
    code: DiagnosticCode | None = None
    """Why the last one failed."""
    reply: str | None = None
    """The server's words then, cleaned."""


@dataclass(frozen=True, slots=True)
class CopyState:
    """What became of a message's copy in Sent."""

    saved_at: datetime | None
    """When it was there."""
    ended_at: datetime | None
    """When it was saved or given up; None: it is still to be saved."""
    reply: str | None
    """Why the server did not take it, cleaned."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A mailbox that is to be opened now, claimed for one worker."""

    config_id: UUID
    workspace_id: UUID
