"""Turns an uploaded PEM file into the trust anchors that it contains (RFC 7468, RFC 5280).

Which certificates count: those of a certification authority (basicConstraints CA true), and
self-signed ones that are not, such as the one a small server made for itself. Trusting exactly
that certificate is what its owner wants, and it can vouch for no other name. The rest of a chain,
such as the server's own certificate in a copied bundle, is left out: it anchors nothing.

A file that contains a private key is refused before anything else, so that it is never stored.
Dates and strengths are not judged here; the test of a connection explains them.
"""

import re
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from mailconfig.domain.errors import FileRefused, LimitExceeded
from mailconfig.domain.phrases import N_, phrase

_LABEL: Final = re.compile(rb"-----BEGIN ([^-\r\n]{0,80})-----")
_PATH: Final = ("file",)


def canonical_anchors(data: bytes, certificates_max: int) -> bytes:
    """Return the trust anchors of a PEM file as PEM, without comments or repetitions.

    Raises FileRefused where there is none, where anything but certificates is in the file, and
    LimitExceeded for more than `certificates_max` certificates.
    """
    labels = _LABEL.findall(data)
    if b"PRIVATE KEY" in data:
        raise FileRefused(
            N_(
                "This file contains a private key. Upload the certificates only, and treat the key "
                "as exposed if it left its server."
            ),
            _PATH,
        )
    if not labels:
        raise FileRefused(N_("This is no PEM file: it has no BEGIN CERTIFICATE line."), _PATH)
    if set(labels) != {b"CERTIFICATE"}:
        raise FileRefused(N_("A CA file contains certificates and nothing else."), _PATH)
    if len(labels) > certificates_max:
        sentence = phrase("A CA file has at most {most} certificates.", most=certificates_max)
        raise LimitExceeded(sentence, _PATH)
    anchors = [certificate for certificate in _parsed(data) if _is_anchor(certificate)]
    if not anchors:
        raise FileRefused(
            N_("No certificate in this file is one of a certification authority or self-signed."),
            _PATH,
        )
    # A dict keeps the order and drops repetitions.
    return b"".join(dict.fromkeys(anchor.public_bytes(Encoding.PEM) for anchor in anchors))


def _parsed(data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except (ValueError, x509.InvalidVersion) as exc:
        raise FileRefused(N_("A certificate in this file is damaged."), _PATH) from exc


def _is_anchor(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return _is_self_signed(certificate)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as exc:
        raise FileRefused(N_("A certificate in this file is damaged."), _PATH) from exc
    return constraints.value.ca or _is_self_signed(certificate)


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
