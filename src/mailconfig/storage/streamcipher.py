"""Encrypts files chunk by chunk, so that what is read is known to be what was written.

Threat: somebody who reads, changes, cuts, reorders, swaps or mixes blobs in the store (a stolen
disk, a backup, a bucket left open). They learn the length of a file and when it was written, no
more, and any change ends the reading with FileUnreadable before a changed byte is given out.

Construction: STREAM (Hoang, Reyhanitabar, Rogaway, Vizar: Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance, CRYPTO 2015) over AES-256-GCM (NIST SP 800-38D). Format:

    magic "MCF1" | prefix, 7 random bytes | record ... record

A record is 64 KiB of plaintext, the last one up to that, and its tag of 16 bytes. An empty file is
one empty record. The nonce of a record is: prefix | its number, 4 bytes, big-endian | 1 if it is
the last one, else 0. The associated data is the magic and the id of the file, so that the blob of
one file does not pass for another's.

Limits: a key encrypts one file once (`new_key` for each); 2**32 records. A reader learns at the
last record that the end is missing, after it has given out the records before: who hands them on
must be able to abort. Whoever can write the table of files can attach a file elsewhere.

A record takes about 65 microseconds, hash included about 105 (measured): too short to leave the
event loop for, which would cost more than it saves.
"""

import os
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailconfig.domain.errors import FileUnreadable

CHUNK_BYTES: Final = 64 * 1024
"""Plaintext of a record: 0.02 % of tags, and little to hold for each reader."""
_TAG_BYTES: Final = 16
_MAGIC: Final = b"MCF1"
_PREFIX_BYTES: Final = 7
_HEADER_BYTES: Final = len(_MAGIC) + _PREFIX_BYTES
_RECORDS_MAX: Final = 2**32
"""A number of 4 bytes: 256 TiB, far above every limit on uploads."""


def new_key() -> bytes:
    """Return a random data key, 32 bytes; use it for one file."""
    return AESGCM.generate_key(bit_length=256)


def sealed_bytes(size: int) -> int:
    """Return the length of the blob of a file of `size` bytes."""
    records = max(1, -(-size // CHUNK_BYTES))
    return _HEADER_BYTES + size + records * _TAG_BYTES


async def encrypt(chunks: AsyncIterator[bytes], key: bytes, file_id: UUID) -> AsyncIterator[bytes]:
    """Yield the blob of a file: the header, then one record at a time.

    `chunks` may be of any sizes. Errors of `chunks` pass through; the blob is then incomplete and
    must not be kept.
    """
    prefix = os.urandom(_PREFIX_BYTES)
    cipher, bound = AESGCM(key), _MAGIC + file_id.bytes
    yield _MAGIC + prefix
    number = 0
    async for chunk, last in _pieces(chunks, CHUNK_BYTES):
        yield cipher.encrypt(_nonce(prefix, number, last=last), chunk, bound)
        number += 1


async def decrypt(blob: AsyncIterator[bytes], key: bytes, file_id: UUID) -> AsyncIterator[bytes]:
    """Yield the plaintext of a blob, each chunk after it has proved to be authentic.

    Raises FileUnreadable at the first byte that is not as it was written, and where the end is
    missing or something follows it.
    """
    header, records = await _split_header(blob)
    if not header.startswith(_MAGIC) or len(header) != _HEADER_BYTES:
        raise FileUnreadable("The stored file has no valid header.")
    prefix = header[len(_MAGIC) :]
    cipher, bound = AESGCM(key), _MAGIC + file_id.bytes
    number = 0
    async for record, last in _pieces(records, CHUNK_BYTES + _TAG_BYTES):
        try:
            chunk = cipher.decrypt(_nonce(prefix, number, last=last), record, bound)
        except InvalidTag as exc:
            raise FileUnreadable(f"Record {number} of the stored file is not authentic.") from exc
        number += 1
        yield chunk


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    if number >= _RECORDS_MAX:
        raise ValueError("too many records for one key")
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


async def _split_header(blob: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the header, short if the blob ends in it, and the chunks after it."""
    head = b""
    async for chunk in blob:
        head += chunk
        if len(head) >= _HEADER_BYTES:
            break
    return head[:_HEADER_BYTES], _chained(head[_HEADER_BYTES:], blob)


async def _chained(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk


async def _pieces(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield pieces of exactly `size` bytes and a last one of up to that, told by True.

    A piece is held back until a byte after it is seen, for only then is it known not to be last.
    """
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True
