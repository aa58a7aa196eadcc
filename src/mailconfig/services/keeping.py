"""Keeping what a user granted: the grant's row, and the configuration that signs in with it.

Must not speak with providers; that is `authorizations` and `refreshing`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.errors import InvalidInput, NotFound, Refusal
from mailconfig.domain.identity import Principal
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailboxes import (
    Authorization,
    GrantStatus,
    MailboxGrant,
    OAuthClient,
    pointer_id,
    same_family,
)
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.submission import Change, drafted
from mailconfig.services.configs import ConfigService
from mailconfig.services.custody import FIELDS
from mailconfig.services.grants import GrantService
from mailconfig.storage.database import Database

_MECHANISMS: Final = {
    "XOAUTH2": AuthenticationMethod.XOAUTH2,
    "OAUTHBEARER": AuthenticationMethod.OAUTHBEARER,
}
_NO_SERVER: Final = N_("No server of this configuration belongs to the provider.")


class GoneMeanwhile(Exception):
    """The configuration is not there any more, or not shown to the user."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a flow brought."""

    grant: MailboxGrant
    config: EmailConfig | None
    """The configuration that was authorised, as it is now."""


class GrantKeeper:
    """Stores grants and lets configurations refer to them."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        grants: GrantService,
        configs: ConfigService,
        now: Now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._grants = grants
        self._configs = configs
        self._now = now

    async def kept(
        self,
        principal: Principal,
        provider: Provider,
        client: OAuthClient,
        flow: Authorization,
        tokens: TokenAnswer,
    ) -> Completed:
        """Store what was granted; a grant that the configuration has already keeps its id.

        Raises GoneMeanwhile, and what `ConfigService.update` raises; a new grant is given back
        then.
        """
        config = await self._config(principal, flow)
        old = await self._standing(principal, provider, config) if config else None
        grant = self._grant(principal, provider, client, flow, tokens)
        if old is not None:
            grant = replace(grant, id=old.id, created_at=old.created_at)
        async with self._database.work(principal.workspace_id) as work:
            await (work.grants.renew if old else work.grants.insert)(grant, tokens)
            await work.audit.append(
                principal.user_id,
                "grant.authorize",
                "grant",
                grant.id,
                {"provider": provider.id, "renewed": old is not None},
            )
            grant = await work.grants.get(grant.id)
        if config is None:
            return Completed(grant, None)
        try:
            return Completed(grant, await self._pointed(principal, provider, config, grant))
        except Refusal:
            if old is None:
                await self._grants.end(principal, grant.id)
            raise

    async def _config(self, principal: Principal, flow: Authorization) -> EmailConfig | None:
        if flow.config_id is None:
            return None
        try:
            return await self._configs.get(principal, flow.config_id)
        except NotFound as error:
            raise GoneMeanwhile from error

    async def _standing(
        self, principal: Principal, provider: Provider, config: EmailConfig
    ) -> MailboxGrant | None:
        """Return the grant of the same provider that a configuration refers to today."""
        async with self._database.reading(principal.workspace_id) as work:
            for side, server in _servers(config):
                if server.secret_kind is not SecretKind.GRANT or server.secret_id is None:
                    continue
                grant_id = await work.grants.referred(server.secret_id, side)
                grant = await work.grants.get(grant_id) if grant_id else None
                row = self._catalogue.by_id(grant.provider_id) if grant else None
                if row is not None and same_family(row, provider):
                    return grant
        return None

    def _grant(
        self,
        principal: Principal,
        provider: Provider,
        client: OAuthClient,
        flow: Authorization,
        tokens: TokenAnswer,
    ) -> MailboxGrant:
        asked = provider.oauth2.scopes if provider.oauth2 else ()
        return MailboxGrant(
            id=new_id(),
            user_id=principal.user_id,
            provider_id=provider.id,
            client_id=client.client_id,
            address=flow.address,
            scopes=asked if tokens.scopes is None else tokens.scopes,
            status=GrantStatus.ACTIVE,
            failure=None,
            failed_at=None,
            created_at=self._now(),
            refreshed_at=None,
            refresh_secret_id=None,
            access_secret_id=None,
            access_expires_at=None,
        )

    async def _pointed(
        self, principal: Principal, provider: Provider, config: EmailConfig, grant: MailboxGrant
    ) -> EmailConfig:
        """Let the provider's servers of a configuration sign in with the grant."""
        methods = _methods(provider)
        change = Change(config.id, config.revision)
        changed = False
        belonging = [pair for pair in _servers(config) if self._fits(grant, pair[1])]
        if not belonging:
            raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _NO_SERVER, "state")
        for side, server in belonging:
            secret = NewSecret(SecretKind.GRANT, Secret(str(grant.id)))
            draft = drafted(server, secret)
            if draft is None or _signs_in(side, server, grant, methods):
                continue
            changed = True
            draft = replace(draft, authentication=methods[0])
            if side == "incoming":
                change = replace(change, incoming=draft)
            else:
                change = replace(change, outgoing=draft)
        return await self._configs.update(principal, change) if changed else config

    def _fits(self, grant: MailboxGrant, server: StoredServer) -> bool:
        return self._grants.fits(grant, server.settings.host)


def _servers(config: EmailConfig) -> Iterator[tuple[str, StoredServer]]:
    """Yield the servers of a configuration with the names of their sides."""
    for side, server in zip(FIELDS.values(), (config.incoming, config.outgoing), strict=True):
        if server is not None:
            yield side, server


def _signs_in(
    side: str,
    server: StoredServer,
    grant: MailboxGrant,
    methods: tuple[AuthenticationMethod, ...],
) -> bool:
    """Tell whether a server signs in with the grant already, by whichever of the methods."""
    same = server.secret_id == pointer_id(grant.id, side)
    return same and server.settings.authentication in methods


def _methods(provider: Provider) -> tuple[AuthenticationMethod, ...]:
    """Return what takes a token there: mechanisms as the catalogue orders them, then AUTO."""
    names = provider.oauth2.sasl if provider.oauth2 else ()
    known = (_MECHANISMS[name] for name in names if name in _MECHANISMS)
    return (*known, AuthenticationMethod.AUTO)
