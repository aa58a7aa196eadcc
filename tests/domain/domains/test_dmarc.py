"""DMARC policies and where they are looked for."""

import pytest

from mailconfig.domain.domains import CheckVerdict
from mailconfig.domain.domains.dmarc import is_dmarc, judge_dmarc, policy_names

POLICIES = [
    ("v=DMARC1; p=reject; rua=mailto:a@b.example", CheckVerdict.GOOD, ""),
    ("v=DMARC1;p=quarantine;rua=mailto:a@b.example,mailto:c@d.example", CheckVerdict.GOOD, ""),
    ("v=DMARC1; p=none; rua=mailto:a@b.example", CheckVerdict.WEAK, "only watches"),
    # RFC 9989: without p= but with reports it means none
    ("v=DMARC1; rua=mailto:a@b.example", CheckVerdict.WEAK, "only watches"),
    ("v=DMARC1; p=reject", CheckVerdict.WEAK, "rua="),
    ("v=DMARC1; p=reject; rua=a@b.example", CheckVerdict.WEAK, "mailto:"),
    ("v=DMARC1; p=reject; rua=mailto:a@b.example; t=y", CheckVerdict.WEAK, "t=y"),
    # a removed tag is told and does no harm
    ("v=DMARC1; p=reject; pct=50; rua=mailto:a@b.example", CheckVerdict.GOOD, "pct"),
    ("v=DMARC1; p=block; rua=mailto:a@b.example", CheckVerdict.BROKEN, "p="),
    ("v=DMARC1", CheckVerdict.BROKEN, "p="),
]


@pytest.mark.parametrize(("text", "verdict", "words"), POLICIES)
def test_what_a_policy_is_worth(text: str, verdict: CheckVerdict, words: str) -> None:
    """Policy, reports and test mark decide."""
    check = judge_dmarc("b.example", "_dmarc.b.example", (text,))
    assert check.verdict is verdict
    assert words in " ".join(check.remarks)
    assert bool(check.remarks) == bool(words)


def test_no_policy() -> None:
    """The weakest one is proposed: it changes nothing and shows who sends."""
    check = judge_dmarc("b.example", None, ())
    assert check.verdict is CheckVerdict.MISSING
    (record,) = check.publish
    assert record.name == "_dmarc.b.example"
    assert record.value == "v=DMARC1; p=none; rua=mailto:dmarc@b.example"


def test_two_policies() -> None:
    """Receivers then use none."""
    check = judge_dmarc("b.example", "_dmarc.b.example", ("v=DMARC1; p=none",) * 2)
    assert check.verdict is CheckVerdict.BROKEN


def test_a_policy_of_a_parent() -> None:
    """For a subdomain sp= counts before p=."""
    text = "v=DMARC1; p=reject; sp=none; rua=mailto:a@b.example"
    assert judge_dmarc("b.example", "_dmarc.b.example", (text,)).verdict is CheckVerdict.GOOD
    assert judge_dmarc("x.b.example", "_dmarc.b.example", (text,)).verdict is CheckVerdict.WEAK


def test_the_tree_is_walked_to_its_root() -> None:
    """RFC 9989: own name, then each parent; long names jump, so that eight questions do."""
    assert list(policy_names("a.b.example")) == [
        "_dmarc.a.b.example",
        "_dmarc.b.example",
        "_dmarc.example",
    ]
    names = list(policy_names("a.b.c.d.e.f.g.h.i.example"))
    assert names[:2] == ["_dmarc.a.b.c.d.e.f.g.h.i.example", "_dmarc.d.e.f.g.h.i.example"]
    assert len(names) == 8


def test_what_is_a_policy() -> None:
    """Only records that begin with the version count."""
    assert is_dmarc("v = DMARC1 ; p=none")
    assert not is_dmarc("v=DMARC2; p=none")
    assert not is_dmarc("p=none; v=DMARC1")
