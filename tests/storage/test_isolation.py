"""Two workspaces: for each method of each repository, the other's objects do not exist."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from kit.records import NOON, Tenant, imap, make_config, make_file, make_tenant, make_test, password
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.errors import Fault, MailconfigError, NotFound, SecretUnreadable
from mailconfig.domain.files import StoredFile
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.probes import (
    ConnectionTest,
    ProbeStep,
    StepKind,
    StepStatus,
    TestStatus,
)
from mailconfig.domain.servers import MailProtocol
from mailconfig.storage.database import Database, Work

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
    return World(owner, stranger, config, secret, key, test, file)


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
    ("audit.page", lambda w, _: w.audit.page(FIRST), EMPTY),
    ("audit.following", lambda w, _: w.audit.following(None, None, 100), []),
]
ADDING = {
    "secrets.add",
    "secrets.add_key",
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
        )
