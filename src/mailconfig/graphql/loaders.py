"""Loaders: what rows of a list need from other tables, asked for once an operation."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from strawberry.dataloader import DataLoader

from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.files import StoredFile
from mailconfig.domain.identity import Principal, Scope
from mailconfig.domain.messages import Attempt
from mailconfig.domain.probes import ConnectionTest
from mailconfig.domain.senders import SenderIdentity
from mailconfig.domain.sentmail import SendingOptions
from mailconfig.services.registry import Services


class Loaders:
    """One loader a relation; keys are ids of objects that the caller has read already."""

    def __init__(self, services: Services, caller: Callable[[Scope], Awaitable[Principal]]) -> None:
        self._services = services
        self._caller = caller
        self.latest_test: DataLoader[UUID, ConnectionTest | None] = DataLoader(self._latest_tests)
        self.files: DataLoader[UUID, tuple[StoredFile, ...]] = DataLoader(self._files)
        self.attempts: DataLoader[UUID, tuple[Attempt, ...]] = DataLoader(self._attempts)
        self.senders: DataLoader[UUID, EmailConfig | None] = DataLoader(self._senders)
        """Accounts of messages; for who may see the messages."""
        self.sending_options: DataLoader[UUID, SendingOptions] = DataLoader(self._sending_options)
        self.identities: DataLoader[UUID, tuple[SenderIdentity, ...]] = DataLoader(self._identities)

    async def _latest_tests(self, keys: list[UUID]) -> list[ConnectionTest | None]:
        found = await self._services.probes.latest(await self._caller(Scope.CONFIGS_READ), keys)
        return [found.get(key) for key in keys]

    async def _files(self, keys: list[UUID]) -> list[tuple[StoredFile, ...]]:
        found = await self._services.files.of_configs(await self._caller(Scope.CONFIGS_READ), keys)
        return [found.get(key, ()) for key in keys]

    async def _sending_options(self, keys: list[UUID]) -> list[SendingOptions]:
        caller = await self._caller(Scope.CONFIGS_READ)
        found = await self._services.sending_options.several(caller, keys)
        return [found[key] for key in keys]

    async def _identities(self, keys: list[UUID]) -> list[tuple[SenderIdentity, ...]]:
        caller = await self._caller(Scope.CONFIGS_READ)
        found = await self._services.senders.of_configs(caller, keys)
        return [found.get(key, ()) for key in keys]

    async def _attempts(self, keys: list[UUID]) -> list[tuple[Attempt, ...]]:
        found = await self._services.messages.attempts(await self._caller(Scope.MAIL_SEND), keys)
        return [found.get(key, ()) for key in keys]

    async def _senders(self, keys: list[UUID]) -> list[EmailConfig | None]:
        found = await self._services.messages.accounts(await self._caller(Scope.MAIL_SEND), keys)
        return [found.get(key) for key in keys]
