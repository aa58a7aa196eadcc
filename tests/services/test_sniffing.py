"""What a file is: the bytes decide, and a declared type that contradicts them is noticed."""

import pytest

from mailconfig.services.sniffing import agreed, has_binary, sniff

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ANY = "application/octet-stream"


@pytest.mark.parametrize(
    ("data", "declared", "served"),
    [
        (b"%PDF-1.7\n\x00", "application/pdf", "application/pdf"),
        (b"%PDF-1.7\n\x00", "Application/PDF; version=1.7", "application/pdf"),
        (b"%PDF-1.7\n\x00", None, "application/pdf"),
        (b"%PDF-1.7\n\x00", ANY, "application/pdf"),
        (b"%PDF-1.7\n\x00", "application/x-something", "application/pdf"),  # no claim we know
        (b"%PDF-1.7\n\x00", "image/png", None),
        (b"%PDF-1.7\n\x00", "text/plain", None),
        (b"\xff\xd8\xff\xe0\x00", "image/jpg", "image/jpeg"),  # a usual misnomer
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
        (b"RIFX\x00\x00\x00\x00WEBPVP8 ", None, ANY),
        (ZIP, DOCX, DOCX),  # a document inside of its container
        (ZIP, "application/x-zip-compressed", "application/zip"),
        (ZIP, "application/msword", "application/zip"),
        (ZIP, "application/pdf", None),
        (OLE, "application/msword", "application/msword"),
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b"BEGIN:VCALENDAR", "text/calendar; method=REQUEST", "text/calendar"),
        (b"{}", "application/json", "application/json"),
        (b"<html><script>", "text/html", "text/plain"),  # markup is never served as such
        (b"<svg/>", "image/svg+xml", "text/plain"),
        (b"\xe9t\xe9", "text/plain", "text/plain"),  # text in an old encoding
        (b"\xff\xfea\x00", "text/plain", "text/plain"),  # UTF-16 with its mark
        (b"hello", "application/pdf", None),
        (b"hello", None, "text/plain"),
        (b"", "text/csv", "text/csv"),
        (b"\x00\x01", None, ANY),
        (b"\x00\x01", "text/plain", None),
        (b"\x00\x01", "image/png", None),
        (b"\x00\x01", "application/x-something", ANY),
        (b"MZ is a small town", "text/plain", "text/plain"),
    ],
)
def test_served_type(data: bytes, declared: str | None, served: str | None) -> None:
    """Bytes and claim give one type to serve, or None where they contradict each other."""
    assert agreed(sniff(data, binary=has_binary(data)), declared) == served
