"""Certificates for tests: an authority, good leaves and every kind of bad one, as PEM files.

    kit = CertificateKit(tmp_path)
    server = ssl_server_context(kit.issue("mail.example.test", "127.0.0.1"))
    client = ssl.create_default_context(cafile=str(kit.ca_pem))

Real servers take `paths.cert` (the leaf and the chain it should send) and `paths.key`. Must not be
used outside of tests: keys are small, unprotected and made in a hurry.
"""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyKind = Literal["ec", "rsa", "rsa1024"]


@dataclass(frozen=True, slots=True)
class CertificatePaths:
    """Where the files of one leaf are."""

    cert: Path
    """PEM: the leaf first, then the intermediate certificates that the server sends."""
    key: Path
    """PEM, PKCS#8, without a password; mode 0600."""


@dataclass(frozen=True, slots=True)
class _Authority:
    """A signer: its key, its certificate and what a server sends between leaf and root."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    """Intermediate certificates, nearest to the leaf first; without the root."""


class CertificateKit:
    """Makes certificates in a folder. Authorities: `test` (in `ca_pem`), `intermediate` (signed by
    `test`), and any other name, which is a root that nobody trusts unless told so.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._authorities: dict[str, _Authority] = {}
        self._numbers = count(1)
        self.ca_pem: Path = self.root_pem("test")
        """The root certificate that clients of the tests trust."""

    def root_pem(self, ca: str) -> Path:
        """Return the PEM file of an authority's own certificate, made on first use."""
        path = self.folder / f"ca-{ca}.pem"
        if not path.exists():
            path.write_bytes(self._authority(ca).certificate.public_bytes(Encoding.PEM))
        return path

    def issue(
        self,
        name: str,
        *names: str,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        ca: str | None = "test",
        key: KeyKind = "ec",
        send_chain: bool = True,
        san: bool = True,
    ) -> CertificatePaths:
        """Make a leaf for `name` and `names` (DNS names, wildcards or IP addresses).

        By default valid from yesterday for 90 days. `ca=None` signs with the leaf's own key;
        `send_chain=False` leaves the intermediate certificates out of the file; `san=False` puts
        `name` in the common name only.
        """
        now = datetime.now(UTC)
        start = not_before or min(now, not_after or now) - timedelta(days=1)
        end = not_after or max(now, start) + timedelta(days=90)
        private = _private_key(key)
        signer = None if ca is None else self._authority(ca)
        signing = private if signer is None else signer.key
        certificate = (
            _leaf(name, (name, *names) if san else (), start, end)
            .issuer_name(_name(name) if signer is None else signer.certificate.subject)
            .public_key(private.public_key())
            .add_extension(_authority_key(signing), critical=False)
            .sign(signing, SHA256())
        )
        chain = signer.chain if signer is not None and send_chain else ()
        return self._write((certificate, *chain), private)

    def expired(self, name: str, *names: str) -> CertificatePaths:
        """A leaf that ran out yesterday (verify code 10)."""
        return self.issue(name, *names, not_after=datetime.now(UTC) - timedelta(days=1))

    def not_yet_valid(self, name: str, *names: str) -> CertificatePaths:
        """A leaf that is valid from tomorrow on (verify code 9)."""
        return self.issue(name, *names, not_before=datetime.now(UTC) + timedelta(days=1))

    def self_signed(self, name: str, *names: str) -> CertificatePaths:
        """A leaf that signed itself (verify code 18)."""
        return self.issue(name, *names, ca=None)

    def wrong_name(self) -> CertificatePaths:
        """A good leaf of a name that no test connects to (verify code 62)."""
        return self.issue("other.example.test")

    def unknown_ca(self, name: str, *names: str) -> CertificatePaths:
        """A leaf of a root that `ca_pem` does not hold (verify code 20)."""
        return self.issue(name, *names, ca="unknown")

    def chain_missing(self, name: str, *names: str) -> CertificatePaths:
        """A leaf of the intermediate authority, sent without it (verify code 20)."""
        return self.issue(name, *names, ca="intermediate", send_chain=False)

    def weak_key(self, name: str, *names: str) -> CertificatePaths:
        """A leaf with an RSA key of 1024 bits (verify code 66)."""
        return self.issue(name, *names, key="rsa1024")

    def _authority(self, ca: str) -> _Authority:
        if ca not in self._authorities:
            parent = self._authority("test") if ca == "intermediate" else None
            self._authorities[ca] = _new_authority(ca, parent)
        return self._authorities[ca]

    def _write(self, chain: tuple[x509.Certificate, ...], private: PrivateKey) -> CertificatePaths:
        number = next(self._numbers)
        paths = CertificatePaths(
            cert=self.folder / f"leaf-{number}.pem", key=self.folder / f"leaf-{number}.key"
        )
        paths.cert.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in chain))
        paths.key.touch(mode=0o600)
        paths.key.write_bytes(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return paths


def ssl_server_context(
    paths: CertificatePaths, *, only: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """Return a server's context; `only` limits it to one version, TLS 1.0 and 1.1 included.

    Weak keys are served too: it is the client that has to refuse them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if only is not None:
        with warnings.catch_warnings():  # TLS 1.0 and 1.1 are deprecated, which is the point
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = only
            context.maximum_version = only
    context.load_cert_chain(paths.cert, paths.key)
    return context


def _private_key(kind: KeyKind) -> PrivateKey:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    size = 1024 if kind == "rsa1024" else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def _name(common_name: str) -> x509.Name:
    # RFC 5280, appendix A.1: a common name has at most 64 characters
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject: str, start: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _leaf(
    subject: str, names: tuple[str, ...], start: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = (
        _builder(subject, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder


def _authority_key(signing: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())


def _signing_only() -> x509.KeyUsage:
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


def _new_authority(ca: str, parent: _Authority | None) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    signing = key if parent is None else parent.key
    subject = f"{ca} authority"
    now = datetime.now(UTC)
    certificate = (
        _builder(subject, now - timedelta(days=3650), now + timedelta(days=3650))
        .issuer_name(_name(subject) if parent is None else parent.certificate.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(signing), critical=False)
        .sign(signing, SHA256())
    )
    return _Authority(key, certificate, () if parent is None else (certificate, *parent.chain))
