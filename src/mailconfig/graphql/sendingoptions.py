"""What is done about an account's sent mail: choosing it; it is read with the configuration."""

from typing import Annotated

import strawberry

from mailconfig.domain import sentmail
from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.objects import EmailConfig, email_config


@input_type
class SetSendingOptionsInput:
    """What is to be done about the sent mail of an account."""

    config_id: strawberry.ID
    """The configuration."""
    save_to_sent: bool | None = None
    """Whether sent mail is put into the Sent folder; where the provider does not do so by itself,
    when it is left out."""
    read_bounces: bool = False
    """Whether INBOX is looked into for bounces and complaints of what was sent."""


@object_type
class SetSendingOptionsPayload:
    """What setSendingOptions answers."""

    config: EmailConfig | None = None
    """The configuration with its options; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@strawberry.type
class SendingOptionsMutation:
    """Choosing."""

    @mutation(Guard.MEMBER, SetSendingOptionsPayload, Scope.CONFIGS_WRITE)
    async def set_sending_options(
        self,
        info: Info,
        input: Annotated[SetSendingOptionsInput, strawberry.argument(description="The choice.")],
    ) -> SetSendingOptionsPayload | None:
        """Say what is done about an account's sent mail; for who may change the account."""
        services = info.context.services
        principal = await info.context.caller()
        key = ids.key_of("EmailConfig", input.config_id, ("configId",))
        chosen = sentmail.SendingOptions(input.save_to_sent, input.read_bounces)
        config, _ = await services.sending_options.choose(principal, key, chosen)
        return SetSendingOptionsPayload(config=email_config(config, services.catalogue))
