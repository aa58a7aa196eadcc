"""The cipher of files: exact round trips, and every change of a blob is found."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import pytest

from mailconfig.domain.errors import FileUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.storage.streamcipher import CHUNK_BYTES, decrypt, encrypt, new_key, sealed_bytes

HEADER = 11
RECORD = CHUNK_BYTES + 16
FILE = new_id()
KEY = new_key()

SIZES = [
    0,  # one empty record
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,  # exactly one record, which is the last
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    3 * 1024 * 1024,
]


async def stream(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    """Yield data in chunks that do not fit the records."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def sealed(data: bytes, key: bytes = KEY, file_id: UUID = FILE) -> bytes:
    """Return the blob of data."""
    return b"".join([part async for part in encrypt(stream(data), key, file_id)])


async def opened(
    blob: bytes, key: bytes = KEY, file_id: UUID = FILE, size: int = 70_001
) -> list[bytes]:
    """Return the plaintext chunks of a blob that arrives in chunks of `size`."""
    return [part async for part in decrypt(stream(blob, size), key, file_id)]


@pytest.mark.parametrize("size", SIZES)
async def test_round_trip_is_exact(size: int) -> None:
    """What comes out is what went in, at and around the record's size; lengths are as stated."""
    data = os.urandom(size)
    blob = await sealed(data)
    assert len(blob) == sealed_bytes(size)
    assert b"".join(await opened(blob)) == data


@pytest.mark.parametrize("arrives_by", [1, 7, 11, 4096, RECORD, 10**9])
async def test_chunks_of_the_store_do_not_matter(arrives_by: int) -> None:
    """A blob opens in whatever pieces the store hands it over."""
    data = os.urandom(CHUNK_BYTES + 100)
    assert b"".join(await opened(await sealed(data), size=arrives_by)) == data


def records(blob: bytes) -> list[bytes]:
    """Split a blob into its records."""
    body = blob[HEADER:]
    return [body[start : start + RECORD] for start in range(0, len(body), RECORD)]


def joined(blob: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the header of a blob with other records."""
    return blob[:HEADER] + b"".join(parts)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing at all": lambda _: b"",
    "half a header": lambda blob: blob[:5],
    "the header only": lambda blob: blob[:HEADER],
    "the last byte is missing": lambda blob: blob[:-1],
    "the last record is missing": lambda blob: joined(blob, records(blob)[:-1]),
    "cut inside of a tag": lambda blob: blob[: HEADER + 9],
    "a byte follows": lambda blob: blob + b"\0",
    "the last record twice": lambda blob: joined(blob, [*records(blob), records(blob)[-1]]),
    "the first record is missing": lambda blob: joined(blob, records(blob)[1:]),
    "two records are swapped": lambda blob: joined(
        blob, [records(blob)[1], records(blob)[0], *records(blob)[2:]]
    ),
    "a record is repeated": lambda blob: joined(blob, [records(blob)[0], *records(blob)]),
    "another magic": lambda blob: b"MCF2" + blob[4:],
    "another prefix": lambda blob: blob[:10] + bytes([blob[10] ^ 1]) + blob[11:],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_changed_blob_is_refused(change: Callable[[bytes], bytes]) -> None:
    """Cutting, adding, swapping or repeating anything is found."""
    blob = await sealed(os.urandom(3 * CHUNK_BYTES + 5))
    with pytest.raises(FileUnreadable):
        await opened(change(blob))


async def test_every_flipped_bit_is_found() -> None:
    """Each bit of a small blob counts: header, content and tag."""
    blob = await sealed(b"secret")
    for position in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(FileUnreadable):
            await opened(bytes(flipped))


async def test_records_of_two_files_do_not_mix() -> None:
    """A record of another file under the same key is refused, as is the whole blob."""
    first = await sealed(os.urandom(2 * CHUNK_BYTES))
    other = await sealed(os.urandom(2 * CHUNK_BYTES), file_id=new_id())
    spliced = joined(first, [records(first)[0], records(other)[1]])
    for blob in (spliced, other):
        with pytest.raises(FileUnreadable):
            await opened(blob)


async def test_another_key_opens_nothing() -> None:
    """A blob without its key stays shut, and not one byte comes out."""
    blob = await sealed(b"x" * 200_000)
    chunks = decrypt(stream(blob), new_key(), FILE)
    with pytest.raises(FileUnreadable):
        await anext(chunks)


async def test_authentic_chunks_come_before_the_damage() -> None:
    """Of a blob that is damaged in its third record exactly the first two come out."""
    data = os.urandom(4 * CHUNK_BYTES)
    blob = bytearray(await sealed(data))
    blob[HEADER + 2 * RECORD + 1000] ^= 1
    chunks = decrypt(stream(bytes(blob)), KEY, FILE)
    assert await anext(chunks) + await anext(chunks) == data[: 2 * CHUNK_BYTES]
    with pytest.raises(FileUnreadable, match="Record 2 "):
        await anext(chunks)


async def test_same_content_looks_different_each_time() -> None:
    """Two blobs of one content under one key share no record."""
    data = b"same" * 40_000
    first, second = records(await sealed(data)), records(await sealed(data))
    assert not set(first) & set(second)
