"""Messages and the suppression list: what they look like, and how they are read.

Who sees an account sees its messages with all recipients. The content is never given back: it is
sealed until it is sent, and goes some time after.
"""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import messages as domain
from mailconfig.domain import suppressions
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.diagnostics.engine import describe
from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Scope
from mailconfig.domain.messages import (
    HeldFor,
    MessageEvent,
    MessageState,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.suppressions import SuppressionReason
from mailconfig.graphql import ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.diagnoses import Diagnosis, diagnosis
from mailconfig.graphql.emailforms import MessageFilter, message_filter
from mailconfig.graphql.nodes import Node
from mailconfig.graphql.objects import EmailConfig, email_config
from mailconfig.graphql.pages import (
    After,
    Before,
    First,
    Last,
    PageInfo,
    check_length,
    page_parts,
    page_request,
)
from mailconfig.graphql.scalars import EmailAddress
from mailconfig.services.suppressions import KEEPER


@object_type
class MessageRecipient:
    """One recipient, and what is known of it."""

    address: EmailAddress
    """The address."""
    name: str | None
    """Display name."""
    kind: RecipientKind
    """Which header names it."""
    state: RecipientState
    """What is known."""
    reply: str | None
    """The server's last words about it, cut at 300 characters."""
    reply_code: int | None
    """Their reply code (RFC 5321)."""
    enhanced_code: str | None
    """Their enhanced status code (RFC 3463)."""


@object_type
class MessageAttempt:
    """One try to send a message."""

    number: int
    """From 1."""
    started_at: datetime
    """When it began."""
    ended_at: datetime | None
    """When it ended; null while it is under way."""
    event: MessageEvent | None
    """How it ended."""
    phase: Phase | None
    """Where it failed."""
    host: str | None
    """The outgoing server."""
    server_reply: str | None
    """The server's words, cut at 300 characters."""
    diagnosis: Diagnosis | None
    """What went wrong; null when nothing did."""


@object_type
class Message(Node):
    """A message on its way out."""

    row: strawberry.Private[domain.Message]
    state: MessageState
    """Where it is."""
    held_for: HeldFor | None
    """What holds it; null unless it is held."""
    subject: str
    """Its subject."""
    sender: EmailAddress
    """Address in From and in MAIL FROM."""
    recipients: list[MessageRecipient]
    """To, Cc and Bcc, in this order; whoever sees the message sees them all."""
    message_id: str
    """Its Message-ID with angle brackets, the same at each attempt."""
    size_bytes: int
    """Size of the whole message."""
    created_at: datetime
    """When it was taken in."""
    due_at: datetime | None
    """When it is tried next; null once it is over."""
    expires_at: datetime
    """When it is given up."""
    sent_at: datetime | None
    """When the server took it."""
    server_reply: str | None
    """The server's last words, cut at 300 characters."""

    @strawberry.field
    async def config(self, info: Info) -> EmailConfig | None:
        """The configuration that it is sent by; keys need the scope configs:read for it."""
        await info.context.caller(Scope.CONFIGS_READ)
        found = await info.context.loaders.senders.load(self.row.config_id)
        return email_config(found, info.context.services.catalogue) if found else None

    @strawberry.field
    async def attempts(self, info: Info) -> list[MessageAttempt]:
        """What was tried, the first attempt first."""
        catalogue = info.context.services.catalogue
        found = await info.context.loaders.attempts.load(self.row.id)
        return [_attempt(attempt, catalogue) for attempt in found]

    @strawberry.field
    async def diagnosis(self, info: Info) -> Diagnosis | None:
        """Why it is where it is; null when all is well or nothing was tried."""
        row = self.row
        if row.code in _WELL:
            return None
        account = await info.context.loaders.senders.load(row.config_id)
        outgoing = account.outgoing if account is not None else None
        host = outgoing.settings.host if outgoing is not None else None
        return _diagnosis(row.code, host, row.reply, info.context.services.catalogue)


_WELL = (None, DiagnosticCode.OK)


def _diagnosis(
    code: DiagnosticCode | None, host: str | None, reply: str | None, catalogue: Catalogue
) -> Diagnosis | None:
    if code is None or code in _WELL:
        return None
    provider = catalogue.by_host(host) if host else None
    return diagnosis(describe(code, MailProtocol.SMTP, provider, reply))


def message(row: domain.Message) -> Message:
    """Show a message."""
    return Message(
        id=ids.encode("Message", row.id),
        row=row,
        state=row.state,
        held_for=row.held_for,
        subject=row.subject,
        sender=EmailAddress(row.sender),
        recipients=[_recipient(one) for one in row.recipients],
        message_id=row.message_id,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
        due_at=None if row.state in domain.ENDED else row.due_at,
        expires_at=row.expires_at,
        sent_at=row.sent_at,
        server_reply=row.reply,
    )


def _recipient(row: domain.Recipient) -> MessageRecipient:
    return MessageRecipient(
        address=EmailAddress(row.address),
        name=row.name,
        kind=row.kind,
        state=row.state,
        reply=row.reply,
        reply_code=row.reply_code,
        enhanced_code=row.enhanced_code,
    )


def _attempt(row: domain.Attempt, catalogue: Catalogue) -> MessageAttempt:
    return MessageAttempt(
        number=row.number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        event=row.event,
        phase=row.phase,
        host=row.host,
        server_reply=row.reply,
        diagnosis=_diagnosis(row.code, row.host, row.reply, catalogue),
    )


@object_type
class MessageEdge:
    """A message and its place."""

    cursor: str
    """Place in the list."""
    node: Message
    """The message."""


@object_type
class MessageConnection:
    """A page of messages, newest first."""

    conditions: strawberry.Private[domain.MessageFilter]
    edges: list[MessageEdge]
    """Rows with their cursors."""
    nodes: list[Message]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """Rows of the whole list; counted only when asked for."""
        principal = await info.context.caller(Scope.MAIL_SEND)
        return await info.context.services.messages.count(principal, self.conditions)


@object_type
class Suppression:
    """An address that the workspace never sends to."""

    id: strawberry.ID
    """Global id."""
    address: EmailAddress
    """The address, in lower case."""
    reason: SuppressionReason
    """Why it is on the list."""
    source_message_id: strawberry.ID | None
    """Global id of the message that led to it, which may be gone."""
    created_at: datetime
    """When it was put there."""


@object_type
class SuppressionEdge:
    """An address and its place."""

    cursor: str
    """Place in the list."""
    node: Suppression
    """The address."""


@object_type
class SuppressionConnection:
    """A page of the suppression list, newest first."""

    edges: list[SuppressionEdge]
    """Rows with their cursors."""
    nodes: list[Suppression]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


@input_type
class SuppressionFilter:
    """Conditions; all that are given must hold."""

    reason: list[SuppressionReason] | None = None
    """For one of these reasons."""


def suppression(row: suppressions.Suppression) -> Suppression:
    """Show an address of the list."""
    source = row.source_message_id
    return Suppression(
        id=ids.encode("Suppression", row.id),
        address=EmailAddress(row.address),
        reason=row.reason,
        source_message_id=None if source is None else ids.encode("Message", source),
        created_at=row.created_at,
    )


@object_type
class MessageQuery:
    """Reads of messages."""

    @strawberry.field
    async def messages(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            MessageFilter | None, strawberry.argument(description="All conditions must hold.")
        ] = None,
    ) -> MessageConnection | None:
        """Messages of the configurations that the caller may see, newest first."""
        services = info.context.services
        principal = await info.context.caller(Scope.MAIL_SEND)
        conditions = message_filter(filter)
        request = page_request(services.cursors, "messages", first, after, last, before)
        page = await services.messages.page(principal, conditions, request)
        nodes = [message(row) for row in page.rows]
        edges, around = page_parts(info, "messages", page, MessageEdge, nodes)
        return MessageConnection(conditions=conditions, edges=edges, nodes=nodes, page_info=around)

    @strawberry.field
    async def message(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],
    ) -> Message | None:
        """One message, null when it does not exist or may not be seen."""
        principal = await info.context.caller(Scope.MAIL_SEND)
        try:
            key = ids.key_of("Message", id)
            return message(await info.context.services.messages.get(principal, key))
        except NotFound:
            return None

    @strawberry.field
    async def suppressions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            SuppressionFilter | None, strawberry.argument(description="All conditions must hold.")
        ] = None,
    ) -> SuppressionConnection | None:
        """Addresses that the workspace never sends to, newest first; for administrators."""
        services = info.context.services
        principal = await info.context.caller(Scope.MAIL_SEND)
        principal.require(KEEPER)  # before anything that was sent is looked at
        listing = f"suppressions {principal.workspace_id}"
        request = page_request(services.cursors, listing, first, after, last, before)
        reasons = (filter.reason if filter is not None else None) or ()
        check_length(reasons, "filter", "reason")
        page = await services.suppressions.page(principal, request, reasons)
        nodes = [suppression(row) for row in page.rows]
        edges, around = page_parts(info, listing, page, SuppressionEdge, nodes)
        return SuppressionConnection(edges=edges, nodes=nodes, page_info=around)
