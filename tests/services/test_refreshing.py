"""Access tokens of grants: fresh ones are handed out, old ones refreshed by exactly one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from kit.certs import CertificateKit
from kit.drafts import shipped
from kit.oauthserver import (
    CLIENT_ID,
    CLIENT_SECRET,
    ENTRA_REVOKED,
    GOOGLE,
    GOOGLE_REVOKED,
    PAGE_503,
    OAuthServer,
    entra_error,
    google_error,
)
from kit.records import Tenant, make_tenant
from kit.web import WebServer
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, OAuthClient
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import Secret
from mailconfig.remote.oauth import EndpointSettings, HttpsTokenEndpoint
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.services.refreshing import Refresher, RefreshSettings, TokenWithheld
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.grants import REFRESH
from mailconfig.storage.sealing import Keyring

CLIENT = OAuthClient("gmail", CLIENT_ID, Secret(CLIENT_SECRET))


@dataclass
class Scene:
    """A grant whose access token has ended, and the provider's endpoint."""

    database: Database
    server: OAuthServer
    tenant: Tenant
    grant: UUID

    def refresher(
        self, database: Database | None = None, *, retry_seconds: float = 10
    ) -> Refresher:
        """Return the service of one process."""
        chosen = database or self.database
        clients = OAuthClientService(chosen, shipped(), (CLIENT,), ())
        tokens = HttpsTokenEndpoint(self.server.web.fetcher(), EndpointSettings(5))
        settings = RefreshSettings(retry_seconds=retry_seconds)
        return Refresher(chosen, shipped(), clients, tokens, settings, utc_now)

    async def access(self, refresher: Refresher | None = None) -> str:
        """Return the token that somebody gets."""
        chosen = refresher or self.refresher()
        return (await chosen.access(self.tenant.workspace_id, self.grant)).value.reveal()

    async def stored(self) -> tuple[MailboxGrant, str | None]:
        """Return the grant and its refresh token as they are stored."""
        async with self.database.reading(self.tenant.workspace_id) as work:
            grant = await work.grants.get(self.grant)
            if grant.refresh_secret_id is None:
                return grant, None
            refresh = await work.secrets.open(grant.refresh_secret_id, REFRESH)
        return grant, refresh.value.reveal()


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """A grant at Google's family with an access token that lasts a second."""
    tenant = await make_tenant(database, "one")
    grant = MailboxGrant(
        id=new_id(),
        user_id=tenant.user_id,
        provider_id="gmail",
        client_id=CLIENT_ID,
        address="ann@gmail.com",
        scopes=("https://mail.google.com/",),
        status=GrantStatus.ACTIVE,
        failure=None,
        failed_at=None,
        created_at=utc_now(),
        refreshed_at=None,
        refresh_secret_id=None,
        access_secret_id=None,
        access_expires_at=None,
    )
    answer = TokenAnswer(Secret("access-old"), 0, Secret("refresh-0"))
    async with database.work(tenant.workspace_id) as work:
        await work.grants.insert(grant, answer)
    async with WebServer(CertificateKit(tmp_path)) as web:
        yield Scene(database, OAuthServer(web, GOOGLE), tenant, grant.id)
        await web.quiet()


async def test_a_hundred_at_once_make_one_refresh(scene: Scene) -> None:
    """All of them get the token that one of them fetched."""
    scene.server.slow_seconds = 0.2
    refresher = scene.refresher()
    tokens = await asyncio.gather(*(scene.access(refresher) for _ in range(100)))
    assert set(tokens) == {"access-1"}
    assert len(scene.server.refreshes) == 1
    assert await scene.access(refresher) == "access-1"
    assert len(scene.server.refreshes) == 1


async def test_two_processes_make_one_refresh(
    scene: Scene, storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Two services with databases of their own agree by the lease in the row."""
    scene.server.slow_seconds = 0.3
    other = Database.open(storage_settings, keyring)
    try:
        refreshers = (scene.refresher(), scene.refresher(other))
        tokens = await asyncio.gather(
            *(scene.access(refreshers[number % 2]) for number in range(100))
        )
    finally:
        await other.close()
    assert set(tokens) == {"access-1"}
    assert len(scene.server.refreshes) == 1


async def test_a_rotated_refresh_token_is_kept(scene: Scene) -> None:
    """The new one is stored with the access token, and the old one is gone for good."""
    scene.server.rotating = True
    old, _ = await scene.stored()
    assert await scene.access() == "access-1"
    grant, refresh = await scene.stored()
    assert refresh == "rotated-1"
    assert (grant.status, grant.failure) == (GrantStatus.ACTIVE, None)
    assert grant.refresh_secret_id != old.refresh_secret_id


async def test_a_spent_token_is_not_handed_out(scene: Scene) -> None:
    """What a mail server refused is fetched anew, unless it is newer than that, or lasts a bit."""
    assert await scene.access() == "access-1"
    found = utc_now()
    cases = ((-1, 0, "access-1"), (0, 9, "access-1"), (0, 0, "access-2"))
    for fetched, ends, token in cases:
        async with scene.database.work(scene.tenant.workspace_id) as work:
            moments = [found + timedelta(minutes=minutes) for minutes in (fetched, ends)]
            await work.grants.spent(scene.grant, *moments)
        assert await scene.access() == token


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_token_never_lasts_longer_for_being_refused(scene: Scene) -> None:
    """It may end before the moment that is set for it."""
    assert await scene.access() == "access-1"
    before, _ = await scene.stored()
    async with scene.database.work(scene.tenant.workspace_id) as work:
        await work.grants.spent(scene.grant, utc_now(), utc_now() + timedelta(days=1))
    after, _ = await scene.stored()
    assert after == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_token_is_as_old_as_its_row_says(scene: Scene) -> None:
    """Whoever fetched it and whoever finds it learn when it came."""
    refresher = scene.refresher()
    ask = (scene.tenant.workspace_id, scene.grant)
    begun = utc_now()
    fetched, found = await refresher.access(*ask), await refresher.access(*ask)
    grant, _ = await scene.stored()
    assert (found.value, found.fetched_at) == (fetched.value, grant.refreshed_at)
    assert begun <= found.fetched_at <= fetched.fetched_at <= utc_now()


async def test_a_lease_of_the_dead_runs_out(scene: Scene) -> None:
    """A process that died in between leaves a lease that the next one takes over."""
    grant, _ = await scene.stored()
    async with scene.database.work(scene.tenant.workspace_id) as work:
        assert await work.grants.claim(grant, "dead", utc_now() + timedelta(seconds=1))
    async with scene.database.work(scene.tenant.workspace_id) as work:
        assert not await work.grants.claim(grant, "late", utc_now() + timedelta(seconds=1))
    assert await scene.access() == "access-1"


REPLIES = [
    # Google: the user took the permission back, or changed the password.
    (GOOGLE_REVOKED, "OAUTH_REAUTH", GrantStatus.EXPIRED),
    # Google: what an ended token of a testing application is answered with.
    (google_error("invalid_grant", "Bad Request"), "OAUTH_REAUTH", GrantStatus.EXPIRED),
    # Google: the organisation demands a sign-in from time to time.
    (
        google_error("invalid_grant", "reauth related error (invalid_rapt)"),
        "OAUTH_REAUTH",
        "EXPIRED",
    ),
    # Microsoft: taken back.
    (ENTRA_REVOKED, "OAUTH_REAUTH", GrantStatus.EXPIRED),
    # Microsoft: 90 days unused.
    (
        entra_error("invalid_grant", 700082, "The refresh token has expired due to inactivity."),
        "OAUTH_REAUTH",
        "EXPIRED",
    ),
    # Microsoft: a second factor is asked for.
    (
        entra_error("interaction_required", 50079, "The user must enroll."),
        "OAUTH_REAUTH",
        "EXPIRED",
    ),
    # Microsoft: the organisation's administrator has to agree.
    (
        entra_error("invalid_grant", 65001, "The user or administrator has not consented."),
        "OAUTH_CONSENT",
        "EXPIRED",
    ),
    # Our registration is wrong: nobody's permission ends by it.
    (google_error("invalid_client", "The OAuth client was not found.", 401), "OAUTH_APP", "ACTIVE"),
    (
        entra_error("invalid_client", 7000215, "Invalid client secret provided.", 401),
        "OAUTH_APP",
        "ACTIVE",
    ),
    # The service is out of order: nobody's fault here.
    (PAGE_503, "OAUTH_ENDPOINT_DOWN", GrantStatus.ACTIVE),
    (google_error("temporarily_unavailable"), "OAUTH_ENDPOINT_DOWN", GrantStatus.ACTIVE),
    (google_error("rate_limit_exceeded", "", 429), "OAUTH_ENDPOINT_DOWN", GrantStatus.ACTIVE),
    ((200, "<html>Sign in</html>"), "OAUTH_ENDPOINT_DOWN", GrantStatus.ACTIVE),
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=False)
@pytest.mark.parametrize("number", range(len(REPLIES)))
async def test_what_errors_mean(scene: Scene, number: int) -> None:
    """A permission that ended and an endpoint that is down are told apart, and stored so."""
    reply, code, status = REPLIES[number]
    scene.server.fail(*reply)
    with pytest.raises(TokenWithheld) as withheld:
        await scene.access()
    assert withheld.value.code.value == code
    grant, refresh = await scene.stored()
    assert (grant.status, grant.failure) == (status, code)
    assert refresh == "refresh-0"


async def test_a_failed_endpoint_is_left_alone(scene: Scene) -> None:
    """A hundred who come while it is down make one request, and it is asked again later."""
    scene.server.fail(*PAGE_503)
    refresher = scene.refresher()
    found = await asyncio.gather(
        *(scene.access(refresher) for _ in range(100)), return_exceptions=True
    )
    assert {type(one) for one in found} == {TokenWithheld}
    assert len(scene.server.refreshes) == 1
    scene.server.mend()
    assert await scene.access(scene.refresher(retry_seconds=0)) == "access-2"
    assert (await scene.stored())[0].failure is None


async def test_an_expired_grant_asks_nobody(scene: Scene) -> None:
    """What the provider ended is not tried again: only the user can give a new one."""
    scene.server.fail(*GOOGLE_REVOKED)
    for _ in range(2):
        with pytest.raises(TokenWithheld):
            await scene.access(scene.refresher(retry_seconds=0))
    assert len(scene.server.refreshes) == 1


async def test_another_workspace_has_no_such_grant(scene: Scene, database: Database) -> None:
    """Its id is of no use there, and nothing is asked."""
    stranger = await make_tenant(database, "other")
    with pytest.raises(TokenWithheld) as withheld:
        await scene.refresher().access(stranger.workspace_id, scene.grant)
    assert withheld.value.code is DiagnosticCode.OAUTH_REAUTH
    assert scene.server.refreshes == []
