"""`mailconfig workspace` and the users in them."""

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from kit.serving import EMAIL, make_owner, run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an owner."""
    folder = tmp_path / "data"
    make_owner(folder)
    return folder


def printed(data: Path, *words: str | Path) -> str:
    """Run a command that must work, and return what it printed."""
    done = run(*words, "--data", data)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(data: Path, *words: str | Path) -> str:
    """Run a command that must not work, and return its one sentence."""
    done = run(*words, "--data", data)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.removesuffix("\n")


def test_workspaces_are_made_listed_and_limited(data: Path) -> None:
    """With the number of members; a slug is what a host name's label is."""
    printed(data, "workspace", "create", "acme", "--name", "Acme Inc")
    assert printed(data, "workspace", "list") == "acme\t0\tAcme Inc\ndefault\t1\tdefault\n"
    assert refused(data, "workspace", "create", "acme") == "There is such a workspace already."
    assert refused(data, "workspace", "create", "No slug").startswith("slug: ")
    assert printed(data, "workspace", "quota", "acme", "--configs", "5") == ""
    assert refused(data, "workspace", "quota", "acme") == "Name a quota to set, or --defaults."
    assert refused(data, "workspace", "quota", "none", "--configs", "1") == (
        "There is no such object."
    )


def test_users_are_listed_and_erased(data: Path) -> None:
    """Address, workspace and role; the only owner stays."""
    assert printed(data, "user", "list") == f"{EMAIL}\tdefault\towner\n"
    made = run(
        "user", "create", "--email", "bo@example.org", "--data", data, given="a long password\n"
    )
    assert made.returncode == 0
    assert "--yes" in refused(data, "user", "delete", "--email", "bo@example.org")
    printed(data, "user", "delete", "--email", "bo@example.org", "--yes")
    assert printed(data, "user", "list") == f"{EMAIL}\tdefault\towner\n"
    assert refused(data, "user", "delete", "--email", EMAIL, "--yes").startswith(
        "A workspace needs an owner."
    )


def test_a_workspace_is_exported_and_erased(data: Path, tmp_path: Path) -> None:
    """Both kinds of archives, for their owner alone; then nothing of it is in the database."""
    as_zip, as_tar = tmp_path / "all.zip", tmp_path / "all.tar.gz"
    for path in (as_zip, as_tar):
        printed(data, "workspace", "export", "default", "--to", path)
        assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(as_zip) as archive:
        member = json.loads(archive.read("members.jsonl"))
        names = archive.namelist()
    assert (member["email"], member["role"]) == (EMAIL, "OWNER")
    with tarfile.open(as_tar) as archive:
        assert archive.getnames() == names
    assert refused(data, "workspace", "export", "default", "--to", as_zip) == (
        f"{as_zip}: File exists."
    )
    wrong = tmp_path / "all.rar"
    assert refused(data, "workspace", "export", "default", "--to", wrong) == (
        "--to: all.rar ends neither in .zip nor in .tar.gz."
    )
    assert "--yes" in refused(data, "workspace", "delete", "default")
    assert printed(data, "workspace", "delete", "default", "--yes") == "default is erased.\n"
    assert printed(data, "user", "list") == ""
    for path in data.glob("mailconfig.db*"):
        assert EMAIL.encode() not in path.read_bytes()
