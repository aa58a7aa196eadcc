"""Claims about the hosts of a draft."""

import pytest

from kit.drafts import draft, found, imap, smtp
from mailconfig.domain.validation import ValidationPolicy

SYNTAX = [
    ("https://imap.gmail.com:993/", "HOST_SYNTAX", "imap.gmail.com"),
    ("imap.gmail.com:993", "HOST_SYNTAX", "imap.gmail.com"),
    ("imap.gmail.com/mail", "HOST_SYNTAX", "imap.gmail.com"),
    (" imap.gmail.com", "HOST_SYNTAX", "imap.gmail.com"),
    ("imap gmail com", "HOST_SYNTAX", None),
    ("imap..gmail.com", "HOST_SYNTAX", "imap.gmail.com"),
    ("alice@gmail.com", "HOST_SYNTAX", "imap.gmail.com"),  # an address: its provider's server
    ("alice@firma.example", "HOST_SYNTAX", "firma.example"),
    ("imap_1.example.com", "HOST_SYNTAX", None),
    ("2130706433", "HOST_SYNTAX", None),
    ("a" * 64 + ".example.com", "TOO_LONG", None),
    ("", "REQUIRED", "imap.gmail.com"),
    (None, "REQUIRED", "imap.gmail.com"),
]


@pytest.mark.parametrize(("host", "code", "suggestion"), SYNTAX)
def test_syntax(host: str | None, code: str, suggestion: str | None) -> None:
    """Each text that is no host is an error with the host inside as suggestion."""
    checked = draft(incoming=imap(host=host), outgoing=None)
    assert found(checked) == [("ERROR", code, "incoming.host", suggestion)]


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "[::1]", "fe80::1", "fd00::1", "ff02::1",
    "::ffff:127.0.0.1", "localhost", "imap.localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_hosts(host: str) -> None:
    """Literal addresses of private networks are told, unless the operator allows them."""
    checked = draft(incoming=imap(host=host), outgoing=None)
    issue = ("WARNING", "PRIVATE_ADDRESS", "incoming.host", None)
    assert issue in found(checked)
    allowed = ValidationPolicy(allow_private_hosts=True)
    assert issue not in found(checked, policy=allowed)


def test_private_hosts_that_are_reachable() -> None:
    """A simulated server is worth no warning; its neighbours are."""
    policy = ValidationPolicy(reachable_hosts=frozenset({"imap.localhost"}))
    known = draft(incoming=imap(host="IMAP.localhost"), outgoing=None)
    other = draft(incoming=imap(host="other.localhost"), outgoing=None)
    issue = ("WARNING", "PRIVATE_ADDRESS", "incoming.host", None)
    assert issue not in found(known, policy=policy)
    assert issue in found(other, policy=policy)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "mail.example"])
def test_public_hosts(host: str) -> None:
    """Public addresses and names pass."""
    checked = draft(incoming=imap(host=host), outgoing=None)
    assert [item for item in found(checked) if item[2] == "incoming.host"] == []


MIXED_UP = [
    # side, host, suggestion
    ("incoming", "smtp.gmail.com", "imap.gmail.com"),  # by the catalogue
    ("outgoing", "imap.gmail.com", "smtp.gmail.com"),
    ("outgoing", "outlook.office365.com", "smtp.office365.com"),
    ("incoming", "smtp.example.com", None),  # by its label: a guess would get the password
    ("outgoing", "imap.example.com", None),
    ("incoming", "pop.example.com", None),
    ("outgoing", "pop3.example.com", None),
]


@pytest.mark.parametrize(("side", "host", "suggestion"), MIXED_UP)
def test_mixed_up_servers(side: str, host: str, suggestion: str | None) -> None:
    """A server of the other protocol is told, with the right one where it is known."""
    server = imap(host=host) if side == "incoming" else smtp(host=host)
    checked = draft(email_address="alice@firma.example", **{side: server})
    issues = [item for item in found(checked) if item[2] == f"{side}.host"]
    mismatch = [item for item in issues if item[1] == "PROTOCOL_HOST_MISMATCH"]
    assert mismatch == [("WARNING", "PROTOCOL_HOST_MISMATCH", f"{side}.host", suggestion)]


def test_swapped_servers_suggest_each_other() -> None:
    """When both are in the wrong field, each field suggests the other's host."""
    checked = draft(incoming=imap(host="smtp.example.com"), outgoing=smtp(host="imap.example.com"))
    assert found(checked) == [
        ("WARNING", "PROTOCOL_HOST_MISMATCH", "incoming.host", "imap.example.com"),
        ("WARNING", "PROTOCOL_HOST_MISMATCH", "outgoing.host", "smtp.example.com"),
    ]


def test_one_host_for_both_passes() -> None:
    """A host that tells no protocol may serve both."""
    checked = draft(incoming=imap(host="mail.example.com"), outgoing=smtp(host="mail.example.com"))
    assert found(checked) == []


def test_mistyped_server() -> None:
    """A typing error in a known server's domain is told with the server."""
    checked = draft(incoming=imap(host="imap.gmial.com"), outgoing=None)
    assert found(checked) == [("WARNING", "DOMAIN_TYPO", "incoming.host", "imap.gmail.com")]


def test_imitated_server() -> None:
    """A server in look-alike letters is told with the real one."""
    checked = draft(incoming=imap(host="imap.gm\u0430il.com"), outgoing=None)
    assert found(checked) == [("WARNING", "DOMAIN_LOOKALIKE", "incoming.host", "imap.gmail.com")]
