"""Messages: taken in whole, listed for those who may see them, moved by one condition at a time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, func, select, update

from kit.outgoing import Office, count_states, opened, opened_again
from kit.records import CONTENT, NOON, make_config, make_message
from mailconfig.domain.configs import Visibility
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import Fault, NotFound, SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import (
    ENDED,
    WAITING,
    HeldFor,
    Message,
    MessageEvent,
    MessageFilter,
    MessageState,
    Recipient,
    RecipientKind,
    RecipientState,
    sources,
    target,
)
from mailconfig.domain.outbox import job_of
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.storage.contents import PART_BYTES
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.keys import KeyFile, add_key, generate_key
from mailconfig.storage.messages import Change
from mailconfig.storage.rotation import rotate
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import (
    message_attempts,
    message_contents,
    message_recipients,
    messages,
    outbox_jobs,
    suppressions,
)

ALL = Visibility(everything=True)
FIRST = PageRequest()
LATER = NOON + timedelta(hours=1)
BIG = bytes(range(256)) * 1024
"""Four parts."""


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with an account."""
    async with opened(storage_settings, keyring) as made:
        yield made


async def applied(office: Office, id: UUID, change: Change, number: int | None = None) -> bool:
    """Carry an event out."""
    async with office.database.work(office.tenant.workspace_id) as work:
        return await work.messages.apply(id, change, number)


async def content(office: Office, id: UUID) -> bytes:
    """Read the content of a message."""
    async with office.database.reading(office.tenant.workspace_id) as work:
        return await work.messages.content(id)


async def rows(office: Office, table: Table) -> int:
    """Count the rows of a table."""
    async with office.database.queueing() as transaction:
        return int(await transaction.scalar(select(func.count()).select_from(table)))


async def put_in(office: Office, state: MessageState) -> Message:
    """Take a message in and write a state into its row."""
    message = await office.taken_in()
    sending = state is MessageState.SENDING
    values = {
        "state": state.value,
        "held_for": "PAUSE" if state is MessageState.HELD else None,
        "ended_at": NOON if state in ENDED else None,
        "lease_owner": "worker" if sending else None,
        "lease_until": LATER if sending else None,
        "attempts": 1,
    }
    async with office.database.queueing() as transaction:
        await transaction.run(update(messages).where(messages.c.id == message.id).values(values))
    return await office.read(message.id)


@pytest.mark.parametrize(
    "bytes_", [b"", CONTENT, BIG[:PART_BYTES], BIG], ids=["none", "short", "one-part", "four"]
)
async def test_a_message_comes_back_as_it_was_taken_in(office: Office, bytes_: bytes) -> None:
    """Every field, the recipients in their order, and exactly the bytes, whatever their number."""
    new = make_message(office.tenant, office.config_id, content=bytes_, needs_utf8=True)
    async with office.database.work(office.tenant.workspace_id) as work:
        await work.messages.add(new)
    assert await office.read(new.message.id) == new.message
    assert await content(office, new.message.id) == bytes_
    assert await rows(office, message_contents) == max(1, len(bytes_) // PART_BYTES or 1)


async def test_a_message_is_stored_with_all_of_it_or_not_at_all(office: Office) -> None:
    """A transaction that ends with an error leaves neither row nor recipients nor content."""
    new = make_message(office.tenant, office.config_id)

    async def broken_off() -> None:
        async with office.database.work(office.tenant.workspace_id) as work:
            await work.messages.add(new)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken_off()
    for table in (messages, message_recipients, message_contents):
        assert await rows(office, table) == 0


async def test_only_what_waits_is_taken_in(office: Office) -> None:
    """A message that claims to be sent already is a bug of the caller, and nothing is stored."""
    new = make_message(office.tenant, office.config_id, state=MessageState.SENT)
    with pytest.raises(ValueError, match="SENT"):
        async with office.database.work(office.tenant.workspace_id) as work:
            await work.messages.add(new)
    assert await rows(office, messages) == 0


async def test_the_content_is_sealed_and_bound_to_its_message(office: Office) -> None:
    """No row shows the text; a part that is moved, left out or cut off does not open."""
    marked = b"SENTINEL" * (PART_BYTES // 4)
    one, other = await office.taken_in(content=marked), await office.taken_in(content=marked)
    parts = message_contents.c
    async with office.database.queueing() as transaction:
        stored = await transaction.all(select(parts.id, parts.message_id, parts.ciphertext))
        assert len(stored) == 4
        assert not any(b"SENTINEL" in row.ciphertext for row in stored)
        theirs = [row.ciphertext for row in stored if row.message_id == other.id]
        mine = [row.id for row in stored if row.message_id == one.id]
        swapped = update(message_contents).where(parts.id == mine[0]).values(ciphertext=theirs[0])
        await transaction.run(swapped)
    with pytest.raises(SecretUnreadable):
        await content(office, one.id)
    async with office.database.queueing() as transaction:
        last = (parts.message_id == other.id) & (parts.part == 1)
        await transaction.run(delete(message_contents).where(last))
    with pytest.raises(SecretUnreadable):
        await content(office, other.id)
    async with office.database.queueing() as transaction:
        cut = update(message_contents).where(parts.message_id == other.id).values(parts=1)
        await transaction.run(cut)
    with pytest.raises(SecretUnreadable):
        await content(office, other.id)


async def test_rotation_seals_contents_anew(
    storage_settings: StorageSettings, tmp_path: Path
) -> None:
    """After a rotation nothing is under the old key, and the content opens without it."""
    path = tmp_path / "keys"
    add_key(path, generate_key(datetime.now(UTC)))
    async with opened(storage_settings, Keyring(KeyFile(path))) as office:
        sent = [await office.taken_in(content=BIG) for _ in range(3)]
        async with office.database.work(office.tenant.workspace_id) as work:
            secret = await work.secrets.add_key("file", bytes(32))
    add_key(path, generate_key(datetime.now(UTC)))
    newest = KeyFile(path).read()[0]
    async with opened_again(storage_settings, Keyring(KeyFile(path)), office) as again:
        progress = [each async for each in rotate(again.database, 5)]
        # Twelve parts and a secret, five at a time.
        assert [each.done for each in progress] == [5, 5, 3]
        assert [each.left for each in progress] == [8, 3, 0]
    keyring = Keyring.of_text(newest.line())
    async with opened_again(storage_settings, keyring, office) as again:
        assert [await content(again, each.id) for each in sent] == [BIG] * 3
        async with again.database.reading(office.tenant.workspace_id) as work:
            assert await work.secrets.open_key(secret, "file") == bytes(32)


@pytest.mark.parametrize("event", [*MessageEvent], ids=lambda event: event.value)
async def test_an_event_happens_only_where_it_can(office: Office, event: MessageEvent) -> None:
    """Each event in each state, with the attempt's number and without: the table decides.

    Without a number nothing that is being sent changes, with one nothing else does.
    """
    change = Change(event, held_for=HeldFor.RATE if event is MessageEvent.HOLD else None)
    of_attempt = sources(event) & {MessageState.SENDING}
    of_others = sources(event) - {MessageState.SENDING}
    for number, possible in ((None, of_others), (1, of_attempt), (2, of_attempt)):
        for state in MessageState:
            message = await put_in(office, state)
            if not possible or event is MessageEvent.CLAIM:
                with pytest.raises(ValueError, match=event.value):
                    await applied(office, message.id, change, number)
                happens = False
            else:
                happens = state in possible and number != 2
                assert await applied(office, message.id, change, number) is happens, state
            after = target(event) if happens else state
            assert await office.state(message.id) is after


async def test_what_an_event_brings_with_it(office: Office) -> None:
    """HOLD says why and until when, RETRY takes that off, CANCEL ends, and the moment is kept."""
    message = await office.taken_in()
    hold = Change(
        MessageEvent.HOLD,
        due_at=LATER,
        held_for=HeldFor.PAUSE,
        code=DiagnosticCode.SEND_QUOTA,
        reply="too much",
    )
    assert await applied(office, message.id, hold)
    held = replace(
        message,
        state=MessageState.HELD,
        due_at=LATER,
        held_for=HeldFor.PAUSE,
        code=DiagnosticCode.SEND_QUOTA,
        reply="too much",
    )
    assert await office.read(message.id) == held
    office.clock.turn(5)
    again = Change(MessageEvent.RETRY, due_at=NOON, expires_at=LATER)
    assert await applied(office, message.id, again)
    queued = replace(held, state=MessageState.QUEUED, due_at=NOON, expires_at=LATER, held_for=None)
    assert await office.read(message.id) == queued
    assert await applied(office, message.id, Change(MessageEvent.CANCEL))
    ended = replace(queued, state=MessageState.CANCELLED, ended_at=NOON + timedelta(seconds=5))
    assert await office.read(message.id) == ended
    assert await applied(office, message.id, Change(MessageEvent.CANCEL)) is False
    assert await applied(office, message.id, Change(MessageEvent.RETRY))
    assert (await office.read(message.id)).ended_at is None


async def test_holding_needs_a_reason(office: Office) -> None:
    """HOLD without a reason, or a reason with something else, is a bug and changes nothing."""
    message = await office.taken_in()
    for change in (Change(MessageEvent.HOLD), Change(MessageEvent.CANCEL, held_for=HeldFor.RATE)):
        with pytest.raises(ValueError, match="HOLD"):
            await applied(office, message.id, change)
    assert await office.read(message.id) == message


async def test_recipients_are_written_with_the_event(office: Office) -> None:
    """What is known of each is replaced, names and places stay; a lost event writes nothing."""
    message = await put_in(office, MessageState.AMBIGUOUS)
    one, two = message.recipients
    known = (
        replace(one, state=RecipientState.BOUNCED, reply="no", reply_code=550),
        replace(two, state=RecipientState.REFUSED, enhanced_code="5.1.1"),
    )
    assert await applied(office, message.id, Change(MessageEvent.BOUNCE, recipients=known))
    assert (await office.read(message.id)).recipients == known
    assert not await applied(
        office, message.id, Change(MessageEvent.BOUNCE, recipients=message.recipients)
    )
    assert (await office.read(message.id)).recipients == known


async def test_one_recipient_is_marked_later(office: Office) -> None:
    """The address is found in any case, its name stays; only from the states that are named."""
    message = await office.taken_in()
    bounced = Recipient(
        "BOB@example.ORG", RecipientKind.CC, "Robert", RecipientState.BOUNCED, "gone", 550, "5.1.1"
    )
    async with office.database.work(office.tenant.workspace_id) as work:
        mark = work.messages.mark_recipient
        assert await mark(message.id, bounced, {RecipientState.ACCEPTED}) is False
        assert await mark(message.id, bounced, {RecipientState.WAITING}) is True
    one, two = (await office.read(message.id)).recipients
    assert one == Recipient(
        "Bob@example.org",
        RecipientKind.TO,
        "Bob",
        RecipientState.BOUNCED,
        "gone",
        550,
        "5.1.1",
    )
    assert two == message.recipients[1]


async def test_the_list_shows_what_may_be_seen(office: Office) -> None:
    """Newest first; messages of others' private accounts are shown to nobody but them."""
    private = make_config(office.tenant, email_address="own@example.com")
    async with office.database.work(office.tenant.workspace_id) as work:
        await work.configs.insert(private, office.tenant.user_id)
    shared = await office.taken_in(created_at=NOON)
    own = await office.taken_in(created_at=LATER, config_id=private.id)
    seen = {
        Visibility(everything=True): (own, shared),
        Visibility(everything=False): (shared,),
        Visibility(everything=False, owner_id=new_id()): (shared,),
        Visibility(everything=False, owner_id=office.tenant.user_id): (own, shared),
        Visibility(everything=False, owner_id=office.tenant.user_id, only_own=True): (own,),
        Visibility(everything=True, config_id=office.config_id): (shared,),
        Visibility(everything=True, address="OWN@example.com"): (own,),
    }
    for visibility, expected in seen.items():
        async with office.database.reading(office.tenant.workspace_id) as work:
            page = await work.messages.page(MessageFilter(), visibility, FIRST)
            assert page.rows == expected
            assert await work.messages.count(MessageFilter(), visibility) == len(expected)


async def test_filters_and_pages(office: Office) -> None:
    """Account, state and time narrow the list; pages follow each other without gap or repeat."""
    sent = [await office.taken_in(created_at=NOON + timedelta(minutes=n // 2)) for n in range(5)]
    assert await applied(office, sent[0].id, Change(MessageEvent.CANCEL))
    cancelled = await office.read(sent[0].id)
    newest_first = sorted([cancelled, *sent[1:]], key=lambda m: (m.created_at, m.id))[::-1]
    filters = {
        MessageFilter(): newest_first,
        MessageFilter(config_ids=(office.config_id,)): newest_first,
        MessageFilter(config_ids=(new_id(),)): [],
        MessageFilter(states=(MessageState.CANCELLED, MessageState.SENT)): [cancelled],
        MessageFilter(created_from=NOON + timedelta(minutes=1)): newest_first[:3],
        MessageFilter(created_before=NOON + timedelta(minutes=1)): newest_first[3:],
    }
    async with office.database.reading(office.tenant.workspace_id) as work:
        for filter, expected in filters.items():
            assert list((await work.messages.page(filter, ALL, FIRST)).rows) == expected
            assert await work.messages.count(filter, ALL) == len(expected)
        found: list[Message] = []
        request = PageRequest(limit=2)
        while True:
            page = await work.messages.page(MessageFilter(), ALL, request)
            found += page.rows
            if not page.has_next:
                break
            request = PageRequest(limit=2, after=page.keys[-1])
        assert found == newest_first
        counted = await count_states(work, office.config_id)
        assert counted == {MessageState.QUEUED: 4, MessageState.CANCELLED: 1}


async def test_a_message_is_found_by_its_header(office: Office) -> None:
    """A Message-ID with its brackets leads to the message, any other to none."""
    message = await office.taken_in()
    async with office.database.reading(office.tenant.workspace_id) as work:
        assert await work.messages.find_by_header(message.message_id) == message.id
        assert await work.messages.find_by_header(message.message_id[1:-1]) is None


async def test_an_unknown_message(office: Office) -> None:
    """There is none, no content, no attempts, and no event happens to it."""
    id = new_id()
    async with office.database.reading(office.tenant.workspace_id) as work:
        with pytest.raises(NotFound):
            await work.messages.get(id)
        with pytest.raises(NotFound):
            await work.messages.content(id)
        assert await work.messages.attempts([id]) == {id: ()}
    assert await applied(office, id, Change(MessageEvent.CANCEL)) is False


async def fill(office: Office) -> Message:
    """Store a row in each table of messages."""
    message = await office.sending()
    async with office.database.work(office.tenant.workspace_id) as work:
        await work.jobs.put(job_of(message), NOON, lambda: None)
        await work.suppressions.add(
            Suppression(new_id(), "x@y.z", SuppressionReason.BOUNCE, message.id, NOON)
        )
    return message


OF_MESSAGES = (messages, message_recipients, message_attempts, message_contents, outbox_jobs)


async def test_everything_goes_with_the_account(office: Office) -> None:
    """Deleting the account leaves no row of its messages; the suppression list stays."""
    await fill(office)
    async with office.database.work(office.tenant.workspace_id) as work:
        await work.configs.delete(office.config_id)
    assert [await rows(office, table) for table in OF_MESSAGES] == [0] * 5
    assert await rows(office, suppressions) == 1


async def test_everything_goes_with_the_workspace(office: Office) -> None:
    """Erasing the workspace leaves no row of any of these tables."""
    await fill(office)
    async with office.database.erasure(office.tenant.workspace_id) as erasure:
        assert await erasure.finish() is True
    assert [await rows(office, table) for table in (*OF_MESSAGES, suppressions)] == [0] * 6


async def test_a_message_stays_when_its_author_goes(office: Office) -> None:
    """What was taken in goes out: only the name of who sent it is forgotten."""
    async with office.database.identity() as identity:
        user = await identity.create_user("gone@example.com", "hash")
    message = await office.taken_in(created_by=user.id)
    async with office.database.queueing() as transaction:
        users = messages.metadata.tables["users"]
        await transaction.run(delete(users).where(users.c.id == user.id))
    assert await office.read(message.id) == replace(message, created_by=None)


async def test_a_message_of_no_account_is_refused(office: Office) -> None:
    """An account that is not there, or another workspace's, is no account to send by."""
    with pytest.raises(Fault):
        await office.taken_in(config_id=new_id())
    assert await rows(office, messages) == 0


async def test_contents_have_their_time(office: Office) -> None:
    """Content of what ended before a moment goes, and with it the way back; the row stays."""
    old, waiting = await office.taken_in(content=BIG), await office.taken_in()
    assert await applied(office, old.id, Change(MessageEvent.CANCEL))
    office.clock.turn(60)
    young = await office.taken_in()
    assert await applied(office, young.id, Change(MessageEvent.CANCEL))
    async with office.database.system() as system:
        assert await system.messages.expire_contents(NOON + timedelta(seconds=1), 10) == 1
        assert await system.messages.expire_contents(NOON + timedelta(seconds=1), 10) == 0
    with pytest.raises(NotFound):
        await content(office, old.id)
    assert (await office.read(old.id)).has_content is False
    assert await applied(office, old.id, Change(MessageEvent.RETRY)) is False
    for other in (waiting, young):
        assert await content(office, other.id) == CONTENT
    assert await applied(office, young.id, Change(MessageEvent.RETRY)) is True


async def test_messages_have_their_time(office: Office) -> None:
    """What ended first goes first, as many as are asked for, wholly; what waits stays."""
    waiting = await office.taken_in()
    ended = []
    for _ in range(3):
        message = await office.taken_in()
        assert await applied(office, message.id, Change(MessageEvent.CANCEL))
        ended.append(message)
        office.clock.turn(1)
    async with office.database.system() as system:
        assert await system.messages.expire_messages(office.clock.now, 2) == 2
    async with office.database.reading(office.tenant.workspace_id) as work:
        left = await work.messages.several([waiting.id, *(each.id for each in ended)])
    assert [each.id for each in left] == [waiting.id, ended[2].id]
    assert await rows(office, message_contents) == 2


async def test_states_are_waiting_sending_or_ended(office: Office) -> None:
    """The database itself refuses a state without what belongs to it."""
    message = await office.taken_in()
    broken: list[dict[str, object]] = [
        {"state": "SENDING"},
        {"state": "HELD"},
        *({"state": state.value} for state in sorted(ENDED)),
        {"ended_at": NOON},
        {"lease_owner": "worker"},
        {"held_for": "PAUSE"},
        {"state": "LOST"},
    ]

    async def write(values: dict[str, object]) -> None:
        async with office.database.queueing() as transaction:
            one = update(messages).where(messages.c.id == message.id)
            await transaction.run(one.values(values))

    for values in broken:
        with pytest.raises(Fault):
            await write(values)
    assert await office.read(message.id) == message
    assert message.state in WAITING
