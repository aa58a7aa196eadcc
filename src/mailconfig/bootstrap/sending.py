"""Builds what sends messages: queue, transport, gate, and the worker's loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailconfig.bootstrap.network import Network
from mailconfig.bootstrap.storing import storage_settings
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.delivery import Transport
from mailconfig.domain.outbox import Queue
from mailconfig.domain.sending import RetryPolicy
from mailconfig.domain.sending.breaker import BreakerSettings, HostBreaker
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.returns import Visitor, VisitorSettings, VisitPolicy, Visits
from mailconfig.services.sending import Attempts, Sender, SenderSettings, SendingPolicy
from mailconfig.services.sending.gate import Gate
from mailconfig.settings import Settings
from mailconfig.storage.database import Database, Work
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.settings import database_url


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What takes messages in and what sends them."""

    queue: Queue[Work]
    transport: Transport
    sender: Sender
    visitor: Visitor
    """Looks after what was sent: copies in Sent, bounces."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what is due for as long as the context lasts, then close all connections."""
        try:
            async with self.visitor.running(), self.sender.running():
                yield
        finally:
            await self.transport.close()
            await self.queue.close()


def build_queue(settings: Settings, database: Database) -> Queue[Work]:
    """Return the queue of the database's engine; it connects nothing before somebody waits."""
    storage = storage_settings(settings)
    if database_url(storage).get_backend_name() != "postgresql":
        return TableQueue(database)
    # Not imported where nobody uses it, like asyncpg.
    from mailconfig.storage.outbox_postgresql import PostgresQueue  # noqa: PLC0415 - as said

    return PostgresQueue(database, storage)


def build_outgoing(
    settings: Settings,
    database: Database,
    rows: Catalogue,
    network: Network,
    grants: GrantService,
    files: FileService,
) -> Outgoing:
    """Return one worker with its queue; it sends once its loop runs."""
    queue = build_queue(settings, database)
    breaker = HostBreaker(BreakerSettings(failures=settings.sending_breaker_failures))
    policy = SendingPolicy(
        RetryPolicy(
            first_seconds=settings.sending_retry_first_seconds,
            longest_seconds=settings.sending_retry_longest_seconds,
        ),
        lease_seconds=settings.sending_lease_seconds,
        recheck_seconds=settings.sending_recheck_seconds,
        retry_ambiguous=settings.sending_retry_ambiguous,
    )
    gate = Gate(rows, breaker, policy.recheck_seconds)
    attempts = Attempts(
        database, queue, network.transport, gate, breaker, grants, files, policy, utc_now
    )
    limits = SenderSettings(
        concurrency=settings.sending_concurrency,
        of_account=2 * settings.sending_connections_per_account,
        lease_seconds=settings.sending_lease_seconds,
        drain_seconds=settings.sending_drain_seconds,
    )
    sender = Sender(database, queue, attempts, limits, utc_now)
    visitor = _visitor(settings, database, network, grants, files)
    return Outgoing(queue, network.transport, sender, visitor)


def _visitor(
    settings: Settings,
    database: Database,
    network: Network,
    grants: GrantService,
    files: FileService,
) -> Visitor:
    policy = VisitPolicy(
        look_seconds=settings.returns_look_seconds, look_days=settings.returns_look_days
    )
    visits = Visits(database, network.postbox, grants, files, policy, utc_now)
    limits = VisitorSettings(concurrency=settings.returns_mailboxes)
    return Visitor(database, visits, limits, utc_now)
