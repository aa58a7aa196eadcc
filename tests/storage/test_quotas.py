"""Quotas and the rule of the last owner, where two come at once."""

from uuid import UUID

import anyio
import anyio.lowlevel
import pytest

from kit.records import Tenant, make_config, make_file, make_tenant
from mailconfig.domain.errors import Forbidden
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.workspaces import Quota, QuotaExceeded
from mailconfig.services.quotas import QuotaService
from mailconfig.services.workspaces import acting_role
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


def quotas(database: Database, **defaults: int) -> QuotaService:
    """Quotas with the operator's defaults."""
    named = {Quota[name.upper()]: limit for name, limit in defaults.items()}
    return QuotaService(database, MemoryLimiter(), named)


async def test_of_two_at_once_one_gets_the_last_place(database: Database, tenant: Tenant) -> None:
    """Eight submits side by side in a workspace with room for three store three."""
    limited = quotas(database, configs=3)
    refused: list[QuotaExceeded] = []

    async def submit(number: int) -> None:
        try:
            async with database.work(tenant.workspace_id) as work:
                await limited.claim(work, Quota.CONFIGS, 1)
                config = make_config(tenant, email_address=f"{number}@example.com")
                await work.configs.insert(config, None)
        except QuotaExceeded as full:
            refused.append(full)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(submit, number)
    assert [(each.quota, each.limit) for each in refused] == [(Quota.CONFIGS, 3)] * 5
    async with database.reading(tenant.workspace_id) as work:
        assert await work.quotas.used(Quota.CONFIGS) == 3


async def test_bytes_of_files_are_summed(database: Database, tenant: Tenant) -> None:
    """What is there and what is to come must fit together; to the byte."""
    limited = quotas(database, file_bytes=100)
    async with database.work(tenant.workspace_id) as work:
        key = await work.secrets.add_key("file", bytes(32))
        await work.files.insert(make_file(tenant, size=60), "blob", key)
        await limited.claim(work, Quota.FILE_BYTES, 40)
        with pytest.raises(QuotaExceeded):
            await limited.claim(work, Quota.FILE_BYTES, 41)


async def test_the_workspace_s_own_quota_wins(database: Database, tenant: Tenant) -> None:
    """A number takes the place of the operator's, 0 lifts it, None returns to it."""
    limited = quotas(database, configs=3)
    principal = _principal(tenant.workspace_id, tenant.user_id)
    for own, shown in ((5, 5), (0, None), (None, 3)):
        await limited.set(tenant.workspace_id, {Quota.CONFIGS: own})
        found = {use.quota: use.limit for use in await limited.shown(principal)}
        assert found[Quota.CONFIGS] == shown
        assert await limited.limited(tenant.workspace_id, Quota.CONFIGS) is (shown is not None)


async def test_tests_of_a_day_are_counted(database: Database, tenant: Tenant) -> None:
    """The third of two is refused; another workspace has its own two."""
    limited = quotas(database, tests_per_day=2)
    other = await make_tenant(database, "other")
    for _ in range(2):
        await limited.take(tenant.workspace_id, Quota.TESTS_PER_DAY)
    with pytest.raises(QuotaExceeded) as refused:
        await limited.take(tenant.workspace_id, Quota.TESTS_PER_DAY)
    assert refused.value.limit == 2
    await limited.take(other.workspace_id, Quota.TESTS_PER_DAY)


async def test_two_owners_who_demote_each_other_leave_one(
    database: Database, tenant: Tenant
) -> None:
    """Both have seen two owners; the second one is not an owner any more when it is their turn."""
    place = tenant.workspace_id
    async with database.identity() as identity:
        other = (await identity.create_user("bob@example.com", "hash")).id
        await identity.add_member(place, other, Role.OWNER)
    outcomes: list[str] = []

    async def demote(actor: Principal, victim: Principal) -> None:
        try:
            async with database.work(place) as work:
                _expect(await acting_role(work, actor))
                assert await work.workspaces.other_owners(victim.user_id)
                await anyio.lowlevel.checkpoint()
                await work.workspaces.set_role(victim.user_id, Role.MEMBER)
        except Forbidden:
            outcomes.append("forbidden")
        else:
            outcomes.append("demoted")

    one, two = _principal(place, tenant.user_id), _principal(place, other)
    async with anyio.create_task_group() as group:
        group.start_soon(demote, one, two)
        group.start_soon(demote, two, one)
    assert sorted(outcomes) == ["demoted", "forbidden"]
    async with database.reading(place) as work:
        assert await work.workspaces.other_owners(new_id()) == 1


def _expect(role: Role) -> None:
    if role is not Role.OWNER:
        raise Forbidden


def _principal(workspace_id: UUID, user_id: UUID) -> Principal:
    return Principal(user_id, workspace_id, Role.OWNER, None, Channel.BEARER, "ada@example.com")
