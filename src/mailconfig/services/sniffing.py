"""Tells what a file is from its bytes, and whether that agrees with what the client declared.

Only a small set of signatures is known; a wrong guess harms nobody, since files are served as
downloads that browsers must not sniff. It decides nothing about safety: a file that is a valid PDF
may still be hostile.
"""

import re
from typing import Final

UNKNOWN: Final = "application/octet-stream"
"""Bytes of no known kind; also what clients declare when they do not know."""
TEXT: Final = "text/plain"

_SIGNATURES: Final = (
    # offset, bytes, media type: WHATWG MIME Sniffing, section 6, and the formats' own pages
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"MZ\x90\x00", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-elf"),
)
_RIFF: Final = frozenset({"image/webp", "audio/wav"})
"""Types whose signature counts only inside of a RIFF container."""
_KNOWN: Final = frozenset(content_type for _, _, content_type in _SIGNATURES)

_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-zip-compressed": "application/zip",
    "application/x-gzip": "application/gzip",
    "application/x-pdf": "application/pdf",
    "application/x-rar-compressed": "application/vnd.rar",
    "application/x-msdownload": "application/vnd.microsoft.portable-executable",
    "text/rtf": "application/rtf",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/ogg": "application/ogg",
    "video/ogg": "application/ogg",
    "binary/octet-stream": UNKNOWN,
}
_INSIDE: Final = {
    # container: prefixes of the types of documents that are such a container
    "application/zip": (
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/epub+zip",
    ),
    "application/x-ole-storage": (
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
    ),
    TEXT: ("text/csv", "text/calendar", "text/vcard", "text/markdown", "application/json"),
}
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Binary data bytes, as WHATWG MIME Sniffing, section 3, defines them."""
_BYTE_ORDER_MARKS: Final = (b"\xfe\xff", b"\xff\xfe")


def has_binary(chunk: bytes) -> bool:
    """Tell whether a chunk contains a byte that text does not contain."""
    return _BINARY.search(chunk) is not None


def sniff(head: bytes, *, binary: bool = True) -> str:
    """Return the media type of a file from its first bytes.

    `binary` tells whether a binary byte occurs anywhere; a file of no known kind without any is
    text/plain, as is UTF-16 with its mark, and application/octet-stream otherwise.
    """
    for offset, signature, content_type in _SIGNATURES:
        if head.startswith(signature, offset):
            if content_type in _RIFF and not head.startswith(b"RIFF"):
                continue
            return content_type
    if not binary or head.startswith(_BYTE_ORDER_MARKS):
        return TEXT
    return UNKNOWN


def normalised(declared: str | None) -> str:
    """Return a declared media type in lower case, without parameters and aliases."""
    name = (declared or UNKNOWN).partition(";")[0].strip().lower()
    return _ALIASES.get(name, name)


def agreed(sniffed: str, declared: str | None) -> str | None:
    """Return the media type to serve, or None where the declared one contradicts the bytes.

    The bytes decide. The declared type is kept only where the bytes cannot tell more, such as a
    word processor's document, which is a ZIP file. Declaring nothing, or a type of which we do not
    know the signature, contradicts nothing. Markup (text/html, image/svg+xml) becomes text/plain.
    """
    claim = normalised(declared)
    if claim.startswith(_INSIDE.get(sniffed, ())):
        return claim
    contradicts = claim in _KNOWN or (claim.startswith("text/") and sniffed != TEXT)
    return None if contradicts and claim != sniffed else sniffed
