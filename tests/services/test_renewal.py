"""Refresh tokens that nobody needed for long are used in the background."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import anyio
import pytest
from sqlalchemy import update

from kit.certs import CertificateKit
from kit.drafts import shipped
from kit.oauthserver import (
    CLIENT_ID,
    CLIENT_SECRET,
    GOOGLE,
    GOOGLE_REVOKED,
    MICROSOFT,
    PAGE_503,
    OAuthServer,
)
from kit.records import NOON, Tenant, imap, make_config, make_tenant
from kit.web import WebServer
from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, OAuthClient, pointer_id
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import Secret, SecretKind
from mailconfig.remote.oauth import EndpointSettings, HttpsTokenEndpoint
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.services.refreshing import Refresher, RefreshSettings
from mailconfig.services.renewal import GrantRenewal, RenewalSettings
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import secrets

CLIENTS = tuple(
    OAuthClient(provider, CLIENT_ID, Secret(CLIENT_SECRET))
    for provider in ("gmail", "microsoft365")
)
HOUR: Final = 3600
DAY: Final = 24 * HOUR
MOMENT: Final = 60


@dataclass
class Clock:
    """The time of all processes."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.at

    def pass_by(self, seconds: int) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class Scene:
    """A workspace whose users granted access, and the providers' endpoints."""

    clock: Clock
    database: Database
    google: OAuthServer
    microsoft: OAuthServer
    tenant: Tenant

    def renewal(
        self,
        database: Database | None = None,
        kind: type[Refresher] = Refresher,
        *,
        days: int = 7,
        per_round: int = 50,
    ) -> GrantRenewal:
        """Return the loop of one process."""
        chosen = database or self.database
        clients = OAuthClientService(chosen, shipped(), CLIENTS, ())
        tokens = HttpsTokenEndpoint(self.google.web.fetcher(), EndpointSettings(5))
        refresher = kind(chosen, shipped(), clients, tokens, RefreshSettings(), self.clock)
        settings = RenewalSettings(days, per_round, round_seconds=0.05)
        return GrantRenewal(chosen, refresher, settings, self.clock)

    async def granted(self, provider: str = "gmail", seconds: int = HOUR) -> UUID:
        """Store what a user granted now; its access token lasts for so long."""
        grant = MailboxGrant(
            id=new_id(),
            user_id=self.tenant.user_id,
            provider_id=provider,
            client_id=CLIENT_ID,
            address=None,
            scopes=(),
            status=GrantStatus.ACTIVE,
            failure=None,
            failed_at=None,
            created_at=self.clock(),
            refreshed_at=None,
            refresh_secret_id=None,
            access_secret_id=None,
            access_expires_at=None,
        )
        answer = TokenAnswer(Secret("access-old"), seconds, Secret("refresh-0"))
        async with self.database.work(self.tenant.workspace_id) as work:
            await work.grants.insert(grant, answer)
        return grant.id

    async def stored(self, grant_id: UUID) -> MailboxGrant:
        """Return a grant as it is stored."""
        async with self.database.reading(self.tenant.workspace_id) as work:
            return await work.grants.get(grant_id)

    async def spoil(self, secret_id: UUID | None) -> None:
        """Let a secret be unreadable."""
        async with self.database._engines.writing.begin() as connection:
            broken = update(secrets).where(secrets.c.id == secret_id).values(ciphertext=b"broken")
            assert (await connection.execute(broken)).rowcount == 1


@asynccontextmanager
async def opened(
    settings: StorageSettings, keyring: Keyring, clock: Clock
) -> AsyncIterator[Database]:
    """Open the database as one process does."""
    database = Database.open(settings, keyring, clock)
    yield database
    await database.close()


@pytest.fixture
async def scene(
    storage_settings: StorageSettings, keyring: Keyring, tmp_path: Path
) -> AsyncIterator[Scene]:
    """No grants yet."""
    clock = Clock()
    async with (
        opened(storage_settings, keyring, clock) as database,
        WebServer(CertificateKit(tmp_path)) as web,
    ):
        tenant = await make_tenant(database, "one")
        yield Scene(clock, database, OAuthServer(web, GOOGLE), OAuthServer(web, MICROSOFT), tenant)
        await web.quiet()


async def test_what_was_used_lately_is_left_alone(scene: Scene) -> None:
    """Within the seven days nobody is asked, though the access token has long ended."""
    await scene.granted()
    scene.clock.pass_by(7 * DAY - MOMENT)
    assert await scene.renewal().once() == 0
    assert scene.google.refreshes == []


async def test_what_is_due_is_used_once_by_two_processes(
    scene: Scene, storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Both loops see it at once; one asks. Then it is not due for another seven days."""
    grant_id = await scene.granted()
    scene.google.slow_seconds = 0.3
    scene.google.rotating = True
    scene.clock.pass_by(7 * DAY + MOMENT)
    async with opened(storage_settings, keyring, scene.clock) as other:
        loops = (scene.renewal(), scene.renewal(other))
        assert sum(await asyncio.gather(*(loop.once() for loop in loops))) == 1
        assert [await loop.once() for loop in loops] == [0, 0]
    assert [form["refresh_token"] for form in scene.google.refreshes] == ["refresh-0"]
    assert (await scene.stored(grant_id)).refreshed_at == scene.clock()
    scene.clock.pass_by(7 * DAY + MOMENT)
    assert await scene.renewal().once() == 1
    assert [form["refresh_token"] for form in scene.google.refreshes][1:] == ["rotated-1"]


async def test_an_access_token_that_lasts_keeps_no_refresh_token_alive(scene: Scene) -> None:
    """A token good for a month is replaced after a week: it is the refresh token that counts."""
    await scene.granted(seconds=30 * DAY)
    scene.clock.pass_by(7 * DAY + MOMENT)
    scene.google.fail(*PAGE_503)
    assert await scene.renewal().once() == 0
    scene.clock.pass_by(HOUR + MOMENT)
    scene.google.mend()
    assert await scene.renewal().once() == 1
    assert len(scene.google.refreshes) == 2


async def test_a_permission_that_was_taken_back_is_found_out(scene: Scene) -> None:
    """The grant ends as in normal use, with the same code; its configuration stays as it is, and
    nobody asks again.
    """
    grant_id = await scene.granted()
    server = replace(imap(pointer_id(grant_id, "incoming")), secret_kind=SecretKind.GRANT)
    config = make_config(
        scene.tenant, incoming=server, outgoing=None, status=ConfigStatus.UNVERIFIED
    )
    async with scene.database.work(scene.tenant.workspace_id) as work:
        await work.configs.insert(config, None)
        before = await work.configs.get(config.id)
    scene.google.fail(*GOOGLE_REVOKED)
    for _ in range(2):
        scene.clock.pass_by(7 * DAY + MOMENT)
        assert await scene.renewal().once() == 0
    grant = await scene.stored(grant_id)
    assert (grant.status, grant.failure) == (GrantStatus.EXPIRED, "OAUTH_REAUTH")
    async with scene.database.reading(scene.tenant.workspace_id) as work:
        assert await work.configs.get(config.id) == before
    assert len(scene.google.refreshes) == 1


async def test_an_endpoint_that_is_down_ends_nothing(scene: Scene) -> None:
    """Grants of other providers go on; this one is asked for again an hour later."""
    grant_id, other_id = await scene.granted(), await scene.granted("microsoft365")
    scene.google.fail(*PAGE_503)
    scene.clock.pass_by(7 * DAY + MOMENT)
    assert await scene.renewal().once() == 1
    grant = await scene.stored(grant_id)
    assert (grant.status, grant.failure) == (GrantStatus.ACTIVE, "OAUTH_ENDPOINT_DOWN")
    assert (await scene.stored(other_id)).refreshed_at == scene.clock()
    scene.google.mend()
    scene.clock.pass_by(HOUR - MOMENT)
    assert await scene.renewal().once() == 0
    scene.clock.pass_by(2 * MOMENT)
    assert await scene.renewal().once() == 1
    assert (await scene.stored(grant_id)).failure is None
    assert (len(scene.google.refreshes), len(scene.microsoft.refreshes)) == (2, 1)


async def test_a_secret_that_cannot_be_read_stops_nobody(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Its grant stays active with its lease free, is named in the log, and waits its turn."""
    poisoned, other_id = await scene.granted(), await scene.granted()
    await scene.spoil((await scene.stored(poisoned)).refresh_secret_id)
    scene.clock.pass_by(7 * DAY + MOMENT)
    with caplog.at_level(logging.ERROR):
        assert await scene.renewal(per_round=1).once() == 0
        assert await scene.renewal(per_round=1).once() == 1
    assert [str(poisoned) in record.getMessage() for record in caplog.records] == [True]
    grant = await scene.stored(poisoned)
    found = (grant.status, grant.failure, grant.failed_at)
    assert found == (GrantStatus.ACTIVE, None, scene.clock())
    assert (await scene.stored(other_id)).refreshed_at == scene.clock()
    assert len(scene.google.refreshes) == 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_round_is_bounded(scene: Scene) -> None:
    """Five are due, a round takes two: the next ones go on where it stopped."""
    for _ in range(5):
        await scene.granted()
    scene.clock.pass_by(7 * DAY + MOMENT)
    loop = scene.renewal(per_round=2)
    assert [await loop.once() for _ in range(4)] == [2, 2, 1, 0]
    assert len(scene.google.refreshes) == 5


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_grant_that_is_gone_meanwhile_is_nobodys(scene: Scene) -> None:
    """It was on the list, then its configuration was deleted: nothing is asked."""
    grant_id = await scene.granted()
    scene.clock.pass_by(7 * DAY + MOMENT)
    async with scene.database.work(scene.tenant.workspace_id) as work:
        await work.grants.delete(grant_id)
    refresher, now = scene.renewal().refresher, scene.clock()
    assert not await refresher.renew(scene.tenant.workspace_id, grant_id, now)
    assert scene.google.refreshes == []


class Stumbling(Refresher):
    """A refresher that breaks at first."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - as the refresher's
        super().__init__(*given)
        self.broken = False
        self.renewed = asyncio.Event()

    async def renew(self, workspace_id: UUID, grant_id: UUID, before: datetime) -> bool:
        """Break, or do it and tell."""
        if not self.broken:
            self.broken = True
            raise RuntimeError("broken")
        done = await super().renew(workspace_id, grant_id, before)
        self.renewed.set()
        return done


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_loop_goes_on_after_a_bad_round(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody expected is logged, and the next round does what is due."""
    grant_id = await scene.granted()
    scene.clock.pass_by(7 * DAY + MOMENT)
    loop = scene.renewal(kind=Stumbling)
    assert isinstance(loop.refresher, Stumbling)
    async with asyncio.timeout(10), anyio.create_task_group() as group:
        group.start_soon(loop.run)
        await loop.refresher.renewed.wait()
        group.cancel_scope.cancel()
    assert (await scene.stored(grant_id)).refreshed_at == scene.clock()
    bad = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in bad] == [
        "renewing grants was interrupted; it goes on in the next round"
    ]
    assert len(scene.google.refreshes) == 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_zero_days_are_never(scene: Scene) -> None:
    """The loop ends at once."""
    await scene.granted()
    scene.clock.pass_by(100 * DAY)
    await scene.renewal(days=0).run()
    assert scene.google.refreshes == []
