"""`mailconfig user reset` and `mailconfig keys rotate-signing`, in processes of their own."""

import re
from pathlib import Path

import pytest

from kit.api import SIGNING_KEY
from kit.serving import EMAIL, make_owner, run

ROTATED = re.compile(r"Key (\S+) is the newest now\. Running servers notice it within seconds\.\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an owner."""
    make_owner(tmp_path / "data")
    return tmp_path / "data"


def test_a_reset_is_a_token_and_a_link(data: Path) -> None:
    """The token stands behind the # of the link, where no server sees it."""
    done = run("user", "reset", EMAIL, "--data", data, PUBLIC_URL="https://mail.example.com/")
    head, token, title, link = done.stdout.splitlines()
    assert (done.returncode, done.stderr, title) == (0, "", "Link:")
    assert re.fullmatch(r"Token, until \d{4}-\d\d-\d\d \d\d:\d\d UTC:", head)
    assert re.fullmatch(r"mcp_[\w-]{43}", token)
    assert link == f"https://mail.example.com/reset-password#token={token}"


def test_an_unknown_address_is_one_sentence(data: Path) -> None:
    """And no token."""
    done = run("user", "reset", "nobody@example.com", "--data", data)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no user with this address.\n"


def test_signing_keys_are_rotated(data: Path) -> None:
    """Old keys stay until they are past their time, or are dropped; none is printed."""
    path = data / "keys" / "signing.key"
    before = path.read_text()
    done = run("keys", "rotate-signing", "--data", data)
    match = ROTATED.fullmatch(done.stdout)
    assert match is not None, done.stderr
    lines = path.read_text().splitlines()
    assert (len(lines), lines[1]) == (2, before.strip())
    assert lines[0].startswith(f"{match[1]}:")
    done = run("keys", "rotate-signing", "--drop-older-than", "0", "--data", data)
    assert done.stdout.count("is gone.") == 2
    assert len(path.read_text().splitlines()) == 1
    for line in (*lines, path.read_text().strip()):
        assert line.partition(":")[2] not in done.stdout


def test_a_key_for_the_environment_is_printed(tmp_path: Path) -> None:
    """Nothing is written: who keeps keys in the environment puts it there."""
    done = run("keys", "rotate-signing", cwd=tmp_path, SIGNING_KEY=SIGNING_KEY)
    head, line = done.stdout.splitlines()
    assert head == "Put this in front of MAILCONFIG_SIGNING_KEY, then restart:"
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{8}:[\w+/]{43}=", line)
    assert list(tmp_path.iterdir()) == []
