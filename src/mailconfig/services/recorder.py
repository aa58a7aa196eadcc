"""Writes down what running tests report: for all tests of this process, a few times a second.

Each step of each test in a transaction of its own would queue hundreds of writers when many tests
run at once. Here everything that was reported meanwhile is one transaction a workspace, and the
wish of another process to stop a test is asked for in the same rhythm.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.probes import ProbeRequest, ProbeStep, StepKind
from mailconfig.domain.servers import MailProtocol
from mailconfig.storage.database import Database

_log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 0.1
"""What a person takes for "at once"."""
_CANCEL_ROUNDS: Final = 10
"""Rounds between looks for wishes of other processes: a second."""


@dataclass(slots=True, eq=False)
class Job:
    """One test to run, with its secrets in memory."""

    test_id: UUID
    workspace_id: UUID
    request: ProbeRequest
    queue_seconds: float
    """Longest wait for a place."""
    caller: UUID | None = None
    """User who asked for the test; counts towards what one user may run at once."""
    cancelled: bool = False
    began: bool = False
    """Whether it has left the queue; written with the first steps."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    steps: list[ProbeStep] = field(default_factory=list)
    """Reported and not yet written."""
    addresses: dict[MailProtocol, str] = field(default_factory=dict)
    """IP address of each server, once connected."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something was written, then replaced."""

    def report(self, step: ProbeStep) -> None:
        """Take a step as it begins or ends."""
        self.steps.append(step)
        if step.kind is StepKind.CONNECT and step.detail.address is not None:
            self.addresses[step.protocol] = step.detail.address

    def cancel(self) -> None:
        """Stop the job; it ends as CANCELLED."""
        self.cancelled = True
        self.scope.cancel()

    def tell(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


class Recorder:
    """The loop that writes; the runner hands it the jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, jobs: dict[UUID, Job]) -> None:
        """Go round until cancelled; `jobs` is the runner's own, as it changes."""
        rounds = 0
        while True:
            await anyio.sleep(_ROUND_SECONDS)
            rounds += 1
            try:
                await self.write([job for job in jobs.values() if job.began or job.steps])
                if rounds % _CANCEL_ROUNDS == 0:
                    await self._obey_others(jobs.values())
            except Exception:  # noqa: BLE001 - the task's top: one bad round must not end all tests
                _log.exception("steps could not be written; they are kept")

    async def write(self, jobs: Iterable[Job]) -> None:
        """Write what these jobs have reported; what fails stays for the next round."""
        for workspace_id, members in _by_workspace(jobs).items():
            taken = {job: (job.began, len(job.steps)) for job in members}
            steps = [(job.test_id, step) for job in members for step in _latest(job.steps)]
            async with self._database.work(workspace_id) as work:
                for job in members:
                    if job.began:
                        await work.probes.start(job.test_id)
                await work.probes.save_steps(steps)
            for job, (began, count) in taken.items():
                job.began = job.began and not began
                del job.steps[:count]
                job.tell()

    async def _obey_others(self, jobs: Iterable[Job]) -> None:
        """Stop the jobs that another process wants stopped."""
        for workspace_id, members in _by_workspace(jobs).items():
            async with self._database.reading(workspace_id) as work:
                wanted = await work.probes.cancel_requested([job.test_id for job in members])
            for job in members:
                if job.test_id in wanted:
                    job.cancel()


def _latest(steps: Iterable[ProbeStep]) -> list[ProbeStep]:
    """Return the last state of each step."""
    return list({(step.protocol, step.kind): step for step in steps}.values())


def _by_workspace(jobs: Iterable[Job]) -> dict[UUID, list[Job]]:
    grouped: dict[UUID, list[Job]] = defaultdict(list)
    for job in jobs:
        grouped[job.workspace_id].append(job)
    return grouped
