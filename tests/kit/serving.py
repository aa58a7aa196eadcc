"""The product as its users run it: `mailconfig serve` and other commands in processes of their own.

    make_owner(tmp_path / "data")
    with serving(tmp_path / "data", MODE="development") as served, signed_in(served) as client:
        client.data("query { viewer { role } }")

Settings are given without their prefix. Nothing of the shell's own settings reaches a process.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kit.dns import DnsServer
from kit.sweptprocess import assert_kept, watched_process

EMAIL = "owner@example.org"
PASSWORD = "correct horse battery"
START_SECONDS = 60.0
"""Importing takes two seconds of an idle core; test machines have few and busy ones."""
STOP_SECONDS = 15.0
REQUEST_SECONDS = 40.0
LOGIN = """
mutation ($input: LoginInput!) {
  login(input: $input) { session { accessToken } errors { __typename message } }
}
"""


def environment(**settings: object) -> dict[str, str]:
    """Return the environment of a process with these settings and no others, in English."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Compiled sources are kept, whatever the shell says: a start computes a fifth less.
        if not name.startswith("MAILCONFIG_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    given = {f"MAILCONFIG_{name}": str(value) for name, value in settings.items()}
    return kept | {"PYTHONWARNINGS": "error", "LC_ALL": "C.UTF-8"} | given


def command(*words: str | Path) -> list[str]:
    """Return the command line of a command of mailconfig."""
    return [sys.executable, "-m", "mailconfig", *map(str, words)]


def run(
    *words: str | Path, given: str = "", cwd: Path | None = None, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with `given` on its standard input."""
    return subprocess.run(
        command(*words),
        input=given,
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class Served:
    """A running `mailconfig serve`."""

    process: "subprocess.Popen[bytes]"
    address: str
    """Such as http://127.0.0.1:40123."""
    data: Path
    out: Path
    """What it wrote to standard output."""
    log: Path
    """What it wrote to standard error."""

    def stop(self) -> int:
        """End it as an operator does and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def events(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def serving(
    data: Path, name: str = "server", port: int = 0, **settings: object
) -> Iterator[Served]:
    """Run a server on a free port, or that one, until the block ends.

    Its output goes beside the data folder.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    out, log = data.parent / f"{name}.out", data.parent / f"{name}.log"
    words = command("serve", "--port", str(port), "--data", data)
    with (
        out.open("wb") as stdout,
        log.open("wb") as stderr,
        subprocess.Popen(
            words, env=environment(LOG_FORMAT="json", **settings), stdout=stdout, stderr=stderr
        ) as process,
    ):
        try:
            address = _address(process, log)
            with watched_process(address) as sweep:
                yield Served(process, address, data, out, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert_kept(sweep, [out, log])


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Wait until the log says where it serves."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for line in log.read_text().splitlines(keepends=True):
            if '"event":"serving"' in line and line.endswith("\n"):
                return str(json.loads(line)["address"])
        time.sleep(0.05)
    raise AssertionError(f"mailconfig serve did not start: {log.read_text()}")


class Client:
    """A signed-in API client of a server."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self.url = f"{address}/graphql"
        self.token = token
        self._http = httpx.Client(timeout=REQUEST_SECONDS, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run an operation that must have no GraphQL errors and return its data."""
        body = {"query": query, "variables": variables or {}}
        return _data(self._http.post(self.url, json=body))

    def upload(
        self, query: str, variables: Mapping[str, Any], path: str, name: str, content: bytes
    ) -> dict[str, Any]:
        """Run an operation with one file at a path of its variables."""
        form = {
            "operations": json.dumps({"query": query, "variables": variables}),
            "map": json.dumps({"0": [path]}),
        }
        headers = {"GraphQL-Require-Preflight": "1"}
        return _data(
            self._http.post(self.url, data=form, files={"0": (name, content)}, headers=headers)
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


def _data(response: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


def make_owner(data: Path, **settings: object) -> None:
    """Make the user that `signed_in` signs in as, by command."""
    words = ("--data", data, "--email", EMAIL, "--role", "owner")
    done = run("user", "create", *words, given=f"{PASSWORD}\n", **settings)
    assert done.returncode == 0, done.stderr


@contextmanager
def signed_in(served: Served) -> Iterator[Client]:
    """Sign in over HTTP as the user of `make_owner` and yield the client."""
    anonymous = Client(served.address)
    login = anonymous.data(LOGIN, {"input": {"email": EMAIL, "password": PASSWORD}})["login"]
    anonymous.close()
    assert login["errors"] == []
    client = Client(served.address, login["session"]["accessToken"])
    try:
        yield client
    finally:
        client.close()


class Names:
    """A DNS server in a thread of its own."""

    def __init__(self) -> None:
        self.endpoint = ""
        """address:port, for the setting DNS_SERVERS."""
        self._loop = asyncio.new_event_loop()
        self._dns = DnsServer()
        self._started, self._stopping = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def slow(self, name: str, seconds: float) -> None:
        """Let answers about a name wait from now on."""
        self._loop.call_soon_threadsafe(self._dns.slow, name, seconds)

    def start(self, hosts: Mapping[str, str]) -> None:
        """Answer for these hosts; others do not exist."""
        for host, address in hosts.items():
            self._dns.answer(host, address, ttl=0)  # asked for each time, so that slow is slow
        self._thread.start()
        assert self._started.wait(START_SECONDS)

    def stop(self) -> None:
        """Stop answering."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._answer())
        self._loop.close()

    async def _answer(self) -> None:
        async with self._dns as dns:
            self.endpoint = "{}:{}".format(*dns.endpoint)
            self._started.set()
            await self._stopping.wait()


@contextmanager
def dns_server(hosts: Mapping[str, str]) -> Iterator[Names]:
    """Answer for hosts by name until the block ends."""
    names = Names()
    names.start(hosts)
    try:
        yield names
    finally:
        names.stop()
