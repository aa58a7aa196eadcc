"""Mailboxes by OAuth 2.0: beginning and completing a sign-in with the provider, and its end."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import mailboxes as domain
from mailconfig.domain.identity import Scope
from mailconfig.domain.mailboxes import GrantStatus
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type, one_of_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.objects import EmailConfig, email_config
from mailconfig.graphql.providers import Provider, shown_providers
from mailconfig.services.authorizations import Answer, Wish


@object_type
class MailboxGrant:
    """What a user granted to us at a provider. Its tokens are never shown."""

    id: strawberry.ID
    """Global id, for `grant` of a server's secret."""
    provider: Provider | None
    """Provider that granted it."""
    address: str | None
    """Address that it was asked for."""
    scopes: list[str]
    """Permissions, in the words of the provider."""
    status: GrantStatus
    """Whether it is of use."""
    created_at: datetime
    """When it was first granted."""


def mailbox_grant(info: Info, grant: domain.MailboxGrant) -> MailboxGrant:
    """Show a grant."""
    providers = shown_providers(info.context.services.catalogue)
    return MailboxGrant(
        id=ids.encode("MailboxGrant", grant.id),
        provider=providers.get(grant.provider_id),
        address=grant.address,
        scopes=list(grant.scopes),
        status=grant.status,
        created_at=grant.created_at,
    )


@one_of_type
class MailboxTarget:
    """The mailbox to authorise: exactly one of these."""

    provider_id: strawberry.Maybe[strawberry.ID]
    """A provider, where the address does not tell it."""
    email_address: strawberry.Maybe[str]
    """An address of a provider that the catalogue knows."""
    config_id: strawberry.Maybe[strawberry.ID]
    """A configuration, whose servers sign in with the grant afterwards."""


@input_type
class BeginMailboxAuthorizationInput:
    """Which mailbox, and where the user comes back to."""

    target: MailboxTarget
    """The mailbox."""
    redirect_uri: str | None = None
    """One of the registered addresses, letter by letter; unset: the first of them."""
    login_hint: str | None = None
    """Account that the provider's page proposes; unset: the address."""


@object_type
class BeginMailboxAuthorizationPayload:
    """What beginMailboxAuthorization answers."""

    authorization_url: str | None = None
    """The provider's page: send the user's browser there."""
    state: str | None = None
    """What the provider sends back with the answer, for comparing it there."""
    expires_at: datetime | None = None
    """Until when it can be completed."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was begun."""


@input_type
class CompleteMailboxAuthorizationInput:
    """What the provider sent the user back with: the parameters of the redirect address."""

    state: str
    """The flow's own secret, which is good once."""
    code: str
    """The authorisation code, a secret that is good once."""
    iss: str | None = None
    """The issuer (RFC 9207), where the provider names it."""


@object_type
class CompleteMailboxAuthorizationPayload:
    """What completeMailboxAuthorization answers."""

    grant: MailboxGrant | None = None
    """What was granted; null when there are errors."""
    config: EmailConfig | None = None
    """The configuration that was authorised, if one was named at the beginning."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was kept."""


@input_type
class RevokeMailboxGrantInput:
    """A grant to end."""

    id: strawberry.ID
    """Global id of the grant."""


@object_type
class RevokeMailboxGrantPayload:
    """What revokeMailboxGrant answers."""

    grant: MailboxGrant | None = None
    """The grant as it ended; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was ended."""


def _wish(given: BeginMailboxAuthorizationInput) -> Wish:
    target = given.target
    config_id = None
    if target.config_id is not None:
        config_id = ids.key_of("EmailConfig", target.config_id.value, ("target", "configId"))
    provider_id = target.provider_id.value if target.provider_id is not None else None
    return Wish(
        provider_id=ids.provider_key(provider_id) if provider_id is not None else None,
        address=target.email_address.value if target.email_address is not None else None,
        config_id=config_id,
        redirect_uri=given.redirect_uri,
        login_hint=given.login_hint,
    )


@strawberry.type
class MailboxMutation:
    """Sign-in with providers."""

    @mutation(Guard.MEMBER, BeginMailboxAuthorizationPayload, Scope.CONFIGS_WRITE)
    async def begin_mailbox_authorization(
        self,
        info: Info,
        input: Annotated[
            BeginMailboxAuthorizationInput, strawberry.argument(description="The mailbox.")
        ],
    ) -> BeginMailboxAuthorizationPayload | None:
        """Begin a sign-in with the provider; only the same session can complete it."""
        principal = await info.context.caller()
        begun = await info.context.services.authorizations.begin(principal, _wish(input))
        return BeginMailboxAuthorizationPayload(
            authorization_url=begun.url, state=begun.state, expires_at=begun.expires_at
        )

    @mutation(Guard.MEMBER, CompleteMailboxAuthorizationPayload, Scope.CONFIGS_WRITE)
    async def complete_mailbox_authorization(
        self,
        info: Info,
        input: Annotated[
            CompleteMailboxAuthorizationInput,
            strawberry.argument(description="The provider's answer."),
        ],
    ) -> CompleteMailboxAuthorizationPayload | None:
        """Exchange the provider's answer for a grant; each answer is good once."""
        principal = await info.context.caller()
        services = info.context.services
        answer = Answer(input.state, Secret(input.code), input.iss)
        completed = await services.authorizations.complete(principal, answer)
        config = completed.config
        return CompleteMailboxAuthorizationPayload(
            grant=mailbox_grant(info, completed.grant),
            config=email_config(config, services.catalogue) if config else None,
        )

    @mutation(Guard.MEMBER, RevokeMailboxGrantPayload, Scope.CONFIGS_WRITE)
    async def revoke_mailbox_grant(
        self,
        info: Info,
        input: Annotated[RevokeMailboxGrantInput, strawberry.argument(description="The grant.")],
    ) -> RevokeMailboxGrantPayload | None:
        """Give a grant back to the provider and forget its tokens."""
        principal = await info.context.caller()
        key = ids.key_of("MailboxGrant", input.id)
        ended = await info.context.services.grants.revoke(principal, key)
        return RevokeMailboxGrantPayload(grant=mailbox_grant(info, ended))
