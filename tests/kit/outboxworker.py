"""A worker to kill: `python -m kit.outboxworker TASK URL KEY OWNER [step]`.

It prints a line when it is ready and waits for one. Then it claims jobs in small batches until
there are none, and prints a line when it has claimed a batch (`claim BEFORE AFTER ID...`, by the
clock of the machine) and one when that is done (`done ID...`).

    jobs        each message is cancelled, and its job taken out, in one transaction
    messages    each message goes the whole way: claim, commit, finish; what a dead worker left
                behind is recovered
    hang        claims once, and waits to be killed

With `step` it waits for a line before each batch, prints `none` where there was nothing to claim,
and does not end by itself.
"""

import asyncio
import sys
import time
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.messages import ENDED, MessageEvent, MessageState
from mailconfig.domain.outbox import Job
from mailconfig.domain.sending import Outcome
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.outbox import TableQueue
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import messages, outbox_jobs

LEASE_SECONDS: Final = 1.0
BATCH: Final = 25
_LEFT: Final = select(outbox_jobs.c.message_id).limit(1)


def tell(word: str, *rest: object) -> None:
    """Print a line at once."""
    sys.stdout.write(" ".join(map(str, (word, *rest))) + "\n")
    sys.stdout.flush()


async def leave() -> None:
    """Wait for a line."""
    await asyncio.to_thread(sys.stdin.readline)


async def cancel(
    database: Database, queue: TableQueue, workspace_id: UUID, ids: list[UUID]
) -> None:
    """Carry the jobs out in one transaction."""
    async with database.work(workspace_id) as work:
        ended = {"state": MessageState.CANCELLED.value, "ended_at": database._now()}
        statement = update(messages).where(messages.c.id.in_(ids)).values(ended)
        await work.messages._transaction.run(statement)
        await queue.cancel(work, ids)


async def send(
    database: Database, queue: TableQueue, workspace_id: UUID, ids: list[UUID], owner: str
) -> None:
    """Bring messages to their end in three transactions, as sending does."""
    numbers: dict[UUID, int] = {}
    async with database.work(workspace_id) as work:
        for id in ids:
            await work.sending.recover(id)
            until = database._now() + timedelta(seconds=LEASE_SECONDS)
            if message := await work.sending.claim(id, owner, until):
                numbers[id] = message.attempts
            elif (await work.messages.get(id)).state in ENDED:
                await queue.cancel(work, [id])
    async with database.work(workspace_id) as work:
        numbers = {id: n for id, n in numbers.items() if await work.sending.commit(id, n)}
    async with database.work(workspace_id) as work:
        for id, number in numbers.items():
            if await work.sending.finish(
                id, number, Outcome(MessageEvent.ACCEPT, DiagnosticCode.OK, ())
            ):
                await queue.cancel(work, [id])


async def main(task: str, url: str, key: str, owner: str, pace: str = "") -> None:
    """Work until nothing is left, or step by step until killed."""
    stepping = pace == "step"
    database = Database.open(StorageSettings(url), Keyring.of_text(key))
    queue = TableQueue(database)
    await database.ping()
    tell("ready")
    await leave()
    while True:
        before = time.time()
        jobs: list[Job] = await queue.claim(owner, BATCH, LEASE_SECONDS)
        ids = [job.message_id for job in jobs]
        if ids:
            tell("claim", before, time.time(), *ids)
        if task == "hang":
            await asyncio.sleep(3600)
        if not ids and stepping:
            tell("none")
        elif not ids:
            async with database.queueing() as transaction:
                if await transaction.first(_LEFT) is None:
                    break
            await queue.wait(0.1)
        else:
            if task == "jobs":
                await cancel(database, queue, jobs[0].workspace_id, ids)
            else:
                await send(database, queue, jobs[0].workspace_id, ids, owner)
            tell("done", *ids)
            # SQLite has no queue of writers: whoever never pauses can keep others out for long.
            await asyncio.sleep(0.005)
        if stepping:
            await leave()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
