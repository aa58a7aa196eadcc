"""Nothing is lost and nothing is sent twice: workers die, the network fails, and Postfix counts.

The product's own `mailconfig worker`, two of them on one database, and a real Postfix behind a
proxy that is cut again and again, also between a message and its answer.
"""

import asyncio
import os
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from kit.connections import Account, fresh_name
from kit.cutting import CuttingProxy
from kit.dovecot import Dovecot
from kit.outgoing import count_states
from kit.postfix import Postfix
from kit.records import Tenant, make_config, make_tenant, password
from kit.servers import FAR, LOOPBACK, Certificates
from kit.serving import command, environment
from mailconfig.bootstrap import Instance, open_instance
from mailconfig.domain.composition import NamedAddress
from mailconfig.domain.configs import StoredServer
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.mailing import SendRequest
from mailconfig.domain.messages import ENDED, Message, MessageState
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.settings import Settings

pytestmark = pytest.mark.servers

MESSAGES = int(os.environ.get("OUTBOX_MESSAGES", "300"))
"""With OUTBOX_MESSAGES=2000 as many as the product promises this for; that takes minutes."""
AT_ONCE = 4
"""Messages that are taken in side by side."""
CONNECTIONS = 4
"""That a worker keeps for the account."""
SECONDS = 250 + MESSAGES / 2
"""For all of it; a machine with two idle cores takes a minute for 300."""
TEXT = "All work and no play makes Jack a dull boy.\n" * 60
"""Longer than the longest command, so that the proxy knows a message when it sees one."""


@dataclass
class Crew:
    """The workers of one data folder."""

    data: Path
    settings: dict[str, object]
    kills: int = 0
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self) -> "tuple[subprocess.Popen[bytes], Path]":
        """Start a worker; return it with its log."""
        log = self.data.parent / f"worker-{len(self.processes)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command("worker", "--data", self.data),
                env=environment(LOG_FORMAT="json", **self.settings),
                stdout=output,
                stderr=output,
            )
        self.processes.append(process)
        return process, log

    async def killed_again_and_again(self) -> None:
        """Kill a worker in the midst of it and start another one, until cancelled."""
        while True:
            process, log = self.start()
            while b"sending messages" not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                await asyncio.sleep(0.05)
            await asyncio.sleep(random.uniform(0.2, 3))  # noqa: S311 - a moment, no secret
            process.send_signal(signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
            self.kills += 1

    def stop(self) -> None:
        """End those that live, as an operator does."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            # The last one may be asked before it has got as far as to listen.
            assert process.wait(20) in {0, -signal.SIGKILL, -signal.SIGTERM}


@dataclass
class Office:
    """An account at the real Postfix, behind the proxy, and who sends by it."""

    instance: Instance
    tenant: Tenant
    config_id: UUID
    postfix: Postfix
    recipient: str
    accepted: list[Message] = field(default_factory=list)

    @property
    def principal(self) -> Principal:
        """The owner."""
        tenant = self.tenant
        return Principal(
            tenant.user_id, tenant.workspace_id, Role.OWNER, None, Channel.BEARER, "o@example.com"
        )

    async def take_in(self, numbers: Iterable[int]) -> None:
        """Take messages in by the service, some at once."""
        waiting = iter(numbers)

        async def some() -> None:
            for number in waiting:
                request = SendRequest(
                    self.config_id,
                    to=(NamedAddress(self.recipient),),
                    subject=f"Message {number}",
                    text=TEXT,
                )
                sent = await self.instance.services.messages.send(
                    self.principal, request, f"message {number}"
                )
                self.accepted.append(sent)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())

    async def states(self) -> Counter[MessageState]:
        """Count the messages by state."""
        async with self.instance.database.reading(self.tenant.workspace_id) as work:
            return await count_states(work, self.config_id)

    async def ended(self) -> Counter[MessageState]:
        """Wait until no message waits or is being sent; return their states."""
        while set(found := await self.states()) - ENDED:  # noqa: ASYNC110 - rows of other processes
            await asyncio.sleep(0.5)
        return found

    async def state_of(self) -> dict[str, MessageState]:
        """Return the state of each message that was accepted, by Message-ID."""
        found: dict[str, MessageState] = {}
        async with self.instance.database.reading(self.tenant.workspace_id) as work:
            for start in range(0, len(self.accepted), 500):
                ids = [message.id for message in self.accepted[start : start + 500]]
                found |= {one.message_id: one.state for one in await work.messages.several(ids)}
        return found

    def arrived(self) -> Counter[str]:
        """Count by Message-ID what Postfix has taken and delivered."""
        mine = {message.message_id for message in self.accepted}
        return Counter({id: n for id, n in delivered(self.postfix.log()).items() if id in mine})

    async def all_delivered(self) -> Counter[str]:
        """Wait until Postfix has nothing left to deliver."""
        queue = Path(self.postfix.folder, "queue")
        folders = ("incoming", "active", "deferred", "maildrop")
        while any(path.is_file() for each in folders for path in (queue / each).rglob("*")):  # noqa: ASYNC110 - Postfix tells nobody
            await asyncio.sleep(0.1)
        return self.arrived()


LOGGED = re.compile(
    r"(?:cleanup\[\d+\]: (?P<new>\w+): message-id=(?P<id>\S+)"
    r"|\[\d+\]: (?P<done>\w+): to=<.*, status=sent )"
)


def delivered(log: str) -> Counter[str]:
    """Count deliveries by Message-ID; Postfix uses the names of its queue files again."""
    names: dict[str, str] = {}
    found: Counter[str] = Counter()
    for line in LOGGED.finditer(log):
        if line["new"]:
            names[line["new"]] = line["id"]
        elif line["done"] in names:
            found[names[line["done"]]] += 1
    return found


@asynccontextmanager
async def office_of(
    settings: Settings, dovecot: Dovecot, postfix: Postfix, port: int
) -> AsyncIterator[Office]:
    """Open an instance that takes messages in and sends none itself."""
    account = Account(fresh_name(), "correct horse")
    dovecot.add_user(account.name, account.secret)
    async with open_instance(settings) as instance:
        tenant = await make_tenant(instance.database, "acme")
        async with instance.database.work(tenant.workspace_id) as work:
            smtp = ServerSettings(
                MailProtocol.SMTP,
                LOOPBACK,
                port,
                TransportSecurity.TLS,
                AuthenticationMethod.PLAIN,
                account.name,
            )
            secret_id = await work.secrets.add("outgoing", password(account.secret))
            config = make_config(
                tenant,
                owner_id=None,
                email_address=account.name,
                provider_id=None,
                outgoing=StoredServer(smtp, secret_id),
            )
            await work.configs.insert(config, tenant.user_id)
        # Thrown away on arrival: what counts is that it arrived.
        yield Office(instance, tenant, config.id, postfix, f"lost-{account.name}")


async def cut_again_and_again(network: CuttingProxy) -> None:
    """Cut the network until cancelled; every third time between a message and its answer."""
    while True:
        await asyncio.sleep(random.uniform(0.3, 2))  # noqa: S311 - a moment, no secret
        seconds = random.uniform(0.05, 0.4)  # noqa: S311 - the same
        if network.cuts % 3:
            await network.cut(seconds)
        else:
            await network.cut_after_the_end(seconds)


async def test_accepted_is_arrived_or_in_doubt(
    database_url: str,
    certificates: Certificates,
    dovecot: Dovecot,
    postfix: Postfix,
    tmp_path: Path,
) -> None:
    """Each accepted message has arrived once, or is ambiguous and has arrived at most once.

    Ambiguous are at most as many as connections were open when something was cut or killed. They
    are sent again when somebody asks for it, and not before.
    """
    data = tmp_path / "instance" / "data"
    data.mkdir(parents=True)
    settings = Settings(data_dir=data, database_url=database_url, messages_per_minute=1_000_000)
    async with (
        asyncio.timeout(SECONDS),
        CuttingProxy(FAR, postfix.submissions_port) as network,
        office_of(settings, dovecot, postfix, network.port) as office,
    ):
        crew = Crew(
            data,
            {
                "DATABASE_URL": database_url,
                "CA_FILE": certificates.ca,
                "EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
                "EGRESS_ALLOW_PORTS": network.port,
                "SENDING_CONNECTIONS_PER_ACCOUNT": CONNECTIONS,
                "SENDING_RETRY_FIRST_SECONDS": 1,
                "SENDING_RETRY_LONGEST_SECONDS": 2,
                "SENDING_BREAKER_FAILURES": 1000,
            },
        )
        try:
            crew.start()
            async with asyncio.TaskGroup() as group:
                trouble = [
                    group.create_task(crew.killed_again_and_again()),
                    group.create_task(cut_again_and_again(network)),
                ]
                await office.take_in(range(MESSAGES))
                found = await office.ended()
                for task in trouble:
                    task.cancel()
            await check(office, crew, network, found)
            await sent_again_on_request(office)
        finally:
            crew.stop()


async def check(
    office: Office, crew: Crew, network: CuttingProxy, found: Counter[MessageState]
) -> None:
    """Compare what became of the messages with what arrived."""
    sent, doubtful = MessageState.SENT, MessageState.AMBIGUOUS
    assert found == Counter({sent: MESSAGES - found[doubtful], doubtful: found[doubtful]})
    assert len({message.id for message in office.accepted}) == MESSAGES
    assert crew.kills >= 2
    assert network.cuts >= 5
    arrived = await office.all_delivered()
    assert not {id: number for id, number in arrived.items() if number > 1}
    states = await office.state_of()
    lost = {id for id, state in states.items() if state is sent and not arrived[id]}
    assert not lost
    assert found[doubtful] <= network.at_risk + crew.kills * CONNECTIONS
    unknown = [id for id, state in states.items() if state is doubtful]
    print(f"{MESSAGES} messages, {crew.kills} kills, {network.cuts} cuts")  # noqa: T201
    print(f"{len(unknown)} ambiguous, {sum(arrived[id] for id in unknown)} arrived")  # noqa: T201


async def sent_again_on_request(office: Office) -> None:
    """Send again what is ambiguous: each arrives once more, and only those that were named."""
    before = await office.all_delivered()
    states = await office.state_of()
    named = [one for one in office.accepted if states[one.message_id] is MessageState.AMBIGUOUS]
    assert named, "no answer was lost"
    for message in named:
        await office.instance.services.message_changes.retry_ambiguous(office.principal, message.id)
    assert await office.ended() == Counter({MessageState.SENT: MESSAGES})
    arrived = await office.all_delivered()
    assert arrived - before == Counter(message.message_id for message in named)
