"""What the owner of an account chooses about its sent mail, for a principal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from mailconfig.domain.configs import EmailConfig, may_change, may_read
from mailconfig.domain.errors import Forbidden, NotFound
from mailconfig.domain.identity import Principal
from mailconfig.domain.sentmail import SendingOptions
from mailconfig.services.finding import named_by
from mailconfig.services.messages import require_sender
from mailconfig.storage.database import Database, Work


class SendingOptionsService:
    """Reads and changes the two switches of an account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_config(
        self, principal: Principal, config_id: UUID
    ) -> tuple[EmailConfig, SendingOptions]:
        """Return what was chosen for an account; raises NotFound."""
        async with self._database.reading(principal.workspace_id) as work:
            config = await _readable(work, principal, config_id)
            return config, (await work.postboxes.options([config_id]))[config_id]

    async def several(
        self, principal: Principal, config_ids: Sequence[UUID]
    ) -> Mapping[UUID, SendingOptions]:
        """Return what was chosen for accounts that the caller has been shown already."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.postboxes.options(config_ids)

    async def choose(
        self, principal: Principal, config_id: UUID, options: SendingOptions
    ) -> tuple[EmailConfig, SendingOptions]:
        """Choose; raises NotFound, or Forbidden for who may not change the account.

        With `read_bounces` its INBOX is looked into from the next message on, without it no more.
        """
        require_sender(principal)
        async with self._database.work(principal.workspace_id) as work:
            config = await _readable(work, principal, config_id)
            if not may_change(principal, config.owner_id, config):
                raise Forbidden
            before = (await work.postboxes.options([config_id]))[config_id]
            if before == options:
                return config, options
            await work.postboxes.choose(config_id, options)
            await work.audit.append(
                principal.user_id,
                "sending.options",
                "config",
                config_id,
                {
                    "save_to_sent": options.save_to_sent,
                    "read_bounces": options.read_bounces,
                },
            )
        return config, options


async def _readable(work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
    with named_by("configId"):
        config = await work.configs.get(config_id)
        if not may_read(principal, config.owner_id, config):
            raise NotFound
    return config
