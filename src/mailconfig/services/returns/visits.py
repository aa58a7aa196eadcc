"""One visit to the mailbox of an account: saves copies into Sent, reads what came back.

    what is open? --> sign in --> each copy: searched for, put there, written down
                             '--> reports since the last look: read, matched, written down
                             '--> when next

No unit of work is open while the server is waited for. A visit that fails is made again later, with
growing delays; a refused sign-in is given long ones, since wrong passwords lock accounts. What a
visit does never changes that a message was sent. Must not: keep a secret longer than the visit.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.diagnostics import DiagnosticCode, Phase, diagnose_code
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.errors import NotFound, SecretRequired, SecretUnreadable
from mailconfig.domain.messages import RecipientKind
from mailconfig.domain.postbox import (
    Bookmark,
    OpenPostbox,
    Postbox,
    PostboxAccess,
    PostboxFailed,
    SentCopy,
    with_blind_copies,
)
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.sentmail import PostboxState, SendingOptions, Visit
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.custody import FIELDS
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.returns.noting import GATHER_SECONDS
from mailconfig.services.returns.reports import Reports
from mailconfig.storage.database import Database, Work

_log = logging.getLogger(__name__)

_PURPOSE: Final = FIELDS[MailProtocol.IMAP]
_COPIES: Final = 200
"""Saved in one visit; the next one goes on."""
_READINGS: Final = 10
"""In one visit, 50 mails each; the next one goes on."""
_SIGNING_IN: Final = frozenset({Phase.AUTH, Phase.TOKEN, Phase.AUTHORIZE})


@dataclass(frozen=True, slots=True)
class VisitPolicy:
    """When mailboxes are opened."""

    look_seconds: float = 600
    """Between two looks into INBOX."""
    look_days: int = 7
    """How long after its last message an account's INBOX is looked into."""
    retry_seconds: float = 60
    """After the first failure; it doubles with each."""
    longest_seconds: float = 3600
    """Longest delay of that."""
    sign_in_seconds: float = 6 * 3600
    """After a refused sign-in."""
    copy_days: float = 3
    """How long a copy is tried; its content may be gone after that."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What one visit needs."""

    config: EmailConfig
    options: SendingOptions
    state: PostboxState
    copies: tuple[UUID, ...]
    server: StoredServer
    target: ProbeTarget


class _Withheld(Exception):
    """There is nothing to sign in with."""

    def __init__(self, code: DiagnosticCode) -> None:
        super().__init__(code)
        self.code = code


class Visits:
    """Makes visits, one call each; used by many tasks at once."""

    def __init__(
        self,
        database: Database,
        postbox: Postbox,
        grants: GrantService,
        files: FileService,
        policy: VisitPolicy,
        now: Now,
    ) -> None:
        self._database = database
        self._postbox = postbox
        self._grants = grants
        self._files = files
        self._policy = policy
        self._now = now
        self._reports = Reports(database)

    async def make(self, visit: Visit, owner: str) -> None:
        """Make a visit that was claimed; its lease is given back in the end."""
        opened: _Opened | None = None
        try:
            opened = await self._prepared(visit)
            if opened is None:
                return
            state = await self._made(visit, opened)
        except _Withheld as withheld:
            state = await self._failed(visit, withheld.code, None)
            await self._end(visit, owner, state, self._again(state, signing_in=True))
        except PostboxFailed as failed:
            code = diagnose_code(failed.observation)
            state = await self._failed(visit, code, failed.reply or None)
            signing_in = failed.observation.phase in _SIGNING_IN
            await self._end(visit, owner, state, self._again(state, signing_in=signing_in))
        else:
            await self._end(visit, owner, state, self._next(opened, state))
