"""A database with accounts that send to the sink, and messages that are due in it.

Messages are stored as `sendEmail` stores them, without its checks: what is measured here is what
comes after it. Each has bytes of its own: the Message-ID.
"""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from kit.outgoing import count_states
from kit.records import Tenant, make_config, make_message, make_tenant, password
from kit.servers import LOOPBACK
from mailconfig.bootstrap import Instance, open_instance
from mailconfig.domain.clock import utc_now
from mailconfig.domain.composition import Attachment, MessageDraft, NamedAddress, compose
from mailconfig.domain.configs import StoredServer
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import MessageState, NewMessage, Recipient, RecipientKind
from mailconfig.domain.outbox import Job
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.settings import Settings
from mailconfig.storage.migration import migrate
from mailconfig.storage.settings import StorageSettings
from outgoing.sinking import PASSWORD, Sink

ACCOUNTS: Final = 20
RECIPIENT: Final = "somebody@example.net"
TEXT: Final = ("All work and no play makes Jack a dull boy.\n" * 50)[:2048]
_MARK: Final = "f" * 32
_STORED_AT_ONCE: Final = 50
"""Messages of one transaction: short enough that a worker waits for nothing."""
CATALOGUE: Final = """
providers:
  - id: bench
    name: Bench
    kind: relay
    region: [global]
    domains: []
    mx_suffixes: []
    imap: []
    smtp:
      - {host: smtp.example.com, port: 465, security: tls}
    username: email
    auth: [password]
    limits: {messages_per_minute: 10000000, recipients_per_day: 1000000000}
    sources: [bench]
    confidence: low
"""
"""The accounts' provider has limits, so that they are counted, and none is ever reached."""


def address(place: int) -> str:
    """Return the address of an account."""
    return f"account{place}@example.com"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of which there are as many as wanted."""

    template: bytes
    """The whole content; MARK stands where each has an identifier of its own."""

    @classmethod
    def written(cls, attachment_bytes: int = 0) -> "Letter":
        """Write 2 KiB of text, with an attachment if asked for."""
        data = secrets.token_bytes(attachment_bytes)
        file = Attachment("report.bin", "application/octet-stream", data)
        draft = MessageDraft(
            NamedAddress(address(0), "Bench"),
            to=(NamedAddress(RECIPIENT),),
            subject="A message of the benchmark",
            text=TEXT,
            attachments=(file,) if data else (),
        )
        return cls(compose(draft, f"<{_MARK}@example.com>", utc_now()).content)

    @property
    def mark(self) -> str:
        """What stands for the identifier, which has the same length."""
        return _MARK

    def copy(self, id: UUID) -> bytes:
        """Return the content of one message."""
        return self.template.replace(_MARK.encode(), id.hex.encode(), 1)


@dataclass(frozen=True, slots=True)
class Office:
    """An instance that takes messages in and sends none itself."""

    instance: Instance
    tenant: Tenant
    config_ids: Sequence[UUID]
    data: Path
    settings: dict[str, object]
    """With these and its data folder a worker works for it."""

    async def store(self, letter: Letter, count: int, accounts: int) -> list[Job]:
        """Store messages that no job leads to yet; return the jobs."""
        jobs: list[Job] = []
        while len(jobs) < count:
            async with self.instance.database.work(self.tenant.workspace_id) as work:
                for place in range(len(jobs), min(count, len(jobs) + _STORED_AT_ONCE)):
                    new = self._new(letter, place % accounts)
                    await work.messages.add(new)
                    message = new.message
                    jobs.append(Job(message.id, message.workspace_id, message.config_id))
        return jobs

    async def release(self, jobs: Sequence[Job]) -> None:
        """Let all be due at once."""
        async with self.instance.database.work(self.tenant.workspace_id) as work:
            for job in jobs:
                await self.instance.outgoing.queue.enqueue(work, job, utc_now())

    def _new(self, letter: Letter, account: int) -> NewMessage:
        id, now = new_id(), utc_now()
        return make_message(
            self.tenant,
            self.config_ids[account],
            id=id,
            content=letter.copy(id),
            sender=address(account),
            recipients=(Recipient(RECIPIENT, RecipientKind.TO),),
            created_at=now,
            due_at=now,
            expires_at=now + timedelta(days=1),
        )

    async def states(self) -> Counter[MessageState]:
        """Count the messages by state."""
        found: Counter[MessageState] = Counter()
        async with self.instance.database.reading(self.tenant.workspace_id) as work:
            for config_id in self.config_ids:
                found.update(await count_states(work, config_id))
        return found


@asynccontextmanager
async def opened(
    folder: Path, database_url: str, sink: Sink, **settings: object
) -> AsyncIterator[Office]:
    """Lay a database with the accounts; `settings` are for the worker."""
    data = folder / "data"
    data.mkdir(parents=True)
    catalogue = folder / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    given = {
        "DATABASE_URL": database_url,
        "CATALOGUE_FILE": catalogue,
        "CA_FILE": sink.ca,
        "EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
        "EGRESS_ALLOW_PORTS": f"{sink.tls},{sink.starttls}",
    }
    await migrate(StorageSettings(database_url))
    own = Settings(data_dir=data, database_url=database_url, catalogue_file=catalogue)
    async with open_instance(own) as instance:
        tenant = await make_tenant(instance.database, "bench")
        ids = [await _account(instance, tenant, sink, place) for place in range(ACCOUNTS)]
        yield Office(instance, tenant, tuple(ids), data, given | settings)


async def _account(instance: Instance, tenant: Tenant, sink: Sink, place: int) -> UUID:
    """Store an account that only sends, every second one by STARTTLS."""
    is_tls = place % 2 == 0
    smtp = ServerSettings(
        MailProtocol.SMTP,
        LOOPBACK,
        sink.tls if is_tls else sink.starttls,
        TransportSecurity.TLS if is_tls else TransportSecurity.STARTTLS,
        AuthenticationMethod.PLAIN,
        address(place),
    )
    async with instance.database.work(tenant.workspace_id) as work:
        secret_id = await work.secrets.add("outgoing", password(PASSWORD))
        config = make_config(
            tenant,
            owner_id=None,
            email_address=address(place),
            provider_id="bench",
            incoming=None,
            outgoing=StoredServer(smtp, secret_id),
        )
        await work.configs.insert(config, tenant.user_id)
    return config.id
