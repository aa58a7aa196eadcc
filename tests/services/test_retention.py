"""What has had its time goes; messages that wait do not, and never wait for nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from kit.outgoing import Office, opened
from mailconfig.domain.messages import Message, MessageEvent, MessageState
from mailconfig.domain.outbox import Queue, job_of
from mailconfig.domain.signing import Signer
from mailconfig.services.files import FileService
from mailconfig.services.intake import FileSettings
from mailconfig.services.retention import Retention, RetentionSettings
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import StorageSettings, Work
from mailconfig.storage.messages import Change
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring

_DAY: Final = 24 * 3600
_KEPT: Final = RetentionSettings(
    idempotency_seconds=_DAY,
    draft_test_seconds=_DAY,
    content_seconds=30 * _DAY,
    message_seconds=365 * _DAY,
)


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with an account."""
    async with opened(storage_settings, keyring) as office:
        yield office


@pytest.fixture
def retention(office: Office, tmp_path: Path) -> Retention:
    """The loop, for tests to take single rounds of."""
    blobs = ObstoreBlobs.in_folder(tmp_path / "files")
    signer = Signer(b"k" * 32)
    files = FileService(office.database, blobs, FileSettings(), signer, office.clock)
    queue: Queue[Work] = TableQueue(office.database)
    return Retention(office.database, files, queue, _KEPT, office.clock)


async def _cancelled(office: Office) -> Message:
    message = await office.taken_in()
    async with office.database.work(office.tenant.workspace_id) as work:
        assert await work.messages.apply(message.id, Change(MessageEvent.CANCEL))
    return message


async def test_contents_go_first_and_messages_later(office: Office, retention: Retention) -> None:
    """A cancelled message loses its content after 30 days and is gone after a year."""
    message = await _cancelled(office)

    office.clock.turn(30 * _DAY)
    await retention.once(sweep=False)
    assert (await office.read(message.id)).has_content

    office.clock.turn(1)
    await retention.once(sweep=False)
    assert not (await office.read(message.id)).has_content

    office.clock.turn(335 * _DAY)
    await retention.once(sweep=False)
    async with office.database.reading(office.tenant.workspace_id) as work:
        assert await work.messages.several([message.id]) == ()


async def test_what_waits_is_kept(office: Office, retention: Retention) -> None:
    """A message that was never sent keeps its content, however old it is."""
    message = await office.taken_in()
    office.clock.turn(4000 * _DAY)

    await retention.once(sweep=False)

    found = await office.read(message.id)
    assert (found.state, found.has_content) == (MessageState.QUEUED, True)


async def test_more_than_a_portion_goes_in_one_round(office: Office, retention: Retention) -> None:
    """201 contents are one more than a portion; all go."""
    messages = [await _cancelled(office) for _ in range(201)]
    office.clock.turn(31 * _DAY)

    await retention.once(sweep=False)

    async with office.database.reading(office.tenant.workspace_id) as work:
        found = await work.messages.several([message.id for message in messages])
    assert [message.has_content for message in found] == [False] * 201


async def test_a_message_without_a_job_gets_one(office: Office, retention: Retention) -> None:
    """A message that nobody has a quarter of an hour after its time is due again."""
    message = await office.taken_in()

    office.clock.turn(900)
    await retention.once(sweep=False)
    assert await retention.queue.claim("worker", 10, lease_seconds=30) == []

    office.clock.turn(1)
    await retention.once(sweep=False)
    assert await retention.queue.claim("worker", 10, lease_seconds=30) == [job_of(message)]


async def test_a_job_that_somebody_has_is_left_to_them(
    office: Office, retention: Retention
) -> None:
    """A worker that has just begun with a message that is long due goes on with it."""
    message = await office.taken_in()
    async with office.database.work(office.tenant.workspace_id) as work:
        await retention.queue.enqueue(work, job_of(message), message.due_at)
    office.clock.turn(901)
    assert await retention.queue.claim("worker", 10, lease_seconds=30) == [job_of(message)]

    await retention.once(sweep=False)

    assert await retention.queue.heartbeat("worker", [message.id], 30) == {message.id}
    assert await retention.queue.claim("other", 10, lease_seconds=30) == []


async def test_scheduled_messages_are_left_alone(office: Office, retention: Retention) -> None:
    """One that is due tomorrow gets no job today."""
    await office.taken_in(due_at=office.clock.now + timedelta(days=1))
    office.clock.turn(3600)

    await retention.once(sweep=False)

    office.clock.turn(_DAY)
    assert await retention.queue.claim("worker", 10, lease_seconds=30) == []
