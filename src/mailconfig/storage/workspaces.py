"""One workspace and the people in it.

Whoever decides by roles, owners or quotas calls `lock` first: until the transaction ends nobody
else decides about the same workspace. On SQLite the one writer has that anyway. The lock lets rows
refer to the workspace meanwhile, so that nobody who only adds something waits.

Must not: decide who may do what.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, select, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Role, User
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.workspaces import Belonging, Workspace, WorkspaceMember
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.sessions import Ended
from mailconfig.storage.tables import (
    configs,
    files,
    memberships,
    oauth_authorizations,
    oauth_grants,
    sessions,
    users,
    workspaces,
)
from mailconfig.storage.transaction import AnyRow, Transaction

_MEMBERS: Final = select(
    memberships.c.user_id, memberships.c.role, memberships.c.created_at, users.c.email
).join(users, users.c.id == memberships.c.user_id)
_BY_ARRIVAL: Final = Order(memberships.c.created_at, memberships.c.user_id, OrderDirection.ASC)


def read_workspace(row: AnyRow) -> Workspace:
    """Map a row to its value."""
    return Workspace(row.id, row.slug, row.name, row.created_at)


def _read_member(row: AnyRow) -> WorkspaceMember:
    return WorkspaceMember(row.user_id, row.email, Role(row.role), row.created_at)


class WorkspaceRepository:
    """Reads and changes the workspace of this transaction."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def lock(self) -> None:
        """Have the decisions about this workspace to oneself; raises NotFound."""
        # NO KEY UPDATE: rows that refer to it may come and go (PostgreSQL 15, 13.3.2).
        mine = select(workspaces.c.id).where(self._mine()).with_for_update(key_share=True)
        if await self._transaction.first(mine) is None:
            raise NotFound

    async def get(self) -> Workspace:
        """Return it; raises NotFound."""
        row = await self._transaction.first(select(workspaces).where(self._mine()))
        if row is None:
            raise NotFound
        return read_workspace(row)

    async def rename(self, name: str) -> None:
        """Give it another name; its slug stays."""
        await self._transaction.run(update(workspaces).where(self._mine()).values(name=name))

    # -- members

    async def members(self, request: PageRequest) -> Page[WorkspaceMember]:
        """Return members, the longest first; raises CursorRefused."""
        rows = _MEMBERS.where(self._here())
        return await Listing(rows, _BY_ARRIVAL, _read_member).page(self._transaction, request)

    async def member(self, user_id: UUID) -> WorkspaceMember:
        """Return a member; raises NotFound."""
        row = await self._transaction.first(_MEMBERS.where(self._one(user_id)))
        if row is None:
            raise NotFound
        return _read_member(row)

    async def has_member_of(self, email: str) -> bool:
        """Tell whether somebody of an address, in any case, is a member."""
        known = and_(self._here(), users.c.email_key == email.lower())
        return await self._transaction.first(_MEMBERS.where(known)) is not None

    async def other_owners(self, user_id: UUID) -> int:
        """Count the owners beside a user."""
        others = and_(
            self._here(), memberships.c.role == Role.OWNER.value, memberships.c.user_id != user_id
        )
        counted = select(func.count()).select_from(memberships).where(others)
        return int(await self._transaction.scalar(counted))

    async def set_role(self, user_id: UUID, role: Role) -> None:
        """Change the role of a member; raises NotFound."""
        statement = update(memberships).where(self._one(user_id)).values(role=role.value)
        if not await self._transaction.changed(statement):
            raise NotFound

    async def remove_member(self, user_id: UUID) -> None:
        """End a membership, and with it the member's API keys and flows; raises NotFound."""
        if not await self._transaction.changed(delete(memberships).where(self._one(user_id))):
            raise NotFound
        flows = and_(
            oauth_authorizations.c.workspace_id == self._workspace_id,
            oauth_authorizations.c.user_id == user_id,
        )
        await self._transaction.run(delete(oauth_authorizations).where(flows))

    async def end_sessions(
        self, at: datetime, user_id: UUID | None = None, but: UUID | None = None
    ) -> tuple[Ended, ...]:
        """End the sessions of a member here, or of everybody, `but` one; return those ended."""
        open_ones = and_(
            sessions.c.workspace_id == self._workspace_id, sessions.c.revoked_at.is_(None)
        )
        if user_id is not None:
            open_ones = and_(open_ones, sessions.c.user_id == user_id)
        if but is not None:
            open_ones = and_(open_ones, sessions.c.id != but)
        rows = await self._transaction.all(
            update(sessions)
            .where(open_ones)
            .values(revoked_at=at)
            .returning(sessions.c.id, sessions.c.user_id, sessions.c.workspace_id)
        )
        return tuple(Ended(row.id, row.user_id, row.workspace_id) for row in rows)

    # -- what a member leaves behind

    async def configs_of(self, user_id: UUID) -> Sequence[UUID]:
        """Return the private configurations of a user."""
        rows = await self._transaction.all(select(configs.c.id).where(self._owned(user_id)))
        return [row.id for row in rows]

    async def hand_over(self, user_id: UUID, heir_id: UUID) -> None:
        """Give all private configurations of a user to another; raises Duplicate."""
        values = {"owner_id": heir_id, "updated_at": self._transaction.now}
        await self._transaction.run(update(configs).where(self._owned(user_id)).values(values))

    async def uploads_of(self, user_id: UUID) -> Sequence[UUID]:
        """Return the files of a user that no configuration refers to."""
        loose = and_(self._files_of(user_id), files.c.config_id.is_(None))
        return [row.id for row in await self._transaction.all(select(files.c.id).where(loose))]

    async def hand_over_files(self, user_id: UUID, heir_id: UUID) -> None:
        """Name another uploader of the files that are in configurations."""
        mine = and_(self._files_of(user_id), files.c.config_id.is_not(None))
        await self._transaction.run(update(files).where(mine).values(owner_id=heir_id))

    async def grants_of(self, user_id: UUID) -> Sequence[UUID]:
        """Return what a user granted us here."""
        theirs = and_(
            oauth_grants.c.workspace_id == self._workspace_id, oauth_grants.c.user_id == user_id
        )
        rows = await self._transaction.all(select(oauth_grants.c.id).where(theirs))
        return [row.id for row in rows]

    async def successor(self, but: UUID) -> UUID | None:
        """Return who stays when a user leaves: of the highest role, and here the longest."""
        others = and_(self._here(), memberships.c.user_id != but)
        places = {role.value: place for place, role in enumerate(Role)}
        rank = case(places, value=memberships.c.role)
        order = (rank, memberships.c.created_at, memberships.c.user_id)
        found: UUID | None = await self._transaction.scalar(
            select(memberships.c.user_id).where(others).order_by(*order).limit(1)
        )
        return found

    def _mine(self) -> ColumnElement[bool]:
        return workspaces.c.id == self._workspace_id

    def _here(self) -> ColumnElement[bool]:
        return memberships.c.workspace_id == self._workspace_id

    def _one(self, user_id: UUID) -> ColumnElement[bool]:
        return and_(self._here(), memberships.c.user_id == user_id)

    def _owned(self, user_id: UUID) -> ColumnElement[bool]:
        return and_(configs.c.workspace_id == self._workspace_id, configs.c.owner_id == user_id)

    def _files_of(self, user_id: UUID) -> ColumnElement[bool]:
        return and_(files.c.workspace_id == self._workspace_id, files.c.owner_id == user_id)


class WorkspaceDirectory:
    """Finds workspaces; for commands, and for the user who is in them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def of_user(self, user_id: UUID) -> tuple[Belonging, ...]:
        """Return the workspaces that a user is a member of, by slug."""
        rows = await self._transaction.all(
            select(workspaces, memberships.c.role)
            .join(memberships, memberships.c.workspace_id == workspaces.c.id)
            .where(memberships.c.user_id == user_id)
            .order_by(workspaces.c.slug)
        )
        return tuple(Belonging(read_workspace(row), Role(row.role)) for row in rows)

    async def all(self) -> tuple[tuple[Workspace, int], ...]:
        """Return all workspaces by slug, each with the number of its members."""
        counted = (
            select(func.count())
            .select_from(memberships)
            .where(memberships.c.workspace_id == workspaces.c.id)
            .scalar_subquery()
        )
        rows = await self._transaction.all(
            select(workspaces, counted.label("people")).order_by(workspaces.c.slug)
        )
        return tuple((read_workspace(row), row.people) for row in rows)

    async def people(self) -> tuple[tuple[User, str | None, Role | None], ...]:
        """Return all users by address, with each workspace and role; None for those in none."""
        rows = await self._transaction.all(
            select(users, workspaces.c.slug, memberships.c.role)
            .outerjoin(memberships, memberships.c.user_id == users.c.id)
            .outerjoin(workspaces, workspaces.c.id == memberships.c.workspace_id)
            .order_by(users.c.email, workspaces.c.slug)
        )
        return tuple(
            (
                User(row.id, row.email, row.created_at),
                row.slug,
                None if row.role is None else Role(row.role),
            )
            for row in rows
        )
