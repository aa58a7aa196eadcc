"""Workers that are killed with -9 in the midst of it: no job is lost, none has two owners."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from kit.database import KEY_TEXT
from kit.outboxworker import BATCH, LEASE_SECONDS
from kit.outgoing import Office, count_states, opened
from kit.records import make_message
from mailconfig.domain.clock import utc_now
from mailconfig.domain.messages import MessageState
from mailconfig.storage.database import StorageSettings
from mailconfig.storage.messagerows import message_values
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import message_attempts, messages, outbox_jobs

VICTIMS = 4
FINISHERS = 1
STEPS = 3
"""Most batches of a victim, so that there is work left for all of them."""
PAUSE_SECONDS = 0.05
"""Longest time from the leave for the last batch of a victim to its death: about what one takes."""
TESTS = Path(__file__).parents[1]


@dataclass(slots=True)
class Crew:
    """Workers of one database, and what they printed."""

    url: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    """Whole lines of each owner."""

    async def start(self, task: str, *pace: str) -> tuple[str, Process]:
        """Start a worker under a name of its own; it waits for a line."""
        owner = f"worker-{len(self.lines)}"
        self.lines[owner] = []
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "kit.outboxworker", task, self.url, KEY_TEXT, owner, *pace),
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        await self.read(owner, process, 1)
        assert self.lines[owner] == ["ready\n"]
        return owner, process

    async def read(self, owner: str, process: Process, lines: int | None = None) -> None:
        """Read so many lines of a worker, or all to its end; one that was cut off is left out."""
        assert process.stdout is not None
        while lines is None or lines > 0:
            line = (await process.stdout.readline()).decode()
            if not line.endswith("\n"):
                return
            self.lines[owner].append(line)
            lines = None if lines is None else lines - 1

    async def killed(self, worker: tuple[str, Process], steps: int, pause: float) -> None:
        """Let a worker do batches, and kill it some time after it was given leave for the last."""
        owner, process = worker
        for _ in range(steps - 1):
            _leave(process)
            await self.read(owner, process, 1)
            if self.lines[owner][-1] != "none\n":
                await self.read(owner, process, 1)
        _leave(process)
        await asyncio.sleep(pause)
        await self.die(worker)

    async def die(self, worker: tuple[str, Process]) -> None:
        """Kill a worker."""
        owner, process = worker
        process.send_signal(signal.SIGKILL)
        await self.read(owner, process)
        assert await process.wait() == -signal.SIGKILL, "it ended by itself"

    async def finished(self, worker: tuple[str, Process]) -> None:
        """Let a worker begin, and wait until it finds nothing more to do."""
        owner, process = worker
        _leave(process)
        await self.read(owner, process)
        assert await process.wait() == 0

    def claims(self) -> dict[UUID, list[tuple[float, float, str]]]:
        """Return who claimed each job, from when to when at most, in the order of time."""
        found: defaultdict[UUID, list[tuple[float, float, str]]] = defaultdict(list)
        for owner, lines in self.lines.items():
            for word, *rest in map(str.split, lines):
                for id in rest[2:] if word == "claim" else ():
                    found[UUID(id)].append((float(rest[0]), float(rest[1]), owner))
        # When each call returned, which is soon after its commit; it may have waited before.
        return {id: sorted(claims, key=itemgetter(1)) for id, claims in found.items()}


def _leave(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def fill(office: Office, count: int) -> None:
    """Store messages that are due now, with their jobs and without content."""
    made = [make_message(office.tenant, office.config_id).message for _ in range(count)]
    now = office.clock.now
    place = {"workspace_id": office.tenant.workspace_id}
    times = {"due_at": now, "expires_at": now.replace(year=now.year + 1)}
    none = {"owner": None, "lease_until": None}
    async with office.database.queueing() as transaction:
        rows = [message_values(each) | place | times for each in made]
        await transaction.run_many(insert(messages), rows)
        jobs = [
            {"message_id": each.id, "config_id": each.config_id, "due_at": now, **place, **none}
            for each in made
        ]
        await transaction.run_many(insert(outbox_jobs), jobs)


async def states(office: Office) -> Counter[MessageState]:
    """Count the messages by state."""
    async with office.database.reading(office.tenant.workspace_id) as work:
        return await count_states(work, office.config_id)


@pytest.mark.parametrize(("task", "count"), [("jobs", 5000), ("messages", 500)])
async def test_killed_workers_lose_nothing_and_share_nothing(
    storage_settings: StorageSettings, keyring: Keyring, task: str, count: int
) -> None:
    """Workers are killed again and again while others go on; in the end all is done.

    Whoever claims a job that somebody else had does so when that lease is over, and not before.
    A message is in doubt only where its worker died between commit and end.
    """
    chance = random.Random()  # noqa: S311 - moments, not secrets
    crew = Crew(storage_settings.url)
    async with opened(storage_settings, keyring, utc_now()) as office:
        await fill(office, count)
        hanging, *workers = await asyncio.gather(
            crew.start("hang"),
            *(crew.start(task, "step") for _ in range(VICTIMS)),
            *(crew.start(task) for _ in range(FINISHERS)),
        )
        _leave(hanging[1])
        await crew.read(*hanging, 1)
        await crew.die(hanging)
        victims = (
            crew.killed(worker, chance.randint(1, STEPS), chance.random() * PAUSE_SECONDS)
            for worker in workers[:VICTIMS]
        )
        finishers = (crew.finished(worker) for worker in workers[VICTIMS:])
        await asyncio.gather(*victims, *finishers)
        async with office.database.queueing() as transaction:
            left = await transaction.scalar(select(func.count()).select_from(outbox_jobs))
            tried = await transaction.scalar(select(func.count()).select_from(message_attempts))
        assert left == 0
        ended = await states(office)
    claims = crew.claims()
    for id, taken in claims.items():
        for (since, _, one), (_, until, other) in pairwise(taken):
            assert until >= since + LEASE_SECONDS, (id, one, other)
    # What the first worker had was taken over by somebody else.
    assert sum(len(taken) > 1 for taken in claims.values()) >= BATCH
    if task == "jobs":
        assert ended == {MessageState.CANCELLED: count}
    else:
        doubtful = ended[MessageState.AMBIGUOUS]
        assert ended == Counter(
            {MessageState.SENT: count - doubtful, MessageState.AMBIGUOUS: doubtful}
        )
        assert doubtful <= VICTIMS * BATCH
        assert tried >= count
