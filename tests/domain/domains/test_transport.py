"""MX, MTA-STS and TLS-RPT."""

import pytest

from mailconfig.domain.domains import CheckVerdict, DnsRecord
from mailconfig.domain.domains.transport import (
    Exchanger,
    StsPolicy,
    judge_mta_sts,
    judge_mx,
    judge_tls_rpt,
)
from mailconfig.domain.resolution import MxRecord

MX = "mx.a.example"
RECORD = "v=STSv1; id=20260101"
POLICY = f"version: STSv1\nmode: enforce\nmx: {MX}\nmax_age: 604800\n"


def exchanger(host: str, *, has_address: bool | None = True, is_alias: bool = False) -> Exchanger:
    """Return an exchanger of preference 10."""
    return Exchanger(MxRecord(10, host), has_address, is_alias)


EXCHANGERS = [
    ((exchanger(MX),), CheckVerdict.GOOD),
    # the DNS did not answer: no reproach
    ((exchanger(MX, has_address=None),), CheckVerdict.GOOD),
    ((exchanger(MX), exchanger("dead.a.example", has_address=False)), CheckVerdict.WEAK),
    ((exchanger("dead.a.example", has_address=False),), CheckVerdict.BROKEN),
    ((exchanger(MX, is_alias=True),), CheckVerdict.WEAK),
    ((exchanger("192.0.2.1", has_address=None),), CheckVerdict.BROKEN),
    ((exchanger(""),), CheckVerdict.BROKEN),
]


@pytest.mark.parametrize(("exchangers", "verdict"), EXCHANGERS)
def test_exchangers(exchangers: tuple[Exchanger, ...], verdict: CheckVerdict) -> None:
    """Names without addresses, aliases, addresses as names, and the null MX."""
    check = judge_mx("a.example", exchangers, has_address=False)
    assert check.verdict is verdict
    assert bool(check.remarks) == (verdict is not CheckVerdict.GOOD)


def test_without_mx() -> None:
    """The domain's own address takes mail (RFC 5321, section 5.1); without one nobody does."""
    assert judge_mx("a.example", (), has_address=True).verdict is CheckVerdict.WEAK
    assert judge_mx("a.example", (), has_address=False).verdict is CheckVerdict.MISSING


POLICIES = [
    (POLICY, CheckVerdict.GOOD),
    (POLICY.replace(f"mx: {MX}", "mx: *.a.example"), CheckVerdict.GOOD),
    (POLICY.replace("\n", "\r\n"), CheckVerdict.GOOD),
    (POLICY.replace("enforce", "testing"), CheckVerdict.WEAK),
    (POLICY.replace("enforce", "none"), CheckVerdict.WEAK),
    (POLICY.replace("604800", "3600"), CheckVerdict.WEAK),
    # a star is exactly one label
    (POLICY.replace(f"mx: {MX}", "mx: *.example"), CheckVerdict.BROKEN),
    (POLICY.replace(f"mx: {MX}", "mx: other.example"), CheckVerdict.BROKEN),
    (POLICY.replace("STSv1", "STSv2"), CheckVerdict.BROKEN),
    (POLICY.replace("enforce", "maybe"), CheckVerdict.BROKEN),
    (POLICY.replace("604800", "soon"), CheckVerdict.BROKEN),
    (POLICY.replace("604800", "99999999"), CheckVerdict.BROKEN),
    # more digits than Python makes a number of
    (POLICY.replace("604800", "9" * 5000), CheckVerdict.BROKEN),
    ("<html>", CheckVerdict.BROKEN),
]


@pytest.mark.parametrize(("text", "verdict"), POLICIES)
def test_policies(text: str, verdict: CheckVerdict) -> None:
    """Form, mode, age and the hosts that it covers."""
    check = judge_mta_sts("a.example", (RECORD,), StsPolicy(text), (MX,))
    assert check.verdict is verdict
    assert check.found == (DnsRecord("TXT", "_mta-sts.a.example", RECORD),)


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ((), CheckVerdict.MISSING),
        (("unrelated",), CheckVerdict.MISSING),
        ((RECORD, RECORD), CheckVerdict.BROKEN),
        (("v=STSv1;",), CheckVerdict.BROKEN),
        (("v=STSv1; id=a-b",), CheckVerdict.BROKEN),
    ],
)
def test_announcements(records: tuple[str, ...], verdict: CheckVerdict) -> None:
    """Exactly one record with an id of letters and digits."""
    assert judge_mta_sts("a.example", records, StsPolicy(POLICY), (MX,)).verdict is verdict


def test_a_policy_that_cannot_be_fetched() -> None:
    """An announced policy without a document is broken, and the reason is told."""
    check = judge_mta_sts("a.example", (RECORD,), StsPolicy(None, "No."), (MX,))
    assert (check.verdict, check.remarks) == (CheckVerdict.BROKEN, ("No.",))


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        (("v=TLSRPTv1; rua=mailto:a@b.example",), CheckVerdict.GOOD),
        (("v=TLSRPTv1; rua=https://b.example/r",), CheckVerdict.GOOD),
        (("v=TLSRPTv1; rua=a@b.example",), CheckVerdict.BROKEN),
        (("v=TLSRPTv1",), CheckVerdict.BROKEN),
        (("v=TLSRPTv1; rua=mailto:a@b.example",) * 2, CheckVerdict.BROKEN),
        ((), CheckVerdict.MISSING),
    ],
)
def test_tls_reports(records: tuple[str, ...], verdict: CheckVerdict) -> None:
    """One record with an address that reports can go to."""
    assert judge_tls_rpt("a.example", records).verdict is verdict
