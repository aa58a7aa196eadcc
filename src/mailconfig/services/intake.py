"""Takes an upload in: counted while it streams, sniffed, and made into what its kind stores.

It holds at most one chunk of an attachment; images and certificates are read whole, up to their
limit, since they are rewritten. It stores nothing.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import anyio
import anyio.to_thread

from mailconfig.domain.errors import FileRefused, LimitExceeded
from mailconfig.domain.files import FileKind, Upload
from mailconfig.domain.phrases import N_, phrase
from mailconfig.services.certificates import canonical_anchors
from mailconfig.services.filenames import clean_filename, with_ending
from mailconfig.services.sniffing import TEXT, UNKNOWN, agreed, has_binary, normalised, sniff

_READ_BYTES: Final = 64 * 1024
"""One read of an upload, a record of the cipher."""
_HEAD_BYTES: Final = 64
"""More than the longest signature that `sniffing` knows."""
_PEM_TYPE: Final = "application/pem-certificate-chain"
"""RFC 8555, section 9.1: one or more certificates in PEM."""
_PEM_DECLARED: Final = frozenset(
    {
        UNKNOWN,
        TEXT,
        _PEM_TYPE,
        "application/x-pem-file",
        "application/x-x509-ca-cert",
        "application/x-x509-user-cert",
        "application/pkix-cert",
    }
)
"""What browsers and systems call .pem, .crt and .cer files."""
_ENDINGS: Final = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    _PEM_TYPE: (".pem", ".crt", ".cer"),
}
"""Endings of names, for the types that we wrote ourselves."""
_DISAGREES: Final = N_("The content of this file is not of the declared type.")
_PATH: Final = ("file",)


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Limits on files, and how long links and unused uploads last."""

    max_bytes: int = 5 * 1024 * 1024
    """Largest image or attachment: mail servers refuse messages above 10 to 25 MB."""
    certificate_max_bytes: int = 256 * 1024
    """Largest CA file; the 140 roots of a whole operating system have this size."""
    certificates_max: int = 20
    """Most certificates in a CA file: an organisation has a handful."""
    image_max_pixels: int = 25_000_000
    """Largest image; decoded it takes 100 MiB, more than any camera phone's default."""
    url_seconds: int = 300
    """How long a link to a file works."""
    unused_seconds: int = 24 * 3600
    """When an upload that nothing refers to is removed."""


class Content:
    """What will be stored; size, hash and type are known once `chunks` has run to its end."""

    def __init__(self, source: AsyncIterator[bytes], content_type: str | None = None) -> None:
        self._source = source
        self._content_type = content_type
        self._hash = sha256()
        self._head = b""
        self._binary = False
        self.size = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the content and take its measures on the way."""
        async for chunk in self._source:
            self.size += len(chunk)
            self._hash.update(chunk)
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
            self._binary = self._binary or has_binary(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """SHA-256 of what has passed, lower-case hex."""
        return self._hash.hexdigest()

    def content_type(self, declared: str | None) -> str:
        """Return the type as sniffed; raises FileRefused where the declared one contradicts it."""
        if self._content_type is not None:
            return self._content_type
        sniffed = agreed(sniff(self._head, binary=self._binary), declared)
        if sniffed is None:
            raise FileRefused(_DISAGREES, _PATH)
        return sniffed


class Intake:
    """Makes content of uploads; decodes one image at a time, for each may take 300 MiB."""

    def __init__(self, settings: FileSettings) -> None:
        self._settings = settings
        self._decoding = anyio.CapacityLimiter(1)

    async def content(self, upload: Upload, kind: FileKind) -> Content:
        """Return what is to be stored of an upload.

        Raises LimitExceeded or FileRefused, for an attachment not before its chunks are read.
        """
        # The same part may have been read for another variable of the request.
        await upload.seek(0)
        if kind is FileKind.SIGNATURE_IMAGE:
            return await self._image(upload)
        if kind is FileKind.CA_CERTIFICATE:
            return await self._certificates(upload)
        return Content(_bounded(upload, self._settings.max_bytes))

    async def _image(self, upload: Upload) -> Content:
        data = await _whole(upload, self._settings.max_bytes)
        sniffed = sniff(data)
        if sniffed != UNKNOWN and agreed(sniffed, upload.content_type) is None:
            raise FileRefused(_DISAGREES, _PATH)
        encoded, content_type = await anyio.to_thread.run_sync(
            _reencoded, data, self._settings.image_max_pixels, limiter=self._decoding
        )
        if len(encoded) > self._settings.max_bytes:
            raise _too_large(self._settings.max_bytes)
        return Content(_sliced(encoded), content_type)

    async def _certificates(self, upload: Upload) -> Content:
        data = await _whole(upload, self._settings.certificate_max_bytes)
        if normalised(upload.content_type) not in _PEM_DECLARED:
            raise FileRefused(_DISAGREES, _PATH)
        canonical = await anyio.to_thread.run_sync(
            canonical_anchors, data, self._settings.certificates_max
        )
        return Content(_sliced(canonical), _PEM_TYPE)


def filename_for(name: str | None, kind: FileKind, content_type: str) -> str:
    """Return a safe name; that of an image or CA file has an ending of its type."""
    clean = clean_filename(name)
    if kind is FileKind.ATTACHMENT:
        return clean
    return with_ending(clean, _ENDINGS[content_type])


async def _bounded(upload: Upload, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield an upload; raises LimitExceeded at the chunk that passes the limit and stops there."""
    size = 0
    while chunk := await upload.read(_READ_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


async def _whole(upload: Upload, max_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in _bounded(upload, max_bytes)])


async def _sliced(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _READ_BYTES):
        yield data[start : start + _READ_BYTES]


def _too_large(max_bytes: int) -> LimitExceeded:
    sentence = phrase("This file is too large: at most {most:,} bytes.", most=max_bytes)
    return LimitExceeded(sentence, _PATH)


def _reencoded(data: bytes, pixels_max: int) -> tuple[bytes, str]:
    # Pillow is 3 MiB of memory that most servers never need; the thread can wait for it.
    from mailconfig.services.images import reencode  # noqa: PLC0415

    return reencode(data, pixels_max)
