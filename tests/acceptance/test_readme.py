"""The README does what it says: its shell lines run in order against a fresh instance."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.serving import Served, dns_server, environment, serving
from mailconfig.storage.catalogue import load_catalogue

ROOT = Path(__file__).parent.parent.parent
MAKE = ["make run", "make test"]
"""Blocks that are not run: the server of this test has a fresh folder, the tests run already."""
PRINTED = re.compile(r"First sign-in +owner@example\.com\n +Password +(\S+)")
DEMO = re.compile(r"^  (?:IMAP|SMTP) +\S+:(\d+)/", re.MULTILINE)
STEPS = 15
"""Seven of IMAPS, eight of submission with STARTTLS."""


def readme() -> str:
    """Return the text of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """Return the shell blocks in their order."""
    return re.findall(r"^```sh\n(.*?)^```$", readme(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """What `make run` starts, in a fresh folder; no name of the examples exists in its DNS."""
    with (
        dns_server({}) as names,
        serving(tmp_path / "data", MODE="development", DNS_SERVERS=names.endpoint) as running,
    ):
        yield running


def script(served: Served) -> str:
    """Return the README's lines as one script; between blocks it prints a mark."""
    welcome = served.out.read_text()
    printed = PRINTED.search(welcome)
    assert printed is not None
    imap_port, smtp_port = DEMO.findall(welcome)
    replacements = {
        "http://127.0.0.1:8000": served.address,
        "the-password-that-was-printed": printed[1],
        ".venv/bin/mailconfig": f"{sys.executable} -m mailconfig",
        "--data data": f"--data {served.data}",
        '"port": 14300': f'"port": {imap_port}',
        '"port": 14301': f'"port": {smtp_port}',
    }
    text = "\necho; echo ----\n".join(block for block in blocks() if block.strip() not in MAKE)
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    return f"set -euo pipefail\n{text}"


def answers(output: str) -> list[dict[str, Any]]:
    """Return the GraphQL answers of the output, in order; no line of it may have errors."""
    found = [json.loads(line) for line in output.splitlines() if line.startswith('{"data"')]
    assert "errors" not in {key for answer in found for key in answer}
    payloads = [payload for answer in found for payload in answer["data"].values()]
    assert [item["errors"] for item in payloads if item.get("errors")] == []
    return [answer["data"] for answer in found]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines of the README need curl")
def test_the_lines_of_the_readme_work(served: Served) -> None:
    """A new user who pastes all lines signs in, submits with a file, tests, lists and the rest."""
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script(served)}"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    found, demo, submit, test, configs, *others, updated, deleted = answers(done.stdout)
    validated, explained, checked = others
    (candidate,) = found["discover"]["candidates"]
    assert candidate["incoming"]["host"] == "imap.fastmail.com"
    assert explained["explain"]["code"] == "MS_SMTP_TENANT_OFF"
    assert [check["verdict"] for check in checked["checkDomain"]["report"]["checks"]] == [
        "MISSING",
        "MISSING",
        "UNKNOWN",
        "MISSING",
        "MISSING",
        "MISSING",
    ]
    assert demo["testConnection"]["test"]["status"] == "PASSED"
    trip = demo["testConnection"]["test"]["roundTrip"]
    assert (trip["folder"], trip["removed"]) == ("INBOX", True)
    config = submit["submit"]["config"]
    assert (config["revision"], config["status"]) == (1, "UNVERIFIED")
    (file,) = config["files"]
    size = os.stat(ROOT / "LICENSE").st_size  # noqa: PTH116 - one number
    assert (file["filename"], file["contentType"], file["size"]) == ("LICENSE", "text/plain", size)
    ended = test["testConnection"]["test"]
    assert (ended["status"], ended["diagnosis"]["code"]) == ("FAILED", "DNS_NXDOMAIN")
    assert len(ended["steps"]) == STEPS
    (listed,) = configs["configs"]["nodes"]
    assert (listed["id"], listed["status"]) == (config["id"], "FAILING")
    assert listed["incoming"]["secretSetAt"] is not None
    assert validated["validate"]["valid"] is False
    codes = [issue["code"] for issue in validated["validate"]["issues"]]
    assert {"HOST_SYNTAX", "DOMAIN_TYPO"} <= set(codes)
    assert updated["update"]["config"]["revision"] == 2
    assert deleted["delete"]["deletedId"] == config["id"]
    assert "event: next\ndata: " in done.stdout
    assert "event: complete\n" in done.stdout
    assert "imap.fastmail.com:993/tls" in done.stdout
    assert "\nGMAIL_BAD: " in done.stdout
    assert "IMAP: There is no server of this name." in done.stdout
    assert "\nfailed\n" in done.stdout
    assert "ann@example.com is member of default." in done.stdout
    assert "none left" in done.stdout


def test_the_readme_opens_with_the_two_commands() -> None:
    """The first two blocks are the two commands that a new user needs."""
    assert [block.strip() for block in blocks()[:2]] == MAKE


def test_the_readme_counts_the_providers() -> None:
    """The number of providers in the README is that of the catalogue."""
    assert f"**{len(load_catalogue().providers)} providers**" in readme()
