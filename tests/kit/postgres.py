"""A throw-away PostgreSQL: one server a test run, a fresh database a test.

    server = PostgresServer.start(folder)
    server.ensure_template("migrated", migrate)
    url = server.create_database(template="migrated")

Nothing is synced to disk. Must not be used outside of tests.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kit.servers import (
    LOOPBACK,
    ServerMissing,
    ServerNotStarted,
    find_program,
    note_daemon,
    run,
    wait_for_port,
    with_new_ports,
)

USER = "mailconfig"
SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root; then it runs as this user."""
OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "max_wal_size": "128MB",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server."""

    folder: str
    programs: str
    """Folder of createdb, dropdb and the others."""
    port: int
    password: str
    """Of USER, a superuser: others on this machine must not get in."""

    @classmethod
    def start(cls, folder: Path) -> Self:
        """Start a server in an empty folder; raises ServerMissing or ServerNotStarted."""
        programs = _programs()
        user = SYSTEM_USER if os.geteuid() == 0 else None
        password = secrets.token_hex(16)
        key, data = folder / "password", folder / "data"
        key.write_text(password)
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(key, user)
        login = ("-U", USER, "--pwfile", key, "-A", "scram-sha-256")
        quick = ("--no-sync", "--no-instructions", "-E", "UTF8", "--locale", "C.UTF-8")
        run([programs / "initdb", "-D", data, *login, *quick], user=user)
        return with_new_ports(
            1, lambda ports: cls._launch(programs, folder, password, ports[0], user)
        )

    @classmethod
    def _launch(
        cls, programs: Path, folder: Path, password: str, port: int, user: str | None
    ) -> Self:
        data = folder / "data"
        settings = " ".join(f"-c {name}='{value}'" for name, value in OPTIONS.items())
        # SIGINT is the fast way down: connections that a test forgot are cut
        note_daemon(folder, data / "postmaster.pid", stop=signal.SIGINT)
        wait = ("-w", "-t", "20", "-l", folder / "log", "-o", f"-p {port} {settings}")
        run([programs / "pg_ctl", "start", "-D", data, *wait], user=user)
        wait_for_port(port)
        return cls(folder=str(folder), programs=str(programs), port=port, password=password)

    def create_database(self, template: str | None = None) -> str:
        """Create an empty database, or a copy of a template; return its SQLAlchemy URL.

        Blocks for about a tenth of a second. Drop it or leave it: the run's end removes all.
        """
        name = f"t{secrets.token_hex(8)}"
        self._run("createdb", *(("-T", template) if template else ()), name)
        return self.url(name)

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Lend a database of create_database until the block ends."""
        url = self.create_database(template)
        try:
            yield url
        finally:
            self.drop_database(url)

    def drop_database(self, url: str) -> None:
        """Drop a database of create_database; connections to it are cut."""
        self._run("dropdb", "--force", url.rpartition("/")[2])

    def ensure_template(self, name: str, fill: Callable[[str], None]) -> None:
        """Create the template `name` once a run; `fill` gets its URL and must leave it closed.

        For create_database(template=name), by any process of the run.
        """
        with Path(self.folder, f"template-{name}").open("a+") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            # Whoever waited has the position of before, when the file was empty.
            if mark.seek(0, os.SEEK_END) == 0:
                self._run("createdb", name)
                fill(self.url(name))
                mark.write("filled\n")

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        server = ("-h", LOOPBACK, "-p", str(self.port), "-U", USER, "-w")
        done = subprocess.run(
            [Path(self.programs, program), *server, *arguments],
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerNotStarted(f"{program} {arguments}: {done.stderr.strip()}")


def _programs() -> Path:
    """Return the folder of the newest installed server; raises ServerMissing."""
    versions = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()),
        key=lambda path: float(path.parent.name),
    )
    if versions:
        return versions[-1]
    try:
        return Path(find_program("initdb")).parent
    except ServerMissing:
        raise ServerMissing("PostgreSQL is not installed") from None
