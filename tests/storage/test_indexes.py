"""Query plans on both engines: no list and no filter reads a whole table or sorts it.

The statements are taken from the repositories as they run, so a new condition is judged as well.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from kit.records import NOON, Tenant, make_config, make_tenant
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    Visibility,
)
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import (
    MessageEvent,
    MessageFilter,
    MessageState,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.pages import Keyset, OrderDirection, PageRequest
from mailconfig.domain.sentmail import PostboxState
from mailconfig.domain.servers import TransportSecurity
from mailconfig.storage.database import Database, StorageSettings, Work
from mailconfig.storage.identity import IdentityRepository
from mailconfig.storage.messages import Change
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.outbox_postgresql import PostgresQueue
from mailconfig.storage.resealing import SealedAnew
from mailconfig.storage.sealing import Sealed
from mailconfig.storage.system import SystemRepository
from mailconfig.storage.tables import metadata, secrets

ALL = Visibility(everything=True)
OWN = Visibility(everything=False, owner_id=UUID(int=7))
ID = UUID(int=9)
ANEW = SealedAnew(secrets, ID, b"old", Sealed("first", b"new"))
PLANNER = ("enable_seqscan", "enable_sort", "enable_bitmapscan")
"""Switched off, PostgreSQL still reads whole tables and sorts, but only where it must."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the engine means to carry a statement out."""

    text: str
    scans: bool
    """Whether it reads a whole table."""
    sorts: bool


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with one configuration."""
    made = await make_tenant(database, "acme")
    async with database.work(made.workspace_id) as work:
        await work.configs.insert(make_config(made), None)
    return made


@contextmanager
def recorded(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that the writing engine carries out."""
    found: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        found.append((statement, parameters))

    engine = database._engines.writing.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


async def explain(connection: AsyncConnection, statement: str, parameters: object) -> Plan:
    """Ask the engine for its plan."""
    if connection.dialect.name == "sqlite":
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row.detail for row in rows]
        whole = {f"SCAN {name}" for name in metadata.tables}
        scans = any(" ".join(step.split()[:2]) in whole for step in steps)
        return Plan("; ".join(steps), scans, any("ORDER BY" in step for step in steps))
    for switch in PLANNER:
        await connection.exec_driver_sql(f"SET LOCAL {switch} = off")
    result = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    shown = result.scalar_one()
    text = shown if isinstance(shown, str) else json.dumps(shown)
    return Plan(text, '"Seq Scan"' in text, '"Sort"' in text)


async def plans(
    database: Database, tenant: Tenant, call: Callable[[Work], Awaitable[object]]
) -> list[Plan]:
    """Carry a call out and return the plan of each of its statements."""
    async with database.work(tenant.workspace_id) as work:
        with recorded(database) as statements:
            await call(work)
        assert statements
        connection = work.configs._transaction._connection
        return [await explain(connection, *each) for each in statements]


FILTERS = [
    pytest.param(ConfigFilter(), None, id="none"),
    pytest.param(ConfigFilter(search="ada"), None, id="search"),
    pytest.param(ConfigFilter(provider_ids=("gmail", "gmx")), "provider_id", id="provider"),
    pytest.param(ConfigFilter(statuses=(ConfigStatus.FAILING,)), "status", id="status"),
    pytest.param(ConfigFilter(security=(TransportSecurity.TLS,)), None, id="security"),
    pytest.param(ConfigFilter(enabled=True), None, id="enabled"),
    pytest.param(ConfigFilter(external_id="crm-7"), "external_id", id="external"),
    pytest.param(ConfigFilter(shared=True), "owner_id|uq_configs_shared_address", id="shared"),
    pytest.param(ConfigFilter(shared=False), None, id="owned"),
    pytest.param(ConfigFilter(updated_from=NOON, updated_before=NOON), "updated_at", id="updated"),
]
SORT_VALUES = {
    ConfigOrderField.CREATED_AT: NOON.isoformat(),
    ConfigOrderField.UPDATED_AT: NOON.isoformat(),
    ConfigOrderField.NAME: "work",
    ConfigOrderField.EMAIL_ADDRESS: "ada@example.com",
}


def may_sort(filter: ConfigFilter, field: ConfigOrderField) -> bool:
    """Tell whether it is wiser to sort the few rows that a filter's own index gives."""
    ranged = filter.updated_from is not None and field is not ConfigOrderField.UPDATED_AT
    return ranged or filter.external_id is not None


@pytest.mark.parametrize(("filter", "_column"), FILTERS)
@pytest.mark.parametrize("visibility", [ALL, OWN], ids=["all", "own"])
async def test_every_list_follows_an_index(
    database: Database,
    tenant: Tenant,
    filter: ConfigFilter,
    visibility: Visibility,
    _column: str | None,
) -> None:
    """In each order and direction, at each place, rows come from an index in their order."""
    for field in ConfigOrderField:
        place = Keyset(SORT_VALUES[field], str(ID))
        for direction in OrderDirection:
            for request in (
                PageRequest(),
                PageRequest(backward=True),
                PageRequest(after=place, before=place),
            ):
                for plan in await plans(
                    database,
                    tenant,
                    lambda work: work.configs.page(filter, visibility, field, direction, request),  # noqa: B023
                ):
                    assert not plan.scans, plan.text
                    assert may_sort(filter, field) or not plan.sorts, plan.text


@pytest.mark.parametrize(("filter", "column"), FILTERS)
async def test_every_filter_has_an_index(
    database: Database, tenant: Tenant, filter: ConfigFilter, column: str | None
) -> None:
    """Counting uses the index of the filter's own column where one value rules most rows out."""
    (plan,) = await plans(database, tenant, lambda work: work.configs.count(filter, ALL))
    assert not plan.scans, plan.text
    assert "workspace_id" in plan.text
    if column is not None:
        assert any(name in plan.text for name in column.split("|")), plan.text


BOUNCED = Recipient("a@example.com", RecipientKind.TO, state=RecipientState.BOUNCED)
LOOKUPS: list[Callable[[Work], Awaitable[object]]] = [
    lambda work: work.configs.find_by_address(ID, "a@example.com"),
    lambda work: work.configs.find_by_address(None, "a@example.com"),
    lambda work: work.configs.find_by_external_id("crm-7"),
    lambda work: work.configs.versions(ID, PageRequest()),
    lambda work: work.configs.versions(ID, PageRequest(after=Keyset("7", str(ID)))),
    lambda work: work.probes.page(ID, PageRequest(before=Keyset(NOON.isoformat(), str(ID)))),
    lambda work: work.probes.count(ID),
    lambda work: work.probes.latest([ID, new_id()]),
    lambda work: work.probes.prune(ID, 20),
    lambda work: work.probes.cancel_requested([ID]),
    lambda work: work.files.of_config(ID),
    lambda work: work.files.count(ID),
    lambda work: work.audit.page(PageRequest(after=Keyset(NOON.isoformat(), str(ID)))),
    lambda work: work.idempotency.find(ID, "submit", "key"),
    lambda work: work.secrets.delete_unused([ID]),
    lambda work: work.messages.several([ID]),
    lambda work: work.messages.attempts([ID]),
    lambda work: work.messages.find_by_header("<a@b>"),
    lambda work: work.messages.page(MessageFilter(), ALL, PageRequest()),
    lambda work: work.messages.page(MessageFilter(), OWN, PageRequest(backward=True)),
    lambda work: work.messages.page(
        MessageFilter(config_ids=(ID,)),
        ALL,
        PageRequest(after=Keyset(NOON.isoformat(), str(ID))),
    ),
    lambda work: work.messages.page(
        MessageFilter(states=(MessageState.HELD,), created_from=NOON), ALL, PageRequest()
    ),
    lambda work: work.messages.apply(ID, Change(MessageEvent.CANCEL)),
    lambda work: work.messages.mark_recipient(ID, BOUNCED, [RecipientState.ACCEPTED]),
    lambda work: work.sending.claim(ID, "worker", NOON),
    lambda work: work.sending.commit(ID, 1),
    lambda work: work.sending.recover(ID),
    lambda work: work.senders.default_of(ID),
    lambda work: work.senders.of_configs([ID]),
    lambda work: work.suppressions.among(["a@example.com"]),
    lambda work: work.suppressions.page(PageRequest()),
    lambda work: work.jobs.remove([ID]),
    lambda work: work.postboxes.options([ID]),
    lambda work: work.postboxes.open_copies(ID, 10),
    lambda work: work.postboxes.end_copy(ID, saved=True),
    lambda work: work.postboxes.give_up_copies(ID, NOON),
    lambda work: work.postboxes.copies([ID]),
    lambda work: work.postboxes.state(ID),
    lambda work: work.postboxes.end_visit(ID, "worker", PostboxState(NOON), NOON, NOON),
]


@pytest.mark.parametrize("call", LOOKUPS)
async def test_every_lookup_uses_an_index(
    database: Database, tenant: Tenant, call: Callable[[Work], Awaitable[object]]
) -> None:
    """Searches and the lists of all other nouns read no whole table and sort nothing."""
    for plan in await plans(database, tenant, call):
        assert not plan.scans, plan.text
        assert not plan.sorts, plan.text


IDENTITY: list[Callable[[IdentityRepository], Awaitable[object]]] = [
    lambda identity: identity.workspace_by_slug("acme"),
    lambda identity: identity.user_by_email("a@example.com"),
    lambda identity: identity.user(ID),
    lambda identity: identity.role_of(ID, ID),
    lambda identity: identity.memberships(ID),
    lambda identity: identity.session(ID),
    lambda identity: identity.session_by_token("digest"),
]
SYSTEM: list[Callable[[SystemRepository], Awaitable[object]]] = [
    lambda system: system.expired_files(NOON, 10),
    lambda system: system.delete_files([ID]),
    lambda system: system.sealed.under_other_keys("first"),
    lambda system: system.sealed.read(10, after=ID),
    lambda system: system.sealed.replace([ANEW]),
    lambda system: system.expire_idempotency(NOON),
    lambda system: system.expire_sessions(NOON),
    lambda system: system.expire_draft_tests(NOON),
    lambda system: system.idle_grants(NOON, NOON, 10),
    lambda system: system.messages.prolong("worker", [ID], NOON),
    lambda system: system.messages.stranded(NOON, 10),
    lambda system: system.messages.expire_contents(NOON, 10),
    lambda system: system.messages.expire_messages(NOON, 10),
    lambda system: system.postboxes.claim("worker", 10, NOON),
]


@pytest.mark.parametrize("call", IDENTITY)
async def test_sign_in_uses_indexes(
    database: Database, call: Callable[[Any], Awaitable[object]]
) -> None:
    """What each request asks about its caller is found by index."""
    async with database.identity() as repository:
        await check(database, repository, call)


@pytest.mark.parametrize("call", SYSTEM)
async def test_system_jobs_use_indexes(
    database: Database, call: Callable[[Any], Awaitable[object]]
) -> None:
    """Rotation and retention read no whole table."""
    async with database.system() as repository:
        await check(database, repository, call)


async def test_the_queue_uses_its_index(database: Database) -> None:
    """A claim takes jobs from the index in their order, and a heartbeat finds its own."""
    queue = TableQueue(database)
    with recorded(database) as statements:
        await queue.claim("worker", 10, 30)
        await queue.heartbeat("worker", [ID], 30)
    assert len([text for text, _ in statements if "outbox_jobs" in text]) == 2
    async with database.queueing() as transaction:
        for statement in statements:
            if "outbox_jobs" in statement[0]:
                plan = await explain(transaction._connection, *statement)
                assert not plan.scans, plan.text
                assert not plan.sorts, plan.text


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_the_queue_on_postgresql_uses_indexes(
    database: Database, storage_settings: StorageSettings, tenant: Tenant
) -> None:
    """Claims, heartbeats and cancellations read none of its tables as a whole."""
    queue = PostgresQueue(database, storage_settings)
    with recorded(database) as statements:
        await queue.claim("worker", 10, 30)
        await queue.heartbeat("worker", [ID], 30)
        async with database.work(tenant.workspace_id) as work:
            await queue.cancel(work, [ID])
    carried_out = [each for each in statements if "mailconfig_queue" in each[0]]
    # Each heartbeat reads, under a lock, and writes.
    assert len(carried_out) == 4
    async with database.queueing() as transaction:
        for statement in carried_out:
            plan = await explain(transaction._connection, *statement)
            assert not plan.scans, plan.text


async def check(
    database: Database,
    repository: IdentityRepository | SystemRepository,
    call: Callable[[Any], Awaitable[object]],
) -> None:
    """Assert that no statement of a call reads a whole table."""
    with recorded(database) as statements:
        await call(repository)
    assert statements
    for statement in statements:
        plan = await explain(repository._transaction._connection, *statement)
        assert not plan.scans, plan.text


async def test_the_plans_can_tell(database: Database, tenant: Tenant) -> None:
    """A condition without an index is seen as a scan, and an order without one as a sort."""
    async with database.work(tenant.workspace_id) as work:
        connection = work.configs._transaction._connection
        plan = await explain(connection, "SELECT * FROM configs ORDER BY display_name", ())
        assert (plan.scans, plan.sorts) == (True, True)
