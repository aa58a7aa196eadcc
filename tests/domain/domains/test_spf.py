"""SPF records: reading terms, and the verdict on a record that was followed."""

from dataclasses import replace

import pytest

from mailconfig.domain.domains import CheckVerdict, DnsRecord
from mailconfig.domain.domains.spf import (
    SpfSyntaxError,
    SpfWalk,
    Term,
    is_spf,
    judge_spf,
    terms_of,
)

FINE = SpfWalk(terms=(), lookups=3, voids=0, included=frozenset({"_spf.google.com"}), last_all="~")
TERMS = [
    ("v=spf1", ()),
    ("v=spf1 -all", (Term("-", "all", None),)),
    ("v=spf1 a mx/24 ~all", (Term("+", "a", None), Term("+", "mx", None), Term("~", "all", None))),
    (
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32",
        (Term("+", "ip4", "192.0.2.0"), Term("+", "ip6", "2001:db8::")),
    ),
    ("v=spf1 INCLUDE:a.example ?all", (Term("+", "include", "a.example"), Term("?", "all", None))),
    ("v=spf1 redirect=b.example", (Term("+", "redirect", "b.example"),)),
    ("v=spf1 exp=c.example", (Term("+", "exp", "c.example"),)),
    ("v=spf1 exists:%{i}._spf.example", (Term("+", "exists", "%{i}._spf.example"),)),
    ("v=spf1 a:host.example//64", (Term("+", "a", "host.example"),)),
]
BAD_TERMS = [
    ("v=spf1 include", "include"),  # a name is missing
    ("v=spf1 ipv4:192.0.2.1", "ipv4:192.0.2.1"),  # no such mechanism
    ("v=spf1 include=a.example", "include=a.example"),  # a mechanism written as a modifier
    ("v=spf1 -all;", "-all;"),  # what other records end with
    ("v=spf1 192.0.2.1", "192.0.2.1"),  # the mechanism is missing
]


@pytest.mark.parametrize(("record", "terms"), TERMS)
def test_terms_are_read(record: str, terms: tuple[Term, ...]) -> None:
    """Qualifier, name and value of every term, prefix lengths left away."""
    assert terms_of(record) == terms


@pytest.mark.parametrize(("record", "term"), BAD_TERMS)
def test_a_bad_term_is_named(record: str, term: str) -> None:
    """One term that cannot be read makes the record a permanent error."""
    with pytest.raises(SpfSyntaxError) as caught:
        terms_of(record)
    assert str(caught.value) == term


def test_what_is_an_spf_record() -> None:
    """The version is a word of its own (RFC 7208, section 4.5)."""
    assert [is_spf(text) for text in ("v=spf1", "V=SPF1 -all", "v=spf10 -all", "spf1", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_good_record() -> None:
    """The provider is included, the end is set, the look-ups are few."""
    record = "v=spf1 include:_spf.google.com ~all"
    check = judge_spf("a.example", (record,), FINE, "google_workspace", takes_mail=True)
    assert (check.verdict, check.lookups) == (CheckVerdict.GOOD, 3)
    assert check.found == (DnsRecord("TXT", "a.example", record),)
    assert (check.remarks, check.publish) == ((), ())


@pytest.mark.parametrize(
    ("provider_id", "takes_mail", "value"),
    [
        ("fastmail", True, "v=spf1 include:spf.messagingengine.com ~all"),
        (None, True, "v=spf1 mx ~all"),
        # nothing at all sends for a domain that takes no mail
        (None, False, "v=spf1 -all"),
    ],
)
def test_a_missing_record_is_proposed(
    provider_id: str | None, takes_mail: bool, value: str
) -> None:
    """The provider's own include where it is known."""
    check = judge_spf("a.example", (), None, provider_id, takes_mail=takes_mail)
    assert check.verdict is CheckVerdict.MISSING
    assert check.publish == (DnsRecord("TXT", "a.example", value),)


def test_two_records_are_joined() -> None:
    """Two records are as good as none; the proposal holds every term of both once."""
    records = ("v=spf1 mx include:a.example ~all", "v=spf1 include:b.example mx -all")
    check = judge_spf("a.example", records, None, None, takes_mail=True)
    assert check.verdict is CheckVerdict.BROKEN
    joined = "v=spf1 mx include:a.example include:b.example ~all"
    assert check.publish == (DnsRecord("TXT", "a.example", joined),)


def test_the_include_of_the_provider_is_added() -> None:
    """A record that forgets the mailbox provider makes its mail look forged."""
    walk = replace(FINE, included=frozenset())
    check = judge_spf("a.example", ("v=spf1 mx -all",), walk, "google_workspace", takes_mail=True)
    assert check.verdict is CheckVerdict.WEAK
    assert check.publish[0].value == "v=spf1 include:_spf.google.com mx -all"


@pytest.mark.parametrize(
    ("walk", "verdict", "words"),
    [
        (replace(FINE, lookups=10), CheckVerdict.GOOD, ""),
        (replace(FINE, lookups=11), CheckVerdict.BROKEN, "11 DNS look-ups"),
        (replace(FINE, voids=2), CheckVerdict.GOOD, ""),
        (replace(FINE, voids=3), CheckVerdict.BROKEN, "3 names in the SPF record"),
        (replace(FINE, last_all="+"), CheckVerdict.BROKEN, "+all"),
        (replace(FINE, last_all="?"), CheckVerdict.WEAK, "?all"),
        (replace(FINE, last_all=None), CheckVerdict.WEAK, "does not end with all"),
        (replace(FINE, uses_ptr=True), CheckVerdict.WEAK, "ptr"),
        (replace(FINE, problem="Broken."), CheckVerdict.BROKEN, "Broken."),
    ],
)
def test_what_makes_a_record_weak_or_broken(
    walk: SpfWalk, verdict: CheckVerdict, words: str
) -> None:
    """Each limit of RFC 7208 and each careless end, from both sides."""
    check = judge_spf("a.example", ("v=spf1 x",), walk, None, takes_mail=True)
    assert check.verdict is verdict
    assert words in " ".join(check.remarks)
