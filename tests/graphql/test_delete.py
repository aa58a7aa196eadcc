"""The mutation `delete`."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, server
from mailconfig.storage import tables

DELETE = """
mutation ($input: DeleteInput!) {
  delete(input: $input) {
    deletedId
    config { __typename id name revision incoming { host } files { filename } }
    errors { __typename path ... on RevisionConflictError { current { revision } } }
  }
}
"""
UPDATE = """
mutation ($input: UpdateInput!) { update(input: $input) { config { revision } } }
"""
TEST = """
mutation ($id: ID!) {
  testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) { test { id } }
}
"""
READ = """
query ($id: ID!, $test: ID!, $file: ID!) {
  config(id: $id) { id }
  configs { totalCount nodes { id } }
  nodes(ids: [$id, $test, $file]) { id }
}
"""
FILES = "query ($id: ID!) { config(id: $id) { files { id url } } }"
ERASED = (
    tables.configs,
    tables.config_versions,
    tables.connection_tests,
    tables.connection_test_steps,
    tables.files,
    tables.secrets,
)
"""Tables that hold what belongs to a configuration."""


async def delete(api: Api, who: str, config_id: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    return (await api.data(who, DELETE, {"input": {"id": config_id, **more}}))["delete"]


async def rows(api: Api) -> dict[str, int]:
    """Count the rows of each table of `ERASED`."""
    url = api.settings.effective_database_url.replace("sqlite:", "sqlite+aiosqlite:")
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        counts = {
            table.name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in ERASED
        }
    await engine.dispose()
    return counts


def blobs(api: Api) -> list[Path]:
    """Return the files of the blob store."""
    return [path for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file()]


async def full(api: Api) -> str:
    """Store a configuration with a file, two versions and a test; return its id."""
    config_id = await api.stored(MEMBER)
    files = [{"upload": {"file": None, "kind": "ATTACHMENT"}}]
    await api.upload(
        MEMBER,
        UPDATE,
        {"input": {"id": config_id, "incoming": server(port=143), "files": files}},
        {"variables.input.files.0.upload.file": ("terms.txt", b"Be kind.\n", "text/plain")},
    )
    return config_id


async def test_nothing_is_left(api: Api) -> None:
    """Row, versions, tests, steps, files, secrets and blobs are gone; no query finds them."""
    config_id = await full(api)
    test = (await api.data(MEMBER, TEST, {"id": config_id}))["testConnection"]["test"]["id"]
    (file,) = (await api.data(MEMBER, FILES, {"id": config_id}))["config"]["files"]
    before = await rows(api)
    assert (before["config_versions"], before["connection_tests"], before["files"]) == (2, 1, 1)
    assert before["secrets"] == 4  # two of the first revision, one of the second, one of the file
    assert len(blobs(api)) == 1
    assert (await delete(api, MEMBER, config_id))["errors"] == []
    assert await rows(api) == dict.fromkeys(before, 0)
    assert blobs(api) == []
    found = await api.data(MEMBER, READ, {"id": config_id, "test": test, "file": file["id"]})
    assert found == {
        "config": None,
        "configs": {"totalCount": 0, "nodes": []},
        "nodes": [None, None, None],
    }
    assert (await api.client.get(file["url"])).status_code == 404


async def test_the_answer_has_the_id_and_the_last_state(api: Api) -> None:
    """Caches by id and caches by type name both learn what to drop."""
    config_id = await api.stored(MEMBER)
    assert await delete(api, MEMBER, config_id, expectedRevision=1) == {
        "deletedId": config_id,
        "config": {
            "__typename": "EmailConfig",
            "id": config_id,
            "name": "Work",
            "revision": 1,
            "incoming": {"host": "imap.example.net"},
            "files": [],
        },
        "errors": [],
    }


async def test_others_keep_theirs(api: Api) -> None:
    """Deleting one configuration leaves the secrets and versions of all others."""
    await api.stored(COLLEAGUE)
    before = await rows(api)
    await delete(api, MEMBER, await full(api))
    assert await rows(api) == before


async def test_a_change_in_between_stops_it(api: Api) -> None:
    """Nothing is removed, and the present revision is told."""
    config_id = await full(api)
    before = await rows(api)
    payload = await delete(api, MEMBER, config_id, expectedRevision=1)
    assert (payload["deletedId"], payload["config"]) == (None, None)
    (error,) = payload["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert error["current"] == {"revision": 2}
    assert await rows(api) == before
    assert len(blobs(api)) == 1


async def test_twice_is_not_found(api: Api) -> None:
    """The second deletion finds nothing."""
    config_id = await api.stored(MEMBER)
    await delete(api, MEMBER, config_id)
    payload = await delete(api, MEMBER, config_id)
    assert payload["deletedId"] is None
    assert [error["__typename"] for error in payload["errors"]] == ["NotFoundError"]


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (COLLEAGUE, "NotFoundError"),
        (STRANGER, "NotFoundError"),
        (VIEWER, "ForbiddenError"),
    ],
)
async def test_others_may_not(api: Api, who: str, error: str) -> None:
    """Refused, and nothing is removed."""
    config_id = await api.stored(MEMBER)
    before = await rows(api)
    payload = await delete(api, who, config_id)
    assert [found["__typename"] for found in payload["errors"]] == [error]
    assert await rows(api) == before


@pytest.mark.parametrize("who", [ADMIN, OWNER])
async def test_admins_clear_up_after_people(api: Api, who: str) -> None:
    """They remove what a member left behind, though they may not change it."""
    payload = await delete(api, who, await api.stored(MEMBER))
    assert payload["errors"] == []
    assert (await rows(api))["configs"] == 0
