"""Certificates of servers as they are shown: exact, bounded, and robust against odd ones."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from kit.certs import CertificateKit, CertificatePaths
from mailconfig.domain.probes import Certificate
from mailconfig.mail.tls import CertificateUnreadable, describe_certificate

HOST = "mail.example.test"


@pytest.fixture
def kit(tmp_path: Path) -> CertificateKit:
    """Certificates in a folder of the test."""
    return CertificateKit(tmp_path / "certs")


def leaf_der(paths: CertificatePaths) -> bytes:
    """Return the DER form of the leaf."""
    return x509.load_pem_x509_certificates(paths.cert.read_bytes())[0].public_bytes(Encoding.DER)


def test_certificate_is_described_exactly(kit: CertificateKit) -> None:
    """Subject, issuer, names, dates and digest are those of the certificate."""
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    paths = kit.issue(
        HOST, "*.example.test", "::1", not_before=start, not_after=start + timedelta(days=7)
    )
    der = leaf_der(paths)

    described = describe_certificate(der)

    assert described == Certificate(
        subject=f"CN={HOST}",
        issuer="CN=test authority",
        names=(HOST, "*.example.test", "::1"),
        not_before=start,
        not_after=start + timedelta(days=7),
        sha256=x509.load_der_x509_certificate(der).fingerprint(SHA256()).hex(),
    )


def test_text_of_a_certificate_is_cleaned_and_bounded(kit: CertificateKit) -> None:
    """Control and bidi characters are gone, and hundreds of names are cut to a hundred."""
    names = tuple(f"n{number}.test" for number in range(300))

    described = describe_certificate(leaf_der(kit.issue("a\u202eb\x07 c.test", *names, san=False)))
    many = describe_certificate(leaf_der(kit.issue("a.test", *names)))

    assert described.subject == "CN=ab c.test"
    assert many.names == ("a.test", *names[:99])


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x00", b"220 mail ESMTP", b"\x30\x82\xff\xff" + bytes(64)]
)
def test_no_certificate_is_a_typed_error(der: bytes) -> None:
    """Bytes that are no certificate raise CertificateUnreadable and nothing else."""
    with pytest.raises(CertificateUnreadable):
        describe_certificate(der)


@pytest.fixture(scope="module")
def good_der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One certificate for all mutations."""
    return leaf_der(CertificateKit(tmp_path_factory.mktemp("der")).issue(HOST, "127.0.0.1"))


@given(position=st.integers(min_value=0, max_value=2000), value=st.integers(0, 255))
def test_broken_certificate_never_raises_anything_else(
    good_der: bytes, position: int, value: int
) -> None:
    """Any single byte may be wrong: the answer is a description or CertificateUnreadable."""
    at = position % len(good_der)
    with contextlib.suppress(CertificateUnreadable):
        described = describe_certificate(good_der[:at] + bytes([value]) + good_der[at + 1 :])
        assert len(described.sha256) == 64
