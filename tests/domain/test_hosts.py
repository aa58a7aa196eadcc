"""Claims about host names and IP literals."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconfig.domain.hosts import (
    HostInvalid,
    HostProblem,
    is_public_suffix,
    literal_address,
    parse_host,
    registrable_domain,
)

GOOD = [
    ("imap.example.com", "imap.example.com"),
    ("IMAP.Example.COM", "imap.example.com"),
    ("imap.example.com.", "imap.example.com"),  # the root's dot
    ("localhost", "localhost"),
    ("müller.de", "xn--mller-kva.de"),
    ("faß.de", "xn--fa-hia.de"),  # IDNA 2008 keeps the sharp s
    ("xn--mller-kva.de", "xn--mller-kva.de"),
    ("mail。example。com", "mail.example.com"),  # ideographic full stops
    ("a--b.example", "a--b.example"),
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2.1.", "192.0.2.1"),
    ("１９２.0.2.1", "192.0.2.1"),  # noqa: RUF001 - full-width digits mean what they look like
    ("::1", "::1"),
    ("[2001:DB8:0::1]", "2001:db8::1"),
]

BAD = [
    ("", HostProblem.EMPTY, None, None),
    (" \t", HostProblem.EMPTY, None, None),
    ("https://imap.example.com:993/", HostProblem.SCHEME, "imap.example.com", 993),
    ("imap://user:pass@imap.example.com/INBOX", HostProblem.SCHEME, "imap.example.com", None),
    ("http://", HostProblem.SCHEME, None, None),
    ("imap.example.com:993", HostProblem.PORT, "imap.example.com", 993),
    ("imap.example.com:", HostProblem.PORT, "imap.example.com", None),
    ("imap.example.com:99999", HostProblem.PORT, "imap.example.com", None),
    ("[::1]:993", HostProblem.PORT, "::1", 993),
    ("imap.example.com/mail", HostProblem.PATH, "imap.example.com", None),
    ("imap.example.com\\mail", HostProblem.PATH, "imap.example.com", None),
    ("alice@example.com", HostProblem.AT_SIGN, "example.com", None),
    (" imap.example.com", HostProblem.SPACE, "imap.example.com", None),
    ("imap.example.com\n", HostProblem.SPACE, "imap.example.com", None),
    ("imap example.com", HostProblem.SPACE, None, None),  # may mean two hosts
    ("imap..example.com", HostProblem.EMPTY_LABEL, "imap.example.com", None),
    (".example.com", HostProblem.EMPTY_LABEL, "example.com", None),
    (".", HostProblem.EMPTY_LABEL, None, None),
    ("my_host.example.com", HostProblem.CHARACTER, None, None),
    ("-a.example.com", HostProblem.CHARACTER, None, None),
    ("a-.example.com", HostProblem.CHARACTER, None, None),
    ("a\0b.example.com", HostProblem.CHARACTER, None, None),
    ("\ud800.example.com", HostProblem.CHARACTER, None, None),  # a lone surrogate
    ("xn--zzzzz99.de", HostProblem.CHARACTER, None, None),  # no Punycode
    ("a" * 64 + ".de", HostProblem.TOO_LONG, None, None),
    ("a." * 126 + "de", HostProblem.TOO_LONG, None, None),
    ("a" * 5000, HostProblem.TOO_LONG, None, None),
    ("2130706433", HostProblem.NUMERIC, None, None),  # decimal
    ("0x7f000001", HostProblem.NUMERIC, None, None),  # hexadecimal
    ("0x7f.0.0.0x1", HostProblem.NUMERIC, None, None),
    ("0177.0.0.1", HostProblem.NUMERIC, None, None),  # octal
    ("127.1", HostProblem.NUMERIC, None, None),  # short
    ("256.0.0.1", HostProblem.NUMERIC, None, None),
    ("mail.123", HostProblem.NUMERIC, None, None),  # no top level is a number
    ("fe80::1%eth0", HostProblem.ADDRESS, None, None),  # a zone
    ("[::1", HostProblem.ADDRESS, None, None),
    ("1:2:3", HostProblem.ADDRESS, None, None),
]


@pytest.mark.parametrize(("text", "host"), GOOD)
def test_good_hosts(text: str, host: str) -> None:
    """Each host has one canonical form, and the form is its own."""
    assert parse_host(text) == host
    assert parse_host(host) == host


@pytest.mark.parametrize(("text", "reason", "suggestion", "port"), BAD)
def test_bad_hosts(
    text: str, reason: HostProblem, suggestion: str | None, port: int | None
) -> None:
    """What is no host is refused with its reason, the host inside and the port."""
    with pytest.raises(HostInvalid) as caught:
        parse_host(text)
    fault = caught.value
    assert (fault.reason, fault.suggestion, fault.port) == (reason, suggestion, port)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Any text gives a canonical host or HostInvalid; suggestions are canonical too."""
    try:
        host = parse_host(text)
    except HostInvalid as fault:
        if fault.suggestion is None:
            return
        host = fault.suggestion
    assert parse_host(host) == host
    assert host.isascii()


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("imap.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("one.herokuapp.com", "one.herokuapp.com"),  # customers below a private suffix
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("mail.corp.internal", "corp.internal"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_registrable_domain(host: str, domain: str) -> None:
    """The registrable domain is what one party can register; odd hosts are their own."""
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("domain", "known"), [("com", True), ("co.uk", True), ("con", False), ("gmail.com", False)]
)
def test_public_suffixes(domain: str, *, known: bool) -> None:
    """A top level that does not exist is no public suffix."""
    assert is_public_suffix(domain) is known


@given(st.text("0123456789.:abcf%x\u0663", max_size=20))
def test_literals_are_those_of_the_standard_library(text: str) -> None:
    """A text is an address exactly where `ipaddress` says so, though most are not asked about."""
    try:
        expected = ip_address(text)
    except ValueError:
        expected = None
    assert literal_address(text) == expected
