"""Claims about e-mail addresses."""

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from mailconfig.domain.addresses import (
    AddressInvalid,
    AddressProblem,
    EmailAddress,
    address_key,
    parse_address,
)

GOOD = [
    ("alice@example.org", "alice", "example.org"),
    ("Alice.B+tag@Example.ORG", "Alice.B+tag", "example.org"),
    ("jörg@müller.de", "jörg", "xn--mller-kva.de"),  # RFC 6531
    ("jo\u0308rg@example.org", "jörg", "example.org"),  # composed to NFC
    ("alice@lab.test", "alice", "lab.test"),  # private names are addresses too
    ("alice@localhost", "alice", "localhost"),
    ("a" * 64 + "@example.org", "a" * 64, "example.org"),
]

BAD = [
    ("", AddressProblem.EMPTY, None),
    ("  ", AddressProblem.EMPTY, None),
    ("alice", AddressProblem.NO_AT_SIGN, None),
    ("alice@", AddressProblem.DOMAIN, None),
    ("@example.org", AddressProblem.LOCAL_PART, None),
    ("alice@bob@example.org", AddressProblem.LOCAL_PART, None),
    ("alice@example.org)bob@example.org", AddressProblem.LOCAL_PART, None),  # CVE-2023-27043
    ("al ice@example.org", AddressProblem.SPACE, None),
    (" alice@example.org ", AddressProblem.SPACE, "alice@example.org"),
    ("Alice <alice@example.org>", AddressProblem.DISPLAY_NAME, "alice@example.org"),
    ("mailto:alice@example.org", AddressProblem.DISPLAY_NAME, "alice@example.org"),
    ("<a@example.org>, <b@example.org>", AddressProblem.DISPLAY_NAME, None),  # which one?
    ("al..ice@example.org", AddressProblem.LOCAL_PART, None),
    ("al\0ice@example.org", AddressProblem.LOCAL_PART, None),
    ("\ud800@example.org", AddressProblem.LOCAL_PART, None),
    ('"quoted"@example.org', AddressProblem.LOCAL_PART, None),
    ("alice@exam_ple.org", AddressProblem.DOMAIN, None),
    ("alice@example..org", AddressProblem.DOMAIN, "alice@example.org"),
    ("alice@[192.0.2.1]", AddressProblem.DOMAIN, None),
    ("alice@192.0.2.1", AddressProblem.DOMAIN, None),
    ("a" * 65 + "@example.org", AddressProblem.TOO_LONG, None),
    ("ö" * 33 + "@example.org", AddressProblem.TOO_LONG, None),  # 66 bytes
    ("alice@" + "a." * 125 + "org", AddressProblem.TOO_LONG, None),
    ("a" * 60 + "@" + ".".join(["b" * 40] * 5), AddressProblem.TOO_LONG, None),  # 265 in all
]


@pytest.mark.parametrize(("text", "local", "domain"), GOOD)
def test_good_addresses(text: str, local: str, domain: str) -> None:
    """An address is its local part as typed and its domain as lower-case A-labels."""
    assert parse_address(text) == EmailAddress(local, domain)
    assert parse_address(text).text == f"{local}@{domain}"


@pytest.mark.parametrize(("text", "reason", "suggestion"), BAD)
def test_bad_addresses(text: str, reason: AddressProblem, suggestion: str | None) -> None:
    """What is no address is refused with its reason and the one address inside."""
    with pytest.raises(AddressInvalid) as caught:
        parse_address(text)
    assert (caught.value.reason, caught.value.suggestion) == (reason, suggestion)


def test_unicode_domain_is_what_people_read() -> None:
    """The domain is shown in its own letters."""
    assert parse_address("a@xn--mller-kva.de").unicode_domain == "müller.de"
    assert parse_address("a@example.org").unicode_domain == "example.org"


def test_key_ignores_case() -> None:
    """Two spellings of one mailbox have one key; other mailboxes have others."""
    keys = {address_key(parse_address(text)) for text in ("Alice@Example.org", "aLICE@example.ORG")}
    assert keys == {"alice@example.org"}
    assert address_key(parse_address("bob@example.org")) == "bob@example.org"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Any text gives an address or AddressInvalid; a suggestion is an address."""
    try:
        address = parse_address(f"{text}@example.org").text
    except AddressInvalid as fault:
        if fault.suggestion is None:
            return
        address = fault.suggestion
    assert parse_address(address).text == address


@given(st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", fullmatch=True))
def test_plain_local_parts_are_those_of_email_validator(local: str) -> None:
    """What is taken without asking email-validator is what it takes, and gives back unchanged."""
    try:
        found = parse_address(f"{local}@example.org").local
    except AddressInvalid:
        return
    checked = validate_email(f"{local}@example.com", check_deliverability=False)
    assert found == checked.local_part == local


@pytest.mark.parametrize(
    ("typed", "local"),
    [("Postmaster", "postmaster"), ("INFO", "info"), ("Ann", "Ann"), ("postmaster", "postmaster")],
)
def test_names_of_mailboxes_that_everybody_has(typed: str, local: str) -> None:
    """The names of RFC 2142 lose their capitals, all others keep them."""
    assert parse_address(f"{typed}@example.org").local == local
