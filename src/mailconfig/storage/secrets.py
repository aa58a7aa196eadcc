"""Secrets of one workspace: sealed on the way in, opened on the way out, never changed between.

Must not: keep a plaintext longer than the call, or read an unreadable secret as "no password".
"""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, exists, insert, or_, select

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.storage.sealing import Keyring, SealContext
from mailconfig.storage.tables import (
    config_versions,
    configs,
    files,
    oauth_clients,
    oauth_grants,
    secrets,
)
from mailconfig.storage.transaction import Transaction

DATA_KEY: Final = "data_key"
"""Kind of a secret that encrypts a file; users never see it."""

_ENCODING: Final = ("utf-8", "surrogatepass")
"""Lossless for every str, so that sealing never fails with an error that quotes the secret."""


def sealed_row(
    keyring: Keyring,
    workspace_id: UUID,
    purpose: str,
    kind: str,
    plaintext: bytes,
    id: UUID | None = None,
) -> tuple[UUID, dict[str, object]]:
    """Seal a secret; return its id and its row, without workspace and moment."""
    id = id or new_id()
    sealed = keyring.seal(plaintext, SealContext(workspace_id, id, purpose, kind))
    return id, {
        "id": id,
        "purpose": purpose,
        "kind": kind,
        "key_id": sealed.key_id,
        "ciphertext": sealed.ciphertext,
    }


class SecretBatch:
    """Seals secrets that are stored later, in one unit of work with what refers to them."""

    def __init__(self, workspace_id: UUID, keyring: Keyring) -> None:
        self._workspace_id = workspace_id
        self._keyring = keyring
        self.rows: list[dict[str, object]] = []
        """Rows without workspace and moment."""

    async def add(self, purpose: str, secret: NewSecret) -> UUID:
        """Seal a secret for "incoming" or "outgoing"; return its id."""
        await self._keyring.refresh()
        plaintext = secret.value.reveal().encode(*_ENCODING)
        id, row = sealed_row(
            self._keyring, self._workspace_id, purpose, secret.kind.value, plaintext
        )
        self.rows.append(row)
        return id


class SecretRepository:
    """Adds, opens and deletes secrets."""

    def __init__(self, transaction: Transaction, workspace_id: UUID, keyring: Keyring) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._keyring = keyring

    async def add(self, purpose: str, secret: NewSecret) -> UUID:
        """Seal a secret for "incoming" or "outgoing"; return its id."""
        return await self._seal(
            purpose, secret.kind.value, secret.value.reveal().encode(*_ENCODING)
        )

    async def add_as(self, id: UUID, purpose: str, secret: NewSecret) -> None:
        """Seal a secret under an id that is known already; Fault where it is taken."""
        await self._keyring.refresh()
        plaintext = secret.value.reveal().encode(*_ENCODING)
        kind = secret.kind.value
        _, row = sealed_row(self._keyring, self._workspace_id, purpose, kind, plaintext, id)
        await self.insert([row])

    async def insert(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Store secrets that `SecretBatch` sealed; those of another workspace cannot be opened."""
        place = {"workspace_id": self._workspace_id, "created_at": self._transaction.now}
        await self._transaction.run_many(insert(secrets), [{**row, **place} for row in rows])

    async def open(self, id: UUID, purpose: str) -> NewSecret:
        """Open a secret; raises SecretUnreadable, also when there is none."""
        kind, plaintext = await self._open(id, purpose)
        if kind == DATA_KEY:
            raise SecretUnreadable("A stored secret is not of the kind that is needed.")
        return NewSecret(SecretKind(kind), Secret(plaintext.decode(*_ENCODING)))

    async def add_key(self, purpose: str, key: bytes) -> UUID:
        """Seal a data key; return its id."""
        return await self._seal(purpose, DATA_KEY, key)

    async def open_key(self, id: UUID, purpose: str) -> bytes:
        """Open a data key; raises SecretUnreadable, also when there is none."""
        kind, plaintext = await self._open(id, purpose)
        if kind != DATA_KEY:
            raise SecretUnreadable("A stored secret is not of the kind that is needed.")
        return plaintext

    async def delete(self, ids: Iterable[UUID]) -> None:
        """Remove secrets for good; Fault while something still refers to one."""
        mine = and_(secrets.c.workspace_id == self._workspace_id, secrets.c.id.in_(tuple(ids)))
        await self._transaction.run(delete(secrets).where(mine))

    async def delete_unused(self, ids: Iterable[UUID]) -> None:
        """Remove those of the secrets that nothing refers to.

        What refers to a mailbox grant stays for as long as the grant does, which ends it itself.
        """
        used = [
            exists().where(table.c.workspace_id == secrets.c.workspace_id, column == secrets.c.id)
            for table, column in (
                (configs, configs.c.incoming_secret_id),
                (configs, configs.c.outgoing_secret_id),
                (config_versions, config_versions.c.incoming_secret_id),
                (config_versions, config_versions.c.outgoing_secret_id),
                (files, files.c.secret_id),
                (oauth_clients, oauth_clients.c.secret_id),
                (oauth_grants, oauth_grants.c.refresh_secret_id),
                (oauth_grants, oauth_grants.c.access_secret_id),
            )
        ]
        mine = and_(secrets.c.workspace_id == self._workspace_id, secrets.c.id.in_(tuple(ids)))
        passing = secrets.c.kind != SecretKind.GRANT.value
        await self._transaction.run(delete(secrets).where(mine, passing, ~or_(*used)))

    async def _seal(self, purpose: str, kind: str, plaintext: bytes) -> UUID:
        await self._keyring.refresh()
        id, row = sealed_row(self._keyring, self._workspace_id, purpose, kind, plaintext)
        await self.insert([row])
        return id

    async def _open(self, id: UUID, purpose: str) -> tuple[str, bytes]:
        mine = and_(secrets.c.workspace_id == self._workspace_id, secrets.c.id == id)
        row = await self._transaction.first(
            select(secrets.c.kind, secrets.c.key_id, secrets.c.ciphertext).where(mine)
        )
        if row is None:
            raise SecretUnreadable("A stored secret is gone.")
        await self._keyring.refresh(needed=row.key_id)
        context = SealContext(self._workspace_id, id, purpose, row.kind)
        return row.kind, self._keyring.open(row.ciphertext, context)
