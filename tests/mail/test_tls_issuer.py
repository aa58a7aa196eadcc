"""Whether a server left its chain out: the count of certificates, and where a leaf's issuer is."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from mailconfig.mail.tls import _issuer_missing

ISSUER_AT = AuthorityInformationAccessOID.CA_ISSUERS
STATUS_AT = AuthorityInformationAccessOID.OCSP


def leaf(*methods: x509.ObjectIdentifier) -> bytes:
    """Return the DER of a certificate that names these places of its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.test")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Intermediate")]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    if methods:
        url = x509.UniformResourceIdentifier("http://ca.example.test/issuer.der")
        places = [x509.AccessDescription(method, url) for method in methods]
        builder = builder.add_extension(x509.AuthorityInformationAccess(places), critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("methods", "sent", "expected"),
    [
        ((ISSUER_AT,), 1, True),
        ((STATUS_AT, ISSUER_AT), 1, True),
        ((ISSUER_AT,), 2, False),  # the intermediate was sent: its root is what is not known
        ((STATUS_AT,), 1, False),
        ((), 1, False),  # a private authority
        ((ISSUER_AT,), None, None),  # this Python cannot count
    ],
)
def test_a_lone_leaf_with_an_issuers_address_lacks_its_chain(
    methods: tuple[x509.ObjectIdentifier, ...], sent: int | None, *, expected: bool | None
) -> None:
    """Only a certificate that came alone and names its issuer's address shows a missing chain."""
    assert _issuer_missing(leaf(*methods), sent) is expected


def test_a_broken_certificate_shows_nothing() -> None:
    """What cannot be read names no issuer."""
    assert _issuer_missing(b"\x30\x00", 1) is False
