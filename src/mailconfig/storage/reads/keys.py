"""Reads for whom a machine's credentials act; asked for by requests that bring a key or a token."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, String, Uuid, and_, select

from mailconfig.domain.apikeys import ApiKey, read_scopes
from mailconfig.domain.identity import Role
from mailconfig.storage.apikeys import KEY_COLUMNS
from mailconfig.storage.reads.statements import Kept, Lines, Prepared, Row, decoded, named, prepared
from mailconfig.storage.tables import api_keys, memberships, users, workspaces

_OF_MEMBERS: Final = (
    select(*KEY_COLUMNS, users.c.email, memberships.c.role.label("member_role"))
    .join(users, users.c.id == api_keys.c.user_id)
    .join(
        memberships,
        and_(
            memberships.c.workspace_id == api_keys.c.workspace_id,
            memberships.c.user_id == api_keys.c.user_id,
        ),
    )
)
_KEY_NAMES: Final = tuple(column.name for column in KEY_COLUMNS)
_MEMBERS: Final = select(
    users.c.id, users.c.email, memberships.c.workspace_id, memberships.c.role
).join(memberships, memberships.c.user_id == users.c.id)


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace."""

    user_id: UUID
    email: str
    workspace_id: UUID
    role: Role


class KeyReads:
    """Questions about keys and members, each one statement."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._kept = Kept()

    async def key_by_digest(self, token_sha256: str) -> tuple[ApiKey, Member] | None:
        """Return the key of a digest and whom it acts for; None also where that is no member."""
        condition = api_keys.c.token_sha256 == named("digest", token_sha256, String())
        return await self._key("digest", _OF_MEMBERS.where(condition), {"digest": token_sha256})

    async def key(self, id: UUID) -> tuple[ApiKey, Member] | None:
        """Return a key as `key_by_digest` does."""
        condition = api_keys.c.id == named("id", id, Uuid())
        return await self._key("id", _OF_MEMBERS.where(condition), {"id": id})

    async def member(self, workspace_id: UUID, user_id: UUID) -> Member | None:
        """Return a member of a workspace."""
        statement = _MEMBERS.where(
            memberships.c.workspace_id == named("workspace", workspace_id, Uuid()),
            memberships.c.user_id == named("id", user_id, Uuid()),
        )
        values: dict[str, object] = {"workspace": workspace_id, "id": user_id}
        rows = await self._rows("member", statement, values)
        return _member(rows[0]) if rows else None

    async def subject(self, subject_sha256: str, slug: str) -> Member | None:
        """Return the user of the host application who is a member of the workspace of a slug."""
        statement = _MEMBERS.join(workspaces, workspaces.c.id == memberships.c.workspace_id).where(
            users.c.subject_sha256 == named("subject", subject_sha256, String()),
            workspaces.c.slug == named("slug", slug, String()),
        )
        values: dict[str, object] = {"subject": subject_sha256, "slug": slug}
        rows = await self._rows("subject", statement, values)
        return _member(rows[0]) if rows else None

    async def _key(
        self, shape: str, statement: Select[Any], values: dict[str, object]
    ) -> tuple[ApiKey, Member] | None:
        rows = await self._rows(shape, statement, values)
        if not rows:
            return None
        *facts, email, role = rows[0]
        found: dict[str, Any] = dict(zip(_KEY_NAMES, facts, strict=True))
        found |= {"role": Role(found["role"]), "scopes": read_scopes(found["scopes"])}
        key = ApiKey(**found)
        return key, Member(key.user_id, email, key.workspace_id, Role(role))

    async def _rows(
        self, shape: str, statement: Select[Any], values: dict[str, object]
    ) -> list[Row]:
        make: partial[Prepared] = partial(prepared, statement, self._lines.dialect, values)
        known = self._kept.get(shape, make)
        return list(decoded(await self._lines.fetch(known, values), known.decoders))


def _member(row: Row) -> Member:
    user_id, email, workspace_id, role = row
    return Member(user_id, email, workspace_id, Role(role))
