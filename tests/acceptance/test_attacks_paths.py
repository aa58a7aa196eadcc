"""Names of uploads lead nowhere: what the store is asked for is made of ids alone.

Looked at as files on the disk, beside a file next to the store that nobody may touch.
"""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from kit.api import MEMBER, Api
from kit.attacks import UPLOAD
from mailconfig.domain.errors import Fault
from mailconfig.graphql.ids import decode
from mailconfig.storage import blobs

HOSTILE = (
    "../../outside.txt", "..\\..\\outside.txt", "....//....//outside.txt", "%2e%2e%2foutside.txt",
    "/etc/passwd", "//host/share/x", "C:\\Windows\\win.ini", "C:x", "\\\\?\\C:\\x", "file:///etc/x",
    "s3://bucket/x", "a\x00.txt", "\x00", "a\n../b", ".", "..", "...", "~", "~root/x", ".htaccess",
    "CON", "con.txt", "NUL", "aux.c", "COM1", "LPT9.txt", "nul:", "x::$DATA", "x.txt.", "x.txt ",
    "-rf", "$(id)", "`id`", "a|b", "a;b", "*", "a#1", "a/b#1", "\u2024\u2024/x", "\uff0e\uff0e/x",
    "\u202e", "\ufeff", "e\u0301" * 300, "a" * 1500, "/" * 300, "",
)  # fmt: skip
"""What leaves a folder, means something to a system, or to the store itself (`#`)."""
KEY = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
"""Workspace and file, both by id."""
FILES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on File { id filename url } } }"


@pytest.fixture
def engine() -> str:
    """The store is a folder in any case."""
    return "sqlite"


def stored(folder: Path) -> set[str]:
    """Return the names of all files of a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def beside(folder: Path) -> set[str]:
    """Return what is in no store and of no database, which has files of its own."""
    return {
        name
        for name in stored(folder)
        if "/blobs/" not in f"/{name}" and not name.startswith("mailconfig.db")
    }


async def test_names_lead_nowhere(api: Api, tmp_path: Path) -> None:
    """As the name of the part and as the argument: one blob each, by ids; nothing beside them."""
    (tmp_path / "outside.txt").write_text("untouched")
    before = beside(tmp_path)
    folder = api.settings.data_dir / "blobs"
    links: dict[str, tuple[str, bytes]] = {}
    for number, name in enumerate(HOSTILE):
        for argued in (False, True):
            content = f"{number} {argued}\n".encode()
            part = "plain.txt" if argued or "\x00" in name or not name else name
            given = {"file": None, "kind": "ATTACHMENT"} | ({"filename": name} if argued else {})
            place = {"variables.input.file": (part, content, "text/plain")}
            answer = await api.upload(MEMBER, UPLOAD, {"input": given}, place)
            assert "errors" not in answer, (name, answer)
            file = answer["data"]["uploadFile"]["file"]
            links[file["id"]] = (file["url"], content)
    keys = stored(folder)
    assert len(keys) == len(links) == 2 * len(HOSTILE)
    assert [key for key in keys if not KEY.fullmatch(key)] == []
    ids = {str(decode(each)[1]).replace("-", "") for each in links}
    assert {key.partition("/")[2] for key in keys} == ids
    assert len({key.partition("/")[0] for key in keys}) == 1
    assert beside(tmp_path) == before
    assert (tmp_path / "outside.txt").read_text() == "untouched"
    for url, content in links.values():
        assert (await api.client.get(url)).content == content


async def test_shown_names_are_no_paths(api: Api) -> None:
    """What is told of a name has no separator and no control character, and ends somewhere."""
    for name in HOSTILE:
        given = {"file": None, "kind": "ATTACHMENT", "filename": name}
        place = {"variables.input.file": ("plain.txt", b"x\n", "text/plain")}
        answer = await api.upload(MEMBER, UPLOAD, {"input": given}, place)
        file_id = answer["data"]["uploadFile"]["file"]["id"]
        (node,) = (await api.data(MEMBER, FILES, {"ids": [file_id]}))["nodes"]
        shown = node["filename"]
        assert re.fullmatch(r"[^/\\\x00-\x1f\x7f]+", shown), name
        assert shown.strip(". ") == shown, name
        assert len(shown.encode()) <= 180, name


async def test_paths_in_links_open_nothing(api: Api, tmp_path: Path) -> None:
    """Another file, and one outside the store, by the path of a link that is signed for one."""
    (tmp_path / "outside.txt").write_text("not for reading")
    place = {"variables.input.file": ("plain.txt", b"x\n", "text/plain")}
    given = {"input": {"file": None, "kind": "ATTACHMENT"}}
    answer = await api.upload(MEMBER, UPLOAD, given, place)
    url = answer["data"]["uploadFile"]["file"]["url"]
    path, _, query = url.partition("?")
    head, _, _ = path.rpartition("/")
    for other in ("../../outside.txt", "..%2f..%2foutside.txt", "%2e%2e/x", "x%00", "other.txt"):
        for made in (f"{head}/{other}?{query}", f"/files/{other}/plain.txt?{query}"):
            got = await api.client.get(made)
            assert got.status_code == 404, made
            assert "not for reading" not in got.text


async def test_the_store_itself_stays_in_its_folder(tmp_path: Path) -> None:
    """Were a name ever a path, the store would write below its folder or not at all."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    folder = tmp_path / "store"
    store = blobs.ObstoreBlobs.in_folder(folder)
    for name in ("../outside", "a/../../outside", str(tmp_path / "outside"), "..", "a\x00b"):
        with suppress(Fault, ValueError):
            await store.write(name, chunks())
    assert [each for each in stored(tmp_path) if not each.startswith("store/")] == []
