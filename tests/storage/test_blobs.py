"""The blob store: all or nothing, in a folder, in memory and in an S3-compatible bucket."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mailconfig.domain.errors import Fault, LimitExceeded
from mailconfig.storage.blobs import ObstoreBlobs

NAME = "0123/abcd"
LATER = datetime.now(UTC) + timedelta(days=2)
EARLIER = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> ObstoreBlobs:
    """A store of each kind that needs no server."""
    if request.param == "folder":
        return ObstoreBlobs.in_folder(tmp_path / "blobs")
    return ObstoreBlobs.in_memory()


async def stream(data: bytes, size: int = 65_552) -> AsyncIterator[bytes]:
    """Yield data in chunks."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def content(blobs: ObstoreBlobs, name: str = NAME) -> bytes:
    """Return all bytes of a name."""
    return b"".join([chunk async for chunk in blobs.read(name)])


def files_in(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def names(blobs: ObstoreBlobs, before: datetime = LATER) -> list[str]:
    """Return all names that are older than a moment."""
    return sorted([name async for name in blobs.older(before)])


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000, 3 * 1024 * 1024])
async def test_round_trip(blobs: ObstoreBlobs, size: int) -> None:
    """Bytes come back as they were written, as bytes, below and above one part."""
    data = os.urandom(size)
    await blobs.write(NAME, stream(data))
    assert await content(blobs) == data
    assert [type(chunk) async for chunk in blobs.read(NAME)] == [bytes] * (
        len([chunk async for chunk in blobs.read(NAME)])
    )


async def test_unknown_name_is_a_key_error(blobs: ObstoreBlobs) -> None:
    """Reading what is not there raises KeyError; deleting it is fine, twice as well."""
    with pytest.raises(KeyError):
        await content(blobs, "0123/nothing")
    await blobs.write(NAME, stream(b"x"))
    await blobs.delete(NAME)
    await blobs.delete(NAME)
    with pytest.raises(KeyError):
        await content(blobs)


@pytest.mark.parametrize("size", [10, 2_000_000])
async def test_failed_source_leaves_nothing(blobs: ObstoreBlobs, size: int, tmp_path: Path) -> None:
    """The error of the source passes through, and neither blob nor remains are there."""

    async def failing() -> AsyncIterator[bytes]:
        async for chunk in stream(b"x" * size):
            yield chunk
        raise LimitExceeded("too large")

    with pytest.raises(LimitExceeded):
        await blobs.write(NAME, failing())
    assert await names(blobs) == []
    assert files_in(tmp_path) == []


async def test_failed_source_keeps_the_old_content(blobs: ObstoreBlobs) -> None:
    """A write that fails over an existing name leaves the old bytes as they were."""

    async def failing() -> AsyncIterator[bytes]:
        yield b"new" * 200_000
        raise LimitExceeded("too large")

    await blobs.write(NAME, stream(b"old"))
    with pytest.raises(LimitExceeded):
        await blobs.write(NAME, failing())
    assert await content(blobs) == b"old"


async def test_cancelled_write_leaves_nothing(blobs: ObstoreBlobs, tmp_path: Path) -> None:
    """A write that is cancelled between two chunks leaves neither blob nor remains."""
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(blobs.write(NAME, endless()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names(blobs) == []
    assert files_in(tmp_path) == []


async def test_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    """The folder has mode 0700, also where it was there before with another mode."""
    folder = tmp_path / "data" / "blobs"
    folder.mkdir(parents=True, mode=0o755)
    ObstoreBlobs.in_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_is_not_prepared(tmp_path: Path) -> None:
    """It stays as it is, and is not made."""
    folder = tmp_path / "blobs"
    with pytest.raises(Fault):
        ObstoreBlobs.in_folder(folder, prepare=False)
    assert not folder.exists()
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    await ObstoreBlobs.open(folder.as_uri(), tmp_path, prepare=False).write("x", stream(b"1"))
    assert folder.stat().st_mode & 0o777 == 0o755


async def test_names_by_age(blobs: ObstoreBlobs) -> None:
    """`older` tells names written before a moment and no others."""
    await blobs.write("aa/1", stream(b"x"))
    await blobs.write("bb/2", stream(b"x"))
    assert await names(blobs) == ["aa/1", "bb/2"]
    assert await names(blobs, EARLIER) == []


async def test_remains_of_a_killed_process(tmp_path: Path) -> None:
    """What a killed writer left is never listed, and is removed once it is old enough."""
    blobs = ObstoreBlobs.in_folder(tmp_path)
    await blobs.write(NAME, stream(b"kept"))
    remains = tmp_path / "0123" / "ef01#1"
    remains.write_bytes(b"half")
    assert await names(blobs) == [NAME]
    assert await blobs.discard_unfinished(EARLIER) == 0
    assert remains.exists()
    assert await blobs.discard_unfinished(LATER) == 1
    assert not remains.exists()
    assert await content(blobs) == b"kept"


async def test_broken_store_is_a_fault(tmp_path: Path) -> None:
    """A store that cannot write raises our Fault with the cause behind it."""
    (tmp_path / "0123").write_text("a file where a folder should be")
    with pytest.raises(Fault) as caught:
        await ObstoreBlobs.in_folder(tmp_path).write(NAME, stream(b"x"))
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "url", ["http://host/x", "gs://bucket", "s3://", "file://host/x", "folder"]
)
def test_other_urls_are_refused(url: str, tmp_path: Path) -> None:
    """Only s3://bucket and file:///folder are stores."""
    with pytest.raises(ValueError, match="a blob store is"):
        ObstoreBlobs.open(url, tmp_path)


async def test_urls_of_folders(tmp_path: Path) -> None:
    """Without a URL the given folder is used, with file:/// the one that it names."""
    await ObstoreBlobs.open(None, tmp_path / "a").write("x", stream(b"1"))
    await ObstoreBlobs.open((tmp_path / "b c").as_uri(), tmp_path).write("x", stream(b"2"))
    assert (tmp_path / "a" / "x").read_bytes() == b"1"
    assert (tmp_path / "b c" / "x").read_bytes() == b"2"


@dataclass
class Bucket:
    """The part of S3's protocol that obstore speaks for one bucket; objects in a dict."""

    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Carry out a request; status and body."""
        url = urlsplit(target)
        query = parse_qs(url.query, keep_blank_values=True)
        self.requests.append(f"{method} {','.join(sorted(query))}".strip())
        match method, *sorted(query):
            case "POST", "uploads":
                return 200, b"<R><UploadId>1</UploadId></R>"
            case "PUT", "partNumber", "uploadId":
                self.parts[int(query["partNumber"][0])] = body
            case "POST", "uploadId":
                self.objects[url.path] = b"".join(self.parts[n] for n in sorted(self.parts))
                return (
                    200,
                    b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>',
                )
            case "DELETE", "uploadId":
                self.parts.clear()
            case ["PUT"]:
                self.objects[url.path] = body
            case ["GET"]:
                return (200, self.objects[url.path]) if url.path in self.objects else (404, b"")
        return 200, b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection for one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        method, target, _ = head.split(" ", 2)
        status, answer = self.answer(method, target, body)
        writer.write(
            f'HTTP/1.1 {status} -\r\nETag: "e"\r\nConnection: close\r\n'
            f"Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
            f"Content-Length: {len(answer)}\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ObstoreBlobs]:
    """Serve a bucket on loopback and yield the store that uses it, configured as operators do."""
    server = await asyncio.start_server(bucket.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_REGION": "region",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    async with server:
        yield ObstoreBlobs.open("s3://bucket/files", Path("unused"))


@pytest.mark.parametrize(
    ("size", "requests"),
    [
        (1_000_000, ["PUT", "GET"]),  # one request, no parts
        (
            6_000_000,
            ["POST uploads"] + ["PUT partNumber,uploadId"] * 2 + ["POST uploadId", "GET"],
        ),
    ],
)
async def test_bucket_round_trip(
    size: int, requests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An S3-compatible store gets whole objects under the prefix and gives them back."""
    bucket, data = Bucket(), os.urandom(size)
    async with served(bucket, monkeypatch) as blobs:
        await blobs.write(NAME, stream(data))
        assert await content(blobs) == data
        with pytest.raises(KeyError):
            await content(blobs, "0123/other")
    assert bucket.objects == {f"/bucket/files/{NAME}": data}
    assert bucket.requests[:-1] == requests


async def test_bucket_aborts_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload whose source fails after a part was sent is aborted in the bucket."""

    async def failing() -> AsyncIterator[bytes]:
        async for chunk in stream(bytes(6_000_000)):
            yield chunk
        raise LimitExceeded("too large")

    bucket = Bucket()
    async with served(bucket, monkeypatch) as blobs:
        with pytest.raises(LimitExceeded):
            await blobs.write(NAME, failing())
    assert bucket.requests[-1] == "DELETE uploadId"
    assert (bucket.objects, bucket.parts) == ({}, {})
