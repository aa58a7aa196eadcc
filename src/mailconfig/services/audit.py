"""The audit trail: reading it, and the events of sign-ins, which happen before anybody is known.

Whatever changes something adds its own event, in the transaction of the change. The trail holds
ids and keyed digests, never an address, a name or a secret, so that erasing a user or a workspace
leaves nothing of them behind.
"""

import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.signing import Signer
from mailconfig.storage.audit import AuditEvent, AuditFilter, Detail
from mailconfig.storage.database import Database

__all__ = ["READER", "AuditEvent", "AuditFilter", "AuditService", "Detail", "SignInTrail"]

_log = logging.getLogger(__name__)
READER: Final = Role.ADMIN
"""Who may read the trail of their workspace: this role and those above."""
_BATCH: Final = 500
"""Events of one transaction of an export."""


class AuditService:
    """Reads the trail of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, principal: Principal, filter: AuditFilter, request: PageRequest
    ) -> Page[AuditEvent]:
        """Return a page of the caller's workspace, newest first; raises Forbidden."""
        principal.require(READER)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.audit.page(request, filter)

    async def workspace(self, slug: str) -> UUID | None:
        """Return the workspace of a slug."""
        async with self._database.reading_identity() as identity:
            return await identity.workspace_by_slug(slug)

    async def export(
        self, workspace_id: UUID, since: datetime | None = None
    ) -> AsyncIterator[AuditEvent]:
        """Yield all events from a moment on, oldest first. For commands, which ask nobody's role.

        Each batch is a transaction of its own: however long the reader takes, none stays open.
        """
        last: AuditEvent | None = None
        while True:
            async with self._database.reading(workspace_id) as work:
                batch = await work.audit.following(last, since, _BATCH)
            for event in batch:
                yield event
            if len(batch) < _BATCH:
                return
            last = batch[-1]


class SignInTrail:
    """Writes the events of sign-ins; who tried, and from where, are digests.

    Threat: whoever reads a trail, or steals a database, must not learn which addresses were tried
    nor from where. Digests are keyed and of one workspace, so that guesses cannot be checked
    against them and no two workspaces can compare theirs. Limit: the signing key makes them.
    """

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer.derive("audit")

    def client(self, workspace_id: UUID, client: str) -> str:
        """Return the digest of a caller's address; equal for equal ones of a workspace."""
        return self._signer.sign("client", str(workspace_id), client)

    async def refused(
        self, workspace_id: UUID | None, user_id: UUID | None, email: str, client: str, reason: str
    ) -> None:
        """Add that a sign-in was refused, to the workspace of the account, or only log it.

        The same is done for an account that there is not, so that how long it takes tells nothing.
        """
        home = workspace_id or new_id()
        details: dict[str, Detail] = {
            "reason": reason,
            "address": self._signer.sign("address", str(home), email.strip().lower()),
            "client": self.client(home, client),
        }
        async with self._database.work(home) as work:
            known = await work.audit.append_where_known("login.refused", "user", user_id, details)
        _log.info("a sign-in was refused: %s, account known: %s", reason, known)
