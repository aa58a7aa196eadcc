"""Downloads by signed links: headers, one answer for all bad links, no unauthenticated byte."""

import os
import re
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from kit.records import NOON, make_tenant
from kit.uploads import SentFile
from mailconfig.domain.errors import FileUnreadable
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.signing import Signer
from mailconfig.http.files import content_disposition, file_route
from mailconfig.services.files import FileService
from mailconfig.services.intake import FileSettings
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import Database
from mailconfig.storage.streamcipher import CHUNK_BYTES

NOT_FOUND = {
    "error": {"code": "NOT_FOUND", "message": "There is no such object.", "requestId": "-"}
}


@dataclass
class Site:
    """An application that serves files, and a client of it."""

    app: Starlette
    client: httpx.AsyncClient
    files: FileService
    owner: Principal
    folder: Path
    moments: list[Any]

    async def upload(
        self, data: bytes, content_type: str = "text/plain", filename: str = "a.txt"
    ) -> StoredFile:
        """Store a file."""
        sent = SentFile(data, content_type, filename)
        return await self.files.upload(self.owner, sent, FileKind.ATTACHMENT)

    def damage(self, position: int) -> None:
        """Flip a bit of the only blob."""
        (path,) = (path for path in self.folder.rglob("*") if path.is_file())
        blob = bytearray(path.read_bytes())
        blob[position] ^= 1
        path.write_bytes(blob)


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """An application over a real database and a folder of blobs; its clock stands at noon."""
    tenant = await make_tenant(database, "acme")
    owner = Principal(
        tenant.user_id, tenant.workspace_id, Role.OWNER, None, Channel.BEARER, "a@example.com"
    )
    moments = [NOON]
    blobs = ObstoreBlobs.in_folder(tmp_path / "blobs")
    signer = Signer(b"k" * 32)
    files = FileService(database, blobs, FileSettings(), signer, lambda: moments[-1])
    app = Starlette(routes=[file_route(files)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Site(app, client, files, owner, tmp_path / "blobs", moments)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 300_000])
async def test_get_serves_the_exact_bytes(site: Site, size: int) -> None:
    """The body is what was uploaded, under exactly these headers."""
    data = b"x" * size
    file = await site.upload(data, "text/csv; charset=utf-8", "Grüße.csv")
    answer = await site.client.get(site.files.url(file))
    assert answer.status_code == 200
    assert answer.content == data
    assert dict(answer.headers) == {
        "content-type": "text/csv",
        "content-length": str(size),
        "content-disposition": 'attachment; filename="Gr__e.csv"; '
        "filename*=UTF-8''Gr%C3%BC%C3%9Fe.csv",
        "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "cross-origin-resource-policy": "same-site",
        "referrer-policy": "no-referrer",
        "accept-ranges": "none",
    }


async def test_head_has_the_headers_of_get(site: Site) -> None:
    """HEAD answers the same headers and no body."""
    url = site.files.url(await site.upload(b"hello"))
    head, get = await site.client.head(url), await site.client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


async def test_markup_is_never_served_as_markup(site: Site) -> None:
    """A web page that somebody uploads is a text to download."""
    page = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
    answer = await site.client.get(site.files.url(await site.upload(page, "text/html", "a.html")))
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.content == page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(site: Site, method: str) -> None:
    """A link only reads."""
    url = site.files.url(await site.upload(b"hello"))
    assert (await site.client.request(method, url)).status_code == 405
    assert (await site.client.get(url)).content == b"hello"


async def test_bad_links_get_one_answer(site: Site) -> None:
    """Altered, expired, unsigned and unknown links answer the same status, headers and body."""
    file = await site.upload(b"hello")
    good = site.files.url(file)
    deleted = await site.upload(b"gone")
    gone = site.files.url(deleted)
    await site.files.delete(site.owner, deleted.id)
    bad = [
        gone,
        good.replace("a.txt", "b.txt"),
        good.replace(str(file.id), str(UUID(int=7))),
        good.replace(str(file.id), "x"),
        good.replace(str(file.id), str(deleted.id)),
        re.sub(r"expires=\d+", "expires=9999999999", good),
        re.sub(r"expires=\d+", "expires=", good),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.partition("&")[0],
        good.partition("?")[0],
        re.sub("signature=.*", "signature=%ff%fe", good),
    ]
    answers = [await site.client.get(url) for url in bad]
    site.moments.append(NOON + timedelta(seconds=301))
    answers.append(await site.client.get(good))
    assert len(answers) == 12
    for answer in answers:
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
        assert answer.headers == answers[0].headers
    assert answers[0].headers["cache-control"] == "no-store"


async def test_damage_in_the_first_chunk(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a file goes out when its first chunk is not authentic; the log says why."""
    url = site.files.url(await site.upload(b"secret content"))
    site.damage(20)
    for answer in (await site.client.get(url), await site.client.head(url)):
        assert answer.status_code == 500
    body = (await site.client.get(url)).json()
    assert body["error"] == {
        "code": "INTERNAL",
        "message": "The file cannot be served.",
        "requestId": "-",
    }
    assert "Record 0 of the stored file is not authentic" in caplog.text


async def test_missing_blob(site: Site) -> None:
    """A row without bytes answers as damage does, not with an empty file."""
    url = site.files.url(await site.upload(b"x"))
    (path,) = (path for path in site.folder.rglob("*") if path.is_file())
    path.unlink()
    assert (await site.client.get(url)).status_code == 500


async def test_damage_in_a_later_chunk_aborts(site: Site) -> None:
    """Only the authentic chunks go out, fewer than announced, and the end is never sent."""
    data = os.urandom(4 * CHUNK_BYTES)
    url = site.files.url(await site.upload(data, "application/octet-stream"))
    site.damage(11 + 2 * (CHUNK_BYTES + 16) + 100)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    path, _, query = url.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
    }
    with pytest.raises(FileUnreadable, match="Record 2 "):
        await site.app(scope, receive, send)
    start, *bodies = sent
    assert dict(start["headers"])[b"content-length"] == str(len(data)).encode()
    assert b"".join(body["body"] for body in bodies) == data[: 2 * CHUNK_BYTES]
    assert all(body["more_body"] for body in bodies)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
        ('a"b\\c%d', "attachment; filename=\"a_b_c_d\"; filename*=UTF-8''a%22b%5Cc%25d"),
        ("a b;c='d'", "attachment; filename=\"a b;c='d'\"; filename*=UTF-8''a%20b%3Bc%3D%27d%27"),
        ("日.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%E6%97%A5.pdf"),
        ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
    ],
)
def test_content_disposition(name: str, value: str) -> None:
    """Quotes, percent signs, line ends and other scripts never leave their place."""
    assert content_disposition(name) == value
