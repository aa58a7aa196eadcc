"""The servers of the benchmark as processes of their own, each pinned to the same core."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from kit.servers import free_ports, wait_for_port
from kit.serving import EMAIL, LOGIN, PASSWORD, environment
from rivals.jobs import Call
from rivals.load import SERVER_CORE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DRF_HOME = ROOT / "build" / "bench-drf"
"""An environment of its own: Django is no dependency of mailconfig."""


class RivalMissing(Exception):
    """What a rival needs is not installed and cannot be."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    process: int
    address: str
    token: str
    jobs: dict[str, list[Call]]

    def answer(self, call: Call) -> object:
        """Return what one call is answered."""
        answered = self._answered(call)
        body = answered.json()
        assert not isinstance(body, dict) or "errors" not in body, (self.name, body["errors"])
        return body

    def again(self, call: Call) -> Call:
        """Return the call of a client that has the answer, by its ETag where there is one."""
        tag = self._answered(call).headers.get("etag")
        return replace(call, header=("If-None-Match", tag) if tag else None)

    def _answered(self, call: Call) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answered = httpx.request(
            call.method,
            self.address + call.path,
            content=call.body or None,
            headers=headers,
            timeout=30,
        )
        assert answered.status_code < 300, (self.name, answered.status_code, answered.text[:500])
        return answered


@contextmanager
def running(words: list[str], folder: Path, **variables: str) -> Iterator[tuple[int, str]]:
    """Run a server on a free port until the block ends; PORT in `words` stands for the port."""
    port = free_ports(1)[0]
    command = [word.replace("PORT", str(port)) for word in words]
    with (folder / f"log-{port}").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *command],
            env=environment() | {"PYTHONWARNINGS": "default"} | variables,
            cwd=HERE,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for_port(port)
            yield process.pid, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def mailconfig_words(data: Path) -> list[str]:
    """Return the command line of mailconfig."""
    return [sys.executable, "-m", "mailconfig", "serve", "--port", "PORT", "--data", str(data)]


def stock_words() -> list[str]:
    """Return the command line of the stock Strawberry server."""
    options = ["--no-access-log", "--log-level", "warning"]
    return [
        *(sys.executable, "-m", "uvicorn", "--factory", "stock_server:create_app"),
        *("--loop", "asyncio"),  # as mailconfig's, and as a stock installation has it
        *("--port", "PORT", *options),
    ]


def drf_words() -> list[str]:
    """Return the command line of the Django REST Framework server; raises RivalMissing."""
    python = DRF_HOME / "bin" / "python"
    if not python.exists():
        DRF_HOME.parent.mkdir(exist_ok=True)
        made = [sys.executable, "-m", "venv", str(DRF_HOME)]
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        _installed([made, [*pip, "--require-hashes", "-r", str(HERE / "drf.lock")]], HERE)
    options = ["-w", "1", "-k", "gthread", "--threads", "4", "--keep-alive", "60"]
    return [str(python), "-m", "gunicorn", *options, "-b", "127.0.0.1:PORT", "drf_server"]


def mercurius_words() -> list[str]:
    """Return the command line of the Mercurius server; raises RivalMissing."""
    home = HERE / "mercurius"
    if not (home / "node_modules").exists():
        _installed([["npm", "ci", "--no-audit", "--no-fund", "--silent"]], home)
    return ["node", str(home / "server.mjs"), "PORT"]


def _installed(commands: list[list[str]], folder: Path) -> None:
    for command in commands:
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RivalMissing(f"{command[0]} failed") from error


def login(address: str) -> str:
    """Sign in at mailconfig as the user of `kit.serving.make_owner`; returns the access token."""
    variables = {"input": {"email": EMAIL, "password": PASSWORD}}
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = httpx.post(
                f"{address}/graphql", json={"query": LOGIN, "variables": variables}, timeout=30
            )
            return str(answer.json()["data"]["login"]["session"]["accessToken"])
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def dumped(value: object) -> str:
    """Return JSON that two servers share byte by byte when their data is the same."""
    return json.dumps(value, separators=(",", ":"))


assert os.sched_getaffinity(0), "pinning needs Linux"
