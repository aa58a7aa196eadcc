"""After a message was sent: copies in Sent, bounces and complaints, one mailbox at a time.

The mailbox is scripted; what a real one does is in `tests/mail/test_postbox.py`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import cast
from uuid import UUID

import anyio
import pytest

from kit.outgoing import Office, opened
from kit.posting import Files, Grants, Post, Scripted, take
from kit.records import imap, make_config, password
from kit.reports import complaint, postfix, postfix_delayed
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.errors import Forbidden, NotFound
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import Message, MessageState, RecipientState
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.postbox import Bookmark, PostboxAccess, PostboxFailed, Reading, SentCopy
from mailconfig.domain.sentmail import CopyState, PostboxState, SendingOptions
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.returns import (
    SendingOptionsService,
    Visitor,
    VisitorSettings,
    VisitPolicy,
    Visits,
)
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.sealing import Keyring

BOB = "Bob@example.org"
READING = SendingOptions(read_bounces=True)


def failure(phase: Phase, text: str = "NO sorry", code: str | None = None) -> PostboxFailed:
    """Return a refusal."""
    seen = Observation(
        MailProtocol.IMAP, phase, failure=Failure.REPLY, text=text, response_code=code
    )
    return PostboxFailed(seen, text)


@dataclass
class Mailbox:
    """A mailbox in memory; `fails` raises before the named step."""

    sent: list[SentCopy] = field(default_factory=list)
    inbox: list[bytes] = field(default_factory=list)
    opened_with: list[PostboxAccess] = field(default_factory=list)
    looks: list[tuple[Bookmark | None, date]] = field(default_factory=list)
    fails: dict[str, Exception] = field(default_factory=dict)
    saving: Callable[[SentCopy], None] = lambda _: None
    at_once: int = 50

    @asynccontextmanager
    async def opened(self, access: PostboxAccess) -> AsyncIterator["Mailbox"]:
        """Open it."""
        self.opened_with.append(access)
        self._fail("open")
        yield self

    async def save(self, copy: SentCopy) -> bool:
        """Put a copy into Sent, once."""
        self._fail("save")
        self.saving(copy)
        if any(each.message_id == copy.message_id for each in self.sent):
            return False
        self.sent.append(copy)
        return True

    async def reports(self, bookmark: Bookmark | None, since: date) -> Reading:
        """Return what came after the bookmark."""
        self.looks.append((bookmark, since))
        self._fail("reports")
        begin = bookmark.last_uid if bookmark else 0
        new = self.inbox[begin : begin + self.at_once]
        last = begin + len(new)
        return Reading(tuple(new), Bookmark(1, last), last < len(self.inbox))

    def _fail(self, step: str) -> None:
        if step in self.fails:
            raise self.fails[step]


@dataclass
class Desk:
    """A post whose account has a mailbox of its own."""

    post: Post
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def office(self) -> Office:
        """The workspace with its account."""
        return self.post.office

    def visitor(self, **settings: float) -> Visitor:
        """Return a loop of its own."""
        office = self.office
        visits = Visits(
            office.database,
            self.mailbox,
            cast("GrantService", Grants()),
            cast("FileService", Files()),
            VisitPolicy(),
            office.clock,
        )
        chosen = VisitorSettings(**settings)  # type: ignore[arg-type]
        return Visitor(office.database, visits, chosen, office.clock)

    async def choose(self, options: SendingOptions) -> None:
        """Choose what is done."""
        async with self.office.database.work(self.office.tenant.workspace_id) as work:
            await work.postboxes.choose(self.office.config_id, options)

    async def sent(self, **changes: object) -> Message:
        """Send a message through the worker."""
        message = await self.post.taken_in(**changes)
        await self.post.round()
        assert await self.office.state(message.id) is MessageState.SENT
        return await self.office.read(message.id)

    async def visit(self, seconds: float = 10) -> int:
        """Let time pass, then visit what is due."""
        self.office.clock.turn(seconds)
        return await self.visitor().once()

    async def copy_of(self, message: Message) -> CopyState | None:
        """Return what became of a copy."""
        async with self.office.database.reading(message.workspace_id) as work:
            return (await work.postboxes.copies([message.id])).get(message.id)

    async def state(self) -> PostboxState:
        """Return what is kept about the mailbox."""
        async with self.office.database.reading(self.office.tenant.workspace_id) as work:
            found = await work.postboxes.state(self.office.config_id)
        assert found is not None
        return found

    async def suppressed(self) -> dict[str, SuppressionReason]:
        """Return who of the recipients is suppressed."""
        async with self.office.database.reading(self.office.tenant.workspace_id) as work:
            return await work.suppressions.among([BOB, "eve@example.net"])


@pytest.fixture
async def desk(storage_settings: StorageSettings, keyring: Keyring) -> AsyncIterator[Desk]:
    """An account with a password, at a provider that does not save sent mail."""
    async with opened(storage_settings, keyring) as office:
        async with office.database.work(office.tenant.workspace_id) as work:
            secret = await work.secrets.add("incoming", password("correct horse"))
            config = await work.configs.get(office.config_id)
            changed = replace(config, provider_id=None, incoming=imap(secret), revision=2)
            await work.configs.replace(changed, 1, None)
        yield Desk(Post(office, Scripted(take)))


# -- copies


async def test_sent_message_is_saved(desk: Desk) -> None:
    """Ten seconds after it was sent its copy is in Sent, with the Bcc, as of when it was sent."""
    message = await desk.sent()
    assert await desk.visit(9) == 0
    assert await desk.visit(1) == 1
    (copy,) = desk.mailbox.sent
    assert copy == SentCopy(
        message.message_id,
        b"Bcc: eve@example.net\r\nSubject: Hi\r\n\r\n.dot\r\n",
        message.sent_at or message.created_at,
    )
    (access,) = desk.mailbox.opened_with
    assert access.target.secret is not None
    assert access.target.secret.value.reveal() == "correct horse"
    assert desk.mailbox.looks == []
    now = desk.office.clock.now
    assert await desk.copy_of(message) == CopyState(now, now, None)
    assert await desk.office.read(message.id) == message
    assert await desk.visit(86_400) == 0


async def test_one_visit_for_many_messages(desk: Desk) -> None:
    """What was sent within ten seconds is saved over one connection."""
    for _ in range(5):
        await desk.sent()
    assert await desk.visit() == 1
    assert len(desk.mailbox.sent) == 5
    assert len(desk.mailbox.opened_with) == 1


@pytest.mark.parametrize(
    ("provider", "choice", "saved"),
    [
        (None, None, 1),
        ("gmx_de", None, 1),
        ("gmail", None, 0),
        ("microsoft365", None, 0),
        ("gmail", True, 1),
        (None, False, 0),
    ],
)
async def test_who_saves(desk: Desk, provider: str | None, choice: bool | None, saved: int) -> None:
    """Nothing is saved where the provider does so itself; what was chosen wins."""
    await desk.post.configure(provider_id=provider)
    await desk.choose(SendingOptions(save_to_sent=choice))
    message = await desk.sent()
    assert await desk.visit() == saved
    assert len(desk.mailbox.sent) == saved
    assert (await desk.copy_of(message) is not None) is bool(saved)


async def test_account_without_a_mailbox(desk: Desk) -> None:
    """An account that only sends has no Sent folder: nothing is ever opened."""
    await desk.post.configure(incoming=None)
    await desk.choose(SendingOptions(save_to_sent=True, read_bounces=True))
    await desk.sent()
    assert await desk.visit() == 0
    assert desk.mailbox.opened_with == []


async def test_failed_visit_is_made_again_later(desk: Desk) -> None:
    """After a minute, then two, then four; the message is sent all the while."""
    desk.mailbox.fails["save"] = failure(Phase.APPEND, "NO [OVERQUOTA] full", "OVERQUOTA")
    message = await desk.sent()
    assert await desk.visit() == 1
    for seconds in (60, 120):
        assert await desk.visit(seconds - 1) == 0
        assert await desk.visit(1) == 1
    state = await desk.state()
    assert (state.failures, state.reply) == (3, "NO [OVERQUOTA] full")
    assert await desk.office.state(message.id) is MessageState.SENT
    assert await desk.copy_of(message) == CopyState(None, None, None)
    del desk.mailbox.fails["save"]
    await desk.sent()  # does not bring the next visit forward
    assert await desk.visit(239) == 0
    assert await desk.visit(1) == 1
    assert len(desk.mailbox.sent) == 2
    assert (await desk.state()).failures == 0


async def test_refused_sign_in_is_not_repeated_soon(desk: Desk) -> None:
    """A wrong password is tried four times a day, until something was chosen anew."""
    desk.mailbox.fails["open"] = failure(Phase.AUTH, "NO [AUTHENTICATIONFAILED] no")
    await desk.sent()
    assert await desk.visit() == 1
    assert (await desk.state()).code is not DiagnosticCode.OK
    assert await desk.visit(6 * 3600 - 1) == 0
    assert await desk.visit(1) == 1
    desk.mailbox.fails.clear()
    await desk.choose(SendingOptions(save_to_sent=True))
    assert await desk.visit(0) == 1
    assert len(desk.mailbox.sent) == 1


async def test_copy_is_given_up(desk: Desk) -> None:
    """After three days, or at once where the server will never take it; the others go on."""
    large = await desk.sent()

    def picky(copy: SentCopy) -> None:
        if copy.message_id == large.message_id:
            raise failure(Phase.APPEND, "NO [TOOBIG] too large", "TOOBIG")

    desk.mailbox.saving = picky
    other = await desk.sent()
    assert await desk.visit() == 1
    assert [copy.message_id for copy in desk.mailbox.sent] == [other.message_id]
    now = desk.office.clock.now
    assert await desk.copy_of(large) == CopyState(None, now, "NO [TOOBIG] too large")
    desk.mailbox.fails["open"] = failure(Phase.SELECT)
    old = await desk.sent()
    assert await desk.visit() == 1
    assert await desk.visit(3 * 86_400) == 1
    copy = await desk.copy_of(old)
    assert copy is not None
    assert (copy.saved_at, copy.ended_at) == (None, desk.office.clock.now)


async def test_worker_that_dies_between_two_steps(desk: Desk) -> None:
    """The copy was put there and not written down: it is there once in the end."""
    message = await desk.sent()
    desk.office.clock.turn(10)

    class Killed(Exception):
        """The worker is gone."""

    def die(copy: SentCopy) -> None:
        desk.mailbox.sent.append(copy)
        raise Killed

    desk.mailbox.saving = die
    await desk.visitor().once()
    desk.mailbox.saving = lambda _: None
    assert await desk.visit(300) == 0  # its lease lasts
    assert await desk.visit(30) == 1
    assert len(desk.mailbox.sent) == 1
    copy = await desk.copy_of(message)
    assert copy is not None
    assert copy.saved_at is not None


async def test_two_workers_make_one_visit(desk: Desk) -> None:
    """A mailbox is opened by one of them."""
    await desk.sent()
    desk.office.clock.turn(10)
    first, second = desk.visitor(), desk.visitor()
    found: list[int] = []

    async def once(visitor: Visitor) -> None:
        found.append(await visitor.once())

    async with anyio.create_task_group() as group:
        group.start_soon(once, first)
        group.start_soon(once, second)
    assert sorted(found) == [0, 1]
    assert len(desk.mailbox.opened_with) == 1


async def test_loop_visits_until_it_is_stopped(desk: Desk) -> None:
    """The loop does by itself what `once` does."""
    await desk.sent()
    desk.office.clock.turn(10)
    saved = anyio.Event()
    desk.mailbox.saving = lambda _: saved.set()
    with anyio.fail_after(10):
        async with desk.visitor(poll_seconds=0.05).running():
            await saved.wait()


# -- reports


async def test_bounce_is_matched(desk: Desk) -> None:
    """A bounce for one of two: BOUNCED, suppressed, the message stays SENT; then the other's."""
    await desk.choose(READING)
    message = await desk.sent()
    desk.mailbox.inbox.append(postfix(message.message_id, "bob@example.org"))
    assert await desk.visit() == 1
    after = await desk.office.read(message.id)
    assert after.state is MessageState.SENT
    bob, eve = after.recipients
    assert (bob.state, bob.enhanced_code, bob.reply_code) == (RecipientState.BOUNCED, "5.1.1", 550)
    assert bob.reply == "550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown"
    assert eve.state is RecipientState.ACCEPTED
    assert await desk.suppressed() == {BOB: SuppressionReason.BOUNCE}
    desk.mailbox.inbox.append(postfix(message.message_id, "eve@example.net", "5.2.2"))
    assert await desk.visit(599) == 0
    assert await desk.visit(1) == 1
    assert await desk.office.state(message.id) is MessageState.BOUNCED
    assert await desk.suppressed() == {BOB: SuppressionReason.BOUNCE}
    (_, since), second = desk.mailbox.looks
    assert since == date(2026, 11, 15)
    assert second[0] == Bookmark(1, 1)


async def test_bounce_that_comes_twice(desk: Desk) -> None:
    """The second one changes nothing, also when the whole inbox is read anew."""
    await desk.choose(READING)
    message = await desk.sent()
    desk.mailbox.inbox += [postfix(message.message_id, "bob@example.org")] * 2
    await desk.visit()
    after = await desk.office.read(message.id)
    desk.mailbox.inbox.append(postfix(message.message_id, "bob@example.org", "5.1.2"))
    await desk.visit(600)
    assert await desk.office.read(message.id) == after


async def test_delay_is_noted(desk: Desk) -> None:
    """The server's words are kept, and nobody is suppressed."""
    await desk.choose(READING)
    message = await desk.sent()
    desk.mailbox.inbox.append(postfix_delayed(message.message_id, "bob@example.org"))
    await desk.visit()
    bob = (await desk.office.read(message.id)).recipients[0]
    assert (bob.state, bob.enhanced_code) == (RecipientState.ACCEPTED, "4.4.1")
    assert await desk.suppressed() == {}


async def test_complaint_is_matched(desk: Desk) -> None:
    """Who complains is COMPLAINED and suppressed."""
    await desk.choose(READING)
    message = await desk.sent()
    desk.mailbox.inbox.append(complaint(message.message_id, "bob@example.org"))
    await desk.visit()
    after = await desk.office.read(message.id)
    assert after.state is MessageState.SENT
    assert after.recipients[0].state is RecipientState.COMPLAINED
    assert await desk.suppressed() == {BOB: SuppressionReason.COMPLAINT}


async def test_forged_reports(desk: Desk) -> None:
    """A guessed Message-ID, another account's message, somebody who is no recipient: nothing."""
    await desk.choose(READING)
    message = await desk.sent()
    office = desk.office
    elsewhere = make_config(office.tenant, owner_id=None, email_address="else@example.com")
    async with office.database.work(office.tenant.workspace_id) as work:
        await work.configs.insert(elsewhere, None)
    others = await desk.sent(config_id=elsewhere.id)
    desk.mailbox.inbox += [
        postfix("<guess@example.com>", "bob@example.org"),
        postfix(others.message_id, "bob@example.org"),
        postfix(message.message_id, "mallory@example.org"),
        b"no report at all",
    ]
    before = [await office.read(id) for id in (message.id, others.id)]
    await desk.visit()
    assert len(desk.mailbox.looks) == 1
    assert [await office.read(id) for id in (message.id, others.id)] == before
    assert await desk.suppressed() == {}


async def test_nobody_looks_unasked(desk: Desk) -> None:
    """Without consent INBOX is not looked into, whatever is in it."""
    message = await desk.sent()
    desk.mailbox.inbox.append(postfix(message.message_id, "bob@example.org"))
    await desk.visit()
    assert desk.mailbox.looks == []
    assert await desk.visit(86_400) == 0


async def test_looking_ends_with_the_days(desk: Desk) -> None:
    """A week after the last message nobody looks any more; the next message begins it anew."""
    await desk.choose(replace(READING, save_to_sent=False))
    await desk.sent()
    looks = 0
    for _ in range(8 * 24):
        looks += await desk.visit(3600)
    assert looks == 7 * 24
    await desk.sent(expires_at=desk.office.clock.now + timedelta(days=1))
    assert await desk.visit() == 1


async def test_full_inbox_is_read_in_several_visits(desk: Desk) -> None:
    """After ten readings the visit ends, and goes on soon where it was."""
    desk.mailbox.at_once = 2
    await desk.choose(replace(READING, save_to_sent=False))
    message = await desk.sent()
    desk.mailbox.inbox += [b"no report"] * 24
    desk.mailbox.inbox.append(postfix(message.message_id, "bob@example.org"))
    assert await desk.visit() == 1
    assert len(desk.mailbox.looks) == 10
    assert await desk.visit() == 1
    assert (await desk.office.read(message.id)).recipients[0].state is RecipientState.BOUNCED
    assert (await desk.state()).bookmark == Bookmark(1, 25)


async def test_failure_keeps_what_was_done(desk: Desk) -> None:
    """A connection lost after the copies leaves them saved; they are not tried again."""
    await desk.choose(READING)
    message = await desk.sent()
    desk.mailbox.fails["reports"] = failure(Phase.FETCH)
    await desk.visit()
    copy = await desk.copy_of(message)
    assert copy is not None
    assert copy.saved_at is not None
    desk.mailbox.inbox.append(postfix(message.message_id, "bob@example.org"))
    desk.mailbox.fails.clear()
    await desk.visit(60)
    assert (await desk.office.read(message.id)).recipients[0].state is RecipientState.BOUNCED
    assert len(desk.mailbox.sent) == 1


async def test_disabled_account_is_left_alone(desk: Desk) -> None:
    """A switched-off account's mailbox is not opened, and is once it is on again."""
    await desk.sent()
    await desk.post.configure(enabled=False)
    assert await desk.visit() == 0
    await desk.post.configure(enabled=True)
    assert await desk.visit() == 1


# -- the switches


def principal(office: Office, role: Role = Role.OWNER, user_id: UUID | None = None) -> Principal:
    """Return somebody of the workspace."""
    tenant = office.tenant
    who = user_id or tenant.user_id
    return Principal(who, tenant.workspace_id, role, None, Channel.BEARER, "a@example.com")


async def test_switches(desk: Desk) -> None:
    """They are read and changed, and the change is in the trail."""
    service = SendingOptionsService(desk.office.database)
    who, config_id = principal(desk.office), desk.office.config_id
    assert (await service.of_config(who, config_id))[1] == SendingOptions()
    wanted = SendingOptions(save_to_sent=False, read_bounces=True)
    assert (await service.choose(who, config_id, wanted))[1] == wanted
    assert (await service.choose(who, config_id, wanted))[1] == wanted
    assert (await service.of_config(who, config_id))[1] == wanted
    async with desk.office.database.reading(who.workspace_id) as work:
        events = (await work.audit.page(PageRequest())).rows
    assert [(one.action, one.object_id) for one in events] == [("sending.options", config_id)]


async def test_who_may_not_switch(desk: Desk) -> None:
    """A viewer is refused; an account of nobody is not found."""
    service = SendingOptionsService(desk.office.database)
    viewer = principal(desk.office, Role.VIEWER, new_id())
    with pytest.raises(Forbidden):
        await service.choose(viewer, desk.office.config_id, READING)
    with pytest.raises(NotFound):
        await service.choose(principal(desk.office), new_id(), READING)
    async with desk.office.database.reading(viewer.workspace_id) as work:
        found = await work.postboxes.options([desk.office.config_id])
    assert found == {desk.office.config_id: SendingOptions()}
