"""DKIM keys: which selectors are looked for, and what their records are worth."""

import base64

import pytest

from mailconfig.domain.domains import CheckVerdict, DnsRecord
from mailconfig.domain.domains.dkim import judge_dkim, selectors_for
from mailconfig.domain.domains.selectors import USUAL_SELECTORS


def key(size: int) -> str:
    """Return a public key of so many bytes in base64."""
    return base64.b64encode(b"k" * size).decode()


RECORDS = [
    (f"v=DKIM1; k=rsa; p={key(294)}", CheckVerdict.GOOD),  # 2048 bits
    (f"p={key(294)}", CheckVerdict.GOOD),  # version and kind may be left away
    (f"v=DKIM1; k=ed25519; p={key(32)}", CheckVerdict.GOOD),
    (f"v=DKIM1; k=rsa; p={key(162)}", CheckVerdict.WEAK),  # 1024 bits
    (f"v=DKIM1; t=y; p={key(294)}", CheckVerdict.WEAK),  # a test
    (f"v=DKIM1; k=rsa; p={key(94)}", CheckVerdict.BROKEN),  # 512 bits
    (f"v=DKIM1; h=sha1; p={key(294)}", CheckVerdict.BROKEN),
    ("v=DKIM1; p=", CheckVerdict.BROKEN),  # revoked
    ("v=DKIM1; p=%%%", CheckVerdict.BROKEN),
    ("v=DKIM1; p=schlüssel", CheckVerdict.BROKEN),  # characters beyond ASCII
    ("v=DMARC1; p=none", CheckVerdict.BROKEN),  # another record in its place
    ("hello", CheckVerdict.BROKEN),
]


@pytest.mark.parametrize(("text", "verdict"), RECORDS)
def test_what_a_key_is_worth(text: str, verdict: CheckVerdict) -> None:
    """Kind, size, hash, revocation and test mark decide; anything less than good is explained."""
    check = judge_dkim("a.example", {"s1": (text,)}, None, given=True)
    assert check.verdict is verdict
    assert check.found == (DnsRecord("TXT", "s1._domainkey.a.example", text),)
    assert len(check.remarks) == (0 if verdict is CheckVerdict.GOOD else 1)


def test_one_good_key_is_enough() -> None:
    """Old keys are revoked and stay published; that is how keys are changed."""
    answers = {"old": ("v=DKIM1; p=",), "new": (f"v=DKIM1; p={key(294)}",)}
    check = judge_dkim("a.example", answers, None, given=True)
    assert (check.verdict, check.remarks) == (CheckVerdict.GOOD, ())
    assert len(check.found) == 2


def test_selectors_are_the_owners_then_the_providers_then_the_usual() -> None:
    """The DNS cannot list them."""
    assert selectors_for("microsoft365", ("mine",)) == ("mine",)
    assert selectors_for("microsoft365", ()) == ("selector1", "selector2")
    assert selectors_for("aws_workmail", ()) == USUAL_SELECTORS
    assert selectors_for(None, ()) == USUAL_SELECTORS


def test_nothing_found_at_a_known_provider() -> None:
    """It is missing, and where the targets are the same for everybody they are told."""
    check = judge_dkim("a.example", {"sig1": ()}, "icloud", given=False)
    assert check.verdict is CheckVerdict.MISSING
    target = "sig1.dkim.a.example.at.icloudmailadmin.com"
    assert check.publish == (DnsRecord("CNAME", "sig1._domainkey.a.example", target),)


def test_nothing_found_under_guessed_selectors_proves_nothing() -> None:
    """A domain of an unknown provider may have keys under any name."""
    check = judge_dkim("a.example", {"default": ()}, None, given=False)
    assert (check.verdict, check.publish) == (CheckVerdict.UNKNOWN, ())


def test_no_answer_proves_nothing() -> None:
    """A silent DNS is not a missing key."""
    check = judge_dkim("a.example", {"mine": None}, None, given=True)
    assert check.verdict is CheckVerdict.UNKNOWN
