"""Those who send to the sink: `mailconfig worker`, and nodemailer's pool. Each is a process.

async with worker(name, connections, office) as sender:
    begin = await sender.prepared(letter, count, accounts)
    await begin()
    await sender.settle()
"""

import asyncio
import json
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from rivals.load import SERVER_CORE
from rivals.servers import HERE, RivalMissing

from kit.servers import LOOPBACK
from kit.serving import START_SECONDS, command, environment
from mailconfig.domain.messages import MessageState
from outgoing.office import ACCOUNTS, RECIPIENT, Letter, Office, address
from outgoing.sinking import PASSWORD, Sink

NODEMAILER: Final = "nodemailer"
UNDER_WAY: Final = 20
"""Messages that a sender has at once."""
_HOME: Final = HERE / NODEMAILER

Begin = Callable[[], Awaitable[None]]


class Sender(Protocol):
    """Sends to the sink."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    @property
    def connections(self) -> int:
        """For each account."""
        ...

    @property
    def process(self) -> int:
        """Its id."""
        ...

    async def prepared(self, letter: Letter, count: int, accounts: int) -> Begin:
        """Prepare messages by some accounts in turn; return what lets it send them."""
        ...

    async def settle(self) -> None:
        """Wait until it is done with all, once they have arrived."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """`mailconfig worker`."""

    name: str
    connections: int
    process: int
    office: Office

    async def prepared(self, letter: Letter, count: int, accounts: int) -> Begin:
        """Store messages; return what makes all of them due at once."""
        jobs = await self.office.store(letter, count, accounts)
        return partial(self.office.release, jobs)

    async def settle(self) -> None:
        """Wait until all are SENT."""
        while set(found := await self.office.states()) != {MessageState.SENT}:
            assert not set(found) - {MessageState.SENDING, MessageState.SENT}, found
            await asyncio.sleep(0.05)


@asynccontextmanager
async def worker(name: str, connections: int, office: Office) -> AsyncIterator[Worker]:
    """Run a worker until the block ends."""
    log = office.data.parent / "worker.log"
    words = ["taskset", "-c", str(SERVER_CORE), *command("worker", "--data", office.data)]
    settings = office.settings | {"LOG_FORMAT": "json", "SENDING_CONCURRENCY": UNDER_WAY}
    variables = environment(**settings)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *words, env=variables, stdout=output, stderr=output
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                while b"sending messages" not in log.read_bytes():
                    assert process.returncode is None, log.read_text()
                    await asyncio.sleep(0.05)
            yield Worker(name, connections, process.pid, office)
        finally:
            process.terminate()
            assert await process.wait() == 0, log.read_text()[-2000:]


@dataclass(frozen=True, slots=True)
class Pool:
    """nodemailer with one pool for each account."""

    connections: int
    running: Process
    folder: Path
    name: str = NODEMAILER

    @property
    def process(self) -> int:
        """Its id."""
        return self.running.pid

    async def prepared(self, letter: Letter, count: int, accounts: int) -> Begin:
        """Write the message down of which it sends copies from memory."""
        template = self.folder / "letter.eml"
        template.write_bytes(letter.template)
        batch = {
            "template": str(template),
            "mark": letter.mark,
            "count": count,
            "accounts": accounts,
        }
        return partial(self._begin, json.dumps(batch).encode() + b"\n")

    async def _begin(self, batch: bytes) -> None:
        assert self.running.stdin is not None
        self.running.stdin.write(batch)
        await self.running.stdin.drain()

    async def settle(self) -> None:
        """Wait until it says that all were accepted."""
        assert self.running.stdout is not None
        said = await self.running.stdout.readline()
        assert said == b"sent\n", f"{NODEMAILER} ended"


@asynccontextmanager
async def pool(connections: int, sink: Sink, folder: Path) -> AsyncIterator[Pool]:
    """Run nodemailer until the block ends; raises RivalMissing."""
    await asyncio.to_thread(_install)
    settings = {
        "host": LOOPBACK,
        "tls": sink.tls,
        "starttls": sink.starttls,
        "ca": sink.ca,
        "password": PASSWORD,
        "accounts": [address(place) for place in range(ACCOUNTS)],
        "recipient": RECIPIENT,
        "underWay": UNDER_WAY,
    }
    path = _written(folder, json.dumps(settings))
    words = ["taskset", "-c", str(SERVER_CORE), "node", str(_HOME / "pool.mjs")]
    process = await asyncio.create_subprocess_exec(
        *words, str(path), str(connections), stdin=PIPE, stdout=PIPE
    )
    try:
        yield Pool(connections, process, folder)
    finally:
        process.terminate()
        await process.wait()


def _written(folder: Path, settings: str) -> Path:
    folder.mkdir()
    path = folder / "settings.json"
    path.write_text(settings)
    return path


def _install() -> None:
    if (_HOME / "node_modules").exists():
        return
    words = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    try:
        subprocess.run(words, cwd=_HOME, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RivalMissing("npm failed") from error
