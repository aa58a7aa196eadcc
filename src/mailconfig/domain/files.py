"""Files that belong to a configuration: kinds, limits and the store for their bytes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class FileKind(StrEnum):
    """What a file is for."""

    SIGNATURE_IMAGE = "SIGNATURE_IMAGE"
    """PNG, JPEG, GIF or WebP for the signature; re-encoded without metadata."""
    CA_CERTIFICATE = "CA_CERTIFICATE"
    """PEM certificates that the tests of this configuration trust."""
    ATTACHMENT = "ATTACHMENT"
    """Any document that messages may carry."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was accepted; its bytes are in the blob store, encrypted."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    config_id: UUID | None
    """None while nothing refers to it; such files expire."""
    kind: FileKind
    filename: str
    content_type: str
    """As sniffed, not as declared."""
    size: int
    """Bytes of the content as served."""
    sha256: str
    """Lower-case hex, over the content as served."""
    created_at: datetime


class Upload(Protocol):
    """A file in a request: the part of starlette's UploadFile that we use."""

    @property
    def filename(self) -> str | None:
        """Name as the client declared it."""
        ...

    @property
    def content_type(self) -> str | None:
        """Media type as the client declared it."""
        ...

    async def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        ...

    async def seek(self, offset: int) -> None:
        """Go to a position from the start."""
        ...


class BlobStore(Protocol):
    """Keeps named byte strings. It sees ciphertext only."""

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Store all chunks under a name; either all of it or nothing is there afterwards."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a name in chunks; raises KeyError when there is none."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a name; fine when there is none."""
        ...


class SweptBlobStore(BlobStore, Protocol):
    """A blob store that can be searched for what a crash left behind."""

    def older(self, before: datetime) -> AsyncIterator[str]:
        """Yield the names that were written before a moment, in any order."""
        ...

    def named(self, prefix: str) -> AsyncIterator[str]:
        """Yield the names that begin so, up to a slash, in any order."""
        ...

    async def discard_unfinished(self, before: datetime) -> int:
        """Remove the remains of writes that stopped before a moment; return how many."""
        ...
