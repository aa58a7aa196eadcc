"""Versions of a configuration: what each revision's settings were, bounded in number."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, select, update

from mailconfig.domain.configs import ConfigVersion, EmailConfig
from mailconfig.domain.errors import NotFound
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.servers import (
    read_incoming,
    read_outgoing,
    secret_columns,
    server_values,
    with_secrets,
)
from mailconfig.storage.tables import config_versions
from mailconfig.storage.transaction import AnyRow, Transaction

_SELECT: Final = select(*config_versions.c, *secret_columns()).select_from(
    with_secrets(config_versions)
)
_NEWEST_FIRST: Final = Order(
    config_versions.c.revision, config_versions.c.config_id, OrderDirection.DESC
)


def read_version(row: AnyRow) -> ConfigVersion:
    """Map a row to its value."""
    return ConfigVersion(
        config_id=row.config_id,
        revision=row.revision,
        name=row.name,
        email_address=row.email_address,
        display_name=row.display_name,
        provider_id=row.provider_id,
        incoming=read_incoming(row),
        outgoing=read_outgoing(row),
        created_at=row.created_at,
        created_by=row.created_by,
        verified=row.verified,
    )


class VersionHistory:
    """The versions of the configurations of one workspace; a part of ConfigRepository."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def add(self, config: EmailConfig, revision: int, author_id: UUID | None) -> None:
        """Keep the settings of a revision."""
        row = {
            "config_id": config.id,
            "revision": revision,
            "workspace_id": self._workspace_id,
            "name": config.name,
            "email_address": config.email_address,
            "display_name": config.display_name,
            "provider_id": config.provider_id,
            "created_at": config.updated_at,
            "created_by": author_id,
            "verified": False,
            **server_values(config.incoming, config.outgoing),
        }
        await self._transaction.insert(config_versions, row)

    async def one(self, config_id: UUID, revision: int) -> ConfigVersion:
        """Return one version; raises NotFound."""
        row = await self._transaction.first(
            self._of(config_id).where(config_versions.c.revision == revision)
        )
        if row is None:
            raise NotFound
        return read_version(row)

    async def page(self, config_id: UUID, request: PageRequest) -> Page[ConfigVersion]:
        """Return versions, newest first."""
        listing = Listing(self._of(config_id), _NEWEST_FIRST, read_version)
        return await listing.page(self._transaction, request)

    async def verify(self, config_id: UUID, revision: int) -> None:
        """Mark a version as one that worked."""
        mine = and_(
            config_versions.c.workspace_id == self._workspace_id,
            config_versions.c.config_id == config_id,
            config_versions.c.revision == revision,
        )
        await self._transaction.run(update(config_versions).where(mine).values(verified=True))

    async def prune(self, config_id: UUID, keep: int) -> set[UUID]:
        """Remove all but the newest versions and the last known good one.

        Returns the secrets that the removed ones referred to.
        """
        known = await self._transaction.all(
            select(
                config_versions.c.revision,
                config_versions.c.verified,
                config_versions.c.incoming_secret_id,
                config_versions.c.outgoing_secret_id,
            )
            .where(self._mine(config_id))
            .order_by(config_versions.c.revision.desc())
        )
        good = next((row.revision for row in known if row.verified), None)
        gone = [row for row in known[keep:] if row.revision != good]
        if not gone:
            return set()
        revisions = config_versions.c.revision.in_([row.revision for row in gone])
        await self._transaction.run(delete(config_versions).where(self._mine(config_id), revisions))
        return secrets_of(gone)

    async def secrets(self, config_id: UUID) -> set[UUID]:
        """Return the secrets that any version refers to."""
        columns = (config_versions.c.incoming_secret_id, config_versions.c.outgoing_secret_id)
        return secrets_of(
            await self._transaction.all(select(*columns).where(self._mine(config_id)))
        )

    def _of(self, config_id: UUID) -> Select[tuple[object, ...]]:
        return _SELECT.where(self._mine(config_id))

    def _mine(self, config_id: UUID) -> ColumnElement[bool]:
        return and_(
            config_versions.c.workspace_id == self._workspace_id,
            config_versions.c.config_id == config_id,
        )


def secrets_of(rows: Sequence[AnyRow]) -> set[UUID]:
    """Return the secrets of both servers of some rows."""
    both = ((row.incoming_secret_id, row.outgoing_secret_id) for row in rows)
    return {id for pair in both for id in pair if id is not None}
