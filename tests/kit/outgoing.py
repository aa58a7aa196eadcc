"""A workspace with an account that messages go out by, and a clock that a test turns.

async with opened(storage_settings, keyring) as office:
    message = await office.taken_in()
    assert await office.state(message.id) is MessageState.QUEUED
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit.records import NOON, Tenant, make_config, make_message, make_tenant
from mailconfig.domain.configs import Visibility
from mailconfig.domain.messages import Message, MessageFilter, MessageState
from mailconfig.storage.database import Database, StorageSettings, Work
from mailconfig.storage.sealing import Keyring


@dataclass(slots=True)
class Clock:
    """Stands at noon until a test turns it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Office:
    """Where messages go out."""

    database: Database
    tenant: Tenant
    config_id: UUID
    clock: Clock = field(default_factory=Clock)

    async def taken_in(self, **changes: Any) -> Message:  # noqa: ANN401 - any field
        """Take a message in; no job leads to it."""
        new = make_message(self.tenant, changes.pop("config_id", self.config_id), **changes)
        async with self.database.work(self.tenant.workspace_id) as work:
            await work.messages.add(new)
        return new.message

    async def read(self, id: UUID) -> Message:
        """Read a message."""
        async with self.database.reading(self.tenant.workspace_id) as work:
            return await work.messages.get(id)

    async def state(self, id: UUID) -> MessageState:
        """Read the state of a message."""
        return (await self.read(id)).state

    async def sending(self, seconds: float = 30, **changes: Any) -> Message:  # noqa: ANN401
        """Take a message in and claim it for "worker" for some seconds."""
        message = await self.taken_in(**changes)
        claimed = await self.claim(message.id, seconds)
        assert claimed is not None
        return claimed

    async def claim(self, id: UUID, seconds: float = 30, owner: str = "worker") -> Message | None:
        """Claim a message."""
        until = self.clock.now + timedelta(seconds=seconds)
        async with self.database.work(self.tenant.workspace_id) as work:
            return await work.sending.claim(id, owner, until)


async def count_states(work: Work, config_id: UUID) -> Counter[MessageState]:
    """Count the messages of an account by state."""
    everything = Visibility(everything=True)
    found = Counter[MessageState]()
    for state in MessageState:
        filter = MessageFilter(config_ids=(config_id,), states=(state,))
        found[state] = await work.messages.count(filter, everything)
    return +found


@asynccontextmanager
async def opened_again(
    settings: StorageSettings, keyring: Keyring, before: Office
) -> AsyncIterator[Office]:
    """Open the database of an office anew, with another keyring."""
    database = Database.open(settings, keyring, before.clock)
    try:
        yield Office(database, before.tenant, before.config_id, before.clock)
    finally:
        await database.close()


@asynccontextmanager
async def opened(
    settings: StorageSettings, keyring: Keyring, now: datetime = NOON
) -> AsyncIterator[Office]:
    """Open a database with a workspace and an account; the clock stands at `now`."""
    clock = Clock(now)
    database = Database.open(settings, keyring, clock)
    tenant = await make_tenant(database, "acme")
    config = make_config(tenant, owner_id=None)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, tenant.user_id)
    try:
        yield Office(database, tenant, config.id, clock)
    finally:
        await database.close()
