"""Hostile servers: a verdict in time, no secret without TLS, nothing left behind."""

import asyncio
import gc
import os
import ssl
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from kit.certs import CertificateKit, ssl_server_context
from kit.hostile import SECRET, Hostile
from kit.hostile_hangups import CLOSING, SILENT
from kit.hostile_tls import UPGRADES
from kit.hostile_words import FLOODING, FOREIGN, LYING
from kit.probing import HOST, USERNAME, Result, probe_one, target
from kit.scripted import ScriptedServer, scripted
from mailconfig.domain.probes import StepStatus
from mailconfig.domain.secrets import SecretKind

ALL = (*SILENT, *CLOSING, *FLOODING, *UPGRADES, *FOREIGN, *LYING)
RUNS = 200
GROWTH_MAX_BYTES = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateKit:
    """One authority for all cases."""
    return CertificateKit(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(certificates: CertificateKit) -> ssl.SSLContext:
    """A server's context with a good certificate."""
    return ssl_server_context(certificates.issue(HOST))


async def run(case: Hostile, tls: ssl.SSLContext, ca: Path) -> tuple[Result, ScriptedServer, float]:
    """Probe one hostile server; returns the seconds that the verdict took as well."""
    loop = asyncio.get_running_loop()
    async with scripted(case.script, tls=tls) as server:
        kind = SecretKind.ACCESS_TOKEN if case.token else SecretKind.PASSWORD
        probed = target(server.port, case.protocol, case.security, secret=SECRET, kind=kind)
        started = loop.time()
        result = await probe_one(probed, ca=ca, deadline_seconds=case.deadline_seconds)
        seconds = loop.time() - started
        with suppress(TimeoutError):
            async with asyncio.timeout(1):  # for the last bytes under way; then it is stopped
                await server.finished()
        return result, server, seconds


def forms_of_the_secret() -> list[bytes]:
    """The forms in which a client could have sent it, made here and not by the code under test."""
    plain = f"\0{USERNAME}\0{SECRET}"
    bearer = f"user={USERNAME}\x01auth=Bearer {SECRET}\x01\x01"
    texts = [SECRET, SECRET.replace('"', '\\"'), quote(SECRET)]
    texts += [b64encode(each.encode()).decode().rstrip("=") for each in (SECRET, plain, bearer)]
    return [each.encode() for each in texts]


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
async def test_hostile_server_gets_its_verdict(
    case: Hostile, tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """Within deadline plus one second the expected step fails for the expected reason, later steps
    are skipped, and the secret is neither in what the server got outside of TLS nor in the verdict.
    """
    result, server, seconds = await run(case, tls, certificates.ca_pem)
    assert seconds <= case.deadline_seconds + 1

    observation = result.outcome.observation
    found = (observation and observation.failure, result.failed and result.failed.kind)
    assert found == (case.failure, case.step), (observation, server._problems)
    assert (observation and observation.reply_code) == case.reply_code
    if case.step is not None:
        ends = list(result.ends.values())
        failed = ends.index(StepStatus.FAILED)
        assert StepStatus.SKIPPED not in ends[:failed]
        assert set(ends[failed + 1 :]) <= {StepStatus.SKIPPED}

    for form in forms_of_the_secret():
        assert form not in server.clear
        assert form.decode().lower() not in repr(result).lower()
    if case.sent_in_clear:
        assert server.peers[0].clear.decode().splitlines() == list(case.sent_in_clear)


def test_there_are_at_least_forty() -> None:
    """The list is as long as it has to be, and every case has a name of its own."""
    assert len(ALL) >= 40
    assert len({case.name for case in ALL}) == len(ALL)


async def test_nothing_is_left_after_many_runs(
    tls: ssl.SSLContext, certificates: CertificateKit
) -> None:
    """After 200 runs over all servers tasks and descriptors are as before, and memory grew by at
    most 8 MiB. A first round warms up: worker threads, import caches, the allocator's arenas.
    """
    ca = certificates.ca_pem
    await _round(tls, ca)
    await _round(tls, ca)
    before = await _settled()
    for _ in range(-(-RUNS // len(ALL))):
        await _round(tls, ca)
    after = await _settled()
    assert after[:2] == before[:2]
    assert after[2] - before[2] <= GROWTH_MAX_BYTES


async def _round(tls: ssl.SSLContext, ca: Path) -> None:
    """Run all cases side by side."""
    async with asyncio.TaskGroup() as group:
        for case in ALL:
            group.create_task(run(case, tls, ca))


async def _settled() -> tuple[int, int, int]:
    """Return tasks, open descriptors and resident bytes once the loop has closed what it closes."""
    for _ in range(20):
        await asyncio.sleep(0.02)
    gc.collect()
    return len(asyncio.all_tasks()), *_descriptors_and_resident_bytes()


def _descriptors_and_resident_bytes() -> tuple[int, int]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(list(Path("/proc/self/fd").iterdir())), pages * os.sysconf("SC_PAGESIZE")
