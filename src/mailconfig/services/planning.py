"""Planning a connection test: which servers, which secrets, which trust anchors.

Everything is read in one unit of work and checked before anything is dialled. Access tokens of
grants are fetched after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from mailconfig.domain.addresses import parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, may_make, may_read, may_use
from mailconfig.domain.errors import Forbidden, InvalidInput, NotFound
from mailconfig.domain.identity import Principal
from mailconfig.domain.issues import Severity, ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import NewSecret, SecretKind
from mailconfig.domain.servers import MailProtocol, ServerSettings
from mailconfig.domain.submission import canonical, checked, named
from mailconfig.domain.validation import Draft, ValidationPolicy, validate
from mailconfig.services.custody import FIELDS, Custody
from mailconfig.services.files import FileService
from mailconfig.services.finding import named_by
from mailconfig.services.grants import GrantService
from mailconfig.storage.database import Database, Work

_NOTHING_TO_TEST: Final = N_("There is no server for the protocols that you want to test.")
_NO_ROUND_TRIP: Final = N_(
    "A test message to yourself needs both servers, each with a password or an access token, and "
    "a test of both."
)
_NOT_NEEDED: Final = frozenset({("name",)})
"""Fields that a form must have when it is stored, but not when it is tested."""


@dataclass(frozen=True, slots=True)
class DraftTarget:
    """An unsaved form to test."""

    draft: Draft
    based_on: UUID | None = None
    """Configuration whose stored secrets may be used where custody allows."""
    file_ids: tuple[UUID, ...] = ()
    """Uploaded CA certificates that this test trusts."""


Target = UUID | DraftTarget
"""A stored configuration by its id, or a draft."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a test needs."""

    config: EmailConfig | None
    provider: Provider | None
    targets: tuple[ProbeTarget, ...]
    servers: int
    """How many servers there are, tested or not."""
    address: str
    """The account's own address."""
    anchors: tuple[str, ...] = ()
    """PEM certificates to trust beside the system's."""
    round_trip: bool = False
    """Whether a message is sent round after the steps."""

    @property
    def complete(self) -> bool:
        """Whether every server is tested."""
        return len(self.targets) == self.servers


class Planner:
    """Reads what a test needs and checks that it may run."""

    def __init__(
        self,
        database: Database,
        custody: Custody,
        catalogue: Catalogue,
        policy: ValidationPolicy,
        files: FileService,
        grants: GrantService,
        now: Now,
    ) -> None:
        self._database = database
        self._custody = custody
        self._catalogue = catalogue
        self._policy = policy
        self._files = files
        self._grants = grants
        self._now = now

    async def plan(
        self,
        principal: Principal,
        target: Target,
        protocols: Sequence[MailProtocol],
        *,
        round_trip: bool = False,
    ) -> Plan:
        """Return the plan; raises NotFound, Forbidden, InvalidInput or SecretRequired."""
        async with self._database.reading(principal.workspace_id) as work:
            if isinstance(target, UUID):
                plan = await self._stored(work, principal, target, protocols)
            else:
                plan = await self._drafted(work, principal, target, protocols)
        if not plan.targets:
            raise InvalidInput.of(ValidationCode.REQUIRED, _NOTHING_TO_TEST, "protocols")
        if round_trip and not _can_travel(plan):
            raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _NO_ROUND_TRIP, "roundTrip")
        anchors = await self._anchors(principal, target)
        plan = await self._granted(principal, plan)
        return replace(plan, anchors=anchors, round_trip=round_trip)

    async def _stored(
        self, work: Work, principal: Principal, config_id: UUID, protocols: Sequence[MailProtocol]
    ) -> Plan:
        with named_by("target", "configId"):
            config = await _usable(work, principal, config_id)
        targets = []
        for server in (config.incoming, config.outgoing):
            if server is None or server.settings.protocol not in protocols:
                continue
            secret = None
            if server.secret_id is not None:
                purpose = FIELDS[server.settings.protocol]
                secret = await work.secrets.open(server.secret_id, purpose)
            targets.append(self._target(server.settings, secret, config.email_address))
        provider = self._catalogue.by_id(config.provider_id) if config.provider_id else None
        return Plan(config, provider, tuple(targets), _servers(config), config.email_address)

    async def _drafted(
        self,
        work: Work,
        principal: Principal,
        target: DraftTarget,
        protocols: Sequence[MailProtocol],
    ) -> Plan:
        draft = target.draft
        provider = self._valid(draft)
        address = canonical(draft.email_address or "")
        with named_by("basedOn"):
            old = await _usable(work, principal, target.based_on) if target.based_on else None
        if not _may_test(principal, address, old):
            raise Forbidden
        pairs = (
            (draft.incoming, old.incoming if old else None),
            (draft.outgoing, old.outgoing if old else None),
        )
        keeps_name = old is not None and old.email_address == address
        targets = []
        for typed, stored in pairs:
            server = named(typed, stored) if keeps_name else typed
            if server is None or server.protocol not in protocols:
                continue
            settings = checked(server, address, provider)
            if isinstance(server.secret, NewSecret) and server.secret.kind is SecretKind.GRANT:
                path = (FIELDS[server.protocol], "secret", "grant")
                await self._grants.check_typed(work, principal, server.secret, path)
            secret = await self._custody.secret(work.secrets, settings, server.secret, stored)
            targets.append(self._target(settings, secret, address))
        servers = sum(map(bool, (draft.incoming, draft.outgoing)))
        return Plan(None, provider, tuple(targets), servers, address)

    async def _granted(self, principal: Principal, plan: Plan) -> Plan:
        """Put access tokens in the places of grants; no transaction is open meanwhile."""
        workspace_id = principal.workspace_id
        targets = [await self._grants.opened(workspace_id, target) for target in plan.targets]
        return replace(plan, targets=tuple(targets))

    async def _anchors(self, principal: Principal, target: Target) -> tuple[str, ...]:
        if isinstance(target, UUID):
            return await self._files.trust_anchors(principal, target)
        anchors: tuple[str, ...] = ()
        if target.based_on is not None:
            anchors = await self._files.trust_anchors(principal, target.based_on)
        for file_id in target.file_ids:
            anchors += (await self._files.anchor(principal, file_id),)
        return anchors

    def _target(
        self, settings: ServerSettings, secret: NewSecret | None, address: str
    ) -> ProbeTarget:
        sender = address if settings.protocol is MailProtocol.SMTP else None
        row = self._catalogue.by_host(settings.host, parse_address(address).domain)
        return ProbeTarget(settings, secret, sender, row.id if row else None)

    def _valid(self, draft: Draft) -> Provider | None:
        report = validate(draft, self._catalogue, self._policy, self._now().date())
        errors = tuple(
            issue
            for issue in report.issues
            if issue.severity is Severity.ERROR and issue.path not in _NOT_NEEDED
        )
        if errors:
            raise InvalidInput(errors)
        return report.provider


def _can_travel(plan: Plan) -> bool:
    """Tell whether a message can be sent and found: by two servers that somebody signs in to."""
    signing_in = [target for target in plan.targets if target.secret is not None]
    return len(signing_in) == len(MailProtocol)


async def _usable(work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
    config = await work.configs.get(config_id)
    if not may_read(principal, config.owner_id, config):
        raise NotFound
    if not may_use(principal, config.owner_id, config):
        raise Forbidden
    return config


def _may_test(principal: Principal, address: str, based_on: EmailConfig | None) -> bool:
    """Tell whether the caller may test a form of this address: as a new one, or as a change."""
    if based_on is None:
        return may_make(principal, address, shared=False)
    form = replace(based_on, email_address=address)
    return may_use(principal, form.owner_id, form)


def _servers(config: EmailConfig) -> int:
    return sum(server is not None for server in (config.incoming, config.outgoing))
