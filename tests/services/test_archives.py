"""Archives that are written piece by piece."""

import io
import os
import tarfile
import zipfile
from collections.abc import AsyncIterator

import pytest

from mailconfig.services.archives import Entry, tarred, zipped

MEMBERS = {"a.jsonl": b'{"id":1}\n' * 100_000, "files/empty": b"", "files/ü": bytes(range(256))}


async def entries() -> AsyncIterator[Entry]:
    """Yield the members in chunks."""
    for name, content in MEMBERS.items():
        yield Entry(name, chunks(content))


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    """Yield pieces of a content."""
    for at in range(0, len(content), 50_000):
        yield content[at : at + 50_000]


async def test_a_zip_file_has_all_members() -> None:
    """Read back by the library, with its checksums."""
    whole = b"".join([piece async for piece in zipped(entries())])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS


async def test_a_tar_file_has_all_members() -> None:
    """Read back by the library; members are for their owner alone."""
    whole = b"".join([piece async for piece in tarred(entries())])
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as archive:
        found = {info.name: archive.extractfile(info) for info in archive.getmembers()}
        assert {name: file.read() for name, file in found.items() if file} == MEMBERS
        assert {info.mode for info in archive.getmembers()} == {0o600}


@pytest.mark.parametrize("write", [zipped, tarred], ids=["zip", "tar"])
async def test_it_comes_in_pieces(write: object) -> None:
    """No piece is as large as a member that does not shrink."""

    async def large() -> AsyncIterator[Entry]:
        yield Entry("noise", chunks(os.urandom(5_000_000)))

    sizes = [len(piece) async for piece in write(large())]  # type: ignore[operator]
    assert sum(sizes) > 5_000_000
    assert max(sizes) < 1_000_000
