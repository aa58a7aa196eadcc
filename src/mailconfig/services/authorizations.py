"""Authorising mailboxes with their providers: beginning a flow and completing it (RFC 6749, 4.1).

Threat: somebody slips an answer of their own to a user, takes a user's answer, sends users to a
page of theirs, or plays one provider's answer to another. So the state has 256 random bits, is
stored as its digest, tied to what the caller showed, and used once, also by a failure; the code is
of no use without the verifier (PKCE), which is never stored but made of the flow's id under our
signing key; redirect addresses are those of a list, letter by letter; an issuer is compared.
Whatever is wrong with a state reads the same. No transaction is open while a provider is asked.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, may_change, may_make
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.taxonomy import entry
from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailboxes import (
    STATE_MAX_CHARS,
    Authorization,
    AuthorizationInvalid,
    MissingScopes,
    OAuthClient,
    ProviderRefused,
    binding_of,
    digest_of,
)
from mailconfig.domain.oauth import (
    EndpointDown,
    TokenAnswer,
    TokenEndpoint,
    TokenRefused,
    authorization_url,
    code_form,
    endpoint,
    issuer_fits,
    meaning,
    missing_scopes,
)
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import OAuth2Endpoints, Provider
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.services.configs import ConfigService
from mailconfig.services.grants import Farewell, GrantService
from mailconfig.services.keeping import Completed, GoneMeanwhile, GrantKeeper
from mailconfig.services.oauthclients import OAuthClientService
from mailconfig.storage.database import Database

_STATE_BYTES: Final = 32
_HINT_MAX_CHARS: Final = 320
"""Longest address (RFC 5321, section 4.5.3.1)."""
_CODE_MAX_CHARS: Final = 8 * 1024
"""Longest code; Microsoft's have about 1500 characters."""


@dataclass(frozen=True, slots=True)
class AuthorizationSettings:
    """Limits of flows."""

    seconds: float = 600
    """How long a user may take at the provider's page."""
    per_minute: int = 30
    """Flows that one user may begin in a minute."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to authorise; exactly one of the first three is given."""

    provider_id: str | None = None
    address: str | None = None
    config_id: UUID | None = None
    redirect_uri: str | None = None
    """None: the first that is registered."""
    login_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A flow under way, for the user's browser."""

    url: str
    """Where the user is sent."""
    state: str
    """What comes back with the answer."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sent the user back with."""

    state: str
    code: Secret
    issuer: str | None = None


class AuthorizationService:
    """Flows with providers."""

    def __init__(  # noqa: PLR0913, PLR0917 - one for each collaborator
        self,
        database: Database,
        catalogue: Catalogue,
        clients: OAuthClientService,
        grants: GrantService,
        keeper: GrantKeeper,
        configs: ConfigService,
        tokens: TokenEndpoint,
        signer: Signer,
        limiter: Limiter,
        settings: AuthorizationSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clients = clients
        self._grants = grants
        self._keeper = keeper
        self._configs = configs
        self._tokens = tokens
        self._signer = signer.derive("oauth verifier")
        self._limiter = limiter
        self._settings = settings
        self._now = now

    async def begin(self, principal: Principal, wish: Wish) -> Begun:
        """Begin a flow; raises Forbidden, NotFound, InvalidInput or RateLimited."""
        principal.require(Role.MEMBER)
        limit = Limit("authorizations", self._settings.per_minute, 60)
        await self._limiter.take(limit, f"user {principal.user_id}")
        redirect_uri = self._redirect_uri(wish.redirect_uri)
        provider, endpoints, address = await self._chosen(principal, wish)
        state = secrets.token_urlsafe(_STATE_BYTES)
        flow = Authorization(
            id=new_id(),
            user_id=principal.user_id,
            binding=binding_of(principal),
            provider_id=provider.id,
            config_id=wish.config_id,
            address=address,
            redirect_uri=redirect_uri,
            expires_at=self._now() + timedelta(seconds=self._settings.seconds),
        )
        async with self._database.work(principal.workspace_id) as work:
            client = await self._clients.serving(work, provider)
            if client is None:
                raise _refused(
                    ("target",),
                    N_("Sign-in with this provider has not been set up. Ask the operator."),
                )
            await work.grants.begin(flow, digest_of(state))
            details = {"provider": provider.id}
            await work.audit.append(
                principal.user_id, "authorization.begin", "authorization", flow.id, details
            )
        hint = _hint(wish.login_hint) or address
        verifier = self._verifier(flow.id)
        url = authorization_url(endpoints, client, redirect_uri, state, verifier, hint)
        return Begun(url, state, flow.expires_at)

    async def complete(self, principal: Principal, answer: Answer) -> Completed:
        """Exchange the code for tokens and keep them; the state is used up, whatever comes of it.

        Raises AuthorizationInvalid, MissingScopes, ProviderRefused, and for a configuration what
        `ConfigService.update` raises; nothing is kept then.
        """
        principal.require(Role.MEMBER)
        flow = await self._taken(principal, answer.state)
        provider = self._catalogue.by_id(flow.provider_id)
        if provider is None or provider.oauth2 is None:
            raise AuthorizationInvalid
        if answer.issuer is not None and not issuer_fits(answer.issuer, provider.oauth2):
            raise AuthorizationInvalid
        async with self._database.reading(principal.workspace_id) as work:
            client = await self._clients.serving(work, provider)
        if client is None:
            raise AuthorizationInvalid
        tokens = await self._exchanged(provider, provider.oauth2, client, flow, answer.code)
        missing = missing_scopes(provider.oauth2.scopes, tokens)
        if missing:
            await self._refuse(provider.oauth2, client, tokens)
            raise MissingScopes(missing)
        try:
            return await self._keeper.kept(principal, provider, client, flow, tokens)
        except GoneMeanwhile as gone:
            await self._refuse(provider.oauth2, client, tokens)
            raise AuthorizationInvalid from gone

    # -- beginning

    def _redirect_uri(self, wanted: str | None) -> str:
        registered = self._clients.redirect_uris
        if not registered:
            message = N_("No redirect address has been set up. Ask the operator.")
            raise _refused(("redirectUri",), message)
        if wanted is None:
            return registered[0]
        if wanted not in registered:
            raise _refused(("redirectUri",), N_("This redirect address is not registered."))
        return wanted

    async def _chosen(
        self, principal: Principal, wish: Wish
    ) -> tuple[Provider, OAuth2Endpoints, str | None]:
        """Return the provider, its endpoints, and the account's address as far as it is known."""
        provider: Provider | None
        address: str | None
        if wish.config_id is not None:
            provider, address = await self._of_config(principal, wish.config_id)
        elif wish.address is not None:
            provider, address = self._of_address(wish.address)
        else:
            provider = self._catalogue.by_id(wish.provider_id or "")
            address = principal.purpose.address if principal.purpose else None
        if wish.config_id is None and not may_make(principal, address or "", shared=False):
            raise Forbidden
        if provider is None:
            raise _refused(("target",), N_("The provider of this address is not known."))
        if provider.oauth2 is None:
            message = phrase(
                "{name} is not known to accept sign-in with OAuth 2.0.", name=provider.name
            )
            raise _refused(("target",), message)
        return provider, provider.oauth2, address

    async def _of_config(
        self, principal: Principal, config_id: UUID
    ) -> tuple[Provider | None, str]:
        try:
            config = await self._configs.get(principal, config_id)
        except NotFound as error:
            raise NotFound(("target", "configId")) from error
        if not may_change(principal, config.owner_id, config):
            raise Forbidden
        return self._provider_of(config), config.email_address

    def _provider_of(self, config: EmailConfig) -> Provider | None:
        """Return the row that the servers of a configuration belong to, not what it is called."""
        domain = parse_address(config.email_address).domain
        chosen = self._catalogue.by_id(config.provider_id) if config.provider_id else None
        servers = [server for server in (config.incoming, config.outgoing) if server is not None]
        for server in servers:
            rows = self._catalogue.rows_of_host(server.settings.host)
            if chosen is not None and chosen in rows:
                return chosen
            found = self._catalogue.by_host(server.settings.host, domain)
            if found is not None:
                return found
        return None

    def _of_address(self, text: str) -> tuple[Provider | None, str]:
        try:
            address = parse_address(text)
        except AddressInvalid as error:
            path = ("target", "emailAddress")
            raise _refused(path, N_("This is no e-mail address."), _FORMAT) from error
        return self._catalogue.by_address(address), address.text

    # -- completing

    async def _taken(self, principal: Principal, state: str) -> Authorization:
        """Use a state up and return its flow, if it is the caller's and not over."""
        if len(state) > STATE_MAX_CHARS:
            raise AuthorizationInvalid
        async with self._database.work(principal.workspace_id) as work:
            flow = await work.grants.take(digest_of(state))
        fits = (
            flow is not None
            and flow.user_id == principal.user_id
            and flow.expires_at > self._now()
            and secrets.compare_digest(flow.binding, binding_of(principal))
        )
        if flow is None or not fits:
            raise AuthorizationInvalid
        return flow

    async def _exchanged(
        self,
        provider: Provider,
        endpoints: OAuth2Endpoints,
        client: OAuthClient,
        flow: Authorization,
        code: Secret,
    ) -> TokenAnswer:
        if not code or len(code.reveal()) > _CODE_MAX_CHARS:
            raise AuthorizationInvalid
        form = code_form(client, code, self._verifier(flow.id), flow.redirect_uri)
        try:
            return await self._tokens.ask(endpoint(endpoints.token, endpoints, client), form)
        except EndpointDown as error:
            raise _provider_refused(DiagnosticCode.OAUTH_ENDPOINT_DOWN) from error
        except TokenRefused as refused:
            raise _provider_refused(meaning(refused, provider.id).code) from refused

    async def _refuse(
        self, endpoints: OAuth2Endpoints, client: OAuthClient, tokens: TokenAnswer
    ) -> None:
        """Give back what is not kept."""
        await self._grants.give_back([Farewell(endpoints, client, tokens.refresh or tokens.access)])

    def _verifier(self, id: UUID) -> Secret:
        """Return the PKCE verifier of a flow: 43 letters of base64url (RFC 7636, section 4.1)."""
        return Secret(self._signer.sign(str(id)))


_FORMAT: Final = ValidationCode.INVALID_FORMAT


def _hint(text: str | None) -> str | None:
    """Return a hint for the provider's page; what is too long for an address helps nobody."""
    if not text or len(text) > _HINT_MAX_CHARS or not text.isprintable():
        return None
    return text


def _provider_refused(code: DiagnosticCode) -> ProviderRefused:
    said = entry(code)
    return ProviderRefused(said.title, code.value, retryable=said.retryable)


def _refused(
    path: tuple[str, ...], message: str, code: ValidationCode = ValidationCode.NOT_ALLOWED
) -> InvalidInput:
    return InvalidInput.of(code, message, *path)
