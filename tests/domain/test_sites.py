"""Claims about sites: the border that a stored secret does not cross."""

import pytest

from kit.drafts import shipped

SAME = [
    ("imap.gmail.com", "smtp.gmail.com"),  # two rows share both
    ("imap.gmail.com", "IMAP.GMAIL.COM."),
    ("smtp.gmail.com", "smtp-relay.gmail.com"),  # one operator, said so
    ("outlook.office365.com", "smtp.office365.com"),
    ("outlook.office365.com", "smtp-mail.outlook.com"),
    ("imap.mail.yahoo.com", "smtp.mail.yahoo.com"),  # shared by two rows
    ("imap.mail.ru", "smtp.mail.ru"),
    ("imap.ionos.de", "imap.1und1.de"),  # another host of the row
    ("imap.web.de", "smtp.web.de"),
    ("a.example.com", "b.example.com"),
    ("192.0.2.1", "192.0.2.1"),
    ("[2001:db8::1]", "2001:DB8:0::1"),
    ("mail.müller.de", "imap.xn--mller-kva.de"),
]

OTHER = [
    ("imap.gmail.com", "imap.gmail.com.evil.example"),
    ("imap.gmail.com", "outlook.office365.com"),
    ("imap.gmail.com", "gmail"),  # a bare name is not the row of that id
    ("imap.web.de", "provider:web_de"),
    ("one.herokuapp.com", "two.herokuapp.com"),  # two customers of one hoster
    ("one.herokuapp.com", "herokuapp.com"),
    ("example.co.uk", "other.co.uk"),
    ("mail.one.internal", "mail.two.internal"),
    ("192.0.2.1", "192.0.2.2"),
    ("127.0.0.1", "::1"),
    ("mail.inbox.lv", "mail.evil.example"),  # {domain} stands for the row's own domains only
    ("w01.kasserver.com", "w02.kasserver.com"),  # a hoster's customers, on the list
    ("outgoing.mit.edu", "outlook.office365.com"),  # a row with somebody else's server
    ("outgoing.mit.edu", "dorm.mit.edu"),  # a row joins its hosts, not their domain
    ("imap.example.com", "imap example.com"),
    ("", "imap.example.com"),
    ("2130706433", "127.0.0.1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_site(one: str, other: str) -> None:
    """Hosts of one row, of joined rows, or of one registrable domain are one site."""
    assert shipped().site_of(one) == shipped().site_of(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_site(one: str, other: str) -> None:
    """Hosts of different operators or customers never are one site."""
    assert shipped().site_of(one) != shipped().site_of(other)


def test_no_template_makes_a_site() -> None:
    """Names that a row only describes with placeholders keep to their registrable domain."""
    assert shipped().site_of("email-smtp.eu-west-1.amazonaws.com").startswith("domain:")
    assert shipped().site_of("mail.inbox.lv") == "domain:inbox.lv"


def test_loopback_is_nobodys_site() -> None:
    """Rows for test servers on 127.0.0.1 do not own that address."""
    assert shipped().site_of("127.0.0.1") == "address:127.0.0.1"
