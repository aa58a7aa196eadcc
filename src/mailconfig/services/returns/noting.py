"""The note that a message was sent, in the transaction that says so: nothing is forgotten then.

Must not: open a mailbox.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.configs import EmailConfig
from mailconfig.storage.database import Work

GATHER_SECONDS: Final = 10
"""How long copies are gathered, so that one sign-in serves many; nobody looks into Sent sooner."""


async def note_sent(work: Work, config: EmailConfig, message_id: UUID, now: datetime) -> None:
    """Let the mailbox of an account be opened soon, if what it sends concerns it."""
    if config.incoming is None:
        return
    options = (await work.postboxes.options([config.id]))[config.id]
    await work.postboxes.note_sent(
        config.id,
        message_id,
        now + timedelta(seconds=GATHER_SECONDS),
        save=options.saves(config),
        read=options.read_bounces,
    )
