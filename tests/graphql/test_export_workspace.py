"""`exportWorkspace` and its link."""

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

import pytest

from kit.api import ADMIN, MEMBER, OWNER, STRANGER, Api

EXPORT = "mutation { exportWorkspace { url expiresAt errors { __typename } } }"
UPLOAD = (
    "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id } errors {"
    " message } } }"
)


async def link(api: Api, who: str = OWNER) -> str:
    """Return a link to the export of the workspace of that person."""
    payload = (await api.data(who, EXPORT))["exportWorkspace"]
    assert payload["errors"] == []
    return payload["url"]


async def archive(api: Api, url: str) -> dict[str, bytes]:
    """Download an export and return its members."""
    answer = await api.client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def rows(members: dict[str, bytes], noun: str) -> list[dict[str, Any]]:
    """Return the rows of a noun."""
    return [json.loads(line) for line in members[f"{noun}.jsonl"].splitlines()]


async def test_all_that_the_workspace_owns_is_in_it(api: Api) -> None:
    """Configurations, versions, files, members and trail; no secret; the manifest fits."""
    await api.stored(MEMBER)
    part = {"variables.input.file": ("a.txt", b"hello", "text/plain")}
    given = {"input": {"file": None, "kind": "ATTACHMENT"}}
    await api.upload(MEMBER, UPLOAD, given, part)
    members = await archive(api, await link(api))
    (config,) = rows(members, "configs")
    assert config["email_address"] == "ann@example.net"
    assert [row["revision"] for row in rows(members, "config_versions")] == [1]
    (file,) = rows(members, "files")
    assert members[f"files/{file['id']}"] == b"hello"
    assert {row["email"].partition("@")[0] for row in rows(members, "members")} == {
        "owner",
        "admin",
        "member",
        "colleague",
        "viewer",
    }
    assert "workspace.export" in [row["action"] for row in rows(members, "audit_events")]
    whole = b"".join(members.values())
    for hidden in (b"kept-for-later-9", b"argon2", b"token_sha256", b"secret_id", b"stranger"):
        assert hidden not in whole
    manifest = json.loads(members.pop("manifest.json"))
    assert manifest["missing"] == []
    assert {entry["name"]: (entry["size"], entry["sha256"]) for entry in manifest["members"]} == {
        name: (len(content), sha256(content).hexdigest()) for name, content in members.items()
    }


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_links_cannot_be_bent(api: Api) -> None:
    """Another workspace, another end, another maker: one answer, without a byte."""
    mine, theirs = await link(api), await link(api, STRANGER)
    path, _, query = mine.partition("?")
    signature = query.partition("signature=")[2]
    bent = [
        theirs.partition("?")[0] + "?" + query,
        mine.replace("expires=1", "expires=2"),
        mine.replace(signature[:32], theirs.partition("signature=")[2][:32]),
        path,
        f"{path}?expires=99999999999&signature=" + "0" * 75,
        "/exports/no-id/workspace.zip?" + query,
    ]
    answers = [await api.client.get(url) for url in bent]
    assert [answer.status_code for answer in answers] == [404] * len(bent)
    assert {answer.json()["error"]["code"] for answer in answers} == {"NOT_FOUND"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_it_is_the_owner_s(api: Api) -> None:
    """Administrators get no link, and a link ends with the maker's ownership."""
    payload = (await api.data(ADMIN, EXPORT))["exportWorkspace"]
    assert payload == {"url": None, "expiresAt": None, "errors": [{"__typename": "ForbiddenError"}]}
    url = await link(api)
    members = "{ workspace { members { nodes { id email } } } }"
    nodes = (await api.data(OWNER, members))["workspace"]["members"]["nodes"]
    (heir,) = (node["id"] for node in nodes if node["email"] == "admin@example.org")
    transfer = (
        "mutation ($input: TransferOwnershipInput!)"
        " { transferOwnership(input: $input) { errors { message } } }"
    )
    await api.data(OWNER, transfer, {"input": {"to": heir}})
    assert (await api.client.get(url)).status_code == 404
