"""Node and the npm projects of the repository, for tests that run them.

    words = node_command(CLIENTS, "apollo.mjs")
    results = run_node(words, given)

Where Node or a project's packages are missing a test is skipped and says so; with CI=true it fails.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.serving import Client

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "schema"
"""The npm project of linters and code generation."""
CLIENTS = ROOT / "tests" / "clients"
"""The npm project of clients."""
SECONDS = 120.0
"""Bounds what a broken script could hold up."""
DOMAINS = ("well.localhost", "silent.localhost")
"""Simulated providers: one where all is well, one where nobody answers."""
PROVIDER = """
query ($domain: String!) {
  provider(by: { domain: $domain }) {
    incoming { hostTemplate port security } outgoing { hostTemplate port security }
  }
}
"""


def node_command(project: Path, *words: str | Path) -> list[str]:
    """Return a command line of Node; without Node and the packages the test ends here."""
    node = shutil.which("node")
    if node is None or not (project / "node_modules").is_dir():
        missing = f"SERVER MISSING: Node with the packages of {project.relative_to(ROOT)}"
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return [node, *map(str, words)]


def run_node(
    words: list[str],
    given: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with `given` on its standard input."""
    return subprocess.run(
        words,
        input=given,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def results_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a script of cases printed; it must have come to its end, and silently."""
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def simulated_servers(client: Client) -> dict[str, Any]:
    """Return the settings of the simulated providers above by domain, as forms have them."""
    return {domain: _servers(client, domain) for domain in DOMAINS}


def _servers(client: Client, domain: str) -> dict[str, Any]:
    provider = client.data(PROVIDER, {"domain": domain})["provider"]
    return {
        side: {"host": row["hostTemplate"], "port": row["port"], "security": row["security"]}
        for side, (row,) in provider.items()
    }
