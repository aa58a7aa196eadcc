"""Idempotency keys."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kit.records import Tenant, make_config, make_tenant
from mailconfig.domain.configs import ConfigFilter, Visibility
from mailconfig.domain.errors import IdempotencyConflict
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def test_a_key_finds_its_result(database: Database, tenant: Tenant) -> None:
    """A key belongs to one user and operation; unknown ones find nothing."""
    result = new_id()
    async with database.work(tenant.workspace_id) as work:
        await work.idempotency.put(tenant.user_id, "submit", "key", "digest", result)
        find = work.idempotency.find
        assert await find(tenant.user_id, "submit", "key") == ("digest", result)
        assert await find(tenant.user_id, "update", "key") is None
        assert await find(tenant.user_id, "submit", "KEY") is None
        assert await find(new_id(), "submit", "key") is None


async def test_of_concurrent_requests_one_is_carried_out(
    database: Database, tenant: Tenant
) -> None:
    """Four requests of one key at once: one stores its object, the others leave nothing."""

    async def submit(number: int) -> int:
        config = make_config(tenant, email_address=f"{number}@example.com")
        async with database.work(tenant.workspace_id) as work:
            await work.configs.insert(config, None)
            await work.idempotency.put(tenant.user_id, "submit", "key", str(number), config.id)
        return number

    outcomes = await asyncio.gather(*map(submit, range(4)), return_exceptions=True)
    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, IdempotencyConflict)]
    assert (len(winners), len(refused)) == (1, 3)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.configs.count(ConfigFilter(), Visibility(everything=True)) == 1
        found = await work.idempotency.find(tenant.user_id, "submit", "key")
        assert found is not None
        assert found[0] == str(winners[0])


async def test_keys_expire(database: Database, tenant: Tenant) -> None:
    """Retention forgets keys from before a moment, no others."""
    async with database.work(tenant.workspace_id) as work:
        await work.idempotency.put(tenant.user_id, "submit", "key", "digest", new_id())
    now = datetime.now(UTC)
    async with database.system() as system:
        assert await system.expire_idempotency(now - timedelta(hours=24)) == 0
        assert await system.expire_idempotency(now + timedelta(seconds=1)) == 1
    async with database.reading(tenant.workspace_id) as work:
        assert await work.idempotency.find(tenant.user_id, "submit", "key") is None
