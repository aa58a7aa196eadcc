"""Sessions of people over all their workspaces, their refresh tokens, and tokens of resets.

Tokens are known by their digest only. Must not: decide. Each method is one statement, and those
that use something up do it in that statement, so that of two at once exactly one succeeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from mailconfig.domain.identity import Session, User
from mailconfig.domain.ids import new_id
from mailconfig.storage.tables import (
    memberships,
    password_resets,
    refresh_tokens,
    sessions,
    users,
)
from mailconfig.storage.transaction import AnyRow, Transaction


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that a statement has ended."""

    id: UUID
    user_id: UUID
    workspace_id: UUID


def read_session(row: AnyRow) -> Session:
    """Map a row to its value."""
    return Session(
        id=row.id,
        user_id=row.user_id,
        workspace_id=row.workspace_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        user_agent=row.user_agent,
        client=row.client,
    )


class SessionRepository:
    """Lists and ends sessions; stores and uses up refresh tokens."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def open_of(
        self, user_id: UUID, now: datetime, used_after: datetime, limit: int
    ) -> Sequence[Session]:
        """Return a user's sessions that are open and in use, the one used last first."""
        used_at = func.coalesce(sessions.c.last_used_at, sessions.c.created_at)
        member = and_(
            memberships.c.workspace_id == sessions.c.workspace_id,
            memberships.c.user_id == sessions.c.user_id,
        )
        rows = await self._transaction.all(
            select(sessions)
            .join(memberships, member)
            .where(
                sessions.c.user_id == user_id,
                sessions.c.revoked_at.is_(None),
                sessions.c.expires_at > now,
                used_at > used_after,
            )
            .order_by(used_at.desc(), sessions.c.id.desc())
            .limit(limit)
        )
        return [read_session(row) for row in rows]

    async def touch(self, id: UUID, at: datetime) -> None:
        """Note that an open session was used."""
        open_one = and_(sessions.c.id == id, sessions.c.revoked_at.is_(None))
        await self._transaction.run(update(sessions).where(open_one).values(last_used_at=at))

    async def belongs(self, id: UUID, user_id: UUID) -> bool:
        """Tell whether there is such a session of this user, open or not."""
        mine = and_(sessions.c.id == id, sessions.c.user_id == user_id)
        return await self._transaction.first(select(sessions.c.id).where(mine)) is not None

    async def end(self, id: UUID, user_id: UUID, at: datetime) -> Ended | None:
        """End a session of this user; None where none was open."""
        mine = and_(sessions.c.id == id, sessions.c.user_id == user_id)
        return _first(await self._end(mine, at))

    async def end_by_token(self, token_sha256: str, at: datetime) -> Ended | None:
        """End the session of a cookie's digest; None where none was open."""
        return _first(await self._end(sessions.c.token_sha256 == token_sha256, at))

    async def end_by_refresh_token(self, token_sha256: str, at: datetime) -> Ended | None:
        """End the session that a refresh token was made for; None where none was open."""
        family = select(refresh_tokens.c.session_id).where(
            refresh_tokens.c.token_sha256 == token_sha256
        )
        return _first(await self._end(sessions.c.id.in_(family), at))

    async def end_all(
        self, user_id: UUID, at: datetime, but: UUID | None = None
    ) -> tuple[Ended, ...]:
        """End all sessions of a user in all workspaces, or all `but` one."""
        mine = sessions.c.user_id == user_id
        return await self._end(mine if but is None else and_(mine, sessions.c.id != but), at)

    async def _end(self, condition: ColumnElement[bool], at: datetime) -> tuple[Ended, ...]:
        rows = await self._transaction.all(
            update(sessions)
            .where(condition, sessions.c.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(sessions.c.id, sessions.c.user_id, sessions.c.workspace_id)
        )
        return tuple(Ended(row.id, row.user_id, row.workspace_id) for row in rows)

    async def add_refresh_token(self, session_id: UUID, token_sha256: str) -> None:
        """Store the digest of a refresh token."""
        row = {
            "id": new_id(),
            "session_id": session_id,
            "token_sha256": token_sha256,
            "created_at": self._transaction.now,
        }
        await self._transaction.run(insert(refresh_tokens).values(row))

    async def use_refresh_token(self, token_sha256: str, at: datetime) -> UUID | None:
        """Use a refresh token up and return its session; None for a used or unknown one."""
        row = await self._transaction.first(
            update(refresh_tokens)
            .where(
                refresh_tokens.c.token_sha256 == token_sha256, refresh_tokens.c.used_at.is_(None)
            )
            .values(used_at=at)
            .returning(refresh_tokens.c.session_id)
        )
        return None if row is None else row.session_id

    async def drop_refresh_tokens(self, session_id: UUID) -> None:
        """Forget all refresh tokens of a session."""
        mine = refresh_tokens.c.session_id == session_id
        await self._transaction.run(delete(refresh_tokens).where(mine))


def _first(ended: tuple[Ended, ...]) -> Ended | None:
    return ended[0] if ended else None


class ResetRepository:
    """One-time tokens that set a password."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, user_id: UUID, token_sha256: str, expires_at: datetime) -> UUID:
        """Store the digest of a token."""
        id = new_id()
        row = {
            "id": id,
            "user_id": user_id,
            "token_sha256": token_sha256,
            "created_at": self._transaction.now,
            "expires_at": expires_at,
        }
        await self._transaction.run(insert(password_resets).values(row))
        return id

    async def user_of(self, token_sha256: str, now: datetime) -> User | None:
        """Return whose open token this is; None for an unknown, used or expired one."""
        row = await self._transaction.first(
            select(users.c.id, users.c.email, users.c.created_at)
            .join(password_resets, password_resets.c.user_id == users.c.id)
            .where(_open(token_sha256, now))
        )
        return None if row is None else User(row.id, row.email, row.created_at)

    async def use(self, token_sha256: str, at: datetime) -> UUID | None:
        """Use a token up and return its user; None as `user_of`."""
        row = await self._transaction.first(
            update(password_resets)
            .where(_open(token_sha256, at))
            .values(used_at=at)
            .returning(password_resets.c.user_id)
        )
        return None if row is None else row.user_id

    async def withdraw(self, user_id: UUID) -> None:
        """Forget all tokens of a user."""
        mine = password_resets.c.user_id == user_id
        await self._transaction.run(delete(password_resets).where(mine))


def _open(token_sha256: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        password_resets.c.token_sha256 == token_sha256,
        password_resets.c.used_at.is_(None),
        password_resets.c.expires_at > now,
    )
