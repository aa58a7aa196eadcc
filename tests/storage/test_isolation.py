"""Two workspaces: for each method of each repository, the other's objects do not exist."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import select

from kit.records import (
    NOON,
    Tenant,
    imap,
    make_config,
    make_file,
    make_message,
    make_sender,
    make_tenant,
    make_test,
    password,
)
from mailconfig.domain.apikeys import ApiKey
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import Fault, MailconfigError, NotFound, SecretUnreadable
from mailconfig.domain.files import StoredFile
from mailconfig.domain.identity import Role, Scope
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import Authorization, GrantStatus, MailboxGrant, pointer_id
from mailconfig.domain.messages import (
    HeldFor,
    Message,
    MessageEvent,
    MessageFilter,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.outbox import job_of
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.probes import (
    ConnectionTest,
    ProbeStep,
    StepKind,
    StepStatus,
    TestStatus,
)
from mailconfig.domain.secrets import Secret
from mailconfig.domain.senders import SenderIdentity
from mailconfig.domain.sending import Limit, Outcome, Unit
from mailconfig.domain.sending.accounts import AccountHold
from mailconfig.domain.sentmail import PostboxState, SendingOptions
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.domain.workspaces import Invitation, Quota
from mailconfig.storage.database import Database, Work
from mailconfig.storage.exports import NOUNS, Rows
from mailconfig.storage.messages import Change
from mailconfig.storage.tables import (
    outbox_jobs,
    postboxes,
    sender_identities,
    sending_accounts,
    sending_counts,
    sending_options,
    sent_copies,
)

ALL = Visibility(everything=True)
FIRST = PageRequest()
STEP = ProbeStep(MailProtocol.IMAP, StepKind.CONNECT, StepStatus.PASSED)
EMPTY: Page[object] = Page((), (), has_next=False, has_previous=False)


@dataclass(frozen=True, slots=True)
class World:
    """What the first workspace owns, and a stranger in another one."""

    owner: Tenant
    stranger: Tenant
    config: EmailConfig
    secret: UUID
    data_key: UUID
    test: ConnectionTest
    file: StoredFile
    grant: MailboxGrant
    message: Message
    """Being sent: attempt 1."""
    waiting: Message
    sender: SenderIdentity


KEY = new_id()
INVITED = new_id()
CONFIG_ROWS = next(noun for noun in NOUNS if noun.name == "configs")


def make_invitation(tenant: Tenant) -> Invitation:
    """Return an invitation to a workspace."""
    made = (INVITED, tenant.workspace_id, "new@example.com", Role.MEMBER, tenant.user_id)
    return Invitation(*made, NOON, NOON.replace(year=2100))


def make_key(tenant: Tenant) -> ApiKey:
    """Return a key of a workspace."""
    scopes = frozenset({Scope.AUDIT_READ})
    made = (KEY, tenant.workspace_id, tenant.user_id, "k", "mck_", Role.ADMIN, scopes, NOON)
    return ApiKey(*made, None, None, None)


@pytest.fixture
async def world(database: Database) -> World:
    """One of everything, in one of two workspaces."""
    owner, stranger = await make_tenant(database, "owner"), await make_tenant(database, "stranger")
    async with database.work(owner.workspace_id) as work:
        secret = await work.secrets.add("incoming", password("p"))
        key = await work.secrets.add_key("file", bytes(32))
        config = make_config(owner, incoming=imap(secret), external_id="crm-1")
        await work.configs.insert(config, None)
        test = make_test(owner, config.id, deadline_at=NOON.replace(year=2100))
        await work.probes.insert(test, "p", NOON)
        file = make_file(owner, config.id)
        await work.files.insert(file, "blob", key)
        await work.idempotency.put(owner.user_id, "submit", "key", "digest", config.id)
        await work.audit.append(owner.user_id, "made", "config", config.id, {})
        grant = make_grant(owner)
        await work.grants.insert(grant, TOKENS)
        grant = await work.grants.get(grant.id)
        await work.grants.begin(make_flow(owner), "digest")
        await work.oauth_clients.put("gmail", "client", Secret("s"))
        await work.api_keys.insert(make_key(owner), "digest of a key")
        await work.invitations.insert(make_invitation(owner), "digest of an invitation")
        sent, waiting = make_message(owner, config.id), make_message(owner, config.id)
        await work.messages.add(sent)
        await work.messages.add(waiting)
        # Years to go, by the clock of whoever runs the tests.
        end = NOON.replace(year=2100)
        assert await work.messages.apply(
            sent.message.id, Change(MessageEvent.HOLD, expires_at=end, held_for=HeldFor.PAUSE)
        )
        message = await work.sending.claim(sent.message.id, "p", end)
        assert message is not None
        await work.suppressions.add(SUPPRESSED)
        await work.jobs.put(job_of(message), NOON, print)
        await work.pacing.lock(config.id)
        await work.pacing.hold(config.id, HOLD)
        await work.pacing.count(config.id, [LIMIT], 1)
        sender = make_sender(config.id, is_default=True)
        await work.senders.add(sender)
        await work.postboxes.choose(config.id, SendingOptions(save_to_sent=True, read_bounces=True))
        await work.postboxes.note_sent(config.id, message.id, NOON, save=True, read=True)
    async with database.system() as system:
        assert len(await system.postboxes.claim("p", 9, end)) == 1
    mail = (message, waiting.message, sender)
    return World(owner, stranger, config, secret, key, test, file, grant, *mail)


SUPPRESSED = Suppression(new_id(), "no@example.com", SuppressionReason.MANUAL, None, NOON)
BOUNCED = Recipient("bob@example.org", RecipientKind.TO, state=RecipientState.BOUNCED)
CANCELLED = Change(MessageEvent.CANCEL)
HOLD = AccountHold(HeldFor.ACCOUNT, DiagnosticCode.AUTH_BAD_CREDENTIALS, None, 1, None)
LIMIT = Limit(Unit.MESSAGES, 10, 60 * 10**8)
"""Its slots are years."""
SENT = Outcome(MessageEvent.ACCEPT, DiagnosticCode.OK, ())


TOKENS = TokenAnswer(Secret("access"), 3600, Secret("refresh"))


def make_grant(tenant: Tenant) -> MailboxGrant:
    """Return a grant that is not stored yet."""
    return MailboxGrant(
        id=new_id(),
        user_id=tenant.user_id,
        provider_id="gmail",
        client_id="client",
        address=None,
        scopes=("mail",),
        status=GrantStatus.ACTIVE,
        failure=None,
        failed_at=None,
        created_at=NOON,
        refreshed_at=None,
        refresh_secret_id=None,
        access_secret_id=None,
        access_expires_at=None,
    )


def make_flow(tenant: Tenant) -> Authorization:
    """Return a flow that is not stored yet."""
    user, end = tenant.user_id, NOON.replace(year=2100)
    return Authorization(new_id(), user, "binding", "gmail", None, None, "https://x", end)


Call = Callable[[Work, World], Awaitable[object]]
CASES: list[tuple[str, Call, object]] = [
    ("configs.get", lambda w, x: w.configs.get(x.config.id), NotFound),
    (
        "configs.replace",
        lambda w, x: w.configs.replace(replace(x.config, incoming=None), 1, None),
        NotFound,
    ),
    (
        "configs.find_by_address",
        lambda w, x: w.configs.find_by_address(x.owner.user_id, x.config.email_address),
        None,
    ),
    ("configs.find_by_external_id", lambda w, _: w.configs.find_by_external_id("crm-1"), None),
    (
        "configs.set_test_result",
        lambda w, x: w.configs.set_test_result(x.config.id, 1, ConfigStatus.FAILING, new_id()),
        False,
    ),
    ("configs.delete", lambda w, x: w.configs.delete(x.config.id), NotFound),
    (
        "configs.page",
        lambda w, _: w.configs.page(
            ConfigFilter(), ALL, ConfigOrderField.NAME, OrderDirection.ASC, FIRST
        ),
        EMPTY,
    ),
    ("configs.count", lambda w, _: w.configs.count(ConfigFilter(), ALL), 0),
    ("configs.version", lambda w, x: w.configs.version(x.config.id, 1), NotFound),
    ("configs.versions", lambda w, x: w.configs.versions(x.config.id, FIRST), EMPTY),
    # A configuration of the stranger's own cannot name the owner's secret.
    (
        "configs.insert",
        lambda w, x: w.configs.insert(make_config(x.stranger, incoming=imap(x.secret)), None),
        Fault,
    ),
    ("secrets.open", lambda w, x: w.secrets.open(x.secret, "incoming"), SecretUnreadable),
    ("secrets.open_key", lambda w, x: w.secrets.open_key(x.data_key, "file"), SecretUnreadable),
    ("secrets.delete", lambda w, x: w.secrets.delete([x.secret, x.data_key]), None),
    ("secrets.delete_unused", lambda w, x: w.secrets.delete_unused([x.secret]), None),
    ("probes.get", lambda w, x: w.probes.get(x.test.id), NotFound),
    ("probes.save_steps", lambda w, x: w.probes.save_steps([(x.test.id, STEP)]), None),
    ("probes.start", lambda w, x: w.probes.start(x.test.id), False),
    (
        "probes.finish",
        lambda w, x: w.probes.finish(replace(x.test, status=TestStatus.PASSED, steps=(STEP,))),
        False,
    ),
    ("probes.page", lambda w, x: w.probes.page(x.config.id, FIRST), EMPTY),
    ("probes.count", lambda w, x: w.probes.count(x.config.id), 0),
    ("probes.latest", lambda w, x: w.probes.latest([x.config.id]), {}),
    ("probes.prune", lambda w, x: w.probes.prune(x.config.id, 0), 0),
    ("probes.request_cancel", lambda w, x: w.probes.request_cancel(x.test.id), False),
    ("probes.cancel_requested", lambda w, x: w.probes.cancel_requested([x.test.id]), set()),
    # A test of the stranger's own cannot name the owner's configuration.
    (
        "probes.insert",
        lambda w, x: w.probes.insert(make_test(x.stranger, x.config.id), "p", NOON),
        Fault,
    ),
    ("files.get", lambda w, x: w.files.get(x.file.id), NotFound),
    ("files.blob", lambda w, x: w.files.blob(x.file.id), NotFound),
    ("files.of_config", lambda w, x: w.files.of_config(x.config.id), ()),
    (
        "files.of_configs",
        lambda w, x: w.files.of_configs([x.config.id]),
        {"config": ()},  # the id is filled in below
    ),
    ("files.attach", lambda w, x: w.files.attach([x.file.id], x.config.id), NotFound),
    ("files.delete", lambda w, x: w.files.delete(x.file.id), NotFound),
    ("files.count", lambda w, x: w.files.count(x.config.id), 0),
    # A file of the stranger's own cannot name the owner's data key.
    (
        "files.insert",
        lambda w, x: w.files.insert(make_file(x.stranger), "other", x.data_key),
        Fault,
    ),
    (
        "idempotency.find",
        lambda w, x: w.idempotency.find(x.owner.user_id, "submit", "key"),
        None,
    ),
    ("grants.get", lambda w, x: w.grants.get(x.grant.id), NotFound),
    ("grants.take", lambda w, _: w.grants.take("digest"), None),
    ("grants.renew", lambda w, x: w.grants.renew(x.grant, TOKENS), NotFound),
    ("grants.held", lambda w, _: w.grants.held(10), []),
    ("grants.claim", lambda w, x: w.grants.claim(x.grant, "p", NOON), False),
    ("grants.refreshed", lambda w, x: w.grants.refreshed(x.grant, TOKENS), False),
    (
        "grants.failed",
        lambda w, x: w.grants.failed(x.grant, "p", "OAUTH_REAUTH", GrantStatus.EXPIRED),
        None,
    ),
    (
        "grants.spent",
        lambda w, x: w.grants.spent(x.grant.id, NOON.replace(year=2100), NOON),
        None,
    ),
    ("grants.revoke", lambda w, x: w.grants.revoke(x.grant.id), NotFound),
    ("grants.delete", lambda w, x: w.grants.delete(x.grant.id), NotFound),
    ("grants.of_config", lambda w, x: w.grants.of_config(x.config.id), frozenset()),
    (
        "grants.referred",
        lambda w, x: w.grants.referred(pointer_id(x.grant.id, "incoming"), "incoming"),
        None,
    ),
    ("grants.is_used", lambda w, x: w.grants.is_used(x.grant.id), False),
    ("oauth_clients.all", lambda w, _: w.oauth_clients.all(), ()),
    ("oauth_clients.find", lambda w, _: w.oauth_clients.find(["gmail"]), ()),
    ("oauth_clients.delete", lambda w, _: w.oauth_clients.delete("gmail"), None),
    ("workspaces.member", lambda w, x: w.workspaces.member(x.owner.user_id), NotFound),
    (
        "workspaces.has_member_of",
        lambda w, _: w.workspaces.has_member_of("owner@example.com"),
        False,
    ),
    # The stranger is the only owner of their own.
    ("workspaces.other_owners", lambda w, x: w.workspaces.other_owners(x.owner.user_id), 1),
    ("workspaces.successor", lambda w, x: w.workspaces.successor(x.stranger.user_id), None),
    (
        "workspaces.set_role",
        lambda w, x: w.workspaces.set_role(x.owner.user_id, Role.VIEWER),
        NotFound,
    ),
    (
        "workspaces.remove_member",
        lambda w, x: w.workspaces.remove_member(x.owner.user_id),
        NotFound,
    ),
    (
        "workspaces.end_sessions",
        lambda w, x: w.workspaces.end_sessions(NOON, x.owner.user_id),
        (),
    ),
    ("workspaces.configs_of", lambda w, x: w.workspaces.configs_of(x.owner.user_id), []),
    ("workspaces.uploads_of", lambda w, x: w.workspaces.uploads_of(x.owner.user_id), []),
    ("workspaces.grants_of", lambda w, x: w.workspaces.grants_of(x.owner.user_id), []),
    (
        "workspaces.hand_over",
        lambda w, x: w.workspaces.hand_over(x.owner.user_id, x.stranger.user_id),
        None,
    ),
    (
        "workspaces.hand_over_files",
        lambda w, x: w.workspaces.hand_over_files(x.owner.user_id, x.stranger.user_id),
        None,
    ),
    ("invitations.open_of", lambda w, _: w.invitations.open_of("new@example.com"), None),
    ("invitations.get", lambda w, _: w.invitations.get(INVITED), NotFound),
    ("invitations.end", lambda w, _: w.invitations.end(INVITED), NotFound),
    ("invitations.end_of", lambda w, x: w.invitations.end_of(x.owner.user_id, [*Role]), 0),
    ("invitations.page", lambda w, _: w.invitations.page(FIRST), EMPTY),
    ("quotas.used", lambda w, _: w.quotas.used(Quota.CONFIGS), 0),
    ("exports.rows", lambda w, _: w.exports.rows(CONFIG_ROWS, None, 9), Rows([], None)),
    ("api_keys.get", lambda w, _: w.api_keys.get(KEY), NotFound),
    ("api_keys.count_live", lambda w, _: w.api_keys.count_live(NOON), 0),
    ("api_keys.page", lambda w, _: w.api_keys.page(FIRST, None), EMPTY),
    ("api_keys.revoke", lambda w, _: w.api_keys.revoke(KEY, NOON), False),
    ("api_keys.touch", lambda w, _: w.api_keys.touch(KEY, NOON, NOON), None),
    ("subjects.find", lambda w, _: w.subjects.find("digest"), None),
    ("subjects.role", lambda w, x: w.subjects.role(x.owner.user_id), None),
    ("subjects.set_role", lambda w, x: w.subjects.set_role(x.owner.user_id, Role.VIEWER), False),
    # The owner is no user of the host application, whose addresses are the only ones that change.
    ("subjects.set_email", lambda w, x: w.subjects.set_email(x.owner.user_id, "a@b.test"), None),
    ("messages.get", lambda w, x: w.messages.get(x.message.id), NotFound),
    ("messages.several", lambda w, x: w.messages.several([x.message.id]), ()),
    ("messages.content", lambda w, x: w.messages.content(x.message.id), NotFound),
    ("messages.apply", lambda w, x: w.messages.apply(x.waiting.id, CANCELLED), False),
    (
        "messages.mark_recipient",
        lambda w, x: w.messages.mark_recipient(x.waiting.id, BOUNCED, [*RecipientState]),
        False,
    ),
    ("messages.revive", lambda w, x: w.messages.revive(x.waiting.id, [*RecipientState]), None),
    ("messages.attempts", lambda w, x: w.messages.attempts([x.message.id]), {"message": ()}),
    ("messages.find_by_header", lambda w, x: w.messages.find_by_header(x.message.message_id), None),
    ("messages.page", lambda w, _: w.messages.page(MessageFilter(), ALL, FIRST), EMPTY),
    ("messages.count", lambda w, _: w.messages.count(MessageFilter(), ALL), 0),
    # A message of the stranger's own cannot name the owner's account.
    ("messages.add", lambda w, x: w.messages.add(make_message(x.stranger, x.config.id)), Fault),
    ("sending.claim", lambda w, x: w.sending.claim(x.waiting.id, "q", NOON), None),
    ("sending.commit", lambda w, x: w.sending.commit(x.message.id, 1), False),
    ("sending.finish", lambda w, x: w.sending.finish(x.message.id, 1, SENT), False),
    ("sending.release", lambda w, x: w.sending.release(x.message.id, 1), False),
    ("sending.expire", lambda w, x: w.sending.expire(x.waiting.id), False),
    ("sending.recover", lambda w, x: w.sending.recover(x.message.id), None),
    ("suppressions.among", lambda w, _: w.suppressions.among(["no@example.com"]), {}),
    ("suppressions.remove", lambda w, _: w.suppressions.remove("no@example.com"), False),
    ("suppressions.page", lambda w, _: w.suppressions.page(FIRST), EMPTY),
    # The job of the owner's message does not become the stranger's.
    ("jobs.put", lambda w, x: w.jobs.put(job_of(x.message), NOON, print), None),
    ("jobs.remove", lambda w, x: w.jobs.remove([x.message.id]), 0),
    ("pacing.lock", lambda w, x: w.pacing.lock(x.config.id), NotFound),
    ("pacing.used", lambda w, x: w.pacing.used(x.config.id, LIMIT), ()),
    ("pacing.count", lambda w, x: w.pacing.count(x.config.id, [LIMIT], 1), None),
    ("pacing.uncount", lambda w, x: w.pacing.uncount(x.config.id, [LIMIT], 1, NOON), None),
    ("pacing.hold", lambda w, x: w.pacing.hold(x.config.id, None), None),
    ("pacing.pause", lambda w, x: w.pacing.pause(x.config.id, NOON), None),
    (
        "postboxes.options",
        lambda w, x: w.postboxes.options([x.config.id]),
        {"config": SendingOptions()},
    ),
    ("postboxes.choose", lambda w, x: w.postboxes.choose(x.config.id, SendingOptions()), None),
    (
        "postboxes.note_sent",
        lambda w, x: w.postboxes.note_sent(x.config.id, x.waiting.id, NOON, save=True, read=True),
        Fault,
    ),
    ("postboxes.open_copies", lambda w, x: w.postboxes.open_copies(x.config.id, 9), []),
    (
        "postboxes.end_copy",
        lambda w, x: w.postboxes.end_copy(x.message.id, saved=True),
        False,
    ),
    (
        "postboxes.give_up_copies",
        lambda w, x: w.postboxes.give_up_copies(x.config.id, NOON.replace(year=2100)),
        0,
    ),
    ("postboxes.copies", lambda w, x: w.postboxes.copies([x.message.id]), {}),
    ("postboxes.state", lambda w, x: w.postboxes.state(x.config.id), None),
    (
        "postboxes.end_visit",
        lambda w, x: w.postboxes.end_visit(x.config.id, "p", PostboxState(NOON), None, NOON),
        False,
    ),
    ("senders.lock", lambda w, x: w.senders.lock(x.config.id), NotFound),
    # An identity of the stranger's own cannot name the owner's account.
    ("senders.add", lambda w, x: w.senders.add(make_sender(x.config.id)), Fault),
    ("senders.update", lambda w, x: w.senders.update(replace(x.sender, name="Eve")), NotFound),
    ("senders.remove", lambda w, x: w.senders.remove(x.sender.id), NotFound),
    ("senders.get", lambda w, x: w.senders.get(x.sender.id), NotFound),
    ("senders.default_of", lambda w, x: w.senders.default_of(x.config.id), None),
    ("senders.of_configs", lambda w, x: w.senders.of_configs([x.config.id]), {"config": ()}),
    ("audit.page", lambda w, _: w.audit.page(FIRST), EMPTY),
    ("audit.following", lambda w, _: w.audit.following(None, None, 100), []),
]
ADDING = {
    # Of this one workspace.
    "workspaces.lock",
    "workspaces.get",
    "workspaces.rename",
    "workspaces.members",
    "quotas.limits",
    "quotas.set",
    "invitations.insert",
    "unsubscribe_links.insert",
    "suppressions.add",
    "secrets.add",
    "secrets.add_as",
    "secrets.add_key",
    "api_keys.insert",
    "subjects.create",
    "subjects.join",
    "grants.begin",
    "grants.insert",
    "oauth_clients.put",
    "secrets.insert",
    "idempotency.put",
    "audit.append",
    "audit.append_where_known",
}
"""Methods that name no object: they write into the workspace of the transaction."""


def test_every_method_has_a_case(database: Database) -> None:
    """A method that is added to a repository must be added here."""
    work = Work(None, new_id(), None, database._settings)  # type: ignore[arg-type]
    methods = {
        f"{name}.{method}"
        for name, repository in vars(work).items()
        if name != "workspace_id"
        for method, _ in inspect.getmembers(repository, inspect.ismethod)
        if not method.startswith("_")
    }
    assert methods == {name for name, _, _ in CASES} | ADDING


@pytest.mark.parametrize(
    ("call", "outcome"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
async def test_a_stranger_finds_and_changes_nothing(
    database: Database, world: World, call: Call, outcome: object
) -> None:
    """The call gives what it gives for an unknown id, and the owner's things are as before."""
    before = await snapshot(database, world)
    if outcome == {"config": ()}:
        outcome = {world.config.id: ()}
    if outcome == {"config": SendingOptions()}:
        outcome = {world.config.id: SendingOptions()}
    if outcome == {"message": ()}:
        outcome = {world.message.id: ()}
    if isinstance(outcome, type) and issubclass(outcome, MailconfigError):
        with pytest.raises(outcome):
            async with database.work(world.stranger.workspace_id) as work:
                await call(work, world)
    else:
        async with database.work(world.stranger.workspace_id) as work:
            assert await call(work, world) == outcome
    assert await snapshot(database, world) == before


async def test_a_row_goes_where_the_transaction_is(database: Database, world: World) -> None:
    """A value that names the owner's workspace is stored in the stranger's own."""
    config = make_config(world.owner, owner_id=None)
    async with database.work(world.stranger.workspace_id) as work:
        await work.configs.insert(config, None)
    before = await snapshot(database, world)
    assert config.id not in before[0]
    async with database.reading(world.stranger.workspace_id) as work:
        assert (await work.configs.get(config.id)).workspace_id == world.stranger.workspace_id


_PLAIN = (
    outbox_jobs,
    sending_accounts,
    sending_counts,
    sending_options,
    postboxes,
    sent_copies,
    sender_identities,
)


async def snapshot(database: Database, world: World) -> tuple[object, ...]:
    """Return all that the owner has."""
    async with database.reading(world.owner.workspace_id) as work:
        page = await work.configs.page(
            ConfigFilter(), ALL, ConfigOrderField.NAME, OrderDirection.ASC, FIRST
        )
        return (
            {row.id: row for row in page.rows},
            await work.configs.versions(world.config.id, FIRST),
            await work.secrets.open(world.secret, "incoming"),
            await work.secrets.open_key(world.data_key, "file"),
            await work.probes.get(world.test.id),
            await work.probes.cancel_requested([world.test.id]),
            await work.files.get(world.file.id),
            await work.files.blob(world.file.id),
            await work.idempotency.find(world.owner.user_id, "submit", "key"),
            await work.audit.page(FIRST),
            await work.invitations.page(FIRST),
            await work.workspaces.members(FIRST),
            await work.messages.several([world.message.id, world.waiting.id]),
            await work.messages.attempts([world.message.id, world.waiting.id]),
            await work.messages.content(world.message.id),
            await work.suppressions.page(FIRST),
            *[await work.jobs._transaction.all(select(table)) for table in _PLAIN],
        )
