"""What sends messages is built as the database's engine wants it, and closed in the end."""

from pathlib import Path

import pytest

from kit.database import KEY_TEXT
from mailconfig.bootstrap import open_instance
from mailconfig.settings import load
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.outbox_postgresql import PostgresQueue

QUEUES = {"sqlite": TableQueue, "postgresql": PostgresQueue}


async def test_each_engine_has_its_queue(engine: str, database_url: str, tmp_path: Path) -> None:
    """The worker, those who take messages in, and retention have the same one."""
    settings = load(data_dir=tmp_path, database_url=database_url, encryption_keys=KEY_TEXT)
    async with open_instance(settings) as instance:
        queue = instance.outgoing.queue
        assert type(queue) is QUEUES[engine]
        assert instance.retention.queue is queue
        assert instance.services.messages._queue is queue
        await instance.retention.once(sweep=False)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_the_connection_that_listens_ends_with_the_worker(
    database_url: str, tmp_path: Path
) -> None:
    """It is opened when the worker first waits, not before, and closed when it ends."""
    settings = load(data_dir=tmp_path, database_url=database_url, encryption_keys=KEY_TEXT)
    async with open_instance(settings) as instance:
        queue = instance.outgoing.queue
        assert isinstance(queue, PostgresQueue)
        assert queue._ear is None
        async with instance.outgoing.running():
            await queue.wait(10)
            ear = queue._ear
            assert ear is not None
        assert ear.is_closed()
        assert queue._ear is None
