"""Mail of this service itself, such as password resets, through an account that the operator named.

It goes the way of all messages: stored, queued, tried again. Nobody's permission is asked, since
nobody but this service writes here; the texts are ours, in the language of who reads them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio.to_thread

from mailconfig.domain.clock import Now
from mailconfig.domain.composition import (
    Composed,
    CompositionLimits,
    ExtraHeader,
    MessageDraft,
    NamedAddress,
    check,
    compose,
    new_message_id,
)
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.errors import Fault, NotFound
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import Severity
from mailconfig.domain.messages import Message, MessageState, NewMessage
from mailconfig.domain.outbox import Queue, job_of
from mailconfig.storage.database import Database, Work

_AUTOMATIC: Final = (ExtraHeader("Auto-Submitted", "auto-generated"),)
"""No vacation notes, please (RFC 3834, section 5)."""


_MISSING: Final = "the account for mail of this service does not exist"


@dataclass(frozen=True, slots=True)
class SystemMailSettings:
    """Which account it is."""

    config_id: UUID
    """The configuration to send by."""
    expiry_seconds: int = 3600
    """How long a message is tried: what it tells is no use much later."""


class SystemMail:
    """Writes and queues messages of this service."""

    def __init__(
        self, database: Database, queue: Queue[Work], settings: SystemMailSettings, now: Now
    ) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings
        self._now = now

    async def send(self, address: str, subject: str, text: str) -> Message:
        """Queue a message; raises Fault where it cannot be written, or the account cannot send."""
        config, now = await self._account(), self._now()
        composed = await anyio.to_thread.run_sync(_written, config, address, subject, text, now)
        message = Message(
            id=new_id(),
            workspace_id=config.workspace_id,
            config_id=config.id,
            created_by=None,
            state=MessageState.QUEUED,
            message_id=composed.message_id,
            sender=composed.sender,
            subject=subject,
            size_bytes=composed.size_bytes,
            recipients=composed.recipients,
            created_at=now,
            due_at=now,
            expires_at=now + timedelta(seconds=self._settings.expiry_seconds),
            needs_utf8=composed.needs_utf8,
        )
        details: dict[str, str | int | bool | None] = {
            "config": str(config.id),
            "recipients": 1,
            "size": message.size_bytes,
        }
        async with self._database.work(config.workspace_id) as work:
            await work.messages.add(NewMessage(message, composed.content))
            await self._queue.enqueue(work, job_of(message), now)
            await work.audit.append(None, "message.send", "message", message.id, details)
        return message

    async def _account(self) -> EmailConfig:
        config_id = self._settings.config_id
        async with self._database.system() as system:
            workspace_id = await system.workspace_of_config(config_id)
        if workspace_id is None:
            raise Fault(_MISSING)
        async with self._database.reading(workspace_id) as work:
            try:
                config = await work.configs.get(config_id)
            except NotFound as error:
                raise Fault(_MISSING) from error
        if config.outgoing is None or not config.enabled:
            raise Fault("the account for mail of this service has no outgoing server, or is off")
        return config


def _written(config: EmailConfig, address: str, subject: str, text: str, now: datetime) -> Composed:
    draft = MessageDraft(
        sender=NamedAddress(config.email_address, config.display_name),
        to=(NamedAddress(address),),
        subject=subject,
        text=text,
        headers=_AUTOMATIC,
    )
    if any(issue.severity is Severity.ERROR for issue in check(draft, CompositionLimits())):
        raise Fault("a message of this service cannot be written")
    return compose(draft, new_message_id(config.email_address), now)
