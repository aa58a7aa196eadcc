"""Signatures over short texts."""

import pytest

from mailconfig.domain.signing import Signer, SigningKey, SigningRing

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


OLD, NEW = SigningKey("old", b"o" * 32), SigningKey("new", b"n" * 32)


def test_the_first_key_signs_and_all_verify() -> None:
    """Also for signers that were made before the keys were replaced."""
    ring = SigningRing([OLD])
    signer = Signer(ring).derive("a").derive("b")
    assert signer.sign("x") == Signer(OLD.seed).derive("a").derive("b").sign("x")
    before = signer.sign("x")
    ring.replace([NEW, OLD])
    after = signer.sign("x")
    assert after == Signer(NEW.seed).derive("a").derive("b").sign("x")
    assert signer.signatures("x") == (after, before)
    assert signer.verify(before, "x")
    assert signer.verify(after, "x")
    assert not signer.verify(before, "y")
    ring.replace([NEW])
    assert not signer.verify(before, "x")
    assert signer.verify(after, "x")


def test_a_ring_has_a_key_and_shows_none() -> None:
    """An empty one is refused; what it prints are ids."""
    with pytest.raises(ValueError, match="a ring has a key"):
        SigningRing([])
    assert repr(SigningRing([NEW, OLD])) == "SigningRing(new, old)"
    assert "nnn" not in repr(NEW)
