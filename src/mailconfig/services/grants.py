"""Mailbox grants in use: who may refer to one, where its token may go, and how it ends.

Threat: a bearer token is good for everything that was granted. So it goes to servers of its own
provider only, which is looked at when a configuration is stored and again each time before
anything is dialled; and only whoever granted it may put it into a configuration.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound, SecretRequired
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.issues import Severity, ValidationCode, ValidationIssue
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, OAuthClient, same_family
from mailconfig.domain.oauth import EndpointDown, TokenEndpoint, endpoint, revocation_form
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

_FAREWELLS: Final = 10
"""Most tokens that are given back after one deletion; a configuration has one or two grants."""
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
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clients = clients
        self._refresher = refresher
        self._tokens = tokens

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
                raise InvalidInput((_issue(path),))

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
        return replace(target, secret=NewSecret(SecretKind.ACCESS_TOKEN, token), grant_id=grant_id)

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

    async def _farewells(self, work: Work, grant: MailboxGrant) -> list[Farewell]:
        row = self._catalogue.by_id(grant.provider_id)
        if row is None or row.oauth2 is None or row.oauth2.revoke is None:
            return []
        client = await self._clients.serving(work, row, grant.client_id)
        if client is None or grant.refresh_secret_id is None:
            return []
        refresh = await work.secrets.open(grant.refresh_secret_id, REFRESH)
        return [Farewell(row.oauth2, client, refresh.value)]

    async def give_back(self, farewells: Sequence[Farewell]) -> None:
        """Tell providers that tokens are not needed any more; best effort, within a deadline."""
        async with asyncio.TaskGroup() as group:
            for farewell in farewells[:_FAREWELLS]:
                group.create_task(self._give_back(farewell))

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


def _issue(path: tuple[str, ...]) -> ValidationIssue:
    return ValidationIssue(ValidationCode.NOT_ALLOWED, Severity.ERROR, _ELSEWHERE, path)
