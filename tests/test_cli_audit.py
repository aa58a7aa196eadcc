"""`mailconfig audit export`: the trail as JSON lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from kit.serving import EMAIL, make_owner, run
from mailconfig.graphql import ids


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an owner, and with a member who was made later."""
    folder = tmp_path_factory.mktemp("audit") / "data"
    make_owner(folder)
    words = ("user", "create", "--email", "bo@example.org", "--data", folder)
    assert run(*words, given="a long enough password\n").returncode == 0
    return folder


def exported(data: Path, *words: str) -> list[dict[str, Any]]:
    """Export the default workspace and return its events."""
    done = run("audit", "export", "--workspace", "default", *words, "--data", data)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_events_are_lines_oldest_first(data: Path) -> None:
    """Members are those of the API, in its order, with its ids; no address is told."""
    owner, member = exported(data)
    assert list(owner) == [
        "id",
        "action",
        "actorId",
        "objectType",
        "objectId",
        "details",
        "requestId",
        "createdAt",
    ]
    assert [event["details"]["role"] for event in (owner, member)] == ["OWNER", "MEMBER"]
    assert {event["action"] for event in (owner, member)} == {"user.create"}
    assert owner["createdAt"] < member["createdAt"]
    assert (ids.decode(owner["objectId"]) or "")[0] == "User"
    assert EMAIL not in json.dumps([owner, member])


def test_events_since_a_moment(data: Path) -> None:
    """A moment with its offset counts as it is, a date in UTC."""
    _, member = exported(data)
    assert exported(data, "--since", member["createdAt"]) == [member]
    assert len(exported(data, "--since", member["createdAt"][:10])) in {1, 2}
    assert len(exported(data, "--since", "2026-01-01")) == 2
    assert exported(data, "--since", "2999-01-01") == []


def test_a_workspace_that_is_not_there(data: Path) -> None:
    """One sentence on standard error."""
    done = run("audit", "export", "--workspace", "none", "--data", data)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no workspace none.\n"
