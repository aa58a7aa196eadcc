"""The mutation `deleteFile`."""

from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, STRANGER, SUBMIT, VIEWER, Api, form

DELETE = """
mutation ($id: ID!) {
  deleteFile(input: { id: $id }) {
    deletedId file { __typename id filename } errors { __typename path }
  }
}
"""
UPLOAD = """
mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id url } } }
"""
FILES = "query ($id: ID!) { config(id: $id) { revision files { id url } } }"
TEXT = ("terms.txt", b"Be kind.\n", "text/plain")


async def delete(api: Api, who: str, file_id: str) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    return (await api.data(who, DELETE, {"id": file_id}))["deleteFile"]


async def attached(api: Api, who: str = MEMBER, **changes: object) -> tuple[str, dict[str, str]]:
    """Store a configuration with one file; return its id, and id and link of the file."""
    files = [{"upload": {"file": None, "kind": "ATTACHMENT"}}]
    answer = await api.upload(
        who,
        SUBMIT,
        {"input": form(files=files, **changes)},
        {"variables.input.files.0.upload.file": TEXT},
    )
    config_id = answer["data"]["submit"]["config"]["id"]
    (file,) = (await api.data(who, FILES, {"id": config_id}))["config"]["files"]
    return config_id, file


def blob_count(api: Api) -> int:
    """Count the files of the blob store."""
    return sum(path.is_file() for path in (api.settings.data_dir / "blobs").rglob("*"))


async def test_a_file_goes_for_good(api: Api) -> None:
    """Out of its configuration, out of the store, and its links are dead."""
    config_id, file = await attached(api)
    assert blob_count(api) == 1
    assert (await api.client.get(file["url"])).status_code == 200
    assert await delete(api, MEMBER, file["id"]) == {
        "deletedId": file["id"],
        "file": {"__typename": "File", "id": file["id"], "filename": "terms.txt"},
        "errors": [],
    }
    assert (await api.data(MEMBER, FILES, {"id": config_id}))["config"]["files"] == []
    assert blob_count(api) == 0
    assert (await api.client.get(file["url"])).status_code == 404


async def test_an_upload_that_nothing_refers_to_goes_as_well(api: Api) -> None:
    """Its uploader changes their mind."""
    answer = await api.upload(
        MEMBER,
        UPLOAD,
        {"input": {"file": None, "kind": "ATTACHMENT"}},
        {"variables.input.file": TEXT},
    )
    file_id = answer["data"]["uploadFile"]["file"]["id"]
    (error,) = (await delete(api, ADMIN, file_id))["errors"]
    assert error["__typename"] == "NotFoundError"  # not yet anybody's but its uploader's
    assert (await delete(api, MEMBER, file_id))["errors"] == []
    assert blob_count(api) == 0


async def test_twice_is_not_found(api: Api) -> None:
    """The second deletion finds nothing."""
    _, file = await attached(api)
    await delete(api, MEMBER, file["id"])
    payload = await delete(api, MEMBER, file["id"])
    assert payload["deletedId"] is None
    assert [error["__typename"] for error in payload["errors"]] == ["NotFoundError"]


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (COLLEAGUE, "NotFoundError"),
        (STRANGER, "NotFoundError"),
        # They see it, but it is not theirs to change.
        (ADMIN, "ForbiddenError"),
        (VIEWER, "ForbiddenError"),
    ],
)
async def test_others_may_not(api: Api, who: str, error: str) -> None:
    """Refused, and the file stays."""
    _, file = await attached(api)
    payload = await delete(api, who, file["id"])
    assert [found["__typename"] for found in payload["errors"]] == [error]
    assert payload["file"] is None
    assert blob_count(api) == 1


async def test_files_of_shared_configurations_are_the_admins(api: Api) -> None:
    """Members see them and cannot remove them."""
    _, file = await attached(api, ADMIN, shared=True)
    (error,) = (await delete(api, MEMBER, file["id"]))["errors"]
    assert error["__typename"] == "ForbiddenError"
    assert (await delete(api, ADMIN, file["id"]))["errors"] == []


@pytest.mark.parametrize("file_id", ["", "nonsense", "RW1haWxDb25maWc6MQ"])
async def test_an_id_of_nothing_is_not_found(api: Api, file_id: str) -> None:
    """All read the same."""
    (error,) = (await delete(api, MEMBER, file_id))["errors"]
    assert error["__typename"] == "NotFoundError"
