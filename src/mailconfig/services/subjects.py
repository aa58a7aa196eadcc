"""Users whom somebody else signs in, made known when they first come: just in time."""

from dataclasses import replace
from uuid import UUID

from mailconfig.domain.identity import Role
from mailconfig.storage.database import Database, Work
from mailconfig.storage.reads.keys import Member


class Subjects:
    """Finds and makes those users and their memberships."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, subject_sha256: str, slug: str) -> Member | None:
        """Return the member of a digest in the workspace of a slug."""
        return await self._database.keys.subject(subject_sha256, slug)

    async def arrive(
        self,
        subject_sha256: str,
        email: str,
        slug: str,
        role: Role | None,
        *,
        default: Role,
        creates: bool,
    ) -> Member | None:
        """Make user and membership as they should be; None where there is no such workspace.

        A role of None leaves a member's as it is, and gives a new one the `default`. Raises
        Duplicate where another request did the same at once.
        """
        workspace_id = await self._workspace(slug, creates=creates)
        if workspace_id is None:
            return None
        return await self.join(workspace_id, subject_sha256, email, role, default=default)

    async def join(
        self,
        workspace_id: UUID,
        subject_sha256: str,
        email: str,
        role: Role | None,
        *,
        default: Role,
        renames: bool = True,
    ) -> Member:
        """As `arrive`, in a workspace that there is.

        The address of a user who is known changes only where the caller may say whose it is.
        """
        async with self._database.work(workspace_id) as work:
            user = await work.subjects.find(subject_sha256)
            if user is None:
                user = await work.subjects.create(subject_sha256, email)
            elif renames and user.email != email:
                await work.subjects.set_email(user.id, email)
                user = replace(user, email=email)
            has = await self._role(work, user.id, role, default)
        return Member(user.id, user.email, workspace_id, has)

    async def _role(self, work: Work, user_id: UUID, wanted: Role | None, default: Role) -> Role:
        """Give a user the role and return which it is then."""
        has = await work.subjects.role(user_id)
        if has is None:
            has = wanted or default
            await work.subjects.join(user_id, has)
            details = {"role": has.value}
            await work.audit.append(user_id, "user.create", "user", user_id, details)
        elif wanted not in {None, has} and await work.subjects.set_role(user_id, wanted or has):
            details = {"before": has.value, "role": (wanted or has).value}
            has = wanted or has
            await work.audit.append(user_id, "user.role", "user", user_id, details)
        return has

    async def _workspace(self, slug: str, *, creates: bool) -> UUID | None:
        async with self._database.reading_identity() as identity:
            found = await identity.workspace_by_slug(slug)
        if found is not None or not creates:
            return found
        async with self._database.identity() as identity:
            made = await identity.create_workspace(slug, slug)
        async with self._database.work(made) as work:
            await work.audit.append(None, "workspace.create", "workspace", made, {})
        return made
