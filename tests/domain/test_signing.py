"""Signatures over short texts."""

from mailconfig.domain.signing import Signer

SIGNER = Signer(b"k" * 32)


def test_a_signature_fits_its_parts_only() -> None:
    """Any other part, order, split or number of parts fails."""
    signature = SIGNER.sign("ab", "c")
    assert SIGNER.verify(signature, "ab", "c")
    for parts in (("a", "bc"), ("c", "ab"), ("ab",), ("ab", "c", ""), ("ab", "C")):
        assert not SIGNER.verify(signature, *parts)


def test_a_signature_means_nothing_for_another_purpose() -> None:
    """A cursor's signature does not open a file."""
    cursors, files = SIGNER.derive("cursor"), SIGNER.derive("file")
    assert not files.verify(cursors.sign("x"), "x")
    assert cursors.verify(SIGNER.derive("cursor").sign("x"), "x")


def test_strange_signatures_are_just_wrong() -> None:
    """Empty and non-ASCII texts are refused without an error."""
    assert not SIGNER.verify("", "x")
    assert not SIGNER.verify("ü" * 43, "x")
