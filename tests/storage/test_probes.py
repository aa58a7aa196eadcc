"""Connection tests: their course, their steps, abandoned ones, pruning."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.records import NOON, Tenant, make_config, make_tenant, make_test
from mailconfig.domain.diagnostics import DiagnosticCode, SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.errors import NotFound
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.probes import (
    Certificate,
    ConnectionTest,
    ProbeStep,
    StepDetail,
    StepKind,
    StepStatus,
    TestStatus,
)
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring

LEASE = NOON + timedelta(seconds=30)
CERTIFICATE = Certificate(
    subject="CN=imap.example.com",
    issuer="CN=Root",
    names=("imap.example.com", "192.0.2.1"),
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2027, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    sha256="ab" * 32,
)
HANDSHAKE = ProbeStep(
    MailProtocol.IMAP,
    StepKind.TLS_HANDSHAKE,
    StepStatus.FAILED,
    31,
    StepDetail(
        address="192.0.2.1",
        port=993,
        tls_version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        certificate=CERTIFICATE,
        capabilities=("IMAP4rev1", "IDLE"),
        mechanism="PLAIN",
        server_reply="* OK »ready«",
    ),
    DiagnosticCode.DNS_NXDOMAIN,
)
FIX = SettingsFix(
    "Use port 465",
    incoming=None,
    outgoing=ServerPatch(port=465, security=TransportSecurity.TLS),
)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stands at noon."""
    return Clock()


@pytest.fixture
async def database(
    storage_settings: StorageSettings, keyring: Keyring, clock: Clock
) -> AsyncIterator[Database]:
    """A database whose time the test decides."""
    opened = Database.open(storage_settings, keyring, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def stored(database: Database, tenant: Tenant, **changes: object) -> ConnectionTest:
    """Insert a test of a draft."""
    test = make_test(tenant, None, **changes)
    async with database.work(tenant.workspace_id) as work:
        await work.probes.insert(test, "process-1", LEASE)
    return test


async def read(database: Database, tenant: Tenant, test: ConnectionTest) -> ConnectionTest:
    """Read a test."""
    async with database.reading(tenant.workspace_id) as work:
        return await work.probes.get(test.id)


def step(kind: StepKind, status: StepStatus = StepStatus.PASSED) -> ProbeStep:
    """An IMAP step."""
    return ProbeStep(MailProtocol.IMAP, kind, status)


async def test_the_course_of_a_test(database: Database, tenant: Tenant) -> None:
    """Queued, running with steps that change, finished with every field; then it is final."""
    test = await stored(database, tenant)
    assert await read(database, tenant, test) == test
    running = replace(HANDSHAKE, status=StepStatus.RUNNING, duration_ms=None, code=None)
    async with database.work(tenant.workspace_id) as work:
        assert await work.probes.start(test.id) is True
        assert await work.probes.start(test.id) is False
        await work.probes.save_steps([(test.id, step(StepKind.CONNECT))])
        await work.probes.save_steps([(test.id, running)])
    seen = await read(database, tenant, test)
    assert (seen.status, seen.steps) == (
        TestStatus.RUNNING,
        (step(StepKind.CONNECT), running),
    )
    async with database.work(tenant.workspace_id) as work:
        await work.probes.save_steps([(test.id, HANDSHAKE)])
    assert (await read(database, tenant, test)).steps == (step(StepKind.CONNECT), HANDSHAKE)
    end = replace(
        test,
        status=TestStatus.FAILED,
        finished_at=NOON + timedelta(seconds=3),
        code=DiagnosticCode.DNS_NXDOMAIN,
        code_protocol=MailProtocol.IMAP,
        server_reply="BYE",
        fix_id=new_id(),
        fix=FIX,
        steps=(step(StepKind.CONNECT), HANDSHAKE, step(StepKind.GREETING, StepStatus.SKIPPED)),
    )
    async with database.work(tenant.workspace_id) as work:
        assert await work.probes.finish(end) is True
        assert await work.probes.finish(replace(end, status=TestStatus.PASSED)) is False
        await work.probes.save_steps([(test.id, step(StepKind.CONNECT, StepStatus.FAILED))])
        assert await work.probes.request_cancel(test.id) is False
        assert await work.probes.start(test.id) is False
    assert await read(database, tenant, test) == end


async def test_steps_keep_the_order_in_which_they_came(database: Database, tenant: Tenant) -> None:
    """With STARTTLS the handshake comes after the command, and stays there when it changes."""
    test = await stored(database, tenant)
    kinds = (StepKind.GREETING, StepKind.STARTTLS, StepKind.TLS_HANDSHAKE)
    for status in (StepStatus.RUNNING, StepStatus.PASSED):
        for kind in kinds:
            async with database.work(tenant.workspace_id) as work:
                await work.probes.save_steps([(test.id, step(kind, status))])
    steps = (await read(database, tenant, test)).steps
    assert steps == tuple(step(kind) for kind in kinds)


async def test_a_test_may_finish_without_steps(database: Database, tenant: Tenant) -> None:
    """Steps that were saved before stay as they are."""
    test = await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        await work.probes.save_steps([(test.id, HANDSHAKE)])
        assert await work.probes.finish(replace(test, status=TestStatus.CANCELLED))
    seen = await read(database, tenant, test)
    assert (seen.status, seen.steps) == (TestStatus.CANCELLED, (HANDSHAKE,))


@pytest.mark.parametrize("status", [TestStatus.QUEUED, TestStatus.RUNNING])
async def test_an_abandoned_test_has_timed_out(
    database: Database, tenant: Tenant, clock: Clock, status: TestStatus
) -> None:
    """Past deadline and lease, not before, a test reads as TIMED_OUT and cannot be finished."""
    test = await stored(database, tenant, status=status)
    async with database.work(tenant.workspace_id) as work:
        await work.probes.save_steps([(test.id, step(StepKind.CONNECT))])
        await work.probes.save_steps([(test.id, step(StepKind.GREETING, StepStatus.RUNNING))])
    clock.now = LEASE
    assert (await read(database, tenant, test)).status is status
    clock.now = LEASE + timedelta(microseconds=1)
    seen = await read(database, tenant, test)
    assert (seen.status, seen.finished_at, seen.code) == (TestStatus.TIMED_OUT, LEASE, None)
    assert seen.steps == (step(StepKind.CONNECT), step(StepKind.GREETING, StepStatus.SKIPPED))
    async with database.work(tenant.workspace_id) as work:
        assert await work.probes.finish(replace(test, status=TestStatus.PASSED)) is False
        assert await work.probes.request_cancel(test.id) is False
    assert (await read(database, tenant, test)).status is TestStatus.TIMED_OUT


async def test_a_late_deadline_counts_more_than_the_lease(
    database: Database, tenant: Tenant, clock: Clock
) -> None:
    """The later of deadline and lease decides."""
    test = await stored(database, tenant, deadline_at=LEASE + timedelta(seconds=60))
    clock.now = LEASE + timedelta(seconds=60)
    assert (await read(database, tenant, test)).status is TestStatus.QUEUED
    clock.now = LEASE + timedelta(seconds=61)
    assert (await read(database, tenant, test)).status is TestStatus.TIMED_OUT


async def test_cancellation_is_asked_for_once_and_seen(database: Database, tenant: Tenant) -> None:
    """Only the tests that somebody wants stopped are named, of those asked about."""
    one, two = await stored(database, tenant), await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        assert await work.probes.request_cancel(one.id) is True
        assert await work.probes.request_cancel(new_id()) is False
    async with database.reading(tenant.workspace_id) as work:
        assert await work.probes.cancel_requested([one.id, two.id]) == {one.id}
        assert await work.probes.cancel_requested([two.id]) == set()
        assert await work.probes.cancel_requested([]) == set()


async def test_history_of_configurations(database: Database, tenant: Tenant, clock: Clock) -> None:
    """Pages are newest first, `latest` takes the newest of each, `prune` keeps the newest."""
    configs = [make_config(tenant, email_address=f"{n}@example.com") for n in range(3)]
    async with database.work(tenant.workspace_id) as work:
        for config in configs:
            await work.configs.insert(config, None)
    first, second, _ = configs
    tests = [
        make_test(
            tenant,
            first.id,
            status=TestStatus.PASSED,
            created_at=NOON + timedelta(seconds=number // 2),  # two of each second: ties
            steps=(HANDSHAKE,),
        )
        for number in range(6)
    ]
    other = make_test(tenant, second.id, status=TestStatus.RUNNING)
    async with database.work(tenant.workspace_id) as work:
        for test in tests:
            queued = replace(test, status=TestStatus.QUEUED)
            await work.probes.insert(queued, "process-1", LEASE)
            assert await work.probes.finish(test)
        await work.probes.insert(other, "process-1", LEASE)
        await work.configs.set_test_result(first.id, 1, first.status, tests[0].id)
        newest_first = tuple(reversed(tests))
        page = await work.probes.page(first.id, PageRequest(limit=4))
        assert (page.rows, page.has_next) == (newest_first[:4], True)
        page = await work.probes.page(first.id, PageRequest(limit=4, after=page.keys[-1]))
        assert (page.rows, page.has_next, page.has_previous) == (newest_first[4:], False, True)
        assert await work.probes.latest([config.id for config in configs]) == {
            first.id: tests[-1],
            second.id: other,
        }
        assert await work.probes.latest([]) == {}
        assert await work.probes.prune(first.id, 2) == 3
        assert await work.probes.count(first.id) == 3
        kept = await work.probes.page(first.id, PageRequest())
        assert kept.rows == (tests[5], tests[4], tests[0])  # the last one is named by its config
        assert await work.probes.prune(second.id, 0) == 0  # it runs
        clock.now = LEASE + timedelta(seconds=1)
    async with database.work(tenant.workspace_id) as work:
        assert await work.probes.prune(second.id, 0) == 1  # it is abandoned


async def test_unknown_tests_are_not_found(database: Database, tenant: Tenant) -> None:
    """There is nothing to read, and nothing is written for an unknown id."""
    test = make_test(tenant, None)
    async with database.work(tenant.workspace_id) as work:
        with pytest.raises(NotFound):
            await work.probes.get(test.id)
        await work.probes.save_steps([(test.id, HANDSHAKE)])
        assert await work.probes.finish(test) is False


async def test_tests_of_drafts_expire(database: Database, tenant: Tenant) -> None:
    """Retention forgets old tests of drafts with their steps; those of configurations stay."""
    config = make_config(tenant)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, None)
        await work.probes.insert(make_test(tenant, config.id), "process-1", LEASE)
    draft = await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        await work.probes.save_steps([(draft.id, HANDSHAKE)])
    async with database.system() as system:
        assert await system.expire_draft_tests(NOON) == 0
        assert await system.expire_draft_tests(NOON + timedelta(seconds=1)) == 1
    async with database.reading(tenant.workspace_id) as work:
        with pytest.raises(NotFound):
            await work.probes.get(draft.id)
        assert await work.probes.count(config.id) == 1
