"""Archives that are written in one go, piece by piece, to where nothing can be changed any more.

    async for piece in zipped(members): ...

A ZIP file (APPNOTE.TXT 6.3.10) says sizes and checksums behind each member's bytes, so that nothing
has to be known before; in a tar file (POSIX.1-2017, pax) they stand in front, so a member is put
into a temporary file first. Memory holds one piece at a time.
"""

import io
import tarfile
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Final

from anyio.to_thread import run_sync

_PIECE: Final = 64 * 1024
"""Bytes that are read at once from a temporary file."""
_GZIP: Final = 31
"""zlib's word for the gzip format (RFC 1952) with its largest window."""
_MODE: Final = 0o600
"""What is unpacked is for its owner alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of an archive."""

    name: str
    chunks: AsyncIterator[bytes]


class _Drain(io.RawIOBase):
    """A file that only takes bytes and gives them on; it cannot seek, as a socket cannot."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def zipped(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """Yield the bytes of a ZIP file of these members."""
    drain = _Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_DEFLATED) as archive:
        async for entry in entries:
            with archive.open(entry.name, "w", force_zip64=True) as member:
                async for chunk in entry.chunks:
                    await run_sync(member.write, chunk)
                    if piece := drain.taken():
                        yield piece
    yield drain.taken()


async def tarred(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """Yield the bytes of a gzipped tar file of these members."""
    packer = zlib.compressobj(wbits=_GZIP)
    async for entry in entries:
        with TemporaryFile() as spooled:
            async for chunk in entry.chunks:
                await run_sync(spooled.write, chunk)
            info = tarfile.TarInfo(entry.name)
            info.mode, info.size = _MODE, spooled.tell()
            spooled.seek(0)
            yield packer.compress(info.tobuf(tarfile.PAX_FORMAT))
            while piece := await run_sync(spooled.read, _PIECE):
                yield await run_sync(packer.compress, piece)
            yield packer.compress(bytes(-info.size % tarfile.BLOCKSIZE))
    yield packer.compress(bytes(2 * tarfile.BLOCKSIZE)) + packer.flush()
