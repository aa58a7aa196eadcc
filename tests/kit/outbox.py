"""What the application has stored of messages, read past its API."""

from datetime import timedelta

from mailconfig.bootstrap import open_database
from mailconfig.domain.clock import utc_now
from mailconfig.domain.messages import Message
from mailconfig.settings import Settings


async def waiting_messages(settings: Settings) -> list[tuple[Message, str]]:
    """Return up to 100 messages that wait, those due first, each with its content as text."""
    database = await open_database(settings)
    found = []
    try:
        async with database.system() as system:
            jobs = await system.messages.stranded(utc_now() + timedelta(days=400), 100)
        for job, _ in jobs:
            async with database.reading(job.workspace_id) as work:
                message = await work.messages.get(job.message_id)
                found.append((message, (await work.messages.content(message.id)).decode()))
    finally:
        await database.close()
    return found
