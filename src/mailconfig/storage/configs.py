"""Mail account configurations of one workspace.

Each change is guarded by the revision, so that of two concurrent ones exactly one wins, and
leaves a version behind.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    ConfigVersion,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.errors import NotFound, RevisionConflict
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.storage.filters import config_conditions, config_order
from mailconfig.storage.keyset import Listing
from mailconfig.storage.secrets import SecretRepository
from mailconfig.storage.servers import (
    read_incoming,
    read_outgoing,
    secret_columns,
    server_values,
    with_secrets,
)
from mailconfig.storage.tables import configs, files
from mailconfig.storage.transaction import AnyRow, Transaction
from mailconfig.storage.versions import VersionHistory, secrets_of

_SELECT: Final = select(*configs.c, *secret_columns()).select_from(with_secrets(configs))


def read_config(row: AnyRow) -> EmailConfig:
    """Map a row to its value."""
    return EmailConfig(
        id=row.id,
        workspace_id=row.workspace_id,
        owner_id=row.owner_id,
        revision=row.revision,
        name=row.name,
        email_address=row.email_address,
        display_name=row.display_name,
        provider_id=row.provider_id,
        external_id=row.external_id,
        metadata=row.metadata_json,
        enabled=row.enabled,
        status=ConfigStatus(row.status),
        incoming=read_incoming(row),
        outgoing=read_outgoing(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_test_id=row.last_test_id,
    )


def _changing_values(config: EmailConfig) -> dict[str, object]:
    """Return the columns that a change may touch."""
    return {
        "owner_id": config.owner_id,
        "name": config.name,
        "name_key": config.name.lower(),
        "email_address": config.email_address,
        "address_key": config.email_address.lower(),
        "display_name": config.display_name,
        "provider_id": config.provider_id,
        "external_id": config.external_id,
        "metadata_json": config.metadata,
        "enabled": config.enabled,
        "status": config.status.value,
        "updated_at": config.updated_at,
        "last_test_id": config.last_test_id,
        **server_values(config.incoming, config.outgoing),
    }


def new_row(config: EmailConfig) -> dict[str, object]:
    """Return the row of a new configuration, without its workspace."""
    fixed = {"id": config.id, "revision": config.revision, "created_at": config.created_at}
    return fixed | _changing_values(config)


class ConfigRepository:
    """Reads and changes configurations; others' simply do not exist."""

    def __init__(
        self,
        transaction: Transaction,
        workspace_id: UUID,
        secrets: SecretRepository,
        versions_kept: int,
    ) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._secrets = secrets
        self._versions_kept = versions_kept
        self._history = VersionHistory(transaction, workspace_id)

    async def get(self, id: UUID) -> EmailConfig:
        """Return one; raises NotFound."""
        row = await self._transaction.first(_SELECT.where(self._mine(id)))
        if row is None:
            raise NotFound
        return read_config(row)

    async def insert(self, config: EmailConfig, author_id: UUID | None) -> None:
        """Store a new one with its first version; raises Duplicate.

        It goes into the workspace of this transaction, whatever `config.workspace_id` says.
        """
        row = new_row(config) | {"workspace_id": self._workspace_id}
        await self._transaction.insert(configs, row)
        await self._history.add(config, config.revision, author_id)

    async def replace(
        self, config: EmailConfig, expected_revision: int, author_id: UUID | None
    ) -> None:
        """Store the next revision, `expected_revision` + 1, and forget the oldest versions.

        Raises NotFound, RevisionConflict or Duplicate. Secrets that nothing refers to any more
        are removed.
        """
        revision = expected_revision + 1
        guard = and_(self._mine(config.id), configs.c.revision == expected_revision)
        values = {"revision": revision} | _changing_values(config)
        if not await self._transaction.changed(update(configs).where(guard).values(values)):
            raise await self._conflict(config.id)
        await self._history.add(config, revision, author_id)
        dropped = await self._history.prune(config.id, self._versions_kept)
        if dropped:
            await self._secrets.delete_unused(dropped)

    async def _conflict(self, id: UUID) -> NotFound | RevisionConflict:
        """Tell why a guarded change touched nothing."""
        there = await self._transaction.scalar(select(configs.c.id).where(self._mine(id)))
        return NotFound() if there is None else RevisionConflict(id)

    async def find_by_address(
        self, owner_id: UUID | None, address: str, exclude: UUID | None = None
    ) -> UUID | None:
        """Return the one of this owner (None: shared) and address, in any case."""
        owner = configs.c.owner_id.is_(None) if owner_id is None else configs.c.owner_id == owner_id
        return await self._find(and_(owner, configs.c.address_key == address.lower()), exclude)

    async def find_by_external_id(
        self, external_id: str, exclude: UUID | None = None
    ) -> UUID | None:
        """Return the one that the host application calls so."""
        return await self._find(configs.c.external_id == external_id, exclude)

    async def _find(self, condition: ColumnElement[bool], exclude: UUID | None) -> UUID | None:
        statement = select(configs.c.id).where(
            configs.c.workspace_id == self._workspace_id, condition
        )
        if exclude is not None:
            statement = statement.where(configs.c.id != exclude)
        found: UUID | None = await self._transaction.scalar(statement)
        return found

    async def set_test_result(
        self, id: UUID, revision: int, status: ConfigStatus, test_id: UUID
    ) -> bool:
        """Record what a test of a revision said, if that is still the revision; tell whether.

        The version is marked as verified when it works. The revision does not grow.
        """
        guard = and_(self._mine(id), configs.c.revision == revision)
        values = {"status": status.value, "last_test_id": test_id}
        if not await self._transaction.changed(update(configs).where(guard).values(values)):
            return False
        if status is ConfigStatus.WORKING:
            await self._history.verify(id, revision)
        return True

    async def delete(self, id: UUID) -> tuple[str, ...]:
        """Remove one with its versions, tests, files and secrets for good; raises NotFound.

        Returns the names of the blobs to delete when the transaction is over.
        """
        columns = (configs.c.incoming_secret_id, configs.c.outgoing_secret_id)
        row = await self._transaction.first(select(*columns).where(self._mine(id)))
        if row is None:
            raise NotFound
        attached = await self._transaction.all(
            delete(files).where(self._files(id)).returning(files.c.blob, files.c.secret_id)
        )
        dropped = secrets_of([row]) | await self._history.secrets(id)
        await self._transaction.run(delete(configs).where(self._mine(id)))
        await self._secrets.delete_unused(dropped | {file.secret_id for file in attached})
        return tuple(file.blob for file in attached)

    async def page(
        self,
        filter: ConfigFilter,
        visibility: Visibility,
        order: ConfigOrderField,
        direction: OrderDirection,
        request: PageRequest,
    ) -> Page[EmailConfig]:
        """Return a page of those that fit the filter and may be seen."""
        rows = _SELECT.where(*config_conditions(self._workspace_id, filter, visibility))
        listing = Listing(rows, config_order(order, direction), read_config)
        return await listing.page(self._transaction, request)

    async def count(self, filter: ConfigFilter, visibility: Visibility) -> int:
        """Count those that fit the filter and may be seen."""
        conditions = config_conditions(self._workspace_id, filter, visibility)
        counted = select(func.count()).select_from(configs).where(*conditions)
        return int(await self._transaction.scalar(counted))

    async def version(self, id: UUID, revision: int) -> ConfigVersion:
        """Return the settings of a revision; raises NotFound."""
        return await self._history.one(id, revision)

    async def versions(self, id: UUID, request: PageRequest) -> Page[ConfigVersion]:
        """Return the versions, newest first."""
        return await self._history.page(id, request)

    def _mine(self, id: UUID) -> ColumnElement[bool]:
        return and_(configs.c.workspace_id == self._workspace_id, configs.c.id == id)

    def _files(self, config_id: UUID) -> ColumnElement[bool]:
        return and_(files.c.workspace_id == self._workspace_id, files.c.config_id == config_id)
