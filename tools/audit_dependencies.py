"""Look up known vulnerabilities of all locked packages: `make audit-dependencies`.

pip-audit and npm audit ask services on the network. Where these cannot be reached it says so and
passes; a finding fails unless docs/advisories.toml explains it, until its date. Must not: change a
lock file.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
ADVISORIES: Final = ROOT / "docs" / "advisories.toml"
NODE_PROJECTS: Final = ("tools/schema", "tools/explorer", "tests/clients")
_SECONDS: Final = 120
"""Longest wait for one service."""


def explained(path: Path = ADVISORIES, today: date | None = None) -> dict[str, str]:
    """Return the reasons of advisories by their ids, of those whose date is not past."""
    day = today or datetime.now(UTC).date()
    listed = tomllib.loads(path.read_text(encoding="utf-8")).get("advisory", [])
    return {each["id"]: each["reason"] for each in listed if each["until"] >= day}


def python_findings(report: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """Return package and ids of each finding in a report of pip-audit."""
    return [
        (f"{package['name']} {package['version']}", {found["id"], *found.get("aliases", ())})
        for package in report.get("dependencies", ())
        for found in package.get("vulns", ())
    ]


def node_findings(report: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """Return package and ids of each finding in a report of npm audit."""
    return [
        (name, {str(via["url"]).rpartition("/")[2]})
        for name, package in report.get("vulnerabilities", {}).items()
        for via in package.get("via", ())
        if isinstance(via, dict)
    ]


def unexplained(
    findings: list[tuple[str, set[str]]], reasons: dict[str, str]
) -> list[tuple[str, str]]:
    """Return package and ids of the findings that nobody has explained."""
    return [(name, ", ".join(sorted(ids))) for name, ids in findings if not ids & reasons.keys()]


def main() -> int:
    """Audit everything; exit status 1 where a finding is not explained."""
    python = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
    python += ["--requirement", "requirements.lock", "--format", "json", "--progress-spinner=off"]
    found = python_findings(_report("requirements.lock", python, ROOT))
    npm = shutil.which("npm")
    for project in NODE_PROJECTS:
        command = [npm or "npm", "audit", "--json", "--package-lock-only"]
        found += node_findings(_report(project, command, ROOT / project))
    left = unexplained(found, explained())
    for name, ids in left:
        sys.stderr.write(f"{name}: {ids}\n")
    return 1 if left else 0


def _report(what: str, command: list[str], folder: Path) -> dict[str, Any]:
    """Return the report that a program prints; an empty one where it has none, and say so."""
    try:
        done = subprocess.run(  # noqa: S603 - programs of our own choice
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        report: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError):
        report = {}
    if "dependencies" not in report and "vulnerabilities" not in report:
        sys.stderr.write(f"NOT AUDITED: {what}; the advisories are not reachable\n")
        return {}
    sys.stdout.write(f"audited: {what}\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
