"""Claims about typing errors and imitations of known domains."""

import pytest

from kit.drafts import shipped
from mailconfig.domain.spelling import POPULAR_DOMAINS, drawn_alike, edit_distance

TYPOS = [
    ("gmial.com", "gmail.com"),  # swapped
    ("gmai.com", "gmail.com"),  # left out
    ("gmaill.com", "gmail.com"),  # doubled
    ("gnail.com", "gmail.com"),  # replaced
    ("gmail.co", "gmail.com"),  # a real top level, but never Gmail's
    ("gmail.con", "gmail.com"),  # no top level
    ("gmal.con", "gmail.com"),  # both
    ("gmailcom", "gmail.com"),  # no dot
    ("hotmial.com", "hotmail.com"),
    ("homtial.com", "hotmail.com"),  # two errors in a long name
    ("yahooo.com", "yahoo.com"),
    ("yaho.co.uk", "yahoo.co.uk"),
    ("outlok.com", "outlook.com"),
    ("iclod.com", "icloud.com"),
    ("t-onlin.de", "t-online.de"),
    ("gxm.de", "gmx.de"),  # swapped letters of a short name
    ("mailfense.com", "mailfence.com"),  # less known, but long
]

NO_TYPOS = [
    "gmail.com",
    "web.de",
    "gmx.de",
    "gmx.at",
    "mail.com",
    "ymail.com",
    "hey.com",
    "example.com",
    "gmx.fr",  # short: may be anybody's
    "gmy.de",
    "me.co",
    "gmail.de",  # another real top level
    "hotmail.ro",
    "company.com",
    "user.plus.com",  # below a suffix of the catalogue
    "firma.de",
    "localhost",
]


@pytest.mark.parametrize(("typed", "meant"), TYPOS)
def test_typos_are_found(typed: str, meant: str) -> None:
    """A typing error in a known domain leads to that domain."""
    assert shipped().nearest_domain(typed) == meant


@pytest.mark.parametrize("domain", NO_TYPOS)
def test_other_domains_are_left_alone(domain: str) -> None:
    """Known domains, short names and other real top levels are no typing errors."""
    assert shipped().nearest_domain(domain) is None


def test_no_domain_of_the_catalogue_is_a_typo() -> None:
    """Not one of the 1531 known domains is taken for an error in another."""
    domains = [name for row in shipped().providers for name in row.domains]
    assert len(domains) == 1531
    assert [name for name in domains if shipped().nearest_domain(name)] == []


def test_popular_domains_are_in_the_catalogue() -> None:
    """The table of popular domains names no domain that the catalogue does not know."""
    assert [name for name in POPULAR_DOMAINS if shipped().by_domain(name) is None] == []


def test_servers_are_spelled_right() -> None:
    """A typing error in the domain of a known server leads to the server, others to none."""
    assert shipped().nearest_host("imap.gmial.com") == "imap.gmail.com"
    assert shipped().nearest_host("imap.gmail.com") is None
    assert shipped().nearest_host("nosuchserver.gmial.com") is None


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("gmail", "gmail", 0),
        ("gmial", "gmail", 1),
        ("gmil", "gmail", 1),
        ("gmaail", "gmail", 1),
        ("gnail", "gmail", 1),
        ("homtial", "hotmail", 2),
        ("abc", "xyz", 3),  # beyond the limit
        ("", "ab", 2),
        ("", "abc", 3),
    ],
)
def test_edit_distance(one: str, other: str, distance: int) -> None:
    """Swaps, gaps, doubles and replacements count one each, both ways; the limit caps."""
    assert edit_distance(one, other) == distance
    assert edit_distance(other, one) == distance


def test_imitations() -> None:
    """A name in look-alike letters is drawn like a Latin one; honest IDNs are not."""
    assert drawn_alike("xn--gmil-63d.com") == "gmail.com"
    assert drawn_alike("xn--mller-kva.de") is None
    assert drawn_alike("gmail.com") is None
    assert shipped().imitated("xn--gmil-63d.com") == "gmail.com"
    assert shipped().imitated("gmail.com") is None
