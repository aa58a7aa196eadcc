"""Mailbox grants in use: who may refer to one, where its token may go, and how it ends.

Threat: a bearer token is good for everything that was granted. So it goes to servers of its own
provider only, which is looked at when a configuration is stored and again each time before
anything is dialled; and only whoever granted it may put it into a configuration.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    SecretRequired,
    SecretUnreadable,
)
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, OAuthClient, same_family
from mailconfig.domain.oauth import (
    EndpointDown,
    TokenEndpoint,
    endpoint,
    revocation_form,
    ungranted,
)
from mailconfig.domain.phrases import N_
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.providers import OAuth2Endpoints
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.services.custody import FIELDS
from mailconfig.services.finding import named_by
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.services.refreshing import Refresher, TokenWithheld
from mailconfig.storage.database import Database, Work
from mailconfig.storage.grants import REFRESH

_log = logging.getLogger(__name__)

_FAREWELL_SECONDS: Final = 10.0
"""For giving back all tokens of one deletion, which somebody waits for: two rounds of a service
that does not answer, and some hundred tokens at one that does."""
_AT_ONCE: Final = 10
"""Tokens that are given back at the same time, so that no provider takes us for an attack."""
_FAREWELLS: Final = 1000
"""Most tokens of a workspace that are opened when it goes: more cannot be given back in time."""
_ELSEWHERE: Final = N_("This permission is good for the servers of its own provider only.")


@dataclass(frozen=True, slots=True)
class Farewell:
    """A token to give back when the transaction is over."""

    endpoints: OAuth2Endpoints
    client: OAuthClient
    token: Secret


class GrantService:
    """The use and the end of grants."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        clients: OAuthClientService,
        refresher: Refresher,
        tokens: TokenEndpoint,
        farewell_seconds: float = _FAREWELL_SECONDS,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clients = clients
        self._refresher = refresher
        self._tokens = tokens
        self._farewell_seconds = farewell_seconds

    async def check(
        self, work: Work, principal: Principal, before: EmailConfig | None, after: EmailConfig
    ) -> None:
        """Look at what a configuration refers to as it is about to be stored.

        Raises NotFound for a grant of nobody or of somebody else, unless it stood there before;
        InvalidInput for one of another provider than its server's.
        """
        for side in FIELDS.values():
            server: StoredServer | None = getattr(after, side)
            if server is None or server.secret_kind is not SecretKind.GRANT:
                continue
            old: StoredServer | None = getattr(before, side) if before else None
            path = (side, "secret", "grant")
            grant = await self._referred(work, side, server, path)
            if old is None or old.secret_id != server.secret_id:
                _own(principal, grant, path)
            if not self.fits(grant, server.settings.host):
                raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _ELSEWHERE, *path)

    async def check_new(self, principal: Principal, config: EmailConfig) -> None:
        """Look at a new configuration as `check` does; few refer to grants: no read for others."""
        servers = (config.incoming, config.outgoing)
        if any(server and server.secret_kind is SecretKind.GRANT for server in servers):
            async with self._database.reading(principal.workspace_id) as work:
                await self.check(work, principal, None, config)

    async def check_typed(
        self, work: Work, principal: Principal, secret: NewSecret, path: tuple[str, ...]
    ) -> None:
        """Look at a grant that a draft names; raises NotFound."""
        try:
            grant = await work.grants.get(UUID(secret.value.reveal()))
        except NotFound as error:
            raise NotFound(path) from error
        _own(principal, grant, path)

    async def _referred(
        self, work: Work, side: str, server: StoredServer, path: tuple[str, ...]
    ) -> MailboxGrant:
        if server.secret_id is None:
            raise NotFound(path)
        grant_id = await work.grants.referred(server.secret_id, side)
        if grant_id is None:
            raise NotFound(path)
        return await work.grants.get(grant_id)

    def fits(self, grant: MailboxGrant, host: str) -> bool:
        """Tell whether a host is a server of the grant's provider, or of its family."""
        row = self._catalogue.by_id(grant.provider_id)
        if row is None:
            return False
        return any(same_family(row, other) for other in self._catalogue.rows_of_host(host))

    async def opened(self, workspace_id: UUID, target: ProbeTarget) -> ProbeTarget:
        """Return a target with an access token in place of its grant, outside of transactions.

        Where none can be had the target tells why. Raises SecretRequired for a host that is not
        the provider's.
        """
        secret = target.secret
        if secret is None or secret.kind is not SecretKind.GRANT:
            return target
        grant_id = UUID(secret.value.reveal())
        try:
            async with self._database.reading(workspace_id) as work:
                grant = await work.grants.get(grant_id)
            if not self.fits(grant, target.settings.host):
                raise SecretRequired((FIELDS[target.settings.protocol], "secret"))
            token = await self._refresher.access(workspace_id, grant_id)
        except NotFound:
            return replace(target, secret=None, withheld=DiagnosticCode.OAUTH_REAUTH)
        except TokenWithheld as reason:
            return replace(target, secret=None, withheld=reason.code)
        return replace(
            target,
            secret=NewSecret(SecretKind.ACCESS_TOKEN, token.value),
            grant_id=grant_id,
            token_fetched_at=token.fetched_at,
            scopes_missing=self._ungranted(grant),
        )

    def _ungranted(self, grant: MailboxGrant) -> tuple[str, ...]:
        """Name what a grant of older days lacks: today nothing is kept that lacks a scope."""
        row = self._catalogue.by_id(grant.provider_id)
        return ungranted(row.oauth2.scopes, grant.scopes) if row and row.oauth2 else ()

    # -- the end

    async def revoke(self, principal: Principal, grant_id: UUID) -> MailboxGrant:
        """Give a grant back, forget its tokens, and return it as it is then.

        Configurations that refer to it can be authorised anew. Raises NotFound for others' grants,
        unless the caller is an administrator, who may end them all.
        """
        principal.require(Role.MEMBER)
        if principal.purpose is not None:  # it is for connecting a mailbox
            raise Forbidden
        async with self._database.reading(principal.workspace_id) as work:
            with named_by("id"):
                grant = await work.grants.get(grant_id)
        if grant.user_id != principal.user_id and not principal.at_least(Role.ADMIN):
            raise NotFound(("id",))
        return await self.end(principal, grant_id)

    async def end(self, principal: Principal, grant_id: UUID) -> MailboxGrant:
        """Do what `revoke` does for whoever may; raises NotFound."""
        async with self._database.work(principal.workspace_id) as work:
            grant = await work.grants.get(grant_id)
            farewells = await self._farewells(work, grant)
            if await work.grants.is_used(grant_id):
                await work.grants.revoke(grant_id)
            else:
                await work.grants.delete(grant_id)
            await work.audit.append(principal.user_id, "grant.revoke", "grant", grant_id, {})
        await self.give_back(farewells)
        return replace(grant, status=GrantStatus.REVOKED)

    async def drop_unused(self, work: Work, grant_ids: Collection[UUID]) -> list[Farewell]:
        """Remove those of the grants that nothing refers to any more; return what to give back."""
        farewells: list[Farewell] = []
        for grant_id in grant_ids:
            if await work.grants.is_used(grant_id):
                continue
            farewells += await self._farewells(work, await work.grants.get(grant_id))
            await work.grants.delete(grant_id)
        return farewells

    async def farewells(self, workspace_id: UUID) -> dict[UUID, Farewell]:
        """Open the tokens of a workspace that is about to go, by grant; changes nothing."""
        farewells: dict[UUID, Farewell] = {}
        async with self._database.reading(workspace_id) as work:
            held = await work.grants.held(_FAREWELLS + 1)
            for grant in held[:_FAREWELLS]:
                for farewell in await self._farewells(work, grant):
                    farewells[grant.id] = farewell
        if len(held) > _FAREWELLS:
            _log.warning("workspace %s has more tokens than are given back", workspace_id)
        return farewells

    async def _farewells(self, work: Work, grant: MailboxGrant) -> list[Farewell]:
        row = self._catalogue.by_id(grant.provider_id)
        if row is None or row.oauth2 is None or row.oauth2.revoke is None:
            return []
        if grant.refresh_secret_id is None:
            return []
        try:
            client = await self._clients.serving(work, row, grant.client_id)
            refresh = await work.secrets.open(grant.refresh_secret_id, REFRESH)
        except SecretUnreadable as error:  # of no use to anybody; what was asked for goes on
            _log.warning("the token of grant %s cannot be given back: %s", grant.id, error)
            return []
        return [Farewell(row.oauth2, client, refresh.value)] if client else []

    async def give_back(self, farewells: Sequence[Farewell]) -> None:
        """Tell providers that tokens are not needed any more; best effort, within a deadline.

        What fails is logged and never raised: what it follows has happened already. Call it
        outside of transactions.
        """
        left = deque(farewells)
        under_way: list[Farewell] = []
        try:
            async with asyncio.timeout(self._farewell_seconds), asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(left))):
                    group.create_task(self._give_each(left, under_way))
        except TimeoutError:
            count = len(left) + len(under_way)
            _log.warning("%d tokens could not be given back in time", count)

    async def _give_each(self, left: deque[Farewell], under_way: list[Farewell]) -> None:
        """Give tokens back one after the other, until none is left."""
        while left:
            farewell = left.popleft()
            under_way.append(farewell)
            try:
                await self._give_back(farewell)
            except Exception as error:  # noqa: BLE001 - the task's top; its text might quote a token
                _log.warning("a token could not be given back: %s", type(error).__name__)
            under_way.remove(farewell)

    async def _give_back(self, farewell: Farewell) -> None:
        endpoints, client = farewell.endpoints, farewell.client
        if endpoints.revoke is None:
            return
        url = endpoint(endpoints.revoke, endpoints, client)
        try:
            await self._tokens.revoke(url, revocation_form(client, farewell.token, "refresh_token"))
        except EndpointDown as error:
            _log.warning("a token could not be given back: %s", error)


def _own(principal: Principal, grant: MailboxGrant, path: tuple[str, ...]) -> None:
    if grant.user_id != principal.user_id:
        raise NotFound(path)
