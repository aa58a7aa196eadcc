"""Blobs in a local folder, an S3-compatible bucket, or memory, all by obstore.

It keeps and gives back bytes under names and does not look into them: encryption is
`storage.streamcipher`, names and limits are `services.files`. obstore works on threads of its own
(Rust), so nothing here blocks the event loop.

A write is all or nothing: the local store writes beside the final name and renames, S3 shows an
object once its last part is confirmed. What a killed process leaves unfinished never shows under
the name: `discard_unfinished` removes it from a folder; a bucket needs a lifecycle rule that
aborts incomplete multipart uploads (parts exist only of blobs above 5 MiB). The local store does
not call fsync: after a power cut a fresh blob may be missing or short, which the cipher finds when
it is read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from mailconfig.domain.errors import Fault

_PART_BYTES: Final = 5 * 1024 * 1024
"""Smallest part that S3 takes; what is smaller goes up in one request."""
_LOCAL_PART_BYTES: Final = 256 * 1024
"""A folder takes parts of any size, so that few bytes wait in memory."""
_READ_BYTES: Final = 256 * 1024
"""Smallest chunk of a reader, a few records of the cipher."""
_REQUEST_SECONDS: Final = 60
"""Deadline of one request to a bucket; also of a download's whole body."""
_RETRY_SECONDS: Final = 20
"""How long failed requests to a bucket are tried again."""


class ObstoreBlobs:
    """Implements `domain.files.SweptBlobStore`.

    Raises Fault where the store fails; the cause is chained for the log.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._part_bytes = _LOCAL_PART_BYTES if folder else _PART_BYTES

    @classmethod
    def in_memory(cls) -> Self:
        """Return an empty store that is gone with the process."""
        return cls(MemoryStore())

    @classmethod
    def in_folder(cls, folder: Path, *, prepare: bool = True) -> Self:
        """Return a store in a folder, which is made for its owner only (0700) unless told not to.

        One that is not prepared stays as it is; raises Fault where there is none.
        """
        if prepare:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        with _translated():
            return cls(LocalStore(folder), folder)

    @classmethod
    def open(cls, url: str | None, folder: Path, *, prepare: bool = True) -> Self:
        """Return the store of a URL: s3://bucket/prefix or file:///folder; None: `folder`.

        Credentials, region and endpoint of a bucket come from where AWS's tools find them, such
        as AWS_ACCESS_KEY_ID, AWS_REGION and AWS_ENDPOINT_URL or the machine's own role. Raises
        ValueError for any other URL. A folder is prepared as `in_folder` says.
        """
        local = local_folder(url, folder)
        if local is not None or url is None:
            return cls.in_folder(local or folder, prepare=prepare)
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError("a blob store is s3://bucket/prefix or file:///folder")
        return cls(
            S3Store.from_url(
                url,
                client_options={
                    "timeout": timedelta(seconds=_REQUEST_SECONDS),
                    # Only an endpoint that the operator wrote with http:// uses it; it sees
                    # ciphertext.
                    "allow_http": True,
                },
                retry_config={"retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
            )
        )

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Store all chunks under a name; an error of `chunks` passes through, nothing is kept."""
        writer = obstore.open_writer_async(
            self._store, name, buffer_size=self._part_bytes, max_concurrency=2
        )
        try:
            # On an error, a cancellation too, leaving the block aborts what was begun.
            async with writer:
                async for chunk in chunks:
                    await writer.write(chunk)
        except (BaseError, OSError) as exc:
            raise Fault("The blob store failed.") from exc

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a name; raises KeyError at the first chunk when there is none."""
        try:
            with _translated():
                result = await obstore.get_async(self._store, name)
        except FileNotFoundError:
            raise KeyError(name) from None
        stream = aiter(result.stream(min_chunk_size=_READ_BYTES))
        while True:
            with _translated():
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield bytes(chunk)

    async def delete(self, name: str) -> None:
        """Remove a name; fine when there is none."""
        try:
            with _translated():
                await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return

    async def older(self, before: datetime) -> AsyncIterator[str]:
        """Yield the names that were written before a moment, by the clock of the store."""
        pages = aiter(obstore.list(self._store))
        while True:
            with _translated():
                page = await anext(pages, None)
            if page is None:
                return
            for blob in page:
                if blob["last_modified"] < before:
                    yield blob["path"]

    async def named(self, prefix: str) -> AsyncIterator[str]:
        """Yield the names that begin with whole parts, such as `folder/`."""
        pages = aiter(obstore.list(self._store, prefix=prefix))
        while True:
            with _translated():
                page = await anext(pages, None)
            if page is None:
                return
            for blob in page:
                yield blob["path"]

    async def discard_unfinished(self, before: datetime) -> int:
        """Remove what killed writers left in the folder before a moment; return how many."""
        if self._folder is None:
            return 0
        return await asyncio.to_thread(_discard_unfinished, self._folder, before)


def local_folder(url: str | None, folder: Path) -> Path | None:
    """Return where `ObstoreBlobs.open` keeps blobs, None where that is not on this machine."""
    if url is None:
        return folder
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" and not parts.netloc else None


def _discard_unfinished(folder: Path, before: datetime) -> int:
    removed = 0
    # The local store writes to "name#1" before it renames; listings do not show such names.
    for path in folder.rglob("*#*"):
        with suppress(FileNotFoundError):  # renamed or removed since it was listed
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                path.unlink()
                removed += 1
    return removed


@contextmanager
def _translated() -> Iterator[None]:
    """Turn obstore's errors into Fault; FileNotFoundError has a meaning and passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as exc:
        raise Fault("The blob store failed.") from exc
