"""Real servers for tests: one run folder, free ports, shared start, sure stop, fake look-ups.

A run folder belongs to the process that made it (pytest's controller, or a benchmark). Any worker
may start a server in it, under a lock; the others read its state from a file. The owner stops what
was started, by pid. What a killed run left behind is stopped when the next folder is made.

Must not be used outside of tests and benchmarks: the servers trust everybody on loopback.
"""

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self, TypeVar

from kit.certs import CertificateKit

LOOPBACK = "127.0.0.1"
FAR = "127.0.0.2"
"""Loopback too, but not the address that our connections come from: Dovecot takes a client of its
own address for secure, and would not hide logins from it before TLS.
"""
ADDRESSES = (LOOPBACK, FAR)
"""Where the mail servers listen."""
PORTS = range(15_000, 32_000)
"""Below Linux' ephemeral ports, so that no outgoing connection takes one before a server does."""
START_SECONDS = 20.0
"""A loaded machine with two cores needs about five."""
PREFIX = "mailconfig-servers-"
NOTES = "daemons"

GOOD_HOST = "mail.test"
EXPIRED_HOST = "expired.mail.test"
NOT_YET_VALID_HOST = "not-yet-valid.mail.test"
SELF_SIGNED_HOST = "self-signed.mail.test"
WRONG_NAME_HOST = "wrong-name.mail.test"
UNKNOWN_CA_HOST = "unknown-ca.mail.test"
CHAIN_MISSING_HOST = "chain-missing.mail.test"


class ServerMissing(Exception):
    """A server that the tests need is not installed, or may not be started by this user."""


class ServerNotStarted(Exception):
    """A server is installed but did not come up; the text has its own words."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The certificate that each name is served with, as PEM paths (texts: they travel as JSON)."""

    ca: str
    """Root that the tests trust."""
    unknown_ca: str
    """Root of UNKNOWN_CA_HOST."""
    cert: dict[str, str]
    """Name -> leaf and chain."""
    key: dict[str, str]
    """Name -> private key."""

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Issue one certificate for each of the names above."""
        kit = CertificateKit(folder)
        leaves = {
            GOOD_HOST: kit.issue(GOOD_HOST, "localhost", *ADDRESSES),
            EXPIRED_HOST: kit.expired(EXPIRED_HOST),
            NOT_YET_VALID_HOST: kit.not_yet_valid(NOT_YET_VALID_HOST),
            SELF_SIGNED_HOST: kit.self_signed(SELF_SIGNED_HOST),
            WRONG_NAME_HOST: kit.wrong_name(),
            UNKNOWN_CA_HOST: kit.unknown_ca(UNKNOWN_CA_HOST),
            CHAIN_MISSING_HOST: kit.chain_missing(CHAIN_MISSING_HOST),
        }
        return cls(
            ca=str(kit.ca_pem),
            unknown_ca=str(kit.root_pem("unknown")),
            cert={name: str(paths.cert) for name, paths in leaves.items()},
            key={name: str(paths.key) for name, paths in leaves.items()},
        )

    def unknown_ca_text(self) -> str:
        """Return the PEM text of the root that signed UNKNOWN_CA_HOST."""
        return Path(self.unknown_ca).read_text()

    def bad(self) -> tuple[str, ...]:
        """Return the names whose certificate is not the default one, chosen by SNI."""
        return tuple(name for name in self.cert if name != GOOD_HOST)


class LoopbackResolver:
    """Answers FAR for every name: a `mailconfig.domain.resolution.Resolver`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Names in the order of the questions."""

    async def addresses(self, host: str) -> tuple[IPv4Address, ...]:
        """Return the one address."""
        self.asked.append(host)
        return (IPv4Address(FAR),)


State = TypeVar("State")


class RunFolder:
    """The folder of one test run and the servers in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls) -> Self:
        """Make a folder owned by this process; stop and remove what dead runs left behind."""
        root = Path(tempfile.gettempdir())
        _sweep(root)
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        path.chmod(0o755)  # the servers' own users have to get in
        (path / "owner").write_text(_identity(os.getpid()))
        return cls(path)

    def share(self, name: str, kind: type[State], start: Callable[[Path], State]) -> State:
        """Return the state of a server, a dataclass of plain values; the first caller starts it.

        `start` gets an empty folder. What it raises is raised to every caller that tries.
        """
        state = self.path / f"{name}.json"
        with self._locked():
            if state.exists():
                return kind(**json.loads(state.read_text()))
            folder = self.path / name
            folder.mkdir(mode=0o755)
            try:
                started = start(folder)
            except BaseException:
                stop_all(folder)
                shutil.rmtree(folder, ignore_errors=True)
                raise
            state.write_text(json.dumps(asdict(started)))  # type: ignore[call-overload]
            return started

    def certificates(self) -> Certificates:
        """Return the certificates of this run."""
        return self.share("certificates", Certificates, Certificates.make)

    def close(self) -> None:
        """Stop every server of the run and remove the folder."""
        stop_all(self.path)
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on now; a start has to cope with a race."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(PORTS)  # noqa: S311
        if port not in found and _is_free(port):
            found.append(port)
    return found


def wait_for_port(port: int, seconds: float = START_SECONDS) -> None:
    """Return when 127.0.0.1 accepts a connection on `port`; raises ServerNotStarted."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        time.sleep(0.02)
    raise ServerNotStarted(f"nothing listens on port {port} after {seconds:.0f} s")


def with_new_ports(count: int, start: Callable[[list[int]], State]) -> State:
    """Call `start` with free ports; once more with others if it was not quick enough for one."""
    try:
        return start(free_ports(count))
    except ServerNotStarted:
        return start(free_ports(count))


def find_program(name: str, *folders: str) -> str:
    """Return the path of an installed program; raises ServerMissing with the package's hint."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *folders))
    found = shutil.which(name, path=places)
    if found is None:
        raise ServerMissing(f"{name} is not installed")
    return found


def need_root(name: str) -> None:
    """Raise ServerMissing unless this process is root, which the mail servers demand."""
    if os.geteuid() != 0:
        raise ServerMissing(f"{name} can only be started by root")


def run(command: Sequence[str | Path], *, user: str | None = None, cwd: Path | None = None) -> str:
    """Run a short command and return its output; raises ServerNotStarted with its words.

    The daemon that it leaves behind keeps no pipe of ours: output goes through a file.
    """
    options = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # type: ignore[call-overload]
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            cwd=cwd or "/",
            **options,
        )
        output.seek(0)
        text: str = output.read().decode(errors="replace")
    if done.returncode:
        raise ServerNotStarted(f"{command[0]} ended with {done.returncode}: {text.strip()}")
    return text


def note_daemon(folder: Path, pid_file: Path, *, stop: signal.Signals = signal.SIGTERM) -> None:
    """Tell stop_all where a daemon will write its pid and how it is stopped.

    Call it before the daemon is started.
    """
    with (folder / NOTES).open("a") as notes:
        notes.write(f"{stop.value} {pid_file}\n")


def wait_for_file(path: Path, seconds: float = START_SECONDS) -> None:
    """Return when a file is there; raises ServerNotStarted."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > deadline:
            raise ServerNotStarted(f"{path} is not there after {seconds:.0f} s")
        time.sleep(0.02)


def stop_all(folder: Path, seconds: float = 5.0) -> None:
    """Stop the daemons noted in `folder` and below; after `seconds` kill them."""
    daemons = dict(_daemons(folder))
    for pid, number in daemons.items():
        _signal(pid, number)
    deadline = time.monotonic() + seconds
    while daemons.keys() & dict(_daemons(folder)).keys() and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in daemons.keys() & dict(_daemons(folder)).keys():
        _signal(pid, signal.SIGKILL)


def _daemons(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield pid and stop signal of the noted daemons that run and really belong to the folder."""
    for notes in folder.rglob(NOTES):
        for line in notes.read_text().splitlines():
            number, _, pid_file = line.partition(" ")
            with suppress(OSError, ValueError, IndexError):
                pid = int(Path(pid_file).read_text().split()[0])
                if _was_started_for(pid, folder):
                    yield pid, int(number)


def _was_started_for(pid: int, folder: Path) -> bool:
    """Whether a process has the folder among its arguments or (Postfix) in its environment.

    So that a pid which went to another process in the meantime is left alone.
    """
    files = (Path("/proc", str(pid), name) for name in ("cmdline", "environ"))
    return any(str(folder).encode() in file.read_bytes() for file in files)


def _sweep(root: Path) -> None:
    for path in root.glob(f"{PREFIX}*"):
        owner = path / "owner"
        if owner.exists() and not _is_alive(owner.read_text()):
            with suppress(FileNotFoundError):  # another run may sweep at the same moment
                RunFolder(path).close()


def _identity(pid: int) -> str:
    """Return "pid start-time": together they name one process, also after pids wrapped round."""
    return f"{pid} {_start_time(pid)}"


def _start_time(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[19]  # proc(5): field 22


def _is_alive(identity: str) -> bool:
    pid, _, start = identity.strip().partition(" ")
    return _start_time(int(pid)) == start


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
