"""`mailconfig doctor` as people and monitoring use it; see bootstrap/test_checkup.py for checks."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kit.database import KEY_TEXT
from kit.serving import dns_server, run

SEED = KEY_TEXT.partition(":")[2]
CLOSED = "127.0.0.1:1"
"""Nothing listens there, so that nobody on the network is asked."""
LINE = re.compile(r"[✓!✗] [a-z ]{15} \S.*\.")
SETTINGS: dict[str, Any] = {"DNS_SERVERS": CLOSED, "DNS_SECONDS": "0.2"}


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data folder in order."""
    folder = tmp_path / "data"
    for each in (folder, folder / "keys", folder / "blobs"):
        each.mkdir(mode=0o700)
    shutil.copy(migrated_file, folder / "mailconfig.db")
    for name, text in (("encryption.keys", KEY_TEXT), ("signing.key", SEED)):
        (folder / "keys" / name).touch(mode=0o600)
        (folder / "keys" / name).write_text(text)
    return folder


def test_a_deployment_in_order(data: Path) -> None:
    """Status 0, a line for each check, what to do below a warning, and the counts."""
    with dns_server({"mail.example.org": "192.0.2.1"}) as names:
        given: dict[str, Any] = {
            "DNS_SERVERS": names.endpoint,
            "PUBLIC_URL": "http://localhost:8000",
        }
        done = run("doctor", "--data", data, "--name", "mail.example.org", **given)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "✓ settings        All settings can be read."
    assert [line for line in lines if line.startswith(("!", "✗"))] == [
        "! limits          Each process counts alone against limits."
    ]
    advice = lines[lines.index("! limits          Each process counts alone against limits.") + 1]
    assert advice.startswith(" " * 18 + "With more than one process, set MAILCONFIG_RATE_LIMIT")
    assert lines[-2:] == ["", "bad: 0, warnings: 1"]
    assert all(LINE.fullmatch(line) for line in lines[:-2] if not line.startswith("  "))
    assert SEED not in done.stdout


def test_json_for_monitoring(data: Path) -> None:
    """One object a line with exactly four members, status 1 when something is bad, and no secret:
    here a lost key, an old schema and a DNS that does not answer.
    """
    with sqlite3.connect(data / "mailconfig.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    (data / "keys" / "encryption.keys").unlink()
    store = "redis://ann:geheim@127.0.0.1:1/0"
    done = run("doctor", "--json", "--data", data, RATE_LIMIT_STORAGE_URL=store, **SETTINGS)
    assert (done.returncode, done.stderr) == (1, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(each) == ["check", "verdict", "found", "advice"] for each in found)
    assert all((each["verdict"] == "fine") is (each["advice"] is None) for each in found)
    bad = [each["check"] for each in found if each["verdict"] == "bad"]
    assert bad == ["encryption keys", "migrations", "limits", "dns"]
    assert "geheim" not in done.stdout
    assert SEED not in done.stdout


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "70000", "MAILCONFIG_PORT: Input should be less than or equal to 65535."),
        ("LOG_LEVEL", "LOUD", "MAILCONFIG_LOG_LEVEL: Unknown level: 'LOUD'."),
        ("DATABASE_URL", "geheim", "MAILCONFIG_DATABASE_URL: it is no URL of a database."),
    ],
)
def test_settings_that_cannot_be_read(
    setting: str, value: str, sentence: str, tmp_path: Path
) -> None:
    """They are a check too, the only one, and nothing is made."""
    done = run("doctor", "--json", cwd=tmp_path, **{setting: value})
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = done.stdout.splitlines()
    answer = json.loads(line)
    assert (answer["check"], answer["verdict"], answer["found"]) == ("settings", "bad", sentence)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_in_an_empty_folder(tmp_path: Path) -> None:
    """Before the first start the doctor says what to run, and leaves no trace."""
    done = run("doctor", "--data", tmp_path / "data", cwd=tmp_path, **SETTINGS)
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ database        There is no database " in done.stdout
    assert "Traceback" not in done.stdout
    assert list(tmp_path.iterdir()) == []
