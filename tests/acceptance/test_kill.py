"""kill -9 at any moment: what was answered is complete, what was not is whole or not there at all.

The product's own commands, as an operator runs them: `serve`, `keys generate`, `keys rotate`.
"""

import asyncio
import base64
import hashlib
import json
import random
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from kit.certs import CertificateKit, ssl_server_context
from kit.echoes import imap
from kit.scripted import scripted
from kit.serving import (
    EMAIL,
    LOGIN,
    PASSWORD,
    Served,
    command,
    environment,
    make_owner,
    run,
    serving,
)
from mailconfig.bootstrap import key_file, open_database
from mailconfig.graphql import ids
from mailconfig.settings import Settings

ROUNDS = 4
"""Kills of a server; each at a random moment of a burst of submissions."""
BURST = 24
"""Submissions at once, each with two secrets and a file."""
SUBMIT = """
mutation ($input: SubmitInput!) {
  submit(input: $input) { config { id } errors { __typename message } }
}
"""
READ = """
query ($id: ID!) {
  config(id: $id) {
    revision incoming { secretSetAt } outgoing { secretSetAt } files { size sha256 url }
  }
}
"""
TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) { test { status } errors { __typename message } }
}
"""


@dataclass
class Caller:
    """A signed-in client of a server that may die under it."""

    http: httpx.AsyncClient
    answered: dict[int, str] = field(default_factory=dict)
    """Number of the submission -> id of its configuration."""

    async def submit(self, number: int, host: str = "imap.example.net", port: int = 993) -> None:
        """Submit form `number`, which has an idempotency key, two secrets and a file."""
        side = {"host": host, "port": port, "security": "TLS", "username": "ann"}
        given = {
            "name": f"Work {number}",
            "emailAddress": f"ann{number}@example.net",
            "incoming": {**side, "secret": {"password": f"incoming {number}"}},
            "outgoing": {**side, "secret": {"password": f"outgoing {number}"}},
            "files": [{"upload": {"file": None, "kind": "ATTACHMENT"}}],
            "idempotencyKey": f"form {number}",
        }
        response = await self.http.post(
            "/graphql",
            data={
                "operations": json.dumps({"query": SUBMIT, "variables": {"input": given}}),
                "map": json.dumps({"0": ["variables.input.files.0.upload.file"]}),
            },
            files={"0": ("note.txt", content(number), "text/plain")},
            headers={"GraphQL-Require-Preflight": "1"},
        )
        payload = response.json()["data"]["submit"]
        assert payload["errors"] == []
        self.answered[number] = payload["config"]["id"]

    async def data(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Run an operation and return its data."""
        body = {"query": query, "variables": variables}
        return dict((await self.http.post("/graphql", json=body)).json()["data"])


def content(number: int) -> bytes:
    """Return the file of a submission: 200 KiB, more than one chunk of the cipher."""
    return f"file {number}\n".encode() * 20_000


@asynccontextmanager
async def calling(served: Served) -> AsyncIterator[Caller]:
    """Sign in."""
    async with httpx.AsyncClient(base_url=served.address, timeout=40) as http:
        caller = Caller(http)
        given = {"email": EMAIL, "password": PASSWORD}
        session = (await caller.data(LOGIN, {"input": given}))["login"]["session"]
        http.headers["Authorization"] = f"Bearer {session['accessToken']}"
        http.cookies.clear()
        yield caller


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an instance with a user."""
    folder = tmp_path / "instance" / "data"
    make_owner(folder)
    return folder


async def test_killed_while_many_submit(data: Path) -> None:
    """After each kill the database is sound and every configuration whole; a retry stores the rest.

    Asked again with the same keys, the forms that were not answered are stored exactly once.
    """
    answered: dict[int, str] = {}
    for turn in range(ROUNDS):
        numbers = range(turn * BURST, (turn + 1) * BURST)
        with serving(data, f"round {turn}") as served:
            async with calling(served) as caller:
                await burst(caller, numbers, served)
                kill(served.process)
            answered |= caller.answered
        stored = check_rows(data)
        assert set(answered.values()) <= stored
    assert len(answered) < ROUNDS * BURST
    with serving(data, "last") as served:
        async with calling(served) as caller:
            for number, config_id in answered.items():
                await check_config(caller, config_id, content(number))
            everything = range(ROUNDS * BURST)
            for number in everything:
                await caller.submit(number)
            assert {number: caller.answered[number] for number in answered} == answered
            assert len(set(caller.answered.values())) == len(everything)
    assert check_rows(data) == set(caller.answered.values())
    await check_secrets(data, 2 * len(everything))


async def burst(caller: Caller, numbers: range, served: Served) -> None:
    """Submit all at once and kill the server when a random number of them has been answered."""
    enough = random.randrange(BURST)  # noqa: S311
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(broken_off(caller, number)) for number in numbers]
        pending = set(tasks)
        while pending and len(caller.answered) < enough:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(random.random() * 0.05)  # noqa: S311
        kill(served.process)


async def broken_off(caller: Caller, number: int) -> None:
    """Submit; the connection may be cut."""
    try:
        await caller.submit(number)
    except httpx.TransportError:
        return


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of the database file gives."""
    with closing(sqlite3.connect(data / "mailconfig.db")) as connection:
        return connection.execute(query).fetchall()


def check_rows(data: Path) -> set[str]:
    """Check that nothing is half there; return the global ids of all configurations."""
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]
    assert rows(data, "PRAGMA foreign_key_check") == []
    stored = {UUID(key) for (key,) in rows(data, "SELECT id FROM configs")}
    expected = {
        # Both secrets, which exist by the foreign key.
        "SELECT id FROM configs WHERE incoming_secret_id IS NULL OR outgoing_secret_id IS NULL": 0,
        # One version, one key, one file, one line of the audit for each.
        "SELECT config_id FROM config_versions GROUP BY config_id HAVING count(*) = 1": len(stored),
        "SELECT DISTINCT result_id FROM idempotency_keys": len(stored),
        "SELECT config_id FROM files WHERE config_id NOT NULL GROUP BY config_id": len(stored),
        "SELECT DISTINCT object_id FROM audit_events WHERE action = 'config.submit'": len(stored),
        # No secret that nothing refers to.
        """
        SELECT id FROM secrets
        EXCEPT SELECT incoming_secret_id FROM configs
        EXCEPT SELECT outgoing_secret_id FROM configs
        EXCEPT SELECT secret_id FROM files
        """: 0,
    }
    assert {query: len(rows(data, query)) for query in expected} == expected
    for (blob,) in rows(data, "SELECT blob FROM files"):
        assert (data / "blobs" / blob).is_file()
    return {str(ids.encode("EmailConfig", key)) for key in stored}


async def check_config(caller: Caller, config_id: str, sent: bytes) -> None:
    """Check that the API shows a whole configuration and gives its file back."""
    config = (await caller.data(READ, {"id": config_id}))["config"]
    assert config["revision"] == 1
    assert config["incoming"]["secretSetAt"] is not None
    assert config["outgoing"]["secretSetAt"] is not None
    (file,) = config["files"]
    assert (file["size"], file["sha256"]) == (len(sent), hashlib.sha256(sent).hexdigest())
    assert (await caller.http.get(file["url"])).content == sent


async def check_secrets(data: Path, count: int) -> None:
    """Open every stored password with the keys of the folder; each must be what was sent."""
    columns = "email_address, workspace_id, incoming_secret_id, outgoing_secret_id"
    query = f"SELECT {columns} FROM configs"  # noqa: S608
    database = await open_database(Settings(data_dir=data))
    opened = 0
    for address, workspace, *secret_ids in rows(data, query):
        number = address.partition("@")[0].removeprefix("ann")
        async with database.reading(UUID(workspace)) as work:
            for purpose, secret_id in zip(("incoming", "outgoing"), secret_ids, strict=True):
                secret = await work.secrets.open(UUID(secret_id), purpose)
                assert secret.value.reveal() == f"{purpose} {number}"
                opened += 1
    await database.close()
    assert opened == count


CONFIGS = 60
"""Configurations that are rotated: 120 passwords and 60 keys of files."""
TESTED = range(4)
"""Those whose server of this machine is tested all the time."""


async def test_rotation_killed_and_resumed_beside_a_working_server(
    data: Path, tmp_path: Path
) -> None:
    """Reads and tests go on whatever happens to the rotation; no secret is ever lost.

    A key that is generated meanwhile is taken up by the running server without a restart.
    """
    kit = CertificateKit(tmp_path / "certificates")
    tls = ssl_server_context(kit.issue("localhost", "127.0.0.1"))
    async with scripted(imap, tls=tls) as mail:
        allowed = {
            "CA_FILE": kit.ca_pem,
            "EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
            "EGRESS_ALLOW_PORTS": mail.port,
            "TESTS_PER_MINUTE": 10_000,
        }
        with serving(data, **allowed) as served:
            async with calling(served) as caller:
                for number in range(CONFIGS):
                    await caller.submit(number, "127.0.0.1", mail.port)
                old = keys_in_use(data)
                assert (await command_of(data, "generate")).returncode == 0
                new = key_file(Settings(data_dir=data)).read_text().partition(":")[0]
                total = CONFIGS + await taken_up(data, caller, new)
                working = asyncio.create_task(at_work(caller))
                for lines in (1, 10, 30):
                    await killed_rotation(data, lines)
                    assert keys_in_use(data) == {*old, new}
                    await check_secrets(data, 2 * total)
                done = await command_of(data, "rotate", "--batch", "5")
                assert done.returncode == 0, done.stderr
                assert keys_in_use(data) == {new}
                await check_secrets(data, 2 * total)
                working.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await working
                for number, config_id in caller.answered.items():
                    await check_config(caller, config_id, content(number))
    for number in TESTED:
        assert base64.b64encode(f"\0ann\0incoming {number}".encode()) in mail.inside
    assert not [event for event in served.events() if event["level"] in {"error", "critical"}]


async def taken_up(data: Path, caller: Caller, new: str) -> int:
    """Submit until one is sealed under the new key, for some seconds; return how many it took."""
    async with asyncio.timeout(10):
        for number in range(CONFIGS, CONFIGS + 1000):
            await caller.submit(number)
            if new in keys_in_use(data):
                return number - CONFIGS + 1
            await asyncio.sleep(0.2)
    raise AssertionError(new)


async def at_work(caller: Caller) -> None:
    """Read and test configurations until cancelled; fails at the first thing that goes wrong."""
    while True:
        for number in TESTED:
            config_id = caller.answered[number]
            given = {"target": {"configId": config_id}, "protocols": ["IMAP"], "waitSeconds": 20}
            found = (await caller.data(TEST, {"input": given}))["testConnection"]
            assert found == {"test": {"status": "PASSED"}, "errors": []}
            await check_config(caller, config_id, content(number))


def keys_in_use(data: Path) -> set[str]:
    """Return the ids of the keys under which secrets are stored."""
    return {key for (key,) in rows(data, "SELECT DISTINCT key_id FROM secrets")}


async def command_of(data: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command about keys to its end."""
    return await asyncio.to_thread(run, "keys", *words, "--data", data)


async def killed_rotation(data: Path, lines: int) -> None:
    """Rotate one by one; kill the command when it has told of so many of them."""
    # In a thread: the loop is busy with the working caller, and rotation would be over by then.
    await asyncio.to_thread(_killed_rotation, data, lines)


def _killed_rotation(data: Path, lines: int) -> None:
    words = command("keys", "rotate", "--batch", "1", "--data", data)
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert b"left" in process.stdout.readline()
        process.kill()
        assert process.wait() == -signal.SIGKILL
