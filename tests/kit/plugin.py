"""pytest plugin: real servers as session fixtures, started when first asked for.

For the top conftest: `pytest_plugins = ["kit.plugin"]`. Under pytest-xdist all workers share one
set; the controller owns the folder and stops everything at the end. A missing server is a loud
skip on a laptop and a failure where CI or MAILCONFIG_REQUIRE_SERVERS is set.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.postgres import PostgresServer
from kit.redis import Redis, started
from kit.servers import Certificates, RunFolder, ServerMissing

FOLDER = pytest.StashKey[RunFolder]()
INPUT = "mailconfig_run_folder"
MISSING = "SERVER MISSING: "
Result = TypeVar("Result")


class _Node(Protocol):
    """What pytest-xdist hands to pytest_configure_node."""

    config: pytest.Config
    workerinput: dict[str, str]


def pytest_configure() -> None:
    """Let what tests start be interrupted, even where a shell started the run to be deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _Node) -> None:
    """Tell a worker where the controller's run folder is."""
    node.workerinput[INPUT] = str(_owned_folder(node.config).path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of the run; workers own none."""
    if FOLDER in config.stash:
        config.stash[FOLDER].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested for want of a server."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[2]).partition(MISSING)[2] for report in skipped}
    for reason in sorted(reasons - {""}):
        terminalreporter.write_line(f"NOT TESTED: {reason}", red=True, bold=True)


@pytest.fixture(scope="session")
def run_folder(request: pytest.FixtureRequest) -> RunFolder:
    """The folder of this run's servers."""
    given: dict[str, str] | None = getattr(request.config, "workerinput", None)
    return _owned_folder(request.config) if given is None else RunFolder(Path(given[INPUT]))


@pytest.fixture(scope="session")
def certificates(run_folder: RunFolder) -> Certificates:
    """The certificates of the mail servers and the root that signed the good ones."""
    return run_folder.certificates()


@pytest.fixture(scope="session")
def dovecot(run_folder: RunFolder, certificates: Certificates) -> Dovecot:
    """A real Dovecot."""
    return _demand(
        lambda: run_folder.share(
            "dovecot", Dovecot, lambda folder: Dovecot.start(folder, certificates)
        )
    )


@pytest.fixture(scope="session")
def postfix(run_folder: RunFolder, certificates: Certificates, dovecot: Dovecot) -> Postfix:
    """A real Postfix that asks the Dovecot above about logins."""
    return _demand(
        lambda: run_folder.share(
            "postfix", Postfix, lambda folder: Postfix.start(folder, certificates, dovecot)
        )
    )


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A real Redis, empty."""
    server = _demand(started)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(run_folder: RunFolder) -> PostgresServer:
    """A real PostgreSQL."""
    return _demand(lambda: run_folder.share("postgres", PostgresServer, PostgresServer.start))


def _owned_folder(config: pytest.Config) -> RunFolder:
    if FOLDER not in config.stash:
        config.stash[FOLDER] = RunFolder.create()
    return config.stash[FOLDER]


def _demand(start: Callable[[], Result]) -> Result:
    """Return what `start` returns; a missing server skips, or fails where servers are required."""
    try:
        return start()
    except ServerMissing as missing:
        if _required():
            pytest.fail(f"{MISSING}{missing}", pytrace=False)
        pytest.skip(f"{MISSING}{missing}")


def _required() -> bool:
    return any(
        os.environ.get(name, "").lower() in {"1", "true", "yes"}
        for name in ("CI", "MAILCONFIG_REQUIRE_SERVERS")
    )
