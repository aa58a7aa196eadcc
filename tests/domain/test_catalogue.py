"""Claims about look-ups in the catalogue of providers."""

import pytest

from kit.drafts import shipped
from mailconfig.domain.addresses import parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.mx import MxKind
from mailconfig.domain.providers import Provider


def _id(row: Provider | None) -> str | None:
    return None if row is None else row.id


def test_counts() -> None:
    """The catalogue has the rows, domains and MX suffixes that its description counts."""
    rows = shipped().providers
    assert len(rows) == 349
    assert sum(len(row.domains) for row in rows) == 1531
    assert sum(len(row.mx_suffixes) for row in rows) == 217


def test_each_row_is_found_again() -> None:
    """Each row comes back by its id and by each of its domains, suffixes and MX suffixes."""
    lost = []
    for row in shipped().providers:
        ways = [(row.id, shipped().by_id(row.id))]
        ways += [(name, shipped().by_domain(name)) for name in row.domains]
        ways += [(name, shipped().by_domain(f"u.{name}")) for name in row.domain_suffixes]
        ways += [(name, shipped().by_mx([name]).provider) for name in row.mx_suffixes]
        ways += [(name, shipped().by_mx([f"mx1.{name}"]).provider) for name in row.mx_suffixes]
        lost += [(row.id, way) for way, found in ways if found is not row]
    assert lost == []


def test_each_fixed_host_is_found_again() -> None:
    """Each host that a row names without placeholders leads to that row."""
    lost = [
        (row.id, server.host_template)
        for row in shipped().providers
        for server in row.servers
        if "{" not in server.host_template
        and row not in shipped().rows_of_host(server.host_template)
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("domain", "row"),
    [
        ("gmail.com", "gmail"),
        ("GMail.com.", "gmail"),
        ("plus.com", "plusnet"),  # an exact domain and a suffix
        ("customer.plus.com", "plusnet"),
        ("force9.co.uk", None),  # the name itself is not below its suffix
        ("customer.force9.co.uk", "plusnet_force9"),
        ("tenant.onmicrosoft.com", "microsoft365"),
        ("notplus.com", None),  # whole labels
        ("sub.gmail.com", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_by_domain(domain: str, row: str | None) -> None:
    """Exact domains come first, then names below a suffix."""
    assert _id(shipped().by_domain(domain)) == row


def test_by_address() -> None:
    """An address is its domain's, in any case."""
    assert _id(shipped().by_address(parse_address("Alice@GMX.de"))) == "gmx_de"


@pytest.mark.parametrize(
    ("host", "domain", "row"),
    [
        ("imap.gmail.com", None, "gmail"),
        ("IMAP.gmail.com.", None, "gmail"),
        ("imap.gmail.com", "gmail.com", "gmail"),
        ("imap.gmail.com", "firma.example", "google_workspace"),  # nobody's domain: hosted
        ("imap.gmail.com", "web.de", "gmail"),  # somebody else's domain
        ("outlook.office365.com", "outlook.com", "outlook_com"),
        ("outlook.office365.com", "firma.example", "microsoft365"),
        ("outlook.office365.com", "mit.edu", "mit"),
        ("imap.1und1.de", None, "ionos_de"),  # another host of the row
        ("email-smtp.eu-west-1.amazonaws.com", None, "ses"),  # {region}
        ("email-smtp.a.b.amazonaws.com", None, None),  # a placeholder is within a label
        ("mail.inbox.lv", None, "inbox_lv"),  # {domain}
        ("mail.example.org", None, None),  # {domain} is not any domain
        ("no host", None, None),
    ],
)
def test_by_host(host: str, domain: str | None, row: str | None) -> None:
    """A server leads to its row; where rows share it, the domain of the address chooses."""
    assert _id(shipped().by_host(host, domain)) == row


def test_providers_are_ordered() -> None:
    """Rows are listed by name in any case, then by id, always the same."""
    keys = [(row.name.casefold(), row.id) for row in shipped().providers]
    assert keys == sorted(keys)


def test_search() -> None:
    """Names and domains are found by any part in any case, beginnings of names first."""
    assert [row.id for row in shipped().search("GMX.de")] == ["gmx_de"]
    assert [row.id for row in shipped().search("alice@gmx.de")] == ["gmx_de"]
    found = [row.id for row in shipped().search("  GMX ")]
    assert found[:2] == ["gmx_de", "gmx_com"]  # "(DACH)" before "(international)"
    assert shipped().search("") == shipped().providers
    assert shipped().search("zzzzz") == ()
    by_domain = shipped().search("icloud.com")
    assert [row.id for row in by_domain] == ["icloud"]


def test_search_ranks() -> None:
    """The beginning of a name counts more than that of a domain, and that more than a middle."""
    rows = shipped().search("mail")
    ranks = [
        0
        if row.name.casefold().startswith("mail")
        else 1
        if any(word.startswith("mail") for word in (*row.name.casefold().split(), *row.domains))
        else 2
        for row in rows
    ]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_hints_and_guesses() -> None:
    """DNS hints name rows or none; guesses are encrypted and begin with implicit TLS."""
    hints = shipped().dns_hints
    assert len(hints) == 17
    assert [hint.provider_id for hint in hints].count(None) == 2
    first = shipped().guesses[0]
    assert (first.host_template, first.port, first.security) == ("imap.{domain}", 993, "TLS")
    assert len(shipped().guesses) == 12


def test_empty_catalogue_answers() -> None:
    """Without rows every look-up has the answer "nothing"."""
    empty = Catalogue(())
    assert empty.providers == ()
    assert empty.by_domain("gmail.com") is None
    assert empty.by_mx(["aspmx.l.google.com"]).kind is MxKind.UNKNOWN
    assert empty.nearest_domain("gmial.com") is None
    assert empty.site_of("imap.gmail.com") == "domain:gmail.com"
