"""Runs connection tests in the background of this process: bounded, with an owner and a deadline.

The owner is the task group that `running` opens for the life of the process. A test's secrets are
in memory only, in the job; what the test finds goes to the database as it happens, so that any
process can show it. A process that dies leaves rows whose deadline tells readers the truth.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, SettingsFix
from mailconfig.domain.errors import RateLimited
from mailconfig.domain.probes import Prober, ProtocolOutcome, TestStatus
from mailconfig.domain.reachability import PortReach
from mailconfig.domain.request import request_id
from mailconfig.services.recorder import Job, Recorder

_log = logging.getLogger(__name__)

_GRACE_SECONDS: Final = 2
"""What a prober may take past its deadline before the runner stops it."""
_FINISH_SECONDS: Final = 15
"""Bound of the last write, which is shielded from cancellation."""
_FORSAKE_SECONDS: Final = 0.05
"""How often it is looked whether stopped jobs have ended."""
_BUSY_RETRY_SECONDS: Final = 10
"""What a caller is told to wait when the queue is full."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a test found beyond its outcomes."""

    fix: SettingsFix | None = None
    ports: tuple[PortReach, ...] = ()
    round_trip: RoundTrip | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job ended: its state, and the outcome of each server where it came that far."""

    status: TestStatus
    outcomes: tuple[ProtocolOutcome, ...] = ()
    findings: Findings = field(default_factory=Findings)


Follow = Callable[[Job, tuple[ProtocolOutcome, ...]], Awaitable[Findings]]
"""What a job does after its steps, within a bound of its own; cancelled with the job."""
Conclude = Callable[[Job, Verdict], Awaitable[None]]
"""Writes the verdict of a job; called exactly once a job, shielded from cancellation."""


class TestRunner:
    """A bounded queue of jobs in one process."""

    __test__ = False

    def __init__(
        self,
        recorder: Recorder,
        prober: Prober,
        concurrency: int,
        queue_size: int,
        per_caller: int | None = None,
    ) -> None:
        self._recorder = recorder
        self._prober = prober
        self._places = anyio.CapacityLimiter(concurrency)
        self._room = concurrency + queue_size
        self._per_caller = self._room if per_caller is None else per_caller
        self._group: TaskGroup | None = None
        self._jobs: dict[UUID, Job] = {}
        self._held: Counter[UUID | None] = Counter()
        """Places in the queue that are held, by caller."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own the jobs for as long as the context lasts; on leaving, cancel those under way."""
        async with anyio.create_task_group() as group:
            self._group = group
            group.start_soon(self._recorder.run, self._jobs, name="recorder")
            try:
                yield
            finally:
                self._group = None
                for job in list(self._jobs.values()):
                    job.cancelled = True
                group.cancel_scope.cancel()

    @contextmanager
    def place(self, caller: UUID | None = None) -> Iterator[None]:
        """Hold a place in the queue while a test is prepared.

        Raises RateLimited when the queue is full, or the caller has as many tests as one may.
        Without it, many that are asked for at once would each see the same free place.
        """
        own = self._held[caller] + sum(job.caller == caller for job in self._jobs.values())
        if len(self._jobs) + self._held.total() >= self._room or own >= self._per_caller:
            raise RateLimited(_BUSY_RETRY_SECONDS)
        self._held[caller] += 1
        try:
            yield
        finally:
            self._held[caller] -= 1
            self._held += Counter()  # forgets callers who hold nothing

    def start(self, job: Job, follow: Follow, conclude: Conclude) -> None:
        """Take a job; it runs as soon as a place is free."""
        if self._group is None:
            raise RuntimeError("the runner is not running")
        self._jobs[job.test_id] = job
        name = f"connection test {job.test_id}"
        self._group.start_soon(self._run, job, follow, conclude, name=name)

    def cancel(self, test_id: UUID) -> bool:
        """Stop a job of this process; False when it is not one."""
        job = self._jobs.get(test_id)
        if job is None:
            return False
        job.cancel()
        return True

    async def forsake(self, workspace_id: UUID, seconds: float = 5) -> None:
        """Stop all jobs of a workspace and wait until none is in memory, for so long at most."""
        with anyio.move_on_after(seconds):
            while mine := [job for job in self._jobs.values() if job.workspace_id == workspace_id]:
                for job in mine:
                    job.cancel()
                await anyio.sleep(_FORSAKE_SECONDS)

    def cancel_all(self) -> None:
        """Stop every job of this process, because it is about to end."""
        for job in list(self._jobs.values()):
            job.cancel()

    def signal(self, test_id: UUID) -> asyncio.Event | None:
        """Return what is set when a job next writes something; None for a job of elsewhere.

        Take it before the row is read, so that nothing written after the reading is missed.
        """
        job = self._jobs.get(test_id)
        return job.changed if job is not None else None

    async def _run(self, job: Job, follow: Follow, conclude: Conclude) -> None:
        request_id.set(f"test {job.test_id}")
        verdict = Verdict(TestStatus.CANCELLED)
        try:
            with job.scope:
                with anyio.move_on_after(job.queue_seconds) as waiting:
                    await self._places.acquire()
                if waiting.cancelled_caught:  # its row's deadline leaves no time for it
                    verdict = Verdict(TestStatus.TIMED_OUT)
                else:
                    verdict = await self._placed(job, follow)
        except Exception:  # noqa: BLE001 - the task's top: it logs and records
            _log.exception("a connection test broke")
            verdict = Verdict(TestStatus.TIMED_OUT)
        finally:
            if job.cancelled:
                verdict = Verdict(TestStatus.CANCELLED, verdict.outcomes)
            with anyio.move_on_after(_FINISH_SECONDS, shield=True):
                await self._finish(job, verdict, conclude)
            del self._jobs[job.test_id]
            job.changed.set()

    async def _placed(self, job: Job, follow: Follow) -> Verdict:
        """Run a job that has its place, and give the place back."""
        try:
            outcomes = await self._probe(job)
            if outcomes is None:
                return Verdict(TestStatus.TIMED_OUT)
            return await self._followed(job, outcomes, follow)
        finally:
            self._places.release()

    async def _probe(self, job: Job) -> tuple[ProtocolOutcome, ...] | None:
        job.began = True
        with anyio.move_on_after(job.request.deadline_seconds + _GRACE_SECONDS):
            return await self._prober.probe(job.request, job.report)
        return None

    async def _followed(
        self, job: Job, outcomes: tuple[ProtocolOutcome, ...], follow: Follow
    ) -> Verdict:
        try:
            findings = await follow(job, outcomes)
        except Exception:  # noqa: BLE001 - a fault of our own must not cost what the servers said
            _log.exception("what follows a connection test broke")
            status = _status(outcomes, None)
            unknown = status is not TestStatus.FAILED  # a round trip: nobody knows how it ended
            return Verdict(TestStatus.TIMED_OUT if unknown else status, outcomes)
        return Verdict(_status(outcomes, findings.round_trip), outcomes, findings)

    async def _finish(self, job: Job, verdict: Verdict, conclude: Conclude) -> None:
        try:
            await self._recorder.write([job])
            await conclude(job, verdict)
        except Exception:  # noqa: BLE001 - the deadline in the row tells readers the truth
            _log.exception("the verdict of a connection test could not be written")


def _status(outcomes: tuple[ProtocolOutcome, ...], trip: RoundTrip | None) -> TestStatus:
    if trip is not None and trip.code is DiagnosticCode.STEP_TIMEOUT and trip.observation is None:
        return TestStatus.TIMED_OUT  # it found no place in time: no server is to blame
    codes = {outcome.code for outcome in outcomes} | ({trip.code} if trip is not None else set())
    if codes - {DiagnosticCode.OK, DiagnosticCode.ROUNDTRIP_SPAM}:
        return TestStatus.FAILED
    if DiagnosticCode.ROUNDTRIP_SPAM in codes or any(outcome.warnings for outcome in outcomes):
        return TestStatus.PASSED_WITH_WARNINGS
    return TestStatus.PASSED
