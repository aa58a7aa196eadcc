"""The simulator's own authority and the certificates of its servers, made at start, never kept.

The authority vouches for `.localhost` only (name constraints, RFC 5280, section 4.2.1.10), so that
whoever trusts it for a demonstration trusts it for nothing else. Its key is in memory only.
"""

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailconfig.simulator.services import Credential

_LIFETIME: Final = timedelta(days=90)
"""Longer than a demonstration runs."""


class Authority:
    """Signs for the servers of one simulator."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("mailconfig simulator")
        self._certificate = (
            self._builder(self._name, self._key, self._now + _LIFETIME)
            .issuer_name(self._name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_certificates(), critical=True)
            .add_extension(
                x509.NameConstraints([x509.DNSName("localhost")], None),
                critical=True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, SHA256())
        )

    @property
    def pem(self) -> str:
        """Its certificate, to trust."""
        return self._certificate.public_bytes(Encoding.PEM).decode("ascii")

    def context(self, credential: Credential, names: Iterable[str]) -> ssl.SSLContext:
        """Return a server's TLS context with a new certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._leaf(credential, tuple(names), key)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with TemporaryDirectory() as folder:  # the ssl module reads from files only
            path = Path(folder) / "leaf.pem"
            path.touch(mode=0o600)
            path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
            context.load_cert_chain(path)
        return context

    def _leaf(
        self, credential: Credential, names: tuple[str, ...], key: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        is_own = credential is Credential.SELF_SIGNED
        is_expired = credential is Credential.EXPIRED
        subject = _named(names[0])
        signing = key if is_own else self._key
        ends = self._now - timedelta(days=1) if is_expired else self._now + _LIFETIME
        return (
            self._builder(subject, key, ends)
            .issuer_name(subject if is_own else self._name)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
                critical=False,
            )
            .sign(signing, SHA256())
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _LIFETIME)
            .not_valid_after(ends)
        )


def _named(common_name: str) -> x509.Name:
    # RFC 5280, appendix A.1: a common name has at most 64 characters.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
