"""Access tokens of mailbox grants: handed out while they are fresh, refreshed by exactly one.

    somebody needs a token --> fresh: done
                           --> old: lock of this process --> lease in the row --> token endpoint
                                     others wait here        others poll here

The lock keeps one process from asking twice, the lease all processes. A process that dies leaves a
lease that runs out. No transaction is open while the endpoint is asked. `renewal` uses refresh
tokens that nobody has needed for long by the same lock and lease.
Must not: end a grant because an endpoint is down, or hold a token longer than the call.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

import anyio

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import NotFound, SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, OAuthClient
from mailconfig.domain.oauth import (
    EndpointDown,
    TokenAnswer,
    TokenEndpoint,
    TokenRefused,
    endpoint,
    meaning,
    refresh_form,
)
from mailconfig.domain.providers import OAuth2Endpoints, Provider
from mailconfig.domain.secrets import Secret
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.storage.database import Database, Work
from mailconfig.storage.grants import ACCESS, REFRESH

_log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
"""First wait for somebody else's refresh; most take a fifth of a second."""
_POLL_MAX_SECONDS: Final = 0.5
_MOMENT_SECONDS: Final = 5
"""What a token must last to be of use for signing in."""
_STORE_SECONDS: Final = 10
"""Bound of the write after an answer, which is shielded from cancellation."""


@dataclass(frozen=True, slots=True)
class RefreshSettings:
    """When tokens are refreshed, and how long that may take."""

    margin_seconds: float = 300
    """A token that ends within this time is refreshed before it is used."""
    lease_seconds: float = 20
    """How long one process may refresh before another tries: the endpoint's deadline and room."""
    retry_seconds: float = 10
    """How long after a failure the endpoint is left alone."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it is handed out."""

    value: Secret
    fetched_at: datetime
    """When the provider gave it, or a moment later."""


class TokenWithheld(Exception):
    """No access token can be had; `code` tells why and who can mend it."""

    def __init__(self, code: DiagnosticCode) -> None:
        super().__init__(code.value)
        self.code = code


class Refresher:
    """Hands out access tokens."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        clients: OAuthClientService,
        tokens: TokenEndpoint,
        settings: RefreshSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clients = clients
        self._tokens = tokens
        self._settings = settings
        self._now = now
        self._owner = str(new_id())
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def access(self, workspace_id: UUID, grant_id: UUID) -> AccessToken:
        """Return a token that lasts; raises TokenWithheld, also where there is no such grant."""
        found = await self._fresh(workspace_id, grant_id)
        if isinstance(found, AccessToken):
            return found
        lock = self._locks.setdefault(grant_id, asyncio.Lock())
        async with lock:
            return await self._refreshed(workspace_id, grant_id)

    async def renew(self, workspace_id: UUID, grant_id: UUID, before: datetime) -> bool:
        """Use a refresh token that was not used since a moment; tell whether that was done.

        Raises TokenWithheld as `access` does, and SecretUnreadable, which leaves the grant alone
        for as long as a failure does. Where the grant is gone, was used meanwhile, or somebody is
        at it, there is nothing to do.
        """
        lock = self._locks.setdefault(grant_id, asyncio.Lock())
        async with lock:
            try:
                async with self._database.reading(workspace_id) as work:
                    grant = await work.grants.get(grant_id)
            except NotFound:
                return False
            used = grant.refreshed_at or grant.created_at
            if grant.status is not GrantStatus.ACTIVE or used >= before or self._backs_off(grant):
                return False
            if not await self._claimed(workspace_id, grant):
                return False
            try:
                found = await self._asked(workspace_id, grant)
            except SecretUnreadable:
                await self._written(workspace_id, grant, None, GrantStatus.ACTIVE)
                raise
            return found.fetched_at >= before  # not so the stored one, which is had after a failure

    async def _fresh(self, workspace_id: UUID, grant_id: UUID) -> AccessToken | MailboxGrant:
        """Return the stored token, or the grant where that ends soon; raises TokenWithheld."""
        try:
            async with self._database.reading(workspace_id) as work:
                grant = await work.grants.get(grant_id)
                if grant.status is not GrantStatus.ACTIVE:
                    raise TokenWithheld(_lost(grant))
                if self._left(grant) > self._spare(grant) and grant.access_secret_id is not None:
                    return await _opened(work, grant, grant.access_secret_id)
                return grant
        except NotFound as error:
            raise TokenWithheld(DiagnosticCode.OAUTH_REAUTH) from error

    async def _refreshed(self, workspace_id: UUID, grant_id: UUID) -> AccessToken:
        """Refresh, or wait for whoever does."""
        ends = self._now() + timedelta(seconds=2 * self._settings.lease_seconds)
        pause = _POLL_SECONDS
        while True:
            found = await self._fresh(workspace_id, grant_id)
            if isinstance(found, AccessToken):
                return found
            if self._backs_off(found):
                raise TokenWithheld(_failure(found))
            if await self._claimed(workspace_id, found):
                return await self._asked(workspace_id, found)
            if self._left(found) > _MOMENT_SECONDS:  # somebody is at it, ahead of need
                return await self._stored(workspace_id, found)
            if self._now() >= ends:
                raise TokenWithheld(DiagnosticCode.OAUTH_ENDPOINT_DOWN)
            # Spread, so that those who wait do not all look at once; no secret depends on it.
            await anyio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # nosec B311
            pause = min(2 * pause, _POLL_MAX_SECONDS)

    async def _stored(self, workspace_id: UUID, grant: MailboxGrant) -> AccessToken:
        """Return the token that a grant had; raises TokenWithheld where it is gone meanwhile."""
        if grant.access_secret_id is not None:
            try:
                async with self._database.reading(workspace_id) as work:
                    return await _opened(work, grant, grant.access_secret_id)
            except SecretUnreadable:  # replaced in between
                found = await self._fresh(workspace_id, grant.id)
                if isinstance(found, AccessToken):
                    return found
        raise TokenWithheld(DiagnosticCode.OAUTH_ENDPOINT_DOWN)

    def _left(self, grant: MailboxGrant) -> float:
        """Return how long the stored token still lasts, in seconds; 0 where there is none."""
        if grant.access_expires_at is None or grant.access_secret_id is None:
            return 0
        return (grant.access_expires_at - self._now()).total_seconds()

    def _spare(self, grant: MailboxGrant) -> float:
        """Return what a token must still last to be used as it is.

        At most half its life, or short-lived ones would be refreshed on each use; and nothing but
        a moment while the endpoint is left alone: an old token is better than none.
        """
        if self._backs_off(grant):
            return min(self._settings.margin_seconds, _MOMENT_SECONDS)
        if grant.access_expires_at is None or grant.refreshed_at is None:
            return self._settings.margin_seconds
        life = (grant.access_expires_at - grant.refreshed_at).total_seconds()
        return min(self._settings.margin_seconds, life / 2)

    def _backs_off(self, grant: MailboxGrant) -> bool:
        if grant.failed_at is None:
            return False
        passed = (self._now() - grant.failed_at).total_seconds()
        return passed < self._settings.retry_seconds

    async def _claimed(self, workspace_id: UUID, grant: MailboxGrant) -> bool:
        until = self._now() + timedelta(seconds=self._settings.lease_seconds)
        async with self._database.work(workspace_id) as work:
            return await work.grants.claim(grant, self._owner, until)

    async def _asked(self, workspace_id: UUID, grant: MailboxGrant) -> AccessToken:
        """Ask the endpoint with the lease in hand, and write down what it said."""
        client, provider, refresh = await self._needed(workspace_id, grant)
        if client is None or provider is None or provider.oauth2 is None or refresh is None:
            code = DiagnosticCode.OAUTH_REAUTH if refresh is None else DiagnosticCode.OAUTH_APP
            return await self._failed(workspace_id, grant, code, lost=refresh is None)
        try:
            answer = await self._answer(provider.oauth2, client, refresh)
        except EndpointDown as error:
            _log.warning("a token endpoint is down: %s: %s", provider.id, error)
            code = DiagnosticCode.OAUTH_ENDPOINT_DOWN
            return await self._failed(workspace_id, grant, code, lost=False)
        except TokenRefused as refused:
            meant = meaning(refused, provider.id)
            _log.info("a grant was refused: %s: %s %s", provider.id, grant.id, meant.code.value)
            return await self._failed(workspace_id, grant, meant.code, lost=meant.lost)
        # What the provider gave once, it may not give again: it is stored, whoever went away.
        with anyio.move_on_after(_STORE_SECONDS, shield=True):
            async with self._database.work(workspace_id) as work:
                await work.grants.refreshed(grant, answer)
        return AccessToken(answer.access, self._now())

    async def _answer(
        self, endpoints: OAuth2Endpoints, client: OAuthClient, refresh: Secret
    ) -> TokenAnswer:
        url = endpoint(endpoints.token, endpoints, client)
        return await self._tokens.ask(url, refresh_form(client, refresh))

    async def _needed(
        self, workspace_id: UUID, grant: MailboxGrant
    ) -> tuple[OAuthClient | None, Provider | None, Secret | None]:
        """Return the client that the grant was given to, its provider and the refresh token."""
        provider = self._catalogue.by_id(grant.provider_id)
        async with self._database.reading(workspace_id) as work:
            client = None
            if provider is not None:
                client = await self._clients.serving(work, provider, grant.client_id)
            refresh = None
            if grant.refresh_secret_id is not None:
                refresh = (await work.secrets.open(grant.refresh_secret_id, REFRESH)).value
        return client, provider, refresh

    async def _failed(
        self, workspace_id: UUID, grant: MailboxGrant, code: DiagnosticCode, *, lost: bool
    ) -> AccessToken:
        """Write a failure down; return the stored token where it lasts, else raise."""
        status = GrantStatus.EXPIRED if lost else GrantStatus.ACTIVE
        await self._written(workspace_id, grant, code, status)
        found = await self._fresh(workspace_id, grant.id)
        if isinstance(found, AccessToken):
            return found
        raise TokenWithheld(code)

    async def _written(
        self,
        workspace_id: UUID,
        grant: MailboxGrant,
        code: DiagnosticCode | None,
        status: GrantStatus,
    ) -> None:
        """Write down why a refresh failed, and that the lease is free."""
        with anyio.move_on_after(_STORE_SECONDS, shield=True):
            async with self._database.work(workspace_id) as work:
                await work.grants.failed(grant, self._owner, code, status)


async def _opened(work: Work, grant: MailboxGrant, secret_id: UUID) -> AccessToken:
    """Return the stored access token of a grant."""
    secret = await work.secrets.open(secret_id, ACCESS)
    return AccessToken(secret.value, grant.refreshed_at or grant.created_at)


def _failure(grant: MailboxGrant) -> DiagnosticCode:
    return DiagnosticCode(grant.failure or DiagnosticCode.OAUTH_ENDPOINT_DOWN)


def _lost(grant: MailboxGrant) -> DiagnosticCode:
    if grant.status is GrantStatus.REVOKED or grant.failure is None:
        return DiagnosticCode.OAUTH_REAUTH
    return DiagnosticCode(grant.failure)
