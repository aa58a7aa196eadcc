"""Forms of user names: made from rows, filled for an address, and found behind a filled name."""

import pytest

from kit.drafts import shipped
from mailconfig.domain.addresses import parse_address
from mailconfig.domain.discovery.usernames import filled, form_behind, form_of
from mailconfig.domain.servers import MailProtocol

ANN = parse_address("ann@example.test")
WHOLE, LOCAL, DOMAIN = "%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%"

ROWS = [
    ("gmail", MailProtocol.IMAP, WHOLE),
    # the name part at IMAP, the address at SMTP
    ("icloud", MailProtocol.IMAP, LOCAL),
    ("icloud", MailProtocol.SMTP, WHOLE),
    ("sendgrid", MailProtocol.SMTP, "apikey"),
    # only the operator can tell
    ("ses", MailProtocol.SMTP, None),
]
FILLED = [
    (WHOLE, "ann@example.test"),
    (LOCAL, "ann"),
    (f"{LOCAL}.{DOMAIN}", "ann.example.test"),
    ("apikey", "apikey"),
    (None, None),
]
BEHIND = [
    ("ann@example.test", WHOLE),
    ("ann", LOCAL),
    ("CORP\\ann", f"CORP\\{LOCAL}"),
    ("ann.example.test", f"{LOCAL}.{DOMAIN}"),
    (WHOLE, WHOLE),
    # somebody's own: not made of the address
    ("u10442", None),
    ("joann", None),
    ("joann@example.test", None),
    ("ann@example.test.internal", f"{LOCAL}@example.test.internal"),
    ("joann.example.test", None),
    ("ann.smith", None),
    (None, None),
]


@pytest.mark.parametrize(("row", "protocol", "form"), ROWS)
def test_forms_come_from_rows(row: str, protocol: MailProtocol, form: str | None) -> None:
    """Each known form of the catalogue has its placeholder; words for people have none."""
    provider = shipped().by_id(row)
    assert provider is not None
    assert form_of(provider, protocol) == form


@pytest.mark.parametrize(("form", "name"), FILLED)
def test_placeholders_are_filled(form: str | None, name: str | None) -> None:
    """A form becomes the user name of an address."""
    assert filled(form, ANN) == name


def test_without_an_address_a_form_has_no_name() -> None:
    """A placeholder is never shown; a name without one is known for everybody."""
    assert filled(WHOLE, None) is None
    assert filled("apikey", None) == "apikey"


@pytest.mark.parametrize(("name", "form"), BEHIND)
def test_the_form_behind_a_name(name: str | None, form: str | None) -> None:
    """What others may see of a name that a source filled; anybody's own name is dropped."""
    assert form_behind(name, ANN) == form


def test_a_name_for_no_address_is_dropped() -> None:
    """Without an address nobody can tell whether it is a form."""
    assert form_behind("ann", None) is None
