"""The mutation `uploadFile`."""

import hashlib
from typing import Any

import pytest

from kit.api import COLLEAGUE, MEMBER, SUBMIT, VIEWER, Api, form, serving
from kit.uploads import Authority, picture
from mailconfig.settings import Settings

UPLOAD = """
mutation ($input: UploadFileInput!) {
  uploadFile(input: $input) {
    file { __typename id kind filename contentType size sha256 url }
    errors { __typename message path }
  }
}
"""
TEXT = ("terms.txt", b"Be kind.\n", "text/plain")


async def upload(
    api: Api, who: str, part: tuple[str, bytes, str], kind: str = "ATTACHMENT", **more: object
) -> Any:  # noqa: ANN401 - JSON
    """Upload one file and return the payload."""
    variables = {"input": {"file": None, "kind": kind, **more}}
    answer = await api.upload(who, UPLOAD, variables, {"variables.input.file": part})
    assert "errors" not in answer, answer
    return answer["data"]["uploadFile"]


def blob_count(api: Api) -> int:
    """Count the files of the blob store."""
    return sum(path.is_file() for path in (api.settings.data_dir / "blobs").rglob("*"))


async def test_an_attachment_comes_back_as_it_was(api: Api) -> None:
    """All measures are of the very bytes, and the link serves them as a download."""
    payload = await upload(api, MEMBER, TEXT)
    file = payload["file"]
    url = file.pop("url")
    assert file.pop("id")
    assert payload["errors"] == []
    assert file == {
        "__typename": "File",
        "kind": "ATTACHMENT",
        "filename": "terms.txt",
        "contentType": "text/plain",
        "size": 9,
        "sha256": hashlib.sha256(b"Be kind.\n").hexdigest(),
    }
    answer = await api.client.get(url)
    assert (answer.status_code, answer.content) == (200, b"Be kind.\n")
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_what_lies_in_the_store_is_encrypted(api: Api) -> None:
    """The bytes on the disk are not the file's."""
    await upload(api, MEMBER, TEXT)
    blobs = [path for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file()]
    assert [b"kind" in path.read_bytes() for path in blobs] == [False]


@pytest.mark.parametrize(
    ("kind", "part", "content_type", "filename"),
    [
        (
            "SIGNATURE_IMAGE",
            ("me.png", picture("PNG"), "image/png"),
            "image/png",
            "me.png",
        ),
        (
            "SIGNATURE_IMAGE",
            ("me.jpg", picture("JPEG"), "image/jpeg"),
            "image/jpeg",
            "me.jpg",
        ),
        (
            "CA_CERTIFICATE",
            ("root.crt", Authority().pem, "application/x-x509-ca-cert"),
            "application/pem-certificate-chain",
            "root.crt",
        ),
    ],
)
async def test_each_kind_is_read(
    api: Api, kind: str, part: tuple[str, bytes, str], content_type: str, filename: str
) -> None:
    """The type is what was found inside."""
    file = (await upload(api, MEMBER, part, kind))["file"]
    assert (file["kind"], file["contentType"], file["filename"]) == (kind, content_type, filename)


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        # Text is no picture and no certificate.
        ("SIGNATURE_IMAGE", TEXT),
        ("CA_CERTIFICATE", TEXT),
        # A private key beside the certificate.
        ("CA_CERTIFICATE", ("all.pem", Authority().pem + Authority().key_pem, "text/plain")),
        # Not of the declared type.
        ("SIGNATURE_IMAGE", ("me.png", picture("PNG"), "image/jpeg")),
        ("ATTACHMENT", ("me.pdf", picture("PNG"), "application/pdf")),
        # A vector picture may hold scripts.
        (
            "SIGNATURE_IMAGE",
            ("me.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ),
    ],
)
async def test_content_that_is_not_of_its_kind_is_refused(
    api: Api, kind: str, part: tuple[str, bytes, str]
) -> None:
    """Nothing of it is stored."""
    payload = await upload(api, MEMBER, part, kind)
    assert payload["file"] is None
    (error,) = payload["errors"]
    assert (error["__typename"], error["path"]) == ("FileRefusedError", ["file"])
    assert blob_count(api) == 0


async def test_the_limit_is_the_settings(app_settings: Settings) -> None:
    """One byte more than the operator allows is refused, and nothing is stored."""
    async with serving(app_settings.model_copy(update={"upload_max_bytes": 1000})) as api:
        for size, errors in ((1000, []), (1001, ["LimitExceededError"])):
            payload = await upload(api, MEMBER, ("a.txt", b"a" * size, "text/plain"))
            assert [error["__typename"] for error in payload["errors"]] == errors
        assert blob_count(api) == 1


async def test_the_number_of_files_is_bounded_by_form(app_settings: Settings) -> None:
    """More files than a configuration may have are refused together."""
    async with serving(app_settings.model_copy(update={"config_max_files": 2})) as api:
        count = 3
        files = [{"upload": {"file": None, "kind": "ATTACHMENT"}} for _ in range(count)]
        parts = {f"variables.input.files.{n}.upload.file": TEXT for n in range(count)}
        answer = await api.upload(MEMBER, SUBMIT, {"input": form(files=files)}, parts)
        (error,) = answer["data"]["submit"]["errors"]
        assert (error["__typename"], error["path"]) == ("LimitExceededError", ["files"])
        assert blob_count(api) == 0


async def test_the_name_can_be_given(api: Api) -> None:
    """It replaces the uploaded one; paths and control characters are cut out of either."""
    file = (await upload(api, MEMBER, TEXT, filename="house rules.txt"))["file"]
    assert file["filename"] == "house rules.txt"
    file = (await upload(api, MEMBER, ("../../etc/pass\u202ewd", b"x", "text/plain")))["file"]
    assert "/" not in file["filename"]
    assert "\u202e" not in file["filename"]


@pytest.mark.parametrize("value", ["terms.txt", 7, True, {"name": "a"}, ["a"], None])
async def test_what_is_no_file_is_refused(api: Api, value: object) -> None:
    """A value in the place of the file never becomes one."""
    answer = await api.call(MEMBER, UPLOAD, {"input": {"file": value, "kind": "ATTACHMENT"}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
    assert blob_count(api) == 0


async def test_an_upload_serves_a_later_form_of_the_same_person(api: Api) -> None:
    """A colleague cannot take it, not even knowing its id."""
    file_id = (await upload(api, MEMBER, TEXT))["file"]["id"]
    given = {"input": form(files=[{"fileId": file_id}])}
    (error,) = (await api.data(COLLEAGUE, SUBMIT, given))["submit"]["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["files"])
    payload = (await api.data(MEMBER, SUBMIT, given))["submit"]
    assert [file["id"] for file in payload["config"]["files"]] == [file_id]


async def test_viewers_upload_nothing(api: Api) -> None:
    """They read only."""
    payload = await upload(api, VIEWER, TEXT)
    assert [error["__typename"] for error in payload["errors"]] == ["ForbiddenError"]
    assert blob_count(api) == 0
