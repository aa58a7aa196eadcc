"""mailconfig against a stock Strawberry server, Django REST Framework and Mercurius with its JIT.

    python bench/edge.py [--rows 100000] [--rounds 7] [--seconds 4] [--growth 100000]

All read the same rows; each server is pinned to one core and has it alone while it is loaded, the
database and wrk share the other. Medians of interleaved rounds, on PostgreSQL and on SQLite. Needs
Debian's postgresql and wrk, and Node for Mercurius; what is missing is said and left out. Ends
with status 1 when a ratio that mailconfig promises is not kept.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

from rivals import jobs, load, servers
from rivals.rows import Seeded, seed

from kit.postgres import PostgresServer
from kit.servers import RunFolder
from kit.serving import EMAIL, PASSWORD, environment

PROMISES = {
    ("page of 50", "stock"): 15.0,
    ("one config", "stock"): 10.0,
    (jobs.AGAIN, "Mercurius"): 5.0,
    ("create", "DRF"): 7.0,
}
MEMORY_MIB, GROWTH_MIB = 160.0, 10.0
OPEN = {
    "MAILCONFIG_MODE": "production",
    "MAILCONFIG_PUBLIC_URL": "http://127.0.0.1",
    "MAILCONFIG_POINTS_PER_MINUTE": "1000000000",
}
"""Everything is on; only the budget is so large that the load does not use it up."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What to run."""

    rows: int
    rounds: int
    seconds: float
    growth: int
    only: str | None


def main() -> int:
    """Run and print; the exit status tells whether all promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--growth", type=int, default=100_000)
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    arguments = Arguments(**vars(parser.parse_args()))
    if shutil.which("wrk") is None:
        print("wrk is not installed: nothing was measured")
        return 0
    os.sched_setaffinity(0, {load.LOAD_CORE})  # PostgreSQL is a child of this process
    kept = True
    for kind, database in (("postgresql", _postgresql), ("sqlite", _sqlite)):
        if arguments.only not in (None, kind):
            continue
        with RunFolder.create() as folder, ExitStack() as stack:
            kept &= _measured(kind, database(folder), folder.path, arguments, stack)
    return 0 if kept else 1


def _postgresql(folder: RunFolder) -> str:
    return folder.share("postgres", PostgresServer, PostgresServer.start).create_database()


def _sqlite(folder: RunFolder) -> str:
    return f"sqlite+aiosqlite:///{folder.path / 'bench.db'}"


def _measured(kind: str, url: str, folder: Path, arguments: Arguments, stack: ExitStack) -> bool:
    settings = OPEN | {"MAILCONFIG_DATABASE_URL": url}
    data = folder / "data"
    _command(["migrate", "--data", str(data)], settings)
    owner = ["--data", str(data), "--email", EMAIL, "--role", "owner"]
    _command(["user", "create", *owner], settings, given=f"{PASSWORD}\n")
    rival = folder / "rival.json"
    start = servers.mailconfig_words(data)
    process, address = stack.enter_context(servers.running(start, folder, **settings))
    token = servers.login(address)
    seeded = seed(url, rival, _providers(address, token), arguments.rows)
    keys = seeded.keys[-jobs.IDS :]
    own = servers.Server("mailconfig", process, address, token, jobs.graphql_jobs(keys))
    rivals = list(_rivals(kind, stack, folder, rival, seeded))
    everyone = [own, *rivals]
    _same(everyone)
    for server in everyone:
        server.jobs[jobs.AGAIN] = [server.again(call) for call in server.jobs[jobs.AGAIN]]
    figures = _rounds(everyone, arguments, folder)
    kept = _table(kind, everyone, figures)
    return _memory(own, arguments, folder) and kept


def _command(words: list[str], settings: dict[str, str], given: str = "") -> None:
    command = [sys.executable, "-m", "mailconfig", *words]
    subprocess.run(
        command, env=environment() | settings, input=given, text=True, check=True, timeout=120
    )


def _providers(address: str, token: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    server = servers.Server("mailconfig", 0, address, token, {})
    after: str | None = None
    while True:
        call = jobs.graphql(jobs.ALL_PROVIDERS, {"after": after} if after else None)
        page = server.answer(call)["data"]["providers"]  # type: ignore[index]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


def _rivals(
    kind: str, stack: ExitStack, folder: Path, rival: Path, seeded: Seeded
) -> Iterator[servers.Server]:
    keys = seeded.keys[-jobs.IDS :]
    known: list[tuple[str, Callable[[], list[str]], dict[str, list[jobs.Call]]]] = [
        ("stock", servers.stock_words, jobs.graphql_jobs(keys)),
        ("DRF", servers.drf_words, jobs.rest_jobs(keys)),
    ]
    if kind == "postgresql":
        known.append(("Mercurius", servers.mercurius_words, jobs.graphql_jobs(keys)))
    for name, words, calls in known:
        try:
            started = servers.running(words(), folder, RIVAL=str(rival))
        except servers.RivalMissing as missing:
            print(f"{name} is left out: {missing}")
            continue
        process, address = stack.enter_context(started)
        yield servers.Server(name, process, address, seeded.token, calls)


def _same(everyone: list[servers.Server]) -> None:
    """Check that all servers give the same data, byte by byte."""
    for name in ("page of 50", "one config", "providers", "50 providers"):
        answers = {server.name: _data(server, name) for server in everyone}
        expected = answers["mailconfig"]
        for server, answer in answers.items():
            assert answer == expected, f"{name}: {server}\n{answer[:600]}\n{expected[:600]}"


def _data(server: servers.Server, name: str) -> str:
    answer = server.answer(server.jobs[name][0])
    assert isinstance(answer, dict)
    if "data" in answer:
        (answer,) = answer["data"].values()
    return servers.dumped(answer)


Runs = dict[tuple[str, str], list[load.Figures]]


def _rounds(everyone: list[servers.Server], arguments: Arguments, folder: Path) -> Runs:
    figures: Runs = defaultdict(list)
    for round_ in range(-1, arguments.rounds):  # the first one warms caches up and is not kept
        for name in everyone[0].jobs:
            for server in everyone:
                seconds = arguments.seconds if round_ >= 0 else 2
                found = load.run(
                    server.address,
                    server.token,
                    server.jobs[name],
                    server.process,
                    seconds,
                    folder,
                )
                load.settle(server.process)
                assert not found.failed, (server.name, name, found)
                if round_ >= 0:
                    figures[name, server.name].append(found)
    return figures


def _table(kind: str, everyone: list[servers.Server], figures: Runs) -> bool:
    print(f"\n{kind}")
    print(f"{'':14}{'':12}{'requests/s':>12}{'CPU ms':>9}{'p99 ms':>9}{'mailconfig is':>16}")
    kept = True
    for name in everyone[0].jobs:
        own = _median(figures[name, "mailconfig"], "requests_per_second")
        for server in everyone:
            runs = figures[name, server.name]
            rate = _median(runs, "requests_per_second")
            ratio = own / rate
            promise = PROMISES.get((name, server.name)) if kind == "postgresql" else None
            fine = promise is None or ratio >= promise
            kept &= fine
            said = "" if promise is None else f" ({'kept' if fine else 'NOT KEPT'}: {promise:.0f}x)"
            print(
                f"{name:14}{server.name:12}{rate:12.0f}{_median(runs, 'cpu_ms'):9.2f}"
                f"{_median(runs, 'p99_ms'):9.1f}{ratio:15.1f}x{said}"
            )
    memory = ", ".join(f"{s.name} {load.resident_mib(s.process):.0f}" for s in everyone)
    print(f"memory, MiB: {memory}")
    return kept


def _median(runs: list[load.Figures], figure: str) -> float:
    return statistics.median(getattr(run, figure) for run in runs)


def _memory(own: servers.Server, arguments: Arguments, folder: Path) -> bool:
    """Show memory before and after many requests."""
    calls = own.jobs["mixed 90/10"]
    before, done = load.resident_mib(own.process), 0
    while done < arguments.growth:
        done += load.run(own.address, own.token, calls, own.process, 5, folder).requests
    after = load.resident_mib(own.process)
    kept = after <= MEMORY_MIB and after - before < GROWTH_MIB
    print(
        f"mailconfig after {done} more requests: {after:.0f} MiB of {MEMORY_MIB:.0f},"
        f" {after - before:+.1f} of {GROWTH_MIB:.0f}: {'kept' if kept else 'NOT KEPT'}"
    )
    return kept


if __name__ == "__main__":
    sys.exit(main())
