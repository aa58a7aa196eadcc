"""`bench/sending.py` in a small run: it measures what it says, and loses nothing on the way."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit.postgres import PostgresServer

pytestmark = pytest.mark.servers

PROGRAM = Path(__file__).parents[2] / "bench" / "sending.py"
SECONDS = 400.0
"""It starts some ten processes; a machine with two idle cores takes 20 seconds."""
JOBS = [
    f"{letter}, {connections} each"
    for letter in ("2 KiB, 1 account", "2 KiB, 20 accounts", "100 KiB attached, 1 account")
    for connections in (1, 10)
]
STEPS = ["put in", "claimed, 20 at once", "done", "all three"]
ROW = re.compile(r"^(.{44})(.{24}) *([\d.]+) +([\d.]+)", re.MULTILINE)


def expected(engine: str, said: str) -> set[tuple[str, str]]:
    """Return the rows that the table has to have, without those of what is not installed."""
    who = f"mailconfig, {engine}"
    rows = {(job, who) for job in JOBS} | {(f"queue: {step}", who) for step in STEPS}
    if "nodemailer is left out" not in said:
        rows |= {(job, "nodemailer") for job in JOBS}
    if "sendEmail over HTTP is left out" not in said:
        rows.add(("sendEmail over HTTP", who))
    return rows


@pytest.mark.parametrize("engine", ["SQLite", "PostgreSQL"])
def test_all_arrives_once_and_the_table_has_its_rows(
    engine: str, request: pytest.FixtureRequest
) -> None:
    """A run ends with status 0, which it does not where the sink misses a message or has one twice.

    Each row has a rate, and the memory has its line.
    """
    if engine == "PostgreSQL":
        assert isinstance(request.getfixturevalue("postgres"), PostgresServer)  # it is installed
    done = subprocess.run(
        [sys.executable, PROGRAM, "--quick", "--engine", engine.lower()],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = {
        (job.strip(), who.strip()): float(rate) for job, who, rate, _ in ROW.findall(done.stdout)
    }
    assert set(rows) == expected(engine, done.stdout)
    assert all(rate > 0 for rate in rows.values())
    assert re.search(rf"^memory, {engine}: start .* after 60 ", done.stdout, re.MULTILINE)
