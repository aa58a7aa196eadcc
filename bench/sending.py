"""The outbox against nodemailer's pool: messages a second to a local sink with TLS and AUTH.

    python bench/sending.py [--rounds 3] [--count 1000] [--messages 100000] [--quick]
        [--only sending|accepting|queue|memory] [--engine sqlite|postgresql]

All of one run goes into one table. Senders are pinned to one core, one after the other in
interleaved rounds; the sink, the database and what puts messages in share the other core.
mailconfig has everything on that a message goes through: limits (of a provider that has large
ones), attempts, sealed content, commits that reach the disk as they do in production. nodemailer
sends the same bytes from memory. Ends with status 1 when memory grows; what is lost or comes twice
ends it at once.
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

from outgoing import accepting, queueing, remembering
from outgoing.office import ACCOUNTS, Letter, opened
from outgoing.senders import NODEMAILER, Sender, Worker, pool, worker
from outgoing.sinking import Sink, sink
from outgoing.table import Row, median, show
from rivals import load
from rivals.servers import RivalMissing

from kit import postgres
from kit.postgres import PostgresServer
from kit.servers import RunFolder, ServerMissing
from mailconfig.storage.migration import migrate
from mailconfig.storage.settings import StorageSettings

CONNECTIONS = (1, 10)
"""For each account."""
ATTACHMENT_BYTES = 100 * 1024
WARM_UP = 40
"""Messages of the round before the first one, which opens connections."""
PATIENCE_SECONDS = 120.0
"""Without any message more."""
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""PostgreSQL as it is by default: what is accepted is on the disk."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What to run."""

    rounds: int
    count: int
    messages: int
    seconds: float
    only: str | None
    engine: str | None
    quick: bool

    def wants(self, part: str) -> bool:
        """Tell whether a part is asked for."""
        return self.only in {None, part}


@dataclass(frozen=True, slots=True)
class Job:
    """A batch that every sender sends."""

    name: str
    letter: Letter
    accounts: int
    count: int


@dataclass(frozen=True, slots=True)
class Site:
    """Where everything happens."""

    run: RunFolder
    sink: Sink
    engines: dict[str, Callable[[], str]]
    """Each with what makes a new database and returns its URL."""
    database: int | None
    """Process of PostgreSQL."""

    def database_cpu(self) -> float:
        """Return the processor time of PostgreSQL, where it runs."""
        return load.cpu_seconds(self.database) if self.database else 0.0

    def folder(self, *words: object) -> Path:
        """Return the path of a folder that nobody else has."""
        return self.run.path / "-".join(map(str, words))


def main() -> int:
    """Run and print; the exit status tells whether memory was flat."""
    arguments = _arguments()
    os.sched_setaffinity(0, {load.LOAD_CORE})  # PostgreSQL is a child of this process
    with RunFolder.create() as run, sink(run.certificates()) as counting:
        return asyncio.run(_run(arguments, _site(arguments, run, counting)))


def _arguments() -> Arguments:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=1000, help="messages of a batch")
    parser.add_argument("--messages", type=int, default=100_000, help="for the memory")
    parser.add_argument("--seconds", type=float, default=5, help="of sendEmail")
    parser.add_argument("--only", choices=["sending", "accepting", "queue", "memory"])
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--quick", action="store_true", help="shows that it works, measures little")
    given = Arguments(**vars(parser.parse_args()))
    if not given.quick:
        return given
    return replace(given, rounds=1, count=20, messages=60, seconds=1)


def _site(arguments: Arguments, run: RunFolder, counting: Sink) -> Site:
    engines: dict[str, Callable[[], str]] = {}
    database = None
    if arguments.engine != "postgresql":
        engines["SQLite"] = lambda: f"sqlite+aiosqlite:///{run.path / f'{time.monotonic_ns()}.db'}"
    if arguments.engine != "sqlite":
        postgres.OPTIONS.update(DURABLE)
        try:
            server = run.share("postgres", PostgresServer, PostgresServer.start)
        except ServerMissing as missing:
            print(f"PostgreSQL is left out: {missing}")
        else:
            engines["PostgreSQL"] = server.create_database
            database = int(Path(server.folder, "data", "postmaster.pid").read_text().split()[0])
    return Site(run, counting, engines, database)


async def _run(arguments: Arguments, site: Site) -> int:
    if arguments.quick:
        print("--quick: these are too few for figures that mean anything")
    rows: list[Row] = []
    if arguments.wants("sending"):
        rows += await _sending(arguments, site)
    if arguments.wants("accepting"):
        rows += [row async for row in _accepting(arguments, site)]
    if arguments.wants("queue"):
        rows += [row async for row in _queueing(arguments, site)]
    if rows:
        show(rows, NODEMAILER)
    if not arguments.wants("memory"):
        return 0
    kept = True
    for engine in site.engines:
        memory = await _remembering(arguments, site, engine)
        print(memory)
        kept &= memory.kept
    return 0 if kept else 1


# -- sending


async def _sending(arguments: Arguments, site: Site) -> list[Row]:
    """Let all send the same batches in turn; return a row for each batch and sender."""
    text, large, count = Letter.written(), Letter.written(ATTACHMENT_BYTES), arguments.count
    jobs = [
        Job("2 KiB, 1 account", text, 1, count),
        Job(f"2 KiB, {ACCOUNTS} accounts", text, ACCOUNTS, count),
        Job("100 KiB attached, 1 account", large, 1, max(10, count // 5)),
    ]
    figures: dict[tuple[str, str], list[Row]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        senders = [
            await stack.enter_async_context(_worker(site, engine, connections))
            for connections in CONNECTIONS
            for engine in site.engines
        ]
        everyone: list[Sender] = [*senders, *await _rivals(site, stack)]
        for round_ in range(-1, arguments.rounds):  # the first one opens connections
            for job in jobs:
                for sender in sorted(everyone, key=lambda one: one.connections):
                    if round_ < 0:
                        await _batch(site, replace(job, count=min(WARM_UP, job.count)), sender)
                        continue
                    row = await _batch(site, job, sender)
                    figures[row.job, row.who].append(row)
    return [median(rows) for rows in figures.values()]


@asynccontextmanager
async def _worker(site: Site, engine: str, connections: int) -> AsyncIterator[Worker]:
    """Run a worker with a database of its own."""
    folder = site.folder("sending", engine, connections)
    settings = {"SENDING_CONNECTIONS_PER_ACCOUNT": connections}
    async with (
        opened(folder, site.engines[engine](), site.sink, **settings) as office,
        worker(f"mailconfig, {engine}", connections, office) as running,
    ):
        yield running


async def _rivals(site: Site, stack: AsyncExitStack) -> list[Sender]:
    found: list[Sender] = []
    for connections in CONNECTIONS:
        try:
            running = pool(connections, site.sink, site.folder(NODEMAILER, connections))
            found.append(await stack.enter_async_context(running))
        except RivalMissing as missing:
            print(f"{NODEMAILER} is left out: {missing}")
            break
    return found


async def _batch(site: Site, job: Job, sender: Sender) -> Row:
    """Send a batch; all of it arrives, byte by byte as long as it is, and nothing twice."""
    counting = site.sink
    begin = await sender.prepared(job.letter, job.count, job.accounts)
    before, used, stored = counting.mark(), load.cpu_seconds(sender.process), site.database_cpu()
    await begin()
    await _arrived(counting, job.count)
    await sender.settle()
    found, used = counting.look(), load.cpu_seconds(sender.process) - used
    beside = found.cpu_seconds - before.cpu_seconds
    if sender.name != NODEMAILER:
        beside += site.database_cpu() - stored
    size = job.count * len(job.letter.template)
    assert (found.count, found.twice, found.size) == (job.count, 0, size), (sender.name, found)
    return Row(
        f"{job.name}, {sender.connections} each",
        sender.name,
        found.rate,
        used * 1000 / job.count,
        beside * 1000 / job.count,
    )


async def _arrived(counting: Sink, count: int) -> None:
    arrived, moved = 0, time.monotonic()
    while (now := counting.look().count) < count:
        if now > arrived:
            arrived, moved = now, time.monotonic()
        assert time.monotonic() - moved < PATIENCE_SECONDS, counting.look()
        await asyncio.sleep(0.05)


# -- what comes before it, and beside it


async def _accepting(arguments: Arguments, site: Site) -> AsyncIterator[Row]:
    if shutil.which("wrk") is None:
        print("sendEmail over HTTP is left out: wrk is not installed")
        return
    for engine, database in site.engines.items():
        folder, url = site.folder("accepting", engine), database()
        await migrate(StorageSettings(url))
        yield accepting.measured(f"mailconfig, {engine}", folder, url, arguments.seconds)


async def _queueing(arguments: Arguments, site: Site) -> AsyncIterator[Row]:
    for engine, database in site.engines.items():
        folder, url = site.folder("queue", engine), database()
        queueing.pin(load.SERVER_CORE)
        async with opened(folder, url, site.sink) as office:
            jobs = await office.store(Letter.written(), arguments.count, 1)
            for row in await queueing.measured(f"mailconfig, {engine}", office, jobs):
                yield row
        queueing.pin(load.LOAD_CORE)


async def _remembering(arguments: Arguments, site: Site, engine: str) -> remembering.Memory:
    """Send many messages by a worker with the settings that all have."""
    folder = site.folder("memory", engine)
    async with (
        opened(folder, site.engines[engine](), site.sink) as office,
        worker(engine, 0, office) as sender,
    ):
        return await remembering.measured(sender, site.sink, Letter.written(), arguments.messages)


if __name__ == "__main__":
    sys.exit(main())
