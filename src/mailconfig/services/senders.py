"""Sender identities of accounts, for a principal.

Whoever sees an account sees its identities; whoever may change it changes them, but no embed token,
which connects a mailbox and nothing else. Must not: tell the trail an address or a signature.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, may_change, may_read
from mailconfig.domain.errors import Forbidden, InvalidInput, LimitExceeded, NotFound
from mailconfig.domain.identity import Principal
from mailconfig.domain.ids import new_id
from mailconfig.domain.phrases import phrase
from mailconfig.domain.senders import (
    SenderChange,
    SenderForm,
    SenderIdentity,
    merged,
    sender_errors,
)
from mailconfig.domain.submission import canonical
from mailconfig.services.changes import differences
from mailconfig.services.finding import named_by
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.messages import require_sender
from mailconfig.storage.audit import Detail
from mailconfig.storage.database import Database, Work


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """What the operator allows."""

    identities_max: int = 20
    """Identities of one account: each alias of a person, each desk of a shared mailbox."""


class SenderService:
    """Reads and changes identities."""

    def __init__(
        self, database: Database, fingerprints: Fingerprints, settings: SenderSettings, now: Now
    ) -> None:
        self._database = database
        self._fingerprints = fingerprints
        self._settings = settings
        self._now = now

    async def of_configs(
        self, principal: Principal, config_ids: Sequence[UUID]
    ) -> Mapping[UUID, tuple[SenderIdentity, ...]]:
        """Return the identities of accounts that the caller has been shown already."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.senders.of_configs(config_ids)

    async def add(
        self, principal: Principal, config_id: UUID, form: SenderForm
    ) -> tuple[EmailConfig, SenderIdentity]:
        """Store an identity; a new default takes the place of the former one.

        Raises NotFound, Forbidden, InvalidInput or LimitExceeded; nothing is stored then.
        """
        require_sender(principal)
        async with self._database.work(principal.workspace_id) as work:
            with named_by("configId"):
                config = await _changeable(work, principal, config_id)
                count = await work.senders.lock(config_id)
            if count >= self._settings.identities_max:
                most = self._settings.identities_max
                sentence = phrase(
                    "At most {most} sender identities belong to one configuration.", most=most
                )
                raise LimitExceeded(sentence, ("configId",))
            now = self._now()
            identity = SenderIdentity(
                id=new_id(),
                config_id=config_id,
                created_at=now,
                updated_at=now,
                **asdict(_checked(form)),
            )
            with named_by("signatureImageId"):
                await work.senders.add(identity)
            details = {**self._named(principal, identity), "default": identity.is_default}
            await work.audit.append(principal.user_id, "sender.add", "sender", identity.id, details)
        return config, identity

    async def update(
        self, principal: Principal, change: SenderChange
    ) -> tuple[EmailConfig, SenderIdentity]:
        """Change an identity; raises as `add`, but for LimitExceeded."""
        require_sender(principal)
        async with self._database.work(principal.workspace_id) as work:
            config, before = await _locked(work, principal, change.id)
            after = replace(before, **asdict(_checked(merged(before, change))))
            if after == before:
                return config, before
            after = replace(after, updated_at=self._now())
            with named_by("signatureImageId"):
                await work.senders.update(after)
            details = self._differences(principal, before, after)
            await work.audit.append(principal.user_id, "sender.update", "sender", after.id, details)
        return config, after

    async def remove(
        self, principal: Principal, identity_id: UUID
    ) -> tuple[EmailConfig, SenderIdentity]:
        """Remove an identity and return what it was; raises NotFound or Forbidden.

        Messages that were taken in stay as they were written.
        """
        require_sender(principal)
        async with self._database.work(principal.workspace_id) as work:
            config, last = await _locked(work, principal, identity_id)
            await work.senders.remove(identity_id)
            await work.audit.append(
                principal.user_id,
                "sender.remove",
                "sender",
                identity_id,
                self._named(principal, last),
            )
        return config, last

    def _named(self, principal: Principal, identity: SenderIdentity) -> dict[str, Detail]:
        digest = self._fingerprints.of_value(principal.workspace_id, identity.address)
        return {"config": str(identity.config_id), "address": digest}

    def _differences(
        self, principal: Principal, before: SenderIdentity, after: SenderIdentity
    ) -> dict[str, Detail]:
        place = principal.workspace_id
        found = differences(
            _values(before), _values(after), lambda text: self._fingerprints.of_value(place, text)
        )
        return {"config": str(after.config_id), **found}


def _checked(form: SenderForm) -> SenderForm:
    """Return a form as it is stored; raises InvalidInput."""
    errors = sender_errors(form)
    if errors:
        raise InvalidInput(errors)
    return replace(
        form,
        address=canonical(form.address),
        name=(form.name or "").strip() or None,
        reply_to=None if form.reply_to is None else canonical(form.reply_to),
        signature_text=form.signature_text or None,
        signature_html=form.signature_html or None,
    )


def _values(identity: SenderIdentity) -> dict[str, Detail]:
    image_id = identity.signature_image_id
    return {
        "address": identity.address,
        "name": identity.name,
        "replyTo": identity.reply_to,
        "signatureText": identity.signature_text,
        "signatureHtml": identity.signature_html,
        "signatureImage": None if image_id is None else str(image_id),
        "isDefault": identity.is_default,
    }


async def _locked(
    work: Work, principal: Principal, identity_id: UUID
) -> tuple[EmailConfig, SenderIdentity]:
    """Return an identity that the caller may change, as it is until the end, and its account."""
    with named_by("id"):
        config_id = (await work.senders.get(identity_id)).config_id
        config = await _changeable(work, principal, config_id)
        await work.senders.lock(config_id)
        return config, await work.senders.get(identity_id)


async def _changeable(work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
    """Return an account; raises NotFound where it may not be seen, Forbidden where not changed."""
    config = await work.configs.get(config_id)
    if not may_read(principal, config.owner_id, config):
        raise NotFound
    if not may_change(principal, config.owner_id, config):
        raise Forbidden
    return config
