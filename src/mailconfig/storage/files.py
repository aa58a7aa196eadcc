"""Files of one workspace: what is known of them, and where their encrypted bytes are."""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.storage.secrets import SecretRepository
from mailconfig.storage.tables import files
from mailconfig.storage.transaction import AnyRow, Transaction

_SELECT: Final = select(*(column for column in files.c if column.name not in {"blob", "secret_id"}))


def read_file(row: AnyRow) -> StoredFile:
    """Map a row to its value."""
    return StoredFile(
        id=row.id,
        workspace_id=row.workspace_id,
        owner_id=row.owner_id,
        config_id=row.config_id,
        kind=FileKind(row.kind),
        filename=row.filename,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        created_at=row.created_at,
    )


class FileRepository:
    """Reads and changes files; the bytes are the blob store's."""

    def __init__(
        self, transaction: Transaction, workspace_id: UUID, secrets: SecretRepository
    ) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._secrets = secrets

    async def insert(self, file: StoredFile, blob: str, secret_id: UUID) -> None:
        """Store a file whose bytes are in a blob, under the data key of a secret.

        It goes into the workspace of this transaction, whatever `file.workspace_id` says.
        """
        row = {
            "id": file.id,
            "workspace_id": self._workspace_id,
            "owner_id": file.owner_id,
            "config_id": file.config_id,
            "kind": file.kind.value,
            "filename": file.filename,
            "content_type": file.content_type,
            "size": file.size,
            "sha256": file.sha256,
            "created_at": file.created_at,
            "blob": blob,
            "secret_id": secret_id,
        }
        await self._transaction.run(insert(files).values(row))

    async def get(self, id: UUID) -> StoredFile:
        """Return one; raises NotFound."""
        row = await self._transaction.first(_SELECT.where(self._mine(), files.c.id == id))
        if row is None:
            raise NotFound
        return read_file(row)

    async def blob(self, id: UUID) -> tuple[str, UUID]:
        """Return blob name and secret id; raises NotFound."""
        statement = select(files.c.blob, files.c.secret_id).where(self._mine(), files.c.id == id)
        row = await self._transaction.first(statement)
        if row is None:
            raise NotFound
        return row.blob, row.secret_id

    async def of_config(self, config_id: UUID) -> tuple[StoredFile, ...]:
        """Return the files of a configuration, oldest first."""
        return (await self.of_configs((config_id,)))[config_id]

    async def of_configs(self, ids: Collection[UUID]) -> dict[UUID, tuple[StoredFile, ...]]:
        """Return the files of each configuration, oldest first; an empty tuple where none are."""
        statement = _SELECT.where(self._mine(), files.c.config_id.in_(tuple(ids)))
        rows = await self._transaction.all(statement.order_by(files.c.created_at, files.c.id))
        found: dict[UUID, list[StoredFile]] = {id: [] for id in ids}
        for row in rows:
            found[row.config_id].append(read_file(row))
        return {id: tuple(of_one) for id, of_one in found.items()}

    async def attach(self, ids: Iterable[UUID], config_id: UUID) -> None:
        """Give files to a configuration; raises NotFound if one is another configuration's."""
        wanted = set(ids)
        free = or_(files.c.config_id.is_(None), files.c.config_id == config_id)
        mine = and_(self._mine(), files.c.id.in_(wanted), free)
        changed = await self._transaction.changed(
            update(files).where(mine).values(config_id=config_id)
        )
        if changed < len(wanted):
            raise NotFound

    async def delete(self, id: UUID) -> str:
        """Remove a file and its data key; raises NotFound. Returns the name of the blob."""
        removed = await self._transaction.first(
            delete(files)
            .where(self._mine(), files.c.id == id)
            .returning(files.c.blob, files.c.secret_id)
        )
        if removed is None:
            raise NotFound
        await self._secrets.delete_unused([removed.secret_id])
        return str(removed.blob)

    async def count(self, config_id: UUID) -> int:
        """Count the files of a configuration."""
        counted = select(func.count()).select_from(files)
        return int(
            await self._transaction.scalar(
                counted.where(self._mine(), files.c.config_id == config_id)
            )
        )

    def _mine(self) -> ColumnElement[bool]:
        return files.c.workspace_id == self._workspace_id
