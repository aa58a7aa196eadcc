"""Work over all workspaces: which grants are to be renewed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kit.records import NOON, make_tenant
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import Secret
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring

DAYS = [NOON + timedelta(days=number) for number in range(10)]


class Clock:
    """A time that is set."""

    at = NOON

    def __call__(self) -> datetime:
        """Return it."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The time of the database."""
    return Clock()


@pytest.fixture
async def dated(
    storage_settings: StorageSettings, keyring: Keyring, clock: Clock
) -> AsyncIterator[Database]:
    """A fresh database that asks the clock."""
    database = Database.open(storage_settings, keyring, clock)
    yield database
    await database.close()


async def granted(database: Database, workspace_id: UUID, user_id: UUID) -> MailboxGrant:
    """Store a grant and return it."""
    grant = MailboxGrant(
        id=new_id(),
        user_id=user_id,
        provider_id="gmail",
        client_id="client",
        address=None,
        scopes=(),
        status=GrantStatus.ACTIVE,
        failure=None,
        failed_at=None,
        created_at=NOON,
        refreshed_at=None,
        refresh_secret_id=None,
        access_secret_id=None,
        access_expires_at=None,
    )
    async with database.work(workspace_id) as work:
        await work.grants.insert(grant, TokenAnswer(Secret("a"), 3600, Secret("r")))
        return await work.grants.get(grant.id)


async def test_idle_grants_come_oldest_first(dated: Database, clock: Clock) -> None:
    """Of all workspaces, the ones not used since a moment, by the last try; no more than asked."""
    found = []
    for number in range(3):
        clock.at = DAYS[number]
        tenant = await make_tenant(dated, f"w{number}")
        grant = await granted(dated, tenant.workspace_id, tenant.user_id)
        found.append((tenant.workspace_id, grant.id))
    async with dated.system() as system:
        assert await system.idle_grants(DAYS[2], DAYS[2], 10) == found[:2]
        assert await system.idle_grants(DAYS[3], DAYS[3], 10) == found
        assert await system.idle_grants(DAYS[3], DAYS[3], 1) == found[:1]


async def test_grants_that_cannot_be_renewed_now_are_left_out(
    dated: Database, clock: Clock
) -> None:
    """Ended, revoked and leased ones, and the failed until they had their rest; then they come
    behind those that were not tried.
    """
    tenant = await make_tenant(dated, "acme")
    ids = (tenant.workspace_id, tenant.user_id)
    plain, failed, ended, revoked, leased = [await granted(dated, *ids) for _ in range(5)]
    clock.at = DAYS[4]
    async with dated.work(tenant.workspace_id) as work:
        for grant, status in ((failed, GrantStatus.ACTIVE), (ended, GrantStatus.EXPIRED)):
            assert await work.grants.claim(grant, "me", DAYS[5])
            await work.grants.failed(grant, "me", "OAUTH_ENDPOINT_DOWN", status)
        await work.grants.revoke(revoked.id)
        assert await work.grants.claim(leased, "me", DAYS[5])
    async with dated.system() as system:
        found = await system.idle_grants(DAYS[1], DAYS[4], 10)
        assert found == [(tenant.workspace_id, plain.id)]
    clock.at = DAYS[6]
    async with dated.system() as system:
        found = await system.idle_grants(DAYS[1], DAYS[5], 10)
    assert [grant_id for _, grant_id in found] == [
        *sorted((plain.id, leased.id)),
        failed.id,
    ]
