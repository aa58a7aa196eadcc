"""Erasing workspaces and accounts, so that nothing of them is left here.

    close (sessions, event) -> tests in memory -> blobs, then their rows -> the tokens of mailboxes
    are opened -> other rows, in small transactions -> the last transaction, with the people who are
    in no other workspace -> the tokens are given back -> what is left in the blob store -> the
    bytes in the files of the database

Whatever interrupts it, doing it again goes on where it stopped: bytes are removed before the row
that names them, so that none is orphaned; the trail goes last. From the first step on nobody but
whoever asked for it is signed in there. Bounded: `storage.compaction` says what PostgreSQL's log
and backups keep. Providers hear of tokens when their rows are gone, once, and within a deadline:
one that does not answer, or a process that dies before, leaves a token that nobody has any more.

Must not: be asked by a machine; only an owner or the command line erases a workspace, and only a
user who knows the password an account.
"""

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import Fault, Forbidden, InvalidInput, NotFound
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import Secret
from mailconfig.domain.workspaces import Belonging, LastOwner, Legacy
from mailconfig.services.accounts import AccountService
from mailconfig.services.files import FileService
from mailconfig.services.grants import Farewell, GrantService
from mailconfig.services.leaving import Leaving
from mailconfig.services.runner import TestRunner
from mailconfig.services.sessions import SessionService
from mailconfig.services.workspaces import acting_role
from mailconfig.storage.database import Database
from mailconfig.storage.erasure import OWNED

_log = logging.getLogger(__name__)

_FILES: Final = 100
"""Files of one transaction."""
_ROWS: Final = 1000
"""Rows of one transaction, so that other writers of SQLite do not wait for long."""
_ROUNDS: Final = 10
"""How often files that were uploaded meanwhile are removed before erasing gives up."""


class ErasureService:
    """Erases."""

    def __init__(
        self,
        database: Database,
        sessions: SessionService,
        accounts: AccountService,
        files: FileService,
        grants: GrantService,
        runner: TestRunner,
        leaving: Leaving,
        forget_members: Callable[[], None],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._accounts = accounts
        self._files = files
        self._grants = grants
        self._runner = runner
        self._leaving = leaving
        self._forget_members = forget_members

    # -- workspaces

    async def delete_workspace(self, principal: Principal, slug: str) -> None:
        """Erase the caller's workspace, whose slug the caller has typed.

        Raises Forbidden or InvalidInput.
        """
        principal.require_person()
        principal.require(Role.OWNER)
        async with self._database.work(principal.workspace_id) as work:
            if await acting_role(work, principal) is not Role.OWNER:
                raise Forbidden
            if (await work.workspaces.get()).slug != slug:
                raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _SLUG, "slug")
            ended = await work.workspaces.end_sessions(
                self._sessions.now(), but=principal.session_id
            )
            await work.audit.append(
                principal.user_id, "workspace.delete", "workspace", work.workspace_id, {}
            )
        self._sessions.tell_ended(ended)
        await self.erase(principal.workspace_id)
        self._sessions.forget_sessions_of(principal.user_id)
        if principal.session_id is not None:
            self._sessions.departures.tell(principal.session_id)
        _log.info("workspace %s was erased by user %s", principal.workspace_id, principal.user_id)

    async def erase(self, workspace_id: UUID) -> bool:
        """Erase a workspace; raises NotFound, and Fault where it was interrupted.

        Returns False where the files of the database may still hold bytes of it.
        """
        await self._runner.forsake(workspace_id)
        farewells: dict[UUID, Farewell] = {}
        try:
            await self._erase_all(workspace_id, farewells)
        except (Fault, NotFound):
            # Most of these tokens are not stored any more: nobody else can give them back.
            await self._grants.give_back(tuple(farewells.values()))
            raise
        self._forget_members()
        await self._grants.give_back(tuple(farewells.values()))
        await self._files.erase_remains(workspace_id)
        return await self._database.compact()

    async def _erase_all(self, workspace_id: UUID, farewells: dict[UUID, Farewell]) -> None:
        """Remove all rows, and put down whose tokens are to be given back."""
        for _ in range(_ROUNDS):
            await self._erase_files(workspace_id)
            farewells |= await self._grants.farewells(workspace_id)
            await self._erase_rows(workspace_id)
            async with self._database.erasure(workspace_id) as erasure:
                if await erasure.finish():
                    return
        raise Fault("Files are uploaded faster than they are erased.")

    async def _erase_files(self, workspace_id: UUID) -> None:
        while True:
            async with self._database.erasure(workspace_id) as erasure:
                found = await erasure.blobs(_FILES)
            if not found:
                return
            await self._files.erase_blobs([blob for _, blob in found])
            async with self._database.erasure(workspace_id) as erasure:
                await erasure.drop_files([file_id for file_id, _ in found])

    async def _erase_rows(self, workspace_id: UUID) -> None:
        """Remove most rows, so that the last transaction is short."""
        for table in OWNED:
            removed = _ROWS
            while removed == _ROWS:
                try:
                    async with self._database.erasure(workspace_id) as erasure:
                        removed = await erasure.drain(table, _ROWS)
                except Fault:  # somebody added what refers to it: the last transaction has it all
                    _log.info("rows of %s are left for the end", table.name)
                    break

    # -- accounts

    async def delete_account(self, principal: Principal, password: Secret, client: str) -> None:
        """Erase the caller, who knows the password, with all private configurations.

        Raises LastOwner where a workspace would be without an owner, RateLimited,
        CredentialsRefused or Forbidden.
        """
        await self._accounts.verify(principal, password, client)
        await self.erase_account(principal.user_id)
        _log.info("user %s has erased their account", principal.user_id)

    async def erase_user_of(self, email: str) -> None:
        """Erase the user of an address, for commands; raises NotFound or LastOwner."""
        async with self._database.reading_identity() as identity:
            found = await identity.user_by_email(email.strip())
        if found is None:
            raise NotFound(("email",))
        await self.erase_account(found[0].id)

    async def erase_account(self, user_id: UUID) -> bool:
        """Erase a user; raises LastOwner or NotFound. Returns as `erase` does."""
        async with self._database.reading_identity() as identity:
            places = await identity.workspaces.of_user(user_id)
        for place in places:  # all of them first: nobody is to be half gone
            await self._check(place, user_id)
        for place in places:
            await self._depart(place.workspace.id, user_id)
        async with self._database.identity() as identity:
            ended = await identity.sessions.end_all(user_id, self._sessions.now())
            await identity.erase(user_id)
        self._sessions.tell_ended(ended)
        self._sessions.forget_sessions_of(user_id)
        self._forget_members()
        return await self._database.compact()

    async def _check(self, place: Belonging, user_id: UUID) -> None:
        async with self._database.reading(place.workspace.id) as work:
            alone = await work.workspaces.successor(but=user_id) is None
            owns = place.role is Role.OWNER
            if alone or (owns and not await work.workspaces.other_owners(user_id)):
                raise LastOwner

    async def _depart(self, workspace_id: UUID, user_id: UUID) -> None:
        async with self._database.work(workspace_id) as work:
            await work.workspaces.lock()
            member = await work.workspaces.member(user_id)
            estate = await self._leaving.depart(work, member, Legacy())
            details = {"configs": estate.configs}
            await work.audit.append(user_id, "account.delete", "user", user_id, details)
        await self._leaving.settle(estate)


_SLUG: Final = N_("Enter the slug of this workspace to confirm.")
