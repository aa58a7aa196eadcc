"""Messages taken in, looked at and changed, over real databases; nothing is sent here.

Workers are played by the repositories that they use: `Room.claim` and `Room.finish`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kit.outgoing import Office, opened
from kit.records import NOON, Tenant, make_config
from kit.rowdump import all_rows
from kit.uploads import SentFile
from mailconfig.domain.composition import CompositionLimits, NamedAddress
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import (
    Forbidden,
    IdempotencyConflict,
    InvalidInput,
    LimitExceeded,
    NotFound,
    RateLimited,
    Refusal,
)
from mailconfig.domain.files import FileKind
from mailconfig.domain.identity import Channel, Principal, Purpose, Role, Scope
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailing import (
    MessageSettings,
    MessageStateConflict,
    NewAttachment,
    RecipientsSuppressed,
    SendRequest,
    StoredAttachment,
)
from mailconfig.domain.messages import (
    HeldFor,
    Message,
    MessageEvent,
    MessageFilter,
    MessageState,
    RecipientState,
)
from mailconfig.domain.outbox import job_of
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.sending import Outcome
from mailconfig.domain.signing import Signer
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.domain.workspaces import Quota, QuotaExceeded
from mailconfig.services import messagechanges
from mailconfig.services.files import FileService
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.intake import FileSettings
from mailconfig.services.messagechanges import MessageChanges
from mailconfig.services.messageparts import MessageParts
from mailconfig.services.messages import MessageService
from mailconfig.services.quotas import QuotaService
from mailconfig.services.suppressions import SuppressionService
from mailconfig.services.unsubscribing import UnsubscribeService
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.messages import Change
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring

BOB, EVE = NamedAddress("bob@example.org", "Bob"), NamedAddress("eve@example.net")
DAY = 86_400
SIGNER = Signer(b"k" * 32)


@dataclass
class Room:
    """The services over an office whose account is shared by the workspace."""

    office: Office
    url: str
    files: FileService
    messages: MessageService
    changes: MessageChanges
    suppressions: SuppressionService
    queue: TableQueue
    owner: Principal
    limits: CompositionLimits

    async def member(self, name: str, role: Role = Role.MEMBER) -> Principal:
        """Add a user with a role to the workspace."""
        place = self.office.tenant.workspace_id
        async with self.office.database.identity() as identity:
            user = await identity.create_user(f"{name}@example.com", "hash")
            await identity.add_member(place, user.id, role)
        return principal(Tenant(place, user.id), role)

    async def account(self, owner: Principal | None, **changes: Any) -> UUID:  # noqa: ANN401
        """Store another account; None is shared."""
        tenant = self.office.tenant
        owner_id = owner.user_id if owner else None
        address = f"{new_id().hex}@example.com"
        config = make_config(tenant, owner_id=owner_id, email_address=address, **changes)
        async with self.office.database.work(tenant.workspace_id) as work:
            await work.configs.insert(config, tenant.user_id)
        return config.id

    def request(self, **changes: Any) -> SendRequest:  # noqa: ANN401 - any field
        """Return a message to Bob and, blind, to Eve."""
        given = {"config_id": self.office.config_id, "to": (BOB,), "bcc": (EVE,)}
        return SendRequest(**{**given, "subject": "Hello", "text": "Hi\n", **changes})

    async def send(self, **changes: Any) -> Message:  # noqa: ANN401 - any field
        """Send a message of the owner."""
        return await self.messages.send(self.owner, self.request(**changes))

    async def content(self, message: Message) -> bytes:
        """Read what would go out."""
        async with self.office.database.reading(message.workspace_id) as work:
            return await work.messages.content(message.id)

    async def due(self) -> list[UUID]:
        """Claim what is due, by nobody who would do anything, and put it back at once."""
        jobs = await self.queue.claim("nobody", 2000, 0)
        return sorted(job.message_id for job in jobs)

    async def finish(self, message: Message, event: MessageEvent, **more: Any) -> None:  # noqa: ANN401
        """Let a worker make an attempt that ends so."""
        async with self.office.database.work(message.workspace_id) as work:
            claimed = await work.sending.claim(message.id, "w", NOON + timedelta(days=400))
            assert claimed is not None
            code = more.pop("code", DiagnosticCode.OK)
            outcome = Outcome(event, code, more.pop("recipients", claimed.recipients), **more)
            later = {MessageEvent.DEFER, MessageEvent.HOLD}
            due = self.office.clock() + timedelta(hours=1) if event in later else None
            assert await work.sending.finish(message.id, claimed.attempts, outcome, due, "smtp.x")
            if due is None:
                await self.queue.cancel(work, [message.id])

    async def hold(self, message: Message, why: HeldFor) -> None:
        """Let a worker find that it may not be sent now."""
        later = self.office.clock() + timedelta(hours=1)
        async with self.office.database.work(message.workspace_id) as work:
            change = Change(MessageEvent.HOLD, due_at=later, held_for=why)
            assert await work.messages.apply(message.id, change)
            await self.queue.enqueue(work, job_of(message), later)

    async def rows(self) -> dict[str, Any]:
        """Return all rows."""
        return await all_rows(self.url)

    async def actions(self) -> list[str]:
        """Return the actions of the trail, without that of making the office."""
        found = sorted((await self.rows())["audit_events"], key=lambda row: row["id"])
        return [row["action"] for row in found if not row["action"].startswith(("config.", "user"))]


def principal(tenant: Tenant, role: Role, **changes: Any) -> Principal:  # noqa: ANN401 - any field
    """Return a caller."""
    made = Principal(
        tenant.user_id, tenant.workspace_id, role, None, Channel.BEARER, "a@example.com"
    )
    return replace(made, **changes)


def furnished(
    office: Office,
    url: str,
    folder: Path,
    quotas: dict[Quota, int] | None = None,
    per_minute: int = 5000,
) -> Room:
    """Return the services of an office."""
    database, clock = office.database, office.clock
    queue = TableQueue(database)
    limits = CompositionLimits(recipients_max=5, size_max_bytes=200_000, attachments_max=3)
    blobs = ObstoreBlobs.in_folder(folder)
    files = FileService(database, blobs, FileSettings(), SIGNER, clock)
    settings = MessageSettings(limits, expiry_seconds=4 * DAY, per_minute=per_minute)
    fingerprints, limiter = Fingerprints(SIGNER), MemoryLimiter()
    unsubscribing = UnsubscribeService(database, fingerprints, "https://mail.example.com", clock)
    parts = MessageParts(files, FileSettings(max_bytes=100_000), limits, unsubscribing)
    counted = QuotaService(database, limiter, quotas or {})
    taking = (parts, fingerprints, counted, limiter, settings, clock)
    return Room(
        office,
        url,
        files,
        MessageService(database, queue, *taking),
        MessageChanges(database, queue, settings, clock),
        SuppressionService(database, fingerprints, clock),
        queue,
        principal(office.tenant, Role.OWNER),
        limits,
    )


@pytest.fixture
async def office(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Office]:
    """A workspace with a shared account."""
    async with opened(storage_settings, keyring) as made:
        yield made


@pytest.fixture
def room(office: Office, database_url: str, tmp_path: Path) -> Room:
    """The services."""
    return furnished(office, database_url, tmp_path / "blobs")


# ---- taking in ---------------------------------------------------------------------------------


async def test_a_message_is_stored_whole_with_its_job(room: Room) -> None:
    """Row, recipients, sealed content, job and event come in one go; nothing else is done."""
    message = await room.send()
    assert await room.office.read(message.id) == message
    assert (message.state, message.sender) == (MessageState.QUEUED, "Ada@example.com")
    assert (message.due_at, message.expires_at) == (NOON, NOON + timedelta(days=4))
    assert [(one.address, one.name) for one in message.recipients] == [
        ("bob@example.org", "Bob"),
        ("eve@example.net", None),
    ]
    content = await room.content(message)
    assert len(content) == message.size_bytes
    read = message_from_bytes(content)
    assert (read["Message-ID"], read["From"]) == (message.message_id, "Ada <Ada@example.com>")
    assert b"eve@" not in content
    assert await room.due() == [message.id]
    assert await room.actions() == ["message.send"]
    rows = await room.rows()
    (event,) = [row for row in rows["audit_events"] if row["action"] == "message.send"]
    assert "@" not in str(event["details"])
    assert b"Hi" not in b"".join(row["ciphertext"] for row in rows["message_contents"])


async def test_a_scheduled_message_is_due_at_its_time(room: Room) -> None:
    """Its days of trying begin then; a time that is over means at once, a far one is refused."""
    later = NOON + timedelta(days=30)
    message = await room.send(send_at=later)
    assert (message.due_at, message.expires_at) == (later, later + timedelta(days=4))
    assert await room.due() == []
    room.office.clock.turn(30 * DAY)
    assert await room.due() == [message.id]
    assert (await room.send(send_at=NOON)).due_at == later
    room.office.clock.turn(-30 * DAY)
    await room.send(send_at=NOON + timedelta(days=365))
    with pytest.raises(InvalidInput) as refused:
        await room.send(send_at=NOON + timedelta(days=365, seconds=1))
    assert [issue.path for issue in refused.value.issues] == [("sendAt",)]


async def test_a_key_gives_the_first_message(room: Room) -> None:
    """The same request with the same key is one message; another request with it is refused."""
    first = await room.messages.send(room.owner, room.request(), "order 7")
    again = await room.messages.send(room.owner, room.request(), "order 7")
    assert again == first
    with pytest.raises(IdempotencyConflict):
        await room.messages.send(room.owner, room.request(subject="Other"), "order 7")
    mallory = await room.member("mallory")
    other = await room.messages.send(mallory, room.request(), "order 7")
    assert other.id != first.id
    assert len((await room.rows())["messages"]) == 2


async def test_a_key_that_comes_twice_at_once_is_one_message(room: Room) -> None:
    """Whoever is second gets what the first one stored."""
    sending = (room.messages.send(room.owner, room.request(), "k") for _ in range(5))
    found = await asyncio.gather(*sending)
    assert len({message.id for message in found}) == 1
    rows = await room.rows()
    assert (len(rows["messages"]), len(rows["outbox_jobs"])) == (1, 1)


async def test_the_key_covers_the_bytes_of_files(room: Room) -> None:
    """Another file under the same name is another request; the same one is not."""

    def wanted(data: bytes) -> SendRequest:
        upload = SentFile(data, "text/plain", "a.txt")
        return room.request(attachments=(NewAttachment(upload),))

    first = await room.messages.send(room.owner, wanted(b"one"), "k")
    assert (await room.messages.send(room.owner, wanted(b"one"), "k")).id == first.id
    with pytest.raises(IdempotencyConflict):
        await room.messages.send(room.owner, wanted(b"two"), "k")


async def test_files_go_along(room: Room) -> None:
    """One that comes with the request, and one that was stored before, under another name."""
    upload = SentFile(b"first\n", "text/plain", "a.txt")
    stored = await room.files.upload(
        room.owner, SentFile(b"second\n", "text/plain", "b.txt"), FileKind.ATTACHMENT
    )
    wanted = (NewAttachment(upload), StoredAttachment(stored.id, "c.txt"))
    read = message_from_bytes(await room.content(await room.send(attachments=wanted)))
    parts = [part for part in read.walk() if part.get_filename()]
    assert [(part.get_filename(), part.get_payload(decode=True)) for part in parts] == [
        ("a.txt", b"first\n"),
        ("c.txt", b"second\n"),
    ]


REFUSED: dict[str, tuple[dict[str, Any], type[Refusal], list[tuple[str, ...]]]] = {
    # What is wrong -> the change, the refusal, the paths.
    "no recipient": ({"to": (), "bcc": ()}, InvalidInput, [("to",)]),
    "no address": (
        {"to": (BOB, NamedAddress("nobody"))},
        InvalidInput,
        [("to", "1", "address")],
    ),
    "too many": ({"to": (BOB,) * 6}, InvalidInput, [("to",)]),
    "a line break": ({"subject": "a\r\nBcc: x@y.z"}, InvalidInput, [("subject",)]),
    "sender's name": ({"sender_name": "a\nb"}, InvalidInput, [("senderName",)]),
    "an unknown file": (
        {"attachments": (StoredAttachment(UUID(int=7)),)},
        NotFound,
        [("attachments", "0", "source", "fileId")],
    ),
    "an unknown account": ({"config_id": UUID(int=7)}, NotFound, [("configId",)]),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_leaves_nothing(room: Room, case: str) -> None:
    """Each field is named; no row changes, and a preview is refused alike."""
    changes, kind, paths = REFUSED[case]
    before = await room.rows()
    for ask in (room.messages.send, room.messages.preview):
        with pytest.raises(kind) as refused:
            await ask(room.owner, room.request(**changes))
        found = refused.value
        issues = found.issues if isinstance(found, InvalidInput) else [found]
        assert [issue.path for issue in issues if issue.path in paths] == paths
    assert await room.rows() == before


async def test_files_are_bounded(room: Room) -> None:
    """In number, each in size, and all together before they are held."""

    def files(*sizes: int) -> tuple[NewAttachment, ...]:
        made = (SentFile(b"x" * size, "text/plain") for size in sizes)
        return tuple(NewAttachment(upload) for upload in made)

    with pytest.raises(LimitExceeded) as refused:
        await room.send(attachments=files(100_001))
    assert refused.value.path == ("attachments", "0", "source", "upload")
    with pytest.raises(InvalidInput):
        await room.send(attachments=files(1, 1, 1, 1))
    given = files(90_000, 90_000, 90_000)
    with pytest.raises(InvalidInput):
        await room.send(attachments=given)
    assert (await room.rows())["messages"] == []


async def test_an_account_must_be_able_to_send(room: Room) -> None:
    """One without an outgoing server, or one that is switched off, is a rule of the form."""
    for changes in ({"outgoing": None}, {"enabled": False}):
        config_id = await room.account(None, **changes)
        with pytest.raises(InvalidInput) as refused:
            await room.send(config_id=config_id)
        assert [issue.path for issue in refused.value.issues] == [("configId",)]


async def test_who_sends_by_which_account(room: Room) -> None:
    """Members by shared and by their own; others' are not there, nor are they for viewers."""
    ann, ben = await room.member("ann"), await room.member("ben")
    own = await room.account(ann)
    viewer = await room.member("vi", Role.VIEWER)
    admin = await room.member("ada", Role.ADMIN)
    assert (await room.messages.send(ann, room.request(config_id=own))).created_by == ann.user_id
    assert (await room.messages.send(ben, room.request())).created_by == ben.user_id
    with pytest.raises(NotFound):
        await room.messages.send(ben, room.request(config_id=own))
    with pytest.raises(Forbidden):  # sees it, and is not its owner
        await room.messages.send(admin, room.request(config_id=own))
    with pytest.raises(Forbidden):
        await room.messages.send(viewer, room.request())


async def test_embed_tokens_send_nothing(room: Room) -> None:
    """Whatever scopes one had: it connects a mailbox."""
    tenant, purpose = room.office.tenant, Purpose(config_id=room.office.config_id)
    token = principal(tenant, Role.MEMBER, scopes=frozenset(Scope), purpose=purpose)
    message = await room.send()
    for asked in (
        room.messages.send(token, room.request()),
        room.messages.preview(token, room.request()),
        room.changes.cancel(token, message.id),
        room.changes.retry_many(token, MessageFilter()),
        room.changes.pause_account(token, room.office.config_id),
    ):
        with pytest.raises(Forbidden):
            await asked


async def test_a_key_reads_files_with_the_scope_for_it(room: Room) -> None:
    """Else whoever may send could read all files by sending them to themselves."""
    stored = await room.files.upload(room.owner, SentFile(b"x", "text/plain"), FileKind.ATTACHMENT)
    scopes = frozenset({Scope.MAIL_SEND})
    key = replace(room.owner, channel=Channel.API_KEY, scopes=scopes)
    wanted = room.request(attachments=(StoredAttachment(stored.id),))
    with pytest.raises(Forbidden):
        await room.messages.send(key, wanted)
    key = replace(key, scopes=scopes | {Scope.CONFIGS_READ})
    assert (await room.messages.send(key, wanted)).state is MessageState.QUEUED


async def test_suppressed_recipients_are_left_out(room: Room) -> None:
    """Whoever is on the list is marked and the rest is sent to; with nobody left it is refused."""
    await room.suppressions.add(room.owner, "EVE@example.net")
    message = await room.send()
    assert [one.state for one in message.recipients] == [
        RecipientState.WAITING,
        RecipientState.SUPPRESSED,
    ]
    await room.suppressions.add(room.owner, "bob@example.org")
    before = await room.rows()
    with pytest.raises(RecipientsSuppressed) as refused:
        await room.send(to=(NamedAddress("Bob@example.org"),))
    assert refused.value.addresses == ("Bob@example.org", "eve@example.net")
    assert await room.rows() == before


async def test_a_preview_is_what_is_sent(room: Room) -> None:
    """Byte for byte, but for what is new each time; it stores nothing and tells warnings."""
    before = await room.rows()
    found = await room.messages.preview(room.owner, room.request(subject=""))
    assert await room.rows() == before
    assert [issue.path for issue in found.issues] == [("subject",)]
    message = await room.send(subject="")
    sent = await room.content(message)
    composed = found.composed
    assert composed.message_id != message.message_id
    assert sent == composed.content.replace(
        composed.message_id.encode(), message.message_id.encode()
    )


async def test_the_quota_of_a_day(office: Office, database_url: str, tmp_path: Path) -> None:
    """What goes beyond is refused and not stored; a preview and a repetition cost nothing."""
    room = furnished(office, database_url, tmp_path / "blobs", {Quota.MESSAGES_PER_DAY: 2})
    for _ in range(3):
        await room.messages.preview(room.owner, room.request())
        await room.messages.send(room.owner, room.request(), "k")
    await room.send()
    with pytest.raises(QuotaExceeded) as refused:
        await room.send()
    assert (refused.value.quota, refused.value.limit) == (Quota.MESSAGES_PER_DAY, 2)
    assert len((await room.rows())["messages"]) == 2


async def test_the_budget_of_a_minute(office: Office, database_url: str, tmp_path: Path) -> None:
    """Of each user, previews included; before anything is looked at."""
    room = furnished(office, database_url, tmp_path / "blobs", per_minute=2)
    await room.send()
    await room.messages.preview(room.owner, room.request())
    with pytest.raises(RateLimited):
        await room.send(to=())
    await room.messages.send(await room.member("ann"), room.request())


async def test_a_fault_of_the_queue_takes_the_message_along(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message without a job: where that cannot be stored, nothing is."""

    async def broken(*_given: object) -> None:
        raise RuntimeError("the queue is gone")

    before = await room.rows()
    monkeypatch.setattr(room.queue, "enqueue", broken)
    with pytest.raises(RuntimeError):
        await room.messages.send(room.owner, room.request(), "k")
    assert await room.rows() == before


# ---- reading -----------------------------------------------------------------------------------


async def test_who_sees_which_messages(room: Room) -> None:
    """Those of the accounts that one sees, in lists, counts and one by one."""
    ann, ben = await room.member("ann"), await room.member("ben")
    own = await room.account(ann)
    private = await room.messages.send(ann, room.request(config_id=own))
    shared = await room.send()
    for who, expected in (
        (ann, [shared.id, private.id]),
        (ben, [shared.id]),
        (await room.member("ada", Role.ADMIN), [shared.id, private.id]),
        (await room.member("vi", Role.VIEWER), [shared.id]),
    ):
        page = await room.messages.page(who, MessageFilter(), PageRequest())
        assert sorted(message.id for message in page.rows) == sorted(expected)
        assert await room.messages.count(who, MessageFilter()) == len(expected)
    with pytest.raises(NotFound):
        await room.messages.get(ben, private.id)
    assert (await room.messages.get(ann, private.id)).recipients == private.recipients
    assert list(await room.messages.accounts(ben, [own, room.office.config_id])) == [
        room.office.config_id
    ]


async def test_attempts_are_told(room: Room) -> None:
    """Each with its number, end and words."""
    message = await room.send()
    await room.finish(message, MessageEvent.DEFER, code=DiagnosticCode.GREYLISTED, reply="451 no")
    (attempt,) = (await room.messages.attempts(room.owner, [message.id]))[message.id]
    assert (attempt.number, attempt.event) == (1, MessageEvent.DEFER)
    assert (attempt.code, attempt.reply) == (DiagnosticCode.GREYLISTED, "451 no")
    assert attempt.host == "smtp.x"


# ---- changing ----------------------------------------------------------------------------------


async def test_a_waiting_message_is_cancelled_once(room: Room) -> None:
    """Its job goes; a second time, and while it is sent, the state is told instead."""
    message = await room.send()
    assert (await room.changes.cancel(room.owner, message.id)).state is MessageState.CANCELLED
    assert await room.due() == []
    with pytest.raises(MessageStateConflict) as refused:
        await room.changes.cancel(room.owner, message.id)
    assert refused.value.state is MessageState.CANCELLED
    other = await room.send()
    await room.office.claim(other.id)
    with pytest.raises(MessageStateConflict) as refused:
        await room.changes.cancel(room.owner, other.id)
    assert refused.value.state is MessageState.SENDING
    assert await room.actions() == ["message.send", "message.cancel", "message.send"]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (MessageEvent.DEFER, MessageState.DEFERRED),
        (MessageEvent.REJECT, MessageState.FAILED),
    ],
    ids=["deferred", "failed"],
)
async def test_a_message_is_tried_again_at_once(
    room: Room, event: MessageEvent, state: MessageState
) -> None:
    """It is due now; what had ended gets its whole time again, whoever has it keeps it."""
    message = await room.send()
    bob, eve = message.recipients
    taken = replace(bob, state=RecipientState.ACCEPTED)
    not_taken = replace(eve, state=RecipientState.REFUSED)
    await room.finish(message, event, recipients=(taken, not_taken))
    assert await room.office.state(message.id) is state
    room.office.clock.turn(DAY / 2)
    again = await room.changes.retry(room.owner, message.id)
    now = NOON + timedelta(seconds=DAY / 2)
    assert (again.state, again.due_at) == (MessageState.QUEUED, now)
    ended = state is MessageState.FAILED
    assert again.expires_at == (now + timedelta(days=4) if ended else message.expires_at)
    assert await room.due() == [message.id]
    assert [one.state for one in again.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.WAITING if ended else RecipientState.REFUSED,
    ]


async def test_who_has_it_by_now_does_not_get_it_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is done between the look and the change: what it found out stands."""
    message = await room.send()
    bob, eve = message.recipients
    refused = replace(bob, state=RecipientState.REFUSED)
    await room.finish(message, MessageEvent.REJECT, recipients=(refused, refused))
    stale = await room.office.read(message.id)
    taken = replace(bob, state=RecipientState.ACCEPTED)
    await room.changes.retry(room.owner, message.id)
    waits = (taken, replace(eve, state=RecipientState.REFUSED))
    await room.finish(message, MessageEvent.DEFER, recipients=waits)

    async def looked_before(*_given: object) -> Message:
        return stale

    monkeypatch.setattr(room.changes, "_changeable", looked_before)
    again = await room.changes.retry(room.owner, message.id)
    assert [one.state for one in again.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.WAITING,
    ]


@pytest.mark.parametrize("event", [MessageEvent.ACCEPT, MessageEvent.DOUBT])
async def test_what_was_or_may_be_sent_is_not_tried_again(room: Room, event: MessageEvent) -> None:
    """Neither one by one nor among many; the state is told."""
    message = await room.send()
    await room.finish(message, event)
    state = await room.office.state(message.id)
    with pytest.raises(MessageStateConflict) as refused:
        await room.changes.retry(room.owner, message.id)
    assert refused.value.state is state
    assert await room.changes.retry_many(room.owner, [message.id]) == 0
    assert await room.changes.retry_many(room.owner, MessageFilter()) == 0
    assert await room.changes.retry_many(room.owner, MessageFilter(states=(state,))) == 0
    assert await room.due() == []


async def test_an_ambiguous_message_is_sent_again_on_demand(room: Room) -> None:
    """Only to those of whom nobody knows; and only by that demand."""
    message = await room.send()
    bob, eve = message.recipients
    doubted = replace(bob, state=RecipientState.AMBIGUOUS)
    not_taken = replace(eve, state=RecipientState.REFUSED)
    with pytest.raises(MessageStateConflict):
        await room.changes.retry_ambiguous(room.owner, message.id)
    await room.finish(message, MessageEvent.DOUBT, recipients=(doubted, not_taken))
    again = await room.changes.retry_ambiguous(room.owner, message.id)
    assert again.state is MessageState.QUEUED
    assert [one.state for one in again.recipients] == [
        RecipientState.WAITING,
        RecipientState.REFUSED,
    ]
    assert await room.due() == [message.id]
    assert (await room.actions())[-1] == "message.retry_ambiguous"


async def test_many_are_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call does its share, the next one the rest; the trail counts them and names none."""
    monkeypatch.setattr(messagechanges, "RETRIES_MAX", 5)
    monkeypatch.setattr(messagechanges, "_PORTION", 2)
    for _ in range(7):
        await room.changes.cancel(room.owner, (await room.send()).id)
    wanted = MessageFilter(config_ids=(room.office.config_id,))
    assert await room.changes.retry_many(room.owner, wanted) == 5
    assert await room.changes.retry_many(room.owner, wanted) == 2
    assert await room.changes.retry_many(room.owner, wanted) == 0
    assert len(await room.due()) == 7
    told = [row for row in (await room.rows())["audit_events"] if row["action"].endswith("many")]
    assert len(told) == 4  # portions of 2, 2, 1 and 2


async def test_many_are_ones_own(room: Room) -> None:
    """An administrator sees a member's messages and does not send them."""
    ann = await room.member("ann")
    admin = await room.member("ada", Role.ADMIN)
    own = await room.account(ann)
    message = await room.messages.send(ann, room.request(config_id=own))
    await room.changes.cancel(ann, message.id)
    for wanted in (MessageFilter(), [message.id], [message.id, UUID(int=7)]):
        assert await room.changes.retry_many(admin, wanted) == 0
    for change in (room.changes.cancel, room.changes.retry, room.changes.retry_ambiguous):
        with pytest.raises(Forbidden):
            await change(admin, message.id)
    assert await room.changes.retry_many(ann, [message.id, message.id]) == 1


async def test_without_content_nothing_is_tried_again(room: Room) -> None:
    """The sentence says why."""
    message = await room.send()
    await room.finish(message, MessageEvent.REJECT)
    async with room.office.database.system() as system:
        await system.messages.expire_contents(NOON + timedelta(days=99), 10)
    with pytest.raises(MessageStateConflict) as refused:
        await room.changes.retry(room.owner, message.id)
    assert refused.value.state is MessageState.FAILED
    assert refused.value.message.startswith("The content of this message was removed")


async def test_a_paused_account_goes_on_where_it_stopped(room: Room) -> None:
    """Only what the pause held is due at once; twice is once, and the trail has both."""
    config_id = room.office.config_id
    paused, limited = await room.send(), await room.send()
    for _ in range(2):
        assert (await room.changes.pause_account(room.owner, config_id)).paused_at == NOON
    await room.hold(paused, HeldFor.PAUSE)
    await room.hold(limited, HeldFor.RATE)
    assert await room.due() == []
    for _ in range(2):
        assert (await room.changes.resume_account(room.owner, config_id)).paused_at is None
    assert await room.due() == [paused.id]
    assert (await room.office.read(limited.id)).held_for is HeldFor.RATE
    async with room.office.database.work(room.owner.workspace_id) as work:
        assert (await work.pacing.lock(config_id)).paused_at is None
    assert (await room.actions())[-2:] == ["sending.pause", "sending.resume"]


async def test_who_pauses(room: Room) -> None:
    """Who may change the account: of a shared one administrators, of a member's the member."""
    ann, admin = await room.member("ann"), await room.member("ada", Role.ADMIN)
    own = await room.account(ann)
    await room.changes.pause_account(ann, own)
    await room.changes.pause_account(admin, room.office.config_id)
    for who, config_id in ((ann, room.office.config_id), (admin, own)):
        for change in (room.changes.pause_account, room.changes.resume_account):
            with pytest.raises(Forbidden):
                await change(who, config_id)
    with pytest.raises(NotFound):
        await room.changes.pause_account(await room.member("ben"), own)


async def test_the_list_is_kept_by_administrators(room: Room) -> None:
    """Added, listed and removed by them; members may not even look. The trail has digests."""
    admin, ann = await room.member("ada", Role.ADMIN), await room.member("ann")
    added = await room.suppressions.add(admin, "Bob@Example.ORG")
    assert (added.address, added.reason) == ("bob@example.org", SuppressionReason.MANUAL)
    page = await room.suppressions.page(admin, PageRequest())
    assert page.rows == (added,)
    bounced = [SuppressionReason.BOUNCE]
    assert (await room.suppressions.page(admin, PageRequest(), bounced)).rows == ()
    for asked in (
        room.suppressions.add(ann, "x@example.org"),
        room.suppressions.remove(ann, "bob@example.org"),
        room.suppressions.page(ann, PageRequest()),
    ):
        with pytest.raises(Forbidden):
            await asked
    with pytest.raises(Refusal):
        await room.suppressions.add(admin, "bob@example.org")
    assert await room.suppressions.remove(admin, "BOB@example.org") == "bob@example.org"
    with suppress(NotFound):
        await room.suppressions.remove(admin, "bob@example.org")
        raise AssertionError("it was removed before")
    assert await room.actions() == ["suppression.add", "suppression.remove"]
    assert "@" not in str([row["details"] for row in (await room.rows())["audit_events"]])
