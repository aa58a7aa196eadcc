"""CA files: trust anchors only, canonical, and never a private key."""

import pytest

from kit.uploads import Authority
from mailconfig.domain.errors import FileRefused, LimitExceeded
from mailconfig.services.certificates import canonical_anchors

CA = Authority()
OTHER = Authority("Other CA")


def test_comments_and_repetitions_are_dropped() -> None:
    """What is stored are the anchors as PEM in their order, once each."""
    data = b"# root of the office\r\n" + CA.pem + b"Subject: x\n" + OTHER.pem + CA.pem
    assert canonical_anchors(data, 20) == CA.pem + OTHER.pem


def test_rest_of_a_chain_is_left_out() -> None:
    """A server's certificate in a copied bundle is not stored: it anchors nothing."""
    assert canonical_anchors(CA.server_pem() + CA.pem, 20) == CA.pem


def test_self_signed_certificate_is_an_anchor() -> None:
    """The certificate that a small server made for itself can be trusted as it is."""
    own = CA.self_signed_pem()
    assert canonical_anchors(own, 20) == own


def test_crlf_is_canonical() -> None:
    """A file from Windows gives the same bytes."""
    assert canonical_anchors(CA.pem.replace(b"\n", b"\r\n"), 20) == CA.pem


LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY")


@pytest.mark.parametrize(
    "data",
    [
        CA.pem + CA.key_pem,
        CA.key_pem + CA.pem,
        CA.key_pem,
        *(CA.pem + f"-----BEGIN {label}-----\nAA==\n".encode() for label in LABELS),
    ],
)
def test_private_keys_are_refused(data: bytes) -> None:
    """A file with a private key of any form is refused, and the sentence says why."""
    with pytest.raises(FileRefused, match="contains a private key"):
        canonical_anchors(data, 20)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no PEM file"),
        (b"\x30\x82\x01\x0a", "no PEM file"),  # DER
        (b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "damaged"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged"),
        (CA.pem[:-60], "damaged"),
        (CA.pem + b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n", "nothing else"),
        (CA.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"), "nothing else"),
        (CA.server_pem(), "No certificate"),
    ],
)
def test_what_is_no_ca_file_is_refused(data: bytes, sentence: str) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(FileRefused, match=sentence):
        canonical_anchors(data, 20)


def test_number_of_certificates_is_limited() -> None:
    """The limit itself passes, one more does not, repeated or not."""
    assert canonical_anchors(CA.pem * 20, 20) == CA.pem
    with pytest.raises(LimitExceeded, match="at most 20"):
        canonical_anchors(CA.pem * 21, 20)
