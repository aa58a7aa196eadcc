"""Messages: send, look at before, stop, try again; accounts: pause; the suppression list: change.

Must not: wait for a mail server. What is taken in is sent by workers.
"""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import mailing
from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type, one_of_type
from mailconfig.graphql.emailforms import (
    MessageFilter,
    PreviewEmailInput,
    SendEmailInput,
    message_filter,
    send_request,
)
from mailconfig.graphql.emails import Message, Suppression, message, suppression
from mailconfig.graphql.errors import UserError, ValidationIssue, validation_issue
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.objects import EmailConfig, email_config
from mailconfig.graphql.pages import check_length
from mailconfig.graphql.scalars import EmailAddress
from mailconfig.services.messagechanges import SendingPause


@object_type
class SendEmailPayload:
    """What sendEmail answers."""

    message: Message | None = None
    """The message as it was taken in; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was taken in."""


@object_type
class EmailHeader:
    """One header of a message."""

    name: str
    """Its name."""
    value: str
    """Its value, as a reader sees it."""


@object_type
class EmailPreview:
    """A message as it would go out; a time, an identifier and borders of parts differ each time."""

    content: str
    """The whole message, byte for byte: ASCII, or UTF-8 where an address needs it; lines end with
    CR LF."""
    size_bytes: int
    """Its size."""
    message_id: str
    """Its Message-ID; the one that is sent gets another."""
    sender: EmailAddress
    """Address in MAIL FROM."""
    recipients: list[EmailAddress]
    """Addresses in RCPT TO, each once."""
    headers: list[EmailHeader]
    """Its headers in their order, without those of parts."""
    needs_utf8: bool
    """Whether an address needs a server that offers SMTPUTF8 (RFC 6531)."""
    issues: list[ValidationIssue]
    """Warnings and hints."""


@object_type
class PreviewEmailPayload:
    """What previewEmail answers."""

    preview: EmailPreview | None = None
    """The message; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it could not be sent."""


@input_type
class CancelMessageInput:
    """A message to stop."""

    id: strawberry.ID
    """The message."""


@object_type
class CancelMessagePayload:
    """What cancelMessage answers."""

    message: Message | None = None
    """The message as it is now; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it was not stopped."""


@input_type
class RetryMessageInput:
    """A message to try now."""

    id: strawberry.ID
    """The message."""


@object_type
class RetryMessagePayload:
    """What retryMessage answers."""

    message: Message | None = None
    """The message as it is now; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is not tried."""


@input_type
class RetryAmbiguousInput:
    """A message to send again."""

    id: strawberry.ID
    """The message."""


@object_type
class RetryAmbiguousPayload:
    """What retryAmbiguous answers."""

    message: Message | None = None
    """The message as it is now; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it is not sent again."""


@one_of_type
class RetryMessagesInput:
    """Messages to try now: exactly one way to name them."""

    ids: strawberry.Maybe[list[strawberry.ID]]
    """These, at most 100."""
    filter: strawberry.Maybe[MessageFilter]
    """Those of one's own and shared configurations that this finds, the newest first."""


@object_type
class RetryMessagesPayload:
    """What retryMessages answers."""

    retried: int | None = None
    """How many are tried now, at most 1000: ask again for more. Messages of other people, sent
    ones and such as have lost their content are left out."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why none is tried."""


@input_type
class PauseSendingInput:
    """An account to pause."""

    config_id: strawberry.ID
    """The configuration."""


@object_type
class PauseSendingPayload:
    """What pauseSending answers."""

    config: EmailConfig | None = None
    """The configuration; null when there are errors, and for keys without configs:read."""
    paused_at: datetime | None = None
    """Since when it is paused."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it was not paused."""


@input_type
class ResumeSendingInput:
    """An account that sends again."""

    config_id: strawberry.ID
    """The configuration."""


@object_type
class ResumeSendingPayload:
    """What resumeSending answers."""

    config: EmailConfig | None = None
    """The configuration; null when there are errors, and for keys without configs:read."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it does not send."""


@input_type
class SuppressAddressInput:
    """An address never to send to."""

    address: EmailAddress
    """The address."""


@object_type
class SuppressAddressPayload:
    """What suppressAddress answers."""

    suppression: Suppression | None = None
    """The address on the list; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it was not put there."""


@input_type
class UnsuppressAddressInput:
    """An address that may be sent to again."""

    address: EmailAddress
    """The address."""


@object_type
class UnsuppressAddressPayload:
    """What unsuppressAddress answers."""

    address: EmailAddress | None = None
    """The address that was taken off the list; null when there are errors."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why it was not."""


def _preview(found: mailing.Preview) -> EmailPreview:
    composed = found.composed
    return EmailPreview(
        content=composed.content.decode(),
        size_bytes=composed.size_bytes,
        message_id=composed.message_id,
        sender=EmailAddress(composed.sender),
        recipients=[EmailAddress(one.address) for one in composed.recipients],
        headers=[EmailHeader(name=name, value=value) for name, value in composed.headers],
        needs_utf8=composed.needs_utf8,
        issues=[validation_issue(issue) for issue in found.issues],
    )


async def _paused(info: Info, found: SendingPause) -> EmailConfig | None:
    """Show the configuration to whoever may read it."""
    scopes = (await info.context.caller()).scopes
    if scopes is not None and Scope.CONFIGS_READ not in scopes:
        return None
    return email_config(found.config, info.context.services.catalogue)


@strawberry.type
class MessageMutation:
    """Writes of messages, of accounts' sending, and of the suppression list."""

    @mutation(Guard.MEMBER, SendEmailPayload, Scope.MAIL_SEND)
    async def send_email(
        self,
        info: Info,
        input: Annotated[SendEmailInput, strawberry.argument(description="The message.")],
    ) -> SendEmailPayload | None:
        """Take a message in, to be sent at once or at its time; never connects to anything."""
        principal = await info.context.caller()
        taken = await info.context.services.messages.send(
            principal, send_request(input), input.idempotency_key
        )
        return SendEmailPayload(message=message(taken))

    @mutation(Guard.MEMBER, PreviewEmailPayload, Scope.MAIL_SEND)
    async def preview_email(
        self,
        info: Info,
        input: Annotated[PreviewEmailInput, strawberry.argument(description="The message.")],
    ) -> PreviewEmailPayload | None:
        """Write a message as sendEmail would; stores and sends nothing."""
        principal = await info.context.caller()
        found = await info.context.services.messages.preview(principal, send_request(input))
        return PreviewEmailPayload(preview=_preview(found))

    @mutation(Guard.MEMBER, CancelMessagePayload, Scope.MAIL_SEND)
    async def cancel_message(
        self,
        info: Info,
        input: Annotated[CancelMessageInput, strawberry.argument(description="Which message.")],
    ) -> CancelMessagePayload | None:
        """Stop a message that waits; what is being sent or was sent cannot be stopped."""
        principal = await info.context.caller()
        changes = info.context.services.message_changes
        found = await changes.cancel(principal, ids.key_of("Message", input.id))
        return CancelMessagePayload(message=message(found))

    @mutation(Guard.MEMBER, RetryMessagePayload, Scope.MAIL_SEND)
    async def retry_message(
        self,
        info: Info,
        input: Annotated[RetryMessageInput, strawberry.argument(description="Which message.")],
    ) -> RetryMessagePayload | None:
        """Try a message now that is held, deferred, failed or cancelled."""
        principal = await info.context.caller()
        changes = info.context.services.message_changes
        found = await changes.retry(principal, ids.key_of("Message", input.id))
        return RetryMessagePayload(message=message(found))

    @mutation(Guard.MEMBER, RetryMessagesPayload, Scope.MAIL_SEND)
    async def retry_messages(
        self,
        info: Info,
        input: Annotated[RetryMessagesInput, strawberry.argument(description="Which messages.")],
    ) -> RetryMessagesPayload | None:
        """Try many messages now that are held, deferred, failed or cancelled."""
        principal = await info.context.caller()
        changes = info.context.services.message_changes
        if input.ids is not None:
            check_length(input.ids.value, "ids")
            keys = [ids.key_of("Message", item, ("ids",)) for item in input.ids.value]
            return RetryMessagesPayload(retried=await changes.retry_many(principal, keys))
        found = message_filter(input.filter.value if input.filter is not None else None)
        return RetryMessagesPayload(retried=await changes.retry_many(principal, found))

    @mutation(Guard.MEMBER, RetryAmbiguousPayload, Scope.MAIL_SEND)
    async def retry_ambiguous(
        self,
        info: Info,
        input: Annotated[RetryAmbiguousInput, strawberry.argument(description="Which message.")],
    ) -> RetryAmbiguousPayload | None:
        """Send a message again that the server may have: recipients may get it twice."""
        principal = await info.context.caller()
        changes = info.context.services.message_changes
        found = await changes.retry_ambiguous(principal, ids.key_of("Message", input.id))
        return RetryAmbiguousPayload(message=message(found))

    @mutation(Guard.MEMBER, PauseSendingPayload, Scope.MAIL_SEND)
    async def pause_sending(
        self,
        info: Info,
        input: Annotated[PauseSendingInput, strawberry.argument(description="Which account.")],
    ) -> PauseSendingPayload | None:
        """Hold all messages of an account until resumeSending; for who may change it."""
        principal = await info.context.caller()
        key = ids.key_of("EmailConfig", input.config_id, ("configId",))
        found = await info.context.services.message_changes.pause_account(principal, key)
        return PauseSendingPayload(config=await _paused(info, found), paused_at=found.paused_at)

    @mutation(Guard.MEMBER, ResumeSendingPayload, Scope.MAIL_SEND)
    async def resume_sending(
        self,
        info: Info,
        input: Annotated[ResumeSendingInput, strawberry.argument(description="Which account.")],
    ) -> ResumeSendingPayload | None:
        """Let an account send again; what was held by pauseSending is tried at once."""
        principal = await info.context.caller()
        key = ids.key_of("EmailConfig", input.config_id, ("configId",))
        found = await info.context.services.message_changes.resume_account(principal, key)
        return ResumeSendingPayload(config=await _paused(info, found))

    @mutation(Guard.ADMIN, SuppressAddressPayload, Scope.MAIL_SEND)
    async def suppress_address(
        self,
        info: Info,
        input: Annotated[SuppressAddressInput, strawberry.argument(description="Which address.")],
    ) -> SuppressAddressPayload | None:
        """Never send to an address, whoever of the workspace asks."""
        principal = await info.context.caller()
        added = await info.context.services.suppressions.add(principal, input.address)
        return SuppressAddressPayload(suppression=suppression(added))

    @mutation(Guard.ADMIN, UnsuppressAddressPayload, Scope.MAIL_SEND)
    async def unsuppress_address(
        self,
        info: Info,
        input: Annotated[UnsuppressAddressInput, strawberry.argument(description="Which address.")],
    ) -> UnsuppressAddressPayload | None:
        """Send to an address again that is on the suppression list."""
        principal = await info.context.caller()
        removed = await info.context.services.suppressions.remove(principal, input.address)
        return UnsuppressAddressPayload(address=EmailAddress(removed))
