"""The way into the database: transactions with the repositories that work inside them.

    async with database.work(workspace_id) as work:
        await work.configs.insert(config, author_id)

A transaction commits on a clean exit and is rolled back on any exception. It is short: nothing
inside waits for the network. It belongs to one task.

Must not: hand out rows, connections or sessions of the database library.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailconfig.domain.clock import Now, utc_now
from mailconfig.storage.apikeys import ApiKeyRepository
from mailconfig.storage.arrivals import ACTION, OPERATION, Arrival, Arrivals
from mailconfig.storage.audit import AuditRepository
from mailconfig.storage.compaction import compact
from mailconfig.storage.configs import ConfigRepository
from mailconfig.storage.engines import Engines, open_engines
from mailconfig.storage.erasure import ErasureRepository
from mailconfig.storage.exports import ExportRepository
from mailconfig.storage.files import FileRepository
from mailconfig.storage.grants import GrantRepository
from mailconfig.storage.idempotency import IdempotencyRepository
from mailconfig.storage.identity import IdentityRepository
from mailconfig.storage.invitations import InvitationRepository
from mailconfig.storage.jobs import JobRepository
from mailconfig.storage.messages import MessageRepository
from mailconfig.storage.oauthclients import OAuthClientRepository
from mailconfig.storage.pacing import PacingRepository
from mailconfig.storage.postboxes import PostboxRepository
from mailconfig.storage.probes import ProbeRepository
from mailconfig.storage.quotas import QuotaRepository
from mailconfig.storage.reads.configs import ConfigReads
from mailconfig.storage.reads.identity import IdentityReads
from mailconfig.storage.reads.keys import KeyReads
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.secrets import SecretBatch, SecretRepository
from mailconfig.storage.senders import SenderRepository
from mailconfig.storage.sending import SendingRepository
from mailconfig.storage.settings import StorageSettings
from mailconfig.storage.subjects import SubjectRepository
from mailconfig.storage.suppressions import SuppressionRepository
from mailconfig.storage.system import SystemRepository
from mailconfig.storage.transaction import Transaction, uninterrupted
from mailconfig.storage.unsubscribing import UnsubscribeLinkRepository
from mailconfig.storage.workspaces import WorkspaceRepository

__all__ = ["Arrival", "Database", "StorageSettings", "Work"]


class Work:
    """The repositories of one workspace inside one transaction."""

    def __init__(
        self,
        transaction: Transaction,
        workspace_id: UUID,
        keyring: Keyring,
        settings: StorageSettings,
    ) -> None:
        self.workspace_id = workspace_id
        self.secrets = SecretRepository(transaction, workspace_id, keyring)
        self.configs = ConfigRepository(
            transaction, workspace_id, self.secrets, settings.versions_kept
        )
        self.probes = ProbeRepository(transaction, workspace_id)
        self.files = FileRepository(transaction, workspace_id, self.secrets)
        self.audit = AuditRepository(transaction, workspace_id)
        self.grants = GrantRepository(transaction, workspace_id, self.secrets)
        self.oauth_clients = OAuthClientRepository(transaction, workspace_id, self.secrets)
        self.idempotency = IdempotencyRepository(transaction, workspace_id)
        self.api_keys = ApiKeyRepository(transaction, workspace_id)
        self.subjects = SubjectRepository(transaction, workspace_id)
        self.workspaces = WorkspaceRepository(transaction, workspace_id)
        self.invitations = InvitationRepository(transaction, workspace_id)
        self.quotas = QuotaRepository(transaction, workspace_id)
        self.exports = ExportRepository(transaction, workspace_id)
        self.messages = MessageRepository(transaction, workspace_id, keyring)
        self.sending = SendingRepository(transaction, workspace_id, self.messages)
        self.suppressions = SuppressionRepository(transaction, workspace_id)
        self.jobs = JobRepository(transaction, workspace_id)
        self.pacing = PacingRepository(transaction, workspace_id)
        self.unsubscribe_links = UnsubscribeLinkRepository(transaction, workspace_id)
        self.postboxes = PostboxRepository(transaction, workspace_id)
        self.senders = SenderRepository(transaction, workspace_id)

    async def arrive(self, arrival: Arrival) -> None:
        """Store a new configuration with all that belongs to it; raises as `Database.arrive`."""
        config, author = arrival.config, arrival.author_id
        await self.secrets.insert(arrival.secrets)
        await self.configs.insert(config, author)
        await self.audit.append(author, ACTION, "config", config.id, arrival.details)
        if arrival.key is not None:
            key, digest = arrival.key, arrival.digest
            await self.idempotency.put(author, OPERATION, key, digest, config.id)


class Database:
    """All transactions begin here."""

    def __init__(
        self, engines: Engines, settings: StorageSettings, keyring: Keyring, now: Now
    ) -> None:
        self._engines = engines
        self.reads = ConfigReads(engines.lines)
        """Single statements about configurations."""
        self.sign_ins = IdentityReads(engines.lines)
        """Single statements about sessions."""
        self.keys = KeyReads(engines.lines)
        """Single statements about API keys and members."""
        self._settings = settings
        self._keyring = keyring
        self._now = now
        self._arrivals = Arrivals()

    @classmethod
    def open(cls, settings: StorageSettings, keyring: Keyring, now: Now = utc_now) -> Self:
        """Build the engines; connects on first use. Raises ValueError for other databases."""
        return cls(open_engines(settings), settings, keyring, now)

    def work(self, workspace_id: UUID) -> AbstractAsyncContextManager[Work]:
        """Write in one workspace."""
        return self._work(self._engines.writing, workspace_id)

    def reading(self, workspace_id: UUID) -> AbstractAsyncContextManager[Work]:
        """Read one snapshot of one workspace; writing raises Fault."""
        return self._work(self._engines.reading, workspace_id)

    def secrets(self, workspace_id: UUID) -> SecretBatch:
        """Return what seals secrets for `arrive`."""
        return SecretBatch(workspace_id, self._keyring)

    async def arrive(self, workspace_id: UUID, arrival: Arrival) -> None:
        """Store a new configuration with all that belongs to it, or nothing of it.

        Raises Duplicate, or IdempotencyConflict where the key is taken.
        """
        if self._engines.single is None:
            async with self.work(workspace_id) as work:
                await work.arrive(arrival)
            return
        single = self._engines.single
        statement, values = self._arrivals.statement(
            arrival, workspace_id, self._now(), single.dialect
        )
        await single.run(statement, values)

    @asynccontextmanager
    async def identity(self) -> AsyncIterator[IdentityRepository]:
        """Write users, memberships, sessions and workspaces."""
        async with self._transaction(self._engines.writing) as transaction:
            yield IdentityRepository(transaction)

    @asynccontextmanager
    async def reading_identity(self) -> AsyncIterator[IdentityRepository]:
        """Read users, memberships, sessions and workspaces, without queueing as a writer."""
        async with self._transaction(self._engines.reading) as transaction:
            yield IdentityRepository(transaction)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[SystemRepository]:
        """Write across workspaces: rotation and retention. For loops and commands only."""
        async with self._transaction(self._engines.writing) as transaction:
            yield SystemRepository(transaction, self._keyring)

    @asynccontextmanager
    async def reading_system(self) -> AsyncIterator[SystemRepository]:
        """Read one snapshot of all workspaces. For loops and commands only."""
        async with self._transaction(self._engines.reading) as transaction:
            yield SystemRepository(transaction, self._keyring)

    def queueing(self) -> AbstractAsyncContextManager[Transaction]:
        """Write what a queue needs, across workspaces; see `storage.outbox`."""
        return self._transaction(self._engines.writing)

    @asynccontextmanager
    async def erasure(self, workspace_id: UUID) -> AsyncIterator[ErasureRepository]:
        """Erase a workspace, one step of it."""
        async with self._transaction(self._engines.writing) as transaction:
            yield ErasureRepository(transaction, workspace_id)

    async def compact(self) -> bool:
        """Make the database forget the bytes of what was deleted; see `storage.compaction`."""
        return await compact(self._engines.writing)

    async def ping(self) -> None:
        """Ask the database for an answer; raises Fault when there is none."""
        await self.revision()

    async def revision(self) -> str | None:
        """Return the migration that the database is at; raises Fault without any tables."""
        async with self._transaction(self._engines.reading) as transaction:
            found = await transaction.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)

    async def close(self) -> None:
        """Close all connections."""
        await self._engines.dispose()

    @asynccontextmanager
    async def _work(self, engine: AsyncEngine, workspace_id: UUID) -> AsyncIterator[Work]:
        async with self._transaction(engine) as transaction:
            yield Work(transaction, workspace_id, self._keyring, self._settings)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[Transaction]:
        """Begin, then commit or roll back. The errors of the body pass as they are."""
        async with AsyncExitStack() as stack:
            connection = await uninterrupted(engine, _begin(engine, stack))
            transaction = Transaction(connection, self._now())
            yield transaction
            await uninterrupted(engine, connection.commit())
        for called in transaction.after_commit:
            called()


async def _begin(engine: AsyncEngine, stack: AsyncExitStack) -> AsyncConnection:
    """Begin a transaction that the stack ends."""
    connection = await stack.enter_async_context(engine.connect())
    await connection.begin()
    return connection
