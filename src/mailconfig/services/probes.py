"""Connection tests: starting, stopping, watching and reading them, and applying their fixes.

A failed probe is a result, not an error. No network wait happens inside a unit of work: what a
test needs is read first, the test runs, its steps and verdict are written in units of their own.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, StoredServer, may_read
from mailconfig.domain.diagnostics import SettingsFix
from mailconfig.domain.errors import Forbidden, NotFound, RevisionConflict
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.probes import (
    FINISHED,
    ROUND_TRIP_STEPS,
    ConnectionTest,
    ProbeRequest,
    ProbeStep,
    StepStatus,
    TestStatus,
    planned_steps,
)
from mailconfig.domain.secrets import KeepSecret
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.submission import Change, drafted, patched
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.domain.workspaces import Quota
from mailconfig.services.configs import ConfigService
from mailconfig.services.finding import named_by
from mailconfig.services.planning import Plan, Planner, Target
from mailconfig.services.quotas import QuotaService
from mailconfig.services.recorder import Job
from mailconfig.services.runner import TestRunner
from mailconfig.services.sequel import Sequel
from mailconfig.services.verdicts import Verdicts
from mailconfig.storage.database import Database

_POLL_SECONDS: Final = 0.5
"""How often a watcher asks the row when the test runs in another process."""
_LEASE_SECONDS: Final = 5
"""How long past its deadline a test's process may take to write the verdict."""


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Limits of connection tests."""

    deadline_seconds: float
    queue_seconds: float
    """How long a test may wait for a free place."""
    per_minute: int = 60
    """Tests that one user may start in a minute."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running test; `step` is what changed, None in the first event."""

    test: ConnectionTest
    step: ProbeStep | None


class ProbeService:
    """The life of a connection test."""

    def __init__(  # noqa: PLR0913, PLR0917 - one for each collaborator
        self,
        database: Database,
        runner: TestRunner,
        planner: Planner,
        sequel: Sequel,
        verdicts: Verdicts,
        configs: ConfigService,
        settings: ProbeSettings,
        limiter: Limiter,
        now: Now,
        quotas: QuotaService | None = None,
    ) -> None:
        self._database = database
        self._quotas = quotas
        self._runner = runner
        self._planner = planner
        self._sequel = sequel
        self._verdicts = verdicts
        self._configs = configs
        self._settings = settings
        self._limiter = limiter
        self._now = now
        self._process = str(new_id())

    async def start(
        self,
        principal: Principal,
        target: Target,
        protocols: Sequence[MailProtocol],
        *,
        round_trip: bool = False,
    ) -> ConnectionTest:
        """Start a test in the background and return it as it stands.

        With `round_trip` it sends the account a message once both servers have passed.
        Raises Forbidden, NotFound, InvalidInput, SecretRequired, RateLimited or QuotaExceeded;
        nothing is dialled then.
        """
        principal.require(Role.MEMBER)
        limit = Limit("tests", self._settings.per_minute, 60)
        await self._limiter.take(limit, f"user {principal.user_id}")
        if self._quotas is not None:
            await self._quotas.take(principal.workspace_id, Quota.TESTS_PER_DAY)
        with self._runner.place(principal.user_id):
            plan = await self._planner.plan(principal, target, protocols, round_trip=round_trip)
            return await self._started(principal, plan)

    async def _started(self, principal: Principal, plan: Plan) -> ConnectionTest:
        test = self._row(principal, plan)
        await self._store(principal, test)
        request = ProbeRequest(plan.targets, self._settings.deadline_seconds, plan.anchors)
        wait = self._settings.queue_seconds
        job = Job(test.id, principal.workspace_id, request, wait, principal.user_id)
        self._runner.start(job, self._sequel.of(plan), self._verdicts.conclusion(test, plan))
        return await self.get(principal, test.id)

    async def wait(self, principal: Principal, test_id: UUID, seconds: float) -> ConnectionTest:
        """Return the test when it has ended, or as it stands after that many seconds."""
        loop_ends = self._now() + timedelta(seconds=seconds)
        while True:
            signal = self._runner.signal(test_id)
            test = await self.get(principal, test_id)
            left = (loop_ends - self._now()).total_seconds()
            if test.status in FINISHED or left <= 0:
                return test
            await _pause(signal, min(left, _POLL_SECONDS))

    async def cancel(self, principal: Principal, test_id: UUID) -> ConnectionTest:
        """Stop a test, wherever it runs; a finished one stays as it is."""
        test = await self.get(principal, test_id)
        if test.started_by != principal.user_id and not principal.at_least(Role.ADMIN):
            raise Forbidden
        if test.status in FINISHED:
            return test
        async with self._database.work(principal.workspace_id) as work:
            if not self._runner.cancel(test_id):
                await work.probes.request_cancel(test_id)
            await work.audit.append(principal.user_id, "test.cancel", "test", test_id, {})
        return await self.wait(principal, test_id, 2)

    async def get(self, principal: Principal, test_id: UUID) -> ConnectionTest:
        """Return a test that the caller may see; raises NotFound."""
        with named_by("testId"):
            async with self._database.reading(principal.workspace_id) as work:
                test = await work.probes.get(test_id)
                if test.config_id is None:
                    shown = test.started_by == principal.user_id
                else:
                    config = await work.configs.get(test.config_id)
                    shown = may_read(principal, config.owner_id, config)
            if not shown:
                raise NotFound
        return test

    async def page(
        self, principal: Principal, config_id: UUID, request: PageRequest
    ) -> Page[ConnectionTest]:
        """Return a page of a configuration's tests, newest first."""
        config = await self._configs.get(principal, config_id)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.probes.page(config.id, request)

    async def count(self, principal: Principal, config_id: UUID) -> int:
        """Count the tests kept of a configuration."""
        config = await self._configs.get(principal, config_id)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.probes.count(config.id)

    async def latest(
        self, principal: Principal, config_ids: Sequence[UUID]
    ) -> Mapping[UUID, ConnectionTest]:
        """Return the latest test of each configuration that the caller has read already."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.probes.latest(config_ids)

    async def watch(self, principal: Principal, test_id: UUID) -> AsyncGenerator[Progress, None]:
        """Yield the current state, then one event a changed step; ends with the test."""
        signal = self._runner.signal(test_id)
        test = await self.get(principal, test_id)
        yield Progress(test, None)
        while test.status not in FINISHED:
            await _pause(signal, _POLL_SECONDS)
            signal = self._runner.signal(test_id)
            before, test = test, await self.get(principal, test_id)
            changed = [step for step in test.steps if step not in before.steps]
            for step in changed:
                yield Progress(test, step)
            if not changed and test.status is not before.status:
                yield Progress(test, None)

    async def apply_fix(
        self, principal: Principal, test_id: UUID, fix_id: UUID, expected_revision: int | None
    ) -> tuple[EmailConfig, ConnectionTest]:
        """Apply the fix of a test's diagnosis to its configuration and test again.

        Raises as `ConfigService.update` and `start`; RevisionConflict also where the servers are
        not those that were tested any more, for which nothing was proven; NotFound for the test of
        a draft, whose fix the form applies by itself.
        """
        test = await self.get(principal, test_id)
        if test.fix is None or test.fix_id != fix_id or test.config_id is None:
            raise NotFound(("fixId",))
        config = await self._configs.get(principal, test.config_id)
        if expected_revision not in {None, config.revision} or not await self._fits(config, test):
            raise RevisionConflict(config.id)
        change = _fixed(config, test.fix)
        # The place first: a fix that is stored and not tested would look as if it had failed.
        limit = Limit("tests", self._settings.per_minute, 60)
        await self._limiter.take(limit, f"user {principal.user_id}")
        with self._runner.place(principal.user_id):
            config = await self._configs.update(principal, change)
            plan = await self._planner.plan(principal, config.id, tuple(MailProtocol))
            return config, await self._started(principal, plan)

    async def _fits(self, config: EmailConfig, test: ConnectionTest) -> bool:
        """Tell whether a configuration has the settings of servers that the test was about."""
        if test.config_revision is None or test.config_revision == config.revision:
            return test.config_revision is not None
        try:
            async with self._database.reading(config.workspace_id) as work:
                tested = await work.configs.version(config.id, test.config_revision)
        except NotFound:  # so many changes ago that it is forgotten
            return False
        pairs = ((tested.incoming, config.incoming), (tested.outgoing, config.outgoing))
        return all(drafted(then) == drafted(now) for then, now in pairs)

    def _row(self, principal: Principal, plan: Plan) -> ConnectionTest:
        now = self._now()
        seconds = self._settings.queue_seconds + self._settings.deadline_seconds
        seconds += self._sequel.seconds(plan)
        return ConnectionTest(
            id=new_id(),
            workspace_id=principal.workspace_id,
            config_id=plan.config.id if plan.config else None,
            config_revision=plan.config.revision if plan.config else None,
            started_by=principal.user_id,
            status=TestStatus.QUEUED,
            created_at=now,
            deadline_at=now + timedelta(seconds=seconds),
            finished_at=None,
            code=None,
            code_protocol=None,
            provider_id=plan.provider.id if plan.provider else None,
            server_reply=None,
            fix_id=None,
            fix=None,
            steps=_planned(plan),
        )

    async def _store(self, principal: Principal, test: ConnectionTest) -> None:
        lease = test.deadline_at + timedelta(seconds=_LEASE_SECONDS)
        async with self._database.work(principal.workspace_id) as work:
            await work.probes.insert(test, self._process, lease)
            details = {"config": str(test.config_id) if test.config_id else None}
            await work.audit.append(principal.user_id, "test.start", "test", test.id, details)


async def _pause(signal: asyncio.Event | None, seconds: float) -> None:
    """Wait for the signal, at most that long; without one just that long."""
    with anyio.move_on_after(seconds):
        await (signal.wait() if signal is not None else anyio.sleep(seconds))


def _planned(plan: Plan) -> tuple[ProbeStep, ...]:
    """Every step is there from the start, in its order, so that a form can show the way."""
    kinds = [
        (target.settings.protocol, kind)
        for target in plan.targets
        for kind in planned_steps(target.settings.protocol, target.settings.security)
    ]
    kinds += ROUND_TRIP_STEPS if plan.round_trip else ()
    return tuple(ProbeStep(protocol, kind, StepStatus.PENDING) for protocol, kind in kinds)


def _fixed(config: EmailConfig, fix: SettingsFix) -> Change:
    """Return the change of exactly this revision that a fix means.

    The stored secrets are kept where custody allows.
    """
    incoming = drafted(config.incoming, _keep(config.incoming))
    outgoing = drafted(config.outgoing, _keep(config.outgoing))
    if incoming is not None and fix.incoming is not None:
        incoming = patched(incoming, fix.incoming)
    if outgoing is not None and fix.outgoing is not None:
        outgoing = patched(outgoing, fix.outgoing)
    return Change(
        id=config.id, expected_revision=config.revision, incoming=incoming, outgoing=outgoing
    )


def _keep(server: StoredServer | None) -> KeepSecret | None:
    return KeepSecret() if server is not None and server.secret_id is not None else None
