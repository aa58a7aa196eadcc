"""A post office: an account, the queue, workers' attempts, and a transport that a test scripts.

    async with opened(storage_settings, keyring) as office:
        post = Post(office, Scripted(take))
        message = await post.taken_in()
        await post.round()

Must not be used for what a transport really does; that is `tests/mail/test_sending.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

import anyio

from kit.drafts import shipped
from kit.outgoing import Office
from kit.records import make_config
from mailconfig.domain.delivery import Commit, Delivery, RecipientReply, Sending, Transport
from mailconfig.domain.diagnostics import Observation, Phase
from mailconfig.domain.messages import Message
from mailconfig.domain.outbox import job_of
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.sending.breaker import BreakerSettings, HostBreaker
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.sending.attempts import Attempts
from mailconfig.services.sending.endings import SendingPolicy
from mailconfig.services.sending.gate import Gate
from mailconfig.services.sending.sender import Sender, SenderSettings
from mailconfig.storage.outbox import TableQueue

Script = Callable[[Sending, Commit], Awaitable[Delivery]]


class Grants:
    """Passwords are what they are."""

    async def opened(self, _workspace_id: object, target: ProbeTarget) -> ProbeTarget:
        """Return the target as it is."""
        return target


class Files:
    """No configuration has files."""

    async def anchors_of(self, _workspace_id: object, _config_id: object) -> tuple[str, ...]:
        """Return no certificates."""
        return ()


@dataclass
class Scripted:
    """Does what a test says, and remembers what it was asked."""

    script: Script
    sendings: list[Sending] = field(default_factory=list)

    async def send(self, sending: Sending, commit: Commit) -> Delivery:
        """Make one attempt by the script."""
        self.sendings.append(sending)
        return await self.script(sending, commit)

    async def close(self) -> None:
        """Have nothing to close."""


async def take(sending: Sending, commit: Commit) -> Delivery:
    """Take the message for everybody."""
    assert await commit()
    replies = tuple(
        RecipientReply(one, accepted=True, reply="250 Ok", reply_code=250)
        for one in sending.envelope.recipients
    )
    return Delivery(replies, reply="250 2.0.0 queued as 1")


class Hanging:
    """Never answers, and commits only when told so."""

    def __init__(self, *, committing: bool = False) -> None:
        self._committing = committing
        self.reached = anyio.Event()
        self.left = anyio.Event()

    async def __call__(self, _sending: Sending, commit: Commit) -> Delivery:
        """Hang until cancelled."""
        if self._committing:
            assert await commit()
        self.reached.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.left.set()
        raise AssertionError


def refuse(phase: Phase, code: int, text: str, *, early: bool = False) -> Script:
    """Refuse by a reply."""
    seen = Observation(MailProtocol.SMTP, phase, reply_code=code, text=f"{code} {text}")

    async def script(_sending: Sending, _commit: Commit) -> Delivery:
        return Delivery(observation=seen, reply=f"{code} {text}", session_refused=early)

    return script


@dataclass
class Post:
    """An office with its queue, and what sends."""

    office: Office
    transport: Transport
    breaker: HostBreaker = field(default_factory=lambda: HostBreaker(BreakerSettings()))
    policy: SendingPolicy = field(default_factory=SendingPolicy)

    def __post_init__(self) -> None:
        """Make the queue."""
        self.queue = TableQueue(self.office.database)

    def attempts(self, transport: Transport | None = None) -> Attempts:
        """Return what carries jobs out."""
        return Attempts(
            self.office.database,
            self.queue,
            transport or self.transport,
            Gate(shipped(), self.breaker, 300),
            self.breaker,
            cast("GrantService", Grants()),
            cast("FileService", Files()),
            self.policy,
            self.office.clock,
            lambda: 0.5,
        )

    def sender(self, transport: Transport | None = None, **settings: Any) -> Sender:  # noqa: ANN401
        """Return one worker."""
        chosen = SenderSettings(**settings)
        attempts = self.attempts(transport)
        return Sender(self.office.database, self.queue, attempts, chosen, self.office.clock)

    async def taken_in(self, **changes: Any) -> Message:  # noqa: ANN401 - any field
        """Take a message in, with its job."""
        message = await self.office.taken_in(**changes)
        async with self.office.database.work(message.workspace_id) as work:
            await self.queue.enqueue(work, job_of(message), message.due_at)
        return message

    async def round(self, attempts: Attempts | None = None, owner: str = "worker") -> int:
        """Carry out everything that is due, one after the other; return how many jobs."""
        jobs = await self.queue.claim(owner, 1000, 60)
        for job in jobs:
            await (attempts or self.attempts()).carry_out(job, owner)
        return len(jobs)

    async def another_account(self) -> UUID:
        """Add an account beside the office's and return its id."""
        office = self.office
        config = make_config(office.tenant, owner_id=None, email_address="eve@example.com")
        async with office.database.work(office.tenant.workspace_id) as work:
            await work.configs.insert(config, office.tenant.user_id)
        return config.id

    async def configure(self, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Change the account."""
        office = self.office
        async with office.database.work(office.tenant.workspace_id) as work:
            old = await work.configs.get(office.config_id)
            new = replace(old, revision=old.revision + 1, **changes)
            await work.configs.replace(new, old.revision, office.tenant.user_id)
