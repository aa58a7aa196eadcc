"""Users of the host application in one workspace: people whom somebody else signs in.

They are known by a digest of issuer and subject. Their email_key is made of it, so that an address
that a token claims neither takes over an account nor is found by a sign-in.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, insert, select, update

from mailconfig.domain.identity import Role, User
from mailconfig.domain.ids import new_id
from mailconfig.storage.identity import read_user
from mailconfig.storage.tables import memberships, users, workspaces
from mailconfig.storage.transaction import Transaction

_NO_PASSWORD: Final = "!"


class SubjectRepository:
    """Reads and writes those users, and their memberships of this workspace."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def find(self, subject_sha256: str) -> User | None:
        """Return the user of a digest, wherever they are a member."""
        row = await self._transaction.first(
            select(users).where(users.c.subject_sha256 == subject_sha256)
        )
        return None if row is None else read_user(row)

    async def create(self, subject_sha256: str, email: str) -> User:
        """Store a user who has no password; raises Duplicate for a known digest."""
        user = User(new_id(), email, self._transaction.now)
        row = {
            "id": user.id,
            "email": email,
            "email_key": f"subject:{subject_sha256}",
            "password_hash": _NO_PASSWORD,
            "created_at": user.created_at,
            "subject_sha256": subject_sha256,
        }
        await self._transaction.run(insert(users).values(row))
        return user

    async def set_email(self, user_id: UUID, email: str) -> None:
        """Change the address that is shown of such a user; others keep theirs."""
        theirs = and_(users.c.id == user_id, users.c.subject_sha256.is_not(None))
        await self._transaction.run(update(users).where(theirs).values(email=email))

    async def role(self, user_id: UUID) -> Role | None:
        """Return the role of a user here."""
        mine = memberships.c.workspace_id == self._workspace_id
        statement = select(memberships.c.role).where(mine, memberships.c.user_id == user_id)
        found = await self._transaction.scalar(statement)
        return None if found is None else Role(found)

    async def join(self, user_id: UUID, role: Role) -> None:
        """Make a user a member; raises Duplicate when it is one."""
        row = {
            "workspace_id": self._workspace_id,
            "user_id": user_id,
            "role": role.value,
            "created_at": self._transaction.now,
        }
        await self._transaction.run(insert(memberships).values(row))

    async def set_role(self, user_id: UUID, role: Role) -> bool:
        """Change a member's role and tell whether that was done: the last owner stays one."""
        mine = workspaces.c.id == self._workspace_id
        # Whoever counts owners has the workspace to themselves until the transaction ends.
        await self._transaction.run(select(workspaces.c.id).where(mine).with_for_update())
        here = memberships.c.workspace_id == self._workspace_id
        others = select(func.count()).select_from(memberships)
        others = others.where(
            here, memberships.c.role == Role.OWNER.value, memberships.c.user_id != user_id
        )
        was = await self.role(user_id)
        is_owner = was is Role.OWNER and role is not Role.OWNER
        if is_owner and not await self._transaction.scalar(others):
            return False
        member = and_(here, memberships.c.user_id == user_id)
        statement = update(memberships).where(member).values(role=role.value)
        return await self._transaction.changed(statement) == 1
