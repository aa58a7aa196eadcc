"""The queue alone: jobs are put in, claimed and done, each step in a transaction of its own."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from mailconfig.domain.clock import utc_now
from mailconfig.domain.outbox import Job
from outgoing.office import Office
from outgoing.table import Row

_TASKS: Final = 10
_CLAIM: Final = 20
"""Jobs of one claim, as many as a worker sends at once."""
_LEASE_SECONDS: Final = 60.0


async def measured(engine: str, office: Office, jobs: Sequence[Job]) -> list[Row]:
    """Carry jobs through and return a row for each step, and one for all; none is lost."""
    count = len(jobs)
    queue, database = office.instance.outgoing.queue, office.instance.database
    claimed: list[Job] = []

    async def put(job: Job) -> None:
        async with database.work(job.workspace_id) as work:
            await queue.enqueue(work, job, utc_now())

    async def claim(_: Job) -> None:
        claimed.extend(await queue.claim("bench", _CLAIM, _LEASE_SECONDS))

    async def done(job: Job) -> None:
        async with database.work(job.workspace_id) as work:
            await queue.cancel(work, [job.message_id])

    steps = [
        await _step("put in", engine, jobs, put, count),
        await _step("claimed, 20 at once", engine, jobs[: -(-count // _CLAIM)], claim, count),
        await _step("done", engine, claimed, done, count),
    ]
    assert {job.message_id for job in claimed} == {job.message_id for job in jobs}
    assert len(claimed) == count
    assert await queue.claim("bench", _CLAIM, _LEASE_SECONDS) == []
    seconds = sum(1 / step.rate for step in steps)
    cpu = sum(step.cpu_ms for step in steps)
    return [*steps, Row("queue: all three", engine, 1 / seconds, cpu)]


async def _step(
    name: str,
    engine: str,
    jobs: Sequence[Job],
    carry_out: Callable[[Job], Awaitable[None]],
    count: int,
) -> Row:
    """Carry a step out for each of some jobs, by some tasks; its figures are for `count`."""
    waiting = iter(jobs)

    async def some() -> None:
        for job in waiting:
            await carry_out(job)

    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(_TASKS):
            group.create_task(some())
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    return Row(f"queue: {name}", engine, count / seconds, used * 1000 / count)


def pin(core: int) -> None:
    """Let this thread, and threads that it starts from now on, run on one core."""
    os.sched_setaffinity(0, {core})
