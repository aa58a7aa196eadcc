"""OAuth clients: what the operator or an administrator registered with providers.

A client serves every row of the catalogue that has the same token endpoint; the workspace's wins
over the operator's, and one of the row itself over one of its family. Secrets are write-only.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.errors import InvalidInput, NotFound
from mailconfig.domain.identity import Principal, Role, Scope
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.mailboxes import OAuthClient, same_family
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import Secret
from mailconfig.storage.database import Database, Work

_MAX_CHARS: Final = 1000
"""Longest client id or secret; Google's have about 70 characters."""


class OAuthClientService:
    """Reads and changes clients, and finds the one that serves a provider."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        operator: tuple[OAuthClient, ...],
        redirect_uris: tuple[str, ...],
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._operator = operator
        self.redirect_uris: Final = redirect_uris
        """Addresses that providers may send users back to, the usual one first; to be registered
        with each client as they are.
        """

    async def all(self, principal: Principal) -> tuple[OAuthClient, ...]:
        """Return the clients that serve a workspace, the winning one of each row, no secrets.

        Raises Forbidden for all but administrators.
        """
        _manage(principal)
        async with self._database.reading(principal.workspace_id) as work:
            own = await work.oauth_clients.all()
        taken = {client.provider_id for client in own}
        rest = [client for client in self._operator if client.provider_id not in taken]
        return tuple(sorted((*own, *rest), key=lambda client: client.provider_id))

    async def put(
        self, principal: Principal, provider_id: str, client_id: str, secret: Secret | None
    ) -> OAuthClient:
        """Set the workspace's client of a provider; raises Forbidden or InvalidInput."""
        _manage(principal)
        issues = tuple(self._issues(provider_id, client_id, secret))
        if issues:
            raise InvalidInput(issues)
        async with self._database.work(principal.workspace_id) as work:
            id = await work.oauth_clients.put(provider_id, client_id, secret)
            await work.audit.append(
                principal.user_id, "oauthClient.set", "oauthClient", id, {"provider": provider_id}
            )
            (client,) = await work.oauth_clients.find([provider_id])
        return client

    async def delete(self, principal: Principal, provider_id: str) -> None:
        """Remove the workspace's client of a provider; raises Forbidden or NotFound.

        What was granted to it cannot be refreshed any more.
        """
        _manage(principal)
        async with self._database.work(principal.workspace_id) as work:
            id = await work.oauth_clients.delete(provider_id)
            if id is None:
                raise NotFound(("providerId",))
            details = {"provider": provider_id}
            await work.audit.append(
                principal.user_id, "oauthClient.delete", "oauthClient", id, details
            )

    async def serving(
        self, work: Work, provider: Provider, client_id: str | None = None
    ) -> OAuthClient | None:
        """Return the client for a provider, the one of that client id if given; None for none."""
        family = [row.id for row in self._catalogue.providers if same_family(row, provider)]
        own = await work.oauth_clients.find([*family, provider.id], client_id)
        operator = [
            client
            for client in self._operator
            if client.provider_id in family and client_id in {None, client.client_id}
        ]
        return _nearest(own, provider) or _nearest(operator, provider)

    def _issues(
        self, provider_id: str, client_id: str, secret: Secret | None
    ) -> Iterator[ValidationIssue]:
        row = self._catalogue.by_id(provider_id)
        if row is None:
            message = N_("There is no such provider.")
            yield ValidationIssue.error(ValidationCode.UNKNOWN_PROVIDER, message, "providerId")
        elif row.oauth2 is None:
            message = phrase("{name} is not known to accept sign-in with OAuth 2.0.", name=row.name)
            yield ValidationIssue.error(ValidationCode.NOT_ALLOWED, message, "providerId")
        texts = (("clientId", client_id), ("clientSecret", secret.reveal() if secret else None))
        for field, text in texts:
            if text is None:
                continue
            if not text or not text.isascii() or not text.isprintable() or " " in text:
                message = N_("This is not as the provider shows it: copy it again.")
                yield ValidationIssue.error(ValidationCode.INVALID_FORMAT, message, field)
            elif len(text) > _MAX_CHARS:
                message = phrase("This is longer than {most} characters.", most=_MAX_CHARS)
                yield ValidationIssue.error(ValidationCode.TOO_LONG, message, field)


def _nearest(clients: Sequence[OAuthClient], provider: Provider) -> OAuthClient | None:
    """Return the client of the row itself, else the first of its family."""
    exact = [client for client in clients if client.provider_id == provider.id]
    return next(iter((*exact, *clients)), None)


def _manage(principal: Principal) -> None:
    principal.permit(Scope.WORKSPACE_MANAGE)
    principal.require(Role.ADMIN)
