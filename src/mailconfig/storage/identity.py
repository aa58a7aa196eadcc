"""Workspaces, users, memberships and sessions. Not bound to a workspace: sign-in finds it.

Must not: decide. Whether a session has expired or was revoked is for the caller to judge.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from mailconfig.domain.identity import Role, Session, User
from mailconfig.domain.ids import new_id
from mailconfig.storage.audit import AuditRepository
from mailconfig.storage.invitations import InvitationTokens
from mailconfig.storage.sessions import ResetRepository, SessionRepository
from mailconfig.storage.tables import memberships, sessions, users, workspaces
from mailconfig.storage.transaction import AnyRow, Transaction
from mailconfig.storage.workspaces import WorkspaceDirectory

SignIn = tuple[Session, User, Role]

SIGN_INS: Final = (
    select(
        sessions.c.id,
        sessions.c.user_id,
        sessions.c.workspace_id,
        sessions.c.created_at,
        sessions.c.expires_at,
        sessions.c.revoked_at,
        sessions.c.last_used_at,
        users.c.email,
        users.c.created_at.label("user_created_at"),
        memberships.c.role,
    )
    .join(users, users.c.id == sessions.c.user_id)
    .join(
        memberships,
        and_(
            memberships.c.workspace_id == sessions.c.workspace_id,
            memberships.c.user_id == sessions.c.user_id,
        ),
    )
)
"""Sessions of people who are still members of their workspace."""


def read_user(row: AnyRow) -> User:
    """Map a row to its value."""
    return User(id=row.id, email=row.email, created_at=row.created_at)


def read_sign_in(row: Sequence[Any]) -> SignIn:
    """Make values of a row of `SIGN_INS`."""
    *facts, email, user_created_at, role = row
    session = Session(*facts)
    return session, User(session.user_id, email, user_created_at), Role(role)


class IdentityRepository:
    """Reads and writes who may sign in, and where."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.sessions = SessionRepository(transaction)
        self.resets = ResetRepository(transaction)
        self.invitations = InvitationTokens(transaction)
        self.workspaces = WorkspaceDirectory(transaction)

    def audit(self, workspace_id: UUID) -> AuditRepository:
        """Return the trail of a workspace, for events of this transaction."""
        return AuditRepository(self._transaction, workspace_id)

    async def create_workspace(self, slug: str, name: str) -> UUID:
        """Create a workspace; raises Duplicate for a known slug."""
        id = new_id()
        row = {"id": id, "slug": slug, "name": name, "created_at": self._transaction.now}
        await self._transaction.run(insert(workspaces).values(row))
        return id

    async def workspace_by_slug(self, slug: str) -> UUID | None:
        """Return the workspace of a slug."""
        found: UUID | None = await self._transaction.scalar(
            select(workspaces.c.id).where(workspaces.c.slug == slug)
        )
        return found

    async def create_user(self, email: str, password_hash: str) -> User:
        """Create a user; raises Duplicate for a known e-mail, in any case."""
        user = User(new_id(), email, self._transaction.now)
        row = {
            "id": user.id,
            "email": email,
            "email_key": email.lower(),
            "password_hash": password_hash,
            "created_at": user.created_at,
        }
        await self._transaction.run(insert(users).values(row))
        return user

    async def user_by_email(self, email: str) -> tuple[User, str] | None:
        """Return the user of an e-mail, in any case, with the password hash."""
        row = await self._transaction.first(select(users).where(users.c.email_key == email.lower()))
        return None if row is None else (read_user(row), row.password_hash)

    async def user(self, id: UUID) -> User | None:
        """Return a user."""
        row = await self._transaction.first(select(users).where(users.c.id == id))
        return None if row is None else read_user(row)

    async def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Replace the password hash."""
        await self._transaction.run(
            update(users).where(users.c.id == user_id).values(password_hash=password_hash)
        )

    async def replace_password(self, user_id: UUID, known: str, password_hash: str) -> None:
        """Replace the password hash, unless it is not the known one any more."""
        same = and_(users.c.id == user_id, users.c.password_hash == known)
        await self._transaction.run(update(users).where(same).values(password_hash=password_hash))

    async def password_of(self, user_id: UUID) -> str | None:
        """Return the password hash of a user."""
        found: str | None = await self._transaction.scalar(
            select(users.c.password_hash).where(users.c.id == user_id)
        )
        return found

    async def erase(self, user_id: UUID) -> None:
        """Remove a user who is in no workspace any more, with sessions and tokens."""
        await self._transaction.run(delete(users).where(users.c.id == user_id))

    async def count_users(self) -> int:
        """Count all users."""
        return int(await self._transaction.scalar(select(func.count()).select_from(users)))

    async def add_member(self, workspace_id: UUID, user_id: UUID, role: Role) -> None:
        """Make a user a member; raises Duplicate when it is one."""
        row = {
            "workspace_id": workspace_id,
            "user_id": user_id,
            "role": role.value,
            "created_at": self._transaction.now,
        }
        await self._transaction.run(insert(memberships).values(row))

    async def role_of(self, workspace_id: UUID, user_id: UUID) -> Role | None:
        """Return the role of a user in a workspace."""
        found = await self._transaction.scalar(
            select(memberships.c.role).where(
                memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id
            )
        )
        return None if found is None else Role(found)

    async def memberships(self, user_id: UUID) -> tuple[tuple[UUID, str, Role], ...]:
        """Return workspace, its slug and the role for each membership, by slug."""
        rows = await self._transaction.all(
            select(workspaces.c.id, workspaces.c.slug, memberships.c.role)
            .join(memberships, memberships.c.workspace_id == workspaces.c.id)
            .where(memberships.c.user_id == user_id)
            .order_by(workspaces.c.slug)
        )
        return tuple((row.id, row.slug, Role(row.role)) for row in rows)

    async def add_session(self, session: Session, token_sha256: str) -> None:
        """Store a sign-in with the digest of its token."""
        row = {
            "id": session.id,
            "user_id": session.user_id,
            "workspace_id": session.workspace_id,
            "token_sha256": token_sha256,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
            "revoked_at": session.revoked_at,
            "last_used_at": session.last_used_at,
            "user_agent": session.user_agent,
            "client": session.client,
        }
        await self._transaction.run(insert(sessions).values(row))

    async def session(self, id: UUID) -> SignIn | None:
        """Return a session, its user and role; None also for those who are no members any more."""
        return await self._sign_in(sessions.c.id == id)

    async def session_by_token(self, token_sha256: str) -> SignIn | None:
        """Return the session of a token's digest, as `session` does."""
        return await self._sign_in(sessions.c.token_sha256 == token_sha256)

    async def _sign_in(self, condition: ColumnElement[bool]) -> SignIn | None:
        row = await self._transaction.first(SIGN_INS.where(condition))
        return None if row is None else read_sign_in(row)

    async def revoke_session(self, id: UUID, at: datetime) -> None:
        """End a session; the first revocation counts."""
        open_one = and_(sessions.c.id == id, sessions.c.revoked_at.is_(None))
        await self._transaction.run(update(sessions).where(open_one).values(revoked_at=at))
