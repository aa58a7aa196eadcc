"""Messages taken in and read: send, preview, list. What changes one later is `messagechanges`.

`send` answers once the message is stored with its job; nothing is dialled. Whoever sees an account
sees its messages, with all recipients; only who may use the account sends by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.composition import Composed
from mailconfig.domain.configs import EmailConfig, may_read, may_use, visibility
from mailconfig.domain.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailing import (
    MessageSettings,
    Preview,
    RecipientsSuppressed,
    SendRequest,
)
from mailconfig.domain.messages import (
    Attempt,
    Message,
    MessageFilter,
    MessageState,
    NewMessage,
    Recipient,
    RecipientState,
)
from mailconfig.domain.outbox import Queue, job_of
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.senders import Letterhead, SenderIdentity, letterhead
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.domain.unsubscribing import NewLink
from mailconfig.domain.workspaces import Quota
from mailconfig.services.finding import named_by
from mailconfig.services.fingerprints import Fingerprint, Fingerprints
from mailconfig.services.messageparts import MessageParts
from mailconfig.services.quotas import QuotaService
from mailconfig.services.sessions import digest as digest_of
from mailconfig.storage.database import Database, Work

_OPERATION: Final = "sendEmail"
"""Name of the operation beside idempotency keys."""
_DAY_SECONDS: Final = 24 * 3600
_MINUTE_SECONDS: Final = 60


class MessageService:
    """Takes messages in, and reads them."""

    def __init__(
        self,
        database: Database,
        queue: Queue[Work],
        parts: MessageParts,
        fingerprints: Fingerprints,
        quotas: QuotaService,
        limiter: Limiter,
        settings: MessageSettings,
        now: Now,
    ) -> None:
        self._database = database
        self._queue = queue
        self._parts = parts
        self._fingerprints = fingerprints
        self._quotas = quotas
        self._limiter = limiter
        self._settings = settings
        self._now = now

    async def send(
        self, principal: Principal, request: SendRequest, idempotency_key: str | None = None
    ) -> Message:
        """Store a message to be sent, and return it; a known key gives its first message.

        Raises Forbidden, RateLimited, NotFound, InvalidInput, LimitExceeded, FileRefused,
        RecipientsSuppressed, QuotaExceeded or IdempotencyConflict; nothing is stored then.
        """
        await self._let_in(principal)
        digest = await self._fingerprints.of_message(request, idempotency_key)
        known = await self._known(principal, idempotency_key, digest)
        if known is not None:
            return known
        config, head = await self._sender(principal, request)
        now = self._now()
        due_at = self._due(request.send_at, now)
        written = await self._parts.written(principal, head, request, now)
        new = await self._accepted(principal, config, request, written.composed, (now, due_at))
        await self._quotas.take(principal.workspace_id, Quota.MESSAGES_PER_DAY)
        try:
            await self._store(principal, new, written.link, (idempotency_key, digest))
        except IdempotencyConflict:
            # The same request came twice at once: the first one's message is the answer.
            known = await self._known(principal, idempotency_key, digest)
            if known is None:
                raise
            return known
        return new.message

    async def preview(self, principal: Principal, request: SendRequest) -> Preview:
        """Return what `send` would store, byte for byte but for its identifiers; stores nothing.

        Raises as `send` does, but for what is counted or on a list.
        """
        await self._let_in(principal)
        _, head = await self._sender(principal, request)
        now = self._now()
        self._due(request.send_at, now)
        return await self._parts.written(principal, head, request, now)

    async def get(self, principal: Principal, message_id: UUID) -> Message:
        """Return a message of an account that the caller may see; raises NotFound."""
        async with self._database.reading(principal.workspace_id) as work:
            return await readable(work, principal, message_id)

    async def page(
        self, principal: Principal, filter: MessageFilter, request: PageRequest
    ) -> Page[Message]:
        """Return a page of the messages of accounts that the caller may see, newest first."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.messages.page(filter, visibility(principal), request)

    async def count(self, principal: Principal, filter: MessageFilter) -> int:
        """Count the messages of accounts that the caller may see."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.messages.count(filter, visibility(principal))

    async def attempts(
        self, principal: Principal, message_ids: Sequence[UUID]
    ) -> Mapping[UUID, tuple[Attempt, ...]]:
        """Return the attempts of messages that the caller has been shown already."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.messages.attempts(message_ids)

    async def accounts(
        self, principal: Principal, config_ids: Sequence[UUID]
    ) -> Mapping[UUID, EmailConfig]:
        """Return those of the accounts that are there and that the caller may see."""
        found: dict[UUID, EmailConfig] = {}
        async with self._database.reading(principal.workspace_id) as work:
            for config_id in config_ids:
                try:
                    config = await work.configs.get(config_id)
                except NotFound:
                    continue
                if may_read(principal, config.owner_id, config):
                    found[config_id] = config
        return found

    async def _let_in(self, principal: Principal) -> None:
        """Raise Forbidden or RateLimited before anything that was sent is looked at."""
        require_sender(principal)
        limit = Limit("messages", self._settings.per_minute, _MINUTE_SECONDS)
        await self._limiter.take(limit, f"user {principal.user_id}")

    async def _known(
        self, principal: Principal, key: str | None, digest: Fingerprint
    ) -> Message | None:
        if key is None:
            return None
        async with self._database.reading(principal.workspace_id) as work:
            found = await work.idempotency.find(principal.user_id, _OPERATION, key)
            if found is None:
                return None
            if found[0] not in digest.digests:
                raise IdempotencyConflict
            with named_by("idempotencyKey"):
                return await readable(work, principal, found[1])

    async def _sender(
        self, principal: Principal, request: SendRequest
    ) -> tuple[EmailConfig, Letterhead]:
        """Return an account that the caller may send by, and that can, and what it gives."""
        async with self._database.reading(principal.workspace_id) as work:
            config = await usable(work, principal, request.config_id)
            identity = await _identity(work, request)
        if config.outgoing is None:
            message = N_("This configuration has no outgoing server.")
            raise InvalidInput.of(ValidationCode.REQUIRED, message, "configId")
        if not config.enabled:
            message = N_("This configuration is switched off.")
            raise InvalidInput.of(ValidationCode.NOT_ALLOWED, message, "configId")
        return config, letterhead(request, config, identity)

    def _due(self, send_at: datetime | None, now: datetime) -> datetime:
        if send_at is None or send_at <= now:
            return now
        ahead = self._settings.ahead_seconds
        if send_at > now + timedelta(seconds=ahead):
            message = phrase(
                "Messages are scheduled at most {days} days ahead.", days=ahead // _DAY_SECONDS
            )
            raise InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, "sendAt")
        return send_at

    async def _accepted(
        self,
        principal: Principal,
        config: EmailConfig,
        request: SendRequest,
        composed: Composed,
        times: tuple[datetime, datetime],
    ) -> NewMessage:
        """Return the message to store; raises RecipientsSuppressed where nobody is left."""
        now, due_at = times
        message = Message(
            id=new_id(),
            workspace_id=principal.workspace_id,
            config_id=config.id,
            created_by=principal.user_id,
            state=MessageState.QUEUED,
            message_id=composed.message_id,
            sender=composed.sender,
            subject=request.subject.strip(),
            size_bytes=composed.size_bytes,
            recipients=await self._unsuppressed(principal, composed.recipients),
            created_at=now,
            due_at=due_at,
            expires_at=due_at + timedelta(seconds=self._settings.expiry_seconds),
            needs_utf8=composed.needs_utf8,
        )
        return NewMessage(message, composed.content)

    async def _unsuppressed(
        self, principal: Principal, recipients: tuple[Recipient, ...]
    ) -> tuple[Recipient, ...]:
        """Mark who is on the list; workers look again, since it grows while mail waits."""
        addresses = [one.address for one in recipients]
        async with self._database.reading(principal.workspace_id) as work:
            listed = await work.suppressions.among(addresses)
        if len(listed) == len(addresses):
            raise RecipientsSuppressed(tuple(addresses))
        return tuple(
            replace(one, state=RecipientState.SUPPRESSED) if one.address in listed else one
            for one in recipients
        )

    async def _store(
        self,
        principal: Principal,
        new: NewMessage,
        link: NewLink | None,
        idempotency: tuple[str | None, Fingerprint],
    ) -> None:
        """Store message, content, job, link, event and key in one unit of work."""
        message, user_id = new.message, principal.user_id
        key, digest = idempotency
        details: dict[str, str | int | bool | None] = {
            "config": str(message.config_id),
            "recipients": len(message.recipients),
            "size": message.size_bytes,
            "scheduled": message.due_at > message.created_at,
        }
        async with self._database.work(principal.workspace_id) as work:
            if key is not None:
                await work.idempotency.put(user_id, _OPERATION, key, digest.newest, message.id)
            await work.messages.add(new)
            if link is not None:
                (recipient,) = message.recipients
                token = digest_of(link.token)
                await work.unsubscribe_links.insert(token, recipient.address, message.id)
            await self._queue.enqueue(work, job_of(message), message.due_at)
            await work.audit.append(user_id, "message.send", "message", message.id, details)


async def usable(work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
    """Return an account that the caller may send by.

    Raises NotFound for one that they may not see, Forbidden for one of somebody else.
    """
    with named_by("configId"):
        config = await work.configs.get(config_id)
        if not may_read(principal, config.owner_id, config):
            raise NotFound
    if not may_use(principal, config.owner_id, config):
        raise Forbidden
    return config


async def _identity(work: Work, request: SendRequest) -> SenderIdentity | None:
    """Return the identity of a request, whose account may be used; raises NotFound."""
    if request.sender_identity_id is None:
        return await work.senders.default_of(request.config_id)
    with named_by("senderIdentityId"):
        identity = await work.senders.get(request.sender_identity_id)
        if identity.config_id != request.config_id:
            raise NotFound
    return identity


async def readable(work: Work, principal: Principal, message_id: UUID) -> Message:
    """Return a message of an account that the caller may see; raises NotFound."""
    with named_by("id"):
        message = await work.messages.get(message_id)
        config = await work.configs.get(message.config_id)
        if not may_read(principal, config.owner_id, config):
            raise NotFound
    return message


def require_sender(principal: Principal) -> None:
    """Raise Forbidden for whoever sends nothing at all."""
    principal.require(Role.MEMBER)
    if principal.purpose is not None:  # an embed token connects a mailbox, and nothing else
        raise Forbidden
