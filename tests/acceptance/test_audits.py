"""The audits of npm's graphql-http against a server in a process of its own.

They are what outsiders measure servers of GraphQL over HTTP by; `make test` installs them where
Node is.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kit.serving import serving

TOOLS = Path(__file__).parents[2] / "tools" / "schema"
SECONDS = 120.0
"""For 61 requests, one after the other."""
ANOTHER_YARDSTICK = """
  47DE 80D8
  423L LKJ0 LKJ1 LKJ2 LKJ3 6C00 6C01 6C02 6C03 4760 4761 4762 4763 58B0 58B1 58B2 58B3 3E3A
  572B FDE2 7B9B 86EE
"""
"""Audits that profile 2026 cannot pass: those of */* and of no Accept, which want JSON, those of
requests that are not well-formed, which want 400, and those of request errors, which want 200 in
JSON and 400 for variables. The edition wants 422, and 400 for what cannot be parsed."""


@pytest.fixture(scope="module")
def node() -> str:
    """Return the path of Node where the audits are installed, else skip, or fail in CI."""
    path = shutil.which("node")
    if path is not None and (TOOLS / "node_modules" / "graphql-http").is_dir():
        return path
    missing = "SERVER MISSING: Node with the packages of tools/schema (make node-packages)"
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def audited(node: str, url: str) -> tuple[int, list[str]]:
    """Run the audits and return their exit status and lines."""
    done = subprocess.run(
        [node, TOOLS / "audits.mjs", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_all_audits_pass(node: str, tmp_path: Path) -> None:
    """61 of 61 in the default profile, and the server's log has nothing to say about them."""
    with serving(tmp_path / "data") as served:
        status, lines = audited(node, f"{served.address}/graphql")
        events = [
            event
            for event in served.events()
            if event["level"] not in {"info", "debug"}
            and event["logger"] != "mailconfig.cli.serving"  # what it thinks of these settings
        ]
    assert [line for line in lines if not line.startswith("ok  ")] == ["61 of 61 audits passed"]
    assert (status, len(lines)) == (0, 62)
    assert events == []


def test_the_other_yardstick_is_another_one(node: str, tmp_path: Path) -> None:
    """No server meets both: the edition of 2026 has 422 where the audits want 400 and 200."""
    with serving(tmp_path / "data", HTTP_STATUS_PROFILE="2026") as served:
        status, lines = audited(node, f"{served.address}/graphql")
    assert status == 1
    failed = {line.split()[1] for line in lines if line.startswith("FAIL")}
    assert failed == set(ANOTHER_YARDSTICK.split())
