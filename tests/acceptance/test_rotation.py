"""Keys are rotated while 20 clients read and write; the command is killed and goes on later.

make rotation    # the same with 100,000 configurations, on both engines
"""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
from sqlalchemy import func, insert, select
from sqlalchemy import text as text_of

from kit.serving import EMAIL, LOGIN, PASSWORD, command, environment, make_owner, run, serving
from mailconfig.bootstrap import key_file, open_database
from mailconfig.domain.ids import new_id
from mailconfig.graphql import ids
from mailconfig.settings import Settings
from mailconfig.storage.database import Database
from mailconfig.storage.keys import KeyFile
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.secrets import sealed_row
from mailconfig.storage.tables import config_versions, configs, secrets

CONFIGS: Final = int(os.environ.get("ROTATION_CONFIGS", "1500"))
"""Configurations, each with two secrets."""
CLIENTS: Final = 20
SAMPLE: Final = 300
"""Configurations whose secrets are opened in the end."""
CHUNK: Final = 500
"""Rows of one statement."""
SERVER: Final = {"host": "imap.example.net", "port": 993, "security": "TLS", "username": "ann"}
SUBMIT = """mutation ($input: SubmitInput!) {
  submit(input: $input) { config { id } errors { __typename message } } }"""
UPDATE = """mutation ($input: UpdateInput!) {
  update(input: $input) { config { id } errors { __typename message } } }"""
READ = "query ($id: ID!) { config(id: $id) { name outgoing { secretSetAt } } }"
PAGE = "query { configs(first: 20) { nodes { id name outgoing { secretSetAt } } } }"


def form(number: int) -> dict[str, Any]:
    """Return form `number`, with two secrets."""
    return {
        "name": f"Work {number}",
        "emailAddress": f"ann{number}@example.net",
        **{
            side: {**SERVER, "secret": {"password": f"{side} {number}"}}
            for side in ("incoming", "outgoing")
        },
    }


class Clients:
    """Signed-in clients who are at work until they are told to stop; any failure is raised."""

    def __init__(self, http: httpx.AsyncClient, keys: list[str]) -> None:
        self._http = http
        self._keys = keys
        self._numbers = itertools.count(10 * CONFIGS)
        self.did: Counter[str] = Counter()
        self.over = False
        self.submitted: dict[str, int] = {}
        """Ids of new configurations, and the numbers of their forms."""

    async def work(self, seed: int) -> None:
        """Read and write; each request has to succeed.

        Each client changes configurations of its own: two at once on one would be a conflict.
        """
        chance = Random(seed)  # noqa: S311
        update = partial(self._update, self._keys[seed::CLIENTS])
        jobs = (self._read, self._read, self._page, update, self._submit)
        while not self.over:
            await chance.choice(jobs)(chance)

    async def data(self, query: str, **variables: object) -> dict[str, Any]:
        """Run an operation, which must answer without errors."""
        body = {"query": query, "variables": variables}
        response = await self._http.post("/graphql", json=body)
        answer = response.json()
        assert response.status_code == httpx.codes.OK, answer
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def _read(self, chance: Random) -> None:
        found = (await self.data(READ, id=chance.choice(self._keys)))["config"]
        assert found["outgoing"]["secretSetAt"] is not None
        self.did["read"] += 1

    async def _page(self, _: Random) -> None:
        nodes = (await self.data(PAGE))["configs"]["nodes"]
        assert all(node["outgoing"]["secretSetAt"] for node in nodes)
        self.did["page"] += 1

    async def _update(self, keys: list[str], chance: Random) -> None:
        given = {"id": chance.choice(keys), "displayName": f"Ann {chance.random()}"}
        assert (await self.data(UPDATE, input=given))["update"]["errors"] == []
        self.did["update"] += 1

    async def _submit(self, _: Random) -> None:
        number = next(self._numbers)
        made = (await self.data(SUBMIT, input=form(number)))["submit"]
        assert made["errors"] == []
        self.submitted[made["config"]["id"]] = number
        self.did["submit"] += 1


@asynccontextmanager
async def signed_in(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the owner's."""
    # No connection is used again: while all answers so far are searched for secrets, idle ones
    # grow too old, and httpx closes them although a request is on its way to them.
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http:
        body = {"query": LOGIN, "variables": {"input": {"email": EMAIL, "password": PASSWORD}}}
        session = (await http.post("/graphql", json=body)).json()["data"]["login"]["session"]
        http.headers["Authorization"] = f"Bearer {session['accessToken']}"
        http.cookies.clear()
        yield http


async def copied(database: Database, path: Path) -> list[str]:
    """Make the other configurations from the first one; return the global ids of all."""
    keyring = Keyring(KeyFile(path))
    async with database.reading_system() as system:
        first = dict((await system._transaction.all(select(configs)))[0]._mapping)
        version = dict((await system._transaction.all(select(config_versions)))[0]._mapping)
    made = [ids.encode("EmailConfig", first["id"])]
    for start in range(1, CONFIGS, CHUNK):
        rows: dict[str, list[dict[str, Any]]] = {"secrets": [], "configs": [], "versions": []}
        for number in range(start, min(start + CHUNK, CONFIGS)):
            copy = {**first, "id": new_id(), "email_address": f"ann{number}@example.net"}
            copy["address_key"] = copy["email_address"]
            for side in ("incoming", "outgoing"):
                text = f"{side} {number}".encode()
                id, row = sealed_row(keyring, first["workspace_id"], side, "password", text)
                place = {key: first[key] for key in ("workspace_id", "created_at")}
                rows["secrets"].append(row | place)
                copy[f"{side}_secret_id"] = id
            rows["configs"].append(copy)
            shared = {key: copy[key] for key in version.keys() & copy.keys()}
            rows["versions"].append({**version, **shared, "config_id": copy["id"]})
            made.append(ids.encode("EmailConfig", copy["id"]))
        # The server is at work: a transaction for all of them would keep it waiting too long.
        async with database.system() as system:
            await system._transaction.run_many(insert(secrets), rows["secrets"])
            await system._transaction.run_many(insert(configs), rows["configs"])
            await system._transaction.run_many(insert(config_versions), rows["versions"])
        if start == 1:
            # PostgreSQL checks references by the plan for tables that were empty until now.
            async with database.system() as system:
                await system._transaction.run(text_of("ANALYZE"))
    return [str(key) for key in made]


async def under(database: Database, key_id: str) -> tuple[int, int]:
    """Count the secrets under a key, and under others."""
    async with database.system() as system:
        others = await system.sealed.under_other_keys(key_id)
        every = await system._transaction.scalar(select(func.count()).select_from(secrets))
    return int(every) - others, others


def rotation(data: Path, given: dict[str, object], kill_at: int | None = None) -> None:
    """Run the command to its end, or kill it when so many are left."""
    words = command("keys", "rotate", "--data", data)
    with subprocess.Popen(
        words, env=environment(**given), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            left = line.split()[2]
            if kill_at is not None and left.isdecimal() and int(left) <= kill_at:
                process.kill()
                break
        assert process.wait() == (0 if kill_at is None else -signal.SIGKILL)


async def check(database: Database, sample: list[tuple[int, Any]]) -> None:
    """Open secrets of configurations; each must be what was sent."""
    for number, config in sample:
        async with database.reading(config.workspace_id) as work:
            for side in ("incoming", "outgoing"):
                secret = await work.secrets.open(getattr(config, f"{side}_secret_id"), side)
                assert secret.value.reveal() == f"{side} {number}"


async def test_rotation_while_clients_work(database_url: str, tmp_path: Path) -> None:
    """No request fails, nothing is lost, and in the end all secrets are under the new key."""
    data = tmp_path / "instance" / "data"
    given: dict[str, object] = {"DATABASE_URL": database_url, "POINTS_PER_MINUTE": 10**9}
    make_owner(data, **given)
    settings = Settings(data_dir=data, database_url=database_url)
    database = await open_database(settings)
    try:
        with serving(data, **given) as served:
            async with signed_in(served.address) as http:
                await rotated_at_work(data, given, http, database, key_file(settings))
    finally:
        await database.close()
    bad = [event for event in served.events() if event["level"] in {"error", "critical"}]
    assert bad == []


async def rotated_at_work(
    data: Path, given: dict[str, object], http: httpx.AsyncClient, database: Database, path: Path
) -> None:
    """Rotate under load: killed when a third is done, then to its end, then what came between."""
    first = Clients(http, [])
    await first.data(SUBMIT, input=form(0))
    clients = Clients(http, await copied(database, path))
    made = await asyncio.to_thread(run, "keys", "generate", "--data", data, **given)
    assert made.returncode == 0
    new = KeyFile(path).read()[0].id
    assert await under(database, new) == (0, 2 * CONFIGS)
    async with asyncio.TaskGroup() as group:
        for seed in range(CLIENTS):
            group.create_task(clients.work(seed))
        await asyncio.to_thread(rotation, data, given, kill_at=2 * CONFIGS * 2 // 3)
        done, left = await under(database, new)
        assert done > 0
        assert left > 0
        await asyncio.to_thread(rotation, data, given)
        clients.over = True
    # A process that has not looked at the key file for a moment may have sealed under the old key.
    await asyncio.to_thread(rotation, data, given)
    assert await under(database, new) == (2 * CONFIGS + 2 * len(clients.submitted), 0)
    sys.stdout.write(f"{CONFIGS} configurations; requests, none failed: {dict(clients.did)}\n")
    assert min(clients.did[job] for job in ("read", "page", "update", "submit")) > 0
    await check(database, await sampled(database))


async def sampled(database: Database) -> list[tuple[int, Any]]:
    """Return some configurations, new ones among them, with the numbers of their forms."""
    async with database.system() as system:
        rows = await system._transaction.all(select(configs))
    chosen = Random(1).sample(rows, min(SAMPLE, len(rows)))  # noqa: S311
    newest = sorted(rows, key=lambda row: row.created_at)[-20:]
    name = len("ann")
    return [(int(row.email_address.partition("@")[0][name:]), row) for row in chosen + newest]
