"""Memory of 500 connection tests that are asked for at once, both servers each, on real servers.

    python bench/memory.py

A process of its own runs the tests; what counts is its resident memory above idle. Idle means: the
prober is built and two tests have run, so that contexts, caches and imports are there.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kit.connections import Account, fresh_name, network_prober, target
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import RunFolder
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import Prober, ProbeRequest
from mailconfig.domain.servers import MailProtocol, TransportSecurity

TESTS = 500
LIMIT_MIB = 120
DEADLINE_SECONDS = 120.0
"""Not the product's: all wait for two cores here, and none may be cut short."""
SAMPLE_SECONDS = 0.01
WARM_UP = 2


def resident_mib() -> float:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def peak_mib() -> float:
    """Sample the resident memory until cancelled; return the highest value."""
    highest = 0.0
    try:
        while True:
            highest = max(highest, resident_mib())
            await asyncio.sleep(SAMPLE_SECONDS)
    except asyncio.CancelledError:
        return highest


async def run_tests(prober: Prober, request: ProbeRequest, count: int) -> None:
    """Ask for `count` tests at once and wait for all of them."""
    answers = await asyncio.gather(
        *(prober.probe(request, lambda _step: None) for _ in range(count))
    )
    wrong = [each for answer in answers for each in answer if each.code != DiagnosticCode.OK]
    assert not wrong, f"{len(wrong)} failed, first {wrong[0]}"


async def child(folder: Path, account: Account) -> dict[str, float]:
    """Run the tests in this process and return the figures."""
    run = RunFolder(folder)
    dovecot = run.share("dovecot", Dovecot, _not_here)
    postfix = run.share("postfix", Postfix, _not_here)
    prober = network_prober(run.certificates())
    request = ProbeRequest(
        (
            target(MailProtocol.IMAP, dovecot.imaps_port, TransportSecurity.TLS, account),
            target(MailProtocol.SMTP, postfix.submission_port, TransportSecurity.STARTTLS, account),
        ),
        deadline_seconds=DEADLINE_SECONDS,
    )
    await run_tests(prober, request, WARM_UP)
    idle = resident_mib()
    sampler = asyncio.create_task(peak_mib())
    started = time.perf_counter()
    await run_tests(prober, request, TESTS)
    seconds = time.perf_counter() - started
    sampler.cancel()
    return {"idle": idle, "peak": await sampler, "after": resident_mib(), "seconds": seconds}


def _not_here(_folder: Path) -> NoReturn:
    raise RuntimeError("the parent process starts the servers")


def main() -> int:
    """Start servers and child, print the figures; return 0 if the limit is kept."""
    with RunFolder.create() as run:
        certificates = run.certificates()
        dovecot = run.share("dovecot", Dovecot, lambda path: Dovecot.start(path, certificates))
        run.share("postfix", Postfix, lambda path: Postfix.start(path, certificates, dovecot))
        account = Account(fresh_name(), "correct horse")
        dovecot.add_user(account.name, account.secret)
        done = subprocess.run(
            [sys.executable, __file__, str(run.path), account.name, account.secret],
            stdout=subprocess.PIPE,
            check=True,
        )
    figures = json.loads(done.stdout)
    above = figures["peak"] - figures["idle"]
    print(f"{TESTS} tests of two servers at once: {figures['seconds']:.1f} s")
    print(
        f"idle {figures['idle']:.0f} MiB, peak {figures['peak']:.0f}, after {figures['after']:.0f}"
    )
    print(f"above idle {above:.0f} MiB, limit {LIMIT_MIB}")
    return 0 if above <= LIMIT_MIB else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(child(Path(sys.argv[1]), Account(sys.argv[2], sys.argv[3])))))
    else:
        sys.exit(main())
