"""The mailbox of an account that sends: copies go into its Sent folder, reports come out of INBOX.

Must not: know what a report means (`domain.returns`), or when one is looked for.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from mailconfig.domain.diagnostics import Observation
from mailconfig.domain.probes import ProbeTarget


@dataclass(frozen=True, slots=True)
class PostboxAccess:
    """What it takes to open a mailbox."""

    target: ProbeTarget
    """The incoming server with its secret."""
    trust_anchors: tuple[str, ...] = ()
    """PEM certificates of the configuration that are trusted beside the system's."""


@dataclass(frozen=True, slots=True)
class SentCopy:
    """A message as its sender finds it in the Sent folder."""

    message_id: str
    """With its angle brackets."""
    content: bytes = field(repr=False)
    """With CR LF."""
    sent_at: datetime
    """What the folder shows as its time."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Up to where INBOX was looked at (RFC 9051, section 2.3.1.1)."""

    uid_validity: int
    """UIDs mean nothing under another one."""
    last_uid: int
    """The highest one that was looked at."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Mails that may be reports."""

    mails: tuple[bytes, ...] = field(repr=False)
    """The begin of each, `domain.returns.REPORT_MAX_BYTES` at most."""
    bookmark: Bookmark | None
    """Where to go on; None where the server gives its mails no numbers to rely on."""
    has_more: bool
    """Whether there were more than one reading takes."""


def with_blind_copies(content: bytes, addresses: Iterable[str]) -> bytes:
    """Return a message as its sender keeps it: with the Bcc that nobody else sees.

    RFC 5322, section 3.6.3. `content` has none; a folded field of addr-specs goes on top of it.
    """
    named = ",\r\n ".join(addresses)
    return (f"Bcc: {named}\r\n".encode() if named else b"") + content


class PostboxFailed(Exception):
    """A mailbox could not be opened or used; carries what the diagnosis needs."""

    def __init__(self, observation: Observation, reply: str) -> None:
        super().__init__(observation.failure or observation.phase)
        self.observation = observation
        self.reply = reply
        """The server's words, cleaned, at most 300 characters; empty where it said nothing."""


class OpenPostbox(Protocol):
    """A signed-in mailbox; every method is bounded, and raises PostboxFailed."""

    async def save(self, copy: SentCopy) -> bool:
        """Put a message into the Sent folder, as read; False where the server has it there.

        The folder is made where there is none.
        """
        ...

    async def reports(self, bookmark: Bookmark | None, since: date) -> Reading:
        """Return new mails in INBOX that may be reports; nothing there is changed or marked.

        Only those that arrived on `since` or later (RFC 9051, section 6.4.4), oldest first.
        """
        ...


class Postbox(Protocol):
    """Opens mailboxes by IMAP."""

    def opened(self, access: PostboxAccess) -> AbstractAsyncContextManager[OpenPostbox]:
        """Open a mailbox, signing in once; it is closed at the end. Raises PostboxFailed."""
        ...
