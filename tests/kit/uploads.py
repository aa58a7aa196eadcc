"""Uploads as the services see them, and files to put in them."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from PIL import Image


class SentFile:
    """An upload from bytes; counts what was read of it."""

    def __init__(
        self, data: bytes, content_type: str | None = None, filename: str | None = "name"
    ) -> None:
        self.filename = filename
        self.content_type = content_type
        self.consumed = 0
        self._data = io.BytesIO(data)

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        chunk = self._data.read(size)
        self.consumed += len(chunk)
        return chunk

    async def seek(self, offset: int) -> None:
        """Go to a position from the start."""
        self._data.seek(offset)


class EndlessFile(SentFile):
    """An upload of a GiB that is made while it is read; `make` is called for each chunk."""

    def __init__(self, make: Callable[[int], bytes] = bytes) -> None:
        super().__init__(b"")
        self._chunks = self._generated(make)

    @staticmethod
    def _generated(make: Callable[[int], bytes]) -> Iterator[bytes]:
        for _ in range(16 * 1024):
            yield make(64 * 1024)

    async def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - the contract's signature
        """Return the next 64 KiB."""
        chunk = next(self._chunks, b"")
        self.consumed += len(chunk)
        return chunk


def picture(
    format_name: str, size: tuple[int, int] = (8, 4), mode: str = "RGB", **options: object
) -> bytes:
    """Return an image whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    encoded = io.BytesIO()
    image.convert(mode).save(encoded, format_name, **options)
    return encoded.getvalue()


class Authority:
    """A certification authority of a test."""

    def __init__(self, name: str = "Test CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = self._signed(self.name, self.key.public_key(), ca=True)

    @property
    def key_pem(self) -> bytes:
        """The private key, which nobody should upload."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def server_pem(self, host: str = "mail.example.com") -> bytes:
        """Return the certificate of a server, signed by this authority."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        return self._signed(subject, ec.generate_private_key(ec.SECP256R1()).public_key(), ca=False)

    def self_signed_pem(self) -> bytes:
        """Return a certificate that signs itself and is no authority's."""
        return self._signed(self.name, self.key.public_key(), ca=False)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool) -> bytes:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return built.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
