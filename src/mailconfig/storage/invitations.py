"""Invitations to a workspace. Tokens are known by their digest only.

An address has one open invitation to a workspace at most; another one takes its place.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, insert, select, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Role
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.workspaces import Invitation
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.tables import invitations
from mailconfig.storage.transaction import AnyRow, Transaction

_NEWEST_FIRST: Final = Order(invitations.c.created_at, invitations.c.id, OrderDirection.DESC)


def _read(row: AnyRow) -> Invitation:
    return Invitation(
        id=row.id,
        workspace_id=row.workspace_id,
        email=row.email,
        role=Role(row.role),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


class InvitationRepository:
    """Adds, lists and withdraws the invitations of one workspace."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def insert(self, invitation: Invitation, token_sha256: str) -> None:
        """Store one; an open one of the same address has to be ended before."""
        row = {
            "id": invitation.id,
            "workspace_id": self._workspace_id,
            "invited_by": invitation.invited_by,
            "email": invitation.email,
            "email_key": invitation.email.lower(),
            "role": invitation.role.value,
            "token_sha256": token_sha256,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
            "ended_at": None,
        }
        await self._transaction.run(insert(invitations).values(row))

    async def open_of(self, email: str) -> Invitation | None:
        """Return the one of an address that has not ended, though it may have expired."""
        row = await self._transaction.first(
            select(invitations).where(self._open(), invitations.c.email_key == email.lower())
        )
        return None if row is None else _read(row)

    async def get(self, id: UUID) -> Invitation:
        """Return one that has not ended; raises NotFound."""
        row = await self._transaction.first(
            select(invitations).where(self._open(), invitations.c.id == id)
        )
        if row is None:
            raise NotFound
        return _read(row)

    async def end(self, id: UUID) -> None:
        """End an open one; raises NotFound."""
        one = and_(self._open(), invitations.c.id == id)
        if not await self._transaction.changed(self._ended(one)):
            raise NotFound

    async def end_of(self, user_id: UUID, roles: Collection[Role]) -> int:
        """End the open ones that a user made for these roles; return how many."""
        theirs = and_(
            self._open(),
            invitations.c.invited_by == user_id,
            invitations.c.role.in_([role.value for role in roles]),
        )
        return await self._transaction.changed(self._ended(theirs))

    async def page(self, request: PageRequest) -> Page[Invitation]:
        """Return those that can be accepted, newest first; raises CursorRefused."""
        rows = select(invitations).where(
            self._open(), invitations.c.expires_at > self._transaction.now
        )
        return await Listing(rows, _NEWEST_FIRST, _read).page(self._transaction, request)

    def _open(self) -> ColumnElement[bool]:
        return and_(
            invitations.c.workspace_id == self._workspace_id, invitations.c.ended_at.is_(None)
        )

    def _ended(self, which: ColumnElement[bool]) -> Update:
        return update(invitations).where(which).values(ended_at=self._transaction.now)


class InvitationTokens:
    """Finds and uses up invitations by their tokens, which name no workspace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Return the open invitation of a token's digest."""
        row = await self._transaction.first(select(invitations).where(_usable(token_sha256, now)))
        return None if row is None else _read(row)

    async def use(self, token_sha256: str, now: datetime) -> bool:
        """Use it up; of two who do, one gets True."""
        statement = update(invitations).where(_usable(token_sha256, now)).values(ended_at=now)
        return await self._transaction.changed(statement) == 1


def _usable(token_sha256: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        invitations.c.token_sha256 == token_sha256,
        invitations.c.ended_at.is_(None),
        invitations.c.expires_at > now,
    )
