"""Memory of the whole server while 500 connection tests are asked for at once, on real servers.

    python bench/server_memory.py

`mailconfig serve` runs on SQLite from an empty folder; a client asks for 500 tests of drafts, both
servers each, and watches until the last has ended. What counts is the server's resident memory
above idle, when it has run two tests and answered the same queries.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kit.connections import Account, fresh_name
from kit.dns import DnsServer
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import FAR, GOOD_HOST, RunFolder, free_ports

TESTS = 500
LIMIT_MIB = 120
EMAIL, PASSWORD = "bench@example.org", "a long enough password"
SAMPLE_SECONDS = 0.02
START = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) { test { id } errors { message } }
}
"""
LOOK = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ConnectionTest { status } } }"
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } } }"


def resident_mib(process: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Client:
    """Speaks GraphQL to the server."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, query: str, variables: dict[str, object]) -> dict[str, object]:
        """Return the data of an operation."""
        body = {"query": query, "variables": variables}
        answer = (await self._http.post("/graphql", json=body)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def sign_in(self) -> None:
        """Use a bearer token from now on."""
        data = await self.ask(LOGIN, {"input": {"email": EMAIL, "password": PASSWORD}})
        token = data["login"]["session"]["accessToken"]
        self._http.cookies.clear()
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def run(self, draft: dict[str, object], count: int) -> None:
        """Ask for tests at once and wait until all of them have passed."""
        wish = {"input": {"target": {"draft": draft}}}
        answers = await asyncio.gather(*(self.ask(START, wish) for _ in range(count)))
        waiting = [answer["testConnection"]["test"]["id"] for answer in answers]
        while waiting:
            await asyncio.sleep(0.5)
            data = await self.ask(LOOK, {"ids": waiting[:100]})
            states = [node["status"] for node in data["nodes"]]
            wrong = set(states) - {"QUEUED", "RUNNING", "PASSED", "PASSED_WITH_WARNINGS"}
            assert not wrong, wrong
            ended = {"PASSED", "PASSED_WITH_WARNINGS"}
            done = {each for each, state in zip(waiting, states, strict=False) if state in ended}
            waiting = [each for each in waiting if each not in done]


@contextmanager
def serving(run: RunFolder, ports: list[int], dns: str) -> Iterator[tuple[int, str]]:
    """Run `mailconfig serve` with a user; yield its process id and address."""
    (port,) = free_ports(1)
    data = run.path / "data"
    environment = os.environ | {
        "MAILCONFIG_EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
        "MAILCONFIG_EGRESS_ALLOW_PORTS": ",".join(map(str, ports)),
        "MAILCONFIG_CA_FILE": run.certificates().ca,
        "MAILCONFIG_DNS_SERVERS": dns,
        "MAILCONFIG_TEST_DEADLINE_SECONDS": "120",
        "MAILCONFIG_TESTS_PER_MINUTE": str(TESTS),
        "MAILCONFIG_TESTS_PER_USER": str(TESTS),
        "MAILCONFIG_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "mailconfig"]
    create = [*command, "user", "create", "--data", str(data), "--email", EMAIL, "--role", "member"]
    subprocess.run(create, input=f"{PASSWORD}\n", text=True, env=environment, check=True)
    serve = [*command, "serve", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(serve, env=environment) as server:
        try:
            yield server.pid, f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


async def measure(process: int, address: str, draft: dict[str, object]) -> tuple[float, float]:
    """Return idle and highest memory in MiB."""
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as http:
        client = Client(http)
        for _ in range(100):
            try:
                await http.get("/readyz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.2)
        await client.sign_in()
        await client.run(draft, 2)
        idle = highest = resident_mib(process)
        work = asyncio.create_task(client.run(draft, TESTS))
        while not work.done():
            highest = max(highest, resident_mib(process))
            await asyncio.sleep(SAMPLE_SECONDS)
        await work
    return idle, highest


def server_input(port: int, security: str, account: Account) -> dict[str, object]:
    """Return one server of the draft."""
    secret = {"password": account.secret}
    return {
        "host": GOOD_HOST,
        "port": port,
        "security": security,
        "username": account.name,
        "secret": secret,
    }


async def main() -> int:
    """Start everything, print the figures; return 0 if the limit is kept."""
    with RunFolder.create() as run:
        certificates = run.certificates()
        dovecot = run.share("dovecot", Dovecot, lambda path: Dovecot.start(path, certificates))
        postfix = run.share(
            "postfix", Postfix, lambda path: Postfix.start(path, certificates, dovecot)
        )
        account = Account(fresh_name(), "correct horse")
        dovecot.add_user(account.name, account.secret)
        draft = {
            "emailAddress": "bench@example.net",
            "incoming": server_input(dovecot.imaps_port, "TLS", account),
            "outgoing": server_input(postfix.submission_port, "STARTTLS", account),
        }
        ports = [dovecot.imaps_port, postfix.submission_port]
        async with DnsServer() as dns:
            dns.answer(GOOD_HOST, FAR)
            host, port = dns.endpoint
            with serving(run, ports, f"{host}:{port}") as (process, address):
                started = time.perf_counter()
                idle, highest = await measure(process, address, draft)
    above = highest - idle
    print(f"{TESTS} tests of two servers asked for at once: {time.perf_counter() - started:.1f} s")
    print(f"server idle {idle:.0f} MiB, peak {highest:.0f}")
    print(f"above idle {above:.0f} MiB, limit {LIMIT_MIB}")
    return 0 if above <= LIMIT_MIB else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
